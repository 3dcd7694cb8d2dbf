//! An author with a certified trigger key, an executor, and one action that it would carry out.

use alloy_primitives::{Address, B256, FixedBytes, U256, keccak256};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::secret::{DsaSeed, Entropy};
use pars_crypto::suite::{DSA87_SIGNATURE, Libcrux};
use pars_crypto::trigger::TriggerSecret;
use pars_identity::seed::IdentityKeys;
use pars_identity::trigger::TriggerKey;
use pars_proto::action::authors::Contract;
use pars_proto::action::policy::{Call, Enrolled, OnChain, Verified, statement};
use pars_proto::action::{Authors, Facts, Policy, Refusal};
use pars_wire::{ChainId, SignerId};

/// The back end of these tests.
pub(crate) const SUITE: &Libcrux = &Libcrux;
/// The executor's contract.
pub(crate) const CONTRACT: Contract = Contract { chain: ChainId(7_072), trigger: Address::repeat_byte(0x11) };
/// The chain's time.
pub(crate) const NOW: u64 = 1_800_000_000;
const ACCOUNT: Address = Address::repeat_byte(0x22);
/// What is called.
pub(crate) const TARGET: Address = Address::repeat_byte(0x33);

pub(crate) fn identity(seed: u8) -> IdentityKeys {
    IdentityKeys::derive(SUITE, &Entropy::from_bytes([seed; 32]))
}

pub(crate) fn trigger_key(seed: u8) -> TriggerSecret {
    TriggerSecret::from_seed(SUITE, DsaSeed::from_bytes([seed; 32]))
}

pub(crate) fn signer(key: &TriggerSecret) -> SignerId {
    SignerId(keccak256(key.public().as_bytes()))
}

pub(crate) fn certificate(by: &IdentityKeys, key: TriggerKey) -> Vec<u8> {
    by.certify_trigger(SUITE, key, &mut ChaCha20Rng::seed_from_u64(5)).encode()
}

/// Everything right; tests spoil one thing each.
pub(crate) struct Case {
    pub(crate) author: IdentityKeys,
    pub(crate) authors: Authors,
    pub(crate) policy: Policy,
    pub(crate) facts: Facts,
    pub(crate) signature: Box<[u8; DSA87_SIGNATURE]>,
    pub(crate) chain: OnChain,
}

impl Case {
    pub(crate) fn new() -> Self {
        let (author, key) = (identity(1), trigger_key(7));
        let signer = signer(&key);
        let mut authors = Authors::new(CONTRACT);
        let place = TriggerKey { chain: CONTRACT.chain, trigger: CONTRACT.trigger, account: ACCOUNT, signer };
        authors.learn(SUITE, author.core(), &certificate(&author, place)).unwrap();
        let facts = Facts {
            hash: B256::repeat_byte(0xaa),
            domain: B256::repeat_byte(0xbb),
            signer,
            account: ACCOUNT,
            target: TARGET,
            selector: FixedBytes([1, 2, 3, 4]),
            value: U256::from(5),
            nonce: (U256::from(3) << 64) | U256::from(9),
            valid_after: NOW,
            valid_until: NOW + 60,
            gas_limit: 200_000,
        };
        let signature = key.sign_with(SUITE, &statement(&facts), &[0; 32]);
        let call = Call { target: TARGET, selector: facts.selector, value_cap: U256::from(5) };
        let public = key.public().clone();
        let enrolled = Enrolled { account: ACCOUNT, from: NOW - 10, until: NOW + 100, revoked: false, public };
        let chain = OnChain { now: NOW, key: Some(enrolled), next: 9, precompile: true };
        Self { author, authors, policy: Policy { calls: Some(vec![call]), authors: None }, facts, signature, chain }
    }

    /// The first two steps.
    pub(crate) fn verify(&self) -> Result<Verified, Refusal> {
        let admitted = self.policy.admit(&self.authors, self.author.id(), self.facts.clone())?;
        admitted.verify(SUITE, &self.signature, &self.chain)
    }

    /// What comes of it with one thing spoiled.
    pub(crate) fn spoiled(spoil: impl FnOnce(&mut Self)) -> Refusal {
        let mut case = Self::new();
        spoil(&mut case);
        case.verify().unwrap_err()
    }
}
