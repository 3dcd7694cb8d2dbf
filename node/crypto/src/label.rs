//! The registry of labels (SESSION section 1; rooms, consent and actions: TOWNHALL and ELIGIBILITY).
//!
//! A label serves one use. The use is its type: a label made for hashing cannot derive a key, and one made for a
//! signature cannot do either. Only this module can make a label, so no other bytes can ever stand in its place.

use std::fmt;

/// What a label is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// `H(label; …)`.
    Hash,
    /// `KDF(…, label; …)` and `Expand`.
    Kdf,
    /// `HS(label, M)`: Ed25519 and ML-DSA-87 together.
    HybridSignature,
    /// `Ed25519(label ‖ 0x00 ‖ M)` alone, by keys of a day, a node or a seat.
    Signature,
}

macro_rules! labels {
    ($(
        $(#[doc = $type_doc:literal])+
        $type:ident = $use:ident {$(
            $(#[doc = $doc:literal])+
            $name:ident = $text:literal;
        )+}
    )+) => {
        $(
            $(#[doc = $type_doc])+
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $type(&'static str);

            impl $type {
                $(
                    $(#[doc = $doc])+
                    pub const $name: Self = Self($text);
                )+

                /// The ASCII text.
                pub const fn as_str(self) -> &'static str {
                    self.0
                }

                /// The bytes that enter the primitive.
                pub const fn as_bytes(self) -> &'static [u8] {
                    self.0.as_bytes()
                }
            }

            impl fmt::Debug for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(self.0)
                }
            }
        )+

        /// Every label with its one use.
        pub const ALL: &[(&str, Use)] = &[$($(($text, Use::$use),)+)+];
    };
}

labels! {
    /// A label of [`crate::hash::hash`].
    HashLabel = Hash {
        /// rev_hash = H(r).
        REVOCATION = "pars-rev-v1";
        /// ik_hash = H(x25519, mlkem_ek) of an identity record.
        IDENTITY_KEYS = "pars-ik-v1";
        /// First round of the safety number: H(IC).
        SAFETY = "pars-safety-v1";
        /// Directory tag: H(ID, week4).
        DIRECTORY = "pars-dir-v1";
        /// TH0 of the handshake.
        PQXDH = "pars-pqxdh-v1";
        /// TH of the handshake.
        TRANSCRIPT = "pars-th-v1";
        /// Session id: H(TH).
        SESSION_ID = "pars-sid-v1";
        /// T of a ratchet step.
        RATCHET_TRANSCRIPT = "pars-ratchet-t-v1";
        /// Mailbox tag: H(flag1, vk).
        MAILBOX_TAG = "pars-mbx-tag-v1";
        /// Inbox tag: H(inbox_vk, day4).
        INBOX_TAG = "pars-inbox-tag-v1";
        /// Object id: H(tag, object).
        OBJECT = "pars-obj-v1";
        /// Placement: H(beacon, tag, node_id).
        SWARM = "pars-swarm-v1";
        /// Proof of work: H(tag, obj_id, beacon, nonce8).
        HASHCASH = "pars-hc-v1";
        /// seat_hash of a room (TOWNHALL 3).
        ROOM_SEAT = "pars-room-seat-v1";
        /// Payload of a vote (ELIGIBILITY 1).
        ROOM_VOTE = "pars-room-vote-v1";
        /// Metadata object of a room (TOWNHALL 2).
        ROOM_OBJECT = "pars-room-object-v1";
        /// Statement hash (TOWNHALL 3).
        ROOM_STATEMENT_HASH = "pars-room-st-v1";
        /// Host entry hash (TOWNHALL 3).
        ROOM_HOST = "pars-room-host-v1";
        /// Roster root (TOWNHALL 3).
        ROOM_ROSTER = "pars-room-roster-v1";
        /// Hash of an epoch secret (TOWNHALL 3).
        ROOM_SECRET = "pars-room-secret-v1";
        /// Epoch record hash (TOWNHALL 3).
        ROOM_EPOCH = "pars-room-epoch-v1";
        /// Check code of an epoch (TOWNHALL 3).
        ROOM_CHECK = "pars-room-check-v1";
        /// Recording id (ELIGIBILITY 4).
        RECORDING = "pars-recording-v1";
        /// Recipients of a recording (ELIGIBILITY 4).
        RECORDING_RECIPIENTS = "pars-recording-recipients-v1";
        /// Wraps of a recording (ELIGIBILITY 4).
        RECORDING_WRAPS = "pars-recording-wraps-v1";
        /// Dummy consent keys (ELIGIBILITY 4).
        CONSENT_DUMMY = "pars-consent-dummy-v1";
    }

    /// A label of [`crate::kdf::kdf`] and [`crate::kdf::expand`].
    KdfLabel = Kdf {
        /// Keys of the identity: KDF(ns, E; purpose, counter4).
        IDENTITY = "pars-id-v1";
        /// Device linking: KDF(k_qr, ss; transcript).
        LINK = "pars-link-v1";
        /// Sealed part of an INIT: KDF(TH0, DH2‖DH3‖ss1‖ss2).
        SEAL = "pars-seal-v1";
        /// Companions of an INIT: KDF(TH0, DH2‖DH3‖ss1‖ss2; idx1).
        COMPANION = "pars-ir-seal-v1";
        /// First keys of a session.
        SESSION = "pars-session-v1";
        /// A ratchet step: KDF(RK, ss_c‖ss_pq [‖ss_auth]; T).
        RATCHET = "pars-ratchet-v1";
        /// Message keys: Expand(MK; mkind1, r16) -> K‖N‖com 76.
        MESSAGE = "pars-msg-v1";
        /// Mailbox day key: KDF(ns, s; day4) -> Ed25519 seed.
        MAILBOX = "pars-mbx-v1";
        /// An onion hop: 220 bytes.
        ONION = "pars-onion-v1";
        /// A reply block's payload key: KDF(ns, k_surb) -> 128 bytes.
        SURB = "pars-surb-v1";
        /// Group log (part D).
        GROUP_LOG = "pars-grp-log-v1";
        /// Group wrap (part D).
        GROUP_WRAP = "pars-grp-wrap-v1";
        /// Next group key (part D).
        GROUP_NEXT = "pars-grp-next-v1";
        /// Group header key (part D).
        GROUP_HEADER = "pars-grp-hdr-v1";
        /// Group mailbox (part D).
        GROUP_MAILBOX = "pars-grp-mbx-v1";
        /// Group KEM seed (part D).
        GROUP_KEM = "pars-grp-kem-v1";
        /// Key tree (part D).
        TREE = "pars-tree-v1";
        /// Group message keys (part D).
        GROUP_MESSAGE = "pars-gmsg-v1";
        /// Group join (part D).
        GROUP_JOIN = "pars-grp-join-v1";
        /// File encryption (part D).
        FILE_ENCRYPTION = "pars-file-enc-v1";
        /// File addresses (part D).
        FILE_ADDRESS = "pars-file-addr-v1";
        /// File mailboxes (part D).
        FILE_MAILBOX = "pars-file-mbx-v1";
        /// Mesh tag (part H).
        MESH_TAG = "pars-mesh-tag-v1";
        /// Mesh link (part H).
        MESH_LINK = "pars-mesh-link-v1";
        /// Vault header: KDF(ns, argon; slot1, r16).
        VAULT_HEADER = "pars-vault-hdr-v1";
        /// Vault value: KDF(ns, store key; table, key, r16) -> K‖N. See [`crate::Sealed`].
        VAULT_VALUE = "pars-vault-val-v1";
        /// Encrypted room metadata (TOWNHALL 2).
        ROOM_METADATA = "pars-room-meta-v1";
        /// Sealed join (TOWNHALL 3).
        ROOM_JOIN = "pars-room-join-v1";
        /// Sealed reply to a join (TOWNHALL 3).
        ROOM_REPLY = "pars-room-reply-v1";
        /// Pairwise keys of two seats (TOWNHALL 3).
        ROOM_PAIR = "pars-room-pair-v1";
        /// Wrapped epoch secret (TOWNHALL 3).
        ROOM_WRAP = "pars-room-wrap-v1";
        /// Media and data key of a sender (TOWNHALL 3).
        ROOM_SENDER = "pars-room-sender-v1";
        /// Notices about a recording (ELIGIBILITY 4).
        ROOM_RECORDING = "pars-room-recording-v1";
        /// Wrapped recording key (TOWNHALL 6).
        RECORDING_WRAP = "pars-recording-wrap-v1";
        /// Key of one file of a recording: KDF(ns, file_key; recordingId, file id16) (TOWNHALL 6).
        RECORDING_FILE = "pars-recording-file-v1";
    }

    /// A label of the hybrid signature [`crate::sign::HybridSecret::sign`].
    HybridLabel = HybridSignature {
        /// Identity record.
        IDENTITY_RECORD = "pars-ir-v1";
        /// Device certificate.
        DEVICE_CERTIFICATE = "pars-dc-v1";
        /// Prekey batch.
        PREKEY_BATCH = "pars-pb-v1";
        /// Successor statement.
        SUCCESSOR = "pars-suc-v1";
        /// Service node descriptor.
        RELAY_DESCRIPTOR = "pars-rd-v1";
        /// INIT in mode 1: EK_A‖R_A‖EKEM_A‖hour4.
        INIT = "pars-init-v1";
        /// INIT in mode 3: TH.
        INIT_LASTING = "pars-init3-v1";
        /// A signed message.
        MESSAGE = "pars-msg-sig-v1";
        /// A group commit (part D).
        GROUP_COMMIT = "pars-grp-commit-v1";
        /// A group leaf (part D).
        GROUP_LEAF = "pars-grp-leaf-v1";
        /// A statement of an identified member (TOWNHALL 3).
        ROOM_STATEMENT = "pars-room-statement-v1";
        /// Certificate of a trigger key (ELIGIBILITY 5).
        TRIGGER_CERTIFICATE = "pars-trigger-cert-v1";
    }

    /// A label of an Ed25519 signature alone, [`crate::sign::Ed25519Secret::sign`].
    SignatureLabel = Signature {
        /// A command to the swarm.
        COMMAND = "pars-cmd-v1";
        /// A receipt of a storing node.
        RECEIPT = "pars-receipt-v1";
        /// A group message (part D).
        GROUP_MESSAGE = "pars-gmsg-sig-v1";
        /// A host's grant (TOWNHALL 3).
        ROOM_GRANT = "pars-room-grant-v1";
        /// A host's rendezvous (TOWNHALL 2).
        ROOM_RENDEZVOUS = "pars-room-rdv-v1";
        /// A recorder's seat (TOWNHALL 3).
        ROOM_RECORDER = "pars-room-recorder-v1";
        /// A steward's epoch record (TOWNHALL 3).
        ROOM_EPOCH_RECORD = "pars-room-rec-v1";
        /// A seat's connection (TOWNHALL 3).
        ROOM_CONNECTION = "pars-room-conn-v1";
        /// A seat's message (TOWNHALL 4).
        ROOM_MESSAGE = "pars-room-msg-v1";
        /// A ballot (TOWNHALL 2).
        ROOM_BALLOT = "pars-room-ballot-v1";
    }
}

impl HybridLabel {
    /// No label: the context under which the chain's precompile verifies (EIP-8355). For [`crate::trigger`] alone, whose
    /// statements carry their separation in front.
    pub(crate) const EMPTY: Self = Self("");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_label_stands_once_for_one_use() {
        let unique: BTreeSet<_> = ALL.iter().map(|(text, _)| text).collect();
        assert_eq!(unique.len(), ALL.len());
    }

    #[test]
    fn every_label_is_short_printable_and_versioned() {
        for (text, _) in ALL {
            assert!(text.starts_with("pars-") && text.ends_with("-v1"), "{text}");
            assert!(
                text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
        }
    }
}
