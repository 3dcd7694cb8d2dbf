//! What seats tell each other about a recording: signed room messages over the host, whose bodies are sealed to the group, so
//! that the host carries them and cannot read consent keys' doings (ELIGIBILITY section 4.1).
//!
//! ```text
//! body   = rh32 | GCM(K, N; AAD RS68; notice)   K|N = KDF(ns, epoch_secret, "pars-room-recording-v1"; rh, seat2, seq4; 44)
//! notice = 1 | random32 | terms80 | seed32 | dummies2     propose: the recording member; recordingId = H("pars-recording-v1"; RS, random)
//!        | 2 | recordingId32 | r_pk1216                    agree
//!        | 3 | recordingId32                               refuse, now or from now on
//!        | 4 | recording138                                roster: the span that everybody is to sign
//!        | 5 | span32 | lp(signature)                      consent
//!        | 6 | recordingId32                               stop: the recording member
//!        | 7 | span32 | keccak256(signer)32 | n1 | sibling32 × n | lp(signature)     withdraw, for the recording member to send
//! ```
//!
//! A withdrawal goes to the contract through the recording member: an executor of one's own would learn whose one-time key it is.
//!
//! K and N belong to one message: a seat's numbers only rise. The message around it is signed by the seat.

use std::fmt;

use alloy_primitives::B256;
use pars_crypto::aead::{OneUse, TAG};
use pars_crypto::hkem::Xw768Public;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::suite::DSA87_SIGNATURE;
use pars_wire::RecordingId;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::limits::MAX_NOTICE;

use super::consent::ConsentSignature;
use super::dummies::Dummies;
use super::policy::Terms;
use super::roster::MAX_PROOF;
use super::span::{Recording, RecordingTag};
use crate::room::epoch::EpochHash;
use crate::room::keys::EpochSecret;
use crate::room::metadata::x_pk;
use crate::room::scope::{Scope, SeatNo};

// The longest notice: a withdrawal by ML-DSA from the largest roster.
const _: () = assert!(MAX_NOTICE == 1 + 32 + 32 + 1 + 32 * MAX_PROOF + 2 + DSA87_SIGNATURE);

/// Why a notice does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Of another epoch, seat or number, or changed.
    #[error("the notice of a recording does not open under its epoch's secret")]
    Sealed,
    /// What was sealed is no notice.
    #[error("the notice of a recording is malformed: {0}")]
    Decode(#[from] DecodeError),
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Who records asks everybody in the epoch.
    Propose {
        /// What the recording's tag is made of: so it belongs to this sitting alone.
        random: [u8; 32],
        /// What is asked.
        terms: Terms,
        /// Keys that hide how many there are.
        dummies: Dummies,
    },
    /// The user said yes.
    Agree {
        /// To which recording.
        recording: RecordingTag,
        /// The seat's fresh recording key.
        r_pk: Box<Xw768Public>,
    },
    /// The user said no, or takes the yes back.
    Refuse {
        /// To which recording.
        recording: RecordingTag,
    },
    /// Who records shows what is to be signed.
    Roster(Recording),
    /// A key of the roster has signed.
    Consent {
        /// Which span.
        span: RecordingId,
        /// Over its digest.
        signature: ConsentSignature,
    },
    /// Who records stops.
    Stop {
        /// Which recording.
        recording: RecordingTag,
    },
    /// A key of the roster takes its consent back: arguments of the contract's `withdraw`, which who records sends.
    Withdraw {
        /// From which span.
        span: RecordingId,
        /// keccak-256 of the ERC-7913 bytes of the key.
        signer: B256,
        /// Siblings from its leaf to the root, at most [`MAX_PROOF`].
        proof: Vec<B256>,
        /// Over the withdrawal's digest.
        signature: ConsentSignature,
    },
}

fn siblings(from: &mut Reader<'_>) -> Result<Vec<B256>, DecodeError> {
    let count = from.u8("siblings of a proof")?;
    if usize::from(count) > MAX_PROOF {
        return Err(DecodeError::Value { what: "siblings of a proof", value: count.into() });
    }
    (0..count).map(|_| Ok(from.array::<32>("sibling of a proof")?.into())).collect()
}

fn tag(from: &mut Reader<'_>) -> Result<RecordingTag, DecodeError> {
    Ok(RecordingTag(from.array::<32>("recording")?.into()))
}

