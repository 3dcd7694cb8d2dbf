//! Where the contracts of one chain stand, and the plan that puts them there.
//!
//! [`plan`] is a pure function: it computes every address from the deployer and its nonces, so contracts that name each
//! other can be deployed in any order, and returns the creation code to send. Nothing here signs or sends.

mod artifact;
mod config;
mod plan;
mod probe;
mod record;

pub use artifact::{VerifierKey, minimal_account, verifier_key};
pub use config::{DeployConfig, MAX_LOCK_TIME, Token};
pub use plan::{DeployError, Plan, Step, plan};
pub use probe::Probe;
pub use record::Deployment;
