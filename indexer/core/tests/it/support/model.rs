//! Contracts reduced to what they remember between events, driven by a seeded generator.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, Log, U256, keccak256};
use alloy_sol_types::SolValue;
use pars_bindings::{
    EligibilityRegistry, RecordingConsent, ServiceNodeRegistry, SessionTrigger, TownHall, VotingEscrow, safe_owners,
};
use pars_circuits::{Commitment, Deadline, Leaf, Tree, field};

use super::{address, contracts, log};

/// SplitMix64: one number is the whole seed.
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn word(&mut self) -> B256 {
        keccak256(self.next().to_be_bytes())
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    rooms: Vec<(B256, u64)>,
    registered: Vec<Address>,
    locked: Vec<Address>,
    tree: Tree,
    safes: Vec<(Address, Vec<Address>)>,
    nodes: Vec<B256>,
    signers: Vec<B256>,
    actions: u64,
    epoch: u32,
}

impl Model {
    /// The logs of one block: none to four calls.
    pub(crate) fn block(&mut self, rng: &mut Rng) -> Vec<Log> {
        (0..rng.below(5)).flat_map(|_| self.call(rng)).collect()
    }

    fn call(&mut self, rng: &mut Rng) -> Vec<Log> {
        match rng.below(12) {
            0 | 1 => self.create_room(rng),
            2 => self.in_room(rng),
            3 => self.open_or_close(rng),
            4 | 5 => self.register(rng),
            6 => self.lock(rng),
            7 => self.new_safe(rng),
            8 => self.change_safe(rng),
            9 => self.node(rng),
            10 => self.trigger(rng),
            _ => self.consent_or_noise(rng),
        }
    }

    pub(crate) fn config(&self, rng: &mut Rng) -> TownHall::RoomConfig {
        let safe = match rng.below(3) {
            0 if !self.safes.is_empty() => self.safes[rng.below(self.safes.len() as u64) as usize].0,
            1 => address(0xee), // no Safe at all
            _ => Address::ZERO,
        };
        TownHall::RoomConfig {
            kind: rng.below(3) as u8,
            capacity: 25,
            minBalance: rng.next().into(),
            safe,
            committee: Address::ZERO,
            metadataHash: rng.word(),
        }
    }

    fn create_room(&mut self, rng: &mut Rng) -> Vec<Log> {
        let (room, config) = (rng.word(), self.config(rng));
        self.rooms.push((room, 0));
        let event = TownHall::RoomCreated { roomId: room, creator: address(1), slotOf: address(2), config };
        vec![log(contracts().town_hall, &event)]
    }

    fn in_room(&mut self, rng: &mut Rng) -> Vec<Log> {
        let Some((room, _)) = self.rooms.get(rng.below(8) as usize).copied() else { return vec![] };
        let (town_hall, account, on) = (contracts().town_hall, address(rng.below(4) as u8 + 1), rng.below(2) == 0);
        vec![match rng.below(6) {
            0 => log(town_hall, &TownHall::RoomConfigured { roomId: room, config: self.config(rng) }),
            1 => log(town_hall, &TownHall::MetadataSet { roomId: room, metadataHash: rng.word() }),
            2 => log(town_hall, &TownHall::RoomClosed { roomId: room }),
            3 => log(town_hall, &TownHall::ModeratorSet { roomId: room, account, on }),
            4 => log(town_hall, &TownHall::MemberSet { roomId: room, account, on }),
            _ => log(
                town_hall,
                &TownHall::SeatDelegateSet {
                    account,
                    delegate: address(rng.below(3) as u8),
                    until: alloy_primitives::Uint::from(9),
                },
            ),
        }]
    }

    fn open_or_close(&mut self, rng: &mut Rng) -> Vec<Log> {
        let root = self.tree.root().word();
        let Some((room, sittings)) = self.rooms.get_mut(rng.below(8) as usize) else { return vec![] };
        if *sittings > 0 && rng.below(2) == 0 {
            let event = TownHall::SittingClosed { roomId: *room, sittingId: *sittings };
            return vec![log(contracts().town_hall, &event)];
        }
        *sittings += 1;
        vec![opened(*room, *sittings, root)]
    }

    /// Sets a leaf: of a new account, or again.
    pub(crate) fn register(&mut self, rng: &mut Rng) -> Vec<Log> {
        if self.registered.is_empty() || rng.below(3) > 0 {
            return self.register_new(rng);
        }
        let index = rng.below(self.registered.len() as u64) as usize;
        vec![self.set_leaf(index, rng.next().into())]
    }

