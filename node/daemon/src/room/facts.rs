//! What the own index says of a statement: gathered first, then judged without waiting (TOWNHALL section 3, "Before sending").
//!
//! Access of a holder, of a Safe's owner and of a listed member follows from the own rows; a committee contract is asked over
//! the chain's node (TH-E1). A final block gives it, and the newest may take it: what is not final gives nothing, and nobody
//! who lost it waits until that is final. The pinned tree is rebuilt from the index once for each sitting and compared with its
//! root.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use alloy::eips::BlockId;
use alloy::primitives::{Address, Bytes, U256};
use alloy::providers::{DynProvider, Provider};
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use pars_bindings::TownHall::canJoinCall;
use pars_bindings::deployment::Deployment;
use pars_circuits::{Commitment, Deadline, Leaf, LeafSet, Nullifier, Purpose, Root, Threshold, VerifyingKey};
use pars_crypto::sign::Ed25519Public;
use pars_engine::room::Standing;
use pars_identity::device::{DeviceCertificate, DeviceId};
use pars_identity::id::IdentityId;
use pars_identity::record::IdentityRecord;
use pars_indexer::{RoomView, Rooms as Index, StoreError};
use pars_indexer_core::Lock;
use pars_proto::room::{
    Facts, JoinProof, Scope, SeatIdentity, Sitting, Statement, StatementHash, StatementRefusal, verify, verify_at_gate,
};
use pars_wire::{ChainId, Kind, RoomId};

use super::home::Home;
use crate::driver::SUITE;

/// Trees kept at once.
const TREES: usize = 16;
/// Longest lock: power at t is `amount * (end - t) / MAXTIME` (CHAIN section 1).
pub const MAXTIME: u64 = 4 * 365 * 86_400;

/// Why the own index does not answer.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// Its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The room is not indexed.
    #[error("the own index knows no such room; one that was made a moment ago is there soon")]
    UnknownRoom,
    /// No sitting that is final runs.
    #[error("no sitting of the room is running, or its block is not final yet")]
    NoSitting,
    /// The rows do not give the pinned root.
    #[error("the own index does not give the tree that the sitting pinned; index anew")]
    Tree,
    /// The chain's node.
    #[error("the chain's node does not answer")]
    Chain,
    /// No verifying key.
    #[error("this daemon has no verifying key of the deployment; give the home that holds it")]
    NoKey,
}

/// A sitting's tree.
#[derive(Debug)]
pub struct Pinned {
    /// As the circuit wants it.
    pub sitting: pars_circuits::Sitting,
    /// The leaves.
    pub leaves: LeafSet,
    accounts: BTreeSet<Address>,
}

impl Pinned {
    /// Whether an account has a leaf of non-zero weight.
    pub fn counts(&self, account: Address) -> bool {
        self.accounts.contains(&account)
    }

    /// Eligible leaves.
    pub fn anonymity_set(&self) -> usize {
        self.leaves.anonymity_set(self.sitting.threshold, self.sitting.at)
    }
}

type Trees = BTreeMap<(RoomId, u64), Arc<Pinned>>;

/// Answers questions about seats. Clones share what was looked up.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// The rows.
    pub index: Index,
    provider: DynProvider,
    deployment: Arc<Deployment>,
    verifier: Option<Arc<VerifyingKey>>,
    trees: Arc<Mutex<Trees>>,
}

/// An identity's record and its device's certificate.
pub type Device = (IdentityRecord, DeviceCertificate);

/// A sitting that runs in a final block.
#[derive(Clone, Debug)]
pub struct Running {
    /// The room.
    pub view: RoomView,
    /// As the protocol wants it.
    pub sitting: Sitting,
    /// Hash of its metadata object.
    pub metadata: alloy::primitives::B256,
}

impl Oracle {
    /// An oracle over the own index.
    pub fn new(index: Index, provider: DynProvider, deployment: Deployment, home: &Home) -> Self {
        let verifier = home.verifying_key().inspect_err(|error| tracing::warn!(%error, "no proof can be checked"));
        let verifier = verifier.ok().map(Arc::new);
        Self { index, provider, deployment: Arc::new(deployment), verifier, trees: Arc::default() }
    }

