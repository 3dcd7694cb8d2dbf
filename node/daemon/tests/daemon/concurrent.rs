//! Many tasks write on one session at once, over a restart of the daemon (THREATS T5, N6, P5): each message once, no key used
//! twice.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use pars_crypto::witness::Everywhere;
use pars_daemon::args::Settings;
use serde_json::{Value, json};

use crate::network::{Person, services};
use crate::support::{World, call};

/// Tasks that write at once.
const TASKS: usize = 64;

/// Too much is on its way: a writer asks again under the same name.
const BUSY: i32 = -32005;

/// Messages after which the reader acknowledges and writes a word, so that neither its mailbox nor a chain is full.
const WORD: usize = 100;

/// Messages of each task; every second one is asked for twice under one name.
fn each() -> usize {
    if std::env::var_os("PARS_DEEP").is_some() { 200 } else { 6 }
}

/// What all tasks write of their messages with these numbers, at once; the ids.
async fn write_all(socket: &Path, session: &Value, numbers: Range<usize>) -> Vec<String> {
    let tasks = (0..TASKS).map(|task| tokio::spawn(write(socket.to_owned(), session.clone(), task, numbers.clone())));
    join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

/// What one task writes; the ids of its messages.
async fn write(socket: PathBuf, session: Value, task: usize, numbers: Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for number in numbers {
        let name = format!("{:032x}", task * each() + number + 1);
        let params = json!({"session": session, "content": format!("{task} {number}"), "clientId": name});
        let first = send(&socket, &params);
        let sent = if number % 2 == 0 {
            let (one, other) = tokio::join!(first, send(&socket, &params));
            assert_eq!(one, other, "one request, one message");
            one
        } else {
            first.await
        };
        ids.push(sent["id"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned());
    }
    ids
}

/// Ask until there is room.
async fn send(socket: &Path, params: &Value) -> Value {
    loop {
        let told = call(socket, "message.send", params.clone()).await;
        if told["error"]["code"] != BUSY {
            assert!(told["error"].is_null(), "{told}");
            return told["result"].clone();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// So many messages: their ids. A key used twice would be a used position: one of its two messages would never be shown.
async fn read(reader: &mut Person, session: &Value, count: usize) -> BTreeSet<String> {
    let (mut shown, mut sequences) = (BTreeSet::new(), BTreeSet::new());
    while shown.len() < count {
        let message = reader.told.event("messageReceived").await;
        assert!(shown.insert(message["id"].as_str().unwrap().to_owned()), "shown twice: {message}");
        assert!(sequences.insert(message["sequence"].as_u64().unwrap()), "a sequence twice: {message}");
        if shown.len() % WORD == 0 {
            reader.call("event.ack", json!({"cursor": message["cursor"]})).await;
            reader.call("message.send", json!({"session": session, "content": "go on"})).await;
        }
    }
    let (lowest, highest) = (sequences.first().unwrap(), sequences.last().unwrap());
    assert_eq!((highest - lowest + 1) as usize, count, "no number is left out");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_tasks_on_one_session_use_no_key_twice_and_lose_nothing() {
    let witness = Everywhere::begin();
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let (mut a, mut b) = Person::pair(&world, &bootstrap).await;
    let session = a.call("session.create", json!({"recipient": b.identity["link"]})).await["id"].clone();
    // Answered, so that the chain has room for all of them.
    a.send(&session, "first").await;
    let first = b.told.event("messageReceived").await;
    b.send(&first["session"], "answer").await;
    a.told.event("messageReceived").await;

    let Person { daemon: a, .. } = a;
    let socket = a.ready().socket.clone();
    let writing = async {
        let mut written = write_all(&socket, &session, 0..each() / 2).await;
        a.stop().await.unwrap();
        let a = world.daemon("a", Settings { bootstrap: vec![bootstrap.clone()], ..world.settings() }).await;
        written.extend(write_all(&socket, &session, each() / 2..each()).await);
        (written, a)
    };
    let ((written, a), shown) = tokio::join!(writing, read(&mut b, &first["session"], TASKS * each()));
    assert_eq!(written.len(), TASKS * each());
    assert_eq!(written.into_iter().collect::<BTreeSet<_>>(), shown);
    for daemon in services.into_iter().chain([a, b.daemon]) {
        daemon.stop().await.unwrap();
    }
    // Of seven daemons, one of them in two lives.
    let sealed = witness.sealed();
    assert!(sealed >= (TASKS * each()) as u64, "the witness saw {sealed} sealed texts");
    assert_eq!(witness.repeated(), 0, "of {sealed} sealed texts");
}
