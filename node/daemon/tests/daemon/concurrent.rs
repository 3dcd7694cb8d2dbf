//! Many tasks write on one session at once (THREATS T5, N6): each message once, no key used twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::network::{Person, services};
use crate::support::{World, call};

/// Tasks that write at once.
const TASKS: usize = 64;

/// Messages of each; every second one is asked for twice under one name. Together they are fewer than a mailbox holds in a day
/// and than a chain holds without an answer.
const EACH: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_tasks_on_one_session_use_no_key_twice_and_lose_nothing() {
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let (mut a, mut b) = Person::pair(&world, &bootstrap).await;
    let session = a.call("session.create", json!({"recipient": b.identity["link"]})).await["id"].clone();
    // Answered, so that the chain has room for all of them.
    a.send(&session, "first").await;
    let first = b.told.event("messageReceived").await;
    b.send(&first["session"], "answer").await;
    a.told.event("messageReceived").await;

    let socket = a.daemon.ready().socket.clone();
    let write = |task: usize| {
        let (socket, session) = (socket.clone(), session.clone());
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for number in 0..EACH {
                let name = format!("{:032x}", task * EACH + number + 1);
                let params = json!({"session": session, "content": format!("{task} {number}"), "clientId": name});
                let first = call(&socket, "message.send", params.clone());
                let sent = if number % 2 == 0 {
                    let (one, other) = tokio::join!(first, call(&socket, "message.send", params));
                    assert_eq!(one["result"], other["result"], "one request, one message");
                    one
                } else {
                    first.await
                };
                ids.push(sent["result"]["id"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned());
            }
            ids
        })
    };
    let written: Vec<String> = join_all((0..TASKS).map(write)).await.into_iter().flat_map(Result::unwrap).collect();
    let different: BTreeSet<_> = written.iter().cloned().collect();
    assert_eq!((written.len(), different.len()), (TASKS * EACH, TASKS * EACH));

    // A key used twice would be a used position to the reader: one of the two messages would never be shown.
    let (mut shown, mut sequences) = (BTreeSet::new(), BTreeSet::new());
    while shown.len() < written.len() {
        let message: Value = b.told.event("messageReceived").await;
        let id = message["id"].as_str().unwrap().to_owned();
        assert!(different.contains(&id) && shown.insert(id), "{message}");
        assert!(sequences.insert(message["sequence"].as_u64().unwrap()), "a sequence twice: {message}");
    }
    let (lowest, highest) = (sequences.first().unwrap(), sequences.last().unwrap());
    assert_eq!((highest - lowest + 1) as usize, written.len(), "no number is left out");
    for daemon in services.into_iter().chain([a.daemon, b.daemon]) {
        daemon.stop().await.unwrap();
    }
}
