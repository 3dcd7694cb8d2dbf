//! The owner's side of a batch: making it, and keeping its secrets exactly as long as they are needed.

use pars_crypto::dh::DhSecret;
use pars_crypto::hash::random;
use pars_crypto::kem::Kem1024Secret;
use pars_crypto::label::HybridLabel;
use pars_crypto::merkle::Tree;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{Day, Hour, Wire, Writer};
use pars_wire::limits::{GRACE_HOURS, MAX_TTL_HOURS, PREKEY_DAYS, PREKEY_LAST_RESORT_DAYS};

use super::leaf::{HEIGHT, LeafWithPath, Prekey, PrekeyId};
use super::{BatchContent, PrekeyBatch, write};
use crate::device::DeviceKeys;
use crate::id::IdentityId;

/// What the owner decides about the next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchDraft {
    /// Rises with each batch of the device.
    pub batch: u64,
    /// The day of leaf 0, normally today. Not 0, which means "no day".
    pub first_day: Day,
    /// Leading zero bits that a stranger's object must show: 18 to 28.
    pub hashcash_bits: u8,
    /// [`crate::seed::ContactPublic::hash`] of the current identity record.
    pub identity_keys: [u8; 32],
}

/// The secrets of one leaf.
#[derive(Clone, Debug)]
pub struct LeafSecret {
    /// The public half.
    pub prekey: Prekey,
    /// The X25519 secret.
    pub x25519: DhSecret,
    /// The ML-KEM-1024 secret.
    pub mlkem: Kem1024Secret,
}

/// Hours a leaf secret outlives its use: the longest life of a message, and grace.
const AFTERLIFE: u32 = MAX_TTL_HOURS as u32 + GRACE_HOURS;

impl LeafSecret {
    /// The first hour in which the secret must be gone: nothing made for it can still be on its way. A last resort is used until
    /// its successor is published, in `next_batch`, and never beyond its own end.
    pub fn erase_at(&self, next_batch: Option<Hour>) -> Hour {
        let end = self.prekey.not_after();
        let used_until = if self.prekey.day().is_some() { end } else { next_batch.unwrap_or(end).min(end) };
        used_until.plus(AFTERLIFE)
    }
}

/// The secrets of a batch and the paths of its leaves.
#[derive(Clone, Debug)]
pub struct PrekeySecrets {
    /// By position: fourteen days, then the last resort. Erased ones are gone from here.
    pub leaves: Vec<LeafSecret>,
    paths: Vec<LeafWithPath>,
}

impl PrekeySecrets {
    /// The leaves as they are published, with their paths.
    pub fn published(&self) -> &[LeafWithPath] {
        &self.paths
    }
}

impl DeviceKeys {
    /// Make and sign the next batch of this device.
    pub fn make_batch(
        &self,
        suite: &dyn Suite,
        identity: IdentityId,
        draft: BatchDraft,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> (PrekeyBatch, PrekeySecrets) {
        let not_after = Prekey::end_of(draft.first_day.plus(PREKEY_LAST_RESORT_DAYS - 1));
        let days = (0..u32::from(PREKEY_DAYS)).map(|offset| Some(draft.first_day.plus(offset)));
        let leaves: Vec<_> =
            days.chain([None]).map(|day| make_leaf(suite, day, day.map_or(not_after, Prekey::end_of), rng)).collect();

        // Leaf 15 is padding: the tree fills up with leaf(empty) by itself.
        let encoded: Vec<_> = leaves.iter().map(|leaf| leaf.prekey.encode()).collect();
        let tree = Tree::new(encoded.iter().map(Vec::as_slice));
        let paths = leaves.iter().enumerate().filter_map(|(index, leaf)| {
            let path: [[u8; 32]; HEIGHT] = tree.path(index)?.try_into().ok()?;
            Some(LeafWithPath { prekey: leaf.prekey.clone(), path })
        });
        let paths = paths.collect();

        let BatchDraft { batch, first_day, hashcash_bits, identity_keys } = draft;
        let root = tree.root();
        let content = BatchContent { batch, first_day, hashcash_bits, root, not_after, identity_keys };
        let mut out = Writer::with_capacity(PrekeyBatch::SIGNED);
        write(identity, self.id, &content, &mut out);
        let signature = self.signing.sign(suite, HybridLabel::PREKEY_BATCH, out.as_bytes(), rng);
        (PrekeyBatch { identity, device: self.id, content, signature }, PrekeySecrets { leaves, paths })
    }
}

fn make_leaf(suite: &dyn Suite, day: Option<Day>, not_after: Hour, rng: &mut (impl CryptoRng + ?Sized)) -> LeafSecret {
    let id = PrekeyId(random(rng));
    let (x25519, mlkem) = (DhSecret::generate(rng), Kem1024Secret::generate(suite, rng));
    let prekey = Prekey { id, day, x25519: x25519.public(), mlkem: mlkem.public().clone(), not_after };
    LeafSecret { prekey, x25519, mlkem }
}
