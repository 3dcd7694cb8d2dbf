//! No message key seals two objects that leave their writer (SESSION section 4). The simulator knows each store's key, so it
//! reads from the batch in which a member makes an object durable which chain sealed it and at which position:
//!
//! ```text
//! member   batch: sessions, parcels ──► object's hash → name of its key          (made: not outside yet)
//! service  batch: object            ──► name of its key → object's hash          (seen: no other one may follow)
//! ```
//!
//! A batch lost in a crash may have used a key for an object that nobody ever saw: that is what the barrier is for. Companions
//! have keys of their own and are passed over.

use std::collections::BTreeMap;

use pars_crypto::Sealed;
use pars_crypto::hash::sha3;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{StoreKey, Zeroizing};
use pars_engine::Batch;
use pars_engine::store::{Change, Table, Value};
use pars_wire::codec::{DecodeError, Reader};

use super::Broken;
use crate::host::HostId;

/// Bytes of an INIT object before its position: the clear part and the sealed one, the same in the whole chain.
const INIT_REPEATED: usize = 3_179 + 6_432;
/// Bytes of a store's row before the object.
const STORED_HEAD: usize = 1 + 8 + 4 + 4 + 1;

/// Bytes in front of a sealed session: what it may be used for, until when, and which handshake it superseded.
const SESSION_HEAD: usize = 1 + 4 + 4;

/// Names a message key without being one: hash of chain and position.
pub type KeyName = [u8; 32];

/// Which key sealed which object.
#[derive(Debug, Default)]
pub struct Keys {
    made: BTreeMap<[u8; 32], KeyName>,
    seen: BTreeMap<KeyName, [u8; 32]>,
}

/// A sending chain as a session's row has it.
struct Chain {
    /// Where the session's objects go.
    mailbox: [u8; 32],
    /// Its header key: no other chain has it.
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

    /// A member makes a batch durable.
    ///
    /// # Errors
    /// Its rows are not those that this watch knows: then it would see nothing.
    pub fn sealed(&mut self, host: HostId, batch: &Batch, store: &StoreKey) -> Result<(), Broken> {
        let unread = |what: &str| format!("{host} wrote a row of {what} that the watch cannot read");
        let rows = |table: Table| batch.changes.iter().filter(move |change| change.table == table);
        let mut chains: Vec<Chain> = Vec::new();
        for change in rows(Table::Session) {
            if let Some(chain) = chain(change, store).map_err(|()| unread("a session"))? {
                chains.retain(|other| other.mailbox != chain.mailbox);
                chains.push(chain);
            }
        }
        // The last object of a chain has the position before the next one.
        for change in rows(Table::Outbox).collect::<Vec<_>>().into_iter().rev() {
            let Some(parcel) = open(change, store).map_err(|()| unread("the outbox"))? else { continue };
            let (mailbox, object) = split_parcel(&parcel).map_err(|_| unread("the outbox"))?;
            let hash = sha3(&[object]);
            match object.get(..2) {
                _ if self.made.contains_key(&hash) => {}
                Some([1, 1]) => {
                    let chain = chains.iter_mut().find(|chain| chain.mailbox == mailbox);
                    let Some(chain) = chain.filter(|chain| chain.position > 0) else {
                        return Err(format!("{host} sealed an object without the ratchet's row in the same batch"));
                    };
                    chain.position -= 1;
                    self.made(hash, sha3(&[b"ratchet", &chain.name, &chain.position.to_be_bytes()]));
                }
                Some([1, 2]) => {
                    let chain = object.get(..INIT_REPEATED + 2).ok_or_else(|| unread("the outbox"))?;
                    self.made(hash, sha3(&[b"init", chain]));
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
                self.seen(sha3(&[value.get(STORED_HEAD..).unwrap_or_default()]))?;
            }
        }
        Ok(())
    }
}

/// The secret of a sealed row; nothing for a row that goes.
fn open(change: &Change, store: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, ()> {
    match &change.value {
        Some(Value::Sealed(sealed)) => {
            let place = Place { table: change.table.name(), key: &change.key };
            sealed.open(store, place).map(Some).map_err(|_| ())
        }
        Some(Value::Plain(_)) => Err(()),
        None => Ok(None),
    }
}

/// The ratchet chain that a session's row sends on, if it has one.
fn chain(change: &Change, store: &StoreKey) -> Result<Option<Chain>, ()> {
    let Some(Value::Plain(row)) = &change.value else { return Ok(None) };
    let sealed = Sealed::from_bytes(row.get(SESSION_HEAD..).ok_or(())?.to_vec());
    let session = sealed.open(store, Place { table: change.table.name(), key: &change.key }).map_err(|_| ())?;
    sending(&session).map_err(|_| ())
}

/// `"PSSS"4|version1|ours48|peer80|TH32|record_seq8|created4|out32|in32|role1|sid32|root32|next_header32|turn1`, then for turn 2
/// `x32|kem64|kind1`, then for kind 2 `chain32|position4|previous4|began4|header32|…`.
fn sending(session: &[u8]) -> Result<Option<Chain>, DecodeError> {
    let mut from = Reader::new(session);
    from.magic(b"PSSS\x01", "stored session of version 1")?;
    from.take(48 + 80 + 32 + 8 + 4, "names")?;
    let mailbox = from.array("mailbox secret")?;
    from.take(32 + 1 + 32 + 32 + 32, "keys")?;
    if from.u8("turn")? != 2 {
        return Ok(None);
    }
    from.take(32 + 64, "ratchet keys")?;
    if from.u8("kind of sending chain")? != 2 {
        return Ok(None);
    }
    from.take(32, "chain key")?;
    let position = from.u32("position")?;
    from.take(4 + 4, "previous chain")?;
    Ok(Some(Chain { mailbox, position, name: from.array("header key")? }))
}

/// `cursor8|kind1|mailbox secret or inbox key 32|bits1|object`.
fn split_parcel(parcel: &[u8]) -> Result<([u8; 32], &[u8]), DecodeError> {
    let mut from = Reader::new(parcel);
    from.take(8 + 1, "cursor and kind")?;
    let mailbox = from.array("mailbox")?;
    from.u8("bits")?;
    Ok((mailbox, from.rest()))
}
