//! A host's leave to take a seat: signed, short, once (TOWNHALL section 3).
//!
//! ```text
//! grant = RS68 | seat2 | st32 | role1 | grant_id16 | expires_at8 | sfu1 | dtls_fingerprint32 | lp(tunnel address)
//! signed grant = grant | Sig("pars-room-grant-v1", grant)64
//! ```

use std::collections::BTreeMap;
use std::fmt;

use pars_crypto::CryptoRng;
use pars_crypto::hash::random;
use pars_crypto::label::SignatureLabel;
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Public, Ed25519Secret};
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::line::Line;
use super::scope::{Role, Scope, SeatNo, StatementHash};

/// Bytes of a tunnel's address at most.
pub const MAX_TUNNEL: usize = 128;

/// Names one grant. It is a bearer's token until it was used, so `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(
    /// Random.
    pub [u8; 16],
);

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantId(redacted)")
    }
}

/// Leave to take a seat and its media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// RS.
    pub scope: Scope,
    /// Never the host's.
    pub seat: SeatNo,
    /// Whose: `st` of the statement it answers.
    pub st: StatementHash,
    /// As what.
    pub role: Role,
    /// Which grant.
    pub id: GrantId,
    /// Unix seconds, at most [`Grant::MAX_LIFE`] ahead.
    pub expires_at: u64,
    /// Position in the metadata's list of SFUs.
    pub sfu: u8,
    /// SHA-256 of the SFU's DTLS certificate. With a cluster zero: it makes one per connection, and the host signs the answer's.
    pub dtls_fingerprint: [u8; 32],
    /// Where signalling goes.
    pub tunnel: Line<MAX_TUNNEL>,
}

/// Why a grant is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not signed by the host of the metadata.
    #[error("the grant is not signed by this room's host; do not use it")]
    Signature,
    /// Of another chain, room or sitting.
    #[error("the grant is for another room or sitting")]
    OtherScope,
    /// It answers another statement.
    #[error("the grant answers another statement")]
    OtherStatement,
    /// Used up by time.
    #[error("the grant has expired; join again")]
    Expired,
    /// Valid for more than two minutes.
    #[error("the grant is valid for longer than two minutes; the host is at fault")]
    TooLong,
    /// Never given, used already, or revoked.
    #[error("the grant is unknown or was used; join again")]
    Unknown,
}

impl Grant {
    /// Seconds a grant is valid at most.
    pub const MAX_LIFE: u64 = 120;
    /// Bytes without the tunnel's address.
    pub const FIXED: usize = Scope::SIZE + 2 + 32 + 1 + 16 + 8 + 1 + 32 + 2;

    /// Sign it as the host.
    pub fn sign(self, host: &Ed25519Secret) -> SignedGrant {
        let signature = host.sign(SignatureLabel::ROOM_GRANT, &self.encode());
        SignedGrant { grant: self, signature }
    }
}

impl Wire for Grant {
    fn write(&self, out: &mut Writer) {
        self.scope.write(out);
        out.u16(self.seat.0).bytes(&self.st.0).u8(self.role as u8).bytes(&self.id.0).u64(self.expires_at);
        out.u8(self.sfu).bytes(&self.dtls_fingerprint);
        self.tunnel.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let scope = Scope::read(from)?;
        let seat = from.u16("seat")?;
        if seat == SeatNo::HOST.0 {
            return Err(DecodeError::Value { what: "seat of a member", value: 0 });
        }
        Ok(Self {
            scope,
            seat: SeatNo(seat),
            st: StatementHash(from.array("statement hash")?),
            role: Role::try_from(from.u8("role")?)?,
            id: GrantId(from.array("grant id")?),
            expires_at: from.u64("time of expiry")?,
            sfu: from.u8("position of the SFU")?,
            dtls_fingerprint: from.array("DTLS fingerprint")?,
            tunnel: Line::read(from)?,
        })
    }
}

/// A grant and its signature; says nothing until [`SignedGrant::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedGrant {
    grant: Grant,
    signature: [u8; ED25519_SIGNATURE],
}

impl SignedGrant {
    /// The grant, if the host signed it for this sitting and statement and it is in time (Unix seconds).
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn verify(
        &self,
        host: &Ed25519Public,
        scope: &Scope,
        st: &StatementHash,
        now: u64,
    ) -> Result<&Grant, GrantError> {
        let Self { grant, signature } = self;
        host.verify(SignatureLabel::ROOM_GRANT, &grant.encode(), signature).map_err(|_| GrantError::Signature)?;
        if grant.scope != *scope {
            return Err(GrantError::OtherScope);
        }
        if grant.st != *st {
            return Err(GrantError::OtherStatement);
        }
        if now > grant.expires_at {
            return Err(GrantError::Expired);
        }
        // The member's clock may be behind the host's by as much as a gate allows.
        let latest = now.saturating_add(Grant::MAX_LIFE + super::verify::MAX_AHEAD);
        if grant.expires_at > latest { Err(GrantError::TooLong) } else { Ok(grant) }
    }
}

impl Wire for SignedGrant {
    fn write(&self, out: &mut Writer) {
        self.grant.write(out);
        out.bytes(&self.signature);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { grant: Grant::read(from)?, signature: from.array("signature of a grant")? })
    }
}

/// The grants a host has given and that were not used.
#[derive(Clone, Debug, Default)]
pub struct GrantBook {
    open: BTreeMap<GrantId, (SeatNo, u64)>,
}

impl GrantBook {
    /// A grant for a seat: its id and its expiry in Unix seconds. An earlier one of the seat is void.
    pub fn issue(&mut self, rng: &mut (impl CryptoRng + ?Sized), seat: SeatNo, now: u64) -> (GrantId, u64) {
        self.open.retain(|_, (other, expires_at)| *other != seat && *expires_at >= now);
        let (id, expires_at) = (GrantId(random(rng)), now.saturating_add(Grant::MAX_LIFE));
        self.open.insert(id, (seat, expires_at));
        (id, expires_at)
    }

    /// Use a grant up: the seat it was for.
    ///
    /// # Errors
    /// [`GrantError::Unknown`], [`GrantError::Expired`].
    pub fn redeem(&mut self, id: GrantId, now: u64) -> Result<SeatNo, GrantError> {
        let (seat, expires_at) = self.open.remove(&id).ok_or(GrantError::Unknown)?;
        if now > expires_at { Err(GrantError::Expired) } else { Ok(seat) }
    }

    /// Void what a seat has not used.
    pub fn revoke(&mut self, seat: SeatNo) {
        self.open.retain(|_, (other, _)| *other != seat);
    }
}
