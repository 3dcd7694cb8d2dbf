//! Passes to the media server as a foreign program makes them: LiveKit's tokens, JWT with HMAC-SHA-256 (RFC 7519, 2104).

use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// Of base64url (RFC 4648, 5), by their value.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How a pass is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// As it should be.
    Hs256,
    /// With a secret that is not the server's.
    OtherSecret,
    /// Not at all.
    None,
}

/// What a pass says.
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    /// Whose it is.
    pub identity: &'a str,
    /// For which room of the server.
    pub room: &'a str,
    /// Seconds since it was made.
    pub age: u64,
    /// Seconds that it is good for.
    pub seconds: u64,
}

/// A pass that lets its holder publish and receive everything, signed with the server's key file.
pub fn sign(key_file: &Value, claims: &Claims<'_>, alg: Alg) -> Result<String> {
    let field = |name: &str| key_file.get(name).and_then(Value::as_str).ok_or_else(|| anyhow!("no {name} in the key"));
    #[expect(clippy::disallowed_methods, reason = "a pass says when it was made; the server compares")]
    let made = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().saturating_sub(claims.age);
    let name = if alg == Alg::None { "none" } else { "HS256" };
    let body = json!({
        "iss": field("key")?, "sub": claims.identity, "nbf": made, "exp": made + claims.seconds,
        "video": {
            "room": claims.room, "roomJoin": true, "canSubscribe": true, "canPublish": true, "canPublishData": true,
            "canPublishSources": ["microphone", "camera"],
        },
    });
    let signed = format!("{}.{}", encode(&json!({"alg": name, "typ": "JWT"})), encode(&body));
    let secret = field("secret")?.as_bytes();
    let mac = match alg {
        Alg::Hs256 => hmac(secret, signed.as_bytes()).to_vec(),
        Alg::OtherSecret => hmac(&[secret, b"x"].concat(), signed.as_bytes()).to_vec(),
        Alg::None => Vec::new(),
    };
    Ok(format!("{signed}.{}", base64url(&mac)))
}

/// What a pass says, unverified.
pub fn claims(pass: &str) -> Result<Value> {
    let body = pass.split('.').nth(1).ok_or_else(|| anyhow!("no pass: {pass}"))?;
    Ok(serde_json::from_slice(&unbase64url(body)?)?)
}

fn unbase64url(text: &str) -> Result<Vec<u8>> {
    let (mut bytes, mut number, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|other| *other == digit).ok_or_else(|| anyhow!("no base64url: {text}"))?;
        number = (number << 6 | u32::try_from(value)?) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(number >> bits & 0xff)?);
        }
    }
    Ok(bytes)
}

/// The server's name of the room that a pass is for.
pub fn room(pass: &str) -> Result<String> {
    let claims = claims(pass)?;
    let room = claims.pointer("/video/room").and_then(Value::as_str);
    room.map(str::to_owned).ok_or_else(|| anyhow!("the pass names no room: {claims}"))
}

fn encode(value: &Value) -> String {
    base64url(value.to_string().as_bytes())
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    let hashed = Sha256::digest(key);
    let key = if key.len() > BLOCK { hashed.as_slice() } else { key };
    block.iter_mut().zip(key).for_each(|(to, byte)| *to = *byte);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Bytes in base64url without padding (RFC 4648, 5).
pub fn base64url(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            let digit = DIGITS.get((number >> (18 - 6 * place)) as usize & 63).copied().unwrap_or_default();
            let _ = write!(text, "{}", char::from(digit));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_that_of_rfc_4231_and_the_text_that_of_rfc_4648() {
        let mac = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        let texts = [b"f".as_slice(), b"fo", b"foo", &[0xfb, 0xff]].map(base64url);
        assert_eq!(texts, ["Zg", "Zm8", "Zm9v", "-_8"]);
        assert_eq!(unbase64url("-_8").unwrap(), [0xfb, 0xff]);
    }

    #[test]
    fn a_pass_says_what_it_was_made_with() {
        let key = json!({"key": "k", "secret": "s"});
        let claims = Claims { identity: "me", room: "here", age: 10, seconds: 60 };
        let pass = sign(&key, &claims, Alg::None).unwrap();
        assert!(pass.ends_with('.'));
        assert_eq!(super::claims(&pass).unwrap()["video"]["room"], "here");
    }
}
