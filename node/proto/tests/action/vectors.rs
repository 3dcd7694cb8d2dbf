//! The published vector is what this code makes, and what it reads.

use pars_bindings::consent::ConsentCall;
use pars_proto::action::{ActionContent, ActionReceipt, Outcome, RefusalCode};
use pars_wire::codec::Wire;
use serde_json::Value;

use crate::story;

fn published() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/session/action.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().trim_start_matches("0x")).unwrap()
}

#[test]
fn the_action_vector_is_reproduced_byte_for_byte() {
    let (published, made) = (published(), story::vector());
    for (name, value) in made.as_object().unwrap() {
        assert!(published[name] == *value, "{name} differs from the published vector");
    }
}

#[test]
fn the_published_contents_and_receipts_are_read() {
    let published = published();
    let content = |name: &str| ActionContent::decode(&bytes(&published["content"][name])).unwrap();
    assert!(
        matches!(content("certificate"), ActionContent::Certificate(read) if read[..] == bytes(&published["certificate"]))
    );
    let ActionContent::Action(action) = content("action") else { panic!("an action") };
    assert_eq!(action.message(), bytes(&published["sessionMessage"]));
    assert_eq!(action.signature()[..], bytes(&published["signature"]));
    let ActionContent::Consent(call) = content("consent") else { panic!("a consent") };
    let read = ConsentCall::decode(&call).unwrap();
    assert!(matches!(&read, ConsentCall::Withdraw(withdrawal) if withdrawal.proof.len() == 1));
    assert_eq!(read.encode().unwrap(), call);
    for name in ["certificate", "action", "consent"] {
        assert_eq!(content(name).encode(), bytes(&published["content"][name]), "{name}");
    }
    let receipt = |name: &str| ActionReceipt::decode(&bytes(&published["receipts"][name])).unwrap();
    assert_eq!(receipt("executed").outcome(), Outcome::Executed);
    assert!(!receipt("executed").is_final() && receipt("executedFinal").is_final());
    assert_eq!(receipt("failed").reason(), "the call failed");
    assert_eq!(receipt("reverted").outcome(), Outcome::Refused(RefusalCode::Reverted));
    assert!(receipt("replay").inclusion().is_none() && receipt("replay").is_final());
}
