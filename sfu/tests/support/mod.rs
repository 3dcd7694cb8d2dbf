//! A server in this process, its tokens, and its RoomService.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use pars_sfu::{Config, Keys, Running, start};
use serde_json::{Value, json};
use sha2::Sha256;

pub const KEY: &str = "host";
pub const SECRET: &str = "a secret of the tests, long enough";
pub const ROOM: &str = "assembly-1";

#[expect(clippy::disallowed_methods, reason = "tokens live in real time")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A JWT from any header and claims, signed by HMAC-SHA-256 whatever the header says.
pub fn jwt(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

pub fn hs256() -> Value {
    json!({ "alg": "HS256", "typ": "JWT" })
}

/// Claims of a seat with these sources.
pub fn seat(identity: &str, sources: &[&str]) -> Value {
    json!({
        "iss": KEY, "sub": identity, "nbf": now(), "exp": now() + 3_600,
        "video": {
            "roomJoin": true, "room": ROOM, "canPublish": !sources.is_empty(), "canPublishSources": sources,
            "canSubscribe": true, "canPublishData": true,
        },
    })
}

pub fn token(identity: &str, sources: &[&str]) -> String {
    jwt(&hs256(), &seat(identity, sources), SECRET)
}

pub fn admin() -> String {
    let video = json!({ "roomCreate": true, "roomAdmin": true, "room": ROOM });
    jwt(&hs256(), &json!({ "iss": KEY, "nbf": now(), "exp": now() + 60, "video": video }), SECRET)
}

/// A server on ports of the system's choice, with the room open.
pub async fn server() -> Running {
    server_with(None).await
}

/// The same, which writes down what it sees if a file is given for it.
pub async fn server_with(dump: Option<PathBuf>) -> Running {
    let any = "127.0.0.1:0".parse().unwrap();
    let keys = Keys::new(KEY, SECRET).unwrap();
    let running = start(Config { listen: any, udp: any, keys, dump }).await.unwrap();
    let (status, room) = twirp(&running, &admin(), "CreateRoom", json!({ "name": ROOM })).await;
    assert_eq!((status, room["name"].as_str()), (200, Some(ROOM)), "{room}");
    running
}

/// Calls RoomService.
pub async fn twirp(running: &Running, token: &str, method: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/twirp/livekit.RoomService/{method}", running.ready.url);
    let sent = reqwest::Client::new().post(url).bearer_auth(token).json(&body).send().await.unwrap();
    (sent.status().as_u16(), sent.json().await.unwrap_or(Value::Null))
}

/// What a validation says.
pub async fn validate(running: &Running, token: &str) -> u16 {
    let url = format!("{}/rtc/v1/validate?access_token={token}", running.ready.url);
    reqwest::get(url).await.unwrap().status().as_u16()
}
