//! The operator's own list: which calls an executor relays, and whose. TOML, or JSON of the same shape if the file is named
//! `.json`:
//!
//! ```toml
//! authors = ["05…"]              # left out: everybody with a certificate
//!
//! [[calls]]                      # left out: whatever the accounts' own policies allow
//! target = "0x…"
//! selector = "0x1003e2d2"        # left out: a plain transfer without data
//! value-cap = "0"                # wei, decimal; left out: 0
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, FixedBytes, U256};
use pars_identity::IdentityId;
use pars_proto::action::Policy;
use pars_proto::action::policy::Call;
use serde::Deserialize;

/// Largest file that is read.
const MAX_FILE: u64 = 1 << 20;

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AllowError {
    /// It cannot be read.
    #[error("the executor's list {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too long.
    #[error("the executor's list {0} is larger than a megabyte")]
    Size(PathBuf),
    /// It says something else.
    #[error("the executor's list {path} is not one: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    authors: Option<Vec<String>>,
    calls: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Rule {
    target: Address,
    #[serde(default)]
    selector: FixedBytes<4>,
    #[serde(default)]
    value_cap: Option<String>,
}

/// Read a list; none: everything is relayed.
///
/// # Errors
/// [`AllowError`].
pub fn read(path: Option<&Path>) -> Result<Policy, AllowError> {
    let Some(path) = path else { return Ok(Policy::default()) };
    let failed = |source| AllowError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
        return Err(AllowError::Size(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    policy(&text, is_json).map_err(|reason| AllowError::Content { path: path.to_owned(), reason })
}

fn policy(text: &str, is_json: bool) -> Result<Policy, String> {
    let file: File = match is_json {
        true => serde_json::from_str(text).map_err(|e| e.to_string())?,
        false => toml::from_str(text).map_err(|e| e.to_string())?,
    };
    let author = |text: String| text.parse::<IdentityId>().map_err(|e| format!("author {text}: {e}"));
    let authors = file.authors.map(|list| list.into_iter().map(author).collect::<Result<BTreeSet<_>, _>>());
    let calls = file.calls.map(|list| list.into_iter().map(call).collect::<Result<Vec<_>, _>>());
    Ok(Policy { calls: calls.transpose()?, authors: authors.transpose()? })
}

fn call(rule: Rule) -> Result<Call, String> {
    let cap = rule.value_cap.unwrap_or_else(|| "0".into());
    let value_cap = U256::from_str_radix(&cap, 10).map_err(|_| format!("value-cap {cap:?} is no number of wei"))?;
    Ok(Call { target: rule.target, selector: rule.selector, value_cap })
}

#[cfg(test)]
mod tests {
    use pars_fuzz::Outcome;
    use pars_fuzz::mutate::replay_and_damage;

    use super::*;

    const TARGET: &str = "0x3333333333333333333333333333333333333333";

    #[test]
    fn a_list_reads_in_toml_and_in_json_and_no_list_allows_everything() {
        let id = format!("05{}", "ab".repeat(32));
        let toml = format!(
            "authors = [\"{id}\"]\n[[calls]]\ntarget = \"{TARGET}\"\nselector = \"0x1003e2d2\"\nvalue-cap = \"7\"\n"
        );
        let json = format!(
            "{{\"authors\":[\"{id}\"],\"calls\":[{{\"target\":\"{TARGET}\",\"selector\":\"0x1003e2d2\",\"value-cap\":\"7\"}}]}}"
        );
        let read = policy(&toml, false).unwrap();
        assert_eq!(policy(&json, true).unwrap(), read);
        let call = read.calls.unwrap()[0];
        assert_eq!((call.selector.0, call.value_cap), ([0x10, 0x03, 0xe2, 0xd2], U256::from(7)));
        assert_eq!(read.authors.unwrap().len(), 1);
        assert_eq!(super::read(None).unwrap(), Policy::default());
    }

    #[test]
    fn what_is_left_out_of_a_call_is_zero_and_an_empty_list_allows_nothing() {
        let call = policy(&format!("[[calls]]\ntarget = \"{TARGET}\"\n"), false).unwrap().calls.unwrap()[0];
        assert_eq!((call.selector.0, call.value_cap), ([0; 4], U256::ZERO));
        assert_eq!(policy("calls = []", false).unwrap().calls, Some(vec![]));
    }

    #[test]
    fn a_list_with_something_else_in_it_is_refused() {
        for text in ["call = []", "authors = [\"alice\"]", "[[calls]]\ntarget = \"0x12\"", "calls = 5"] {
            assert!(policy(text, false).is_err(), "{text}");
        }
        assert!(policy(&format!("[[calls]]\ntarget = \"{TARGET}\"\nvalue-cap = \"-1\""), false).is_err());
    }

    #[test]
    fn a_damaged_list_is_read_or_refused_and_nothing_else() {
        let call = format!("[[calls]]\ntarget = \"{TARGET}\"\nselector = \"0x1003e2d2\"\nvalue-cap = \"7\"\n");
        let author = format!("authors = [\"05{}\"]\n{call}", "ab".repeat(32));
        let json = format!("{{\"calls\":[{{\"target\":\"{TARGET}\",\"value-cap\":\"{}\"}}]}}", U256::MAX);
        let valid = [call.clone(), author, json].map(|text| (text.into_bytes(), Outcome::Accepted));
        let endless = format!("[[calls]]\ntarget = \"{TARGET}\"\nvalue-cap = \"{}\"", "9".repeat(79));
        let refused = [endless, "[".repeat(20_000), format!("{call}{call}gas = 5"), "authors = [5]".into()];
        let refused = refused.map(|text| (text.into_bytes(), Outcome::Refused));
        let corpus: Vec<_> = valid.into_iter().chain(refused).collect();
        replay_and_damage("executor-allow", &corpus, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            match policy(&text, text.starts_with('{')).is_ok() {
                true => Outcome::Accepted,
                false => Outcome::Refused,
            }
        });
    }
}
