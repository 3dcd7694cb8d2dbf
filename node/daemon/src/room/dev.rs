//! `dev.accounts`, `dev.sign`: the ten accounts that everybody knows, on chain 7072 only. They sign seats' statements and nothing
//! else: what is not exactly the typed data of one is refused.

use alloy::primitives::{Address, B256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use pars_bindings::dev::KEYS;
use pars_identity::id::IdentityId;
use pars_proto::room::{Scope, SeatStatement};
use pars_rpc::room::{Account, DevSignature, Prefixed, TypedData};
use pars_rpc::{Code, RpcError};
use pars_wire::{ChainId, RoomId, SittingId};
use serde_json::Value;

use super::lobby::{dev_accounts, has_dev_wallet};

fn only(chain: u64) -> Result<(), RpcError> {
    if has_dev_wallet(chain) {
        return Ok(());
    }
    Err(RpcError::new(Code::NotSupported, "the built-in wallet is there on the development chain only"))
}

/// `dev.accounts`.
///
/// # Errors
/// Another chain.
pub fn accounts(chain: u64) -> Result<Vec<Account>, RpcError> {
    only(chain)?;
    Ok(dev_accounts().map(|account| Prefixed(account.0.0)).collect())
}

/// `dev.sign`.
///
/// # Errors
/// Another chain, another account, or typed data of something else.
pub fn sign(chain: u64, account: Account, typed: &TypedData) -> Result<DevSignature, RpcError> {
    only(chain)?;
    let other = || RpcError::new(Code::Signature, "the built-in wallet has no such account");
    let key = KEYS.iter().filter_map(|key| PrivateKeySigner::from_bytes(key).ok());
    let key = key.into_iter().find(|key| key.address().0.0 == account.0).ok_or_else(other)?;
    let wrong = || RpcError::new(Code::Signature, "the built-in wallet signs the statement of a seat and nothing else");
    let statement = read(typed).filter(|statement| statement.scope.chain.0 == chain).ok_or_else(wrong)?;
    if statement.account.0.0 != account.0 {
        return Err(wrong());
    }
    let signature = key.sign_hash_sync(&statement.digest()).map_err(|_| wrong())?;
    Ok(DevSignature { signature: format!("0x{}", hex::encode(signature.as_bytes())) })
}

/// What an RPC carries of a statement to be signed.
///
/// # Errors
/// A fault of this program.
pub fn typed_data(statement: &SeatStatement) -> Result<TypedData, RpcError> {
    serde_json::from_str(&statement.to_json()).map_err(|_| Code::Internal.into())
}

/// The statement whose typed data this is, to the letter.
fn read(typed: &TypedData) -> Option<SeatStatement> {
    let text = |name: &str| typed.message.get(name).and_then(Value::as_str);
    let number = |name: &str| text(name)?.parse::<u64>().ok();
    let word = |name: &str| text(name)?.parse::<B256>().ok();
    let contract = typed.domain.get("verifyingContract").and_then(Value::as_str)?;
    let statement = SeatStatement {
        scope: Scope {
            chain: ChainId(typed.domain.get("chainId").and_then(Value::as_u64)?),
            town_hall: contract.parse::<Address>().ok()?,
            room: RoomId(word("roomId")?),
            sitting: SittingId(number("sittingId")?),
        },
        account: text("account")?.parse().ok()?,
        seat_hash: word("seatHash")?,
        session: IdentityId(word("sessionId")?.0),
        issued_at: number("issuedAt")?,
        expires_at: number("expiresAt")?,
    };
    (typed_data(&statement).as_ref() == Ok(typed)).then_some(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> SeatStatement {
        let town_hall = Address::repeat_byte(3);
        SeatStatement {
            scope: Scope { chain: ChainId(7_072), town_hall, room: RoomId([1; 32].into()), sitting: SittingId(2) },
            account: dev_accounts().next().unwrap(),
            seat_hash: [4; 32].into(),
            session: IdentityId([5; 32]),
            issued_at: 100,
            expires_at: 200,
        }
    }

    #[test]
    fn the_built_in_wallet_signs_a_seat_on_its_chain_and_nothing_else() {
        let (statement, accounts) = (statement(), accounts(7_072).unwrap());
        let typed = typed_data(&statement).unwrap();
        let signed = sign(7_072, accounts[0], &typed).unwrap();
        let bytes: [u8; 65] = hex::decode(&signed.signature[2..]).unwrap().try_into().unwrap();
        assert_eq!(statement.signer(&bytes), Ok(statement.account));
        assert_eq!(super::accounts(7_070).unwrap_err().known(), Some(Code::NotSupported));
        assert_eq!(sign(7_070, accounts[0], &typed).unwrap_err().known(), Some(Code::NotSupported));
        assert!(sign(7_072, accounts[1], &typed).is_err(), "another account's statement");
        let mut other = typed.clone();
        other.primary_type = "Permit".into();
        assert!(sign(7_072, accounts[0], &other).is_err());
        let mut more = typed;
        more.message.insert("spender".into(), "0x00".into());
        assert!(sign(7_072, accounts[0], &more).is_err());
    }
}
