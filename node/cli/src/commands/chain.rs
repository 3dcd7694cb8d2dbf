//! `chain deploy`, `chain status`, `chain roll-epoch`

mod roll;

use std::path::Path;

use alloy::primitives::{Address, U256};
use pars_bindings::{
    ParsToken,
    deployment::{self, DeployConfig, DeployError, Deployment, Plan},
    dev,
};
use serde_json::{Value, json};

use crate::{
    args::ChainCommand,
    chain::Chain,
    context::Context,
    error::Error,
    files::public::{self, Readers},
    output::Report,
    signer::{DEV_ACCOUNTS, dev_signer},
};

/// What every dev account gets on a development network: ten million tokens of nine decimals.
const DEV_SHARE: U256 = U256::from_limbs([10_000_000_000_000_000, 0, 0, 0]);

/// `chain …`
pub async fn run(context: &Context, command: &ChainCommand) -> Result<Report, Error> {
    match command {
        ChainCommand::Deploy { out } => deploy(context, out.as_deref()).await,
        ChainCommand::Status => status(context).await,
        ChainCommand::RollEpoch => roll::epoch(context).await,
    }
}

async fn deploy(context: &Context, out: Option<&Path>) -> Result<Report, Error> {
    let chain = context.signing().await?;
    let out = out.map_or_else(|| context.deployment_path(chain.id()), Path::to_owned);
    refuse_second(&chain, &out).await?;
    let deployer = chain.account()?;
    let config = DeployConfig::dev(chain.id(), deployer, chain.nonce(deployer).await?);
    let plan = deployment::plan(&config).map_err(no_plan)?;
    let (first_block, contracts) = create_all(&chain, &plan).await?;
    let deployment = Deployment { block: first_block, ..plan.deployment };
    if dev::CHAIN_IDS.contains(&chain.id()) {
        share(&chain, &deployment).await?;
    }
    public::write_json(&out, &deployment, Readers::All)?;
    let text =
        format!("Deployed {} contracts on chain {}; addresses in {}.", contracts.len(), chain.id(), out.display());
    Ok(Report::new(json!({"file": out, "deployment": deployment, "contracts": contracts}), text))
}

/// A deployment that a chain still answers to is never replaced.
async fn refuse_second(chain: &Chain, out: &Path) -> Result<(), Error> {
    if !out.exists() {
        return Ok(());
    }
    let there: Deployment = public::read_json(out, "a deployment file, and is not overwritten")?;
    if there.chain_id != chain.id() {
        return Err(Error::FileExists { path: out.to_owned() });
    }
    if chain.code(there.town_hall).await?.is_empty() {
        return Ok(());
    }
    let message =
        format!("{} names contracts that are live on chain {}; move it away first", out.display(), chain.id());
    Err(Error::refused("already_deployed", message))
}

fn no_plan(error: DeployError) -> Error {
    let code = match error {
        DeployError::DevKey { .. } => "dev_key_refused",
        DeployError::DevToken { .. } => "dev_token_refused",
        _ => "no_deployment_plan",
    };
    Error::Proof { code, message: error.to_string() }
}

/// Sends every creation and compares where the contract came to stand with the plan.
async fn create_all(chain: &Chain, plan: &Plan) -> Result<(u64, Vec<Value>), Error> {
    let (mut first_block, mut contracts) = (None, Vec::new());
    for step in &plan.steps {
        let mined = chain.create(step.init_code.clone()).await?;
        let elsewhere =
            |found: String| Error::DeployedElsewhere { name: step.name.into(), expected: step.address, found };
        if mined.created != Some(step.address) {
            let found = mined.created.map_or_else(|| "no contract was made".into(), |at| format!("stands at {at}"));
            return Err(elsewhere(found));
        }
        if chain.code(step.address).await?.is_empty() {
            return Err(elsewhere("has no code there".into()));
        }
        first_block.get_or_insert(mined.block);
        contracts.push(json!({
            "name": step.name, "address": step.address, "gasUsed": mined.gas_used, "transaction": mined.hash,
        }));
    }
    Ok((first_block.unwrap_or_default(), contracts))
}

/// Gives every other dev account its share of the development token.
async fn share(chain: &Chain, deployment: &Deployment) -> Result<(), Error> {
    let deployer = chain.account()?;
    for index in 0..DEV_ACCOUNTS {
        let to = dev_signer(index)?.address();
        if to != deployer {
            chain.send(deployment.pars, &ParsToken::transferCall { to, value: DEV_SHARE }).await?;
        }
    }
    Ok(())
}

async fn status(context: &Context) -> Result<Report, Error> {
    let chain = context.reader().await?;
    let head = chain.head().await?;
    let mut document = json!({
        "chainId": chain.id(), "head": {"number": head.number, "hash": head.hash, "timestamp": head.timestamp},
        "deployment": null, "live": false,
    });
    let mut text = format!("Chain {} at block {}, time {}.", chain.id(), head.number, head.timestamp);
    if !context.deployment_path(chain.id()).exists() {
        return Ok(Report::new(document, text + "\nNo deployment file is known for it."));
    }
    let deployment = context.deployment(chain.id())?;
    let missing = missing(&chain, &deployment).await?;
    document["deployment"] = json!(deployment);
    document["live"] = json!(missing.is_empty());
    text += &match missing.as_slice() {
        [] => format!("\nThe contracts are there; TownHall at {}.", deployment.town_hall),
        names => format!("\nWithout code: {}.", names.join(", ")),
    };
    Ok(Report::new(document, text))
}

/// Names of the contracts that have no code.
async fn missing(chain: &Chain, deployment: &Deployment) -> Result<Vec<&'static str>, Error> {
    let named: [(&str, Address); 11] = [
        ("pars", deployment.pars),
        ("votingEscrow", deployment.voting_escrow),
        ("eligibilityRegistry", deployment.eligibility_registry),
        ("groth16Verifier", deployment.groth16_verifier),
        ("townHall", deployment.town_hall),
        ("recordingConsent", deployment.recording_consent),
        ("sessionTrigger", deployment.session_trigger),
        ("serviceNodeRegistry", deployment.service_node_registry),
        ("mldsa", deployment.mldsa),
        ("poseidonT3", deployment.poseidon_t3),
        ("poseidonT5", deployment.poseidon_t5),
    ];
    let mut missing = Vec::new();
    for (name, address) in named {
        if chain.code(address).await?.is_empty() {
            missing.push(name);
        }
    }
    Ok(missing)
}
