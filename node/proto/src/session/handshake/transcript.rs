//! What both sides hash and derive alike (SESSION section 3).
//!
//! ```text
//! prefix      = ver1|kind1=INIT|suite1|spk_id8|EK_A32|ct1 1568|ct2 1568                                        3,179
//! TH0         = H("pars-pqxdh-v1"; suite, SHA3-256(IC_B), ik_hash_B, dev_B, SHA3-256(leaf), EK_A, ct1, ct2)
//! inner_fixed = ID_A32|ir_seq8|SHA3-256(IR_A)32|dev_A16|SHA3-256(DC_A)32|R_A32|EKEM_A1568|hour4|auth_mode1     1,725
//! TH          = H("pars-th-v1"; TH0, inner_fixed)
//! RK0‖CK_A‖NHK_B‖NHK_A‖s_AB‖s_BA = KDF(TH, 0xFF^32‖DH1‖DH2‖DH3‖ss1‖ss2, "pars-session-v1"; IC_A, dev_A, IC_B, dev_B)
//! ```

use pars_crypto::aead::{HeaderKey, OneUse};
use pars_crypto::dh::DhPublic;
use pars_crypto::hash::hash;
use pars_crypto::kdf::kdf;
use pars_crypto::kem::{Kem1024Ciphertext, Kem1024Public};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::{ChainKey, MailboxSecret, RootKey, SharedSecret};
use pars_crypto::suite::SuiteId;
use pars_identity::IdentityId;
use pars_identity::device::DeviceId;
use pars_wire::codec::{DecodeError, Hour, Reader, Writer};

use crate::session::SessionId;
use crate::session::layout::{INIT_PREFIX, Kind, VERSION};

/// The default: the signature covers the initiator's ephemerals, so it shows to others that a device was active in an
/// hour, not with whom.
pub(super) const MODE_DENIABLE: u8 = 1;

/// Bytes of `inner_fixed`.
pub(super) const INNER: usize = 1_725;

/// The responder's side of TH0.
pub(super) struct Target {
    pub(super) core_hash: [u8; 32],
    pub(super) identity_keys: [u8; 32],
    pub(super) device: DeviceId,
    pub(super) leaf_hash: [u8; 32],
}

/// What the initiator sends in clear.
pub(super) struct Prefix<'a> {
    pub(super) leaf: [u8; 8],
    pub(super) ek: [u8; 32],
    pub(super) ct1: &'a Kem1024Ciphertext,
    pub(super) ct2: &'a Kem1024Ciphertext,
}

impl Prefix<'_> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(INIT_PREFIX);
        out.u8(VERSION).u8(Kind::Init as u8).u8(SuiteId::Session.byte()).bytes(&self.leaf).bytes(&self.ek);
        out.bytes(self.ct1.as_bytes()).bytes(self.ct2.as_bytes());
        out.into_bytes()
    }

    /// TH0.
    pub(super) fn transcript(&self, target: &Target) -> [u8; 32] {
        hash(
            HashLabel::PQXDH,
            &[
                &[SuiteId::Session.byte()],
                &target.core_hash,
                &target.identity_keys,
                &target.device.0,
                &target.leaf_hash,
                &self.ek,
                self.ct1.as_bytes(),
                self.ct2.as_bytes(),
            ],
        )
    }
}

/// `inner_fixed`: who calls, and with which ratchet keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) identity: IdentityId,
    pub(super) record_seq: u64,
    pub(super) record_hash: [u8; 32],
    pub(super) device: DeviceId,
    pub(super) certificate_hash: [u8; 32],
    pub(super) ratchet: DhPublic,
    pub(super) ratchet_kem: Kem1024Public,
    pub(super) hour: Hour,
    pub(super) mode: u8,
}

