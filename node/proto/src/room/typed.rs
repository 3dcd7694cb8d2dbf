//! What a wallet signs for a seat: EIP-712 `SeatStatement`, domain `ParsTownHall` / `1` (TOWNHALL section 3).

use alloy_primitives::{Address, B256, Signature, U256, b256, keccak256};
use pars_identity::id::IdentityId;

use super::scope::Scope;
use super::statement::WALLET_SIGNATURE;

const DOMAIN_TYPE: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const NAME: &str = "ParsTownHall";
const VERSION: &str = "1";
const TYPE: &str = "SeatStatement(bytes32 roomId,uint64 sittingId,address account,bytes32 seatHash,bytes32 sessionId,\
                    uint64 issuedAt,uint64 expiresAt)";
/// Half the order of secp256k1: a larger s is the second form of a smaller one (EIP-2).
const HALF_ORDER: B256 = b256!("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/// Why a wallet's signature names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// v is neither 27 nor 28, or s is above half the order.
    #[error("a wallet's signature has v = 27 or 28 and the lower s; sign again with a wallet that follows EIP-2")]
    NotCanonical,
    /// No key signs like this.
    #[error("the wallet's signature recovers to no address; sign the shown data again")]
    Unrecoverable,
}

/// The readable fields a member signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatStatement {
    /// Chain, contract, room, sitting.
    pub scope: Scope,
    /// Who enters.
    pub account: Address,
    /// The seat's keys.
    pub seat_hash: B256,
    /// The identity that signs beside the wallet.
    pub session: IdentityId,
    /// Unix seconds.
    pub issued_at: u64,
    /// Unix seconds.
    pub expires_at: u64,
}

/// A signature as contracts take it: v is 27 or 28, and s the lower one.
pub(super) fn canonical(signature: &[u8; WALLET_SIGNATURE]) -> Result<Signature, WalletError> {
    let [.., v] = signature;
    let parsed = Signature::from_raw_array(signature).map_err(|_| WalletError::NotCanonical)?;
    if !matches!(v, 27 | 28) || B256::from(parsed.s()) > HALF_ORDER {
        return Err(WalletError::NotCanonical);
    }
    Ok(parsed)
}

fn word(number: u64) -> B256 {
    U256::from(number).into()
}

impl SeatStatement {
    /// The EIP-712 hash.
    pub fn digest(&self) -> B256 {
        let Scope { chain, town_hall, room, sitting } = self.scope;
        let domain = keccak256(
            [keccak256(DOMAIN_TYPE), keccak256(NAME), keccak256(VERSION), word(chain.0), town_hall.into_word()]
                .concat(),
        );
        let words = [
            keccak256(TYPE),
            room.0,
            word(sitting.0),
            self.account.into_word(),
            self.seat_hash,
            B256::from(self.session.0),
            word(self.issued_at),
            word(self.expires_at),
        ];
        keccak256([&[0x19, 0x01], domain.as_slice(), keccak256(words.concat()).as_slice()].concat())
    }

    /// Who signed.
    ///
    /// # Errors
    /// [`WalletError`].
    pub fn signer(&self, signature: &[u8; WALLET_SIGNATURE]) -> Result<Address, WalletError> {
        let parsed = canonical(signature)?;
        parsed.recover_address_from_prehash(&self.digest()).map_err(|_| WalletError::Unrecoverable)
    }

    /// The argument of `eth_signTypedData_v4` as JSON text.
    pub fn to_json(&self) -> String {
        let Scope { chain, town_hall, room, sitting } = self.scope;
        let fields = TYPE.split(['(', ')']).nth(1).unwrap_or_default();
        let fields: Vec<_> = fields
            .split(',')
            .filter_map(|field| field.split_once(' '))
            .map(|(kind, name)| format!(r#"{{"name":"{name}","type":"{kind}"}}"#))
            .collect();
        let domain = r#"[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}]"#;
        let types = format!(r#"{{"EIP712Domain":{domain},"SeatStatement":[{}]}}"#, fields.join(","));
        let domain = format!(
            r#"{{"name":"{NAME}","version":"{VERSION}","chainId":{chain},"verifyingContract":"{town_hall:#x}"}}"#
        );
        let (seat_hash, session) = (self.seat_hash, B256::from(self.session.0));
        let message = format!(
            r#"{{"roomId":"{room}","sittingId":"{sitting}","account":"{:#x}","seatHash":"{seat_hash:#x}","sessionId":"{session:#x}","issuedAt":"{}","expiresAt":"{}"}}"#,
            self.account, self.issued_at, self.expires_at,
        );
        format!(r#"{{"types":{types},"primaryType":"SeatStatement","domain":{domain},"message":{message}}}"#)
    }
}
