//! `peers`: the registered service nodes as the session daemon sees them.

use pars_rpc::status::{ListPeers, Peer};

use super::session::document;
use crate::{context::Context, error::Error, output::Report};

/// `peers`
pub async fn run(context: &Context) -> Result<Report, Error> {
    let peers = context.daemon()?.call(&ListPeers {}).await?;
    let lines: Vec<String> = peers.peers.iter().map(line).collect();
    let text = if lines.is_empty() { "No service node is registered.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(document(&peers)?, text))
}

fn line(peer: &Peer) -> String {
    let place = match (peer.described, peer.addresses.as_slice()) {
        (false, _) => "not described today".into(),
        (true, addresses) => addresses.join(" "),
    };
    let first = if peer.first_relay { ", the first relay" } else { "" };
    format!("{}  {place}{first}", peer.node)
}
