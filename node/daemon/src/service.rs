//! The keys of a service node: made once, sealed in the store.

use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{DsaSeed, Ed25519Seed, StoreKey, Zeroizing};
use pars_crypto::sign::HybridSecret;
use pars_wire::NodeId;

use crate::driver::SUITE;
use crate::random;
use crate::store::{Store, StoreError};

const NAME: &str = "service keys";
const PLACE: Place<'static> = Place { table: "daemon", key: NAME.as_bytes() };

/// A registered node and its keys.
#[derive(Clone, Debug)]
pub struct ServiceKeys {
    /// Its id in the registry.
    pub node: NodeId,
    /// ML-DSA-87 identity and Ed25519 transport key.
    pub keys: HybridSecret,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another store key, or damage.
    #[error("the service node's keys do not open; store.key is of another store, or the store is damaged")]
    Sealed,
}

/// The keys in the store, or new ones that are durable when this returns.
///
/// # Errors
/// [`KeysError`].
pub fn keys(store: &Store, key: &StoreKey) -> Result<HybridSecret, KeysError> {
    if let Some(sealed) = store.sealed(NAME)? {
        let seeds = sealed.open(key, PLACE).map_err(|_| KeysError::Sealed)?;
        let (dsa, ed25519) = seeds.split_first_chunk::<32>().ok_or(KeysError::Sealed)?;
        let ed25519 = ed25519.first_chunk::<32>().ok_or(KeysError::Sealed)?;
        return Ok(HybridSecret::from_seeds(SUITE, DsaSeed::from_bytes(*dsa), Ed25519Seed::from_bytes(*ed25519)));
    }
    let secret = HybridSecret::generate(SUITE, &mut random::system());
    let mut seeds = Zeroizing::new([0; 64]);
    let (dsa, ed25519) = seeds.split_at_mut(32);
    dsa.copy_from_slice(secret.dsa_seed().expose());
    ed25519.copy_from_slice(secret.ed25519_seed().expose());
    store.keep(NAME, &Sealed::seal(key, PLACE, seeds.as_slice(), &mut random::system()))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_made_once_and_open_with_their_store_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.redb");
        let key = StoreKey::generate(&mut random::system());
        let made = keys(&Store::open(&path, 7072).unwrap(), &key).unwrap();
        let store = Store::open(&path, 7072).unwrap();
        assert_eq!(keys(&store, &key).unwrap().public(), made.public());
        let other = StoreKey::generate(&mut random::system());
        assert!(matches!(keys(&store, &other), Err(KeysError::Sealed)));
    }
}
