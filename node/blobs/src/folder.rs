//! The embedded store: one file a block.
//!
//! | Path | What |
//! |---|---|
//! | `blocks/<last two characters>/<cid>` | the bytes of a block |
//! | `pins/<cid>` | an empty file: everything below this root stays |
//! | `new/<number>` | a block that is being written; removed at the next start |
//!
//! A block is written beside its place, synced, renamed, and its folder synced, before `put` answers: a crash leaves a whole
//! block or none. Reading checks the bytes; what has changed on the disk is an error that names the block. The files are
//! encrypted recordings; their sizes and number are visible to whoever reads the disk (DECISIONS O-43).

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pars_blocks::{Block, Bounds, Cid, Codec, MAX_BLOCK, Scope, Walk};

use crate::store::{Answer, BlobError, BlobSource, BlobStore, links};

/// A directory of blocks. One process at a time; clones share it.
#[derive(Clone, Debug)]
pub struct Folder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    quota: u64,
    state: Mutex<State>,
}

/// What changes go through, one after the other.
#[derive(Debug)]
struct State {
    /// Bytes of all blocks.
    used: u64,
    /// Name of the next file under `new`.
    next: u64,
}

impl Folder {
    /// Open the directory, or make it, closed to others.
    ///
    /// # Errors
    /// [`BlobError::File`].
    pub fn open(path: &Path, quota: u64) -> Result<Self, BlobError> {
        for folder in [path.to_owned(), path.join("blocks"), path.join("pins"), path.join("new")] {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|e| failed(&folder, e))?;
        }
        for file in list(&path.join("new"))? {
            fs::remove_file(&file).map_err(|e| failed(&file, e))?;
        }
        let mut used = 0;
        for folder in list(&path.join("blocks"))? {
            for file in list(&folder)? {
                used += fs::metadata(&file).map_err(|e| failed(&file, e))?.len();
            }
        }
        Ok(Self(Arc::new(Inner { path: path.to_owned(), quota, state: Mutex::new(State { used, next: 0 }) })))
    }

    /// Bytes of all blocks.
    pub fn used(&self) -> u64 {
        self.0.state().used
    }

    /// Run on a thread that may wait for the disk.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, BlobError> + Send + 'static,
    ) -> Answer<'_, T> {
        let inner = self.0.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&inner)).await;
            done.unwrap_or(Err(BlobError::System("thread for the disk")))
        })
    }
}

impl BlobSource for Folder {
    fn get(&self, cid: Cid) -> Answer<'_, Block> {
        self.run(move |inner| inner.read(cid))
    }
}

