//! Trigger keys in the home (`triggers/`): the seed of each in a file of mode 0600 named after its signer id, and beside
//! them one record for each account: which key acts for it, and the identity's certificate. The records say whose account
//! it is, so they are their owner's alone too.

use std::{fs, path::PathBuf};

use alloy::{
    hex,
    primitives::{Address, B256, Bytes, keccak256},
};
use pars_crypto::{
    secret::DsaSeed,
    suite::Libcrux,
    trigger::{Statement, TriggerSecret},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    SECRET,
    home::Home,
    public::{self, Readers},
};
use crate::error::Error;

const DIRECTORY: &str = "triggers";
const KEY: &str = "key";

/// A trigger key.
#[derive(Debug)]
pub struct TriggerKey {
    secret: TriggerSecret,
    /// Keccak-256 of the public key.
    pub signer: B256,
}

impl TriggerKey {
    fn new(seed: DsaSeed) -> Self {
        let secret = TriggerSecret::from_seed(&Libcrux, seed);
        let signer = keccak256(secret.public().as_bytes());
        Self { secret, signer }
    }

    /// The public key, 2,592 bytes.
    pub fn public(&self) -> Bytes {
        Bytes::copy_from_slice(self.secret.public().as_bytes())
    }

    /// Signs, hedged with the operating system's randomness.
    pub fn sign(&self, statement: &Statement) -> Result<Bytes, Error> {
        let mut randomness = Zeroizing::new([0; 32]);
        getrandom::fill(randomness.as_mut()).map_err(Error::Randomness)?;
        let signature = self.secret.sign_with(&Libcrux, statement, &randomness);
        Ok(Bytes::copy_from_slice(&signature[..]))
    }
}

/// Which key acts for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enrolment {
    /// The chain.
    pub chain_id: u64,
    /// The `SessionTrigger` contract.
    pub trigger: Address,
    /// The account.
    pub account: Address,
    /// The key.
    pub signer_id: B256,
    /// The identity's certificate, 4,771 bytes.
    pub certificate: Bytes,
}

/// Makes a fresh key and keeps it.
pub fn create(home: &Home) -> Result<(TriggerKey, PathBuf), Error> {
    let mut seed = Zeroizing::new([0; DsaSeed::SIZE]);
    getrandom::fill(seed.as_mut()).map_err(Error::Randomness)?;
    let key = TriggerKey::new(DsaSeed::from_bytes(*seed));
    let path = home.directory(DIRECTORY)?.join(key.signer.to_string()).with_extension(KEY);
    let mut text = Zeroizing::new(hex::encode_prefixed(seed.as_slice()));
    text.push('\n');
    pars_keyfile::create(&path, text.as_bytes())?;
    Ok((key, path))
}

/// The key of a signer id.
pub fn load(home: &Home, signer: B256) -> Result<TriggerKey, Error> {
    let path = home.directory(DIRECTORY)?.join(signer.to_string()).with_extension(KEY);
    let text = pars_keyfile::read(&path, SECRET)?;
    let refuse = || Error::FileContent { path: path.clone(), expected: "the trigger key that its name says" };
    let digits = text.trim_end().strip_prefix("0x").ok_or_else(refuse)?;
    let mut seed = Zeroizing::new([0; DsaSeed::SIZE]);
    hex::decode_to_slice(digits, seed.as_mut()).map_err(|_| refuse())?;
    let key = TriggerKey::new(DsaSeed::from_bytes(*seed));
    if key.signer == signer { Ok(key) } else { Err(refuse()) }
}

/// The signer ids of all keys, by rising value.
pub fn list(home: &Home) -> Result<Vec<B256>, Error> {
    let directory = home.directory(DIRECTORY)?;
    let entries = fs::read_dir(&directory).map_err(Error::file(&directory, "read"))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let keys = paths.filter(|path| path.extension().is_some_and(|extension| extension == KEY));
    let mut found: Vec<B256> = keys.filter_map(|path| path.file_stem()?.to_str()?.parse().ok()).collect();
    found.sort_unstable();
    Ok(found)
}

fn record(home: &Home, chain_id: u64, account: Address) -> Result<PathBuf, Error> {
    Ok(home.directory(DIRECTORY)?.join(format!("{chain_id}-{account:#x}.json")))
}

/// Keeps a record; a newer one of the same account takes its place.
pub fn keep(home: &Home, enrolment: &Enrolment) -> Result<(), Error> {
    public::write_json(&record(home, enrolment.chain_id, enrolment.account)?, enrolment, Readers::Owner)
}

/// The record of an account.
pub fn enrolment(home: &Home, chain_id: u64, account: Address) -> Result<Enrolment, Error> {
    let path = record(home, chain_id, account)?;
    if path.exists() {
        return public::read_json(&path, "the record of an enrolled trigger key");
    }
    let message =
        format!("no trigger key of this home acts for {account} on chain {chain_id}; run trigger enrol first");
    Err(Error::refused("no_trigger_key", message))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        (dir, home)
    }

    #[test]
    fn a_key_is_kept_for_its_owner_alone_and_read_back_by_its_signer_id() {
        let (_dir, home) = home();
        let (key, path) = create(&home).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(list(&home).unwrap(), [key.signer]);
        assert_eq!(load(&home, key.signer).unwrap().public(), key.public());
        assert!(!format!("{key:?}").contains("0x12"));
    }

    #[test]
    fn a_key_file_under_another_name_is_refused_without_repeating_it() {
        let (_dir, home) = home();
        let (key, path) = create(&home).unwrap();
        let other = B256::repeat_byte(7);
        fs::rename(&path, path.with_file_name(other.to_string()).with_extension(KEY)).unwrap();
        assert_eq!(load(&home, other).unwrap_err().code(), "file_content");
        assert_eq!(load(&home, key.signer).unwrap_err().code(), "file_unusable");
    }

    #[test]
    fn the_record_of_an_account_is_found_again_and_a_missing_one_says_what_to_do() {
        let (_dir, home) = home();
        let account = Address::repeat_byte(3);
        assert_eq!(enrolment(&home, 7072, account).unwrap_err().code(), "no_trigger_key");
        let kept = Enrolment {
            chain_id: 7072,
            trigger: Address::repeat_byte(1),
            account,
            signer_id: B256::repeat_byte(2),
            certificate: Bytes::from([4]),
        };
        keep(&home, &kept).unwrap();
        assert_eq!(enrolment(&home, 7072, account).unwrap(), kept);
        assert!(enrolment(&home, 31337, account).is_err());
    }
}
