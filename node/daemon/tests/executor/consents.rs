//! Consents to a recording, withdrawals and anchors: submitted by the executor's account for whoever sends them.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{SolCall, SolValue};
use pars_bindings::RecordingConsent::{self, Recording, anchorCall, authorisedUntilCall, submitCall, withdrawCall};
use pars_bindings::consent::ConsentCall;
use pars_bindings::typed::{anchor_digest, consent_digest, recording_domain, recording_id, seconds40, withdraw_digest};
use pars_identity::IdentityId;
use pars_proto::action::{ActionContent, ActionReceipt, Outcome, RefusalCode};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;
use serde_json::json;

use crate::world::{CHAIN_ID, World, kill};

/// Two participants with one-time keys, by rising hash; the first records.
struct Pair {
    keys: [PrivateKeySigner; 2],
    recording: Recording,
    contract: Address,
}

fn signer(key: &PrivateKeySigner) -> Bytes {
    Bytes::copy_from_slice(key.address().as_slice())
}

fn leaf(key: &PrivateKeySigner) -> B256 {
    keccak256(keccak256(signer(key)).abi_encode())
}

fn node(left: B256, right: B256) -> B256 {
    keccak256([left.min(right), left.max(right)].concat())
}

impl Pair {
    async fn new(world: &World) -> Self {
        let mut keys = [11, 12].map(|byte| PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap());
        keys.sort_by_key(|key| keccak256(signer(key)));
        let recording = Recording {
            recordingId: B256::with_last_byte(1),
            roster: node(leaf(&keys[0]), leaf(&keys[1])),
            participants: 2,
            policy: B256::with_last_byte(2),
            recorder: keccak256(signer(&keys[0])),
            validUntil: seconds40(world.now().await + 3_600).unwrap(),
        };
        Self { keys, recording, contract: world.deployment.recording_consent }
    }

    fn id(&self) -> B256 {
        recording_id(&self.recording)
    }

    fn sign(&self, of: usize, digest: B256) -> Bytes {
        self.keys[of].sign_hash_sync(&digest).unwrap().as_bytes().to_vec().into()
    }

    /// The consent of one, with the other's leaf as its proof; `by` signs.
    fn consent(&self, of: usize, by: usize) -> ConsentCall {
        let digest = consent_digest(&recording_domain(CHAIN_ID, self.contract), self.id());
        ConsentCall::Submit(submitCall {
            r: self.recording.clone(),
            signers: vec![signer(&self.keys[of])],
            signatures: vec![self.sign(by, digest)],
            proof: vec![leaf(&self.keys[1 - of])],
            flags: vec![false],
        })
    }

    fn withdrawal(&self, of: usize) -> ConsentCall {
        let digest = withdraw_digest(&recording_domain(CHAIN_ID, self.contract), self.id());
        ConsentCall::Withdraw(withdrawCall {
            r: self.recording.clone(),
            signer: signer(&self.keys[of]),
            proof: vec![leaf(&self.keys[1 - of])],
            signature: self.sign(of, digest),
        })
    }

    fn anchor(&self, cid: &'static [u8]) -> ConsentCall {
        let (cid, wraps) = (Bytes::from_static(cid), B256::repeat_byte(7));
        let digest = anchor_digest(&recording_domain(CHAIN_ID, self.contract), self.id(), cid.clone(), wraps);
        let signature = self.sign(0, digest);
        ConsentCall::Anchor(anchorCall {
            r: self.recording.clone(),
            signer: signer(&self.keys[0]),
            cid,
            wraps,
            signature,
        })
    }

    async fn authorised_until(&self, world: &World) -> U256 {
        let call = Bytes::from(authorisedUntilCall { id: self.id() }.abi_encode());
        let output = world.call("eth_call", json!([{"to": self.contract, "data": call}, "latest"])).await;
        let output: Bytes = serde_json::from_value(output).unwrap();
        U256::from(RecordingConsent::authorisedUntilCall::abi_decode_returns(&output).unwrap())
    }
}

/// Somebody who never sent a certificate.
const STRANGER: IdentityId = IdentityId([9; 32]);

async fn told(world: &World, call: &ConsentCall) -> ActionReceipt {
    let content = ActionContent::Consent(call.encode().unwrap()).encode();
    world.receipt(world.deliver_from(STRANGER, ContentType::Action, content), 1).await
}

fn refusal(receipt: &ActionReceipt) -> Option<RefusalCode> {
    match receipt.outcome() {
        Outcome::Refused(code) => Some(code),
        _ => None,
    }
}

