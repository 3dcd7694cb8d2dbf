//! What the tests share: a seeded source that tells its seed, and both back ends.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::suite::{Libcrux, Reference, Suite};

/// A source whose every draw follows from `seed`; the seed is printed, so that a failure can be repeated.
pub(crate) fn seeded(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

/// The production back end and the reference.
pub(crate) const SUITES: [&dyn Suite; 2] = [&Libcrux, &Reference];
