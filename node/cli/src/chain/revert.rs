//! What a node's refusal of a call means.

use alloy::transports::TransportError;

use crate::error::{Error, snake_case};

/// The error behind a failed call: a contract's custom error by name and values, else the chain's own words.
pub(super) fn explain(error: TransportError) -> Error {
    let Some(data) = error.as_error_resp().and_then(|payload| payload.as_revert_data()) else {
        return Error::from(error);
    };
    match pars_bindings::decode_revert(&data) {
        Some(words) => {
            Error::Reverted { code: snake_case(name(&words)), message: format!("the contract refused: {words}") }
        }
        None => Error::Reverted { code: "reverted".into(), message: format!("the contract refused with {data}") },
    }
}

/// The error's name: `SlotUsed` of `SlotUsed { holder: … }`; a text of somebody else's contract has none.
fn name(words: &str) -> &str {
    let (name, rest) = words.split_at(words.find([' ', '(']).unwrap_or(words.len()));
    let named = rest.is_empty() || rest.starts_with(" {") || rest.starts_with('(');
    if named && name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty() { name } else { "Reverted" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_error_gives_the_code_and_a_text_does_not() {
        let codes = ["SlotUsed { holder: 0xab, freeAt: 5 }", "ZeroAmount", "no such thing", "revert: no"].map(name);
        assert_eq!(codes.map(snake_case), ["slot_used", "zero_amount", "reverted", "reverted"]);
    }
}
