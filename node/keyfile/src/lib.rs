//! Files that hold a secret: read only if nobody but their owner may use them, and written so (THREATS R13).
//!
//! One check for every program: daemon, command line, media relay. A name that is a link, or changes between the look and the
//! opening, is refused, so that nobody is led to another file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use zeroize::Zeroizing;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// Why a file is not used. No variant repeats what a file holds.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("{path} cannot be {what}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Was to be done.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A link, a directory, a device, or another file than a moment ago.
    #[error("{0} must be a plain file, not a link; give the file itself")]
    NotPlain(PathBuf),
    /// Somebody else's.
    #[error("{path} belongs to user {owner}, who could change it; make it yours (chown)")]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
    },
    /// Group or others may use it.
    #[error("{path} may be used by others (mode {mode:o}); close it with chmod 600")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Longer than what it should hold.
    #[error("{path} is longer than {limit} bytes; is it the right file?")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes it may have.
        limit: usize,
    },
    /// Something of this name is there; it is never overwritten.
    #[error("{0} exists already; it is not overwritten")]
    Exists(PathBuf),
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError::Io { path: path.to_owned(), what, source }
}

/// Read a text of at most `limit` bytes from a plain file that is ours alone.
///
/// # Errors
/// [`FileError`].
pub fn read(path: &Path, limit: usize) -> Result<Zeroizing<String>, FileError> {
    let named = fs::symlink_metadata(path).map_err(failed(path, "read"))?;
    if !named.is_file() {
        return Err(FileError::NotPlain(path.to_owned()));
    }
    let file = File::open(path).map_err(failed(path, "read"))?;
    let opened = file.metadata().map_err(failed(path, "read"))?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(FileError::NotPlain(path.to_owned()));
    }
    if opened.uid() != Uid::effective().as_raw() {
        return Err(FileError::Owner { path: path.to_owned(), owner: opened.uid() });
    }
    if opened.mode() & OTHERS != 0 {
        return Err(FileError::Mode { path: path.to_owned(), mode: opened.mode() & 0o7777 });
    }
    // Never grown, so that no copy is left behind in memory.
    let mut text = Zeroizing::new(String::with_capacity(limit + 1));
    file.take(limit as u64 + 1).read_to_string(&mut text).map_err(failed(path, "read"))?;
    if text.len() > limit {
        return Err(FileError::TooLong { path: path.to_owned(), limit });
    }
    Ok(text)
}

/// Create a file of mode 0600 that was not there before, durably. A half-written one is removed again.
///
/// # Errors
/// [`FileError::Exists`], also for a link that leads nowhere; [`FileError::Io`].
pub fn create(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(FileError::Exists(path.to_owned())),
        Err(e) => return Err(failed(path, "created")(e)),
    };
    let written = file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| sync_parent(path));
    if written.is_err() {
        // What is wrong with the disk is said below.
        let _ = fs::remove_file(path);
    }
    written.map_err(failed(path, "written"))
}

/// Put a whole file of mode 0600 in the place of what is there, durably: readers see the old one or the new one.
///
/// # Errors
/// [`FileError::Io`].
pub fn replace(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    match fs::remove_file(&fresh) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(path, "written")(e)),
        _ => create(&fresh, content)?,
    }
    fs::rename(&fresh, path).and_then(|()| sync_parent(path)).map_err(failed(path, "written"))
}

/// Destroy a file durably: overwritten, then removed. One that is not there is as good. What a disk keeps of overwritten blocks
/// is for whoever wrote the file: a secret that must go is written sealed.
///
/// # Errors
/// [`FileError::Io`]: it may be there still.
pub fn erase(path: &Path) -> Result<(), FileError> {
    let length = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(FileError::NotPlain(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path, "erased")(error)),
    };
    let zeros = vec![0; usize::try_from(length).unwrap_or_default()];
    let mut file = OpenOptions::new().write(true).open(path).map_err(failed(path, "erased"))?;
    let erased = file.write_all(&zeros).and_then(|()| file.sync_all()).and_then(|()| fs::remove_file(path));
    erased.and_then(|()| sync_parent(path)).map_err(failed(path, "erased"))
}

/// Make the directory entry durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    const LIMIT: usize = 64;

    #[test]
    fn a_secret_is_created_once_with_mode_0600_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"abc\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(read(&path, LIMIT).unwrap().as_str(), "abc\n");
        assert!(matches!(create(&path, b"def"), Err(FileError::Exists(_))));
        assert_eq!(read(&path, LIMIT).unwrap().as_str(), "abc\n");
        replace(&path, b"def").unwrap();
        assert_eq!(read(&path, LIMIT).unwrap().as_str(), "def");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_file_that_group_or_others_may_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create(&path, b"abc").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path, LIMIT), Err(FileError::Mode { mode: m, .. }) if m == mode), "{mode:o}");
        }
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create(&path, b"abc").unwrap();
        // Only root can give a file away: nobody else can be led here.
        if chown(&path, Some(65_534), None).is_ok() {
            assert!(matches!(read(&path, LIMIT), Err(FileError::Owner { owner: 65_534, .. })));
        }
    }

    #[test]
    fn a_link_and_a_directory_are_refused_for_reading_and_for_creating() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        create(&target, b"abc").unwrap();
        symlink(&target, &link).unwrap();
        assert!(matches!(read(&link, LIMIT), Err(FileError::NotPlain(_))));
        assert!(matches!(read(dir.path(), LIMIT), Err(FileError::NotPlain(_))));
        assert!(matches!(create(&link, b"x"), Err(FileError::Exists(_))));
        let dangling = dir.path().join("dangling");
        symlink(dir.path().join("nowhere"), &dangling).unwrap();
        assert!(matches!(create(&dangling, b"x"), Err(FileError::Exists(_))));
        replace(&link, b"new").unwrap();
        assert!(!fs::symlink_metadata(&link).unwrap().is_symlink(), "a link is replaced, not followed");
        assert_eq!(read(&target, LIMIT).unwrap().as_str(), "abc");
    }

    #[test]
    fn what_is_erased_is_overwritten_and_gone_and_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create(&path, b"abc").unwrap();
        // A second name of the same file shows what stood in it last.
        let kept = dir.path().join("kept");
        fs::hard_link(&path, &kept).unwrap();
        erase(&path).unwrap();
        assert!(!path.exists() && fs::read(&kept).unwrap() == [0; 3]);
        erase(&path).unwrap();
        create(&path, b"abc").unwrap();
        let link = dir.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(erase(&link), Err(FileError::NotPlain(_))));
        assert_eq!(fs::read(&path).unwrap(), b"abc");
    }

    #[test]
    fn a_text_at_the_limit_is_read_and_one_byte_more_is_refused_unrepeated() {
        let dir = tempfile::tempdir().unwrap();
        let (fits, long) = (dir.path().join("fits"), dir.path().join("long"));
        create(&fits, &[b'a'; LIMIT]).unwrap();
        create(&long, &[b'a'; LIMIT + 1]).unwrap();
        assert_eq!(read(&fits, LIMIT).unwrap().len(), LIMIT);
        let error = read(&long, LIMIT).unwrap_err();
        assert!(matches!(error, FileError::TooLong { .. }) && !error.to_string().contains("aaa"));
    }
}
