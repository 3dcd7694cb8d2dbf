//! What a host checks before it admits a seat and a publisher before it sends to it (TOWNHALL section 3, "Before sending in
//! epoch n"). Pure: what the chain, the tree and the directory hold comes in as [`Facts`].
//!
//! Canonical encoding is checked by decoding; what must differ between seats by [`super::Distinct`]; the epoch's roster,
//! signature and chain by [`super::SignedRecord::check`].

use alloy_primitives::Address;
use pars_crypto::Suite;
use pars_crypto::label::{HybridLabel, SignatureLabel};
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Public, HybridSignature};
use pars_identity::device::{DeviceCertificate, DeviceId};
use pars_identity::id::IdentityId;
use pars_identity::record::IdentityRecord;
use pars_wire::Kind;
use pars_wire::codec::{Hour, Wire};

use super::body::{Body, Form, Named};
use super::refusal::StatementRefusal;
use super::scope::{Scope, SeatIdentity, StatementHash};
use super::statement::{JoinProof, Statement, Support, WALLET_SIGNATURE};

/// Seconds from issue to expiry at most.
pub const MAX_LIFE: u64 = 120;
/// Seconds by which a member's clock may run ahead of the gate's.
pub const MAX_AHEAD: u64 = 30;

/// A sitting as the own index holds it, from a final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// RS.
    pub scope: Scope,
    /// The room's kind.
    pub kind: Kind,
    /// Unix seconds.
    pub opened_at: u64,
    /// `at`: Unix seconds.
    pub ends_at: u64,
}

