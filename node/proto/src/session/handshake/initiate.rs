//! The initiator's side: from a peer's checked bundle to a session that can send at once.

use pars_crypto::dh::DhSecret;
use pars_crypto::label::HybridLabel;
use pars_identity::bundle::Bundle;

use super::transcript::{Anonymous, Inner, MODE_DENIABLE, Names, Prefix, Target, session_id};
use super::{HandshakeError, Local, companion};
use crate::session::ratchet::{InitChain, Ours, Ratchet, Receiving, Role, SendingChain, TheirTurn, Turn};
use crate::session::{Address, Mailboxes, Peer, Session, Tools};

/// A session as its initiator begins it.
#[derive(Debug)]
pub struct Initiated {
    /// The session, in phase `Opening`: it sends INIT objects until the first REPLY.
    pub session: Session,
    /// IR_A and DC_A for the peer's inbox, beside the first INIT object.
    pub companions: [Vec<u8>; 2],
}

/// Begin a session with a device of a peer. Mode 1.
///
/// # Errors
/// [`HandshakeError::Reflection`] for this very device, [`HandshakeError::LowOrder`] for a bad key of the peer.
pub fn initiate(local: &Local<'_>, peer: &Bundle, tools: &mut Tools<'_>) -> Result<Initiated, HandshakeError> {
    let theirs = Address { identity: peer.record.id(), device: peer.certificate.device() };
    if theirs == local.address() {
        return Err(HandshakeError::Reflection);
    }
    let (leaf, contact) = (&peer.prekey, peer.record.contact());
    let ek = DhSecret::generate(tools.rng);
    let ours = Ours::generate(tools);
    let (ct1, ss1) = leaf.mlkem().encapsulate(tools.suite, tools.rng);
    let (ct2, ss2) = contact.mlkem.encapsulate(tools.suite, tools.rng);
    let dh1 = local.contact.x25519.agree(leaf.x25519())?;
    let secrets = Anonymous { dh2: ek.agree(&contact.x25519)?, dh3: ek.agree(leaf.x25519())?, ss1, ss2 };

    let prefix = Prefix { leaf: leaf.id().0, ek: ek.public().0, ct1: &ct1, ct2: &ct2 };
    let first = prefix.transcript(&Target {
        core_hash: *peer.record.core().hash(),
        identity_keys: contact.hash(),
        device: theirs.device,
        leaf_hash: leaf.hash(),
    });
    let inner = inner(local, &ours, tools);
    let transcript = inner.transcript(&first);
    let prefix = prefix.encode();
    let signed = inner.signed(&ek.public().0);
    let signature = local.device.signing.sign(tools.suite, HybridLabel::INIT, &signed, tools.rng);
    let sealed = secrets.seal(&first).seal(&prefix, &[inner.encode(), signature.to_bytes()].concat());

    let keys = secrets.session(&dh1, &transcript, &names(local, peer));
    let companions = [
        companion::seal(&secrets, &first, 0, &local.record.encode()),
        companion::seal(&secrets, &first, 1, &local.certificate.encode()),
    ];

    let chain = InitChain {
        chain: keys.chain,
        position: 0,
        began: tools.hour(),
        transcript,
        prefix: boxed(prefix)?,
        sealed: boxed(sealed)?,
    };
    let session = Session {
        ours: local.address(),
        peer: Peer { address: theirs, core_hash: *peer.record.core().hash() },
        transcript,
        record_seq: local.record.seq(),
        created: tools.hour(),
        mailboxes: Mailboxes { outgoing: keys.to_responder, incoming: keys.to_initiator },
        ratchet: Ratchet {
            role: Role::Initiator,
            sid: session_id(&transcript),
            root: keys.root,
            next_sending: keys.initiator_header,
            turn: Turn::Theirs(TheirTurn { ours, chain: SendingChain::Init(Box::new(chain)) }),
            receiving: Receiving::initiator(keys.responder_header),
        },
    };
    Ok(Initiated { session, companions })
}

fn names(local: &Local<'_>, peer: &Bundle) -> Names {
    Names {
        initiator: (*local.record.core().hash(), local.device.id),
        responder: (*peer.record.core().hash(), peer.certificate.device()),
    }
}

fn inner(local: &Local<'_>, ours: &Ours, tools: &Tools<'_>) -> Inner {
    Inner {
        identity: local.record.id(),
        record_seq: local.record.seq(),
        record_hash: *local.record.hash(),
        device: local.device.id,
        certificate_hash: *local.certificate.hash(),
        ratchet: ours.x.public(),
        ratchet_kem: ours.kem.public().clone(),
        hour: tools.hour(),
        mode: MODE_DENIABLE,
    }
}

/// Layouts have fixed sizes; a mismatch would be a mistake of this module, and is reported, not sent.
fn boxed<const N: usize>(bytes: Vec<u8>) -> Result<Box<[u8; N]>, HandshakeError> {
    bytes.into_boxed_slice().try_into().map_err(|_| HandshakeError::Layout)
}
