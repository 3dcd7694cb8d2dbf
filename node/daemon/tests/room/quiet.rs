//! TH-J7, R11: what the host's log may not hold, at its most talkative, while members join. The host is a program of its own here,
//! so that the log is its own; the SFU's log is tried in `sfu/tests/logs.rs`.

use std::process::Command;

use futures::StreamExt;
use pars_circuits::Secret;
use pars_daemon::daemon::Daemon;
use pars_devnet::dev_accounts;
use pars_wire::Kind;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::support::{Program, call};
use crate::world::{Hall, Page, get, result};

/// A leaf's owner who joins without a name, and a lock's owner who joins by name.
const ANONYMOUS: usize = 2;
const NAMED: usize = 3;

/// The forms in which a log could hold it.
fn forms(canary: &str) -> Vec<String> {
    let mut all = vec![canary.to_lowercase(), hex::encode(canary)];
    if let Ok(bytes) = hex::decode(canary) {
        // The first half is as good as all of it; and the bytes as a list of numbers.
        all.push(canary[..canary.len() / 2].to_lowercase());
        all.push(format!("{:?}", &bytes[..8]).trim_matches(['[', ']']).to_owned());
    }
    all
}

fn assert_silent(log: &str, canaries: &[(&str, String)]) {
    for (what, canary) in canaries {
        for form in forms(canary) {
            let line = log.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "the log holds the {what} as {form}: {}", line.unwrap_or_default());
        }
    }
}

/// A token, and the parts of it that tell or prove something.
fn token<'a>(joined: &Value, names: [&'a str; 3]) -> [(&'a str, String); 3] {
    let token = joined["token"].as_str().unwrap();
    let parts: Vec<_> = token.split('.').collect();
    [(names[0], token.to_owned()), (names[1], parts[1].to_owned()), (names[2], parts[2].to_owned())]
}

/// Signalling over the own daemon and the host's to the SFU, until its first message.
async fn signals(member: &Daemon, joined: &Value) {
    let (http, token) = (member.ready().http.clone(), joined["token"].as_str().unwrap());
    assert_eq!(get(&http, &format!("/rtc/validate?access_token={token}"), "").await.0, 200);
    let address = http.trim_start_matches("http://");
    let url = format!("ws://{address}/rtc?access_token={token}&auto_subscribe=1&protocol=15");
    let (mut signalling, _) = client_async(url, TcpStream::connect(address).await.unwrap()).await.unwrap();
    assert!(!signalling.next().await.unwrap().unwrap().into_data().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_most_talkative_log_names_nobody_who_joins() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let (anonymous, named) = (hall.member("b", Some(ANONYMOUS)).await, hall.member("c", None).await);
    let identity = result(&named, "identity.create", json!({})).await["id"].clone();
    hall.host(&room, &named).await;
    hall.shown(&room, &anonymous).await;
    // The sitting goes on in a program, whose log is a file.
    let file = hall.world.datadir("host.log");
    let (_standing, arguments) = hall.without_host().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessiond"));
    command.args(arguments).env("RUST_LOG", "trace");
    let host = Program::start(command.stderr(std::fs::File::create(&file).unwrap()));
    let logged = || String::from_utf8_lossy(&std::fs::read(&file).unwrap()).to_lowercase();
    while call(host.socket(), "room.lobby", json!({"room": room})).await["result"]["sitting"].is_null() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    // Locks and leaves are public, and stand in the log of whoever reads the chain; they are read by now.
    let before = logged().len();
    let mut page = Page::open(&anonymous).await;
    let joined = page.join_anonymously(&room).await;
    signals(&anonymous, &joined).await;
    page.told("roomKeys", |keys| keys["own"] != Value::Null).await;
    let secret = Secret::from_entropy(&[ANONYMOUS as u8; 64]).unwrap();
    let mut canaries = vec![
        ("account", hex::encode(dev_accounts()[ANONYMOUS].address())),
        ("commitment", secret.commitment().to_string()),
        ("commitment's bytes", hex::encode(secret.commitment().word().to_be_bytes::<32>())),
        ("secret", hex::encode(secret.to_bytes().as_slice())),
    ];
    canaries.extend(token(&joined, ["token", "token's claims", "token's signature"]));

    // By name: the host asks the chain about the account, as anybody may. Session ID and token are nobody's business.
    let mut other = Page::open(&named).await;
    let joined = other.join_by_name(&room, NAMED).await;
    signals(&named, &joined).await;
    canaries.push(("Session ID", identity.as_str().unwrap()[2..].to_owned()));
    canaries.extend(token(&joined, ["named member's token", "its claims", "its signature"]));
    page.call("room.leave", json!({"room": room})).await;
    page.told("roomEnded", |event| event["reason"] == "Left").await;
    drop(host);
    let log = logged();
    assert!(log[before..].lines().count() > 100 && log.contains("trace"), "there is a log, and it is talkative");
    assert_eq!(log[before..].matches("a seat is in the room").count(), 2);
    assert_silent(&log[before..], &canaries);
}
