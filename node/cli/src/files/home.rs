//! The home directory (mode 0700) and the identity secrets in it.
//!
//! `identities/<chain id>/<account>/<commitment>` holds the secret of one commitment: 0x, 64 hex digits, a line break.
//! The name is the public commitment, so that after a rotation the secret of a pinned tree is still found, and a
//! daemon that shares the home finds the same files.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use alloy::{
    hex,
    primitives::{Address, B256},
};
use pars_circuits::{Commitment, Secret};
use zeroize::{Zeroize, Zeroizing};

use super::SECRET;
use crate::error::Error;

/// The directory of secrets and keys of one person.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The home at a path; nothing is created before something is written.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// `~/.pars` where neither `--home` nor `PARS_HOME` names another.
    pub fn default_path() -> Option<PathBuf> {
        std::env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".pars"))
    }

    /// Where the proving key lies.
    pub fn key_path(&self) -> PathBuf {
        self.0.join("eligibility.key")
    }

    /// Creates the home with mode 0700 where it is missing; refuses one that is a link or open to others.
    pub fn ensure(&self) -> Result<(), Error> {
        private_directory(&self.0)
    }

    /// A directory of mode 0700 in the home; made if it is missing.
    pub fn directory(&self, name: &str) -> Result<PathBuf, Error> {
        self.ensure()?;
        let path = self.0.join(name);
        private_directory(&path)?;
        Ok(path)
    }

    fn identities(&self, chain_id: u64, account: Address) -> PathBuf {
        self.0.join("identities").join(chain_id.to_string()).join(format!("{account:#x}"))
    }

    /// The secret behind a commitment of an account, if this home holds it.
    pub fn secret(&self, chain_id: u64, account: Address, commitment: Commitment) -> Result<Option<Secret>, Error> {
        let path = self.identities(chain_id, account).join(commitment.to_string());
        if fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let secret = read_secret(&path)?;
        if secret.commitment() == commitment {
            return Ok(Some(secret));
        }
        Err(Error::FileContent { path, expected: "the secret of the commitment that its name says" })
    }

    /// The commitments whose secrets this home holds for an account, in the order of their bytes.
    pub fn commitments(&self, chain_id: u64, account: Address) -> Result<Vec<Commitment>, Error> {
        let directory = self.identities(chain_id, account);
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::file(directory, "read")(e)),
        };
        let name = |entry: fs::DirEntry| entry.file_name().into_string().ok()?.parse::<B256>().ok();
        let mut found: Vec<B256> = entries.filter_map(Result::ok).filter_map(name).collect();
        found.sort_unstable();
        Ok(found.into_iter().filter_map(|bytes| Commitment::from_word(bytes.into()).ok()).collect())
    }

    /// Draws a fresh secret from the operating system and keeps it; 64 bytes reduced leave no bias worth naming.
    pub fn create_secret(&self, chain_id: u64, account: Address) -> Result<Secret, Error> {
        let mut entropy = Zeroizing::new([0u8; 64]);
        getrandom::fill(entropy.as_mut()).map_err(Error::Randomness)?;
        let secret =
            Secret::from_entropy(&entropy).map_err(|e| Error::Proof { code: "bad_secret", message: e.to_string() })?;
        self.ensure()?;
        let directory = self.identities(chain_id, account);
        for part in [self.0.join("identities"), self.0.join("identities").join(chain_id.to_string()), directory.clone()]
        {
            private_directory(&part)?;
        }
        let mut text = Zeroizing::new(hex::encode_prefixed(secret.to_bytes().as_slice()));
        text.push('\n');
        pars_keyfile::create(&directory.join(secret.commitment().to_string()), text.as_bytes())?;
        Ok(secret)
    }
}

/// Reads one secret file.
fn read_secret(path: &Path) -> Result<Secret, Error> {
    let text = pars_keyfile::read(path, SECRET)?;
    let refuse = || Error::FileContent { path: path.to_owned(), expected: "an identity secret (0x and 64 hex digits)" };
    let digits = text.trim_end().strip_prefix("0x").ok_or_else(refuse)?;
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits, bytes.as_mut()).map_err(|_| refuse())?;
    let secret = Secret::from_bytes(&bytes).map_err(|_| refuse());
    bytes.zeroize();
    secret
}

/// Creates a directory of mode 0700 (parents as the system likes) or checks the one that is there.
fn private_directory(path: &Path) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::file(parent, "created"))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(Error::file(path, "created")(e)),
    }
    let found = fs::symlink_metadata(path).map_err(Error::file(path, "read"))?;
    if found.is_dir() && found.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(Error::HomeNotPrivate { path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    const ACCOUNT: Address = Address::repeat_byte(0xaa);

    #[test]
    fn a_new_secret_lies_in_a_0600_file_below_0700_directories_and_is_found_by_its_commitment() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        let secret = home.create_secret(7072, ACCOUNT).unwrap();
        let path = home.identities(7072, ACCOUNT).join(secret.commitment().to_string());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        for directory in [dir.path().join("home"), dir.path().join("home/identities"), home.identities(7072, ACCOUNT)] {
            assert_eq!(fs::metadata(directory).unwrap().mode() & 0o777, 0o700);
        }
        let found = home.secret(7072, ACCOUNT, secret.commitment()).unwrap().unwrap();
        assert_eq!(found.to_bytes(), secret.to_bytes());
        assert!(home.secret(7070, ACCOUNT, secret.commitment()).unwrap().is_none());
        assert!(home.secret(7072, Address::ZERO, secret.commitment()).unwrap().is_none());
    }

    #[test]
    fn two_secrets_of_one_account_are_both_kept() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        assert_eq!(home.commitments(7072, ACCOUNT).unwrap(), vec![]);
        let (a, b) = (home.create_secret(7072, ACCOUNT).unwrap(), home.create_secret(7072, ACCOUNT).unwrap());
        let mut expected = vec![a.commitment(), b.commitment()];
        expected.sort_by_key(|c| c.bytes());
        assert_eq!(home.commitments(7072, ACCOUNT).unwrap(), expected);
    }

    #[test]
    fn a_secret_under_another_commitments_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        let (a, b) = (
            home.create_secret(1, ACCOUNT).unwrap().commitment(),
            home.create_secret(1, ACCOUNT).unwrap().commitment(),
        );
        let directory = home.identities(1, ACCOUNT);
        fs::rename(directory.join(a.to_string()), directory.join(b.to_string())).unwrap();
        assert!(matches!(home.secret(1, ACCOUNT, b), Err(Error::FileContent { .. })));
    }

    #[test]
    fn a_home_that_is_open_to_others_or_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(Home::new(open).create_secret(1, ACCOUNT), Err(Error::HomeNotPrivate { .. })));
        let private = dir.path().join("private");
        Home::new(private.clone()).ensure().unwrap();
        let link = dir.path().join("link");
        symlink(private, &link).unwrap();
        assert!(matches!(Home::new(link).create_secret(1, ACCOUNT), Err(Error::HomeNotPrivate { .. })));
    }
}
