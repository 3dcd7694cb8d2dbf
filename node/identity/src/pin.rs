//! What is remembered of a contact, and the chain rules of its records (SESSION section 2; THREATS I2, I8):
//! the core never changes, the sequence only rises, each record names the one before, revocation is final.

use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::limits::MAX_DEVICES;

use crate::core::IdentityCore;
use crate::id::IdentityId;
use crate::record::IdentityRecord;
use crate::revocation::Revocation;

const MAGIC: &[u8; 4] = b"PSPN";

/// A contact's identity as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    core: IdentityCore,
    seq: u64,
    record_hash: [u8; 32],
    devices: Vec<[u8; 32]>,
    contact_hash: [u8; 32],
    revoked: bool,
}

/// What a newer record changed. Each is one line in the chat, none is a safety warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The sequence rose.
    pub newer: bool,
    /// Devices came or went.
    pub devices: bool,
    /// The keys of the handshake changed.
    pub keys: bool,
}

/// Why a genuine record is not taken over. All but [`PinError::Older`] warn the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Another core: another identity, whatever it calls itself. Sending stops until the user acknowledges it.
    #[error("this contact shows another identity core; do not send before comparing safety numbers")]
    OtherCore,
    /// An old record came back.
    #[error("record {offered} is older than record {pinned}, which is known")]
    Older {
        /// What is known.
        pinned: u64,
        /// What came.
        offered: u64,
    },
    /// Two records of one number: the identity or a directory says different things to different people.
    #[error("there are two different records {0}; the known one is kept")]
    Fork(u64),
    /// The next record does not name the known one as its predecessor.
    #[error("record {0} does not continue the known record")]
    BrokenChain(u64),
    /// The identity has ended.
    #[error("this identity was revoked for ever")]
    Revoked,
}

impl Pin {
    /// Remember a contact by its first record.
    pub fn new(record: &IdentityRecord) -> Self {
        Self {
            core: record.core().clone(),
            seq: record.seq(),
            record_hash: *record.hash(),
            devices: record.devices().copied().collect(),
            contact_hash: record.contact().hash(),
            revoked: false,
        }
    }

    /// The contact.
    pub const fn id(&self) -> IdentityId {
        self.core.id()
    }

    /// The pinned core.
    pub const fn core(&self) -> &IdentityCore {
        &self.core
    }

    /// The newest sequence number and record hash: what the two sides exchange once a day.
    pub const fn newest(&self) -> (u64, &[u8; 32]) {
        (self.seq, &self.record_hash)
    }

    /// Whether the identity has ended.
    pub const fn revoked(&self) -> bool {
        self.revoked
    }

    /// Take over a record of this contact, or say why not; then nothing changes.
    ///
    /// # Errors
    /// [`PinError`].
    pub fn accept(&mut self, record: &IdentityRecord) -> Result<Change, PinError> {
        if self.core != *record.core() {
            return Err(PinError::OtherCore);
        }
        if self.revoked {
            return Err(PinError::Revoked);
        }
        let (pinned, offered) = (self.seq, record.seq());
        if offered < pinned {
            return Err(PinError::Older { pinned, offered });
        }
        if offered == pinned {
            return if *record.hash() == self.record_hash {
                Ok(Change::default())
            } else {
                Err(PinError::Fork(offered))
            };
        }
        // Over a gap the predecessor is unknown here; the next in line must name the known one.
        if offered - pinned == 1 && record.content().previous != self.record_hash {
            return Err(PinError::BrokenChain(offered));
        }
        let next = Self::new(record);
        let change =
            Change { newer: true, devices: next.devices != self.devices, keys: next.contact_hash != self.contact_hash };
        *self = next;
        Ok(change)
    }

    /// The identity has ended. Final.
    ///
    /// # Errors
    /// [`PinError::OtherCore`] for a revocation of somebody else, or checked against another core than the pinned one.
    pub fn revoke(&mut self, revocation: &Revocation) -> Result<(), PinError> {
        if revocation.core_hash() != self.core.hash() {
            return Err(PinError::OtherCore);
        }
        self.revoked = true;
        Ok(())
    }
}

/// For snapshots: `"PSPN"4 | IC2661 | seq8 | record_hash32 | contact_hash32 | revoked1 | count1 | count × 32`.
impl Wire for Pin {
    fn write(&self, out: &mut Writer) {
        out.bytes(MAGIC);
        self.core.write(out);
        out.u64(self.seq).bytes(&self.record_hash).bytes(&self.contact_hash).u8(self.revoked.into());
        out.u8(self.devices.len() as u8);
        for device in &self.devices {
            out.bytes(device);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(MAGIC, "pin")?;
        let core = IdentityCore::read(from)?;
        let seq = from.u64("sequence number")?;
        let record_hash = from.array("record hash")?;
        let contact_hash = from.array("hash of the contact keys")?;
        let revoked = match from.u8("revoked")? {
            0 => false,
            1 => true,
            value => return Err(DecodeError::Value { what: "revoked flag", value: value.into() }),
        };
        let count = usize::from(from.u8("number of devices")?);
        if count > MAX_DEVICES {
            return Err(DecodeError::Value { what: "number of devices", value: count as u64 });
        }
        let devices = (0..count).map(|_| from.array("device hash")).collect::<Result<_, _>>()?;
        Ok(Self { core, seq, record_hash, devices, contact_hash, revoked })
    }
}
