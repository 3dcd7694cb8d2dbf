//! Five service nodes and two members in one process: a message, its events, their acknowledgement.

use pars_daemon::args::Settings;
use serde_json::{Value, json};

use crate::kill::lost;
use crate::network::{Person, Subscriber, services};
use crate::support::{World, call};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_told_until_it_is_acknowledged_and_the_same_request_is_the_same_message() {
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let settings = || Settings { bootstrap: vec![bootstrap.clone()], ..world.settings() };
    let (a, b) = (world.daemon("a", settings()).await, world.daemon("b", settings()).await);
    let [to_a, to_b] = [&a, &b].map(|daemon| daemon.ready().socket.clone());
    let own = call(&to_a, "identity.create", json!({})).await["result"].clone();
    let other = call(&to_b, "identity.create", json!({})).await["result"].clone();
    let mut told_b = Subscriber::start(&b, json!({})).await;
    // Wait for the event, but a daemon that was quicker than the subscriber says so itself.
    if call(&to_b, "identity.get", json!({})).await["result"]["published"] != true {
        told_b.event("published").await;
    }
    let mut told_a = Subscriber::start(&a, json!({})).await;
    let session = call(&to_a, "session.create", json!({"recipient": other["link"]})).await["result"].clone();
    assert_eq!((&session["verified"], &session["peer"]), (&json!(true), &other["id"]), "{session}");
    assert_eq!(told_a.event("sessionChanged").await["id"], session["id"]);
    let send = json!({"session": session["id"], "content": "hello", "clientId": "ab".repeat(16)});
    let sent = call(&to_a, "message.send", send.clone()).await["result"].clone();
    assert_eq!(call(&to_a, "SendMessage", send).await["result"], sent, "the same request is the same message");
    while told_a.event("messageUpdated").await["state"] != "stored" {}

    let told = told_b.event("messageReceived").await;
    assert_eq!((&told["content"], &told["id"], &told["sender"]), (&json!("hello"), &sent["id"], &own["id"]));
    let again = Subscriber::start(&b, json!({})).await.event("messageReceived").await;
    assert_eq!(again, told, "not acknowledged: told again, the same");
    b.stop().await.unwrap();
    let b = world.daemon("b", settings()).await;
    let after_restart = Subscriber::start(&b, json!({"after": 0})).await.event("messageReceived").await;
    assert_eq!(after_restart, told);
    call(&to_b, "event.ack", json!({"cursor": told["cursor"]})).await;
    let status = call(&to_b, "status.get", json!({})).await["result"].clone();
    assert_eq!((&status["acknowledged"], &status["cursor"]), (&told["cursor"], &told["cursor"]));
    assert_eq!(status["paused"], json!([]), "everything is read");

    // Acknowledged: the next thing a new subscriber hears of is the next message.
    let mut fresh = Subscriber::start(&b, json!({})).await;
    let second = json!({"session": session["id"], "content": "second"});
    let second = call(&to_a, "message.send", second).await["result"].clone();
    assert_eq!(fresh.event("messageReceived").await["id"], second["id"]);
    let from_b = json!({"session": told["session"], "cursor": told["cursor"]});
    assert_eq!(call(&to_b, "message.markRead", from_b).await["result"], Value::Null);
    let listed = call(&to_b, "message.list", json!({"session": told["session"]})).await["result"]["messages"].clone();
    assert_eq!((&listed[0]["state"], &listed[1]["state"]), (&json!("read"), &json!("unread")));
    for daemon in services.into_iter().chain([a, b]) {
        daemon.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_whose_answer_was_lost_and_that_is_repeated_is_one_message() {
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let (a, mut b) = Person::pair(&world, &bootstrap).await;
    let session = a.call("session.create", json!({"recipient": b.identity["link"]})).await["id"].clone();
    let socket = a.daemon.ready().socket.clone();
    let list = || call(&socket, "message.list", json!({"session": session}));
    let send =
        |name: &str| json!({"session": session, "content": name, "clientId": hex::encode([name.len() as u8; 16])});

    // The client gives up before it reads the answer, and asks again: the same daemon, then one that was started again.
    let unread = lost(&socket, "message.send", send("once")).await;
    while list().await["result"]["messages"][0].is_null() {}
    drop(unread);
    let unread = lost(&socket, "message.send", send("twice")).await;
    while list().await["result"]["messages"][1].is_null() {}
    drop(unread);
    let listed = list().await["result"]["messages"].clone();
    assert_eq!(call(&socket, "message.send", send("once")).await["result"]["id"], listed[0]["id"]);
    a.daemon.stop().await.unwrap();
    let a = world.daemon("a", Settings { bootstrap: vec![bootstrap], ..world.settings() }).await;
    for (name, message) in [("once", &listed[0]), ("twice", &listed[1])] {
        assert_eq!(call(&socket, "message.send", send(name)).await["result"]["id"], message["id"], "{name}");
    }

    call(&socket, "message.send", send("the last")).await;
    let listed = list().await["result"]["messages"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
    b.heard(["once", "twice", "the last"]).await;
    for daemon in services.into_iter().chain([a, b.daemon]) {
        daemon.stop().await.unwrap();
    }
}
