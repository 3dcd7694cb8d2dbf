//! Reading and creating files that hold a secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use zeroize::Zeroizing;

use crate::error::Error;

/// Largest private file that is read: a key or a secret is 66 characters and a line break.
pub const MAX_LEN: u64 = 256;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// Reads a private file; refuses links, anything but a plain file, and files that group or others may use.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let named = fs::symlink_metadata(path).map_err(Error::file(path, "read"))?;
    if !named.is_file() {
        return Err(Error::NotAPlainFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(Error::file(path, "read"))?;
    let opened = file.metadata().map_err(Error::file(path, "read"))?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(Error::NotAPlainFile { path: path.to_owned() });
    }
    if opened.mode() & OTHERS != 0 {
        return Err(Error::FileTooOpen { path: path.to_owned(), mode: opened.mode() & 0o7777 });
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_LEN as usize + 1));
    file.take(MAX_LEN + 1).read_to_string(&mut text).map_err(Error::file(path, "read"))?;
    Ok(text)
}

/// Creates a private file that was not there before and makes it durable. A half-written file is removed again.
pub fn create(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(Error::FileExists { path: path.to_owned() }),
        Err(e) => return Err(Error::file(path, "created")(e)),
    };
    let written = file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| sync_parent(path));
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written.map_err(Error::file(path, "written"))
}

/// Makes the directory entry durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_private_file_is_created_once_with_mode_0600_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"abc\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(read(&path).unwrap().as_str(), "abc\n");
        assert!(matches!(create(&path, b"def"), Err(Error::FileExists { .. })));
        assert_eq!(read(&path).unwrap().as_str(), "abc\n");
    }

    #[test]
    fn a_file_that_group_or_others_may_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create(&path, b"abc").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path), Err(Error::FileTooOpen { mode: m, .. }) if m == mode), "{mode:o}");
        }
    }

    #[test]
    fn a_link_and_a_directory_are_refused_for_reading_and_for_creating() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        create(&target, b"abc").unwrap();
        symlink(&target, &link).unwrap();
        assert!(matches!(read(&link), Err(Error::NotAPlainFile { .. })));
        assert!(matches!(read(dir.path()), Err(Error::NotAPlainFile { .. })));
        assert!(matches!(create(&link, b"x"), Err(Error::FileExists { .. })));
        let dangling = dir.path().join("dangling");
        symlink(dir.path().join("nowhere"), &dangling).unwrap();
        assert!(matches!(create(&dangling, b"x"), Err(Error::FileExists { .. })));
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        create(&path, &[b'a'; 10_000]).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MAX_LEN + 1);
    }
}
