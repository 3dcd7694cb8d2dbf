//! Every rule that a statement can break, and every bit that can be changed in one.

use alloy_primitives::Address;
use pars_proto::room::{
    Body, Claim, Scope, SeatIdentity, Statement, StatementRefusal, Support, WalletError, verify, verify_at_gate,
};
use pars_wire::codec::Wire;
use pars_wire::{ChainId, Kind, RoomId, SittingId};

use crate::story::cast::{
    NOW, OPENED, Person, SCOPE, SUITE, World, address, anonymous, body, nullifier, seat, sign, sitting, stated,
};

fn judged(statement: &Statement, kind: Kind, world: &World<'_>) -> Result<(), StatementRefusal> {
    verify(SUITE, statement, &sitting(kind), world)
}

fn claim(person: &Person) -> Claim {
    Claim::Identified { nullifier: None, member: person.named() }
}

#[test]
fn statements_of_every_form_are_admitted_where_they_belong() {
    let (person, anonymous) = (Person::new(5), anonymous(1));
    let mut world = World::of(&[&person]);
    world.seats.insert(anonymous.hash(), seat(1).s_vk());
    let member = person.named();
    let identified = stated(body(2, claim(&person)), Some(&person));
    let proven = stated(body(3, Claim::Identified { nullifier: Some(nullifier(3)), member }), Some(&person));
    let committee = stated(body(4, Claim::Committee { member }), Some(&person));
    let recorder = stated(body(7, Claim::Recorder { seat: anonymous.hash() }), None);
    let all = [
        (&anonymous, [true, false, true]),
        (&identified, [true, false, true]),
        (&proven, [true, false, true]),
        (&committee, [false, true, false]),
        (&recorder, [true, true, true]),
    ];
    for (statement, allowed) in all {
        for (kind, allowed) in [Kind::TownHall, Kind::Committee, Kind::OpenForum].into_iter().zip(allowed) {
            let expected = if allowed { Ok(()) } else { Err(StatementRefusal::FormNotAllowed) };
            assert_eq!(judged(statement, kind, &world), expected, "{statement:?} in {kind}");
        }
    }
}

#[test]
fn a_statement_for_another_chain_contract_room_or_sitting_is_refused() {
    let others = [
        Scope { chain: ChainId(7_071), ..SCOPE },
        Scope { town_hall: Address::repeat_byte(0x12), ..SCOPE },
        Scope { room: RoomId([0x23; 32].into()), ..SCOPE },
        Scope { sitting: SittingId(2), ..SCOPE },
    ];
    for scope in others {
        let body = Body { scope, ..body(1, Claim::Anonymous { nullifier: nullifier(1) }) };
        let refused = judged(&stated(body, None), Kind::TownHall, &World::default());
        assert_eq!(refused, Err(StatementRefusal::OtherScope), "{scope:?}");
    }
}

#[test]
fn times_decide_at_the_sitting_and_at_the_gate() {
    let at = |issued_at, expires_at| {
        let body = Body { issued_at, expires_at, ..body(1, Claim::Anonymous { nullifier: nullifier(1) }) };
        stated(body, None)
    };
    let whenever = |issued_at, expires_at| judged(&at(issued_at, expires_at), Kind::OpenForum, &World::default());
    assert_eq!(whenever(OPENED, OPENED + 1), Ok(()));
    assert_eq!(whenever(OPENED - 1, OPENED + 1), Err(StatementRefusal::OutsideSitting));
    assert_eq!(whenever(OPENED + 7_200, OPENED + 7_201), Ok(()));
    assert_eq!(whenever(OPENED + 7_201, OPENED + 7_202), Err(StatementRefusal::OutsideSitting));
    for expires_at in [NOW, NOW - 1, NOW + 121, u64::MAX] {
        assert_eq!(whenever(NOW, expires_at), Err(StatementRefusal::LivesTooLong));
    }
    let gate = |now| verify_at_gate(SUITE, &at(NOW, NOW + 120), &sitting(Kind::OpenForum), &World::default(), now);
    assert_eq!(gate(NOW + 120), Ok(()));
    assert_eq!(gate(NOW + 121), Err(StatementRefusal::Expired));
    assert_eq!(gate(NOW - 30), Ok(()));
    assert_eq!(gate(NOW - 31), Err(StatementRefusal::NotYet));
}

