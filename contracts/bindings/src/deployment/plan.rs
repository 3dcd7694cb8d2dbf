//! The order of creations and the arguments of each.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, aliases::U40};
use alloy_sol_types::SolConstructor;

use super::{
    DeployConfig, Deployment, Probe, Token,
    artifact::{self, VerifierKey, verifier_key},
    config::MAX_LOCK_TIME,
};
use crate::contracts::{
    EligibilityRegistry, MldsaEip8355, MldsaErc7913, ParsToken, RecordingConsent, ServiceNodeRegistry, SessionTrigger,
    TownHall, VotingEscrow,
};
use crate::dev;

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeployError {
    /// The committed verifier is of the development key, whose secrets are public.
    #[error(
        "chain {chain_id} may not use the insecure development key {key_hash}; make a verifier from a ceremony's key"
    )]
    DevKey {
        /// Chain of the plan.
        chain_id: u64,
        /// Hash of the key.
        key_hash: B256,
    },
    /// The development token is for development chains.
    #[error("chain {chain_id} may not use the development token; name the deployed token and its escrow")]
    DevToken {
        /// Chain of the plan.
        chain_id: u64,
    },
    /// A time does not fit 40 bits of seconds.
    #[error("{seconds} seconds do not fit the contracts' 40 bits; choose a shorter time")]
    TimeOutOfRange {
        /// The time given.
        seconds: u64,
    },
    /// The deployer's nonces would pass 2^64.
    #[error("a first nonce of {first_nonce} leaves no nonces for the plan")]
    NonceOutOfRange {
        /// The nonce given.
        first_nonce: u64,
    },
    /// A committed artifact is not what this crate was made for.
    #[error("the artifact of {contract} is broken: {problem}; run contracts/script/artifacts.mjs")]
    BrokenArtifact {
        /// Its contract.
        contract: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
}

/// One creation transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Name of the contract.
    pub name: &'static str,
    /// Nonce that the deployer sends it with.
    pub nonce: u64,
    /// Where the contract will stand.
    pub address: Address,
    /// Creation code with linked libraries and arguments.
    pub init_code: Bytes,
}

/// Creations in order, and the deployment they give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// To be sent in this order, with rising nonces and nothing in between.
    pub steps: Vec<Step>,
    /// The result; its `block` is zero and is to be set to the block of the first step.
    pub deployment: Deployment,
}

/// Plans a deployment. Pure.
///
/// # Errors
/// [`DeployError`] when the chain may not have the development key or token, or a value does not fit.
pub fn plan(config: &DeployConfig) -> Result<Plan, DeployError> {
    let key = verifier_key()?;
    check(config, key)?;
    let places = Places::of(config);
    let steps = Steps { config, places: &places, done: Vec::new() }.all()?;
    Ok(Plan { steps, deployment: places.deployment(config, key) })
}

fn check(config: &DeployConfig, key: VerifierKey) -> Result<(), DeployError> {
    let chain_id = config.chain_id;
    if !dev::CHAIN_IDS.contains(&chain_id) {
        if key.dev {
            return Err(DeployError::DevKey { chain_id, key_hash: key.hash });
        }
        if matches!(config.token, Token::Dev { .. }) {
            return Err(DeployError::DevToken { chain_id });
        }
    }
    for seconds in [config.rotation_delay, config.unbonding_time] {
        seconds_of(seconds)?;
    }
    match config.first_nonce.checked_add(Place::COUNT) {
        Some(_) => Ok(()),
        None => Err(DeployError::NonceOutOfRange { first_nonce: config.first_nonce }),
    }
}

fn seconds_of(seconds: u64) -> Result<U40, DeployError> {
    U40::try_from(seconds).map_err(|_| DeployError::TimeOutOfRange { seconds })
}

/// The contracts in the order of their nonces; token and escrow come last, since a chain may have its own.
#[derive(Clone, Copy)]
enum Place {
    PoseidonT2,
    PoseidonT3,
    PoseidonT5,
    Verifier,
    Registry,
    TownHall,
    Mldsa,
    MldsaErc7913,
    Consent,
    Nodes,
    Trigger,
    Token,
    Escrow,
}

impl Place {
    const COUNT: u64 = Self::Escrow as u64 + 1;
}

struct Places {
    deployer: Address,
    first_nonce: u64,
    pars: Address,
    escrow: Address,
    max_time: u64,
}

impl Places {
    fn of(config: &DeployConfig) -> Self {
        let at = |place: Place| config.deployer.create(config.first_nonce + place as u64);
        let (pars, escrow, max_time) = match config.token {
            Token::Dev { .. } => (at(Place::Token), at(Place::Escrow), MAX_LOCK_TIME),
            Token::Existing { pars, voting_escrow, max_time } => (pars, voting_escrow, max_time),
        };
        Self { deployer: config.deployer, first_nonce: config.first_nonce, pars, escrow, max_time }
    }