impl BlobStore for Folder {
    fn put(&self, block: Block) -> Answer<'_, ()> {
        self.run(move |inner| inner.put(&block))
    }

    fn stat(&self, cid: Cid) -> Answer<'_, Option<u64>> {
        self.run(move |inner| {
            let path = inner.place(cid);
            match fs::metadata(&path) {
                Ok(meta) => Ok(Some(meta.len())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(&path, error)),
            }
        })
    }

    fn pin(&self, root: Cid) -> Answer<'_, ()> {
        self.run(move |inner| inner.pin(root))
    }

    fn unpin(&self, root: Cid) -> Answer<'_, ()> {
        self.run(move |inner| inner.unpin(root))
    }

    fn pins(&self) -> Answer<'_, BTreeSet<Cid>> {
        self.run(Inner::pins)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // A writer that panicked has left whole files.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, cid: Cid) -> PathBuf {
        let name = cid.to_string();
        let shard = name.get(name.len() - 2..).unwrap_or_default().to_owned();
        self.path.join("blocks").join(shard).join(name)
    }

    fn pinned(&self, root: Cid) -> PathBuf {
        self.path.join("pins").join(root.to_string())
    }

    fn read(&self, cid: Cid) -> Result<Block, BlobError> {
        let path = self.place(cid);
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BlobError::Missing(cid),
            _ => failed(&path, error),
        })?;
        let mut data = Vec::new();
        file.take(MAX_BLOCK as u64 + 1).read_to_end(&mut data).map_err(|e| failed(&path, e))?;
        Ok(Block::verified(cid, data)?)
    }

    fn put(&self, block: &Block) -> Result<(), BlobError> {
        let mut state = self.state();
        let path = self.place(block.cid());
        // One that was damaged is written anew.
        let before = match fs::metadata(&path) {
            Ok(_) if self.read(block.cid()).is_ok() => return Ok(()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        };
        let used = (state.used - before.min(state.used)).saturating_add(block.data().len() as u64);
        if used > self.quota {
            return Err(BlobError::Full { quota: self.quota });
        }
        self.write(&mut state, &path, block.data())?;
        state.used = used;
        Ok(())
    }

    /// Write a file whole and durably, or not at all.
    fn write(&self, state: &mut State, path: &Path, data: &[u8]) -> Result<(), BlobError> {
        let new = self.path.join("new").join(state.next.to_string());
        state.next += 1;
        let folder = path.parent().unwrap_or(&self.path);
        if !folder.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| failed(folder, e))?;
            sync(folder.parent().unwrap_or(&self.path))?;
        }
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(data)?;
            file.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(|error| {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&new);
            failed(path, error)
        })?;
        sync(folder)
    }

    fn pin(&self, root: Cid) -> Result<(), BlobError> {
        let mut state = self.state();
        let mut walk = Walk::new(root, Scope::All, Bounds::STORED);
        while let Some(cid) = walk.wanted() {
            walk.supply(self.read(cid)?.into_data())?;
        }
        self.write(&mut state, &self.pinned(root), &[])
    }

    /// Blocks that no other pin holds go, the root last, then the pin: whatever ends this in the middle, it can be done again. A
    /// damaged block, of this root or of another, keeps nothing of what can still be found.
    ///
    /// # Errors
    /// [`BlobError`]: what could not be removed; or, when all else is done, the block of this root below which something may be
    /// left.
    fn unpin(&self, root: Cid) -> Result<(), BlobError> {
        let mut state = self.state();
        let pin = self.pinned(root);
        if !pin.exists() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        for other in self.pins()?.into_iter().filter(|other| *other != root) {
            if let Some(error) = self.below(other, &mut seen).1 {
                tracing::warn!(%error, "what a damaged block of another root links to is not known");
            }
        }
        let (own, damaged) = self.below(root, &mut seen);
        for cid in own.into_iter().rev() {
            let path = self.place(cid);
            let size = fs::metadata(&path).map_or(0, |meta| meta.len());
            remove(&path)?;
            state.used -= size.min(state.used);
        }
        remove(&pin)?;
        sync(&self.path.join("pins"))?;
        damaged.map_or(Ok(()), Err)
    }

    /// Add what is below a root to `seen`; gives what was not there before, each block before those it links to, and the first
    /// one whose links cannot be read. One that is not there went with all that was below it.
    fn below(&self, root: Cid, seen: &mut BTreeSet<Cid>) -> (Vec<Cid>, Option<BlobError>) {
        let (mut open, mut found, mut damaged) = (vec![root], Vec::new(), None);
        while let Some(cid) = open.pop() {
            if !seen.insert(cid) {
                continue;
            }
            found.push(cid);
            if cid.codec() == Codec::DagPb {
                match self.read(cid).and_then(|block| links(&block)) {
                    Ok(links) => open.extend(links),
                    Err(BlobError::Missing(_)) => {}
                    Err(error) => damaged = damaged.or(Some(error)),
                }
            }
        }
        (found, damaged)
    }

    fn pins(&self) -> Result<BTreeSet<Cid>, BlobError> {
        let names = list(&self.path.join("pins"))?;
        Ok(names.iter().filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect())
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, BlobError> {
    let entries = fs::read_dir(folder).map_err(|e| failed(folder, e))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|e| failed(folder, e))).collect()
}

fn remove(path: &Path) -> Result<(), BlobError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, error)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), BlobError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| failed(folder, e))
}

fn failed(path: &Path, error: io::Error) -> BlobError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::DiskFull(path.to_owned()),
        _ => BlobError::File { path: path.to_owned(), reason: error.to_string() },
    }
}
