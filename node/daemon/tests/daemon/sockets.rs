//! WebSockets: calls, subscription, acknowledgement.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{World, call};

async fn ask<S>(socket: &mut WebSocketStream<S>, request: Value) -> Value
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    socket.send(Message::Text(request.to_string().into())).await.unwrap();
    let id = &request["id"];
    loop {
        let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
        let answer: Value = serde_json::from_str(&text).unwrap();
        if answer["id"] == *id {
            return answer;
        }
    }
}

#[tokio::test]
async fn a_subscriber_over_the_unix_socket_subscribes_acknowledges_and_calls_any_method() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let path = daemon.ready().socket.clone();
    let stream = UnixStream::connect(&path).await.unwrap();
    let (mut socket, _) = client_async("ws://localhost/ws", stream).await.unwrap();
    let subscribe = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "event.subscribe", "params": {}});
    let before = ask(&mut socket, subscribe(1)).await;
    assert_eq!(before["error"]["code"], pars_rpc::Code::NoIdentity as i32);
    call(&path, "identity.create", json!({})).await;
    assert_eq!(ask(&mut socket, subscribe(2)).await["result"], Value::Null);
    let ack = json!({"jsonrpc": "2.0", "id": 3, "method": "event.ack", "params": {"cursor": 0}});
    assert_eq!(ask(&mut socket, ack).await, json!({"jsonrpc": "2.0", "id": 3, "result": null}));
    let status = json!({"jsonrpc": "2.0", "id": "s", "method": "GetStatus"});
    assert_eq!(ask(&mut socket, status).await["result"]["network"], "dev");
    let batch = json!([{"jsonrpc": "2.0", "id": 5, "method": "identity.get"}]);
    socket.send(Message::Text(batch.to_string().into())).await.unwrap();
    let Message::Text(text) = socket.next().await.unwrap().unwrap() else { panic!("no text") };
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap().as_array().map(Vec::len), Some(1));
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn a_browser_gives_the_token_as_a_subprotocol_and_without_it_nothing_opens() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let file: Value = serde_json::from_slice(&std::fs::read(world.datadir("a").join("rpc.json")).unwrap()).unwrap();
    let token = file["token"].as_str().unwrap().to_owned();
    let address = daemon.ready().http.trim_start_matches("http://").to_owned();
    let open = async |protocols: String| {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        let stream = TcpStream::connect(&address).await.unwrap();
        client_async(request, stream).await
    };
    let (mut socket, response) = open(format!("pars.v1, pars.bearer.{token}")).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "pars.v1", "the token is not sent back");
    let status = json!({"jsonrpc": "2.0", "id": 1, "method": "status.get"});
    assert_eq!(ask(&mut socket, status).await["result"]["chainId"], 7072);
    assert!(open("pars.v1".into()).await.is_err());
    assert!(open(format!("pars.v1, pars.bearer.{}", "0".repeat(64))).await.is_err());
    daemon.stop().await.unwrap();
}
