//! The responder's side, one type for each thing that is known:
//!
//! ```text
//! InitObject ── Unsealed::open ──► Unsealed ── verify ──► Verified ── establish ──► Session, first message
//!   steps 1, 2, 3: leaf, seal,      4: records,   5: DH1, TH, keys;  6: MK_n, body
//!   reflection, hour, mode          signature
//! ```
//!
//! `Unsealed` knows who claims to call and can open companions; only `Verified` can become a session. Step 1's replay cache
//! is [`crate::session::replay`]. A request whose records are missing waits as the bytes it came in: nothing derived is kept.

use pars_crypto::hash::sha3;
use pars_crypto::kem::Kem1024Ciphertext;
use pars_crypto::label::HybridLabel;
use pars_crypto::sign::HybridSignature;
use pars_identity::device::DeviceCertificate;
use pars_identity::pin::Pin;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::record::IdentityRecord;
use pars_wire::codec::{Hour, Reader};

use super::transcript::{Anonymous, Inner, MODE_DENIABLE, Names, Prefix, SessionKeys, Target, session_id};
use super::{HandshakeError, Local, companion};
use crate::session::layout::{CompanionObject, InitObject};
use crate::session::message::Delivered;
use crate::session::ratchet::{Answer, InitOrigin, OurTurn, Ratchet, Receiving, Role, Theirs, Turn};
use crate::session::{Address, Mailboxes, Peer, Session, Tools};

/// What an INIT claims, before anything but the seal was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who calls.
    pub address: Address,
    /// Number of its identity record.
    pub record_seq: u64,
    /// SHA3-256 of its identity record.
    pub record_hash: [u8; 32],
    /// SHA3-256 of its device certificate.
    pub certificate_hash: [u8; 32],
    /// When it called.
    pub hour: Hour,
}

/// An INIT whose sealed part opened with our leaf.
pub struct Unsealed<'a> {
    object: InitObject<'a>,
    leaf: &'a LeafSecret,
    local: Local<'a>,
    secrets: Anonymous,
    first: [u8; 32],
    inner: Inner,
    signature: HybridSignature,
}

/// An INIT whose sender is who it claims to be (classically, until `ct_auth` returns).
pub struct Verified<'a> {
    unsealed: Unsealed<'a>,
    keys: SessionKeys,
    transcript: [u8; 32],
    answer: Answer,
    peer: Peer,
}

impl<'a> Unsealed<'a> {
    /// Steps 2 and 3: secrets, TH0, the seal; then reflection, hour and mode.
    ///
    /// # Errors
    /// [`HandshakeError`]: for another leaf or damaged, from ourselves, out of the leaf's time, another mode, a bad key.
    pub fn open(
        object: &InitObject<'a>,
        leaf: &'a LeafSecret,
        local: Local<'a>,
        tools: &mut Tools<'_>,
    ) -> Result<Self, HandshakeError> {
        if leaf.prekey.id().0 != object.leaf_id() {
            return Err(HandshakeError::NotSealedForUs);
        }
        let ek = pars_crypto::dh::DhPublic(object.ek);
        let (ct1, ct2) = (Kem1024Ciphertext::from_bytes(object.ct1), Kem1024Ciphertext::from_bytes(object.ct2));
        let secrets = Anonymous {
            dh2: local.contact.x25519.agree(&ek)?,
            dh3: leaf.x25519.agree(&ek)?,
            ss1: leaf.mlkem.decapsulate(tools.suite, &ct1),
            ss2: local.contact.mlkem.decapsulate(tools.suite, &ct2),
        };
        let prefix = Prefix { leaf: object.leaf_id(), ek: object.ek, ct1: &ct1, ct2: &ct2 };
        let first = prefix.transcript(&Target {
            core_hash: *local.record.core().hash(),
            identity_keys: local.contact.public().hash(),
            device: local.device.id,
            leaf_hash: leaf.prekey.hash(),
        });
        let text = secrets.seal(&first).open(object.prefix, object.sealed);
        let text = text.map_err(|_| HandshakeError::NotSealedForUs)?;
        let mut from = Reader::new(&text);
        let inner = Inner::read(&mut from)?;
        let signature = HybridSignature::from_bytes(from.array_ref("signature")?);
        from.finish()?;
        if (Address { identity: inner.identity, device: inner.device }) == local.address() {
            return Err(HandshakeError::Reflection);
        }
        if !leaf.prekey.valid_at(inner.hour) {
            return Err(HandshakeError::Hour);
        }
        if inner.mode != MODE_DENIABLE {
            return Err(HandshakeError::Mode(inner.mode));
        }
        // Our first step meets R_A with a fresh key; any clamped key shows a point of low order.
        leaf.x25519.agree(&inner.ratchet)?;
        Ok(Self { object: object.clone(), leaf, local, secrets, first, inner, signature })
    }

