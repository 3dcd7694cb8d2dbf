//! What is agreed to (ELIGIBILITY section 4.2):
//!
//! ```text
//! policy     = keccak256(abi.encode(codecHash, storageHash, retentionSeconds, recipients))
//! recipients = H("pars-recording-recipients-v1"; the recording keys r_pk, rising, each a field)
//! ```

use alloy_primitives::{B256, keccak256};
use pars_crypto::hash::hash;
use pars_crypto::hkem::Xw768Public;
use pars_crypto::label::HashLabel;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::span::{seconds, word};

/// What the recorder proposes to everybody. 80 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terms {
    /// What is recorded, and in which form: hash of a text that people are shown.
    pub codec: B256,
    /// Where it is kept.
    pub storage: B256,
    /// For how long, in seconds.
    pub retention_seconds: u64,
    /// Until when the consent holds: Unix seconds, 40 bits.
    pub valid_until: u64,
}

impl Terms {
    /// The policy, for these recipients.
    pub fn policy(&self, recipients: B256) -> B256 {
        keccak256([self.codec, self.storage, word(self.retention_seconds), recipients].concat())
    }
}

impl Wire for Terms {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.codec.as_slice()).bytes(self.storage.as_slice());
        out.u64(self.retention_seconds).u64(self.valid_until);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            codec: from.array::<32>("codec of a recording")?.into(),
            storage: from.array::<32>("storage of a recording")?.into(),
            retention_seconds: from.u64("retention of a recording")?,
            valid_until: seconds(from)?,
        })
    }
}

/// `recipients` of these recording keys, given in any order.
pub fn recipients(keys: &[Xw768Public]) -> B256 {
    let mut keys: Vec<_> = keys.iter().map(Xw768Public::to_bytes).collect();
    keys.sort_unstable();
    let fields: Vec<&[u8]> = keys.iter().map(<[u8; Xw768Public::SIZE]>::as_slice).collect();
    hash(HashLabel::RECORDING_RECIPIENTS, &fields).into()
}
