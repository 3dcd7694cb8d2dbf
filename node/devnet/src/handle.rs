//! A running development chain.

use std::{sync::Arc, thread, time::Duration};

use alloy::rpc::client::RpcClient;
use pars_chain::Change;
use serde_json::Value;
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::MissedTickBehavior,
};

use crate::{
    actor::{self, Command, MAX_BEHIND, MAX_COMMANDS},
    config::Config,
    error::{DevnetError, RpcError},
    node::Node,
    transport::InProcess,
};

/// Time between empty blocks while something is not final.
const EMPTY_BLOCK_EVERY: Duration = Duration::from_secs(1);

/// Handle of a running chain; clones talk to the same one. The chain stops when the last handle is gone.
#[derive(Clone, Debug)]
pub struct Devnet {
    commands: mpsc::Sender<Command>,
    changes: broadcast::Sender<Arc<Change>>,
    ended: watch::Receiver<Option<Result<(), Arc<DevnetError>>>>,
    chain_id: u64,
}

impl Devnet {
    /// Opens the chain and starts its thread. To be called inside a tokio runtime, which runs the timer for empty blocks.
    ///
    /// # Errors
    /// [`DevnetError`] when the configuration or the data directory is refused.
    pub fn start(config: &Config) -> Result<Self, DevnetError> {
        let node = Node::open(config)?;
        let (commands, receiver) = mpsc::channel(MAX_COMMANDS);
        let (changes, _) = broadcast::channel(MAX_BEHIND);
        let (end, ended) = watch::channel(None);
        let announce = changes.clone();
        let body = move || {
            let result = actor::run(node, receiver, &announce);
            if let Err(error) = &result {
                tracing::error!(%error, "the chain stops");
            }
            end.send_replace(Some(result.map_err(Arc::new)));
        };
        thread::Builder::new().name("chain".into()).spawn(body).map_err(DevnetError::Thread)?;
        if config.empty_blocks && !config.manual_mining {
            tokio::spawn(tick(commands.downgrade()));
        }
        Ok(Self { commands, changes, ended, chain_id: config.chain_id })
    }

    /// The chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// An `alloy` client without a socket, for `ProviderBuilder::connect_client`.
    pub fn client(&self) -> RpcClient {
        RpcClient::new(self.transport(), true)
    }

    /// The `tower` service behind [`Devnet::client`].
    pub fn transport(&self) -> InProcess {
        InProcess::new(self.clone())
    }

    /// Movements of the chain from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// One JSON-RPC call.
    ///
    /// # Errors
    /// The JSON-RPC error the chain answers with.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Call { method: method.to_owned(), params, reply };
        self.commands.send(command).await.map_err(|_| RpcError::stopped())?;
        answer.await.unwrap_or_else(|_| Err(RpcError::stopped()))
    }

    /// Stops the chain after the commands that wait and returns when its journal is closed.
    ///
    /// # Errors
    /// Why the chain had stopped by itself.
    pub async fn stop(&self) -> Result<(), Arc<DevnetError>> {
        // A chain that has stopped already takes no commands: the reason is in `ended`.
        let _ = self.commands.send(Command::Stop).await;
        self.ended().await
    }

    /// Returns when the chain has stopped.
    ///
    /// # Errors
    /// Why it stopped, unless it was asked to.
    pub async fn ended(&self) -> Result<(), Arc<DevnetError>> {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(Ok(())),
            Err(_) => Err(Arc::new(DevnetError::Stopped)),
        }
    }
}

/// Says every second that a second has passed, as long as anybody holds the chain.
async fn tick(commands: mpsc::WeakSender<Command>) {
    let mut timer = tokio::time::interval(EMPTY_BLOCK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer.tick().await;
    loop {
        timer.tick().await;
        let Some(commands) = commands.upgrade() else { return };
        if commands.send(Command::Tick).await.is_err() {
            return;
        }
    }
}
