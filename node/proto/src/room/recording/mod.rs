//! Recording with the consent of everybody present (TOWNHALL section 6, ELIGIBILITY section 4; THREATS K1 to K8).
//!
//! ```text
//! statements ─ consent signers ─┐
//! seed ─ dummies ───────────────┴─ roster ─┐
//! terms, r_pk of everybody ─ policy ───────┴─ Recording ─ span ─ digest ─ consents ─► RecordingConsent on chain
//! file key ─ wraps to every r_pk ─ hash ────────────────────────────────── anchor ─►
//! ```
//!
//! A *recording* is named by its [`RecordingTag`], the `recordingId` of the struct. A *span* of it is what one roster agreed to:
//! it is named by the struct's hash, [`pars_wire::RecordingId`], and has files, a file key, wraps and an anchor of its own.
//!
//! | Module | Holds |
//! |---|---|
//! | [`span`] | the struct, its hash, the digests that are signed |
//! | [`consent`] | one-time keys that consent, and their signatures |
//! | [`dummies`] | keys that hide how many there are |
//! | [`roster`] | the tree over everybody's keys, its proofs |
//! | [`submission`] | what is sent to the contract, in chunks that fit a transaction |
//! | [`draft`] | a span made from what a client knows itself, and why it does not sign another |
//! | [`policy`] | terms, recipients, policy |
//! | [`wraps`] | the file key, for everybody who consented |
//! | [`notice`] | what seats tell each other about it, sealed to the group |
//!
//! Not here: who may record when (`pars_engine`), files and manifests.

pub mod consent;
pub mod draft;
pub mod dummies;
pub mod notice;
pub mod policy;
pub mod roster;
pub mod span;
pub mod submission;
pub mod wraps;

pub use consent::{ConsentKey, ConsentSignature};
pub use draft::{ConsentRefusal, Draft};
pub use dummies::Dummies;
pub use notice::{Notice, NoticeError, NoticeKey, SealedNotice};
pub use policy::{Terms, recipients};
pub use roster::{ConsentRoster, ConsentRosterError, MAX_PROOF, MultiProof};
pub use span::{ConsentDomain, MAX_VALIDITY, Recording, RecordingTag};
pub use submission::{Submission, submissions};
pub use wraps::{FileKey, WrapError, Wraps};
