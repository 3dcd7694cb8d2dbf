//! `trigger …`

use alloy::{
    json_abi::Function,
    primitives::{Address, B256, Bytes, FixedBytes, U256},
};
use clap::{Args, Subcommand};
use pars_rpc::{SessionId, id::ClientId};

use super::session::session_id;

/// `trigger …`
#[derive(Debug, Subcommand)]
pub enum TriggerCommand {
    /// Make a fresh trigger key; it signs actions for the chain and nothing else.
    Key,
    /// The account that acts: for holders without a Safe.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Let a trigger key act for an account, under a policy, and have the session daemon certify it.
    Enrol(Enrol),
    /// Sign an action and send it to an executor in a session.
    Send(SendTrigger),
    /// Show a session's actions and what became of them.
    Status {
        /// The session with the executor, or its 05… id.
        #[arg(long, value_name = "ID", value_parser = session_id)]
        session: SessionId,
    },
    /// Revoke an account's trigger key at once and for ever.
    Revoke {
        /// The account.
        #[arg(long, value_name = "ADDRESS")]
        account: Address,
        /// Which key [default: the one this home has for the account].
        #[arg(long, value_name = "SIGNER_ID")]
        key: Option<B256>,
    },
}

/// `trigger account …`
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum AccountCommand {
    /// Deploy a minimal account that the signer owns, and print its address.
    Deploy,
}

/// `trigger enrol`
#[derive(Debug, Args)]
pub struct Enrol {
    /// A Safe or a minimal account; which one is found out.
    #[arg(long, value_name = "ADDRESS")]
    pub account: Address,
    /// The trigger key [default: the only one of this home].
    #[arg(long, value_name = "SIGNER_ID")]
    pub key: Option<B256>,
    /// A call the key may make: a target and a function (0x and 8 digits, or its text such as set(uint256)), or the word
    /// transfer for plain transfers. Up to four.
    #[arg(long, value_name = "TARGET:FUNCTION", value_parser = allowed, required = true, num_args = 1)]
    pub allow: Vec<Allowed>,
    /// Largest value of one action, in wei.
    #[arg(long, value_name = "WEI", default_value_t = 0)]
    pub value_cap: u128,
    /// Actions in one period at most.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_period: u32,
    /// Length of a period in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..))]
    pub period: u32,
    /// Days after which the key can do nothing any more.
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
}

/// A call that a policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// What may be called.
    pub target: Address,
    /// Which function; zero: a plain transfer.
    pub selector: FixedBytes<4>,
}

/// `trigger send`
#[derive(Debug, Args)]
pub struct SendTrigger {
    /// The session with the executor, or its 05… id.
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub session: SessionId,
    /// The account that acts.
    #[arg(long, value_name = "ADDRESS")]
    pub account: Address,
    /// What it calls.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Address,
    /// Call data.
    #[arg(long, value_name = "HEX", conflicts_with = "call")]
    pub data: Option<Bytes>,
    /// The function called, such as set(uint256); its values follow.
    #[arg(long, value_name = "FUNCTION", value_parser = function)]
    pub call: Option<Function>,
    /// Values of the function, in its order.
    #[arg(value_name = "VALUE", requires = "call", allow_negative_numbers = true)]
    pub values: Vec<String>,
    /// Wei sent along.
    #[arg(long, value_name = "WEI", default_value_t = U256::ZERO)]
    pub value: U256,
    /// Gas for the account's call.
    #[arg(long, value_name = "GAS", default_value_t = 300_000)]
    pub gas: u32,
    /// Seconds for which the action may run.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..))]
    pub valid_for: u32,
    /// Actions of one lane run in order; those of different lanes do not wait for each other.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub lane: u128,
    /// Place in the lane [default: the chain's next].
    #[arg(long, value_name = "N")]
    pub sequence: Option<u64>,
    /// Names this request, 32 digits at random: the same id again within 24 h is the same message.
    #[arg(long, value_name = "HEX")]
    pub client_id: Option<ClientId>,
}

fn function(text: &str) -> Result<Function, String> {
    Function::parse(text).map_err(|_| format!("{text} is no function such as set(uint256)"))
}

fn allowed(text: &str) -> Result<Allowed, String> {
    let (target, name) = text.split_once(':').ok_or("an allowed call is TARGET:FUNCTION")?;
    let target = target.parse().map_err(|_| format!("{target} is no address"))?;
    let selector = match name {
        "transfer" => FixedBytes::ZERO,
        hex if hex.starts_with("0x") => hex.parse().map_err(|_| format!("{hex} is no selector of 8 digits"))?,
        text => function(text)?.selector(),
    };
    Ok(Allowed { target, selector })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "0x3333333333333333333333333333333333333333";

    #[test]
    fn an_allowed_call_names_its_function_by_text_or_selector() {
        let of = |name: &str| allowed(&format!("{TARGET}:{name}")).unwrap().selector.0;
        assert_eq!(of("add(uint256)"), [0x10, 0x03, 0xe2, 0xd2]);
        assert_eq!(of("0x1003e2d2"), [0x10, 0x03, 0xe2, 0xd2]);
        assert_eq!(of("transfer"), [0; 4]);
    }

    #[test]
    fn what_is_no_call_is_refused_with_the_reason() {
        for text in ["add(uint256)", TARGET, "0x12:add(uint256)"] {
            assert!(allowed(text).is_err(), "{text}");
        }
        for name in ["add(", "0x12", "", "0x1003e2d2ff"] {
            assert!(allowed(&format!("{TARGET}:{name}")).is_err(), "{name}");
        }
    }
}
