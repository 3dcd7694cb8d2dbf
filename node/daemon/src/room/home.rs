//! Secrets of registered commitments and the proving key, where `parsctl` keeps them: `identities/<chain id>/<account>/<commitment>`
//! and `eligibility.key` of one person's home. Nothing is written there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::Address;
use pars_bindings::deployment::Deployment;
use pars_circuits::key::{DEV_CHAIN_IDS, KeyError};
use pars_circuits::{Commitment, ProvingKey, Secret, VerifyingKey};
use pars_crypto::secret::Zeroizing;
use pars_keyfile::FileError;

/// `0x`, 64 digits, a line break.
const SECRET_FILE: usize = 128;

/// Why there is no secret or key.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// No home is configured.
    #[error("this daemon knows no home with secrets; start it with --home")]
    None,
    /// A secret's file.
    #[error(transparent)]
    File(#[from] FileError),
    /// It holds something else.
    #[error("{0} does not hold the secret of the commitment that its name says")]
    Content(PathBuf),
    /// The key's file.
    #[error("the proving key cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Of another deployment.
    #[error("the proving key is not that of the deployed verifier; fetch the key of this deployment")]
    OtherKey,
}

/// One person's home, for one chain. Clones share the key that was loaded.
#[derive(Clone)]
pub struct Home {
    path: Option<PathBuf>,
    chain: u64,
    verifier: alloy::primitives::B256,
    key: Arc<Mutex<Option<Arc<ProvingKey>>>>,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Home").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Home {
    /// The home at a path, if there is one.
    pub fn new(path: Option<PathBuf>, deployment: &Deployment) -> Self {
        Self { path, chain: deployment.chain_id, verifier: deployment.verifier_key_hash, key: Arc::default() }
    }

    fn identities(&self) -> Option<PathBuf> {
        Some(self.path.as_ref()?.join("identities").join(self.chain.to_string()))
    }

    /// Accounts of which a secret lies here.
    pub fn accounts(&self) -> BTreeSet<Address> {
        let entries = self.identities().and_then(|path| fs::read_dir(path).ok()).into_iter().flatten();
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok()).collect()
    }

    /// The secret of an account's commitment, if it lies here.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn secret(&self, account: Address, commitment: Commitment) -> Result<Option<Secret>, HomeError> {
        let Some(identities) = self.identities() else { return Ok(None) };
        let path = identities.join(format!("{account:#x}")).join(commitment.to_string());
        if fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let text = pars_keyfile::read(&path, SECRET_FILE)?;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let digits = text.trim_end().strip_prefix("0x").unwrap_or_default();
        let secret = hex::decode_to_slice(digits, bytes.as_mut()).ok().and_then(|()| Secret::from_bytes(&bytes).ok());
        secret.filter(|secret| secret.commitment() == commitment).map(Some).ok_or(HomeError::Content(path))
    }

    /// The proving key: that of the home, or on a development chain the one that everybody can make. Seconds of work, once.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn proving_key(&self) -> Result<Arc<ProvingKey>, HomeError> {
        let mut held = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*held {
            return Ok(key.clone());
        }
        let path = self.path.as_ref().map(|home| home.join("eligibility.key")).filter(|path| path.exists());
        let key = match path {
            Some(path) => ProvingKey::from_bytes(&fs::read(path)?)?,
            None if DEV_CHAIN_IDS.contains(&self.chain) => ProvingKey::generate_insecure_dev()?,
            None => return Err(HomeError::None),
        };
        key.for_chain(self.chain)?;
        if key.verifying_key().hash() != self.verifier {
            return Err(HomeError::OtherKey);
        }
        let key = Arc::new(key);
        *held = Some(key.clone());
        Ok(key)
    }

    /// The verifying key of the deployment.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn verifying_key(&self) -> Result<VerifyingKey, HomeError> {
        let key = match self.path.as_ref().map(|home| home.join("eligibility.vk")).filter(|path| path.exists()) {
            Some(path) => VerifyingKey::from_bytes(&fs::read(path)?)?,
            None => VerifyingKey::insecure_dev()?,
        };
        key.for_chain(self.chain)?;
        if key.hash() == self.verifier { Ok(key) } else { Err(HomeError::OtherKey) }
    }
}

#[cfg(test)]
mod tests {
    use pars_bindings::deployment::{DeployConfig, plan};

    use super::*;

    /// Its secrets are public: nothing proven or checked under it counts for anything.
    #[test]
    fn the_development_key_is_used_on_no_chain_but_those_of_development() {
        let folder = tempfile::tempdir().unwrap();
        let key = ProvingKey::generate_insecure_dev().unwrap();
        fs::write(folder.path().join("eligibility.key"), key.to_bytes()).unwrap();
        let mut deployment = plan(&DeployConfig::dev(7072, Address::ZERO, 0)).unwrap().deployment;
        let home = |deployment: &Deployment| Home::new(Some(folder.path().to_owned()), deployment);
        assert!(home(&deployment).proving_key().is_ok() && home(&deployment).verifying_key().is_ok());
        for chain in [1, 7070, 7071] {
            deployment.chain_id = chain;
            let refused = |error: HomeError| matches!(error, HomeError::Key(KeyError::DevKeyRefused(_)));
            assert!(home(&deployment).proving_key().is_err_and(refused), "{chain}");
            assert!(home(&deployment).verifying_key().is_err_and(refused), "{chain}");
            assert!(matches!(Home::new(None, &deployment).proving_key(), Err(HomeError::None)), "none is made");
        }
    }
}
