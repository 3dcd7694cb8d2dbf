//! A development chain with every contract, an account whose trigger key may call a counter, an author, and mail that is
//! kept in memory: it outlives an executor as the daemon's would.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, Bytes, U256, keccak256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::sol;
use alloy::sol_types::{SolCall, SolValue};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_bindings::deployment::{DeployConfig, Deployment, minimal_account, plan};
use pars_bindings::typed::{action_hash, action_nonce, enrol_hash, seconds40, seconds48, trigger_domain};
use pars_bindings::{MinimalAccount, SessionTrigger};
use pars_crypto::secret::{DsaSeed, Entropy, StoreKey};
use pars_crypto::suite::Libcrux;
use pars_crypto::trigger::{Statement, TriggerSecret};
use pars_daemon::driver::Stopped;
use pars_daemon::executor::mail::{Letter, Mail, Page};
use pars_daemon::executor::{ExecutorConfig, ExecutorError, start_with};
use pars_devnet::{Config, Devnet, dev_accounts};
use pars_engine::CommandId;
use pars_identity::IdentityId;
use pars_identity::core::IdentityCore;
use pars_identity::seed::IdentityKeys;
use pars_identity::trigger::TriggerKey;
use pars_proto::action::{ActionContent, ActionReceipt, SignedAction};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;
use pars_wire::{ChainId, SignerId};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const CHAIN_ID: u64 = 7072;
/// How long a test waits for what must come; far more than it takes.
const PATIENCE: Duration = Duration::from_secs(120);

sol! {
    /// `node/chain/tests/fixtures/Counter.sol`.
    contract Counter {
        function value() external view returns (uint256);
        function add(uint256 n) external;
        function fail() external pure;
    }
}

/// Actions that the policy allows in an hour.
pub(crate) const PER_PERIOD: u64 = 10;

/// What the mail holds.
#[derive(Default)]
struct Post {
    letters: Vec<Letter>,
    receipts: Vec<(CommandId, IdentityId, ActionReceipt)>,
    greeted: Vec<IdentityId>,
    acknowledged: u64,
    /// Who cannot be told anything.
    deaf: BTreeSet<IdentityId>,
    /// Whose outcome never comes.
    silent: BTreeSet<IdentityId>,
    /// Tries to tell somebody who is deaf.
    tries: usize,
    /// Milliseconds since 1970: stands still unless a test moves it.
    now: u64,
    /// How often the executor woke up.
    wakes: u64,
}

impl Post {
    /// Whether somebody can be told; that it was tried is counted.
    fn hears(&mut self, who: IdentityId) -> bool {
        let deaf = self.deaf.contains(&who);
        self.tries += usize::from(deaf);
        !deaf
    }
}

/// Mail in memory; clones are the same mail.
#[derive(Clone)]
pub(crate) struct MemoryMail {
    post: Arc<Mutex<Post>>,
    core: IdentityCore,
    changed: watch::Sender<()>,
}

impl Mail for MemoryMail {
    async fn after(&self, cursor: u64, limit: usize) -> Result<Page, Stopped> {
        let post = self.post.lock().unwrap();
        let letters: Vec<Letter> =
            post.letters.iter().filter(|letter| letter.cursor > cursor).take(limit).cloned().collect();
        Ok(Page { upto: letters.last().map(|letter| letter.cursor), letters })
    }

    async fn core(&self, of: IdentityId) -> Result<Option<IdentityCore>, Stopped> {
        Ok(Some(self.core.clone()).filter(|core| core.id() == of))
    }

    async fn send(&self, id: CommandId, to: IdentityId, receipt: Vec<u8>) -> Result<bool, Stopped> {
        if self.post.lock().unwrap().silent.contains(&to) {
            std::future::pending::<()>().await;
        }
        let mut post = self.post.lock().unwrap();
        if !post.hears(to) {
            return Ok(false);
        }
        // As the engine does: a command id that is known is the same message.
        if !post.receipts.iter().any(|(known, ..)| *known == id) {
            post.receipts.push((id, to, ActionReceipt::decode(&receipt).unwrap()));
        }
        self.changed.send_replace(());
        Ok(true)
    }

    async fn greet(&self, to: IdentityId) -> Result<bool, Stopped> {
        let mut post = self.post.lock().unwrap();
        if !post.hears(to) {
            return Ok(false);
        }
        // As the engine does: once a handshake.
        if !post.greeted.contains(&to) {
            post.greeted.push(to);
        }
        self.changed.send_replace(());
        Ok(true)
    }

