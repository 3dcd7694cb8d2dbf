//! Single-use reply blocks: `hdr4736|first_node32|k_surb32` = 4,800 (SESSION section 5). The replier never learns the
//! index, the client's first relay never sees k_surb: the two ends of a reply share no value.

use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::{PayloadKey, SurbKey};
use pars_crypto::{CryptoRng, Suite};
use pars_wire::NodeId;
use pars_wire::codec::{DecodeError, Minute, Reader, Wire, Writer};
use pars_wire::limits::{ONION_HEADER, ONION_PAYLOAD, ONION_ROOM, SURB};

use super::build::{BadHop, Hop, decrypt, encrypt, header};
use super::layer::Step;
use super::packet::{Body, DropReason, HOPS, Packet, body_of, payload_of};

/// A reply block as a replier holds it. 4,800 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Surb {
    header: Box<[u8; ONION_HEADER]>,
    /// Where the reply goes first.
    pub first: NodeId,
    key: SurbKey,
}

/// What its maker keeps to open the reply, under the block's index. Opening consumes it.
pub struct SurbSecret {
    hops: [PayloadKey; HOPS],
    key: PayloadKey,
}

/// Where a reply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The client's connection at the last node of the path.
    pub token: [u8; 16],
    /// The client's own index of the block.
    pub surb: [u8; 16],
}

fn payload_key(key: &SurbKey) -> PayloadKey {
    PayloadKey::from_bytes(kdf::<128>(NO_SALT, &[key.expose()], KdfLabel::SURB, &[]).part::<0, 128>())
}

impl Surb {
    /// A block over `path`, whose last node is the client's first relay.
    ///
    /// # Errors
    /// [`BadHop`].
    pub fn make(
        suite: &dyn Suite,
        path: &[Hop; HOPS],
        to: ReplyTo,
        expiry: Minute,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(Self, SurbSecret), BadHop> {
        let end = Step::Deliver { token: to.token, surb: to.surb };
        let (header, hops) = header(suite, path, end, expiry, rng)?;
        let [first, ..] = path;
        let key = SurbKey::generate(rng);
        let secret = SurbSecret { hops, key: payload_key(&key) };
        Ok((Self { header, first: first.node, key }, secret))
    }

    /// The reply packet, to be sent to [`Surb::first`]. Consumes the block: a second packet would be dropped as a replay.
    pub fn reply(self, body: &[u8; ONION_ROOM]) -> Packet {
        let mut payload = payload_of(body);
        encrypt(&payload_key(&self.key), &mut payload[..]);
        Packet { position: 0, header: self.header, payload }
    }
}

impl SurbSecret {
    /// Undo what the replier and the four nodes did.
    ///
    /// # Errors
    /// [`DropReason::Noise`] if anybody changed the payload.
    pub fn open(self, mut payload: Box<[u8; ONION_PAYLOAD]>) -> Result<Body, DropReason> {
        for key in self.hops.iter().rev() {
            encrypt(key, &mut payload[..]);
        }
        decrypt(&self.key, &mut payload[..]);
        body_of(&payload)
    }
}

impl Wire for Surb {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.header[..]).bytes(&self.first.0.0).bytes(self.key.expose());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Box::new(from.array("reply block header")?);
        let first = NodeId(from.array::<32>("first node")?.into());
        Ok(Self { header, first, key: SurbKey::from_bytes(from.array("reply block key")?) })
    }
}

impl Surb {
    /// How many bytes.
    pub const SIZE: usize = SURB;
}

impl std::fmt::Debug for Surb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Surb(4,800 bytes)")
    }
}

impl std::fmt::Debug for SurbSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SurbSecret(redacted)")
    }
}
