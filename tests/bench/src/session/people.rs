//! Two people with published records, made as the product makes them.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::suite::Libcrux;
use pars_engine::identity::Identity;
use pars_proto::session::Tools;
use pars_proto::session::handshake::Local;
use pars_wire::machine::{Now, Tick, UnixMinute};

/// The back end of the product.
pub(super) const SUITE: &Libcrux = &Libcrux;
/// A noon.
pub(super) const NOON: UnixMinute = UnixMinute(20_000 * 1_440 + 720);

pub(super) fn source(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(super) fn tools(rng: &mut ChaCha20Rng) -> Tools<'_> {
    Tools { now: Now { tick: Tick(0), wall: NOON }, suite: SUITE, rng }
}

/// Somebody with one device and a batch of prekeys.
pub(super) fn person(seed: u64) -> Identity {
    Identity::create(SUITE, 18, NOON, &mut source(seed))
}

/// As the handshake takes somebody.
pub(super) fn local(of: &Identity) -> Local<'_> {
    Local { record: &of.record, certificate: &of.certificate, contact: &of.contact, device: &of.device }
}
