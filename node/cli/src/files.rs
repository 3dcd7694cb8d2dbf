//! Files of this program: private ones (keys, identity secrets) and public ones (proofs, deployments).
//!
//! Private files are plain files of mode 0600 in a directory of mode 0700; they are created exclusively and never
//! through a link. Reading checks the *opened* file against what the path named, so that a swap in between shows.

pub mod home;
pub mod private;
pub mod public;
pub mod trigger;