#[test]
fn a_proof_belongs_to_its_nullifier_its_keys_and_its_time() {
    let good = anonymous(1);
    let Support::Anonymous { points } = good.support() else { panic!("anonymous") };
    let moved = |change: &dyn Fn(&mut Body)| {
        let mut body = good.body().clone();
        change(&mut body);
        let statement = Statement::new(body, Support::Anonymous { points: points.clone() }).unwrap();
        judged(&statement, Kind::TownHall, &World::default())
    };
    assert_eq!(moved(&|_| {}), Ok(()));
    assert_eq!(moved(&|body| body.issued_at += 1), Err(StatementRefusal::Proof));
    assert_eq!(moved(&|body| body.s_vk = seat(2).s_vk()), Err(StatementRefusal::Proof));
    assert_eq!(moved(&|body| body.x_pk = seat(2).x_pk()), Err(StatementRefusal::Proof));
    assert_eq!(moved(&|body| body.claim = Claim::Anonymous { nullifier: nullifier(2) }), Err(StatementRefusal::Proof));
    assert_eq!(moved(&|body| body.consent = anonymous(2).body().consent.clone()), Err(StatementRefusal::Proof));
}

#[test]
fn access_leaf_and_ban_come_from_the_own_index() {
    let person = Person::new(5);
    let statement = stated(body(2, claim(&person)), Some(&person));
    let with = |change: &dyn Fn(&mut World<'_>)| {
        let mut world = World::of(&[&person]);
        change(&mut world);
        judged(&statement, Kind::TownHall, &world)
    };
    let account = person.account;
    assert_eq!(with(&|world| world.access.clear()), Err(StatementRefusal::NoAccess));
    assert_eq!(with(&|world| world.leaves.extend([account])), Err(StatementRefusal::ProofMissing));
    let banned = SeatIdentity::Account(account);
    assert_eq!(with(&|world| world.banned.extend([banned])), Err(StatementRefusal::Banned));
    assert_eq!(with(&|world| world.people.clear()), Err(StatementRefusal::IdentityUnknown));
    // A ban by account reaches the seat that proves a leaf, and a ban by nullifier the nameless one.
    let mut world = World::of(&[&person]);
    world.banned.extend([banned, SeatIdentity::Nullifier(nullifier(1))]);
    let proven = Claim::Identified { nullifier: Some(nullifier(3)), member: person.named() };
    let refused = Err(StatementRefusal::Banned);
    assert_eq!(judged(&stated(body(3, proven), Some(&person)), Kind::TownHall, &world), refused);
    assert_eq!(judged(&anonymous(1), Kind::TownHall, &world), refused);
}

#[test]
fn only_the_account_or_its_delegate_on_chain_signs() {
    let (person, delegate) = (Person::new(5), Person::new(6));
    let good = stated(body(2, claim(&person)), Some(&person));
    let Support::Named { identity, .. } = good.support().clone() else { panic!("named") };
    let wallet = sign(&delegate.wallet, good.body().typed_data().unwrap().digest());
    let signed = Statement::new(good.body().clone(), Support::Named { points: None, wallet, identity }).unwrap();
    let mut world = World::of(&[&person]);
    assert_eq!(judged(&signed, Kind::TownHall, &world), Err(StatementRefusal::OtherWallet));
    world.delegates.insert(person.account, address(&delegate.wallet));
    assert_eq!(judged(&signed, Kind::TownHall, &world), Ok(()));
    assert_eq!(judged(&good, Kind::TownHall, &world), Ok(()));
    world.delegates.insert(person.account, Address::ZERO);
    assert_eq!(judged(&signed, Kind::TownHall, &world), Err(StatementRefusal::OtherWallet));
    assert!(matches!(StatementRefusal::from(WalletError::NotCanonical), StatementRefusal::Wallet(_)));
}

