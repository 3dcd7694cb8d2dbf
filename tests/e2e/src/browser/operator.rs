//! A hostile operator of the media server: it has the server's key, so it takes anybody's place in a room, claims what it
//! likes about encryption and sends in the clear. Driven through livekit-client as it comes from npm.
//!
//! Why not a setting of our media server: what reaches a page is the same (a track in a seat's name with the encryption that is
//! claimed of it, clear frames, clear data), no hostile code has to stand in the product, and it is what an operator of any
//! LiveKit server can do. What the server alone could do besides, another claim about a track that is sealed and clear frames
//! in the midst of sealed ones, is tried at the page's manager and worker, a thousand times and more: M2 and M5 of
//! `docs/threats.md`.

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};

use super::{Browser, Opening, Page, Received};
use crate::{
    jwt::{self, Alg, Claims},
    stack::Places,
};

/// Seconds that its passes are good for.
const GOOD_FOR: u64 = 600;

/// The operator, at one page.
#[derive(Debug)]
pub struct Operator {
    page: Page,
    server: String,
    key: Value,
    room: String,
}

impl Operator {
    /// Opens it. `place` is any address on loopback, `server` the media server's, `room` the server's name of a room.
    pub fn open(
        browser: &Browser,
        places: &Places,
        (name, place): (&str, &str),
        (server, key, room): (&str, &Value, &str),
    ) -> Result<Self> {
        let page = browser.open(name, place, &Opening::WithoutPolicy)?;
        page.script(&places.node_modules.join("livekit-client/dist/livekit-client.umd.js"))?;
        page.script(&places.repository()?.join("tests/e2e/browser/operator.js"))?;
        let server = server.replacen("http", "ws", 1);
        Ok(Self { page, server, key: key.clone(), room: room.to_owned() })
    }

    fn pass(&self, identity: &str) -> Result<String> {
        let claims = Claims { identity, room: &self.room, age: 0, seconds: GOOD_FOR };
        jwt::sign(&self.key, &claims, Alg::Hs256)
    }

    /// Takes the place of a seat and sends picture, sound and a text in the clear; `claimed` is LiveKit's number of an
    /// encryption: 0 none, 1 AES-GCM.
    pub fn inject(&self, identity: &str, claimed: u64, text: &str) -> Result<()> {
        let given = json!({"url": self.server, "token": self.pass(identity)?, "encryption": claimed, "text": text});
        let told = self.page.run("(given) => operator.inject(given)", &given)?;
        ensure!(told == json!([claimed, claimed]), "the server tells {told} of two tracks instead of {claimed}");
        Ok(())
    }

    /// Listens under a name of its own, without any encryption.
    pub fn listen(&self, identity: &str) -> Result<()> {
        let given = json!({"url": self.server, "token": self.pass(identity)?});
        self.page.run("(given) => operator.listen(given)", &given).map(drop)
    }

    /// What it has decoded, and the texts that it read.
    pub fn heard(&self) -> Result<(Received, Vec<String>)> {
        let texts = self.page.run("() => operator.heard()", &Value::Null)?;
        let texts = texts.as_array().ok_or_else(|| anyhow!("no texts: {texts}"))?;
        let texts = texts.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok((self.page.received(None)?, texts))
    }

    /// Leaves the room.
    pub fn leave(&self) -> Result<()> {
        self.page.run("() => operator.leave()", &Value::Null).map(drop)
    }
}
