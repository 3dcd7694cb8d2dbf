//! Files without secrets: deployments, keys, proofs. Written whole or not at all.
//!
//! A proof holds no secret, but who reads it knows the holder of a seat: it is for its owner alone until it is sent.

use std::{
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::error::Error;

/// Largest JSON file that is read: a proof file has about 3 kB, a deployment 2 kB.
const MAX_LEN: u64 = 1 << 20;

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Everybody: mode 0644.
    All,
    /// Its owner: mode 0600.
    Owner,
}

/// Reads a JSON file; `expected` names what it should be ("a proof file of this program").
pub fn read_json<T: DeserializeOwned>(path: &Path, expected: &'static str) -> Result<T, Error> {
    let length = fs::metadata(path).map_err(Error::file(path, "read"))?.len();
    if length > MAX_LEN {
        return Err(Error::FileContent { path: path.to_owned(), expected });
    }
    let text = fs::read(path).map_err(Error::file(path, "read"))?;
    serde_json::from_slice(&text).map_err(|_| Error::FileContent { path: path.to_owned(), expected })
}

/// Writes a JSON file through a temporary one beside it, so that readers see all or nothing.
pub fn write_json<T: Serialize>(path: &Path, value: &T, readers: Readers) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| Error::file(path, "written")(e.into()))?;
    text.push(b'\n');
    write(path, &text, readers)
}

/// Writes bytes through a temporary file beside the target.
pub fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let mode = match readers {
        Readers::All => 0o644,
        Readers::Owner => 0o600,
    };
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let attempt = || {
        fs::create_dir_all(parent)?;
        let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(parent)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)
    };
    attempt().map(drop).map_err(Error::file(path, "written"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_file_is_replaced_whole_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/a.json");
        write_json(&path, &json!({"a": 1}), Readers::All).unwrap();
        write_json(&path, &json!({"b": 2}), Readers::All).unwrap();
        assert_eq!(read_json::<Value>(&path, "json").unwrap(), json!({"b": 2}));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_for_its_owner_is_readable_by_nobody_else_even_where_one_stood_that_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proof.json");
        for readers in [Readers::All, Readers::Owner] {
            write_json(&path, &json!({}), readers).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn rubbish_and_huge_files_are_refused_by_what_was_expected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        for content in [b"{".to_vec(), vec![b' '; (MAX_LEN + 1) as usize]] {
            fs::write(&path, content).unwrap();
            assert!(matches!(
                read_json::<Value>(&path, "a proof"),
                Err(Error::FileContent { expected: "a proof", .. })
            ));
        }
    }
}
