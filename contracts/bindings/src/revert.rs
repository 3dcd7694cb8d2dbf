//! Names of refusals: what a contract said when it reverted.

use core::fmt::Debug;

use alloy_sol_types::{SolInterface, decode_revert_reason};

use crate::contracts::{
    EligibilityRegistry::EligibilityRegistryErrors, MinimalAccount::MinimalAccountErrors,
    MldsaEip8355::MldsaEip8355Errors, ParsToken::ParsTokenErrors, RecordingConsent::RecordingConsentErrors,
    ServiceNodeRegistry::ServiceNodeRegistryErrors, SessionTrigger::SessionTriggerErrors, TownHall::TownHallErrors,
    VotingEscrow::VotingEscrowErrors,
};

/// Revert data as a sentence's worth of words: one of our custom errors with its values, as in
/// `SlotUsed { holder: 0x…, freeAt: 1800003600 }`, or what `Error(string)` and `Panic(uint256)` say.
///
/// `None` when the data are neither: somebody else's contract, or no data at all.
#[must_use]
pub fn decode_revert(data: &[u8]) -> Option<String> {
    type Decode = fn(&[u8]) -> Option<String>;
    const DECODERS: [Decode; 9] = [
        named::<TownHallErrors>,
        named::<EligibilityRegistryErrors>,
        named::<VotingEscrowErrors>,
        named::<ParsTokenErrors>,
        named::<SessionTriggerErrors>,
        named::<RecordingConsentErrors>,
        named::<ServiceNodeRegistryErrors>,
        named::<MldsaEip8355Errors>,
        named::<MinimalAccountErrors>,
    ];
    let standard = || if data.len() < 4 { None } else { standard(data) };
    DECODERS.iter().find_map(|decode| decode(data)).or_else(standard)
}

/// The error's own `Debug` without its enum: `Name(Name { … })` gives `Name { … }`.
fn named<E: SolInterface + Debug>(data: &[u8]) -> Option<String> {
    let text = format!("{:?}", E::abi_decode(data).ok()?);
    let (_, error) = text.split_once('(')?;
    error.strip_suffix(')').map(str::to_owned)
}

/// `Error(string)` and `Panic(uint256)`.
fn standard(data: &[u8]) -> Option<String> {
    let known = [[0x08, 0xc3, 0x79, 0xa0], [0x4e, 0x48, 0x7b, 0x71]];
    if known.iter().any(|selector| data.starts_with(selector)) { decode_revert_reason(data) } else { None }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::{Revert, SolError};

    use super::*;
    use crate::contracts::{TownHall, VotingEscrow};

    #[test]
    fn a_custom_error_is_named_with_its_values() {
        let error = TownHall::SlotUsed { holder: Address::repeat_byte(0xab), freeAt: U256::from(1_800_003_600_u64) };
        assert_eq!(
            decode_revert(&error.abi_encode()).as_deref(),
            Some("SlotUsed { holder: 0xabababababababababababababababababababab, freeAt: 1800003600 }")
        );
    }

    #[test]
    fn an_error_without_values_is_named() {
        assert_eq!(decode_revert(&VotingEscrow::ZeroAmount {}.abi_encode()).as_deref(), Some("ZeroAmount"));
    }

    #[test]
    fn text_reverts_are_read_and_other_data_are_not() {
        let text = decode_revert(&Revert::from("no such thing").abi_encode());
        assert!(text.is_some_and(|text| text.contains("no such thing")));
        assert_eq!(decode_revert(&[]), None);
        assert_eq!(decode_revert(&[1, 2, 3]), None);
        assert_eq!(decode_revert(&[0xff; 36]), None);
    }
}
