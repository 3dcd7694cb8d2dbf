//! HTTP and WebSocket.

use std::net::SocketAddr;

use crate::support::*;
use alloy::{primitives::U256, providers::Provider, rpc::client::RpcClient};
use futures::{SinkExt, StreamExt};
use pars_devnet::{Devnet, DevnetError, Server};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

async fn serve(devnet: &Devnet) -> SocketAddr {
    let server = Server::bind(devnet.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.address();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

async fn post(address: SocketAddr, body: &'static str) -> Value {
    let url = format!("http://{address}");
    let reply = reqwest::Client::new().post(url).body(body).send().await.unwrap();
    reply.json().await.unwrap()
}

#[tokio::test]
async fn alloy_deploys_writes_waits_and_reads_over_http() {
    let devnet = devnet();
    let address = serve(&devnet).await;
    let provider = provider(RpcClient::new_http(format!("http://{address}").parse().unwrap()));
    let counter = deploy(&provider).await;
    let receipt = counter.add(U256::from(5)).send().await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status());
    assert_eq!(counter.value().call().await.unwrap(), U256::from(5));
    assert_eq!(counter.Counted_filter().from_block(0).query().await.unwrap().len(), 1);
    let ask = async |method: &'static str, params: Value| -> Value {
        provider.raw_request(method.into(), params).await.unwrap()
    };
    let before = counter.time().call().await.unwrap();
    ask("evm_increaseTime", json!([86_400])).await;
    ask("evm_mine", json!([])).await;
    assert!(counter.time().call().await.unwrap() >= before + U256::from(86_400));
    let head = provider.get_block_number().await.unwrap();
    ask("anvil_reorg", json!([head - receipt.block_number.unwrap() + 1, []])).await;
    assert_eq!(counter.value().call().await.unwrap(), U256::ZERO, "what was written is undone");
    assert!(provider.get_transaction_receipt(receipt.transaction_hash).await.unwrap().is_none());
}

#[tokio::test]
async fn batches_and_errors_have_the_shapes_of_json_rpc() {
    let address = serve(&devnet()).await;
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"},
        {"jsonrpc":"2.0","id":"two","method":"eth_mystery","params":[]},7]"#;
    let replies = post(address, batch).await;
    assert_eq!(replies.as_array().unwrap().len(), 3);
    assert_eq!(replies[0], json!({"jsonrpc": "2.0", "id": 1, "result": "0x1ba0"}));
    assert_eq!((&replies[1]["id"], &replies[1]["error"]["code"]), (&json!("two"), &json!(-32601)));
    assert_eq!((&replies[2]["id"], &replies[2]["error"]["code"]), (&json!(null), &json!(-32600)));
    for body in ["", "{", "[]", "7", r#"{"id":1}"#, r#"{"id":1,"method":5}"#] {
        assert_eq!(post(address, body).await["error"]["code"], -32600, "{body}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_read_and_a_plain_get_is_told_what_to_do() {
    let address = serve(&devnet()).await;
    let reply = reqwest::Client::new().get(format!("http://{address}")).send().await.unwrap();
    assert_eq!(reply.status(), 405);
    let reply = reqwest::Client::new().post(format!("http://{address}")).header("origin", "http://localhost:5173");
    let reply = reply.body(r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#).send().await.unwrap();
    assert_eq!(reply.headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn addresses_others_can_reach_are_refused() {
    let devnet = devnet();
    for address in ["0.0.0.0:0", "[::]:0", "10.0.0.1:0"] {
        let error = Server::bind(devnet.clone(), address.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, DevnetError::NotLoopback(_)), "{error}");
    }
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self(client_async(format!("ws://{address}"), stream).await.unwrap().0)
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(self.0.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.0.send(Message::text(request.to_string())).await.unwrap();
        loop {
            let reply = self.next().await;
            if reply["id"] == 1 {
                return reply;
            }
        }
    }
}

#[tokio::test]
async fn subscribers_get_heads_and_logs_and_after_a_reorganisation_the_removed_ones() {
    let devnet = devnet();
    let counter = deploy(&provider(devnet.client())).await;
    let address = serve(&devnet).await;
    let mut socket = Socket::open(address).await;
    let heads = socket.call("eth_subscribe", json!(["newHeads"])).await["result"].clone();
    let logs = socket.call("eth_subscribe", json!(["logs", {"address": counter.address()}])).await["result"].clone();
    counter.add(U256::from(5)).send().await.unwrap().get_receipt().await.unwrap();
    let head = socket.next().await;
    assert_eq!((&head["method"], &head["params"]["subscription"]), (&json!("eth_subscription"), &heads));
    assert_eq!(head["params"]["result"]["number"], "0x2");
    let log = socket.next().await;
    assert_eq!((&log["params"]["subscription"], &log["params"]["result"]["removed"]), (&logs, &json!(false)));
    devnet.call("anvil_reorg", json!([1, []])).await.unwrap();
    let replaced = socket.next().await;
    assert_eq!(replaced["params"]["result"]["number"], "0x2");
    assert_ne!(replaced["params"]["result"]["hash"], head["params"]["result"]["hash"]);
    let removed = socket.next().await;
    assert_eq!(removed["params"]["result"]["removed"], true);
    assert_eq!(removed["params"]["result"]["blockHash"], log["params"]["result"]["blockHash"]);
    assert_eq!(socket.call("eth_unsubscribe", json!([heads])).await["result"], true);
    assert_eq!(socket.call("eth_unsubscribe", json!([heads])).await["result"], false);
    assert_eq!(socket.call("eth_subscribe", json!(["syncing"])).await["error"]["code"], -32602);
}
