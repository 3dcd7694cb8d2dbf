//! A body with what supports it (TOWNHALL section 3).
//!
//! ```text
//! statement = body | lp(points) | lp(wallet_sig) | lp(identity_sig)
//! ```
//!
//! | Form | points | wallet_sig | identity_sig |
//! |---|---|---|---|
//! | 1 anonymous | 256 | | |
//! | 2 identified | 256 with a nullifier | 65 | `HS("pars-room-statement-v1", body)` 4,691 |
//! | 3 Committee | | 65 | the same |
//! | 4 recorder | | | `Sig("pars-room-recorder-v1", body)` 64 by the seat that records |
//!
//! Whether anything of it holds is for [`super::verify`].

use std::fmt;

use alloy_primitives::{B256, U256};
use pars_crypto::label::{HybridLabel, SignatureLabel};
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Secret, HybridSecret, HybridSignature};
use pars_crypto::{CryptoRng, Suite};
use pars_wire::Nullifier;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::body::{Body, Claim, Form};
use super::scope::StatementHash;

/// Bytes of a proof's eight coordinates.
pub const POINTS: usize = 256;
/// Bytes of a wallet's signature: r, s, v.
pub const WALLET_SIGNATURE: usize = 65;

/// What supports a body.
#[derive(Clone, PartialEq, Eq)]
pub enum Support {
    /// Form 1.
    Anonymous {
        /// The proof.
        points: Box<[u8; POINTS]>,
    },
    /// Forms 2 and 3.
    Named {
        /// The proof; with a nullifier only.
        points: Option<Box<[u8; POINTS]>>,
        /// Of the account or its seat delegate.
        wallet: [u8; WALLET_SIGNATURE],
        /// Of the identity's device.
        identity: HybridSignature,
    },
    /// Form 4.
    Recorder {
        /// Of the member's seat.
        seat: [u8; ED25519_SIGNATURE],
    },
}

/// Body and support do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a statement of form {0:?} is supported by other proofs and signatures than these; see TOWNHALL section 3")]
pub struct WrongSupport(
    /// The body's form.
    pub Form,
);

/// A proof as the verifier takes it, with what a statement says of its public inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinProof<'a> {
    /// Public input.
    pub nullifier: Nullifier,
    /// seat_hash: enters the public input `signal`.
    pub payload: B256,
    /// Enters the public input `signal`.
    pub issued_at: u64,
    /// A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y, each 32 bytes, big-endian.
    pub points: &'a [u8; POINTS],
}

impl JoinProof<'_> {
    /// The coordinates as words.
    pub fn words(&self) -> [U256; 8] {
        let (words, _) = self.points.as_chunks::<32>();
        let mut out = [U256::ZERO; 8];
        for (to, from) in out.iter_mut().zip(words) {
            *to = U256::from_be_bytes(*from);
        }
        out
    }
}

/// A statement. `Debug` shows its form only.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    body: Body,
    support: Support,
}

impl Statement {
    /// Put both together.
    ///
    /// # Errors
    /// [`WrongSupport`].
    pub fn new(body: Body, support: Support) -> Result<Self, WrongSupport> {
        let fits = match (&body.claim, &support) {
            (Claim::Anonymous { .. }, Support::Anonymous { .. })
            | (Claim::Recorder { .. }, Support::Recorder { .. }) => true,
            (Claim::Identified { nullifier, .. }, Support::Named { points, .. }) => {
                nullifier.is_some() == points.is_some()
            }
            (Claim::Committee { .. }, Support::Named { points, .. }) => points.is_none(),
            _ => false,
        };
        let consents = body.consent.is_some() != (body.form() == Form::Recorder);
        if fits && consents { Ok(Self { body, support }) } else { Err(WrongSupport(body.form())) }
    }

    /// The signed part.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// What supports it.
    pub const fn support(&self) -> &Support {
        &self.support
    }

    /// `st`.
    pub fn hash(&self) -> StatementHash {
        self.body.hash()
    }

    /// Its proof, where it has one.
    pub fn proof(&self) -> Option<JoinProof<'_>> {
        let nullifier = self.body.claim.nullifier()?;
        let points = match &self.support {
            Support::Anonymous { points } => points,
            Support::Named { points, .. } => points.as_ref()?,
            Support::Recorder { .. } => return None,
        };
        Some(JoinProof { nullifier, payload: self.body.seat_hash(), issued_at: self.body.issued_at, points })
    }
}

impl Body {
    /// identity_sig of forms 2 and 3, by a device of `session_id`.
    pub fn sign_identity(
        &self,
        suite: &dyn Suite,
        device: &HybridSecret,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> HybridSignature {
        device.sign(suite, HybridLabel::ROOM_STATEMENT, &self.encode(), rng)
    }

    /// identity_sig of form 4, by the member's seat that records.
    pub fn sign_recorder(&self, seat: &Ed25519Secret) -> [u8; ED25519_SIGNATURE] {
        seat.sign(SignatureLabel::ROOM_RECORDER, &self.encode())
    }
}

impl Wire for Statement {
    fn write(&self, out: &mut Writer) {
        let identity;
        let (points, wallet, last): (&[u8], &[u8], &[u8]) = match &self.support {
            Support::Anonymous { points } => (&points[..], &[], &[]),
            Support::Named { points, wallet, identity: signature } => {
                identity = signature.to_bytes();
                (points.as_ref().map(|points| &points[..]).unwrap_or_default(), wallet, &identity)
            }
            Support::Recorder { seat } => (&[], &[], seat),
        };
        self.body.write(out);
        for field in [points, wallet, last] {
            // At most a hybrid signature, which fits its length.
            out.u16(field.len() as u16).bytes(field);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let body = Body::read(from)?;
        let fields = [from.lp("proof points")?, from.lp("wallet signature")?, from.lp("identity signature")?];
        let support = match (body.form(), fields) {
            (Form::Anonymous, [points, [], []]) => Support::Anonymous { points: exact(points, "proof points")? },
            (Form::Identified | Form::Committee, [points, wallet, identity]) => Support::Named {
                points: if points.is_empty() { None } else { Some(exact(points, "proof points")?) },
                wallet: *exact(wallet, "wallet signature")?,
                identity: HybridSignature::from_bytes(&*exact(identity, "identity signature")?),
            },
            (Form::Recorder, [[], [], seat]) => Support::Recorder { seat: *exact(seat, "signature of a seat")? },
            _ => return Err(DecodeError::Malformed { what: "support of a statement" }),
        };
        Self::new(body, support).map_err(|_| DecodeError::Malformed { what: "support of a statement" })
    }
}

fn exact<const N: usize>(bytes: &[u8], what: &'static str) -> Result<Box<[u8; N]>, DecodeError> {
    let array: &[u8; N] = bytes.try_into().map_err(|_| DecodeError::Malformed { what })?;
    Ok(Box::new(*array))
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({:?})", self.body.form())
    }
}

impl fmt::Debug for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous { .. } => "Anonymous",
            Self::Named { .. } => "Named",
            Self::Recorder { .. } => "Recorder",
        })
    }
}
