//! One grant, one use, two minutes.

use alloy_primitives::{Address, B256};
use pars_proto::room::{Grant, GrantBook, GrantError, Scope, SeatNo, SignedGrant};
use pars_wire::codec::Wire;
use pars_wire::{ChainId, RoomId, SittingId};

use crate::story::cast::{NOW, SCOPE, anonymous, host, seat, source};
use crate::story::statements::grant;

#[test]
fn no_byte_of_a_signed_grant_can_be_changed() {
    let (secrets, statement) = (host(), anonymous(1));
    let bytes = grant(&statement).sign(secrets.s()).encode();
    let check = |bytes: &[u8]| {
        let signed = SignedGrant::decode(bytes).ok()?;
        signed.verify(&secrets.s_vk(), &SCOPE, &statement.hash(), NOW).ok().cloned()
    };
    assert_eq!(check(&bytes), Some(grant(&statement)));
    assert_eq!(bytes.len(), Grant::FIXED + 14 + 64);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(check(&changed), None, "bit {bit}");
    }
}

#[test]
fn a_grant_for_another_chain_contract_room_or_sitting_is_refused_at_this_one() {
    let (secrets, statement) = (host(), anonymous(1));
    let others = [
        Scope { chain: ChainId(SCOPE.chain.0 + 1), ..SCOPE },
        Scope { town_hall: Address::repeat_byte(0x12), ..SCOPE },
        Scope { room: RoomId(B256::repeat_byte(0x23)), ..SCOPE },
        Scope { sitting: SittingId(2), ..SCOPE },
    ];
    for scope in others {
        let signed = Grant { scope, ..grant(&statement) }.sign(secrets.s());
        let refused = signed.verify(&secrets.s_vk(), &SCOPE, &statement.hash(), NOW);
        assert_eq!(refused, Err(GrantError::OtherScope), "{scope:?}");
    }
    let signed = grant(&statement).sign(seat(1).s());
    assert_eq!(signed.verify(&secrets.s_vk(), &SCOPE, &statement.hash(), NOW), Err(GrantError::Signature));
}

#[test]
fn a_grant_is_used_once_and_in_time() {
    let (mut book, mut rng) = (GrantBook::default(), source(1));
    let (id, expires_at) = book.issue(&mut rng, SeatNo(1), NOW);
    assert_eq!(expires_at, NOW + 120);
    assert_eq!(book.redeem(id, NOW + 120), Ok(SeatNo(1)));
    assert_eq!(book.redeem(id, NOW), Err(GrantError::Unknown));
    let (late, _) = book.issue(&mut rng, SeatNo(1), NOW);
    assert_eq!(book.redeem(late, NOW + 121), Err(GrantError::Expired));
    assert_eq!(book.redeem(late, NOW), Err(GrantError::Unknown));
    let (first, _) = book.issue(&mut rng, SeatNo(1), NOW);
    let (second, _) = book.issue(&mut rng, SeatNo(1), NOW);
    assert_eq!(book.redeem(first, NOW), Err(GrantError::Unknown));
    book.revoke(SeatNo(1));
    assert_eq!(book.redeem(second, NOW), Err(GrantError::Unknown));
    assert_eq!(format!("{id:?}"), "GrantId(redacted)");
}