    async fn acknowledge(&self, cursor: u64) -> Result<(), Stopped> {
        self.post.lock().unwrap().acknowledged = cursor;
        self.changed.send_replace(());
        Ok(())
    }

    fn now(&self) -> u64 {
        self.post.lock().unwrap().now
    }

    async fn wait(&mut self, at_most: Duration) -> Result<(), Stopped> {
        self.post.lock().unwrap().wakes += 1;
        self.changed.send_replace(());
        tokio::time::sleep(at_most.min(Duration::from_millis(20))).await;
        Ok(())
    }
}

/// End an executor between two awaits: its file holds whole transactions, its memory is gone.
pub(crate) async fn kill(executor: JoinHandle<Result<(), ExecutorError>>) {
    executor.abort();
    let _ = executor.await;
}

/// Everything around an executor.
pub(crate) struct World {
    pub(crate) devnet: Devnet,
    pub(crate) deployment: Deployment,
    pub(crate) account: Address,
    pub(crate) counter: Address,
    pub(crate) key: TriggerSecret,
    pub(crate) author: IdentityKeys,
    pub(crate) mail: MemoryMail,
    directory: tempfile::TempDir,
}

impl World {
    /// The chain is set up, the key enrolled for `add` and `fail`, and the certificate lies in the mail.
    pub(crate) async fn new() -> Self {
        let world = Self::without_certificate().await;
        world.deliver(ContentType::Action, world.certificate(CHAIN_ID));
        world
    }

    /// The same with empty mail.
    pub(crate) async fn without_certificate() -> Self {
        let devnet = Devnet::start(&Config { gas_limit: 15_000_000, ..Config::in_memory(CHAIN_ID) }).unwrap();
        let owner = dev_accounts()[0].address();
        let plan = plan(&DeployConfig::dev(CHAIN_ID, owner, 0)).unwrap();
        for step in &plan.steps {
            create(&devnet, step.init_code.clone()).await;
        }
        let code = include_str!("../../../chain/tests/fixtures/counter.hex").trim().parse().unwrap();
        let counter = create(&devnet, code).await;
        let account = create(&devnet, minimal_account(owner).unwrap()).await;
        let author = IdentityKeys::derive(&Libcrux, &Entropy::from_bytes([1; 32]));
        let (changed, _) = watch::channel(());
        let post = Post { now: 1_800_000_000_000, ..Post::default() };
        let mail = MemoryMail { post: Arc::new(Mutex::new(post)), core: author.core().clone(), changed };
        let key = TriggerSecret::from_seed(&Libcrux, DsaSeed::from_bytes([7; 32]));
        let directory = tempfile::tempdir().unwrap();
        let world = Self { devnet, deployment: plan.deployment, account, counter, key, author, mail, directory };
        world.enrol().await;
        world
    }

    async fn enrol(&self) {
        let trigger = self.deployment.session_trigger;
        self.send(self.account, MinimalAccount::setModuleCall { module: trigger, on: true }.abi_encode()).await;
        let rule = |selector: [u8; 4]| SessionTrigger::Rule { target: self.counter, selector: selector.into() };
        let policy = SessionTrigger::Policy {
            rules: vec![rule(Counter::addCall::SELECTOR), rule(Counter::failCall::SELECTOR)],
            valueCap: 0,
            perPeriod: u32::try_from(PER_PERIOD).unwrap(),
            period: 3_600,
            validUntil: seconds40(self.now().await + 86_400).unwrap(),
        };
        let statement = Statement::enrol(&self.domain(), &enrol_hash(self.account, self.signer().0).0);
        let possession = self.key.sign_with(&Libcrux, &statement, &[0; 32]);
        let enrol = SessionTrigger::enrolCall {
            publicKey: Bytes::copy_from_slice(self.key.public().as_bytes()),
            policy,
            possession: Bytes::copy_from_slice(&possession[..]),
        };
        let data = enrol.abi_encode().into();
        self.send(self.account, MinimalAccount::executeCall { to: trigger, value: U256::ZERO, data }.abi_encode())
            .await;
    }

    fn domain(&self) -> [u8; 32] {
        trigger_domain(CHAIN_ID, self.deployment.session_trigger).hash_struct().0
    }

