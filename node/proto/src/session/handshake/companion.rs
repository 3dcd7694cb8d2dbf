//! Companions of an INIT: the initiator's identity record and device certificate, sealed, each in an object of its own.
//!
//! `ver1|kind1=COMP|ref16 = TH0[..16]|idx1|count1|GCM("pars-ir-seal-v1"; AAD = the 20 before; len2|part|pad)|tag16`.
//! They need not arrive in order, nor at all when the responder has the records.

use pars_wire::codec::{Reader, Writer};
use pars_wire::limits::BUCKET_L;

use super::HandshakeError;
use super::transcript::Anonymous;
use crate::session::layout::{COMPANION_TEXT, COMPANIONS, CompanionObject, Kind, VERSION};
use crate::session::message::{pad, unpad};

/// The first 16 bytes of TH0: names the INIT a companion belongs to.
pub(super) fn reference(first: &[u8; 32]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = *first;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Seal a record as companion `index`.
pub(super) fn seal(secrets: &Anonymous, first: &[u8; 32], index: u8, record: &[u8]) -> Vec<u8> {
    let mut head = Writer::with_capacity(BUCKET_L);
    head.u8(VERSION).u8(Kind::Companion as u8).bytes(&reference(first)).u8(index).u8(COMPANIONS);
    let text = pad(Writer::with_capacity(BUCKET_L), record, COMPANION_TEXT);
    let sealed = secrets.companion(first, index).seal(head.as_bytes(), &text);
    head.bytes(&sealed);
    head.into_bytes()
}

/// The record in a companion of this INIT.
pub(super) fn open(
    secrets: &Anonymous,
    first: &[u8; 32],
    object: &CompanionObject<'_>,
) -> Result<Vec<u8>, HandshakeError> {
    if object.reference != reference(first) {
        return Err(HandshakeError::OtherCompanion);
    }
    let key = secrets.companion(first, object.index);
    let text = key.open(object.head, object.sealed).map_err(|_| HandshakeError::NotSealedForUs)?;
    Ok(unpad(Reader::new(&text))?.to_vec())
}
