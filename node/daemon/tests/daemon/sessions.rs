//! Closing a session, and listing messages since a time, between two daemons.

use pars_daemon::args::Settings;
use pars_daemon::daemon::Daemon;
use serde_json::{Value, json};

use crate::network::{Person, Subscriber, services};
use crate::support::{World, call};

/// Two members who have written to each other; and the nodes, which must live as long.
async fn two_who_know_each_other(world: &World) -> (Vec<Daemon>, Person, Person) {
    let (services, bootstrap) = services(world).await;
    let (mut a, mut b) = Person::pair(world, &bootstrap).await;
    let to_b = a.call("session.create", json!({"recipient": b.identity["link"]})).await["id"].clone();
    a.send(&to_b, "one").await;
    let told = b.told.event("messageReceived").await;
    assert_eq!(told["content"], "one");
    b.send(&told["session"], "two").await;
    assert_eq!(a.told.event("messageReceived").await["content"], "two");
    (services, a, b)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_session_still_receives_stays_closed_over_a_restart_and_opens_again_by_writing() {
    let world = World::start().await;
    let (services, a, mut b) = two_who_know_each_other(&world).await;
    let (to_b, to_a) = (Person::session_with(&b.identity), Person::session_with(&a.identity));
    let before = a.call("session.list", json!({})).await[0].clone();
    assert_eq!((&before["archived"], &before["pqAuth"]), (&json!(false), &json!("confirmed")));
    let closed = a.call("session.close", json!({"session": to_b})).await;
    assert_eq!((&closed["archived"], &closed["id"]), (&json!(true), &to_b));
    assert_eq!(a.call("CloseSession", json!({"session": to_b})).await["archived"], true, "closing twice is closing");

    // What the other side writes on the session that it still holds arrives.
    let Person { daemon, identity, .. } = a;
    daemon.stop().await.unwrap();
    b.send(&to_a, "after closing").await;
    let bootstrap = services[0].ready().listen.clone();
    let mut a = restarted(&world, &bootstrap, identity).await;
    assert_eq!(a.call("session.list", json!({})).await[0]["archived"], true, "the row is durable");
    while a.told.event("messageReceived").await["content"] != "after closing" {}
    assert_eq!(a.call("session.list", json!({})).await[0]["archived"], true, "receiving does not open it");

    // Writing begins a new handshake.
    a.send(&to_b, "again").await;
    while b.told.event("messageReceived").await["content"] != "again" {}
    let after = a.call("session.list", json!({})).await[0].clone();
    assert_eq!(after["archived"], false);
    assert!(after["ratchet"] != before["ratchet"], "another ratchet: {after}");
    for daemon in services.into_iter().chain([a.daemon, b.daemon]) {
        daemon.stop().await.unwrap();
    }
}

/// The daemon "a" again, with its identity.
async fn restarted(world: &World, bootstrap: &str, identity: Value) -> Person {
    let settings = Settings { bootstrap: vec![bootstrap.to_owned()], ..world.settings() };
    let daemon = world.daemon("a", settings).await;
    let told = Subscriber::start(&daemon, json!({})).await;
    Person { daemon, told, identity }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_since_a_time_and_the_pages_reach_every_one() {
    let world = World::start().await;
    let (services, mut a, b) = two_who_know_each_other(&world).await;
    let to_b = Person::session_with(&b.identity);
    a.send(&to_b, "three").await;
    let list = async |params: Value| {
        let mut of = json!({"session": to_b});
        of.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
        a.call("message.list", of).await
    };
    let contents = |page: &Value| -> Vec<String> {
        let messages = page["messages"].as_array().unwrap().iter();
        messages.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    };
    let all = list(json!({})).await;
    assert_eq!(contents(&all), ["one", "two", "three"]);
    let times: Vec<u64> =
        all["messages"].as_array().unwrap().iter().map(|message| message["timestamp"].as_u64().unwrap()).collect();
    assert!(times.iter().all(|time| time % 300 == 0), "times are rounded down to five minutes: {times:?}");
    // For every time that occurs, and those beside it: exactly what is not older, in order.
    for since in times.iter().flat_map(|time| [time - 300, time - 1, *time, time + 1, time + 300]) {
        let expected: Vec<_> =
            contents(&all).into_iter().zip(&times).filter(|(_, time)| **time >= since).map(|(text, _)| text).collect();
        assert_eq!(contents(&list(json!({"since": since})).await), expected, "since {since}");
    }
    // Page by page, none twice; a page that the time leaves empty still says where to go on.
    for since in [0, times[2] + 300] {
        let (mut found, mut after) = (Vec::new(), json!(0));
        while !after.is_null() {
            let page = list(json!({"since": since, "after": after, "limit": 1})).await;
            found.extend(contents(&page));
            after = page["next"].clone();
        }
        assert_eq!(found, if since == 0 { contents(&all) } else { Vec::new() });
    }
    // The other side has the same three, with the same times.
    let from_a = json!({"session": Person::session_with(&a.identity), "since": times[0]});
    let theirs = call(&b.daemon.ready().socket, "GetMessages", from_a).await["result"].clone();
    assert_eq!(contents(&theirs)[..2], ["one", "two"]);
    for daemon in services.into_iter().chain([a.daemon, b.daemon]) {
        daemon.stop().await.unwrap();
    }
}
