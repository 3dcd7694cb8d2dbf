//! The project's contracts on this chain, at the production block gas limit of 15,000,000: the whole deployment, an action of
//! a trigger key and a consent key, both with real ML-DSA-87 signatures through the precompile.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{SolCall, SolValue},
};
use pars_bindings::{
    MinimalAccount, RecordingConsent, SessionTrigger,
    deployment::{DeployConfig, Deployment, minimal_account, plan},
    typed::{
        action_bytes, action_nonce, consent_digest, enrol_bytes, erc7913_bytes, recording_domain, recording_id,
        seconds40, seconds48, trigger_domain,
    },
};
use pars_devnet::{Config, Devnet, dev_accounts};
use serde_json::{Value, json};

use crate::mldsa::Key;
use crate::support::{Counter, counter_code};

/// Block gas limit of the Pars chains.
const PRODUCTION_GAS: u64 = 15_000_000;
const CHAIN_ID: u64 = 7072;

struct Chain {
    devnet: Devnet,
    owner: Address,
}

impl Chain {
    fn start() -> Self {
        let devnet = Devnet::start(&Config { gas_limit: PRODUCTION_GAS, ..Config::in_memory(CHAIN_ID) }).unwrap();
        Self { devnet, owner: dev_accounts()[0].address() }
    }

    /// Sends from the first account, with estimated gas; the receipt must say success.
    async fn send(&self, to: Option<Address>, data: Bytes) -> Value {
        let transaction = json!([{"from": self.owner, "to": to, "data": data}]);
        let hash = self.devnet.call("eth_sendTransaction", transaction).await.unwrap();
        let receipt = self.devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
        assert_eq!(receipt["status"], "0x1");
        receipt
    }

    async fn create(&self, code: Bytes) -> Address {
        let receipt = self.send(None, code).await;
        serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
    }

    async fn deploy_all(&self) -> Deployment {
        let plan = plan(&DeployConfig::dev(CHAIN_ID, self.owner, 0)).unwrap();
        for step in &plan.steps {
            let receipt = self.send(None, step.init_code.clone()).await;
            assert_eq!(receipt["contractAddress"], json!(step.address), "{}", step.name);
            assert!(gas_used(&receipt) < PRODUCTION_GAS, "{} needs {receipt}", step.name);
            println!("deploy {}: {} gas", step.name, gas_used(&receipt));
        }
        plan.deployment
    }

    async fn read<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let call = json!([{"to": to, "data": Bytes::from(call.abi_encode())}, "latest"]);
        let output: Bytes = serde_json::from_value(self.devnet.call("eth_call", call).await.unwrap()).unwrap();
        C::abi_decode_returns(&output).unwrap()
    }

    async fn now(&self) -> u64 {
        let block = self.devnet.call("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
        u64::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }
}

