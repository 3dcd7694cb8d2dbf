//! Who signs: a key file, or one of the ten dev accounts on a development network.

use std::path::PathBuf;

use alloy::{hex, primitives::B256, signers::local::PrivateKeySigner};
use pars_bindings::dev;
use zeroize::Zeroizing;

use crate::{error::Error, files::SECRET};

/// How many dev accounts there are.
pub const DEV_ACCOUNTS: usize = dev::KEYS.len();

/// Which key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerSource {
    /// A 0600 file with one hex key.
    File(PathBuf),
    /// The dev account of this index.
    Dev(usize),
}

impl SignerSource {
    /// The signer for a chain. A dev account is refused on every chain that is not a development network.
    pub fn load(&self, chain_id: u64) -> Result<PrivateKeySigner, Error> {
        match self {
            Self::File(path) => {
                let text = pars_keyfile::read(path, SECRET)?;
                let refuse = || Error::FileContent { path: path.clone(), expected: "a private key of 64 hex digits" };
                let digits = text.trim();
                let mut key = Zeroizing::new(B256::ZERO.0);
                hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), key.as_mut())
                    .map_err(|_| refuse())?;
                PrivateKeySigner::from_slice(key.as_slice()).map_err(|_| refuse())
            }
            Self::Dev(_) if !dev::CHAIN_IDS.contains(&chain_id) => Err(Error::DevAccountRefused { chain_id }),
            Self::Dev(index) => dev_signer(*index),
        }
    }
}

/// The signer of one dev account.
pub fn dev_signer(index: usize) -> Result<PrivateKeySigner, Error> {
    let refuse = || Error::Usage(format!("there are dev accounts 0 to {}, not {index}", DEV_ACCOUNTS - 1));
    dev::KEYS.get(index).and_then(|key| PrivateKeySigner::from_bytes(key).ok()).ok_or_else(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::address;

    #[test]
    fn the_dev_accounts_are_the_well_known_ones() {
        assert_eq!(dev_signer(0).unwrap().address(), address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"));
        assert_eq!(dev_signer(1).unwrap().address(), address!("70997970c51812dc3a010c7d01b50e0d17dc79c8"));
        assert_eq!(dev_signer(2).unwrap().address(), address!("3c44cdddb6a900fa2b585dd299e03d12fa4293bc"));
        assert_eq!(dev_signer(3).unwrap().address(), address!("90f79bf6eb2c4f870365e785982e1f101e93b906"));
        assert_eq!(dev_signer(4).unwrap().address(), address!("15d34aaf54267db7d7c367839aaf71a00a2c6a65"));
        assert_eq!(dev_signer(5).unwrap().address(), address!("9965507d1a55bcc2695c58ba16fb37d819b0a4dc"));
        assert_eq!(dev_signer(6).unwrap().address(), address!("976ea74026e726554db657fa54763abd0c3a0aa9"));
        assert_eq!(dev_signer(7).unwrap().address(), address!("14dc79964da2c08b23698b3d3cc7ca32193d9955"));
        assert_eq!(dev_signer(8).unwrap().address(), address!("23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f"));
        assert_eq!(dev_signer(9).unwrap().address(), address!("a0ee7a142d267c1f36714e4a8f75612f20a79720"));
        assert!(matches!(dev_signer(10), Err(Error::Usage(_))));
    }

    #[test]
    fn a_dev_account_is_refused_off_the_development_networks() {
        for chain_id in [1, 7070, 7071] {
            assert!(
                matches!(SignerSource::Dev(0).load(chain_id), Err(Error::DevAccountRefused { chain_id: c }) if c == chain_id)
            );
        }
        assert_eq!(dev::CHAIN_IDS, pars_circuits::key::DEV_CHAIN_IDS, "two crates of one layer, one list");
        for chain_id in dev::CHAIN_IDS {
            assert!(SignerSource::Dev(0).load(chain_id).is_ok());
        }
    }

    #[test]
    fn a_key_file_is_read_with_and_without_prefix_and_rubbish_is_refused_without_repeating_it() {
        let dir = tempfile::tempdir().unwrap();
        let text = hex::encode(dev::KEYS[0]);
        for (name, content) in [("plain", text.clone()), ("prefixed", format!("0x{text}\n"))] {
            let path = dir.path().join(name);
            pars_keyfile::create(&path, content.as_bytes()).unwrap();
            assert_eq!(SignerSource::File(path).load(7070).unwrap().address(), dev_signer(0).unwrap().address());
        }
        for (name, content) in [("short", "0xabcdef"), ("zero", &"0".repeat(64)), ("long", &"a".repeat(66))] {
            let path = dir.path().join(name);
            pars_keyfile::create(&path, content.as_bytes()).unwrap();
            let error = SignerSource::File(path).load(7070).unwrap_err();
            assert_eq!(error.code(), "file_content");
            assert!(!error.to_string().contains(content));
        }
    }
}
