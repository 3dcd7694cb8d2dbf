//! What a seat states about itself: the signed part of a statement (TOWNHALL section 3).
//!
//! ```text
//! body = 1 | RS68 | form1 | issued_at8 | expires_at8 | x_pk1216 | s_vk32 | lp(consent_signer)
//!          | nullifier32 | account20 | session_id32 | device16
//! st   = H("pars-room-st-v1"; body)
//! ```
//!
//! What a form does not use is zero or empty:
//!
//! | Form | nullifier | account | session_id | device | consent signer |
//! |---|---|---|---|---|---|
//! | 1 anonymous | yes | | | | yes |
//! | 2 identified | with a proof | yes | yes | yes | yes |
//! | 3 Committee | | yes | yes | yes | yes |
//! | 4 recorder | | | `st` of the member's seat | | |

use std::fmt;

use alloy_primitives::{Address, B256};
use pars_crypto::hash::hash;
use pars_crypto::hkem::Xw768Public;
use pars_crypto::label::HashLabel;
use pars_crypto::sign::Ed25519Public;
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use pars_wire::Nullifier;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::metadata::{s_vk, x_pk};
use super::scope::{Scope, SeatIdentity, StatementHash, address};
use super::seat::{ConsentSigner, pseudonym, seat_hash};
use super::typed::SeatStatement;

const VERSION: u8 = 1;

/// What kind of statement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Form {
    /// By proof alone.
    Anonymous = 1,
    /// By wallet and identity, with a proof where the account has a leaf.
    Identified = 2,
    /// By wallet and identity, in a Committee.
    Committee = 3,
    /// For a seat that records.
    Recorder = 4,
}

/// Who a seat says it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Named {
    /// The account that may enter.
    pub account: Address,
    /// The identity behind it.
    pub session: IdentityId,
    /// The identity's device that signs.
    pub device: DeviceId,
}

/// On what ground a seat is asked for. `Debug` shows only the form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Form 1.
    Anonymous {
        /// Public input of its proof.
        nullifier: Nullifier,
    },
    /// Form 2.
    Identified {
        /// Public input of its proof; none where the account has no leaf.
        nullifier: Option<Nullifier>,
        /// Who.
        member: Named,
    },
    /// Form 3.
    Committee {
        /// Who.
        member: Named,
    },
    /// Form 4.
    Recorder {
        /// `st` of the member's seat that records.
        seat: StatementHash,
    },
}

impl Claim {
    /// Its form.
    pub const fn form(&self) -> Form {
        match self {
            Self::Anonymous { .. } => Form::Anonymous,
            Self::Identified { .. } => Form::Identified,
            Self::Committee { .. } => Form::Committee,
            Self::Recorder { .. } => Form::Recorder,
        }
    }

    /// The proof's public input, where there is a proof.
    pub const fn nullifier(&self) -> Option<Nullifier> {
        match *self {
            Self::Anonymous { nullifier } => Some(nullifier),
            Self::Identified { nullifier, .. } => nullifier,
            Self::Committee { .. } | Self::Recorder { .. } => None,
        }
    }

    /// Who, where it says so.
    pub const fn member(&self) -> Option<Named> {
        match *self {
            Self::Identified { member, .. } | Self::Committee { member } => Some(member),
            Self::Anonymous { .. } | Self::Recorder { .. } => None,
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(redacted)", self.form())
    }
}

/// The signed part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// RS.
    pub scope: Scope,
    /// Unix seconds.
    pub issued_at: u64,
    /// Unix seconds; at most 120 later.
    pub expires_at: u64,
    /// The seat's X-Wing key.
    pub x_pk: Xw768Public,
    /// The seat's signing key.
    pub s_vk: Ed25519Public,
    /// Who consents for the seat; none for a recorder.
    pub consent: Option<ConsentSigner>,
    /// On what ground.
    pub claim: Claim,
}

impl Body {
    /// Its form.
    pub const fn form(&self) -> Form {
        self.claim.form()
    }

    /// `st`.
    pub fn hash(&self) -> StatementHash {
        StatementHash(hash(HashLabel::ROOM_STATEMENT_HASH, &[&self.encode()]))
    }

