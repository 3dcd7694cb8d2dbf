//! `chain roll-epoch`: the beacon from which swarms and panels of a day are drawn.

use pars_bindings::ServiceNodeRegistry;
use serde_json::{Value, json};

use crate::{context::Context, error::Error, output::Report};

/// Rolls the epoch of the chain's time. Somebody else having done so is no failure.
pub(super) async fn epoch(context: &Context) -> Result<Report, Error> {
    let chain = context.signing().await?;
    let registry = context.deployment(chain.id())?.service_node_registry;
    match chain.send(registry, &ServiceNodeRegistry::rollEpochCall {}).await {
        Ok(mined) => {
            let rolled: ServiceNodeRegistry::EpochRolled = mined.event(registry)?;
            let text = format!("Rolled epoch {}; its beacon is {}.", rolled.epoch, rolled.beacon);
            Ok(Report::new(document(true, rolled.epoch, json!(rolled.beacon), mined.json()), text))
        }
        Err(error) if error.code() == "epoch_already_rolled" => {
            let length: u64 = chain.call(registry, &ServiceNodeRegistry::EPOCHCall {}).await?.saturating_to();
            let epoch = u32::try_from(chain.head().await?.timestamp / length.max(1)).unwrap_or(u32::MAX);
            let beacon = chain.call(registry, &ServiceNodeRegistry::beaconCall { epoch }).await?;
            let text = format!("Epoch {epoch} was rolled already; its beacon is {beacon}.");
            Ok(Report::new(document(false, epoch, json!(beacon), Value::Null), text))
        }
        Err(error) => Err(error),
    }
}

fn document(rolled: bool, epoch: u32, beacon: Value, transaction: Value) -> Value {
    json!({"rolled": rolled, "epoch": epoch, "beacon": beacon, "transaction": transaction})
}
