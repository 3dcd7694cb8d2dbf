//! What can never be read, as a client learns of it: also one that was away, and after a restart.

use pars_daemon::args::Settings;
use serde_json::{Value, json};

use crate::network::{Person, Subscriber, services};
use crate::support::{World, call};

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_listed_among_the_messages_and_told_until_it_is_acknowledged() {
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let settings = || Settings { bootstrap: vec![bootstrap.clone()], ..world.settings() };
    let (mut a, mut b) = Person::pair(&world, &bootstrap).await;
    let to_b = a.call("session.create", json!({"recipient": b.identity["link"]})).await["id"].clone();
    a.send(&to_b, "one").await;
    let from_a = b.told.event("messageReceived").await["session"].clone();
    b.send(&from_a, "I hear you").await;
    a.told.event("messageReceived").await;

    // The disk of A is put back: it uses a key a second time.
    let Person { daemon, identity, .. } = a;
    daemon.stop().await.unwrap();
    let (file, copy) = (world.datadir("a").join("session.redb"), world.datadir("a").join("copy"));
    std::fs::copy(&file, &copy).unwrap();
    let again = async |content: &str| {
        let daemon = world.daemon("a", settings()).await;
        let told = Subscriber::start(&daemon, json!({})).await;
        let mut a = Person { daemon, told, identity: identity.clone() };
        a.send(&to_b, content).await;
        a.daemon.stop().await.unwrap();
    };
    again("two").await;
    assert_eq!(b.told.event("messageReceived").await["content"], "two");
    std::fs::copy(&copy, &file).unwrap();
    again("never read").await;

    let gap = b.told.event("gap").await;
    assert_eq!((&gap["session"], &gap["kind"], &gap["state"]), (&from_a, &json!("gap"), &json!("unread")));
    b.daemon.stop().await.unwrap();
    let b = world.daemon("b", settings()).await;
    assert_eq!(Subscriber::start(&b, json!({})).await.event("gap").await, gap, "not acknowledged");
    let socket = b.ready().socket.clone();
    let listed = call(&socket, "message.list", json!({"session": from_a})).await["result"]["messages"].clone();
    assert_eq!(listed.as_array().unwrap().last(), Some(&gap));
    call(&socket, "event.ack", json!({"cursor": gap["cursor"]})).await;
    let status = call(&socket, "status.get", json!({})).await["result"].clone();
    assert_eq!(status["acknowledged"], gap["cursor"]);
    let listed = call(&socket, "session.list", json!({})).await["result"].clone();
    assert_eq!(listed[0]["unread"], 3, "{listed}");
    assert_ne!(gap["content"], Value::Null);
    for daemon in services.into_iter().chain([b]) {
        daemon.stop().await.unwrap();
    }
}
