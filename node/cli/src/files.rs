//! Files of this program: private ones (keys, identity secrets) and public ones (proofs, deployments).
//!
//! Private files are plain files of mode 0600 in a directory of mode 0700, as `pars_keyfile` checks and creates them.

/// Bytes of the longest private file: a key or a secret is 66 characters and a line break.
pub const SECRET: usize = 256;

pub mod home;
pub mod public;
pub mod trigger;
