//! `ceremony dev-key` and `ceremony verifier`.

use std::{fs, path::Path};

use pars_circuits::{ProvingKey, VerifyingKey, key::KeyError, solidity};
use serde_json::json;

use crate::{
    args::Ceremony,
    error::Error,
    files::public::{self, Readers},
    output::Report,
};

/// `ceremony …`
pub fn run(command: &Ceremony) -> Result<Report, Error> {
    match command {
        Ceremony::DevKey { out } => dev_key(out),
        Ceremony::Verifier { key, out } => verifier(key, out),
    }
}

fn dev_key(out: &Path) -> Result<Report, Error> {
    let key = ProvingKey::generate_insecure_dev().map_err(bad_key)?;
    public::write(out, &key.to_bytes(), Readers::All)?;
    let document = json!({
        "file": out, "hash": key.hash(), "verifierKeyHash": key.verifying_key().hash(), "devKey": true,
    });
    let text = format!("Wrote the development key {} to {}.\nIts secrets are public.", key.hash(), out.display());
    Ok(Report::new(document, text))
}

fn verifier(key: &Path, out: &Path) -> Result<Report, Error> {
    let key = verifying_key(key)?;
    public::write(out, solidity::verifier_source(&key).as_bytes(), Readers::All)?;
    let document = json!({"file": out, "verifierKeyHash": key.hash(), "devKey": key.is_dev()});
    Ok(Report::new(document, format!("Wrote the verifier of key {} to {}.", key.hash(), out.display())))
}

/// Reads the verifying key of a verifying or a proving key file.
pub fn verifying_key(path: &Path) -> Result<VerifyingKey, Error> {
    let file = fs::read(path).map_err(Error::file(path, "read"))?;
    match VerifyingKey::from_bytes(&file) {
        Err(KeyError::Kind { .. } | KeyError::Length { .. }) => {
            ProvingKey::from_bytes(&file).map(|key| key.verifying_key().clone()).map_err(bad_key)
        }
        other => other.map_err(bad_key),
    }
}

/// A key that is refused.
pub fn bad_key(error: KeyError) -> Error {
    let code = if matches!(error, KeyError::DevKeyRefused(_)) { "dev_key_refused" } else { "bad_key" };
    Error::Proof { code, message: error.to_string() }
}
