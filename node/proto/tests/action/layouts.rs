//! Content types 8 and 9: one encoding each.

use alloy_primitives::B256;
use pars_proto::action::content::{BadLength, MAX_CONSENT_CALL, MAX_MESSAGE, MIN_MESSAGE};
use pars_proto::action::receipt::{MAX_REASON, Reason};
use pars_proto::action::{ActionContent, ActionReceipt, Included, Outcome, Refusal, RefusalCode, SignedAction};
use pars_proto::session::{Bucket, MessageKind};
use pars_wire::codec::Wire;
use pars_wire::{BlockRef, ChainId};

fn action(length: usize) -> Result<SignedAction, BadLength> {
    SignedAction::new(vec![7; length], Box::new([8; 4_627]))
}

fn executed(reason: &str) -> ActionReceipt {
    let block = BlockRef { number: 5, hash: B256::repeat_byte(6) };
    let included = Included { transaction: B256::repeat_byte(4), block, is_final: false };
    let outcome = (Outcome::Executed, included);
    ActionReceipt::included([1; 16], B256::repeat_byte(2), ChainId(7_072), outcome, Reason::new(reason))
}

#[test]
fn the_longest_action_fills_one_object_of_class_l() {
    let longest = ActionContent::Action(action(MAX_MESSAGE).unwrap());
    assert_eq!(Some(longest.encode().len()), Bucket::L.capacity(MessageKind::Msg));
    assert_eq!(ActionContent::decode(&longest.encode()), Ok(longest));
    assert_eq!(action(MAX_MESSAGE + 1), Err(BadLength(MAX_MESSAGE + 1)));
    assert_eq!(action(MIN_MESSAGE - 1), Err(BadLength(MIN_MESSAGE - 1)));
}

#[test]
fn the_longest_call_for_consent_fills_one_object_of_class_l_and_an_empty_or_longer_one_is_none() {
    let longest = ActionContent::Consent(vec![7; MAX_CONSENT_CALL]);
    assert_eq!(Some(longest.encode().len()), Bucket::L.capacity(MessageKind::Msg));
    assert_eq!(ActionContent::decode(&longest.encode()), Ok(longest));
    for wrong in [0, MAX_CONSENT_CALL + 1] {
        assert!(ActionContent::decode(&ActionContent::Consent(vec![7; wrong]).encode()).is_err());
    }
}

#[test]
fn content_that_is_neither_certificate_nor_action_does_not_parse() {
    let good = ActionContent::Action(action(MIN_MESSAGE).unwrap()).encode();
    for bad in [&b"please send 5 PARS"[..], &[], &[1], &[2], &[3], &good[..good.len() - 1], &[&good[..], &[0]].concat()]
    {
        assert!(ActionContent::decode(bad).is_err());
    }
    let mut short = good;
    short[1..3].fill(0);
    assert!(ActionContent::decode(&short).is_err());
}

#[test]
fn a_receipt_reads_back_and_its_reason_is_one_short_harmless_line() {
    let receipt = executed("done");
    assert_eq!(receipt.encode().len(), ActionReceipt::FIXED + 4);
    assert_eq!(ActionReceipt::decode(&receipt.encode()), Ok(receipt));
    assert_eq!(executed("a\n\u{1b}[31mb").reason(), "a??[31mb");
    let long = executed(&"é".repeat(MAX_REASON));
    assert_eq!(long.reason(), "é".repeat(MAX_REASON / 2));
    assert_eq!(ActionReceipt::decode(&long.encode()), Ok(long));
}

#[test]
fn receipts_that_contradict_themselves_are_refused() {
    let good = executed("").encode();
    let spoiled = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        ActionReceipt::decode(&bytes)
    };
    assert!(spoiled(0, 2).is_err(), "another version");
    assert!(spoiled(49, 4).is_err(), "an unknown outcome");
    assert!(spoiled(50, 5).is_err(), "a refusal of what ran");
    assert!(spoiled(51, 2).is_err(), "neither final nor not");
    let mut nowhere = good;
    nowhere[60..92].fill(0);
    assert!(ActionReceipt::decode(&nowhere).is_err(), "executed without a transaction");
    let mut steering = executed("ab").encode();
    *steering.last_mut().unwrap() = 0x1b;
    assert!(ActionReceipt::decode(&steering).is_err(), "a reason that steers a terminal");
}

#[test]
fn the_codes_of_refusals_never_change() {
    let names: Vec<_> = RefusalCode::ALL.iter().map(|code| (*code as u8, code.name())).collect();
    assert_eq!(names.first(), Some(&(1, "not_an_action")));
    assert_eq!(names.get(15), Some(&(16, "replay")));
    assert_eq!(names[23..], [(24, "full"), (25, "call_not_allowed"), (26, "value_above_cap")]);
    for number in 0..=u8::MAX {
        assert_eq!(RefusalCode::try_from(number).is_ok(), (1..=26).contains(&number));
    }
    let refusal = Refusal::NoPrecompile;
    let receipt = ActionReceipt::refused([0; 16], B256::ZERO, ChainId(1), &refusal);
    assert_eq!(receipt.outcome(), Outcome::Refused(RefusalCode::NoPrecompile));
    assert_eq!(receipt.reason(), refusal.to_string());
}
