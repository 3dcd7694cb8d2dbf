//! Where a daemon's registry of service nodes comes from: the logs that its own chain's node gives for final blocks, and not the
//! tables of any index, its own or another's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::Bloom;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use pars_daemon::args::Settings;
use pars_devnet::Devnet;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::network::{roll, unrolled};
use crate::support::{World, call};

/// Far more than three blocks take to be seen.
const PATIENCE: Duration = Duration::from_secs(120);

/// A chain's node whose headers vouch for no log: an index, which asks for the logs of a block where its header does, never asks
/// and knows of nobody.
#[derive(Clone)]
struct Blind {
    devnet: Devnet,
    /// Questions for the logs of one block, as an index puts them.
    of_blocks: Arc<AtomicUsize>,
    /// Questions for the logs of the registry.
    of_registry: Arc<AtomicUsize>,
    registry: Value,
}

impl Blind {
    /// It, and where it answers.
    async fn start(world: &World) -> (Self, String) {
        let registry = json!(world.contracts.service_node_registry);
        let (of_blocks, of_registry) = Default::default();
        let node = Self { devnet: world.devnet.clone(), of_blocks, of_registry, registry };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/", post(answer)).with_state(node.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (node, url)
    }

    fn note(&self, method: &str, params: &Value) {
        let of_block = params[0].get("blockHash").is_some() || method == "eth_getBlockReceipts";
        if of_block {
            self.of_blocks.fetch_add(1, Ordering::Relaxed);
        } else if method == "eth_getLogs" && params[0].to_string().to_lowercase().contains(&self.digits()) {
            self.of_registry.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn digits(&self) -> String {
        self.registry.as_str().unwrap().to_lowercase()
    }
}

async fn answer(State(node): State<Blind>, Json(request): Json<Value>) -> Json<Value> {
    let (method, params) = (request["method"].as_str().unwrap_or_default(), request["params"].clone());
    node.note(method, &params);
    let mut answer = json!({"jsonrpc": "2.0", "id": request["id"]});
    match node.devnet.call(method, params).await {
        Ok(mut result) => {
            if result.get("logsBloom").is_some() {
                result["logsBloom"] = json!(Bloom::ZERO);
            }
            answer["result"] = result;
        }
        Err(error) => answer["error"] = json!({"code": error.code, "message": error.message, "data": error.data}),
    }
    Json(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn service_nodes_are_those_of_the_chains_logs_though_the_index_knows_of_none() {
    let world = World::start().await;
    let (services, bootstrap) = unrolled(&world, 1).await;
    roll(&world).await;
    let (blind, url) = Blind::start(&world).await;
    let settings = Settings { rpc: Some(url), bootstrap: vec![bootstrap], ..world.settings() };
    let member = world.daemon("m", settings).await;
    let named = async {
        loop {
            let listed = call(&member.ready().socket, "peers.list", json!({})).await;
            let peers = listed["result"]["peers"].as_array().cloned().unwrap_or_default();
            if !peers.is_empty() {
                break peers;
            }
            tokio::task::yield_now().await;
        }
    };
    let peers = tokio::time::timeout(PATIENCE, named).await.expect("the chain's logs name a service node");
    assert_eq!(peers.len(), 1, "{peers:?}");
    assert_eq!((&peers[0]["node"], &peers[0]["stake"]), (&json!(services[0].ready().node), &json!("1000000000000")));
    assert_eq!(blind.of_blocks.load(Ordering::Relaxed), 0, "the index was told of logs, and may know of service nodes");
    assert!(blind.of_registry.load(Ordering::Relaxed) > 0, "the registry's logs were read");
    member.stop().await.unwrap();
    for service in services {
        service.stop().await.unwrap();
    }
}
