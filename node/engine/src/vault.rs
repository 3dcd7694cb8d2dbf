//! Sealing of single values for their place in the store.

use pars_crypto::sealed::Place;
use pars_crypto::secret::{StoreKey, Zeroizing};
use pars_crypto::{CryptoRng, Sealed};

use crate::store::{Change, RestoreError, Table, Value};

/// A row that holds `secret`, sealed for this place.
pub(crate) fn seal(
    store: &StoreKey,
    (table, key): (Table, &[u8]),
    secret: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Change {
    let sealed = Sealed::seal(store, Place { table: table.name(), key }, secret, rng);
    Change { table, key: key.to_vec(), value: Some(Value::Sealed(sealed)) }
}

/// The secret in a value of this place.
pub(crate) fn open(
    store: &StoreKey,
    (table, key): (Table, &[u8]),
    value: &Value,
) -> Result<Zeroizing<Vec<u8>>, RestoreError> {
    let Value::Sealed(sealed) = value else { return Err(RestoreError::Sealed(table.name())) };
    sealed.open(store, Place { table: table.name(), key }).map_err(|_| RestoreError::Sealed(table.name()))
}

/// A row deleted.
pub(crate) fn drop_row(table: Table, key: &[u8]) -> Change {
    Change { table, key: key.to_vec(), value: None }
}