    /// The deployment.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// A room of the index.
    ///
    /// # Errors
    /// [`FactsError`].
    pub async fn room(&self, room: RoomId) -> Result<RoomView, FactsError> {
        self.index.room(room).await?.ok_or(FactsError::UnknownRoom)
    }

    /// The running sitting, if its block is final.
    ///
    /// # Errors
    /// [`FactsError`].
    pub async fn running(&self, room: RoomId) -> Result<Running, FactsError> {
        let view = self.room(room).await?;
        let row = view.running_final().ok_or(FactsError::NoSitting)?;
        let (chain, town_hall) = (ChainId(self.deployment.chain_id), self.deployment.town_hall);
        let scope = Scope { chain, town_hall, room, sitting: row.sitting_id };
        let sitting = Sitting { scope, kind: view.room.kind, opened_at: row.opened_at, ends_at: row.ends_at };
        let metadata = row.metadata_hash;
        Ok(Running { view, sitting, metadata })
    }

    /// The tree that a sitting pinned.
    ///
    /// # Errors
    /// [`FactsError`].
    pub async fn pinned(&self, scope: &Scope) -> Result<Arc<Pinned>, FactsError> {
        let key = (scope.room, scope.sitting.0);
        if let Some(found) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(found.clone());
        }
        let (row, leaves) = self.index.leaves(scope.room, scope.sitting).await?.ok_or(FactsError::NoSitting)?;
        let scope = *scope;
        let built = tokio::task::spawn_blocking(move || build(&scope, &row, leaves)).await;
        let pinned = Arc::new(built.ok().flatten().ok_or(FactsError::Tree)?);
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        while trees.len() >= TREES {
            trees.pop_first();
        }
        trees.insert(key, pinned.clone());
        Ok(pinned)
    }

    /// Whether the final chain gives an account a seat in a sitting, and the newest block has not taken it.
    ///
    /// # Errors
    /// [`FactsError`].
    pub async fn has_access(&self, running: &Running, account: Address) -> Result<bool, FactsError> {
        let view = &running.view;
        let settled = self.index.settled(&view.room, account).await?;
        if view.room.kind != Kind::Committee {
            let at = running.sitting.ends_at;
            let threshold = view.sitting.as_ref().map(|row| row.threshold).unwrap_or_default();
            let enough = |lock: Option<&Lock>| !threshold.is_zero() && power_time(lock, at) >= threshold;
            return Ok(enough(settled.lock.as_ref()) && enough(self.index.lock(account).await?.as_ref()));
        }
        let listed = view.members.contains(&account);
        let owner = view.safe_owners.as_ref().is_some_and(|owners| owners.contains(&account));
        if listed
            || owner
            || (view.room.committee.is_zero() && (view.room.safe.is_zero() || view.safe_owners.is_some()))
        {
            return Ok((listed || owner) && (settled.listed || settled.owner));
        }
        for block in [BlockId::number(view.finalized), BlockId::latest()] {
            let call = canJoinCall { roomId: view.room.room_id.0, participant: account };
            let request = TransactionRequest::default().to(self.deployment.town_hall);
            let request = request.input(Bytes::from(call.abi_encode()).into());
            let output = self.provider.call(request).block(block).await.map_err(|_| FactsError::Chain)?;
            if !canJoinCall::abi_decode_returns(&output).map_err(|_| FactsError::Chain)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `amount * (end - at)` of an account's lock as it stands now; power is this divided by MAXTIME.
    ///
    /// # Errors
    /// [`FactsError`].
    pub async fn power_time(&self, account: Address, at: u64) -> Result<U256, FactsError> {
        Ok(power_time(self.index.lock(account).await?.as_ref(), at))
    }

    /// Judge a statement by own index. `device` is what its host served for its identity.
    ///
    /// # Errors
    /// [`FactsError`] when the index does not answer; what the rules say is inside.
    pub async fn judge(&self, question: Judged) -> Result<Result<Standing, StatementRefusal>, FactsError> {
        let Judged { running, statement, device, seat_key, gate } = question;
        let member = statement.body().claim.member();
        let mut known = Known { device, seat_key, ..Known::default() };
        let mut standing = Standing::default();
        if statement.proof().is_some() || member.is_some() && running.sitting.kind.allows_anonymous() {
            let key = self.verifier.clone().ok_or(FactsError::NoKey)?;
            known.tree = Some((self.pinned(&running.sitting.scope).await?, key));
        }
        if let Some(member) = member {
            known.access = self.has_access(&running, member.account).await?;
            let delegate = self.index.seat_delegate(member.account).await?;
            known.delegate = delegate.filter(|row| row.until >= statement.body().issued_at).map(|row| row.delegate);
            standing.leads = running.view.leads(member.account);
        }
        let work = move || {
            let verdict = match gate {
                Some(now) => verify_at_gate(SUITE, &statement, &running.sitting, &known, now),
                None => verify(SUITE, &statement, &running.sitting, &known),
            };
            verdict.map(|()| standing)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| FactsError::Chain)
    }
}

/// A statement to be judged.
#[derive(Debug)]
pub struct Judged {
    /// The sitting.
    pub running: Running,
    /// What was stated.
    pub statement: Box<Statement>,
    /// Of its identity, if it names one and the records are here.
    pub device: Option<Box<Device>>,
    /// Of the member's seat that a recorder's seat names, if it is in the room.
    pub seat_key: Option<Ed25519Public>,
    /// At the gate: Unix seconds now.
    pub gate: Option<u64>,
}

/// Facts of one statement.
#[derive(Default)]
struct Known {
    tree: Option<(Arc<Pinned>, Arc<VerifyingKey>)>,
    access: bool,
    delegate: Option<Address>,
    device: Option<Box<Device>>,
    seat_key: Option<Ed25519Public>,
}

impl Facts for Known {
    fn proof_holds(&self, proof: &JoinProof<'_>) -> bool {
        let Some((pinned, key)) = &self.tree else { return false };
        let Ok(nullifier) = Nullifier::from_word(proof.nullifier.0.into()) else { return false };
        let statement = pinned.sitting.statement(Purpose::Join, nullifier, proof.payload, proof.issued_at);
        key.verify(&statement.inputs(), &proof.words()).is_ok()
    }

    fn has_leaf(&self, account: Address) -> bool {
        self.tree.as_ref().is_some_and(|(pinned, _)| pinned.counts(account))
    }

    fn has_access(&self, _account: Address) -> bool {
        self.access
    }

    fn seat_delegate(&self, _account: Address) -> Option<Address> {
        self.delegate
    }

    /// Bans are orders, not facts of the index: the machines of host and member keep them and ask about nobody whom they banned.
    fn is_banned(&self, _identity: &SeatIdentity) -> bool {
        false
    }

    fn device(&self, session: IdentityId, device: DeviceId) -> Option<(&IdentityRecord, &DeviceCertificate)> {
        let (record, certificate) = &**self.device.as_ref()?;
        let same = record.id() == session && certificate.device() == device;
        same.then_some((record, certificate))
    }

    /// Gathered for the one seat that the statement names.
    fn seat_key(&self, _seat: StatementHash) -> Option<Ed25519Public> {
        self.seat_key
    }
}

fn power_time(lock: Option<&Lock>, at: u64) -> U256 {
    lock.map(|lock| lock.amount.saturating_mul(U256::from(lock.end.saturating_sub(at)))).unwrap_or_default()
}

fn build(scope: &Scope, row: &pars_indexer_core::Sitting, leaves: Vec<pars_indexer_core::Leaf>) -> Option<Pinned> {
    if leaves.iter().enumerate().any(|(place, leaf)| u32::try_from(place) != Ok(leaf.index)) {
        return None;
    }
    let leaf = |leaf: &pars_indexer_core::Leaf| {
        Some(Leaf {
            account: leaf.account,
            commitment: Commitment::from_word(leaf.commitment).ok()?,
            weight: leaf.weight,
            end: Deadline::new(leaf.end).ok()?,
        })
    };
    let leaves = LeafSet::new(leaves.iter().map(leaf).collect::<Option<Vec<_>>>()?).ok()?;
    let accounts = leaves.leaves().iter().filter(|leaf| leaf.weight > 0).map(|leaf| leaf.account).collect();
    let sitting = pars_circuits::Sitting {
        chain_id: scope.chain.0,
        town_hall: scope.town_hall,
        room_id: scope.room.0,
        sitting_id: scope.sitting.0,
        root: Root::from_word(row.root).ok()?,
        threshold: Threshold::new(row.threshold).ok()?,
        at: Deadline::new(row.ends_at).ok()?,
    };
    (leaves.root() == sitting.root).then_some(Pinned { sitting, leaves, accounts })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use pars_circuits::{Points, ProvingKey, Request, Secret, Witness};

    use super::*;

    const OPENED: u64 = 1_800_000_000;
    const SPAN: u64 = 10_000_000;

    /// Two holders' leaves, pinned by a sitting.
    fn pinned(weight: u128) -> Pinned {
        let leaf = |number: u8| Leaf {
            account: Address::repeat_byte(number),
            commitment: Secret::from_bytes(&[number; 32]).unwrap().commitment(),
            weight,
            end: Deadline::new(OPENED + SPAN).unwrap(),
        };
        let leaves = LeafSet::new(vec![leaf(2), leaf(3)]).unwrap();
        let sitting = pars_circuits::Sitting {
            chain_id: 7_072,
            town_hall: Address::repeat_byte(0x11),
            room_id: B256::repeat_byte(0x22),
            sitting_id: 1,
            root: leaves.root(),
            threshold: Threshold::new(U256::from(SPAN)).unwrap(),
            at: Deadline::new(OPENED + 7_200).unwrap(),
        };
        Pinned { sitting, leaves, accounts: BTreeSet::new() }
    }

    #[test]
    fn a_proof_holds_for_its_own_sitting_seat_and_moment_and_for_no_other() {
        let (key, tree) = (ProvingKey::generate_insecure_dev().unwrap(), pinned(50_000));
        let (secret, payload, issued_at) = (Secret::from_bytes(&[2; 32]).unwrap(), B256::repeat_byte(9), OPENED + 600);
        let account = Address::repeat_byte(2);
        let request = Request { account, secret: &secret, purpose: Purpose::Join, payload, issued_at };
        let witness = Witness::new(&tree.leaves, &tree.sitting, &request).unwrap();
        let proof = key.prove(&witness, &[7; 32]).unwrap().points();
        let external = tree.sitting.scope(Purpose::Join).external();
        let nullifier = |secret: &Secret| pars_wire::Nullifier(Nullifier::of(external, secret).bytes());
        let own = nullifier(&secret);
        let holds = |known: &Known, nullifier, payload, issued_at, proof: &Points| {
            let points: Vec<u8> = proof.iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
            known.proof_holds(&JoinProof { nullifier, payload, issued_at, points: &points.try_into().unwrap() })
        };
        let checked = |tree: Pinned, key: &VerifyingKey| Known {
            tree: Some((Arc::new(tree), Arc::new(key.clone()))),
            ..Known::default()
        };
        let known = checked(tree, key.verifying_key());
        assert!(holds(&known, own, payload, issued_at, &proof));

        let other = nullifier(&Secret::from_bytes(&[3; 32]).unwrap());
        assert!(!holds(&known, other, payload, issued_at, &proof), "another member's nullifier");
        let no_element = pars_wire::Nullifier(B256::repeat_byte(0xff));
        assert!(!holds(&known, no_element, payload, issued_at, &proof), "a nullifier that is no field element");
        assert!(!holds(&known, own, B256::repeat_byte(8), issued_at, &proof), "another seat");
        assert!(!holds(&known, own, payload, issued_at + 1, &proof), "another moment");
        for place in 0..proof.len() {
            let mut bent = proof;
            bent[place] ^= U256::from(1);
            assert!(!holds(&known, own, payload, issued_at, &bent), "word {place}");
        }
        // Minus A is on the curve and in the group, so that only the pairing says no.
        let mut minus = proof;
        let field = U256::from_str_radix(FIELD, 10).unwrap();
        minus[1] = field - minus[1];
        assert!(!holds(&known, own, payload, issued_at, &minus), "another point");
        assert!(!holds(&checked(pinned(50_001), key.verifying_key()), own, payload, issued_at, &proof), "another root");
        assert!(!holds(&Known::default(), own, payload, issued_at, &proof), "no tree");
    }

    /// The modulus of BN254's coordinates (EIP-197).
    const FIELD: &str = "21888242871839275222246405745257275088696311157297823662689037894645226208583";
}