fn gas_used(receipt: &Value) -> u64 {
    u64::from_str_radix(receipt["gasUsed"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// An account of the owner with the trigger as module, and a key enrolled for the counter's `add`.
async fn enrolled(chain: &Chain, deployment: &Deployment, key: &Key, counter: Address) -> Address {
    let account = chain.create(minimal_account(chain.owner).unwrap()).await;
    let module = MinimalAccount::setModuleCall { module: deployment.session_trigger, on: true };
    chain.send(Some(account), module.abi_encode().into()).await;
    let domain = trigger_domain(CHAIN_ID, deployment.session_trigger);
    let policy = SessionTrigger::Policy {
        rules: vec![SessionTrigger::Rule { target: counter, selector: Counter::addCall::SELECTOR.into() }],
        valueCap: 0,
        perPeriod: 10,
        period: 3_600,
        validUntil: seconds40(chain.now().await + 86_400).unwrap(),
    };
    let possession = key.sign(&enrol_bytes(&domain, account, keccak256(key.public())));
    let enrol = SessionTrigger::enrolCall { publicKey: key.public(), policy, possession };
    let execute = MinimalAccount::executeCall {
        to: deployment.session_trigger,
        value: U256::ZERO,
        data: enrol.abi_encode().into(),
    };
    let receipt = chain.send(Some(account), execute.abi_encode().into()).await;
    println!("enrol an ML-DSA-87 key: {} gas", gas_used(&receipt));
    account
}

#[tokio::test]
async fn on_a_chain_without_the_precompiles_the_adapter_refuses_to_be_made() {
    let config = Config { precompiles: false, gas_limit: PRODUCTION_GAS, ..Config::in_memory(CHAIN_ID) };
    let (devnet, owner) = (Devnet::start(&config).unwrap(), dev_accounts()[0].address());
    let plan = plan(&DeployConfig::dev(CHAIN_ID, owner, 0)).unwrap();
    let adapter = plan.steps.iter().find(|step| step.name == "MldsaEip8355").unwrap();
    let creation = json!([{"from": owner, "data": adapter.init_code}]);
    let refused = devnet.call("eth_sendTransaction", creation).await.unwrap_err();
    assert!(refused.data.is_some(), "{refused:?}");
    let data: Bytes = serde_json::from_value(refused.data.unwrap()).unwrap();
    let said = pars_bindings::decode_revert(&data).unwrap();
    assert!(said.starts_with("BackEndFailsProbe"), "{said}");
}

#[tokio::test]
async fn an_action_signed_with_ml_dsa_87_runs_once_through_the_adapter_and_the_precompile() {
    let chain = Chain::start();
    let deployment = chain.deploy_all().await;
    let counter = chain.create(counter_code()).await;
    let key = Key::from_seed(7);
    let account = enrolled(&chain, &deployment, &key, counter).await;
    let action = SessionTrigger::Action {
        signerId: keccak256(key.public()),
        account,
        target: counter,
        value: U256::ZERO,
        data: Counter::addCall { n: U256::from(5) }.abi_encode().into(),
        nonce: action_nonce(U256::ZERO, 0).unwrap(),
        validAfter: seconds48(0).unwrap(),
        validUntil: seconds48(chain.now().await + 3_600).unwrap(),
        gasLimit: 200_000,
    };
    let signature = key.sign(&action_bytes(&trigger_domain(CHAIN_ID, deployment.session_trigger), &action));
    let execute = |signature: Bytes| -> Bytes {
        let call = SessionTrigger::executeFromSessionCall {
            sessionMessage: action.abi_encode().into(),
            mldsaSignature: signature,
            mldsaPublicKey: Bytes::new(),
        };
        call.abi_encode().into()
    };
    let refused = async |data: Bytes| {
        let call = json!([{"from": chain.owner, "to": deployment.session_trigger, "data": data}, "latest"]);
        chain.devnet.call("eth_call", call).await.unwrap_err().code
    };
    let mut flipped = signature.to_vec();
    flipped[2_000] ^= 1;
    assert_eq!(refused(execute(flipped.into())).await, 3);
    let receipt = chain.send(Some(deployment.session_trigger), execute(signature.clone())).await;
    println!("execute an action signed with ML-DSA-87: {} gas", gas_used(&receipt));
    assert_eq!(chain.read(counter, Counter::valueCall {}).await, U256::from(5));
    assert_eq!(refused(execute(signature)).await, 3, "the same action a second time");
}

#[tokio::test]
async fn a_recording_is_authorised_by_a_consent_key_of_ml_dsa_87() {
    let chain = Chain::start();
    let deployment = chain.deploy_all().await;
    let key = Key::from_seed(8);
    let signer = Bytes::from([deployment.mldsa_erc7913.as_slice(), &key.public()].concat());
    let recording = RecordingConsent::Recording {
        recordingId: B256::with_last_byte(1),
        roster: keccak256(keccak256(&signer).abi_encode()),
        participants: 1,
        policy: B256::with_last_byte(2),
        recorder: keccak256(&signer),
        validUntil: seconds40(chain.now().await + 3_600).unwrap(),
    };
    let id = recording_id(&recording);
    let domain = recording_domain(CHAIN_ID, deployment.recording_consent);
    let submit = RecordingConsent::submitCall {
        r: recording.clone(),
        signers: vec![signer],
        signatures: vec![key.sign(&erc7913_bytes(consent_digest(&domain, id)))],
        proof: vec![],
        flags: vec![],
    };
    let receipt = chain.send(Some(deployment.recording_consent), submit.abi_encode().into()).await;
    println!("submit one ML-DSA-87 consent: {} gas", gas_used(&receipt));
    let until = chain.read(deployment.recording_consent, RecordingConsent::authorisedUntilCall { id }).await;
    assert_eq!(until, recording.validUntil);
}
