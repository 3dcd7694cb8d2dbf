//! What a wallet signs: the digest is that of the standard's own implementation, and a signature names one account.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolStruct;
use pars_bindings::typed::town_hall_domain;
use pars_proto::room::{Claim, SeatStatement, WalletError};
use serde_json::Value;

use crate::story::cast::{Person, SCOPE, body};

mod named {
    use alloy_sol_types::sol;

    sol! {
        struct SeatStatement {
            bytes32 roomId; uint64 sittingId; address account; bytes32 seatHash; bytes32 sessionId; uint64 issuedAt;
            uint64 expiresAt;
        }
    }
}

fn typed(person: &Person) -> SeatStatement {
    body(2, Claim::Identified { nullifier: None, member: person.named() }).typed_data().unwrap()
}

#[test]
fn the_digest_is_the_one_of_the_standard() {
    let person = Person::new(5);
    let typed = typed(&person);
    let same = named::SeatStatement {
        roomId: typed.scope.room.0,
        sittingId: typed.scope.sitting.0,
        account: typed.account,
        seatHash: typed.seat_hash,
        sessionId: B256::from(typed.session.0),
        issuedAt: typed.issued_at,
        expiresAt: typed.expires_at,
    };
    let domain = town_hall_domain(SCOPE.chain.0, SCOPE.town_hall);
    assert_eq!(typed.digest(), same.eip712_signing_hash(&domain));
}

#[test]
fn the_wallet_is_shown_every_field_that_is_signed() {
    let person = Person::new(5);
    let typed = typed(&person);
    let json: Value = serde_json::from_str(&typed.to_json()).unwrap();
    assert_eq!(json["primaryType"], "SeatStatement");
    assert_eq!(json["domain"]["name"], "ParsTownHall");
    assert_eq!(json["domain"]["chainId"], 7_072);
    let fields = json["types"]["SeatStatement"].as_array().unwrap();
    let names: Vec<_> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["roomId", "sittingId", "account", "seatHash", "sessionId", "issuedAt", "expiresAt"]);
    assert!(names.iter().all(|name| json["message"][name].is_string()));
    assert_eq!(json["message"]["seatHash"], format!("{:#x}", typed.seat_hash));
}

#[test]
fn a_signature_recovers_to_its_account_only_and_has_one_form() {
    let person = Person::new(5);
    let typed = typed(&person);
    let signature = person.sign(typed.digest());
    assert_eq!(typed.signer(&signature), Ok(person.account));
    let later = SeatStatement { expires_at: typed.expires_at + 1, ..typed };
    assert_ne!(later.signer(&signature), Ok(person.account));

    let order = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse::<U256>().unwrap();
    let mut high = signature;
    let s = order - U256::from_be_slice(&signature[32..64]);
    high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    high[64] = 27 + 28 - signature[64];
    assert_eq!(typed.signer(&high), Err(WalletError::NotCanonical));
    let mut parity = signature;
    parity[64] -= 27;
    assert_eq!(typed.signer(&parity), Err(WalletError::NotCanonical));
    assert!(typed.signer(&[0; 65]).is_err());
}
