//! `room host`: the session daemon opens a sitting and hosts it.

use alloy::primitives::B256;
use pars_rpc::room::{AgendaItem, HostSitting, Prefixed};
use serde_json::json;

use crate::{args::HostRoom, context::Context, error::Error, output::Report};

const HOUR: u64 = 3_600;

/// `room host`
pub(super) async fn run(context: &Context, arguments: &HostRoom) -> Result<Report, Error> {
    let now = context.reader().await?.next_time().await?;
    let call = HostSitting {
        room: Prefixed(arguments.room.0),
        ends_at: now.saturating_add(arguments.hours * HOUR),
        title: arguments.title.clone(),
        agenda: arguments.agenda.iter().map(|item| agenda(item)).collect::<Result<_, _>>()?,
        languages: arguments.language.clone(),
    };
    let hosted = context.daemon()?.call(&call).await?;
    let (room, hash) = (arguments.room, B256::from(hosted.metadata_hash.0));
    let document = json!({
        "roomId": room, "sittingId": hosted.sitting, "endsAt": call.ends_at, "metadataHash": hash,
    });
    let text = format!("Sitting {} of room {room} runs, and this daemon hosts it.", hosted.sitting);
    Ok(Report::new(document, text))
}

fn agenda(item: &str) -> Result<AgendaItem, Error> {
    let wrong = || Error::Usage(format!("{item} is no point of an agenda; give it as MINUTES:TEXT, such as 5:Welcome"));
    let (minutes, text) = item.split_once(':').ok_or_else(wrong)?;
    Ok(AgendaItem { minutes: minutes.trim().parse().map_err(|_| wrong())?, text: text.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_of_the_agenda_has_minutes_and_a_text() {
        assert_eq!(agenda("5: Welcome: all").unwrap(), AgendaItem { minutes: 5, text: "Welcome: all".into() });
        for wrong in ["Welcome", "x:Welcome", "70000:Welcome"] {
            assert_eq!(agenda(wrong).unwrap_err().code(), "usage", "{wrong}");
        }
    }
}
