//! `room order`: the session daemon signs it with the seat that it has in the room.

use clap::ValueEnum;
use pars_rpc::room::{GiveOrder, Prefixed};
use serde_json::json;

use crate::{
    args::{self, OrderArg},
    context::Context,
    error::Error,
    output::Report,
};

/// `room order`
pub(super) async fn run(context: &Context, arguments: &args::GiveOrder) -> Result<Report, Error> {
    let args::GiveOrder { room, order, seat } = arguments;
    let word = order.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    if seat.is_some() && matches!(order, OrderArg::MuteAll | OrderArg::Accept) {
        return Err(Error::Usage(format!("{word} is for no single seat; leave --seat out")));
    }
    context.daemon()?.call(&GiveOrder { room: Prefixed(room.0), kind: (*order).into(), seat: *seat }).await?;
    let to = seat.map_or_else(String::new, |seat| format!(" to seat {seat}"));
    let text = format!("Order {word}{to} is on its way to room {room}.");
    Ok(Report::new(json!({"roomId": room, "order": word, "seat": seat}), text))
}
