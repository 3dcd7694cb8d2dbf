//! A session at rest: one versioned value, sealed as a whole (ARCHITECTURE "Persistence"). Names are sealed with the
//! secrets: a stolen file does not tell who writes to whom.
//!
//! ```text
//! "PSSS"4|version1|ours(identity32|device16)|peer(identity32|device16|core_hash32)|TH32|record_seq8|created4
//!        |mailbox out32|mailbox in32|ratchet
//! ```

use pars_crypto::aead::AeadError;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{MailboxSecret, StoreKey, Zeroizing};
use pars_crypto::{CryptoRng, Sealed, Suite};
use pars_identity::IdentityId;
use pars_identity::device::DeviceId;
use pars_wire::codec::{DecodeError, Reader, Writer};

use super::pair::{Address, Mailboxes, Peer, Session, SessionId};
use super::ratchet::Ratchet;

const MAGIC: &[u8; 4] = b"PSSS";
/// Version of the layout; a golden file exists for each.
const VERSION: u8 = 1;
/// The table a session is sealed for.
const TABLE: &str = "session";

/// Why a snapshot is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Another store key, another session's row, or damaged.
    #[error("the stored session does not open: {0}")]
    Sealed(#[from] AeadError),
    /// A later version, or not a session.
    #[error("the stored session is malformed: {0}")]
    Malformed(#[from] DecodeError),
}

impl Session {
    /// Seal the whole state for the row of this session.
    pub fn store(&self, key: &StoreKey, rng: &mut (impl CryptoRng + ?Sized)) -> Sealed {
        Sealed::seal(key, place(&self.id()), &self.encode(), rng)
    }

    /// Open the row of session `id`.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(id: &SessionId, sealed: &Sealed, key: &StoreKey, suite: &dyn Suite) -> Result<Self, RestoreError> {
        let bytes = sealed.open(key, place(id))?;
        let mut from = Reader::new(&bytes);
        let session = Self::read(&mut from, suite)?;
        from.finish()?;
        Ok(session)
    }

    /// The plain bytes. The writer never grows beyond its first allocation, so that no copy is left behind.
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::with_capacity(self.ratchet.room());
        out.bytes(MAGIC).u8(VERSION);
        write_address(&self.ours, &mut out);
        write_address(&self.peer.address, &mut out);
        out.bytes(&self.peer.core_hash).bytes(&self.transcript).u64(self.record_seq).hour(self.created);
        out.bytes(self.mailboxes.outgoing.expose()).bytes(self.mailboxes.incoming.expose());
        self.ratchet.write(&mut out);
        debug_assert!(out.len() <= self.ratchet.room(), "the first allocation held everything");
        Zeroizing::new(out.into_bytes())
    }

    fn read(from: &mut Reader<'_>, suite: &dyn Suite) -> Result<Self, DecodeError> {
        from.magic(MAGIC, "stored session")?;
        from.magic(&[VERSION], "stored session of version 1")?;
        let (ours, theirs) = (read_address(from)?, read_address(from)?);
        let peer = Peer { address: theirs, core_hash: from.array("core hash")? };
        let (transcript, record_seq) = (from.array("TH")?, from.u64("record number")?);
        let created = from.hour("beginning")?;
        let outgoing = MailboxSecret::from_bytes(from.array("mailbox secret")?);
        let incoming = MailboxSecret::from_bytes(from.array("mailbox secret")?);
        let mailboxes = Mailboxes { outgoing, incoming };
        let ratchet = Ratchet::read(from, suite)?;
        Ok(Self { ours, peer, transcript, record_seq, created, mailboxes, ratchet })
    }
}

const fn place(id: &SessionId) -> Place<'_> {
    Place { table: TABLE, key: &id.0 }
}

fn write_address(address: &Address, out: &mut Writer) {
    out.bytes(&address.identity.0).bytes(&address.device.0);
}

fn read_address(from: &mut Reader<'_>) -> Result<Address, DecodeError> {
    Ok(Address { identity: IdentityId(from.array("identity")?), device: DeviceId(from.array("device")?) })
}
