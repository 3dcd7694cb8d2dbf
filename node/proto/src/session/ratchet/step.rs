//! One turn of the ratchet: `RK', CK, NHK = KDF(RK, ss_c ‖ ss_pq [‖ ss_auth], "pars-ratchet-v1"; T)` with
//! `T = H("pars-ratchet-t-v1"; suite, role, mkind, X_sender, X_receiver, ek, ct, ct_auth or empty)` (SESSION sections 1, 4).
//!
//! T binds both X25519 keys, the ML-KEM key and the ciphertext made for it: no re-encapsulation, no swapped key goes
//! unnoticed (SESSION R9, R10, R12).

use pars_crypto::aead::HeaderKey;
use pars_crypto::dh::DhPublic;
use pars_crypto::hash::hash;
use pars_crypto::kdf::kdf;
use pars_crypto::kem::{Kem1024Ciphertext, Kem1024Public};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::{ChainKey, RootKey, SharedSecret};
use pars_crypto::suite::SuiteId;

use super::Role;
use crate::session::layout::MessageKind;

/// What both sides of a step see alike.
pub(super) struct Transcript<'a> {
    pub(super) sender: Role,
    pub(super) kind: MessageKind,
    pub(super) x_sender: &'a DhPublic,
    pub(super) x_receiver: &'a DhPublic,
    /// The key `ct` was made for.
    pub(super) ek: &'a Kem1024Public,
    pub(super) ct: &'a Kem1024Ciphertext,
    pub(super) ct_auth: Option<&'a Kem1024Ciphertext>,
}

/// The secrets of a step.
pub(super) struct Agreed {
    pub(super) classical: SharedSecret,
    pub(super) quantum: SharedSecret,
    pub(super) identity: Option<SharedSecret>,
}

/// What a step yields.
pub(super) struct Stepped {
    pub(super) root: RootKey,
    pub(super) chain: ChainKey,
    pub(super) next_header: HeaderKey,
}

impl Transcript<'_> {
    fn hash(&self) -> [u8; 32] {
        let ct_auth: &[u8] = self.ct_auth.map_or(&[], |ct| ct.as_bytes());
        hash(
            HashLabel::RATCHET_TRANSCRIPT,
            &[
                &[SuiteId::Session.byte()],
                &[self.sender as u8],
                &[self.kind as u8],
                &self.x_sender.0,
                &self.x_receiver.0,
                self.ek.as_bytes(),
                self.ct.as_bytes(),
                ct_auth,
            ],
        )
    }
}

/// The keys of the next chain.
pub(super) fn step(root: &RootKey, agreed: &Agreed, transcript: &Transcript<'_>) -> Stepped {
    let identity: &[u8] = agreed.identity.as_ref().map_or(&[], |secret| secret.expose());
    let secrets = [&agreed.classical.expose()[..], agreed.quantum.expose(), identity];
    let okm = kdf::<96>(root.expose(), &secrets, KdfLabel::RATCHET, &[&transcript.hash()]);
    Stepped {
        root: RootKey::from_bytes(okm.part::<0, 32>()),
        chain: ChainKey::from_bytes(okm.part::<32, 32>()),
        next_header: HeaderKey::from_bytes(okm.part::<64, 32>()),
    }
}
