//! `eligibility can-join`: the contract's gate for a join by name, and a reason computed here.
//!
//! This asks the RPC endpoint about one account and therefore tells it who may join; use an endpoint of your own.

use alloy::primitives::{Address, B256, U256};
use pars_bindings::{TownHall, VotingEscrow, deployment::Deployment};
use pars_wire::Kind;
use serde_json::json;

use crate::{args::CanJoin, chain::Chain, context::Context, error::Error, output::Report};

/// `eligibility can-join`
pub(super) async fn run(context: &Context, arguments: &CanJoin) -> Result<Report, Error> {
    let chain = context.reader().await?;
    let deployment = context.deployment(chain.id())?;
    let (room, account) = (arguments.room, context.account(arguments.account, chain.id())?);
    let call = TownHall::canJoinCall { roomId: room, participant: account };
    let allowed = chain.call(deployment.town_hall, &call).await?;
    let reason = reason(&chain, &deployment, room, account).await?;
    admitted(allowed, reason)?;
    let document = json!({"allowed": true, "roomId": room, "account": account});
    Ok(Report::new(document, format!("{account} may join room {room} by name.")))
}

/// The contract's word beside the reason found here: a yes that both say, a no with its reason, or a disagreement.
fn admitted(allowed: bool, reason: Option<Reason>) -> Result<(), Error> {
    match (allowed, reason) {
        (true, None | Some(Reason { gate: true, .. })) => Ok(()),
        (false, Some(Reason { code, message, .. })) => {
            let details = Some(json!({"chain": false, "local": code}));
            Err(Error::Refused { code, message, details })
        }
        (chain, local) => {
            let local = local.map_or("accepted", |reason| reason.code);
            let message = "the computation here and the contract disagree: trust neither and report this room".into();
            let details = Some(json!({"chain": chain, "local": local}));
            Err(Error::Refused { code: "verdicts_disagree", message, details })
        }
    }
}

/// Why an account may not join.
struct Reason {
    code: &'static str,
    message: String,
    /// Whether only the Committee's gate knows: then the contract's yes stands.
    gate: bool,
}

impl Reason {
    fn new(code: &'static str, message: String) -> Option<Self> {
        Some(Self { code, message, gate: false })
    }
}

async fn reason(chain: &Chain, deployment: &Deployment, room: B256, account: Address) -> Result<Option<Reason>, Error> {
    let config = chain.call(deployment.town_hall, &TownHall::roomOfCall { roomId: room }).await?;
    let sitting = chain.call(deployment.town_hall, &TownHall::sittingOfCall { roomId: room }).await?;
    if config.closed {
        return Ok(Reason::new("room_closed", format!("room {room} is closed for ever")));
    }
    if sitting.id == 0 {
        return Ok(Reason::new("no_running_sitting", format!("no sitting of room {room} is running")));
    }
    let kind = Kind::try_from(config.config.kind).map_err(|e| Error::Deployment(e.to_string()))?;
    if kind == Kind::Committee {
        let safe = config.config.safe;
        let (code, what) = match safe.is_zero() {
            false => ("not_safe_signer", format!("{account} is no owner of Safe {safe} and no listed member")),
            true => ("not_committee_member", format!("{account} is no member of this Committee")),
        };
        return Ok(Some(Reason { code, message: what, gate: true }));
    }
    let lock = chain.call(deployment.voting_escrow, &VotingEscrow::lockInfoCall { account }).await?;
    Ok(lacking(&Lock { account, amount: lock.amount, end: lock.end }, sitting.threshold, U256::from(sitting.endsAt)))
}

struct Lock {
    account: Address,
    amount: U256,
    end: U256,
}

/// What a lock lacks for a threshold at a time; nothing if it suffices.
fn lacking(lock: &Lock, threshold: U256, at: U256) -> Option<Reason> {
    let Lock { account, amount, end } = lock;
    let power = amount.saturating_mul(end.saturating_sub(at));
    if amount.is_zero() {
        return Reason::new("stranger", format!("{account} has no lock; lock PARS first"));
    }
    if *end <= at {
        let message = format!("the lock of {account} ends at {end}, the sitting at {at}; extend the lock");
        return Reason::new("lock_ends_before_sitting", message);
    }
    if power < threshold {
        let message =
            format!("{amount} over {} s does not reach the threshold {threshold}; lock more or longer", end - at);
        return Reason::new("weight_below_threshold", message);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(amount: u64, end: u64) -> Option<&'static str> {
        let lock = Lock { account: Address::ZERO, amount: U256::from(amount), end: U256::from(end) };
        lacking(&lock, U256::from(100), U256::from(1_000)).map(|reason| reason.code)
    }

    #[test]
    fn every_lack_of_a_lock_has_its_own_name_and_the_boundary_suffices() {
        assert_eq!(code(0, 0), Some("stranger"));
        assert_eq!(code(5, 1_000), Some("lock_ends_before_sitting"));
        assert_eq!(code(5, 999), Some("lock_ends_before_sitting"));
        assert_eq!(code(9, 1_011), Some("weight_below_threshold"));
        assert_eq!(code(10, 1_010), None);
        assert_eq!(code(1, 1_099), Some("weight_below_threshold"));
        assert_eq!(code(1, 1_100), None);
    }

    #[test]
    fn a_yes_needs_no_reason_against_it_but_the_gates_and_a_no_needs_one() {
        let reason = |gate| Some(Reason { code: "stranger", message: "no lock".into(), gate });
        let said = |allowed, reason| match admitted(allowed, reason) {
            Ok(()) => None,
            Err(Error::Refused { code, details, .. }) => Some((code, details.unwrap())),
            Err(other) => panic!("{other}"),
        };
        let refused = |code, chain: bool, local: &str| Some((code, json!({"chain": chain, "local": local})));
        assert_eq!(said(true, None), None);
        assert_eq!(said(true, reason(true)), None, "only the gate knows a Committee's members");
        assert_eq!(said(true, reason(false)), refused("verdicts_disagree", true, "stranger"));
        assert_eq!(said(false, None), refused("verdicts_disagree", false, "accepted"));
        for gate in [false, true] {
            assert_eq!(said(false, reason(gate)), refused("stranger", false, "stranger"));
        }
    }
}
