//! What a run begins with: the contracts, sixteen registered nodes, holders with locks, an epoch rolled on each day before.
//! There are [`SETTINGS`] of them, by seed; each is made once in a process. Everything else is drawn from the seed itself.

use std::sync::OnceLock;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use pars_bindings::deployment::{DeployConfig, plan};
use pars_bindings::{ParsToken, ServiceNodeRegistry, VotingEscrow};
use pars_circuits::Secret;
use pars_crypto::hash::sha3;
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::Libcrux;
use pars_indexer_core::Row;
use pars_wire::NodeId;

use super::ledger::Ledger;
use super::view::{Start, View};
use crate::host::randomness;
use crate::world::BEGIN;

/// How many there are.
pub const SETTINGS: u64 = 8;
/// Service nodes that are registered.
pub const NODES: u8 = 16;
/// The chain id of development networks.
pub const CHAIN_ID: u64 = 7_072;
/// Deploys and holds all tokens.
const DEPLOYER: Address = Address::repeat_byte(0xde);
/// Owns the service nodes' stakes and rolls epochs.
pub const OWNER: Address = Address::repeat_byte(0x0e);
/// Stake of a node: the least there is.
const STAKE: u128 = 1_000_000_000_000;
const DAY: u64 = 86_400;
/// Days of the chain before the run begins.
const DAYS_BEFORE: u64 = 12;

/// A holder of a lock, in raw units of 9 decimals and seconds.
pub struct Holder {
    /// The account.
    pub account: Address,
    /// What it locks; zero: nothing.
    pub amount: u64,
    /// For how long.
    pub duration: u64,
}

/// Holders, registered in this order: a large lock, two of usual size, one raw unit, and one whose lock is over when a run
/// begins.
pub const HOLDERS: [Holder; 5] = [
    Holder { account: Address::repeat_byte(0xa0), amount: 5_000_000_000_000, duration: 4 * 365 * DAY },
    Holder { account: Address::repeat_byte(0xa1), amount: 100_000_000_000, duration: 364 * DAY },
    Holder { account: Address::repeat_byte(0xa2), amount: 250_000_000_000, duration: 728 * DAY },
    Holder { account: Address::repeat_byte(0xa3), amount: 1, duration: 182 * DAY },
    Holder { account: Address::repeat_byte(0xa4), amount: 900_000_000_000, duration: 8 * DAY },
];
/// Somebody with money and without a lock.
pub const STRANGER: Address = Address::repeat_byte(0xa5);

/// What runs begin with.
pub struct Setting {
    /// Which.
    pub number: u64,
    /// The chain at that moment.
    pub ledger: Ledger,
    /// Ids of the nodes, in their order.
    pub nodes: Vec<NodeId>,
    /// What an indexer has read of it.
    pub start: Start,
}

/// The keys of a service node.
pub fn node_keys(setting: u64, node: u8) -> HybridSecret {
    HybridSecret::generate(&Libcrux, &mut randomness(setting, "service", node.into()))
}

/// A holder's identity secret.
///
/// # Panics
/// Never: the bytes are below the order.
pub fn holder_secret(holder: usize) -> Secret {
    Secret::from_bytes(&[holder as u8 + 1; 32]).expect("small and not zero")
}

impl Setting {
    /// The one of a seed.
    pub fn of(seed: u64) -> &'static Self {
        static ALL: [OnceLock<Setting>; SETTINGS as usize] = [const { OnceLock::new() }; SETTINGS as usize];
        let number = seed % SETTINGS;
        ALL[number as usize].get_or_init(|| Self::make(number))
    }

    fn make(number: u64) -> Self {
        let mut ledger = town().clone();
        stake(&mut ledger, number);
        roll(&mut ledger);
        let mut view = View::new(&ledger, 0, None);
        view.follow(&ledger).expect("an indexer reads what the contracts wrote");
        let nodes = nodes(&view, number);
        Self { number, nodes, start: view.start(), ledger }
    }
}

/// The same in every setting: contracts and locks. Beacons differ, because the nodes' keys do and with them the blocks.
fn town() -> &'static Ledger {
    static TOWN: OnceLock<Ledger> = OnceLock::new();
    TOWN.get_or_init(|| {
        let config = DeployConfig::dev(CHAIN_ID, DEPLOYER, 0);
        let plan = plan(&config).expect("the development network may have the development key");
        let mut accounts = vec![DEPLOYER, OWNER, STRANGER];
        accounts.extend(HOLDERS.iter().map(|holder| holder.account));
        let begin = BEGIN.unix_seconds() - DAYS_BEFORE * DAY;
        let mut ledger = Ledger::new(CHAIN_ID, begin, [0; 32], &accounts, plan.deployment.clone());
        for step in &plan.steps {
            let hash = ledger.send(DEPLOYER, None, step.init_code.to_vec());
            assert_eq!(ledger.created(hash), Some(step.address), "{} stands where the plan says", step.name);
        }
        lock(&mut ledger);
        ledger
    })
}

fn give(ledger: &mut Ledger, to: Address, amount: u128, spender: Address) {
    let token = ledger.places.pars;
    ledger.call(DEPLOYER, token, &ParsToken::transferCall { to, value: U256::from(amount) });
    ledger.call(to, token, &ParsToken::approveCall { spender, value: U256::from(amount) });
}

fn stake(ledger: &mut Ledger, setting: u64) {
    let registry = ledger.places.service_node_registry;
    give(ledger, OWNER, STAKE * u128::from(NODES), registry);
    for node in 0..NODES {
        let keys = node_keys(setting, node);
        let call = ServiceNodeRegistry::registerCall {
            operator: sha3(&[b"operator", &[node]]).into(),
            identityHash: sha3(&[keys.public().dsa()]).into(),
            transportKey: (*keys.public().ed25519().as_bytes()).into(),
            stake: STAKE,
        };
        ledger.call(OWNER, registry, &call);
    }
}

fn lock(ledger: &mut Ledger) {
    let escrow = ledger.places.voting_escrow;
    for (index, holder) in HOLDERS.iter().enumerate() {
        give(ledger, holder.account, u128::from(holder.amount) * 2, escrow);
        let call = VotingEscrow::createLock_1Call {
            amount: U256::from(holder.amount),
            duration: U256::from(holder.duration),
            commitment: holder_secret(index).commitment().word(),
        };
        ledger.call(holder.account, escrow, &call);
    }
}

/// An epoch on each day before the run, and blocks behind the last so that it is final.
fn roll(ledger: &mut Ledger) {
    let registry = ledger.places.service_node_registry;
    let today = BEGIN.unix_seconds() / DAY;
    ledger.automine(false);
    for day in today - DAYS_BEFORE + 1..today {
        ledger.send(OWNER, Some(registry), ServiceNodeRegistry::rollEpochCall {}.abi_encode());
        ledger.mine(day * DAY + 600);
    }
    for seconds in (0..4).rev() {
        ledger.mine(BEGIN.unix_seconds() - 12 * seconds - 12);
    }
}

/// The chain gives ids by owner and key: found again by the key.
fn nodes(view: &View, setting: u64) -> Vec<NodeId> {
    let id = |node: u8| {
        let hash = sha3(&[node_keys(setting, node).public().dsa()]);
        let found = view.rows().find_map(|row| match row {
            Row::Node(row) if row.identity_hash.0 == hash => Some(row.node_id),
            _ => None,
        });
        found.expect("every node was registered")
    };
    (0..NODES).map(id).collect()
}
