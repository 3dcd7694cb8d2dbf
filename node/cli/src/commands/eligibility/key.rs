//! Finding the key that the deployed verifier was made from.

use std::{fs, path::Path};

use alloy::primitives::B256;
use pars_bindings::deployment::Deployment;
use pars_circuits::{ProvingKey, VerifyingKey, key::DEV_CHAIN_IDS};

use crate::{
    commands::ceremony::{bad_key, verifying_key},
    context::Context,
    error::Error,
    files::public::{self, Readers},
};

/// The proving key of a chain: the file named, else that of the home, which is made there on development networks.
pub(super) fn proving(context: &Context, deployment: &Deployment, named: Option<&Path>) -> Result<ProvingKey, Error> {
    let chain_id = deployment.chain_id;
    let home = context.home.key_path();
    let path = named.unwrap_or(&home);
    let key = match fs::read(path) {
        Ok(file) => ProvingKey::from_bytes(&file).map_err(bad_key)?,
        Err(_) if named.is_none() && !home.exists() && DEV_CHAIN_IDS.contains(&chain_id) => {
            make_dev_key(context, &home)?
        }
        Err(source) => return Err(Error::file(path, "read")(source)),
    };
    key.for_chain(chain_id).map_err(bad_key)?;
    same(key.verifying_key().hash(), deployment)?;
    Ok(key)
}

fn make_dev_key(context: &Context, path: &Path) -> Result<ProvingKey, Error> {
    let key = ProvingKey::generate_insecure_dev().map_err(bad_key)?;
    context.home.ensure()?;
    public::write(path, &key.to_bytes(), Readers::Owner)?;
    Ok(key)
}

/// The verifying key of a chain: the file named, else the built-in development key.
pub(super) fn verifying(deployment: &Deployment, named: Option<&Path>) -> Result<VerifyingKey, Error> {
    let key = match named {
        Some(path) => verifying_key(path)?,
        None => VerifyingKey::insecure_dev().map_err(bad_key)?,
    };
    key.for_chain(deployment.chain_id).map_err(bad_key)?;
    same(key.hash(), deployment)?;
    Ok(key)
}

/// A proof under another key than the verifier's would be refused by the contract.
fn same(hash: B256, deployment: &Deployment) -> Result<(), Error> {
    if hash == deployment.verifier_key_hash {
        return Ok(());
    }
    let message =
        format!("the key has hash {hash}, the deployed verifier {}; fetch that key", deployment.verifier_key_hash);
    Err(Error::Proof { code: "key_mismatch", message })
}
