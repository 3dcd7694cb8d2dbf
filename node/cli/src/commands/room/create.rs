//! `room create`

use alloy::{
    primitives::{Address, Bytes, aliases::U40},
    sol_types::SolCall,
};
use pars_bindings::{TownHall, deployment::Deployment, typed::seconds40};
use pars_wire::Kind;
use serde_json::json;

use crate::{
    args::CreateRoom,
    chain::{Chain, Mined},
    commands::lock,
    context::Context,
    error::Error,
    output::Report,
};

/// `room create`
pub(super) async fn run(context: &Context, arguments: &CreateRoom) -> Result<Report, Error> {
    let chain = if arguments.calldata_only { context.reader().await? } else { context.signing().await? };
    let deployment = context.deployment(chain.id())?;
    let call = call(&chain, &deployment, arguments).await?;
    if arguments.calldata_only {
        let data = Bytes::from(call.abi_encode());
        let text = format!("Propose this call to the Safe:\nto   {}\ndata {data}", deployment.town_hall);
        return Ok(Report::new(json!({"to": deployment.town_hall, "data": data, "value": "0"}), text));
    }
    let mined = chain.send(deployment.town_hall, &call).await?;
    report(arguments, &mined, &mined.event(deployment.town_hall)?)
}

async fn call(
    chain: &Chain,
    deployment: &Deployment,
    arguments: &CreateRoom,
) -> Result<TownHall::createRoomCall, Error> {
    let kind = Kind::from(arguments.kind);
    let config = TownHall::RoomConfig {
        kind: u8::from(kind),
        capacity: arguments.capacity.unwrap_or(kind.cap()),
        minBalance: min_balance(chain, deployment, arguments).await?,
        safe: arguments.safe,
        committee: arguments.committee,
        metadataHash: arguments.metadata_hash,
    };
    let slot = &arguments.slot;
    let own = || if arguments.calldata_only { no_slot() } else { chain.account() };
    Ok(TownHall::createRoomCall {
        config,
        slotOf: slot.slot_of.map_or_else(own, Ok)?,
        deadline: deadline(slot.deadline.unwrap_or_default())?,
        slotSignature: slot.slot_signature.clone().unwrap_or_default(),
    })
}

/// The Safe that will send the call has no lock: somebody must lend a slot.
fn no_slot() -> Result<Address, Error> {
    Err(Error::Usage("a call for a Safe needs --slot-of, --slot-signature and --deadline, from `room slot`".into()))
}

/// A deadline as the contract takes it.
pub(super) fn deadline(seconds: u64) -> Result<U40, Error> {
    seconds40(seconds).ok_or_else(|| Error::Usage(format!("{seconds} is no time in seconds since the Unix epoch")))
}

async fn min_balance(chain: &Chain, deployment: &Deployment, arguments: &CreateRoom) -> Result<u128, Error> {
    match (Kind::from(arguments.kind), &arguments.min_balance) {
        (Kind::TownHall, Some(amount)) => Ok(amount.raw(lock::decimals(chain, deployment).await?)?),
        (Kind::TownHall, None) => Err(Error::Usage("a Town Hall needs --min-balance".into())),
        (_, Some(_)) => Err(Error::Usage("only a Town Hall takes --min-balance".into())),
        (Kind::Committee, None) => Ok(0),
        // "Any voting power" is one raw unit (ELIGIBILITY 1).
        (Kind::OpenForum, None) => Ok(1),
    }
}

fn report(arguments: &CreateRoom, mined: &Mined, created: &TownHall::RoomCreated) -> Result<Report, Error> {
    let document = json!({
        "roomId": created.roomId, "creator": created.creator, "slotOf": created.slotOf,
        "kind": Kind::from(arguments.kind), "minBalance": created.config.minBalance.to_string(),
        "capacity": created.config.capacity,
        "transaction": mined.json(),
    });
    let text = format!("Created room {} with the slot of {}.", created.roomId, created.slotOf);
    Ok(Report::new(document, text))
}
