//! Actions for the chain in session messages, and whether an executor carries them out (ELIGIBILITY section 5).
//!
//! ```text
//! author    certificate, then action (content type 8)                              ◄── receipt (content type 9)
//! executor  content → facts → admitted → verified → simulated: cleared → submitted → included → final
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`content`] | content type 8: a certificate, or an action with its signature |
//! | [`receipt`] | content type 9: what became of it |
//! | [`refusal`] | why it is not carried out; stable codes |
//! | [`authors`] | whose trigger keys are known |
//! | [`policy`] | the executor's steps from an action to leave to submit it, each a type of its own |
//!
//! Not here: ABI and keccak (whoever drives gives [`Facts`]), simulation, transactions, sending.

pub mod authors;
pub mod content;
pub mod policy;
pub mod receipt;
pub mod refusal;

pub use authors::Authors;
pub use content::{ActionContent, SignedAction};
pub use pars_wire::action::Facts;
pub use policy::{Cleared, Policy};
pub use receipt::{ActionReceipt, Included, Outcome};
pub use refusal::{Refusal, RefusalCode};
