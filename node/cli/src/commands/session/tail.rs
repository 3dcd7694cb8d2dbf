//! `session tail`: events as they come. A message or a gap is acknowledged only after it was written.

use pars_rpc::{event::Event, message::GAP};

use super::{document, own, words};
use crate::{
    args::Tail,
    context::Context,
    daemon::{Daemon, Events},
    error::Error,
    output::{self, Report},
};

/// `session tail`: until interrupted, until the reader of the output goes, or until so many messages came.
pub(super) async fn run(context: &Context, tail: &Tail) -> Result<Report, Error> {
    let daemon = context.daemon()?;
    let mut events = daemon.events(tail.after).await?;
    tokio::select! {
        ended = print((&daemon, &mut events), tail, context.json()) => ended?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Report::silent())
}

async fn print((daemon, events): (&Daemon, &mut Events), tail: &Tail, as_json: bool) -> Result<(), Error> {
    let (mut left, mut name) = (tail.count, None);
    while left != Some(0) {
        let event = events.next().await?;
        if name.is_none() && !as_json && words::may_be_of_inbox(&event) {
            name = own(daemon).await;
        }
        let report = Report::new(document(&event)?, words::event(&event, name.as_deref()));
        if output::emit(&report, as_json).is_err() {
            return Ok(());
        }
        let (Event::MessageReceived(message) | Event::Gap(message)) = event else { continue };
        if message.kind != GAP {
            left = left.map(|left| left - 1);
        }
        if !tail.no_ack && tail.after.is_none() {
            events.acknowledge(message.cursor).await?;
        }
    }
    Ok(())
}