    /// The leaf of an account that had none.
    pub(crate) fn register_new(&mut self, rng: &mut Rng) -> Vec<Log> {
        self.registered.push(Address::from_word(rng.word()));
        vec![self.set_leaf(self.registered.len() - 1, rng.next().into())]
    }

    pub(crate) fn set_leaf(&mut self, index: usize, weight: u128) -> Log {
        let (account, commitment, end) = (self.registered[index], U256::from(index + 77), 5_000 + index as u64);
        let commitment_field = Commitment::from_word(commitment).unwrap();
        let leaf = Leaf { account, commitment: commitment_field, weight, end: Deadline::new(end).unwrap() };
        let hash = field::scalar(leaf.hash()).unwrap();
        match index < self.tree.len() {
            true => self.tree.update(index, hash).unwrap(),
            false => drop(self.tree.insert(hash).unwrap()),
        }
        let event = EligibilityRegistry::LeafSet {
            index: index as u32,
            account,
            commitment,
            weight,
            end: alloy_primitives::Uint::from(end),
            root: self.tree.root().word(),
        };
        log(contracts().eligibility_registry, &event)
    }

    pub(crate) fn root(&self) -> U256 {
        self.tree.root().word()
    }

    fn lock(&mut self, rng: &mut Rng) -> Vec<Log> {
        let (escrow, amount) = (contracts().voting_escrow, U256::from_be_bytes(rng.word().0));
        let known = self.locked.get(rng.below(4) as usize).copied();
        vec![match (rng.below(4), known) {
            (0, Some(account)) => log(escrow, &VotingEscrow::AmountIncreased { account, added: amount, amount }),
            (1, Some(account)) => log(escrow, &VotingEscrow::LockExtended { account, end: U256::from(rng.below(99)) }),
            (2, Some(account)) => {
                self.locked.retain(|other| *other != account);
                log(escrow, &VotingEscrow::Withdrawn { account, amount })
            }
            _ => {
                let account = Address::from_word(rng.word());
                self.locked.push(account);
                log(escrow, &VotingEscrow::LockCreated { account, amount, end: U256::from(rng.below(99)) })
            }
        }]
    }

    fn new_safe(&mut self, rng: &mut Rng) -> Vec<Log> {
        let (at, owners) = (Address::from_word(rng.word()), vec![address(0x51), address(0x52)]);
        self.safes.push((at, owners.clone()));
        vec![safe_setup(at, owners)]
    }

    /// Owner events in the form of 1.3.0 (unindexed) and of 1.4.1 (indexed).
    fn change_safe(&mut self, rng: &mut Rng) -> Vec<Log> {
        let count = self.safes.len() as u64;
        if count == 0 {
            return vec![];
        }
        let (at, owners) = &mut self.safes[rng.below(count) as usize];
        let indexed = rng.below(2) == 0;
        if owners.len() > 1 && rng.below(2) == 0 {
            return vec![owner_log(*at, safe_owners::REMOVED_OWNER, owners.remove(0), indexed)];
        }
        let owner = Address::from_word(rng.word());
        owners.push(owner);
        vec![owner_log(*at, safe_owners::ADDED_OWNER, owner, indexed)]
    }

    fn node(&mut self, rng: &mut Rng) -> Vec<Log> {
        let (registry, word) = (contracts().service_node_registry, rng.word());
        let Some(node) = self.nodes.get(rng.below(6) as usize).copied() else {
            self.nodes.push(word);
            let (owner, stake) = (address(3), u128::from(rng.next()));
            return vec![log(
                registry,
                &ServiceNodeRegistry::NodeRegistered {
                    nodeId: word,
                    owner,
                    operator: word,
                    identityHash: word,
                    transportKey: word,
                    stake,
                },
            )];
        };
        self.epoch += 1;
        let (hash, epoch) = (word, self.epoch);
        use ServiceNodeRegistry as S;
        vec![match rng.below(7) {
            0 => log(
                registry,
                &S::NodeUpdated { nodeId: node, identityHash: hash, transportKey: hash, directoryHash: hash },
            ),
            1 => log(registry, &S::StakeAdded { nodeId: node, stake: u128::MAX }),
            2 => log(registry, &S::NodeUnbonding { nodeId: node, until: alloy_primitives::Uint::from(9) }),
            3 => log(registry, &S::NodeWithdrawn { nodeId: node }),
            4 => log(registry, &S::ChallengeMissed { nodeId: node, epoch }),
            5 => log(registry, &S::NodeDecommissioned { nodeId: node }),
            _ => log(registry, &S::EpochRolled { epoch, beacon: hash }),
        }]
    }