impl Inner {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(INNER);
        out.bytes(&self.identity.0).u64(self.record_seq).bytes(&self.record_hash);
        out.bytes(&self.device.0).bytes(&self.certificate_hash);
        out.bytes(&self.ratchet.0).bytes(self.ratchet_kem.as_bytes()).hour(self.hour).u8(self.mode);
        out.into_bytes()
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let identity = IdentityId(from.array("identity")?);
        let (record_seq, record_hash) = (from.u64("record number")?, from.array("record hash")?);
        let device = DeviceId(from.array("device")?);
        let certificate_hash = from.array("certificate hash")?;
        let ratchet = DhPublic(from.array("R_A")?);
        let ratchet_kem = Kem1024Public::from_bytes(from.array_ref("EKEM_A")?)
            .map_err(|_| DecodeError::Malformed { what: "EKEM_A" })?;
        let (hour, mode) = (from.hour("hour")?, from.u8("auth mode")?);
        Ok(Self { identity, record_seq, record_hash, device, certificate_hash, ratchet, ratchet_kem, hour, mode })
    }

    /// TH.
    pub(super) fn transcript(&self, first: &[u8; 32]) -> [u8; 32] {
        hash(HashLabel::TRANSCRIPT, &[first, &self.encode()])
    }

    /// What the device signs in mode 1: `EK_A‖R_A‖EKEM_A‖hour4`, nothing of the responder.
    pub(super) fn signed(&self, ek: &[u8; 32]) -> Vec<u8> {
        [&ek[..], &self.ratchet.0, self.ratchet_kem.as_bytes(), &self.hour.to_bytes()].concat()
    }
}

/// The secrets that the responder has before it knows who calls: all but DH1.
pub(super) struct Anonymous {
    pub(super) dh2: SharedSecret,
    pub(super) dh3: SharedSecret,
    pub(super) ss1: SharedSecret,
    pub(super) ss2: SharedSecret,
}

impl Anonymous {
    fn parts(&self) -> [&[u8]; 4] {
        [self.dh2.expose(), self.dh3.expose(), self.ss1.expose(), self.ss2.expose()]
    }

    /// K‖N of the sealed part.
    pub(super) fn seal(&self, first: &[u8; 32]) -> OneUse {
        kdf::<{ OneUse::SIZE }>(first, &self.parts(), KdfLabel::SEAL, &[]).one_use::<0>()
    }

    /// K‖N of a companion.
    pub(super) fn companion(&self, first: &[u8; 32], index: u8) -> OneUse {
        kdf::<{ OneUse::SIZE }>(first, &self.parts(), KdfLabel::COMPANION, &[&[index]]).one_use::<0>()
    }

    /// The first keys of the session.
    pub(super) fn session(&self, dh1: &SharedSecret, transcript: &[u8; 32], names: &Names) -> SessionKeys {
        let [dh2, dh3, ss1, ss2] = self.parts();
        let secrets = [&[0xff; 32][..], dh1.expose(), dh2, dh3, ss1, ss2];
        let (ours, theirs) = (&names.initiator, &names.responder);
        let fields: [&[u8]; 4] = [&ours.0, &ours.1.0, &theirs.0, &theirs.1.0];
        let okm = kdf::<192>(transcript, &secrets, KdfLabel::SESSION, &fields);
        SessionKeys {
            root: RootKey::from_bytes(okm.part::<0, 32>()),
            chain: ChainKey::from_bytes(okm.part::<32, 32>()),
            responder_header: HeaderKey::from_bytes(okm.part::<64, 32>()),
            initiator_header: HeaderKey::from_bytes(okm.part::<96, 32>()),
            to_responder: MailboxSecret::from_bytes(okm.part::<128, 32>()),
            to_initiator: MailboxSecret::from_bytes(okm.part::<160, 32>()),
        }
    }
}

/// SHA3-256(IC) and device of both sides.
pub(super) struct Names {
    pub(super) initiator: ([u8; 32], DeviceId),
    pub(super) responder: ([u8; 32], DeviceId),
}

/// `RK0‖CK_A‖NHK_B‖NHK_A‖s_AB‖s_BA`.
pub(super) struct SessionKeys {
    pub(super) root: RootKey,
    pub(super) chain: ChainKey,
    pub(super) responder_header: HeaderKey,
    pub(super) initiator_header: HeaderKey,
    pub(super) to_responder: MailboxSecret,
    pub(super) to_initiator: MailboxSecret,
}

/// The session id: H("pars-sid-v1"; TH).
pub(super) fn session_id(transcript: &[u8; 32]) -> SessionId {
    SessionId(hash(HashLabel::SESSION_ID, &[transcript]))
}
