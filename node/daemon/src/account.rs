//! Who signs transactions: a key file, or one of the ten development accounts.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use alloy::primitives::{B256, b256};
use alloy::signers::local::PrivateKeySigner;
use pars_crypto::secret::Zeroizing;

/// The keys m/44'/60'/0'/0/i of the mnemonic "test test test test test test test test test test test junk": every development
/// tool ships them, nobody may keep anything under them.
const DEV_KEYS: [B256; 10] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];
/// Largest key file: `0x`, 64 digits, a line break.
const MAX_FILE: u64 = 128;

/// Which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSource {
    /// A 0600 file with 64 hexadecimal digits.
    File(PathBuf),
    /// The development account of this number; the configuration allows it on `dev` only.
    Dev(usize),
}

/// Why there is no signer.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The file cannot be read.
    #[error("the account file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it, or it is no plain file.
    #[error("the account file {0} must be a plain file that only its owner may use (chmod 600)")]
    Open(PathBuf),
    /// It holds something else.
    #[error("the account file {0} holds no private key of 64 hexadecimal digits")]
    Content(PathBuf),
    /// No such development account.
    #[error("there are development accounts 0 to 9, not {0}")]
    Number(usize),
}

impl AccountSource {
    /// The signer.
    ///
    /// # Errors
    /// [`AccountError`], which never repeats what a file holds.
    pub fn load(&self) -> Result<PrivateKeySigner, AccountError> {
        match self {
            Self::File(path) => of_file(path),
            Self::Dev(number) => {
                let key = DEV_KEYS.get(*number).ok_or(AccountError::Number(*number))?;
                PrivateKeySigner::from_bytes(key).map_err(|_| AccountError::Number(*number))
            }
        }
    }

    /// Whether other programs sign with it too.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Dev(_))
    }
}

fn of_file(path: &Path) -> Result<PrivateKeySigner, AccountError> {
    let failed = |source| AccountError::Read { path: path.to_owned(), source };
    let named = fs::symlink_metadata(path).map_err(failed)?;
    let file = File::open(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    let same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
    if !named.is_file() || !same || opened.mode() & 0o077 != 0 {
        return Err(AccountError::Open(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE as usize));
    file.take(MAX_FILE).read_to_string(&mut text).map_err(failed)?;
    let digits = text.trim();
    let mut key = Zeroizing::new([0_u8; 32]);
    let refuse = || AccountError::Content(path.to_owned());
    hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), key.as_mut()).map_err(|_| refuse())?;
    PrivateKeySigner::from_slice(key.as_slice()).map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_account_file_that_others_may_read_is_refused_and_nothing_of_it_is_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let source = AccountSource::File(path.clone());
        assert!(matches!(source.load(), Err(AccountError::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(source.load().unwrap().address(), AccountSource::Dev(0).load().unwrap().address());
        fs::write(&path, "secret words").unwrap();
        let error = source.load().unwrap_err();
        assert!(matches!(error, AccountError::Content(_)) && !error.to_string().contains("secret"));
        assert!(matches!(AccountSource::Dev(10).load(), Err(AccountError::Number(10))));
    }
}
