//! What the log may not hold (THREATS R11), at its most talkative, while identities are made and messages go both ways.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::kill::bootstrapped;
use crate::network::services;
use crate::support::{Program, World, call};

/// A member whose log is a file, and what it must not hold.
struct Member {
    process: Program,
    log: std::path::PathBuf,
    identity: Value,
}

impl Member {
    async fn start(world: &World, name: &str, bootstrap: &str) -> Self {
        let log = world.dir.path().join(format!("{name}.log"));
        let mut command: Command = bootstrapped(world, &world.datadir(name), ("/ip4/127.0.0.1/tcp/0", bootstrap));
        command.env("RUST_LOG", "trace").stderr(std::fs::File::create(&log).unwrap());
        let process = Program::start(&mut command);
        let identity = call(process.socket(), "identity.create", json!({})).await["result"].clone();
        Self { process, log, identity }
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let response = call(self.process.socket(), method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// The message of this text, once it has arrived.
    async fn received(&self, session: &str, content: &str) -> Value {
        loop {
            let listed = call(self.process.socket(), "message.list", json!({"session": session})).await;
            let messages = listed["result"]["messages"].as_array().cloned().unwrap_or_default();
            if let Some(found) = messages.into_iter().find(|message| message["content"] == content) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    fn digits(&self) -> &str {
        &self.identity["id"].as_str().unwrap()[2..]
    }
}

/// The token, and a call over the port that shows it to the daemon.
async fn over_the_port(member: &Member, datadir: &Path) -> String {
    let file: Value = serde_json::from_slice(&std::fs::read(datadir.join("rpc.json")).unwrap()).unwrap();
    let token = file["token"].as_str().unwrap().to_owned();
    let http = reqwest::Client::new().post(member.process.ready["http"].as_str().unwrap()).bearer_auth(&token);
    let http = http.header("content-type", "application/json");
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "session.list", "params": {}});
    assert!(http.body(request.to_string()).send().await.unwrap().status().is_success());
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_talkative_log_names_no_contact_text_token_or_secret_while_messages_go_both_ways() {
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let (a, b) = (Member::start(&world, "a", &bootstrap).await, Member::start(&world, "b", &bootstrap).await);
    let link = b.identity["link"].clone();
    // Until B's records stand in the directory.
    let session = loop {
        let created = call(a.process.socket(), "session.create", json!({"recipient": link})).await["result"].clone();
        if created.is_object() {
            break created;
        }
    };
    let texts = ["a text that is nobody's business", "an answer that is nobody's business either"];
    let sent = a.call("message.send", json!({"session": session["id"], "content": texts[0]})).await;
    let received = b.received(a.digits(), texts[0]).await;
    assert_eq!(received["id"], sent["id"]);
    b.call("message.send", json!({"session": a.digits(), "content": texts[1]})).await;
    let answer = a.received(b.digits(), texts[1]).await;
    a.call("message.markRead", json!({"session": b.digits(), "cursor": answer["cursor"]})).await;
    let revocation = a.call("identity.revocation", json!({})).await["revocation"].clone();
    let ratchet = a.call("session.list", json!({})).await[0]["ratchet"].clone();
    a.call("session.close", json!({"session": b.digits()})).await;
    let token = over_the_port(&a, &world.datadir("a")).await;
    let key = std::fs::read_to_string(world.datadir("a").join("store.key")).unwrap();
    let [of_a, of_b] = [&a, &b].map(|member| member.digits().to_owned());
    a.process.end();
    b.process.end();

    let check = link.as_str().unwrap().split_once("?b=").unwrap().1.to_owned();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let canaries = [
        ("A's identity", of_a),
        ("B's identity", of_b),
        ("link's check", check),
        ("text", texts[0].to_owned()),
        ("answer", texts[1].to_owned()),
        ("message's id", text(&sent["id"])),
        ("answer's id", text(&answer["id"])),
        ("ratchet", text(&ratchet)),
        ("token", token),
        ("revocation secret", text(&revocation)),
        ("other revocation secret", text(&b.identity["revocation"])),
        ("store key", key.trim_end().to_owned()),
    ];
    for log in [&a.log, &b.log] {
        let log = std::fs::read(log).unwrap();
        let log = String::from_utf8_lossy(&log).to_lowercase();
        assert!(log.lines().count() > 100 && log.contains("trace"), "there is a log, and it is talkative");
        for (what, canary) in &canaries {
            assert!(!log.contains(&canary.to_lowercase()), "a log holds the {what}");
            // The first half of an id is as good as all of it.
            if canary.len() == 64 {
                assert!(!log.contains(&canary[..32].to_lowercase()), "a log holds half of the {what}");
            }
        }
        // As bytes in the form of a list, too.
        for text in texts {
            let list = format!("{:?}", &text.as_bytes()[..12]);
            assert!(!log.contains(list.trim_matches(['[', ']'])), "a log holds the text as a list of numbers");
        }
    }
    for daemon in services {
        daemon.stop().await.unwrap();
    }
}