    /// The payload of its proof and of the wallet's signature.
    pub fn seat_hash(&self) -> B256 {
        seat_hash(&self.x_pk, &self.s_vk, self.consent.as_ref())
    }

    /// Its LiveKit identity.
    pub fn pseudonym(&self) -> String {
        pseudonym(&self.seat_hash())
    }

    /// What makes it unique: the nullifier where there is a proof, else the account.
    pub fn identity(&self) -> SeatIdentity {
        match self.claim {
            Claim::Anonymous { nullifier } | Claim::Identified { nullifier: Some(nullifier), .. } => {
                SeatIdentity::Nullifier(nullifier)
            }
            Claim::Identified { nullifier: None, member } | Claim::Committee { member } => {
                SeatIdentity::Account(member.account)
            }
            Claim::Recorder { seat } => SeatIdentity::Recorder(seat),
        }
    }

    /// What the wallet signs; none in a form without a wallet.
    pub fn typed_data(&self) -> Option<SeatStatement> {
        let member = self.claim.member()?;
        Some(SeatStatement {
            scope: self.scope,
            account: member.account,
            seat_hash: self.seat_hash(),
            session: member.session,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
        })
    }
}

impl Wire for Body {
    fn write(&self, out: &mut Writer) {
        let consent = self.consent.as_ref().map(ConsentSigner::as_bytes).unwrap_or_default();
        out.u8(VERSION);
        self.scope.write(out);
        out.u8(self.form() as u8).u64(self.issued_at).u64(self.expires_at);
        out.bytes(&self.x_pk.to_bytes()).bytes(self.s_vk.as_bytes());
        // At most 2,612 bytes, which fits its length.
        out.u16(consent.len() as u16).bytes(consent);
        out.bytes(self.claim.nullifier().unwrap_or_default().0.as_slice());
        let (account, session, device) = match self.claim {
            Claim::Identified { member, .. } | Claim::Committee { member } => {
                (member.account, member.session.0, member.device.0)
            }
            Claim::Recorder { seat } => (Address::ZERO, seat.0, [0; 16]),
            Claim::Anonymous { .. } => (Address::ZERO, [0; 32], [0; 16]),
        };
        out.bytes(account.as_slice()).bytes(&session).bytes(&device);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(&[VERSION], "seat statement of version 1")?;
        let scope = Scope::read(from)?;
        let form = from.u8("form of a statement")?;
        let (issued_at, expires_at) = (from.u64("time of issue")?, from.u64("time of expiry")?);
        let (x_pk, s_vk) = (x_pk(from)?, s_vk(from)?);
        let consent = ConsentSigner::read(from)?;
        let claim = claim(form, from)?;
        if consent.is_none() != (claim.form() == Form::Recorder) {
            return Err(DecodeError::Malformed { what: "consent signer" });
        }
        Ok(Self { scope, issued_at, expires_at, x_pk, s_vk, consent, claim })
    }
}

fn claim(form: u8, from: &mut Reader<'_>) -> Result<Claim, DecodeError> {
    let nullifier = Nullifier(from.array::<32>("nullifier")?.into());
    let account = address(from, "account")?;
    let session = from.array::<32>("identity")?;
    let device = from.array::<16>("device")?;
    let given = (!nullifier.0.is_zero(), !account.is_zero(), session != [0; 32], device != [0; 16]);
    let member = Named { account, session: IdentityId(session), device: DeviceId(device) };
    match (form, given) {
        (1, (true, false, false, false)) => Ok(Claim::Anonymous { nullifier }),
        (2, (proven, true, true, true)) => Ok(Claim::Identified { nullifier: proven.then_some(nullifier), member }),
        (3, (false, true, true, true)) => Ok(Claim::Committee { member }),
        (4, (false, false, true, false)) => Ok(Claim::Recorder { seat: StatementHash(session) }),
        (1..=4, _) => Err(DecodeError::Malformed { what: "fields of a statement's form" }),
        (other, _) => Err(DecodeError::Value { what: "form of a statement", value: other.into() }),
    }
}
