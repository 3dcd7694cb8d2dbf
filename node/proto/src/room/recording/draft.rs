//! A span as each client makes it from what it knows itself: the recorder to propose it, everybody else to compare (ELIGIBILITY
//! section 4.4). Who finds a difference does not sign.

use pars_crypto::hkem::Xw768Public;

use super::dummies::Dummies;
use super::policy::{Terms, recipients};
use super::roster::{ConsentRoster, ConsentRosterError};
use super::span::{MAX_VALIDITY, Recording, RecordingTag};
use crate::room::scope::SeatNo;
use crate::room::seat::ConsentSigner;

/// Why a seat does not sign a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRefusal {
    /// This seat cannot consent at all.
    #[error("this seat cannot consent to recordings: the contract or the seat's consent key is not known")]
    NotSupported,
    /// The user did not say yes to these terms.
    #[error("the user has not agreed to these terms")]
    NotAgreed,
    /// The recording key could not be kept.
    #[error("the recording key could not be kept, so nothing is signed; see to the data directory and answer again")]
    KeyNotKept,
    /// It is another recording than was proposed.
    #[error("the span is of another recording than was proposed")]
    OtherRecording,
    /// A seat of the epoch is not verified, left, or has no consent key.
    #[error("the members of the epoch are not all verified and present; the recorder must propose again")]
    Members,
    /// No recording key of this seat was heard.
    #[error("seat {0} has not agreed, as far as was heard")]
    NotHeard(SeatNo),
    /// Two seats show one recording key.
    #[error("two seats have one recording key")]
    Keys,
    /// Keys that make no roster.
    #[error(transparent)]
    Signers(#[from] ConsentRosterError),
    /// A key too many: neither a seat's nor a dummy of the seed; or a seat is left out.
    #[error("the roster is not that of this epoch and the shown dummies: somebody is left out, or added")]
    Roster,
    /// The number is not that of the roster.
    #[error("the number of participants is not that of the roster")]
    Count,
    /// Other terms, or other recipients.
    #[error("the policy is not that of the agreed terms and of everybody's recording keys")]
    Policy,
    /// Who records is not who proposed.
    #[error("the recorder is not the seat that proposed the recording")]
    Recorder,
    /// Not until when was agreed, over, more than a day ahead, or past the sitting's end.
    #[error("the consent would end at a time that was not agreed, has passed, or is too far ahead")]
    ValidUntil,
    /// Somebody has withdrawn.
    #[error("somebody has withdrawn from this span")]
    Withdrawn,
    /// The key refused.
    #[error("the consent key did not sign")]
    NotSigned,
}

/// What a span is made of.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Which recording.
    pub tag: RecordingTag,
    /// What is agreed to.
    pub terms: &'a Terms,
    /// Keys beside those of seats.
    pub dummies: &'a Dummies,
    /// The consent signer of every participant of the epoch.
    pub signers: &'a [ConsentSigner],
    /// The recording key of every participant.
    pub keys: &'a [Xw768Public],
    /// The consent signer of the member who records.
    pub recorder: &'a ConsentSigner,
}

impl Draft<'_> {
    /// The span and its roster.
    ///
    /// # Errors
    /// [`ConsentRosterError`].
    pub fn build(&self) -> Result<(Recording, ConsentRoster), ConsentRosterError> {
        let dummies = self.dummies.keys().into_iter().map(|key| key.signer().hash());
        let roster = ConsentRoster::new(self.signers.iter().map(ConsentSigner::hash).chain(dummies))?;
        let participants = u16::try_from(roster.len()).map_err(|_| ConsentRosterError::Count(roster.len()))?;
        let recording = Recording {
            tag: self.tag,
            roster: roster.root(),
            participants,
            policy: self.terms.policy(recipients(self.keys)),
            recorder: self.recorder.hash(),
            valid_until: self.terms.valid_until,
        };
        Ok((recording, roster))
    }
}

impl Recording {
    /// Whether this one, made by ourselves, is what was shown.
    ///
    /// # Errors
    /// [`ConsentRefusal`], which says where they differ.
    pub fn equals(&self, shown: &Self) -> Result<(), ConsentRefusal> {
        let rules = [
            (self.tag == shown.tag, ConsentRefusal::OtherRecording),
            (self.recorder == shown.recorder, ConsentRefusal::Recorder),
            (self.roster == shown.roster, ConsentRefusal::Roster),
            (self.participants == shown.participants, ConsentRefusal::Count),
            (self.policy == shown.policy, ConsentRefusal::Policy),
            (self.valid_until == shown.valid_until, ConsentRefusal::ValidUntil),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    /// Whether it ends in time: after `now`, at most a day ahead, not after the sitting. Unix seconds.
    ///
    /// # Errors
    /// [`ConsentRefusal::ValidUntil`].
    pub const fn ends_in_time(&self, now: u64, sitting_ends: u64) -> Result<(), ConsentRefusal> {
        let until = self.valid_until;
        if until <= now || until > now.saturating_add(MAX_VALIDITY) || until > sitting_ends {
            return Err(ConsentRefusal::ValidUntil);
        }
        Ok(())
    }
}
