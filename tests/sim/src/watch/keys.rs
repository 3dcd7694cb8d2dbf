//! No message key seals two objects that leave their writer (SESSION section 4). When a member makes an object durable, its
//! session shows which chain sealed it and at which position:
//!
//! ```text
//! member   session, parcel          ──► object's hash → name of its key          (made: not outside yet)
//! service  batch: object            ──► name of its key → object's hash          (seen: no other one may follow)
//! ```
//!
//! A batch lost in a crash may have used a key for an object that nobody ever saw: that is what the barrier is for. Companions
//! have keys of their own and are passed over.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::sha3;
use pars_crypto::secret::MailboxSecret;
use pars_engine::Batch;
use pars_engine::member::Member;
use pars_engine::member::desk::{Destination, Parcel};
use pars_engine::store::{Table, Value};
use pars_proto::session::Session;
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S};

use super::Broken;
use crate::host::HostId;

/// Bytes of an INIT object before its position: the clear part and the sealed one, the same in the whole chain.
const INIT_REPEATED: usize = 3_179 + 6_432;
/// Sizes of objects, the largest first.
const BUCKETS: [usize; 3] = [BUCKET_L, BUCKET_M, BUCKET_S];

/// Names a message key without being one: hash of chain and position.
pub type KeyName = [u8; 32];

/// Which key sealed which object.
#[derive(Debug, Default)]
pub struct Keys {
    made: BTreeMap<[u8; 32], KeyName>,
    seen: BTreeMap<KeyName, [u8; 32]>,
    /// Parcels that were looked at: whose, number, hash.
    noted: BTreeSet<(HostId, u64, [u8; 32])>,
}

/// The object in a store's row: a whole bucket behind a head of a few bytes.
fn stored_object(row: &[u8]) -> &[u8] {
    let size = BUCKETS.into_iter().find(|size| *size <= row.len()).unwrap_or_default();
    row.get(row.len() - size..).unwrap_or_default()
}

/// A sending chain as a session shows it.
struct Chain {
    /// Where the session's objects go.
    mailbox: MailboxSecret,
    /// No other chain has it.
    name: [u8; 32],
    /// The next position.
    position: u32,
}

impl Keys {
    /// An object was sealed under a key.
    pub fn made(&mut self, object: [u8; 32], key: KeyName) {
        self.made.insert(object, key);
    }

    /// An object was seen outside its writer.
    ///
    /// # Errors
    /// Another object under the same key was seen before.
    pub fn seen(&mut self, object: [u8; 32]) -> Result<(), Broken> {
        let Some(key) = self.made.get(&object) else { return Ok(()) };
        let first = *self.seen.entry(*key).or_insert(object);
        if first == object { Ok(()) } else { Err("a message key sealed two objects that left their writer".to_owned()) }
    }

    /// Keys whose objects were seen.
    pub fn used(&self) -> usize {
        self.seen.len()
    }

    /// A member makes a batch durable, after which it is as `member` shows it.
    ///
    /// # Errors
    /// An object of a chain without a row of its ratchet in the same batch, or without a chain.
    pub fn sealed(&mut self, host: HostId, batch: &Batch, member: &Member) -> Result<(), Broken> {
        let writes = |table| batch.changes.iter().any(|change| change.table == table && change.value.is_some());
        let chain = |session: &Session| {
            let (name, position) = session.sending()?;
            Some(Chain { mailbox: session.mailboxes().outgoing.clone(), name, position })
        };
        let mut chains: Vec<Chain> = member.sessions().all().filter_map(|(session, _)| chain(session)).collect();
        // Numbers rise, and what is older than a known object is known. The last object of a chain has the position before
        // the next one.
        for (number, Parcel { to, object, .. }) in member.desk().parcels().rev() {
            let hash = sha3(&[object]);
            if !self.noted.insert((host, number, hash)) {
                break;
            }
            match (object.get(..2), to) {
                _ if self.made.contains_key(&hash) => {}
                (Some([1, 1]), Destination::Mailbox(mailbox)) => {
                    let chain = chains.iter_mut().find(|chain| chain.mailbox == *mailbox);
                    let Some(chain) = chain.filter(|chain| chain.position > 0 && writes(Table::Session)) else {
                        return Err(format!("{host} sealed an object without the ratchet's row in the same batch"));
                    };
                    chain.position -= 1;
                    self.made(hash, sha3(&[b"ratchet", &chain.name, &chain.position.to_be_bytes()]));
                }
                (Some([1, 2]), Destination::Inbox { .. }) => {
                    let short = || format!("{host} sealed an INIT object of {} bytes", object.len());
                    let repeated = object.get(..INIT_REPEATED + 2).ok_or_else(short)?;
                    self.made(hash, sha3(&[b"init", repeated]));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A service makes a batch durable: its objects are outside.
    ///
    /// # Errors
    /// As [`Keys::seen`].
    pub fn stored(&mut self, batch: &Batch) -> Result<(), Broken> {
        for change in batch.changes.iter().filter(|change| change.table == Table::Store) {
            if let (Some(b'o'), Some(Value::Plain(value))) = (change.key.first(), &change.value) {
                self.seen(sha3(&[stored_object(value)]))?;
            }
        }
        Ok(())
    }
}