    pub(crate) fn signer(&self) -> SignerId {
        SignerId(keccak256(self.key.public().as_bytes()))
    }

    /// Start an executor, or start it again.
    pub(crate) fn executor(&self, allow: Option<PathBuf>) -> JoinHandle<Result<(), ExecutorError>> {
        let config = ExecutorConfig {
            provider: self.provider(),
            deployment: self.deployment.clone(),
            signer: dev_accounts()[1].signer(),
            allow,
            journal: self.directory.path().join("executor.redb"),
            key: StoreKey::from_bytes([3; 32]),
        };
        start_with(config, self.mail.clone()).unwrap()
    }

    /// `add(5)` is signed and sent, the executor is killed, and the chain's node forgets the transaction; the message's id.
    pub(crate) async fn lost_transaction(&self) -> [u8; 16] {
        self.call("evm_setAutomine", json!([false])).await;
        let before = self.call("evm_snapshot", json!([])).await;
        let id = self.deliver(ContentType::Action, self.signed(&self.add(0, 5).await));
        let executor = self.executor(None);
        self.pending().await;
        kill(executor).await;
        self.call("evm_revert", json!([before])).await;
        id
    }

    pub(crate) fn provider(&self) -> DynProvider {
        ProviderBuilder::new().connect_client(self.devnet.client()).erased()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The content with the author's certificate for a chain.
    pub(crate) fn certificate(&self, chain: u64) -> Vec<u8> {
        self.certificate_at(chain, self.deployment.session_trigger)
    }

    /// The same for another contract.
    pub(crate) fn certificate_at(&self, chain: u64, trigger: Address) -> Vec<u8> {
        let key = TriggerKey { chain: ChainId(chain), trigger, account: self.account, signer: self.signer() };
        println!("seed 5");
        let certificate = self.author.certify_trigger(&Libcrux, key, &mut ChaCha20Rng::seed_from_u64(5));
        [&[1], &certificate.encode()[..]].concat()
    }

    /// An action of the account on the counter, valid for an hour.
    pub(crate) async fn action(&self, sequence: u64, data: Vec<u8>) -> SessionTrigger::Action {
        let now = self.now().await;
        SessionTrigger::Action {
            signerId: self.signer().0,
            account: self.account,
            target: self.counter,
            value: U256::ZERO,
            data: data.into(),
            nonce: action_nonce(U256::ZERO, sequence).unwrap(),
            validAfter: seconds48(0).unwrap(),
            validUntil: seconds48(now + 3_600).unwrap(),
            gasLimit: 200_000,
        }
    }

    /// `add(n)` as the action at a place of lane 0.
    pub(crate) async fn add(&self, sequence: u64, n: u64) -> SessionTrigger::Action {
        self.action(sequence, Counter::addCall { n: U256::from(n) }.abi_encode()).await
    }

    /// The content with a signed action.
    pub(crate) fn signed(&self, action: &SessionTrigger::Action) -> Vec<u8> {
        self.signed_for(CHAIN_ID, action)
    }

    /// The same, signed for a chain.
    pub(crate) fn signed_for(&self, chain: u64, action: &SessionTrigger::Action) -> Vec<u8> {
        self.signed_at(chain, self.deployment.session_trigger, action)
    }

    /// The same, signed for a contract.
    pub(crate) fn signed_at(&self, chain: u64, trigger: Address, action: &SessionTrigger::Action) -> Vec<u8> {
        let domain = trigger_domain(chain, trigger).hash_struct();
        let statement = Statement::action(&domain.0, &action_hash(action).0);
        let signature = self.key.sign_with(&Libcrux, &statement, &[0; 32]);
        ActionContent::Action(SignedAction::new(action.abi_encode(), signature).unwrap()).encode()
    }

    /// Put a message of the author into the mail; its id.
    pub(crate) fn deliver(&self, kind: ContentType, content: Vec<u8>) -> [u8; 16] {
        self.deliver_from(self.author.id(), kind, content)
    }

    /// Put a message of somebody into the mail; its id.
    pub(crate) fn deliver_from(&self, from: IdentityId, kind: ContentType, content: Vec<u8>) -> [u8; 16] {
        let mut post = self.mail.post.lock().unwrap();
        let cursor = post.letters.len() as u64 + 1;
        let id = [cursor as u8; 16];
        post.letters.push(Letter { cursor, from, id, kind, content: content.into() });
        id
    }

    /// Receipts of a message so far.
    pub(crate) fn receipts(&self, id: [u8; 16]) -> Vec<ActionReceipt> {
        let post = self.mail.post.lock().unwrap();
        let receipts = post.receipts.iter().map(|(.., receipt)| receipt.clone());
        receipts.filter(|receipt| receipt.answers() == id).collect()
    }

    /// Nothing can be told to somebody, or everything again.
    pub(crate) fn set_deaf(&self, who: IdentityId, deaf: bool) {
        let mut post = self.mail.post.lock().unwrap();
        if deaf {
            post.deaf.insert(who)
        } else {
            post.deaf.remove(&who)
        };
    }

    /// Whether what is told to somebody becomes durable never comes out.
    pub(crate) fn set_silent(&self, who: IdentityId) {
        self.mail.post.lock().unwrap().silent.insert(who);
    }

    /// Tries to tell somebody who is deaf.
    pub(crate) fn tries(&self) -> usize {
        self.mail.post.lock().unwrap().tries
    }

    /// Let the executor's time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.mail.post.lock().unwrap().now += u64::try_from(time.as_millis()).unwrap();
    }