impl Wire for Notice {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Propose { random, terms, dummies } => {
                terms.write(out.u8(1).bytes(random));
                dummies.write(out);
            }
            Self::Agree { recording, r_pk } => {
                out.u8(2).bytes(recording.0.as_slice()).bytes(&r_pk.to_bytes());
            }
            Self::Refuse { recording } => {
                out.u8(3).bytes(recording.0.as_slice());
            }
            Self::Roster(recording) => recording.write(out.u8(4)),
            Self::Consent { span, signature } => signature.write(out.u8(5).bytes(span.0.as_slice())),
            Self::Stop { recording } => {
                out.u8(6).bytes(recording.0.as_slice());
            }
            Self::Withdraw { span, signer, proof, signature } => {
                // Made by a roster, whose proofs are short enough.
                out.u8(7).bytes(span.0.as_slice()).bytes(signer.as_slice()).u8(proof.len() as u8);
                for sibling in proof {
                    out.bytes(sibling.as_slice());
                }
                signature.write(out);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match from.u8("kind of notice")? {
            1 => Self::Propose {
                random: from.array("random bytes of a recording")?,
                terms: Terms::read(from)?,
                dummies: Dummies::read(from)?,
            },
            2 => Self::Agree { recording: tag(from)?, r_pk: Box::new(x_pk(from)?) },
            3 => Self::Refuse { recording: tag(from)? },
            4 => Self::Roster(Recording::read(from)?),
            5 => Self::Consent {
                span: RecordingId(from.array::<32>("span")?.into()),
                signature: ConsentSignature::read(from)?,
            },
            6 => Self::Stop { recording: tag(from)? },
            7 => Self::Withdraw {
                span: RecordingId(from.array::<32>("span")?.into()),
                signer: from.array::<32>("signer of a withdrawal")?.into(),
                proof: siblings(from)?,
                signature: ConsentSignature::read(from)?,
            },
            other => return Err(DecodeError::Value { what: "kind of notice", value: other.into() }),
        })
    }
}

/// For which message a notice is sealed.
#[derive(Clone, Copy)]
pub struct NoticeKey<'a> {
    /// The epoch's secret.
    pub secret: &'a EpochSecret,
    /// RS.
    pub scope: &'a Scope,
    /// Whose message.
    pub seat: SeatNo,
    /// Its number.
    pub seq: u32,
}

impl NoticeKey<'_> {
    fn one_use(&self, epoch: &EpochHash) -> OneUse {
        let fields: [&[u8]; 3] = [&epoch.0, &self.seat.0.to_be_bytes(), &self.seq.to_be_bytes()];
        kdf::<{ OneUse::SIZE }>(NO_SALT, &[self.secret.expose()], KdfLabel::ROOM_RECORDING, &fields).one_use::<0>()
    }
}

impl fmt::Debug for NoticeKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoticeKey(seat {}, message {}, redacted)", self.seat, self.seq)
    }
}

/// A notice as the host carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SealedNotice {
    epoch: EpochHash,
    sealed: Vec<u8>,
}

impl SealedNotice {
    /// Seal a notice to everybody who holds the epoch's secret.
    pub fn seal(notice: &Notice, epoch: EpochHash, key: NoticeKey<'_>) -> Self {
        let sealed = key.one_use(&epoch).seal(&key.scope.to_bytes(), &notice.encode());
        Self { epoch, sealed }
    }

    /// The epoch whose secret opens it.
    pub const fn epoch(&self) -> EpochHash {
        self.epoch
    }

    /// What it says.
    ///
    /// # Errors
    /// [`NoticeError`].
    pub fn open(&self, key: NoticeKey<'_>) -> Result<Notice, NoticeError> {
        let text = key.one_use(&self.epoch).open(&key.scope.to_bytes(), &self.sealed);
        Ok(Notice::decode(&text.map_err(|_| NoticeError::Sealed)?)?)
    }
}

impl Wire for SealedNotice {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.epoch.0).bytes(&self.sealed);
    }

    /// The rest of the message's body.
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let epoch = EpochHash(from.array("hash of an epoch")?);
        let sealed = from.rest();
        if !(TAG + 1..=TAG + MAX_NOTICE).contains(&sealed.len()) {
            return Err(DecodeError::Malformed { what: "length of a sealed notice" });
        }
        Ok(Self { epoch, sealed: sealed.to_vec() })
    }
}
