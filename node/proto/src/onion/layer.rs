//! One layer of a header: `ct1120 | GCM(K_hdr, N_hdr; AAD = ver‖pos; next32|delay4|expiry4|flags8|inner) | tag16`, and the
//! 220 bytes of keys that the two ends of the encapsulation derive alike (SESSION sections 1 and 5).

use pars_crypto::aead::OneUse;
use pars_crypto::hash::sha3;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::{PayloadKey, SharedSecret, StreamKey};
use pars_wire::NodeId;
use pars_wire::codec::{Minute, Reader, Writer};

use super::epoch::Epoch;
use super::packet::{DropReason, HOPS, VERSION};

/// Bytes of an encapsulation in a header.
pub(super) const CIPHERTEXT: usize = 1_120;
/// Bytes of routing.
const ROUTING: usize = 48;
/// The longest delay a node holds a packet: bounds its memory; an honest sender's clamp makes it as rare as it is equal.
pub const MAX_DELAY_MS: u32 = 60_000;
const LAST: usize = HOPS - 1;

/// What a node does with an opened packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Pass it to this node.
    Forward(NodeId),
    /// Hand the body to the services of this node.
    Service,
    /// Give it to the client whose connection has this token, under the index its maker chose.
    Deliver {
        /// Names a connection at this node, and nothing else.
        token: [u8; 16],
        /// Names a reply block to the client.
        surb: [u8; 16],
    },
}

/// What one layer tells its node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Routing {
    /// What to do.
    pub step: Step,
    /// How long to hold the packet, in ms.
    pub delay_ms: u32,
    /// Until when the packet may live: a multiple of 10 minutes.
    pub expiry: Minute,
}

impl Routing {
    pub(super) fn write(&self, out: &mut Writer) {
        let (next, flag) = match &self.step {
            Step::Forward(node) => (node.0.0, 0),
            Step::Service => ([0; 32], 1),
            Step::Deliver { token, surb } => {
                let mut next = [0; 32];
                next.iter_mut().zip(token.iter().chain(surb)).for_each(|(to, from)| *to = *from);
                (next, 2)
            }
        };
        out.bytes(&next).u32(self.delay_ms).minute(self.expiry).u8(flag).zeros(7);
    }

    fn read(bytes: &[u8], position: usize) -> Option<(Self, &[u8])> {
        let mut from = Reader::new(bytes);
        let next = from.array::<32>("next").ok()?;
        let delay_ms = from.u32("delay").ok()?;
        let expiry = from.minute("expiry").ok()?;
        let flag = from.u8("flags").ok()?;
        from.zeros(7, "flags").ok()?;
        let step = match (flag, position == LAST) {
            (0, false) => Step::Forward(NodeId(next.into())),
            (1, true) if next == [0; 32] => Step::Service,
            (2, true) => {
                let mut ends = Reader::new(&next);
                Step::Deliver { token: ends.array("token").ok()?, surb: ends.array("surb").ok()? }
            }
            _ => return None,
        };
        (delay_ms <= MAX_DELAY_MS).then(|| (Self { step, delay_ms, expiry }, from.rest()))
    }
}

/// What one hop and the sender share: K_hdr‖N_hdr‖k_pad‖k_δ‖replay.
pub(super) struct HopKeys {
    pub(super) header: OneUse,
    pub(super) pad: StreamKey,
    pub(super) payload: PayloadKey,
    pub(super) replay: [u8; 16],
}

/// Which key a layer was made for.
pub(super) struct ForKey<'a> {
    /// SHA3-256 of the epoch's public key.
    pub(super) public_hash: &'a [u8; 32],
    pub(super) node: NodeId,
    pub(super) epoch: Epoch,
}

impl HopKeys {
    pub(super) fn derive(secret: &SharedSecret, ciphertext: &[u8; CIPHERTEXT], key: &ForKey<'_>) -> Self {
        let fields: [&[u8]; 4] = [key.public_hash, &sha3(&[ciphertext]), &key.node.0.0, &key.epoch.0.to_be_bytes()];
        let okm = kdf::<220>(NO_SALT, &[secret.expose()], KdfLabel::ONION, &fields);
        Self {
            header: okm.one_use::<0>(),
            pad: StreamKey::from_bytes(okm.part::<44, 32>()),
            payload: PayloadKey::from_bytes(okm.part::<76, 128>()),
            replay: okm.part::<204, 16>(),
        }
    }
}

/// The sealed half of layer `position` around the layers within.
pub(super) fn seal(key: OneUse, position: u8, routing: &Routing, inner: &[u8]) -> Vec<u8> {
    let mut text = Writer::with_capacity(ROUTING + inner.len());
    routing.write(&mut text);
    text.bytes(inner);
    key.seal(&[VERSION, position], text.as_bytes())
}

/// Routing and the layers within.
pub(super) fn open(key: OneUse, position: u8, sealed: &[u8]) -> Result<(Routing, Vec<u8>), DropReason> {
    let text = key.open(&[VERSION, position], sealed).map_err(|_| DropReason::Header)?;
    let (routing, inner) = Routing::read(&text, position.into()).ok_or(DropReason::Routing)?;
    Ok((routing, inner.to_vec()))
}
