//! The sealed request and its answer.

use pars_proto::room::join::{JOIN, NAMED_JOIN, REPLY};
use pars_proto::room::{
    GrantError, HostEntry, HostGate, HostSecrets, JoinError, JoinRefusal, OpenedJoin, ReplyError, Scope, SeatNo,
    seal_join,
};
use pars_wire::SittingId;

use crate::story::cast::{NOW, SCOPE, SUITE, entry, host, source};
use crate::story::cast::{anonymous, seat};
use crate::story::statements::{grant, named_statements};

fn open(secrets: &HostSecrets, entry: &HostEntry, scope: &Scope, join: &[u8]) -> Result<OpenedJoin, JoinError> {
    HostGate { scope, entry, secrets }.open(SUITE, join)
}

#[test]
fn every_form_has_one_size_and_reaches_the_host() {
    let (secrets, mut rng) = (host(), source(1));
    let entry = entry(&secrets);
    for (name, statement) in named_statements() {
        let (join, awaiting) = seal_join(SUITE, &mut rng, &entry, &statement).unwrap();
        let named = statement.body().claim.member().is_some();
        assert_eq!(join.len(), if named { NAMED_JOIN } else { JOIN }, "{name}");
        let opened = open(&secrets, &entry, &SCOPE, &join).unwrap();
        assert_eq!(opened.statement, statement);
        let reply = opened.replier.grant(&mut rng, &grant(&statement).sign(secrets.s()));
        assert_eq!((reply.len(), awaiting.open(&reply, NOW)), (REPLY, Ok(grant(&statement))));
        assert_eq!(format!("{awaiting:?}"), "AwaitingReply(redacted)");
    }
}

#[test]
fn the_largest_statement_of_each_form_fits_its_join() {
    // Body with an ML-DSA consent key, points, wallet and hybrid signature; lp(statement) and the reply key around it.
    let largest = 1_456 + 2_592 + 2 + 256 + 2 + 65 + 2 + 4_691;
    assert_eq!(largest, 9_066);
    assert!(1 + 1_120 + 2 + largest + 32 + 16 <= NAMED_JOIN);
    const { assert!(1 + 1_120 + 2 + (1_718 + 2_592) + 32 + 16 <= JOIN) };
    assert_eq!(1 + 1_120 + 2 + 1_718 + 32 + 16, 2_889);
}

#[test]
fn no_byte_of_a_join_can_be_changed() {
    let secrets = host();
    let entry = entry(&secrets);
    let (join, _) = seal_join(SUITE, &mut source(1), &entry, &anonymous(1)).unwrap();
    for at in 0..join.len() {
        let mut changed = join.clone();
        changed[at] ^= 1 << (at % 8);
        let expected = if at == 0 { JoinError::Version } else { JoinError::Sealed };
        assert_eq!(open(&secrets, &entry, &SCOPE, &changed).unwrap_err(), expected, "byte {at}");
    }
    for size in [0, 1, JOIN - 1, JOIN + 1, NAMED_JOIN - 1, NAMED_JOIN + 1] {
        assert_eq!(open(&secrets, &entry, &SCOPE, &vec![1; size]).unwrap_err(), JoinError::Size(size));
    }
}

#[test]
fn a_join_for_another_host_entry_or_sitting_does_not_open() {
    let (secrets, other) = (host(), HostSecrets::generate(SUITE, &mut source(2)));
    let good = entry(&secrets);
    let (join, _) = seal_join(SUITE, &mut source(1), &good, &anonymous(1)).unwrap();
    let swapped = HostEntry { s_vk: other.s_vk(), ..good.clone() };
    let sitting = Scope { sitting: SittingId(4), ..SCOPE };
    assert_eq!(open(&other, &good, &SCOPE, &join).unwrap_err(), JoinError::Sealed);
    assert_eq!(open(&secrets, &swapped, &SCOPE, &join).unwrap_err(), JoinError::Sealed);
    assert_eq!(open(&secrets, &good, &sitting, &join).unwrap_err(), JoinError::Sealed);
    assert!(open(&secrets, &good, &SCOPE, &join).is_ok());
}

#[test]
fn a_repeated_join_gets_answers_under_keys_of_their_own() {
    let (secrets, mut rng) = (host(), source(1));
    let (entry, statement) = (entry(&secrets), anonymous(1));
    let (join, awaiting) = seal_join(SUITE, &mut rng, &entry, &statement).unwrap();
    let first = open(&secrets, &entry, &SCOPE, &join).unwrap();
    let again = open(&secrets, &entry, &SCOPE, &join).unwrap();
    assert_eq!(first.replier.join(), again.replier.join());
    let granted = first.replier.grant(&mut rng, &grant(&statement).sign(secrets.s()));
    let refused = again.replier.refuse(&mut rng, JoinRefusal::AlreadySeated);
    assert_ne!(granted[..16], refused[..16]);
    assert!(awaiting.open(&granted, NOW).is_ok());
    assert_eq!(awaiting.open(&refused, NOW), Err(ReplyError::Refused(JoinRefusal::AlreadySeated)));
}

#[test]
fn no_byte_of_a_reply_can_be_changed_and_it_answers_one_join() {
    let (secrets, mut rng) = (host(), source(1));
    let (entry, statement) = (entry(&secrets), anonymous(1));
    let (join, awaiting) = seal_join(SUITE, &mut rng, &entry, &statement).unwrap();
    let opened = open(&secrets, &entry, &SCOPE, &join).unwrap();
    let reply = opened.replier.grant(&mut rng, &grant(&statement).sign(secrets.s()));
    for at in 0..reply.len() {
        let mut changed = reply.clone();
        changed[at] ^= 1 << (at % 8);
        assert_eq!(awaiting.open(&changed, NOW), Err(ReplyError::Sealed), "byte {at}");
    }
    assert_eq!(awaiting.open(&reply[1..], NOW), Err(ReplyError::Size(REPLY - 1)));
    let (_, other) = seal_join(SUITE, &mut rng, &entry, &statement).unwrap();
    assert_eq!(other.open(&reply, NOW), Err(ReplyError::Sealed));
}

#[test]
fn a_grant_of_anybody_but_the_host_or_to_anybody_else_is_refused() {
    let (secrets, mut rng) = (host(), source(1));
    let (entry, statement) = (entry(&secrets), anonymous(1));
    let (join, awaiting) = seal_join(SUITE, &mut rng, &entry, &statement).unwrap();
    let mut answered = |signed| {
        let replier = open(&secrets, &entry, &SCOPE, &join).unwrap().replier;
        awaiting.open(&replier.grant(&mut rng, &signed), NOW)
    };
    let good = grant(&statement);
    assert_eq!(answered(good.clone().sign(secrets.s())), Ok(good.clone()));
    assert_eq!(answered(good.clone().sign(seat(1).s())), Err(ReplyError::Grant(GrantError::Signature)));
    let other = grant(&anonymous(2));
    assert_eq!(answered(other.sign(secrets.s())), Err(ReplyError::Grant(GrantError::OtherStatement)));
    let mut old = good.clone();
    old.expires_at = NOW - 1;
    assert_eq!(answered(old.sign(secrets.s())), Err(ReplyError::Grant(GrantError::Expired)));
    let mut long = good;
    long.expires_at = NOW + 151;
    assert_eq!(answered(long.sign(secrets.s())), Err(ReplyError::Grant(GrantError::TooLong)));
    assert_ne!(grant(&statement).seat, SeatNo::HOST);
}
