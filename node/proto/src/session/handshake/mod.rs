//! The handshake "PARS-PQXDH-v1", mode 1 (SESSION section 3): X25519 and ML-KEM-1024 against a signed daily prekey and the
//! identity's own keys, so that it takes both broken to learn anything.
//!
//! ```text
//! Alice                                                        Bob
//!   initiate ──── INIT n = 0..31, 2 companions ──► inbox ────► Unsealed ─► Verified ─► establish
//!   receive  ◄─── REPLY with ct_auth ───────────── mailbox ◄── send
//! ```
//!
//! Not here: fetching records, pins, hashcash, delays (the engine and `proto::swarm`); mode 3 (part D), whose byte is
//! refused; mode 2, which is reserved and refused.

mod companion;
mod initiate;
mod respond;
mod transcript;

use pars_crypto::dh::LowOrder;
use pars_crypto::sign::SignatureError;
use pars_identity::device::{DeviceCertificate, DeviceKeys};
use pars_identity::pin::PinError;
use pars_identity::record::IdentityRecord;
use pars_identity::seed::ContactKeys;
use pars_wire::codec::DecodeError;

use super::Address;
use super::error::ReceiveError;

pub use initiate::{Initiated, initiate};
pub use respond::{Claims, Unsealed, Verified, init_id};

/// This device, as a handshake speaks for it.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Our identity record as published.
    pub record: &'a IdentityRecord,
    /// Our device certificate, listed in the record.
    pub certificate: &'a DeviceCertificate,
    /// The secrets of the record's Diffie-Hellman and KEM keys.
    pub contact: &'a ContactKeys,
    /// The keys of the certificate.
    pub device: &'a DeviceKeys,
}

impl Local<'_> {
    /// Who we are to a peer.
    pub const fn address(&self) -> Address {
        Address { identity: self.record.id(), device: self.device.id }
    }
}

/// Why a handshake came to nothing. No session exists then, and nothing was remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Peer: an X25519 key of low order.
    #[error(transparent)]
    LowOrder(#[from] LowOrder),
    /// Peer: the decrypted part has no layout of ours.
    #[error("the handshake is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// For another leaf or identity of ours, or damaged: the seal does not open.
    #[error("the INIT is not sealed for this prekey and this identity")]
    NotSealedForUs,
    /// Our own identity and device come back at us.
    #[error("the INIT names this very device as its sender")]
    Reflection,
    /// The hour lies outside the validity of leaf, record or certificate.
    #[error("the handshake was made at an hour at which its keys are not valid")]
    Hour,
    /// An authentication mode that this version does not take.
    #[error("authentication mode {0} is not accepted")]
    Mode(u8),
    /// The companion belongs to another INIT.
    #[error("the companion belongs to another INIT")]
    OtherCompanion,
    /// The records are not those the INIT names.
    #[error("the records given are not those the INIT names")]
    OtherRecords,
    /// The identity record does not list the device.
    #[error("the identity record does not list the calling device")]
    NotListed,
    /// The record contradicts what is pinned of this contact.
    #[error("the identity record contradicts what is known of this contact: {0}")]
    Pin(#[from] PinError),
    /// The device did not sign these ephemerals.
    #[error("the device did not sign this handshake: {0}")]
    Signature(#[from] SignatureError),
    /// The first message does not open.
    #[error("the first message does not open: {0}")]
    Body(ReceiveError),
    /// Bug: a part has not the size of its layout.
    #[error("a part of the handshake has not the size of its layout")]
    Layout,
}