    /// Who claims to call.
    pub fn claims(&self) -> Claims {
        Claims {
            address: Address { identity: self.inner.identity, device: self.inner.device },
            record_seq: self.inner.record_seq,
            record_hash: self.inner.record_hash,
            certificate_hash: self.inner.certificate_hash,
            hour: self.inner.hour,
        }
    }

    /// What the companions of this INIT carry as their reference: the first 16 bytes of TH0.
    pub fn reference(&self) -> [u8; 16] {
        companion::reference(&self.first)
    }

    /// The record that a companion carries: IR_A for index 0, DC_A for index 1, still to be verified.
    ///
    /// # Errors
    /// [`HandshakeError::OtherCompanion`], [`HandshakeError::NotSealedForUs`], or malformed padding.
    pub fn open_companion(&self, object: &CompanionObject<'_>) -> Result<Vec<u8>, HandshakeError> {
        companion::open(&self.secrets, &self.first, object)
    }

    /// Step 4: the records are those the INIT names, belong together, continue what is pinned, and the device signed.
    ///
    /// # Errors
    /// [`HandshakeError`]: other records, not listed, out of time, against the pin, or a wrong signature.
    pub fn verify(
        self,
        record: &IdentityRecord,
        certificate: &DeviceCertificate,
        pin: Option<&Pin>,
        tools: &Tools<'_>,
    ) -> Result<Verified<'a>, HandshakeError> {
        let inner = &self.inner;
        let named = *record.hash() == inner.record_hash
            && *certificate.hash() == inner.certificate_hash
            && (record.id(), record.seq()) == (inner.identity, inner.record_seq)
            && (certificate.identity(), certificate.device()) == (inner.identity, inner.device);
        if !named {
            return Err(HandshakeError::OtherRecords);
        }
        if !record.lists(certificate) {
            return Err(HandshakeError::NotListed);
        }
        if !record.valid_at(inner.hour) || !certificate.valid_at(inner.hour) {
            return Err(HandshakeError::Hour);
        }
        if let Some(pin) = pin {
            pin.clone().accept(record)?;
        }
        let signed = inner.signed(&self.object.ek);
        certificate.keys().verify(tools.suite, HybridLabel::INIT, &signed, &self.signature)?;

        let dh1 = self.leaf.x25519.agree(&record.contact().x25519)?;
        let transcript = inner.transcript(&self.first);
        let names = Names {
            initiator: (*record.core().hash(), inner.device),
            responder: (*self.local.record.core().hash(), self.local.device.id),
        };
        let keys = self.secrets.session(&dh1, &transcript, &names);
        let peer = Peer { address: self.claims().address, core_hash: *record.core().hash() };
        let answer = Answer { identity: record.contact().mlkem.clone(), supersedes: 0 };
        Ok(Verified { unsealed: self, keys, transcript, answer, peer })
    }
}

impl Verified<'_> {
    /// TH: decides between two handshakes that crossed.
    pub const fn transcript(&self) -> &[u8; 32] {
        &self.transcript
    }

    /// Steps 5 and 6: the session, and the message of the object at hand.
    ///
    /// # Errors
    /// [`HandshakeError::Body`] if the body does not open; then there is no session.
    pub fn establish(self, tools: &mut Tools<'_>) -> Result<(Session, Delivered), HandshakeError> {
        let Self { unsealed: Unsealed { object, local, inner, .. }, keys, transcript, answer, peer } = self;
        let origin = InitOrigin::new(transcript, &object);
        let turn =
            OurTurn { peer: Theirs { x: inner.ratchet, ek: inner.ratchet_kem }, previous: 0, answer: Some(answer) };
        let ratchet = Ratchet {
            role: Role::Responder,
            sid: session_id(&transcript),
            root: keys.root,
            next_sending: keys.responder_header,
            turn: Turn::Ours(turn),
            receiving: Receiving::responder(origin, keys.chain, keys.initiator_header),
        };
        let mut session = Session {
            ours: local.address(),
            peer,
            transcript,
            record_seq: local.record.seq(),
            created: tools.hour(),
            mailboxes: Mailboxes { outgoing: keys.to_initiator, incoming: keys.to_responder },
            ratchet,
        };
        let message = session.receive_init(&object, tools).map_err(HandshakeError::Body)?;
        Ok((session, message))
    }
}

/// The name of an INIT in the replay cache: SHA3-256(prefix). 32 bytes.
pub fn init_id(object: &InitObject<'_>) -> [u8; 32] {
    sha3(&[object.prefix])
}
