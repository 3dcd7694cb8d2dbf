//! The process's randomness: the operating system's generator, nothing in between (SE-R23).

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;

/// The operating system's generator. A system without randomness cannot run a daemon: it stops.
pub type SystemRandom = UnwrapErr<SysRng>;

/// The source.
pub const fn system() -> SystemRandom {
    UnwrapErr(SysRng)
}

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    pars_crypto::hash::random(&mut system())
}