    /// Wait until the executor has looked at everything so often again.
    pub(crate) async fn looks(&self, count: u64) {
        let wakes = || self.mail.post.lock().unwrap().wakes;
        // The look that is under way began before.
        let enough = wakes() + count + 1;
        self.until(|| (wakes() >= enough).then_some(())).await;
    }

    /// Whom the executor greeted.
    pub(crate) fn greeted(&self) -> Vec<IdentityId> {
        self.mail.post.lock().unwrap().greeted.clone()
    }

    /// Wait until a message has so many receipts, and give the newest.
    pub(crate) async fn receipt(&self, id: [u8; 16], count: usize) -> ActionReceipt {
        self.until(|| self.receipts(id).get(count - 1).cloned()).await
    }

    /// Wait until everything in the mail is dealt with.
    pub(crate) async fn dealt_with(&self) {
        let done = || {
            let post = self.mail.post.lock().unwrap();
            (post.acknowledged == post.letters.len() as u64).then_some(())
        };
        self.until(done).await;
    }

    async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let mut changed = self.mail.changed.subscribe();
        let wait = async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it comes in time")
    }

    /// Transactions of the executor's account in blocks.
    pub(crate) async fn submitted(&self) -> u64 {
        self.provider().get_transaction_count(dev_accounts()[1].address()).await.unwrap()
    }

    /// Wait until a transaction of the executor waits for a block.
    pub(crate) async fn pending(&self) {
        let (provider, account) = (self.provider(), dev_accounts()[1].address());
        let wait = async {
            while provider.get_transaction_count(account).pending().await.unwrap() <= self.submitted().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("a transaction comes in time");
    }

    /// Wait until a transaction of the executor waits for a block, or has done its work.
    pub(crate) async fn pending_or_counted(&self, value: U256) {
        let (provider, account) = (self.provider(), dev_accounts()[1].address());
        let wait = async {
            while self.counted().await != value
                && provider.get_transaction_count(account).pending().await.unwrap() <= self.submitted().await
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("a transaction comes in time");
    }

    pub(crate) async fn counted(&self) -> U256 {
        let call = json!([{"to": self.counter, "data": Bytes::from(Counter::valueCall {}.abi_encode())}, "latest"]);
        let output: Bytes = serde_json::from_value(self.call("eth_call", call).await).unwrap();
        Counter::valueCall::abi_decode_returns(&output).unwrap()
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.devnet.call(method, params).await.unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.call("anvil_mine", json!([blocks])).await;
    }

    pub(crate) async fn now(&self) -> u64 {
        let block = self.provider().get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap();
        block.header.timestamp
    }

    async fn send(&self, to: Address, data: Vec<u8>) {
        let transaction = json!([{"from": dev_accounts()[0].address(), "to": to, "data": Bytes::from(data)}]);
        let hash = self.call("eth_sendTransaction", transaction).await;
        let receipt = self.call("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1");
    }
}

async fn create(devnet: &Devnet, code: Bytes) -> Address {
    let transaction = json!([{"from": dev_accounts()[0].address(), "data": code}]);
    let hash = devnet.call("eth_sendTransaction", transaction).await.unwrap();
    let receipt = devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
    assert_eq!(receipt["status"], "0x1");
    serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
}
