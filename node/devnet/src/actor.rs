//! The thread that owns the chain. Commands are handled in order; those that wait together share one durable commit, and no
//! answer leaves before it.

use std::sync::Arc;

use pars_chain::Change;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    error::{DevnetError, RpcError},
    node::Node,
    rpc,
};

/// Commands that may wait: more callers are slowed down instead.
pub(crate) const MAX_COMMANDS: usize = 256;
/// Commands that share one commit.
const MAX_GROUP: usize = 64;
/// Movements a slow subscriber may be behind before it is disconnected.
pub(crate) const MAX_BEHIND: usize = 4_096;

pub(crate) type Reply = oneshot::Sender<Result<Value, RpcError>>;
pub(crate) type Changes = broadcast::Sender<Arc<Change>>;

pub(crate) enum Command {
    /// A JSON-RPC call.
    Call { method: String, params: Value, reply: Reply },
    /// A second has passed.
    Tick,
    /// No more commands; the journal is closed.
    Stop,
}

/// Runs until told to stop, until nobody can command any more, or until the journal cannot be written.
pub(crate) fn run(mut node: Node, mut commands: mpsc::Receiver<Command>, changes: &Changes) -> Result<(), DevnetError> {
    while let Some(first) = commands.blocking_recv() {
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && let Ok(next) = commands.try_recv()
        {
            group.push(next);
        }
        let mut answers = Vec::with_capacity(group.len());
        let mut stop = false;
        for command in group {
            match command {
                Command::Call { method, params, reply } => {
                    answers.push((reply, rpc::handle(&mut node, &method, params)));
                }
                Command::Tick => node.tick(),
                Command::Stop => stop = true,
            }
        }
        for change in node.commit()? {
            // Without subscribers there is nobody to tell.
            let _ = changes.send(Arc::new(change));
        }
        for (reply, answer) in answers {
            // A caller that went away needs no answer.
            let _ = reply.send(answer);
        }
        if stop {
            break;
        }
    }
    Ok(())
}