#[tokio::test]
async fn chunks_of_consents_authorise_a_recording_that_is_anchored_and_withdrawn_by_the_executors_account_alone() {
    let world = World::without_certificate().await;
    let _executor = world.executor(None);
    let pair = Pair::new(&world).await;
    for of in [0, 1] {
        assert_eq!(pair.authorised_until(&world).await, U256::ZERO);
        let receipt = told(&world, &pair.consent(of, of)).await;
        assert_eq!((receipt.outcome(), receipt.action()), (Outcome::Executed, pair.id()));
    }
    assert_eq!(pair.authorised_until(&world).await, U256::from(pair.recording.validUntil));
    for call in [pair.anchor(b"cid"), pair.withdrawal(1)] {
        assert_eq!(told(&world, &call).await.outcome(), Outcome::Executed);
    }
    assert_eq!(pair.authorised_until(&world).await, U256::ZERO);
    assert_eq!(world.submitted().await, 4);
}

#[tokio::test]
async fn what_the_contract_would_refuse_is_refused_by_the_simulation_and_nothing_is_submitted() {
    let world = World::without_certificate().await;
    let _executor = world.executor(None);
    let pair = Pair::new(&world).await;
    let wrong = [
        (pair.consent(0, 1), "InvalidSignature"),
        (pair.anchor(b"cid"), "NotAuthorised"),
        (
            match pair.consent(0, 0) {
                ConsentCall::Submit(mut call) => {
                    call.proof[0] = B256::ZERO;
                    ConsentCall::Submit(call)
                }
                other => other,
            },
            "NotInRoster",
        ),
    ];
    for (call, error) in wrong {
        let receipt = told(&world, &call).await;
        assert_eq!(refusal(&receipt), Some(RefusalCode::SimulationReverts));
        assert!(receipt.reason().contains(error), "{} for {error}", receipt.reason());
    }
    assert_eq!(world.submitted().await, 0);
}

#[tokio::test]
async fn a_post_quantum_signature_is_not_submitted_where_the_chain_cannot_verify_it_and_a_classical_one_is() {
    let world = World::without_certificate().await;
    let _executor = world.executor(None);
    let pair = Pair::new(&world).await;
    let key = [world.deployment.mldsa_erc7913.as_slice(), &[5_u8; 2_592][..]].concat();
    let call = ConsentCall::Withdraw(withdrawCall {
        r: pair.recording.clone(),
        signer: Bytes::from(key),
        proof: vec![leaf(&pair.keys[1])],
        signature: Bytes::from(vec![6_u8; 4_627]),
    });
    assert_eq!(refusal(&told(&world, &call).await), Some(RefusalCode::SimulationReverts));
    world.call("anvil_setCode", json!([world.deployment.mldsa, "0x"])).await;
    assert_eq!(refusal(&told(&world, &call).await), Some(RefusalCode::NoPrecompile));
    assert_eq!(told(&world, &pair.consent(0, 0)).await.outcome(), Outcome::Executed);
    assert_eq!(world.submitted().await, 1);
}

#[tokio::test]
async fn bytes_that_are_no_call_are_refused_by_a_number_of_their_own() {
    let world = World::without_certificate().await;
    let _executor = world.executor(None);
    let content = ActionContent::Consent(vec![1; 200]).encode();
    let receipt = world.receipt(world.deliver_from(STRANGER, ContentType::Action, content), 1).await;
    assert_eq!(refusal(&receipt), Some(RefusalCode::NotCanonical));
    assert_eq!(world.submitted().await, 0);
}

#[tokio::test]
async fn the_operators_list_says_for_whom_and_which_calls_are_made() {
    let world = World::without_certificate().await;
    let pair = Pair::new(&world).await;
    let (authors, contract) = (format!("authors = [\"{}\"]\n", world.author.id()), pair.contract);
    let submit = Bytes::from(submitCall::SELECTOR.to_vec());
    let calls = format!("[[calls]]\ntarget = \"{contract}\"\nselector = \"{submit}\"\n");
    let executor = world.executor(Some(world.file("authors.toml", &authors)));
    assert_eq!(refusal(&told(&world, &pair.consent(0, 0)).await), Some(RefusalCode::AuthorNotServed));
    kill(executor).await;
    let _executor = world.executor(Some(world.file("calls.toml", &calls)));
    assert_eq!(told(&world, &pair.consent(0, 0)).await.outcome(), Outcome::Executed);
    assert_eq!(refusal(&told(&world, &pair.withdrawal(0)).await), Some(RefusalCode::CallNotServed));
    assert_eq!(world.submitted().await, 1);
}
