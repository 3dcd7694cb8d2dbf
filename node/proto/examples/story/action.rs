//! The vector of actions: one trigger key, its certificate, one action, and every kind of receipt.

use alloy_primitives::aliases::U40;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_bindings::consent::ConsentCall;
use pars_bindings::typed::{action_bytes, action_hash, action_nonce, seconds48, trigger_domain};
use pars_bindings::{RecordingConsent, SessionTrigger};
use pars_crypto::secret::{DsaSeed, Entropy};
use pars_crypto::suite::Libcrux;
use pars_crypto::trigger::{Statement, TriggerSecret};
use pars_identity::seed::IdentityKeys;
use pars_identity::trigger::TriggerKey;
use pars_proto::action::receipt::Reason;
use pars_proto::action::{ActionContent, ActionReceipt, Included, Outcome, Refusal, SignedAction};
use pars_wire::codec::Wire;
use pars_wire::{BlockRef, ChainId, SignerId};
use serde_json::{Value, json};

const CHAIN: ChainId = ChainId(7_072);
const TRIGGER: Address = Address::repeat_byte(0x11);
const ACCOUNT: Address = Address::repeat_byte(0x22);
const TARGET: Address = Address::repeat_byte(0x33);

fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// An action of the key: `add(uint256)` of somebody's counter.
fn action(signer: B256) -> SessionTrigger::Action {
    let data = [&[0x10, 0x03, 0xe2, 0xd2][..], &U256::from(5).to_be_bytes::<32>()].concat();
    SessionTrigger::Action {
        signerId: signer,
        account: ACCOUNT,
        target: TARGET,
        value: U256::from(7),
        data: Bytes::from(data),
        nonce: action_nonce(U256::from(3), 9).expect("a lane"),
        validAfter: seconds48(1_800_000_000).expect("a time"),
        validUntil: seconds48(1_800_003_600).expect("a time"),
        gasLimit: 200_000,
    }
}

fn receipts(answers: [u8; 16], hash: B256) -> Value {
    let block = BlockRef { number: 42, hash: B256::repeat_byte(0x55) };
    let at = |is_final| Included { transaction: B256::repeat_byte(0x44), block, is_final };
    let included = |outcome, is_final, reason: &str| {
        ActionReceipt::included(answers, hash, CHAIN, (outcome, at(is_final)), Reason::new(reason))
    };
    let reverted = Refusal::Reverted("InvalidNonce".to_owned());
    let all = [
        ("executed", included(Outcome::Executed, false, "")),
        ("executedFinal", included(Outcome::Executed, true, "")),
        ("failed", included(Outcome::Failed, true, "the call failed")),
        ("reverted", included(Outcome::Refused(reverted.code()), true, &reverted.to_string())),
        ("replay", ActionReceipt::refused(answers, hash, CHAIN, &Refusal::Replay { sequence: 9, next: 10 })),
    ];
    all.into_iter().map(|(name, receipt)| (name.to_owned(), json!(hex0x(&receipt.encode())))).collect()
}

/// A withdrawal of consent as it travels. Its signature is no one's: here it is bytes of that length.
fn consent() -> Vec<u8> {
    let r = RecordingConsent::Recording {
        recordingId: B256::repeat_byte(1),
        roster: B256::repeat_byte(2),
        participants: 3,
        policy: B256::repeat_byte(4),
        recorder: B256::repeat_byte(5),
        validUntil: U40::from(6),
    };
    let call = RecordingConsent::withdrawCall {
        r,
        signer: vec![9; 20].into(),
        proof: vec![B256::repeat_byte(7)],
        signature: vec![8; 65].into(),
    };
    ConsentCall::Withdraw(call).encode().expect("a short call")
}

/// The contents of `tests/vectors/session/action.json`.
pub(crate) fn vector() -> Value {
    let suite = &Libcrux;
    let entropy = Entropy::from_bytes([0x41; 32]);
    let identity = IdentityKeys::derive(suite, &entropy);
    let seed = DsaSeed::from_bytes([0x54; 32]);
    let key = TriggerSecret::from_seed(suite, seed.clone());
    let signer = keccak256(key.public().as_bytes());

    let place = TriggerKey { chain: CHAIN, trigger: TRIGGER, account: ACCOUNT, signer: SignerId(signer) };
    let certificate = identity.certify_trigger(suite, place, &mut ChaCha20Rng::seed_from_u64(8)).encode();
    let content = ActionContent::Certificate(Box::new(certificate.as_slice().try_into().expect("4,771 bytes")));

    let (action, domain) = (action(signer), trigger_domain(CHAIN.0, TRIGGER));
    let statement = Statement::action(&domain.hash_struct().0, &action_hash(&action).0);
    assert_eq!(statement.as_bytes(), action_bytes(&domain, &action));
    let signature = key.sign_with(suite, &statement, &[0; 32]);
    let signed = SignedAction::new(action.abi_encode(), signature.clone()).expect("a short action");

    json!({
        "entropy": hex0x(entropy.expose()),
        "identity": identity.id().to_string(),
        "seed": hex0x(seed.expose()),
        "signerId": hex0x(signer.as_slice()),
        "chainId": CHAIN.0, "trigger": TRIGGER, "account": ACCOUNT,
        "action": {
            "target": action.target, "value": "7", "data": action.data, "lane": "3", "sequence": "9",
            "validAfter": 1_800_000_000_u64, "validUntil": 1_800_003_600_u64, "gasLimit": 200_000,
        },
        "sessionMessage": hex0x(signed.message()),
        "actionHash": action_hash(&action),
        "signedBytes": hex0x(statement.as_bytes()),
        "signature": hex0x(&signature[..]),
        "certificate": hex0x(&certificate),
        "content": {
            "certificate": hex0x(&content.encode()),
            "action": hex0x(&ActionContent::Action(signed).encode()),
            "consent": hex0x(&ActionContent::Consent(consent()).encode()),
        },
        "answers": hex0x(&[0x66; 16]),
        "receipts": receipts([0x66; 16], action_hash(&action)),
    })
}