/// What somebody's own index, tree and directory say. Nothing here may come from who made the statement.
pub trait Facts {
    /// Whether the proof holds against the sitting's pinned root, external, threshold and `at`, and the signal of its
    /// payload and time of issue.
    fn proof_holds(&self, proof: &JoinProof<'_>) -> bool;
    /// Whether the account has a leaf of non-zero weight in the pinned tree.
    fn has_leaf(&self, account: Address) -> bool;
    /// Whether the final chain gives the account access: `canJoin` at `at`, or the Committee's rule.
    fn has_access(&self, account: Address) -> bool;
    /// The key that a contract wallet has named on chain for its seats.
    fn seat_delegate(&self, account: Address) -> Option<Address>;
    /// Whether the seat is banned from this sitting.
    fn is_banned(&self, identity: &SeatIdentity) -> bool;
    /// A verified record of the identity and a verified certificate of its device.
    fn device(&self, session: IdentityId, device: DeviceId) -> Option<(&IdentityRecord, &DeviceCertificate)>;
    /// The signing key of a member's seat.
    fn seat_key(&self, seat: StatementHash) -> Option<Ed25519Public>;
}

/// Everything that can be said of one statement, whenever it was made: so late joiners can verify it too.
///
/// # Errors
/// [`StatementRefusal`], one variant for each rule; cheap rules first.
pub fn verify(
    suite: &dyn Suite,
    statement: &Statement,
    sitting: &Sitting,
    facts: &dyn Facts,
) -> Result<(), StatementRefusal> {
    let body = statement.body();
    stands(body, sitting)?;
    if facts.is_banned(&body.identity()) || named(body).is_some_and(|member| banned(member, facts)) {
        return Err(StatementRefusal::Banned);
    }
    match statement.support() {
        Support::Anonymous { .. } => {}
        Support::Named { wallet, identity, .. } => {
            let member = named(body).ok_or(StatementRefusal::FormNotAllowed)?;
            account(&member, statement, facts)?;
            wallet_signed(&member, body, wallet, facts)?;
            device_signed(suite, &member, body, identity, facts)?;
        }
        Support::Recorder { seat } => return recorder(body, seat, facts),
    }
    match statement.proof() {
        Some(proof) if !facts.proof_holds(&proof) => Err(StatementRefusal::Proof),
        _ => Ok(()),
    }
}

/// As [`verify`], and in time: what the gate alone demands.
///
/// # Errors
/// [`StatementRefusal`].
pub fn verify_at_gate(
    suite: &dyn Suite,
    statement: &Statement,
    sitting: &Sitting,
    facts: &dyn Facts,
    now: u64,
) -> Result<(), StatementRefusal> {
    in_time(statement.body(), now)?;
    verify(suite, statement, sitting, facts)
}

/// Whether the gate may look at it now, in Unix seconds.
///
/// # Errors
/// [`StatementRefusal::Expired`], [`StatementRefusal::NotYet`].
pub const fn in_time(body: &Body, now: u64) -> Result<(), StatementRefusal> {
    if now > body.expires_at {
        Err(StatementRefusal::Expired)
    } else if body.issued_at > now.saturating_add(MAX_AHEAD) {
        Err(StatementRefusal::NotYet)
    } else {
        Ok(())
    }
}

/// Scope, times, and whether the kind of room has seats of this form.
fn stands(body: &Body, sitting: &Sitting) -> Result<(), StatementRefusal> {
    if body.scope != sitting.scope {
        return Err(StatementRefusal::OtherScope);
    }
    if !(sitting.opened_at..=sitting.ends_at).contains(&body.issued_at) {
        return Err(StatementRefusal::OutsideSitting);
    }
    if !body.expires_at.checked_sub(body.issued_at).is_some_and(|life| (1..=MAX_LIFE).contains(&life)) {
        return Err(StatementRefusal::LivesTooLong);
    }
    let allowed = match body.form() {
        Form::Anonymous | Form::Identified => sitting.kind.allows_anonymous(),
        Form::Committee => sitting.kind == Kind::Committee,
        Form::Recorder => true,
    };
    if allowed { Ok(()) } else { Err(StatementRefusal::FormNotAllowed) }
}

const fn named(body: &Body) -> Option<Named> {
    body.claim.member()
}

/// A ban by account reaches the seat that proves a leaf as well.
fn banned(member: Named, facts: &dyn Facts) -> bool {
    facts.is_banned(&SeatIdentity::Account(member.account))
}

fn account(member: &Named, statement: &Statement, facts: &dyn Facts) -> Result<(), StatementRefusal> {
    if !facts.has_access(member.account) {
        return Err(StatementRefusal::NoAccess);
    }
    let needs_proof = statement.body().form() == Form::Identified && statement.proof().is_none();
    if needs_proof && facts.has_leaf(member.account) { Err(StatementRefusal::ProofMissing) } else { Ok(()) }
}

fn wallet_signed(
    member: &Named,
    body: &Body,
    signature: &[u8; WALLET_SIGNATURE],
    facts: &dyn Facts,
) -> Result<(), StatementRefusal> {
    let typed = body.typed_data().ok_or(StatementRefusal::FormNotAllowed)?;
    let signer = typed.signer(signature)?;
    let delegate = facts.seat_delegate(member.account).filter(|delegate| !delegate.is_zero());
    if signer == member.account || Some(signer) == delegate { Ok(()) } else { Err(StatementRefusal::OtherWallet) }
}

fn device_signed(
    suite: &dyn Suite,
    member: &Named,
    body: &Body,
    signature: &HybridSignature,
    facts: &dyn Facts,
) -> Result<(), StatementRefusal> {
    let (record, device) = facts.device(member.session, member.device).ok_or(StatementRefusal::IdentityUnknown)?;
    let hour = Hour(u32::try_from(body.issued_at / 3_600).unwrap_or(u32::MAX));
    let theirs = record.id() == member.session && device.identity() == member.session;
    let listed = record.lists(device) && device.device() == member.device;
    if !(theirs && listed && record.valid_at(hour) && device.valid_at(hour)) {
        return Err(StatementRefusal::Device);
    }
    let verified = device.keys().verify(suite, HybridLabel::ROOM_STATEMENT, &body.encode(), signature);
    verified.map_err(|_| StatementRefusal::IdentitySignature)
}

fn recorder(body: &Body, signature: &[u8; ED25519_SIGNATURE], facts: &dyn Facts) -> Result<(), StatementRefusal> {
    let SeatIdentity::Recorder(seat) = body.identity() else { return Err(StatementRefusal::Recorder) };
    let key = facts.seat_key(seat).ok_or(StatementRefusal::Recorder)?;
    let verified = key.verify(SignatureLabel::ROOM_RECORDER, &body.encode(), signature);
    verified.map_err(|_| StatementRefusal::Recorder)
}
