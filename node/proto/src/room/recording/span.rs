//! What everybody agrees to: EIP-712 `Recording`, domain `ParsRecordingConsent` / `1` (ELIGIBILITY section 4.2, EIP-712).
//!
//! ```text
//! recordingId = H("pars-recording-v1"; RS68, random32): not even the room shows on chain
//! span        = hashStruct(Recording(bytes32 recordingId,bytes32 roster,uint16 participants,bytes32 policy,bytes32 recorder,uint40 validUntil))
//! digest      = keccak256(0x1901 | domain separator | hashStruct) of Recording, Withdraw(bytes32 recording) or
//!               Anchor(bytes32 recording,bytes cid,bytes32 wraps), where `recording` is the span
//! ```

use alloy_primitives::{Address, B256, U256, keccak256};
use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::{ChainId, RecordingId};

use crate::room::scope::Scope;

/// How far ahead a consent reaches at most, in seconds: the contract's bound.
pub const MAX_VALIDITY: u64 = 24 * 3_600;

const DOMAIN_TYPE: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const NAME: &str = "ParsRecordingConsent";
const VERSION: &str = "1";
const TYPE: &str = "Recording(bytes32 recordingId,bytes32 roster,uint16 participants,bytes32 policy,bytes32 recorder,\
                    uint40 validUntil)";
const WITHDRAW: &str = "Withdraw(bytes32 recording)";
const ANCHOR: &str = "Anchor(bytes32 recording,bytes cid,bytes32 wraps)";
/// The contract's `uint40`.
const MAX_SECONDS: u64 = (1 << 40) - 1;

/// `recordingId`: what all spans of one recording share. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingTag(
    /// The hash.
    pub B256,
);

impl RecordingTag {
    /// Of a recording in this sitting, from the recorder's fresh random bytes.
    pub fn of(scope: &Scope, random: &[u8; 32]) -> Self {
        Self(hash(HashLabel::RECORDING, &[&scope.to_bytes(), random]).into())
    }
}

pub(super) fn word(number: u64) -> B256 {
    U256::from(number).into()
}

/// One span: a recording and the roster that agrees to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recording {
    /// Which recording.
    pub tag: RecordingTag,
    /// Root over everybody's consent keys.
    pub roster: B256,
    /// How many keys: every one must sign.
    pub participants: u16,
    /// What is agreed to.
    pub policy: B256,
    /// keccak-256 of the recording member's consent signer.
    pub recorder: B256,
    /// Unix seconds, 40 bits.
    pub valid_until: u64,
}

impl Recording {
    /// How many bytes on the wire.
    pub const SIZE: usize = 32 + 32 + 2 + 32 + 32 + 8;

    /// hashStruct: the span's name on chain.
    pub fn span(&self) -> RecordingId {
        let words = [
            keccak256(TYPE),
            self.tag.0,
            self.roster,
            word(self.participants.into()),
            self.policy,
            self.recorder,
            word(self.valid_until),
        ];
        RecordingId(keccak256(words.concat()))
    }
}

impl Wire for Recording {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.tag.0.as_slice()).bytes(self.roster.as_slice()).u16(self.participants);
        out.bytes(self.policy.as_slice()).bytes(self.recorder.as_slice()).u64(self.valid_until);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            tag: RecordingTag(from.array::<32>("recording")?.into()),
            roster: from.array::<32>("root of a consent roster")?.into(),
            participants: from.u16("participants of a recording")?,
            policy: from.array::<32>("policy of a recording")?.into(),
            recorder: from.array::<32>("recorder")?.into(),
            valid_until: seconds(from)?,
        })
    }
}

/// Unix seconds as the contract's 40 bits hold them.
pub(super) fn seconds(from: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let seconds = from.u64("end of a consent")?;
    if seconds > MAX_SECONDS {
        return Err(DecodeError::Value { what: "end of a consent", value: seconds });
    }
    Ok(seconds)
}

/// The contract for which is signed: its chain and address keep a signature from holding anywhere else (THREATS K4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentDomain {
    /// The chain.
    pub chain: ChainId,
    /// Its RecordingConsent contract.
    pub contract: Address,
}

impl ConsentDomain {
    /// EIP-712 domain separator.
    pub fn separator(&self) -> B256 {
        let (name, version) = (keccak256(NAME), keccak256(VERSION));
        let words = [keccak256(DOMAIN_TYPE), name, version, word(self.chain.0), self.contract.into_word()];
        keccak256(words.concat())
    }

    fn digest(&self, struct_hash: B256) -> B256 {
        keccak256([&[0x19, 0x01], self.separator().as_slice(), struct_hash.as_slice()].concat())
    }

    /// What every key of the roster signs to consent.
    pub fn consent_digest(&self, span: RecordingId) -> B256 {
        self.digest(span.0)
    }

    /// What a key of the roster signs to withdraw, for ever.
    pub fn withdraw_digest(&self, span: RecordingId) -> B256 {
        self.digest(keccak256([keccak256(WITHDRAW), span.0].concat()))
    }

    /// What the recorder's key signs to name what was recorded; the contract takes a CID of 1 to 128 bytes.
    pub fn anchor_digest(&self, span: RecordingId, cid: &[u8], wraps: B256) -> B256 {
        self.digest(keccak256([keccak256(ANCHOR), span.0, keccak256(cid), wraps].concat()))
    }
}
