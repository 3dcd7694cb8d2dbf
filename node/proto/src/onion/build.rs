//! The sender's side: a header of four layers, and a forward packet under it.

use pars_crypto::dh::LowOrder;
use pars_crypto::hash::sha3;
use pars_crypto::hkem::Xw768Public;
use pars_crypto::lioness;
use pars_crypto::secret::PayloadKey;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::NodeId;
use pars_wire::codec::Minute;
use pars_wire::limits::{ONION_HEADER, ONION_ROOM};

use super::epoch::Epoch;
use super::layer::{ForKey, HopKeys, MAX_DELAY_MS, Routing, Step, seal};
use super::packet::{HOPS, Packet, payload_of};

/// One node of a path as its sender sees it.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Who.
    pub node: NodeId,
    /// The epoch whose key is used.
    pub epoch: Epoch,
    /// That key, from the node's descriptor.
    pub key: Xw768Public,
    /// How long the node shall hold the packet, in ms; above [`MAX_DELAY_MS`] counts as that.
    pub delay_ms: u32,
}

/// A node of the path has a malformed key: use another descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the epoch key of node {0} is malformed; leave that node out")]
pub struct BadHop(
    /// Which.
    pub NodeId,
);

/// Header bytes and, in order, the payload key of each hop.
pub(super) type Header = (Box<[u8; ONION_HEADER]>, [PayloadKey; HOPS]);

pub(super) fn header(
    suite: &dyn Suite,
    path: &[Hop; HOPS],
    end: Step,
    expiry: Minute,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Header, BadHop> {
    let mut keys = Vec::with_capacity(HOPS);
    let (mut inner, mut step) = (Vec::new(), end);
    for (position, hop) in (0..HOPS as u8).zip(path).rev() {
        let (ciphertext, secret) = hop.key.encapsulate(suite, rng).map_err(|LowOrder| BadHop(hop.node))?;
        let ciphertext = ciphertext.to_bytes();
        let public_hash = sha3(&[&hop.key.to_bytes()]);
        let made_for = ForKey { public_hash: &public_hash, node: hop.node, epoch: hop.epoch };
        let hop_keys = HopKeys::derive(&secret, &ciphertext, &made_for);
        let routing = Routing { step, delay_ms: hop.delay_ms.min(MAX_DELAY_MS), expiry };
        inner = [&ciphertext[..], &seal(hop_keys.header, position, &routing, &inner)].concat();
        step = Step::Forward(hop.node);
        keys.push(hop_keys.payload);
    }
    keys.reverse();
    #[expect(clippy::expect_used, reason = "four layers of 1,184 bytes are a header, and four hops gave four keys")]
    let sized = (inner.try_into().expect("four layers of 1,184 bytes"), keys.try_into().expect("four keys"));
    Ok(sized)
}

/// A packet that carries `body` to the services of the last node of `path`. Send it to the first.
///
/// # Errors
/// [`BadHop`].
pub fn forward(
    suite: &dyn Suite,
    path: &[Hop; HOPS],
    body: &[u8; ONION_ROOM],
    expiry: Minute,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Packet, BadHop> {
    let (header, keys) = header(suite, path, Step::Service, expiry, rng)?;
    let mut payload = payload_of(body);
    for key in keys.iter().rev() {
        encrypt(key, &mut payload[..]);
    }
    Ok(Packet { position: 0, header, payload })
}

/// One LIONESS layer on.
pub(super) fn encrypt(key: &PayloadKey, payload: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "a payload has 11,646 bytes")]
    lioness::encrypt(key, payload).expect("longer than a left half");
}

/// One LIONESS layer off.
pub(super) fn decrypt(key: &PayloadKey, payload: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "a payload has 11,646 bytes")]
    lioness::decrypt(key, payload).expect("longer than a left half");
}
