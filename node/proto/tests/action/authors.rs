//! Certificates: by whom, for which chain and contract, and how many.

use alloy_primitives::Address;
use pars_identity::trigger::TriggerKey;
use pars_proto::action::authors::{Contract, KEYS_PER_AUTHOR};
use pars_proto::action::{Authors, Refusal};
use pars_wire::{ChainId, SignerId};

use crate::cast::{CONTRACT, SUITE, certificate, identity};

fn place(signer: u8) -> TriggerKey {
    TriggerKey {
        chain: CONTRACT.chain,
        trigger: CONTRACT.trigger,
        account: Address::repeat_byte(2),
        signer: SignerId([signer; 32].into()),
    }
}

#[test]
fn a_certificate_makes_a_key_known_for_its_author_only_and_twice_is_once() {
    let (author, other) = (identity(1), identity(2));
    let mut authors = Authors::new(CONTRACT);
    for _ in 0..2 {
        assert_eq!(authors.learn(SUITE, author.core(), &certificate(&author, place(1))), Ok(place(1)));
    }
    assert_eq!(authors.key(author.id(), place(1).signer), Ok(place(1)));
    assert_eq!(authors.key(other.id(), place(1).signer), Err(Refusal::UnknownKey(place(1).signer)));
}

#[test]
fn the_certificate_of_somebody_else_or_a_damaged_one_is_refused() {
    let (author, other) = (identity(1), identity(2));
    let mut authors = Authors::new(CONTRACT);
    let stolen = certificate(&other, place(1));
    assert!(matches!(authors.learn(SUITE, author.core(), &stolen), Err(Refusal::BadCertificate(_))));
    let mut flipped = certificate(&author, place(1));
    flipped[79] ^= 1;
    assert!(matches!(authors.learn(SUITE, author.core(), &flipped), Err(Refusal::BadCertificate(_))));
    assert!(authors.key(author.id(), place(1).signer).is_err());
}

#[test]
fn a_certificate_for_another_chain_or_contract_is_refused_by_name() {
    let author = identity(1);
    let mut authors = Authors::new(CONTRACT);
    let chain = TriggerKey { chain: ChainId(7_070), ..place(1) };
    let refused = authors.learn(SUITE, author.core(), &certificate(&author, chain));
    assert_eq!(refused, Err(Refusal::OtherChain { found: ChainId(7_070), ours: CONTRACT.chain }));
    let contract = TriggerKey { trigger: Address::repeat_byte(9), ..place(1) };
    let refused = authors.learn(SUITE, author.core(), &certificate(&author, contract));
    assert_eq!(refused, Err(Refusal::OtherContract { found: contract.trigger, ours: CONTRACT.trigger }));
    assert_eq!(authors.elsewhere(author.id()), None, "nothing is kept of whom nobody knows");
    authors.learn(SUITE, author.core(), &certificate(&author, place(1))).unwrap();
    assert!(authors.learn(SUITE, author.core(), &certificate(&author, contract)).is_err());
    let elsewhere = Contract { trigger: contract.trigger, ..CONTRACT };
    assert_eq!(authors.elsewhere(author.id()), Some(elsewhere));
    // That comes before the signature: edited bytes are told the same.
    let mut edited = certificate(&author, place(1));
    edited[..8].copy_from_slice(&7_070_u64.to_be_bytes());
    let refused = authors.learn(SUITE, author.core(), &edited);
    assert_eq!(refused, Err(Refusal::OtherChain { found: ChainId(7_070), ours: CONTRACT.chain }));
}

#[test]
fn an_authors_oldest_key_is_forgotten_when_there_are_too_many() {
    let author = identity(1);
    let mut authors = Authors::new(CONTRACT);
    for n in 0..=KEYS_PER_AUTHOR as u8 {
        authors.learn(SUITE, author.core(), &certificate(&author, place(n))).unwrap();
    }
    assert!(authors.key(author.id(), place(0).signer).is_err());
    assert!(authors.key(author.id(), place(1).signer).is_ok());
}

#[test]
fn self_made_identities_push_out_each_other_and_no_author_whose_action_was_verified() {
    let honest = identity(1);
    let mut authors = Authors::with_room(CONTRACT, 3);
    authors.learn(SUITE, honest.core(), &certificate(&honest, place(1))).unwrap();
    authors.prove(honest.id());
    for seed in 2..10 {
        let stranger = identity(seed);
        authors.learn(SUITE, stranger.core(), &certificate(&stranger, place(seed))).unwrap();
        assert!(authors.key(stranger.id(), place(seed).signer).is_ok());
    }
    assert!(authors.is_proven(honest.id()) && authors.key(honest.id(), place(1).signer).is_ok());
    let forgotten: Vec<_> = std::iter::from_fn(|| authors.forgotten()).collect();
    // The room holds the honest one and the newest two; the oldest of the others went first.
    let expected: Vec<_> = (2..8).rev().map(|seed| identity(seed).id()).collect();
    assert_eq!(forgotten, expected);
}

#[test]
fn when_every_author_is_proven_a_newcomer_is_told_that_there_is_no_room() {
    let mut authors = Authors::with_room(CONTRACT, 1);
    let (first, second) = (identity(1), identity(2));
    authors.learn(SUITE, first.core(), &certificate(&first, place(1))).unwrap();
    authors.prove(first.id());
    assert_eq!(authors.learn(SUITE, second.core(), &certificate(&second, place(2))), Err(Refusal::Full));
    assert!(authors.learn(SUITE, first.core(), &certificate(&first, place(3))).is_ok(), "the known one goes on");
}