    fn trigger(&mut self, rng: &mut Rng) -> Vec<Log> {
        use SessionTrigger as S;
        let (trigger, word) = (contracts().session_trigger, rng.word());
        let rule = S::Rule { target: address(9), selector: FixedBytes::from([1, 2, 3, 4]) };
        let policy = S::Policy {
            rules: vec![rule; rng.below(3) as usize],
            valueCap: u128::MAX,
            perPeriod: 3,
            period: 4,
            validUntil: alloy_primitives::Uint::from(5),
        };
        let Some(signer) = self.signers.get(rng.below(3) as usize).copied() else {
            self.signers.push(word);
            return vec![log(
                trigger,
                &S::SignerEnrolled { signerId: word, account: address(4), keyAt: address(5), policy },
            )];
        };
        self.actions += 1;
        let nonce = U256::MAX - U256::from(self.actions);
        vec![match rng.below(5) {
            0 => log(trigger, &S::PolicySet { signerId: signer, policy }),
            1 => {
                self.signers.retain(|other| *other != signer);
                self.signers.push(word);
                let effective_at = alloy_primitives::Uint::from(7);
                let (new, key_at) = (word, address(6));
                log(
                    trigger,
                    &S::RotationStarted {
                        signerId: signer,
                        newSignerId: new,
                        keyAt: key_at,
                        effectiveAt: effective_at,
                    },
                )
            }
            2 => log(trigger, &S::SignerRevoked { signerId: signer }),
            3 => log(trigger, &S::ActionExecuted { signerId: signer, nonce, actionHash: word }),
            _ => {
                let reason = Bytes::from(vec![0; rng.below(256) as usize]);
                log(trigger, &S::ActionFailed { signerId: signer, nonce, actionHash: word, reason })
            }
        }]
    }

    fn consent_or_noise(&mut self, rng: &mut Rng) -> Vec<Log> {
        use RecordingConsent as R;
        let (consent, id) = (contracts().recording_consent, B256::repeat_byte(rng.below(4) as u8));
        let recording = R::Recording {
            recordingId: rng.word(),
            roster: rng.word(),
            participants: 3,
            policy: rng.word(),
            recorder: rng.word(),
            validUntil: alloy_primitives::Uint::from(8),
        };
        vec![match rng.below(5) {
            0 => log(consent, &R::ConsentsAdded { id, total: rng.below(65_536) as u16 }),
            1 => log(consent, &R::Authorised { id, recording }),
            2 => log(consent, &R::Withdrawn { id }),
            3 => log(consent, &R::Anchored { id, cid: Bytes::from(vec![0, 1, 2]), wraps: rng.word() }),
            // Another contract, and an event of ours that nobody knows.
            _ => match rng.below(2) {
                0 => log(address(0x77), &R::Withdrawn { id }),
                _ => Log::new_unchecked(consent, vec![rng.word()], Bytes::new()),
            },
        }]
    }
}

pub(crate) fn opened(room: B256, sitting: u64, root: U256) -> Log {
    let event = TownHall::SittingOpened {
        roomId: room,
        sittingId: sitting,
        root,
        endsAt: alloy_primitives::Uint::from(9_000),
        threshold: U256::from(1),
        metadataHash: B256::ZERO,
    };
    log(contracts().town_hall, &event)
}

pub(crate) fn safe_setup(at: Address, owners: Vec<Address>) -> Log {
    let data = (owners, U256::from(1), Address::ZERO, Address::ZERO).abi_encode_params();
    Log::new_unchecked(at, vec![safe_owners::SAFE_SETUP, address(1).into_word()], data.into())
}

pub(crate) fn owner_log(at: Address, topic: B256, owner: Address, indexed: bool) -> Log {
    match indexed {
        true => Log::new_unchecked(at, vec![topic, owner.into_word()], Bytes::new()),
        false => Log::new_unchecked(at, vec![topic], owner.abi_encode().into()),
    }
}
