//! Who signs transactions: a key file, or one of the ten development accounts.

use std::path::{Path, PathBuf};

use alloy::signers::local::PrivateKeySigner;
use pars_bindings::dev;
use pars_crypto::secret::Zeroizing;
use pars_keyfile::FileError;

/// Largest key file: `0x`, 64 digits, a line break.
const MAX_FILE: usize = 128;

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
    /// The file cannot be read, or is not its owner's alone.
    #[error("the account file: {0}")]
    File(#[from] FileError),
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
                let key = dev::KEYS.get(*number).ok_or(AccountError::Number(*number))?;
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
    let text = pars_keyfile::read(path, MAX_FILE)?;
    let digits = text.trim();
    let mut key = Zeroizing::new([0_u8; 32]);
    let refuse = || AccountError::Content(path.to_owned());
    hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), key.as_mut()).map_err(|_| refuse())?;
    PrivateKeySigner::from_slice(key.as_slice()).map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_account_file_that_others_may_read_is_refused_and_nothing_of_it_is_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let source = AccountSource::File(path.clone());
        assert!(matches!(source.load(), Err(AccountError::File(FileError::Mode { .. }))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(source.load().unwrap().address(), AccountSource::Dev(0).load().unwrap().address());
        fs::write(&path, "secret words").unwrap();
        let error = source.load().unwrap_err();
        assert!(matches!(error, AccountError::Content(_)) && !error.to_string().contains("secret"));
        assert!(matches!(AccountSource::Dev(10).load(), Err(AccountError::Number(10))));
    }
}
