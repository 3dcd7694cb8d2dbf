//! A disk that is full, read-only or broken, at every write in turn (THREATS R3, R4, S1); rows that somebody damaged.

use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use pars_engine::store::{Change, Table};
use pars_fuzz::Outcome;
use pars_fuzz::mutate::replay_and_damage;
use redb::{Builder, StorageBackend};

use super::*;

const CHAIN: u64 = 7_072;
/// Batches of the script; each is one transaction.
const BATCHES: u64 = 12;

/// What lies on the disk, and how it fails.
#[derive(Debug, Default)]
struct Platter {
    bytes: Vec<u8>,
    /// Changes and syncs that were asked for.
    asked: usize,
    /// From this one on they fail; none: it works.
    fails_from: Option<usize>,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
struct Faulty(Arc<Mutex<Platter>>);

impl Faulty {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// A change or sync, which may fail.
    fn ask(&self) -> Result<MutexGuard<'_, Platter>, Error> {
        let mut platter = self.platter();
        platter.asked += 1;
        match platter.fails_from {
            Some(from) if platter.asked >= from => Err(ErrorKind::StorageFull.into()),
            _ => Ok(platter),
        }
    }

    fn open(&self) -> Result<Store, StoreError> {
        let path = PathBuf::from("session.redb");
        let opened = Builder::new().create_with_backend(self.clone());
        let database = opened.map_err(|e| StoreError::Write { path: path.clone(), reason: e.to_string() })?;
        let store = Store { database, path };
        if store.is_blank()? {
            store.found(CHAIN)?;
        }
        Ok(store)
    }
}

impl StorageBackend for Faulty {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.platter().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let platter = self.platter();
        let bytes = platter.bytes.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.ask()?.bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.ask().map(drop)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.ask()?.bytes[offset as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// Batch n writes row n.
fn batch(n: u64) -> Batch {
    let value = Some(Value::Plain(vec![n as u8; 3_000]));
    Batch { id: BatchId(n), changes: vec![Change { table: Table::Store, key: n.to_be_bytes().to_vec(), value }] }
}

/// The batches in the file, which must be the first ones.
fn held(store: &Store) -> u64 {
    let rows = store.rows().unwrap();
    let keys: Vec<u64> = rows.of(Table::Store).map(|(key, _)| u64::from_be_bytes(key.try_into().unwrap())).collect();
    assert_eq!(keys, (1..=keys.len() as u64).collect::<Vec<_>>(), "whole batches, none left out");
    keys.len() as u64
}

/// Give the script to a store: the newest batch that it called durable, and how it ended.
fn write(store: Store) -> (u64, Result<(), StoreError>) {
    let Running { handle, committed, ended } = store.start().unwrap();
    for n in 1..=BATCHES {
        if handle.jobs.blocking_send(Job::Persist(batch(n))).is_err() {
            break;
        }
        // One transaction each: the next is given when this one is durable, or the store has stopped.
        while committed.borrow().0 < n && committed.has_changed().is_ok() {
            std::thread::yield_now();
        }
    }
    drop(handle);
    let ended = ended.blocking_recv().unwrap();
    let newest = committed.borrow().0;
    (newest, ended)
}

#[test]
fn a_disk_that_is_full_at_any_write_loses_nothing_that_was_called_durable_and_works_again() {
    let whole = Faulty::default();
    let (newest, ended) = write(whole.open().unwrap());
    assert!(newest == BATCHES && ended.is_ok());
    let (writes, mut stopped) = (whole.platter().asked, 0);
    for from in made()..=writes {
        let disk = Faulty::default();
        let store = disk.open().unwrap();
        disk.platter().fails_from = Some(from);
        let (told, ended) = write(store);
        if let Err(error) = ended {
            assert!(error.to_string().starts_with("session.redb cannot be written: "), "{error}");
            stopped += 1;
        } else {
            assert_eq!(told, BATCHES, "what ended well is whole");
        }
        disk.platter().fails_from = None;
        let store = disk.open().unwrap();
        let found = held(&store);
        assert!(found >= told, "write {from}: {told} were called durable, {found} are there");
        store.apply(&(found + 1..=BATCHES + 1).map(batch).collect::<Vec<_>>()).unwrap();
        assert_eq!(held(&store), BATCHES + 1, "there is room again: it goes on");
    }
    assert!(stopped > BATCHES, "{stopped} of {writes} failures hit the running store");
}

/// Writes that make an empty store, and the next.
fn made() -> usize {
    let disk = Faulty::default();
    let store = disk.open().unwrap();
    let made = disk.platter().asked;
    drop(store);
    made + 1
}

#[test]
fn a_store_that_was_made_by_half_is_made_anew_and_leaves_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.redb");
    // As a first start leaves it that was killed, or whose disk was full.
    std::fs::write(&path, []).unwrap();
    std::fs::write(path.with_extension("new"), vec![0; 4_096]).unwrap();
    let store = Store::open(&path, CHAIN).unwrap();
    store.apply(&[batch(1)]).unwrap();
    drop(store);
    assert_eq!(held(&Store::open(&path, CHAIN).unwrap()), 1);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_store_whose_disk_takes_nothing_any_more_is_still_read() {
    let disk = Faulty::default();
    let store = disk.open().unwrap();
    store.apply(&[batch(1)]).unwrap();
    disk.platter().fails_from = Some(0);
    assert!(matches!(store.apply(&[batch(2)]), Err(StoreError::Write { .. })));
    assert!(store.apply(&[batch(2)]).is_err(), "a write that failed is not tried again and called good");
    drop(store);
    disk.platter().fails_from = None;
    assert_eq!(held(&disk.open().unwrap()), 1);
}

/// `key_len1|key|value` as a row of the file.
fn row(bytes: &[u8]) -> Outcome {
    let (length, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let (key, value) = rest.split_at(rest.len().min(usize::from(*length)));
    let mut out = Writer::with_capacity(bytes.len() + 16);
    out.bytes(SNAPSHOT_MAGIC).u8(VERSION).u32(1);
    if write_row(key, value, &mut out).is_err() {
        return Outcome::Refused;
    }
    let Ok(rows) = Rows::decode(&out.into_bytes()) else { return Outcome::Refused };
    let table = Table::Store;
    for (key, value) in rows.of(table) {
        let form = match value {
            Value::Plain(bytes) => [&[1], bytes.as_slice()].concat(),
            Value::Sealed(sealed) => [&[2], sealed.as_bytes()].concat(),
        };
        assert!(bytes[1..] == [&[table as u8], key, &form].concat(), "a second form of a row");
    }
    Outcome::Accepted
}

#[test]
fn a_damaged_row_of_the_file_is_read_or_refused_and_nothing_else() {
    let good = |table: Table, form: u8| vec![3, table as u8, 7, 8, form, 9, 9, 9];
    let accepted = [good(Table::Store, 1), good(Table::Session, 2), vec![1, Table::Counter as u8, 1]];
    let refused = [good(Table::Store, 0), good(Table::Store, 3), vec![1, 0, 1], vec![1, 200, 1], vec![0, 1], vec![]];
    let accepted = accepted.map(|bytes| (bytes, Outcome::Accepted)).to_vec();
    let corpus = [accepted, refused.map(|bytes| (bytes, Outcome::Refused)).to_vec()].concat();
    replay_and_damage("store-row", &corpus, row);
}
