//! IR, the identity record: the keys and devices of an identity as of now, signed by both keys of its core.
//!
//! `"PSI1"4 | suite1 | seq8 | created_h4 | not_after_h4 | IC2661 | x25519 32 | mlkem_ek1568 | inbox_vk32 | dev_hash 8×32 |
//! prev_hash32 | flags2` = 4,604 ‖ HS("pars-ir-v1") 4,691 = 9,295 bytes. Flags are reserved and zero.

use pars_crypto::dh::DhPublic;
use pars_crypto::hash::sha3;
use pars_crypto::kem::Kem1024Public;
use pars_crypto::label::HybridLabel;
use pars_crypto::sign::{Ed25519Public, HybridSignature};
use pars_crypto::suite::SuiteId;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Hour, Reader, Wire, Writer};
use pars_wire::limits::MAX_DEVICES;

use crate::core::{IdentityCore, suite as read_suite};
use crate::device::DeviceCertificate;
use crate::error::RecordError;
use crate::id::IdentityId;
use crate::seed::{ContactPublic, IdentityKeys};

const MAGIC: &[u8; 4] = b"PSI1";

/// What an identity says in its next record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDraft {
    /// Rises with each record.
    pub seq: u64,
    /// When it is made.
    pub created: Hour,
    /// The last hour in which it may be used.
    pub not_after: Hour,
    /// The keys that receive.
    pub contact: ContactPublic,
    /// SHA3-256 of each device certificate; zeros are an empty slot.
    pub devices: [[u8; 32]; MAX_DEVICES],
    /// SHA3-256 of the record before; zeros for the first.
    pub previous: [u8; 32],
}

/// IR whose signatures have verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRecord {
    core: IdentityCore,
    content: RecordDraft,
    signature: HybridSignature,
    hash: [u8; 32],
}

impl IdentityRecord {
    /// Bytes that are signed.
    pub const SIGNED: usize = 4 + 1 + 8 + 4 + 4 + IdentityCore::SIZE + 32 + Kem1024Public::SIZE + 32 + 256 + 32 + 2;
    /// How many bytes.
    pub const SIZE: usize = Self::SIGNED + HybridSignature::SIZE;

    /// Decode and verify against the identity that the bytes themselves name; compare [`IdentityRecord::id`] next, which
    /// [`crate::bundle`] and [`crate::pin`] do.
    ///
    /// # Errors
    /// [`RecordError`] for layout, suite, signature, or a record that ends before it begins.
    pub fn verify(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, RecordError> {
        let mut from = Reader::new(bytes);
        let (core, content) = read(&mut from)?;
        let signature = HybridSignature::from_bytes(from.array_ref("signature of the identity")?);
        from.finish()?;
        if content.not_after < content.created {
            return Err(RecordError::Expired);
        }
        let (signed, _) = bytes.split_at(Self::SIGNED.min(bytes.len()));
        core.keys().verify(suite, HybridLabel::IDENTITY_RECORD, signed, &signature)?;
        Ok(Self { core, content, signature, hash: sha3(&[bytes]) })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(Self::SIZE);
        write(&self.core, &self.content, &mut out);
        out.bytes(&self.signature.to_bytes());
        out.into_bytes()
    }

    /// SHA3-256 of the canonical bytes.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The identity.
    pub const fn id(&self) -> IdentityId {
        self.core.id()
    }

    /// IC.
    pub const fn core(&self) -> &IdentityCore {
        &self.core
    }

    /// Rises with each record.
    pub const fn seq(&self) -> u64 {
        self.content.seq
    }

    /// The keys that receive.
    pub const fn contact(&self) -> &ContactPublic {
        &self.content.contact
    }

    /// Everything the identity says.
    pub const fn content(&self) -> &RecordDraft {
        &self.content
    }

    /// Whether this certificate stands in one of the eight slots.
    pub fn lists(&self, device: &DeviceCertificate) -> bool {
        self.content.devices.contains(device.hash())
    }

    /// The hashes of the certificates in use.
    pub fn devices(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.content.devices.iter().filter(|hash| **hash != [0; 32])
    }

    /// Whether `hour` is not after the end. A clock that runs slow must not refuse a fresh record.
    pub fn valid_at(&self, hour: Hour) -> bool {
        hour <= self.content.not_after
    }
}

impl IdentityKeys {
    /// Sign the next record of this identity.
    pub fn sign_record(
        &self,
        suite: &dyn Suite,
        content: RecordDraft,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> IdentityRecord {
        let mut out = Writer::with_capacity(IdentityRecord::SIZE);
        write(self.core(), &content, &mut out);
        let signature = self.signing.sign(suite, HybridLabel::IDENTITY_RECORD, out.as_bytes(), rng);
        out.bytes(&signature.to_bytes());
        IdentityRecord { core: self.core().clone(), content, signature, hash: sha3(&[out.as_bytes()]) }
    }
}

fn write(core: &IdentityCore, content: &RecordDraft, out: &mut Writer) {
    out.bytes(MAGIC).u8(SuiteId::Session.byte()).u64(content.seq).hour(content.created).hour(content.not_after);
    core.write(out);
    out.bytes(&content.contact.x25519.0);
    out.bytes(content.contact.mlkem.as_bytes()).bytes(content.contact.inbox.as_bytes());
    for device in &content.devices {
        out.bytes(device);
    }
    out.bytes(&content.previous).zeros(2);
}

fn read(from: &mut Reader<'_>) -> Result<(IdentityCore, RecordDraft), DecodeError> {
    from.magic(MAGIC, "identity record")?;
    read_suite(from)?;
    let seq = from.u64("sequence number")?;
    let created = from.hour("creation hour")?;
    let not_after = from.hour("last hour")?;
    let core = IdentityCore::read(from)?;
    let x25519 = DhPublic(from.array("X25519 key")?);
    let mlkem = Kem1024Public::from_bytes(from.array_ref("ML-KEM key")?)
        .map_err(|_| DecodeError::Malformed { what: "ML-KEM key" })?;
    let inbox = Ed25519Public::from_bytes(from.array_ref("inbox key")?)
        .map_err(|_| DecodeError::Malformed { what: "inbox key" })?;
    let mut devices = [[0; 32]; MAX_DEVICES];
    for device in &mut devices {
        *device = from.array("device hash")?;
    }
    let previous = from.array("hash of the record before")?;
    from.zeros(2, "flags of an identity record")?;
    let contact = ContactPublic { x25519, mlkem, inbox };
    Ok((core, RecordDraft { seq, created, not_after, contact, devices, previous }))
}
