//! `register`: the identity commitment of a lock. The secret behind it is made here and stays here.

use alloy::primitives::{Address, U256};
use pars_bindings::{EligibilityRegistry, VotingEscrow, deployment::Deployment};
use pars_circuits::Commitment;
use serde_json::{Value, json};

use crate::{args::Register, chain::Chain, context::Context, error::Error, files::home::Home, output::Report};

/// A leaf as the registry holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Index in the tree.
    pub index: u32,
    /// Identity commitment.
    pub commitment: Commitment,
    /// Locked amount; zero after a withdrawal.
    pub weight: u128,
    /// End of the lock.
    pub end: u64,
}

/// `register`
pub async fn register(context: &Context, arguments: &Register) -> Result<Report, Error> {
    let chain = context.signing().await?;
    let deployment = context.deployment(chain.id())?;
    let account = chain.account()?;
    let leaf = leaf_of(&chain, &deployment, account).await?;
    let commitment = match (arguments.rotate, leaf) {
        (true, _) => context.home.create_secret(chain.id(), account)?.commitment(),
        (false, Some(leaf)) => held(&context.home, chain.id(), account, leaf.commitment)?,
        (false, None) => first_or_new(&context.home, chain.id(), account)?,
    };
    if let Some(leaf) = leaf.filter(|leaf| leaf.commitment == commitment)
        && up_to_date(&chain, &deployment, account, leaf).await?
    {
        let text = format!("{account} is registered already as leaf {} with commitment {commitment}.", leaf.index);
        return Ok(Report::new(document(account, leaf.index, commitment, Value::Null), text));
    }
    let call = EligibilityRegistry::registerCall { commitment: commitment.word() };
    let mined = chain.send(deployment.eligibility_registry, &call).await?;
    let set: EligibilityRegistry::LeafSet = mined.event(deployment.eligibility_registry)?;
    let transaction = mined.json();
    let text = format!(
        "Registered {account} as leaf {} with commitment {commitment}.\nIt counts in sittings opened from now on.",
        set.index
    );
    Ok(Report::new(document(account, set.index, commitment, transaction), text))
}

fn document(account: Address, index: u32, commitment: Commitment, transaction: Value) -> Value {
    json!({"account": account, "index": index, "commitment": commitment.bytes(), "transaction": transaction})
}

/// The account's leaf, if it has one.
pub async fn leaf_of(chain: &Chain, deployment: &Deployment, account: Address) -> Result<Option<Leaf>, Error> {
    let call = EligibilityRegistry::leafOfCall { account };
    let leaf = match chain.call(deployment.eligibility_registry, &call).await {
        Err(error) if error.code() == "unknown_account" => return Ok(None),
        other => other?,
    };
    let wrong =
        |e: pars_circuits::field::FieldError| Error::Deployment(format!("the registry holds no commitment: {e}"));
    let commitment = Commitment::from_word(leaf.commitment).map_err(wrong)?;
    Ok(Some(Leaf { index: leaf.index, commitment, weight: leaf.weight, end: leaf.end.to() }))
}

/// The commitment of a fresh account: that of a secret made earlier, else of a new one.
pub fn first_or_new(home: &Home, chain_id: u64, account: Address) -> Result<Commitment, Error> {
    match home.commitments(chain_id, account)?.first() {
        Some(commitment) => held(home, chain_id, account, *commitment),
        None => Ok(home.create_secret(chain_id, account)?.commitment()),
    }
}

/// A commitment whose secret this home holds and can read.
fn held(home: &Home, chain_id: u64, account: Address, commitment: Commitment) -> Result<Commitment, Error> {
    let missing = || {
        let message = format!(
            "{account} is registered with commitment {commitment}, whose secret is not in this home; \
             use that home, or register --rotate for a new secret"
        );
        Error::refused("secret_missing", message)
    };
    home.secret(chain_id, account, commitment)?.map(|secret| secret.commitment()).ok_or_else(missing)
}

/// Whether the leaf says what the lock says.
async fn up_to_date(chain: &Chain, deployment: &Deployment, account: Address, leaf: Leaf) -> Result<bool, Error> {
    let lock = chain.call(deployment.voting_escrow, &VotingEscrow::lockInfoCall { account }).await?;
    Ok(lock.amount == U256::from(leaf.weight) && lock.end == U256::from(leaf.end))
}
