//! The data directory: who may use it, one daemon at a time, and the files others find the daemon by.
//!
//! | File | Mode | What |
//! |---|---|---|
//! | `sessiond.lock` | 0600 | locked while a daemon runs |
//! | `store.key` | 0600 | 64 digits: seals what `session.redb` holds (dev only; elsewhere the vault) |
//! | `session.redb`, `index.db`, `executor.redb` | 0600 | rows of the engine; index of the chain; actions taken up |
//! | `blobs` | 0700 | stored blocks: encrypted recordings ([`pars_blobs::folder`]) |
//! | `recordings` | 0700 | keys of recordings, sealed; spans that are being recorded ([`crate::recordings`]) |
//! | `hosted/<room>` | 0600 | keys of a sitting that is hosted here, sealed; gone with it |
//! | `sessiond.sock`, `rpc.json` | 0600 | where the RPC is, and its token; gone after a clean end |

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pars_crypto::secret::{StoreKey, Zeroizing};
use pars_keyfile::FileError;

use crate::random;

/// Bytes of `store.key`: 64 digits and a line break.
const KEY_FILE: usize = 66;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatadirError {
    /// A file or the directory itself.
    #[error("{path} cannot be {what}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Was to be done.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Another daemon runs on it.
    #[error("another sessiond runs on {0}; stop it, or give this one a directory of its own")]
    InUse(PathBuf),
    /// The key file is not one.
    #[error("{0} is no store key of 64 hexadecimal digits; bring it back from your backup")]
    Key(PathBuf),
    /// The key file, or what clients find the daemon by.
    #[error(transparent)]
    File(#[from] FileError),
    /// Rows without their key.
    #[error("{0} is gone, and without it the store beside it cannot be opened; bring it back from your backup")]
    KeyLost(PathBuf),
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> DatadirError {
    move |source| DatadirError::Io { path: path.to_owned(), what, source }
}

/// An open data directory; no other daemon can open it as long as this value lives.
#[derive(Debug)]
pub struct Datadir {
    path: PathBuf,
    lock: File,
}

impl Drop for Datadir {
    fn drop(&mut self) {
        // At once, also where a child that is being started still holds a copy of the file; the end does the same.
        let _ = self.lock.unlock();
    }
}

impl Datadir {
    /// Make the directory if it is not there, close it to others, lock it.
    ///
    /// # Errors
    /// [`DatadirError`].
    pub fn open(path: &Path) -> Result<Self, DatadirError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path, "made"))?;
        let path = path.canonicalize().map_err(failed(path, "found"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(failed(&path, "closed to others"))?;
        let name = path.join("sessiond.lock");
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).mode(0o600).open(&name);
        let lock = lock.map_err(failed(&name, "opened"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, lock }),
            Err(TryLockError::WouldBlock) => Err(DatadirError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(failed(&name, "locked")(source)),
        }
    }

    /// The directory, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rows of the engine.
    pub fn store(&self) -> PathBuf {
        self.path.join("session.redb")
    }

    /// Index of the chain.
    pub fn index(&self) -> PathBuf {
        self.path.join("index.db")
    }

    /// Actions that the executor took up.
    pub fn journal(&self) -> PathBuf {
        self.path.join("executor.redb")
    }

    /// Stored blocks.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Secrets of sittings that are hosted here.
    pub fn hosted(&self) -> PathBuf {
        self.path.join("hosted")
    }

    /// Keys of recordings, and spans that are being recorded.
    pub fn recordings(&self) -> PathBuf {
        self.path.join("recordings")
    }

    /// Make a database's file if it is not there, closed to others: its library would leave it open.
    ///
    /// # Errors
    /// [`DatadirError::Io`].
    pub fn close_file(path: &Path) -> Result<(), DatadirError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600).open(path).map_err(failed(path, "made"))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed(path, "closed to others"))
    }

    /// Make a database where there is none yet: beside its place, whole, closed to others, and moved there. A kill or a full disk
    /// on the way leaves nothing that the next start would have to refuse. `make` writes the file that it is given.
    ///
    /// # Errors
    /// What `make` says, and with `failed` what the system says.
    pub(crate) fn make_file<E>(
        path: &Path,
        make: impl FnOnce(&Path) -> Result<(), E>,
        failed: impl Fn(String) -> E,
    ) -> Result<(), E> {
        if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            return Ok(());
        }
        let failed = |error: io::Error| failed(error.to_string());
        let new = path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        Self::close_file(&new).map_err(|error| failed(io::Error::other(error)))?;
        make(&new)?;
        fs::rename(&new, path).map_err(failed)?;
        // What is written to the file from now on must not be lost with its name.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The RPC's socket.
    pub fn socket(&self) -> PathBuf {
        self.path.join("sessiond.sock")
    }

    /// Where clients find socket, address and token.
    pub fn rpc_file(&self) -> PathBuf {
        self.path.join("rpc.json")
    }

    /// The key of the store: read, or made with the store.
    ///
    /// # Errors
    /// [`DatadirError`]; a store without its key is never given a new one.
    pub fn store_key(&self) -> Result<StoreKey, DatadirError> {
        let path = self.path.join("store.key");
        match pars_keyfile::read(&path, KEY_FILE) {
            Ok(text) => {
                let mut key = Zeroizing::new([0; 32]);
                hex::decode_to_slice(text.trim_end(), key.as_mut()).map_err(|_| DatadirError::Key(path))?;
                Ok(StoreKey::from_bytes(*key))
            }
            Err(FileError::TooLong { .. }) => Err(DatadirError::Key(path)),
            Err(FileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => self.new_key(path),
            Err(error) => Err(error.into()),
        }
    }

    fn new_key(&self, path: PathBuf) -> Result<StoreKey, DatadirError> {
        if self.store().exists() {
            return Err(DatadirError::KeyLost(path));
        }
        let key = StoreKey::generate(&mut random::system());
        let line = Zeroizing::new(format!("{}\n", &*Zeroizing::new(hex::encode(key.expose()))));
        pars_keyfile::replace(&path, line.as_bytes())?;
        Ok(key)
    }

    /// Write what clients find the daemon by.
    ///
    /// # Errors
    /// [`DatadirError::File`].
    pub fn announce(&self, content: &[u8]) -> Result<(), DatadirError> {
        Ok(pars_keyfile::replace(&self.rpc_file(), content)?)
    }

    /// Take it back: this daemon ends.
    pub fn withdraw(&self) {
        for path in [self.rpc_file(), self.socket()] {
            // Already gone is as good.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn two_daemons_never_share_a_directory_and_only_its_owner_may_use_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let first = Datadir::open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert!(matches!(Datadir::open(&path), Err(DatadirError::InUse(_))));
        drop(first);
        assert!(Datadir::open(&path).is_ok());
    }

    #[test]
    fn the_store_key_is_made_once_and_never_replaced_beside_a_store() {
        let dir = tempfile::tempdir().unwrap();
        let datadir = Datadir::open(dir.path()).unwrap();
        let key = datadir.store_key().unwrap();
        let file = datadir.path().join("store.key");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(datadir.store_key().unwrap(), key);
        fs::write(datadir.store(), b"rows").unwrap();
        fs::write(&file, "not a key").unwrap();
        assert!(matches!(datadir.store_key(), Err(DatadirError::Key(_))));
        fs::remove_file(&file).unwrap();
        assert!(matches!(datadir.store_key(), Err(DatadirError::KeyLost(_))));
    }

    #[test]
    fn a_store_key_that_others_may_read_that_is_a_link_or_somebody_elses_is_refused_with_a_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let datadir = Datadir::open(dir.path()).unwrap();
        let key = datadir.store_key().unwrap();
        let file = datadir.path().join("store.key");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let error = datadir.store_key().unwrap_err();
        assert!(matches!(error, DatadirError::File(FileError::Mode { mode: 0o640, .. })));
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        // Only root can give a file away.
        if std::os::unix::fs::chown(&file, Some(65_534), None).is_ok() {
            assert!(matches!(datadir.store_key(), Err(DatadirError::File(FileError::Owner { .. }))));
            std::os::unix::fs::chown(&file, Some(0), None).unwrap();
        }
        assert_eq!(datadir.store_key().unwrap(), key);
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        let error = datadir.store_key().unwrap_err();
        assert!(matches!(error, DatadirError::File(FileError::NotPlain(_))) && error.to_string().contains("link"));
    }

    #[test]
    fn the_announcement_is_replaced_whole_and_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let datadir = Datadir::open(dir.path()).unwrap();
        datadir.announce(b"{\"a\":1}").unwrap();
        datadir.announce(b"{}").unwrap();
        assert_eq!(fs::read(datadir.rpc_file()).unwrap(), b"{}");
        assert_eq!(mode(&datadir.rpc_file()), 0o600);
        datadir.withdraw();
        assert!(!datadir.rpc_file().exists());
    }

    #[test]
    fn a_database_that_is_made_by_half_stands_in_no_place_and_one_that_is_there_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("executor.redb");
        let half = |new: &Path| {
            fs::write(new, b"half").unwrap();
            Err("the disk is full".to_owned())
        };
        assert_eq!(Datadir::make_file(&path, half, |reason| reason), Err("the disk is full".to_owned()));
        assert!(!path.exists());
        Datadir::make_file(&path, |new| fs::write(new, b"whole").map_err(|e| e.to_string()), |reason| reason).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"whole"[..], 0o600));
        Datadir::make_file(&path, half, |reason| reason).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_of_databases_are_closed_to_others_before_anything_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let datadir = Datadir::open(dir.path()).unwrap();
        fs::write(datadir.store(), b"kept").unwrap();
        for path in [datadir.store(), datadir.index()] {
            Datadir::close_file(&path).unwrap();
            assert_eq!(mode(&path), 0o600);
        }
        assert_eq!(fs::read(datadir.store()).unwrap(), b"kept");
    }
}