    fn nonce(&self, place: Place) -> u64 {
        self.first_nonce + place as u64
    }

    fn at(&self, place: Place) -> Address {
        self.deployer.create(self.nonce(place))
    }

    fn deployment(&self, config: &DeployConfig, key: VerifierKey) -> Deployment {
        Deployment {
            chain_id: config.chain_id,
            block: 0,
            pars: self.pars,
            voting_escrow: self.escrow,
            eligibility_registry: self.at(Place::Registry),
            groth16_verifier: self.at(Place::Verifier),
            town_hall: self.at(Place::TownHall),
            recording_consent: self.at(Place::Consent),
            session_trigger: self.at(Place::Trigger),
            service_node_registry: self.at(Place::Nodes),
            mldsa: self.at(Place::Mldsa),
            mldsa_erc7913: self.at(Place::MldsaErc7913),
            poseidon_t2: self.at(Place::PoseidonT2),
            poseidon_t3: self.at(Place::PoseidonT3),
            poseidon_t5: self.at(Place::PoseidonT5),
            verifier_key_hash: key.hash,
            dev_key: key.dev,
        }
    }
}

struct Steps<'a> {
    config: &'a DeployConfig,
    places: &'a Places,
    done: Vec<Step>,
}

impl Steps<'_> {
    fn all(mut self) -> Result<Vec<Step>, DeployError> {
        self.libraries()?;
        self.eligibility()?;
        self.post_quantum()?;
        self.nodes_and_trigger()?;
        self.token()?;
        Ok(self.done)
    }

    fn push(&mut self, place: Place, name: &'static str, json: &str, arguments: &[u8]) -> Result<(), DeployError> {
        let libraries =
            BTreeMap::from([("PoseidonT3", self.at(Place::PoseidonT3)), ("PoseidonT5", self.at(Place::PoseidonT5))]);
        let mut code = artifact::code(name, json, &libraries)?.to_vec();
        code.extend_from_slice(arguments);
        self.done.push(Step { name, nonce: self.places.nonce(place), address: self.at(place), init_code: code.into() });
        Ok(())
    }

    fn at(&self, place: Place) -> Address {
        self.places.at(place)
    }

    fn libraries(&mut self) -> Result<(), DeployError> {
        self.push(Place::PoseidonT2, "PoseidonT2", artifact::POSEIDON_T2, &[])?;
        self.push(Place::PoseidonT3, "PoseidonT3", artifact::POSEIDON_T3, &[])?;
        self.push(Place::PoseidonT5, "PoseidonT5", artifact::POSEIDON_T5, &[])
    }

    fn eligibility(&mut self) -> Result<(), DeployError> {
        let (escrow, registry) = (self.places.escrow, self.at(Place::Registry));
        self.push(Place::Verifier, "Groth16Verifier", artifact::GROTH16_VERIFIER, &[])?;
        let call = EligibilityRegistry::constructorCall { escrow, verifier: self.at(Place::Verifier) };
        self.push(Place::Registry, "EligibilityRegistry", artifact::ELIGIBILITY_REGISTRY, &call.abi_encode())?;
        let call = TownHall::constructorCall { escrow, registry, maxTime: U256::from(self.places.max_time) };
        self.push(Place::TownHall, "TownHall", artifact::TOWN_HALL, &call.abi_encode())
    }

    fn post_quantum(&mut self) -> Result<(), DeployError> {
        let call = MldsaEip8355::constructorCall {
            backEnd: self.config.mldsa_precompile,
            gasCap: U256::from(self.config.mldsa_gas_cap),
            key: Bytes::from_static(Probe::KEY),
            message: Bytes::from_static(Probe::MESSAGE),
            signature: Bytes::from_static(Probe::SIGNATURE),
        };
        self.push(Place::Mldsa, "MldsaEip8355", artifact::MLDSA_EIP8355, &call.abi_encode())?;
        let call = MldsaErc7913::constructorCall { mldsa: self.at(Place::Mldsa) };
        self.push(Place::MldsaErc7913, "MldsaErc7913", artifact::MLDSA_ERC7913, &call.abi_encode())?;
        let call = RecordingConsent::constructorCall { verifier: self.at(Place::MldsaErc7913) };
        self.push(Place::Consent, "RecordingConsent", artifact::RECORDING_CONSENT, &call.abi_encode())
    }

    fn nodes_and_trigger(&mut self) -> Result<(), DeployError> {
        let call = ServiceNodeRegistry::constructorCall {
            token: self.places.pars,
            minStake: self.config.min_stake,
            unbondingTime: seconds_of(self.config.unbonding_time)?,
        };
        self.push(Place::Nodes, "ServiceNodeRegistry", artifact::SERVICE_NODE_REGISTRY, &call.abi_encode())?;
        let call = SessionTrigger::constructorCall {
            mldsa: self.at(Place::Mldsa),
            rotationDelay: seconds_of(self.config.rotation_delay)?,
            forbidden: vec![self.at(Place::Registry), self.at(Place::Nodes)],
        };
        self.push(Place::Trigger, "SessionTrigger", artifact::SESSION_TRIGGER, &call.abi_encode())
    }

    fn token(&mut self) -> Result<(), DeployError> {
        let Token::Dev { holder, supply } = self.config.token else { return Ok(()) };
        let call = ParsToken::constructorCall { holder, supply };
        self.push(Place::Token, "ParsToken", artifact::PARS_TOKEN, &call.abi_encode())?;
        let call = VotingEscrow::constructorCall { token: self.places.pars, registry: self.at(Place::Registry) };
        self.push(Place::Escrow, "VotingEscrow", artifact::VOTING_ESCROW, &call.abi_encode())
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, hex};

    use super::*;

    const DEPLOYER: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");

    #[test]
    fn every_step_stands_where_its_nonce_puts_it() {
        let plan = plan(&DeployConfig::dev(7_072, DEPLOYER, 3)).unwrap();
        for (step, nonce) in plan.steps.iter().zip(3..) {
            assert_eq!((step.nonce, step.address), (nonce, DEPLOYER.create(nonce)), "{}", step.name);
            assert!(step.init_code.len() <= 49_152, "{} is above the limit of creation code", step.name);
        }
        assert_eq!(plan.steps.len() as u64, Place::COUNT);
        let named = |name| plan.steps.iter().find(|step| step.name == name).unwrap().address;
        assert_eq!(plan.deployment.town_hall, named("TownHall"));
        assert_eq!(plan.deployment.voting_escrow, named("VotingEscrow"));
        assert_eq!(plan.deployment.session_trigger, named("SessionTrigger"));
    }

    #[test]
    fn libraries_are_linked_into_the_registry() {
        let plan = plan(&DeployConfig::dev(7_072, DEPLOYER, 0)).unwrap();
        let registry = plan.steps.iter().find(|step| step.name == "EligibilityRegistry").unwrap();
        let code = hex::encode(&registry.init_code);
        for library in [plan.deployment.poseidon_t3, plan.deployment.poseidon_t5] {
            assert!(code.contains(&hex::encode(library)));
        }
    }

    #[test]
    fn the_development_key_is_refused_on_other_chains() {
        let key_hash = verifier_key().unwrap().hash;
        for chain_id in [1, 7_070, 7_071] {
            let refused = plan(&DeployConfig::dev(chain_id, DEPLOYER, 0));
            assert_eq!(refused, Err(DeployError::DevKey { chain_id, key_hash }));
        }
        for chain_id in dev::CHAIN_IDS {
            assert!(plan(&DeployConfig::dev(chain_id, DEPLOYER, 0)).is_ok());
        }
    }

    /// With a ceremony's key, since the committed one is refused there first.
    #[test]
    fn the_development_token_is_refused_on_other_chains() {
        let key = VerifierKey { dev: false, ..verifier_key().unwrap() };
        let token = Token::Existing { pars: Address::ZERO, voting_escrow: Address::ZERO, max_time: 1 };
        for chain_id in [1, 7_070, 7_071] {
            let config = DeployConfig::dev(chain_id, DEPLOYER, 0);
            assert_eq!(check(&config, key), Err(DeployError::DevToken { chain_id }));
            assert_eq!(check(&DeployConfig { token: token.clone(), ..config }, key), Ok(()));
        }
        for chain_id in dev::CHAIN_IDS {
            assert_eq!(check(&DeployConfig::dev(chain_id, DEPLOYER, 0), key), Ok(()));
        }
    }

    #[test]
    fn a_deployed_token_is_used_as_it_is() {
        let (pars, voting_escrow) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let token = Token::Existing { pars, voting_escrow, max_time: 1 };
        let plan = plan(&DeployConfig { token, ..DeployConfig::dev(31_337, DEPLOYER, 0) }).unwrap();
        assert_eq!((plan.deployment.pars, plan.deployment.voting_escrow), (pars, voting_escrow));
        assert!(plan.steps.iter().all(|step| step.name != "ParsToken" && step.name != "VotingEscrow"));
    }

    #[test]
    fn values_that_do_not_fit_are_refused_by_name() {
        let config = DeployConfig::dev(7_072, DEPLOYER, u64::MAX);
        assert_eq!(plan(&config), Err(DeployError::NonceOutOfRange { first_nonce: u64::MAX }));
        let config = DeployConfig { unbonding_time: 1 << 40, ..DeployConfig::dev(7_072, DEPLOYER, 0) };
        assert_eq!(plan(&config), Err(DeployError::TimeOutOfRange { seconds: 1 << 40 }));
    }
}
