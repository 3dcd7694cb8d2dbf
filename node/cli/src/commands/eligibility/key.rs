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

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use clap::Parser;
    use pars_bindings::deployment::{DeployConfig, plan};

    use super::*;
    use crate::args::Cli;

    /// Its secrets are public: nothing proven or checked under it counts for anything.
    #[test]
    fn the_development_key_is_used_on_no_chain_but_those_of_development() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let words = ["parsctl", "--home", home.to_str().unwrap(), "status"];
        let context = Context::new(&Cli::parse_from(words).global).unwrap();
        let key = make_dev_key(&context, &context.home.key_path()).unwrap();
        let mut deployment = plan(&DeployConfig::dev(7072, Address::ZERO, 0)).unwrap().deployment;
        assert_eq!(deployment.verifier_key_hash, key.verifying_key().hash(), "only the chain is wrong below");
        assert!(verifying(&deployment, None).is_ok() && proving(&context, &deployment, None).is_ok());
        for chain in [1, 7070, 7071] {
            deployment.chain_id = chain;
            let named = context.home.key_path();
            for named in [None, Some(named.as_path())] {
                let refused = [verifying(&deployment, named).err(), proving(&context, &deployment, named).err()];
                for refusal in refused {
                    assert!(matches!(refusal, Some(Error::Proof { code: "dev_key_refused", .. })), "{refusal:?}");
                }
            }
        }
    }
}