#[test]
fn the_device_must_be_listed_by_a_record_of_that_hour() {
    let (person, stranger) = (Person::new(5), Person::new(6));
    let world = World::of(&[&person, &stranger]);
    // The stranger's device signs for the person's identity, and claims it.
    let mut member = person.named();
    member.device = stranger.device.id;
    let forged = body(2, Claim::Identified { nullifier: None, member });
    let wallet = person.sign(forged.typed_data().unwrap().digest());
    let identity = forged.sign_identity(SUITE, &stranger.device.signing, &mut crate::story::cast::source(1));
    let forged = Statement::new(forged, Support::Named { points: None, wallet, identity: identity.clone() }).unwrap();
    assert_eq!(judged(&forged, Kind::TownHall, &world), Err(StatementRefusal::IdentityUnknown));
    // Another device's signature under the right name.
    let body = body(2, claim(&person));
    let wallet = person.sign(body.typed_data().unwrap().digest());
    let other = Statement::new(body, Support::Named { points: None, wallet, identity }).unwrap();
    assert_eq!(judged(&other, Kind::TownHall, &world), Err(StatementRefusal::IdentitySignature));
}

#[test]
fn a_recorder_is_asked_for_by_a_seat_of_the_sitting() {
    let (member, other) = (anonymous(1), anonymous(2));
    let recorder = stated(body(7, Claim::Recorder { seat: member.hash() }), None);
    let mut world = World::default();
    assert_eq!(judged(&recorder, Kind::TownHall, &world), Err(StatementRefusal::Recorder));
    world.seats.extend([(member.hash(), seat(2).s_vk()), (other.hash(), seat(1).s_vk())]);
    assert_eq!(judged(&recorder, Kind::TownHall, &world), Err(StatementRefusal::Recorder));
    world.seats.insert(member.hash(), seat(1).s_vk());
    assert_eq!(judged(&recorder, Kind::TownHall, &world), Ok(()));
}

fn no_flip_survives(bytes: &[u8], world: &World<'_>, kind: Kind, bits: impl Fn(usize) -> Vec<u8>) {
    let sitting = sitting(kind);
    for at in 0..bytes.len() {
        for bit in bits(at) {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            let verdict = Statement::decode(&changed).map(|statement| verify(SUITE, &statement, &sitting, world));
            assert!(!matches!(verdict, Ok(Ok(()))), "bit {bit} of byte {at} may be changed");
        }
    }
}

#[test]
fn no_bit_of_an_anonymous_statement_can_be_changed() {
    let statement = anonymous(1);
    assert_eq!(judged(&statement, Kind::TownHall, &World::default()), Ok(()));
    // The proof binds keys, nullifier and time of issue; when it expires binds the gate alone, and both ends of its life.
    let expiry = 1 + 68 + 1 + 8..1 + 68 + 1 + 16;
    no_flip_survives(&statement.encode(), &World::default(), Kind::TownHall, |at| {
        if expiry.contains(&at) { Vec::new() } else { (0..8).collect() }
    });
}

#[test]
fn no_byte_of_a_named_statement_can_be_changed() {
    let person = Person::new(5);
    let world = World::of(&[&person]);
    let proven = Claim::Identified { nullifier: Some(nullifier(3)), member: person.named() };
    let statement = stated(body(3, proven), Some(&person));
    assert_eq!(judged(&statement, Kind::OpenForum, &world), Ok(()));
    no_flip_survives(&statement.encode(), &world, Kind::OpenForum, |at| vec![(at % 8) as u8]);
}
