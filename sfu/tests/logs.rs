//! TH-J7, R11: what the server's log may not hold, at its most talkative, while clients join, speak and write.

mod client;
mod program;
mod support;

use std::fs;

use client::{Client, Order, Report, Target, post};
use program::Program;
use serde_json::json;
use support::{ROOM, SECRET, admin, token};

/// A payload, in place of sealed sound.
const SOUND: &[u8] = b"sound that is nobody's business, ninety bytes and not one more of it in any log of the server";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_talkative_log_holds_no_token_secret_or_sound() {
    let directory = std::env::temp_dir().join(format!("sfu-logs-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let log = directory.join("log");
    let program = Program::start(&directory, Some(&log));
    let direct = admin();
    post(&program.url, "/twirp/livekit.RoomService/CreateRoom", &direct, &json!({ "name": ROOM }).to_string())
        .await
        .unwrap();
    let tokens = ["one", "other"].map(|identity| token(identity, &["microphone"]));
    let mut seats = Vec::new();
    for token in &tokens {
        let asked = reqwest::Client::new().get(format!("{}/rtc/validate", program.url)).bearer_auth(token);
        assert_eq!(asked.send().await.unwrap().status().as_u16(), 200);
        let mut seat =
            Client::join(&Target { url: program.url.clone(), token: token.clone() }).await.expect("a socket");
        seat.connected().await.expect("connected");
        seats.push(seat);
    }
    let [speaker, receiver] = &mut seats[..] else { panic!("two seats") };
    speaker.orders.send(Order::Publish { announced: true }).await.unwrap();
    speaker.wait(|report| matches!(report, Report::Published(_)).then_some(())).await.expect("published");
    let speak = Order::Speak { packets: 100_000, bytes: SOUND.to_vec(), per_second: 100 };
    speaker.orders.send(speak).await.unwrap();
    receiver.wait(|report| matches!(report, Report::Heard(_)).then_some(())).await.expect("heard");
    drop(program);
    let bytes = fs::read(&log).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.lines().count() > 100 && text.contains("TRACE"), "there is a log, and it is talkative");
    let parts = tokens.iter().chain([&direct]).flat_map(|token| token.split('.').skip(1)).map(str::to_owned);
    for canary in parts.chain([SECRET.to_owned(), String::from_utf8(SOUND.to_vec()).unwrap()]) {
        for form in
            [canary.clone(), hex::encode(&canary), format!("{:?}", &canary.as_bytes()[..12]).replace(['[', ']'], "")]
        {
            let line = text.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "the log holds {canary}: {}", line.unwrap_or_default());
        }
    }
}
