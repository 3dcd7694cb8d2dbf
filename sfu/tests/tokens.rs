//! TH-J1: forged, altered, expired, future, other-room, key-confused and `alg: none` tokens; who is removed stays out.

mod support;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use pars_sfu::{
    Keys,
    token::{TokenError, verify},
};
use serde_json::{Value, json};
use sha2::Sha512;
use support::{KEY, ROOM, SECRET, admin, hs256, jwt, now, seat, server, token, twirp, validate};

/// Every character that may stand in a token.
const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

fn with(mut claims: Value, field: &str, value: Value) -> Value {
    claims[field] = value;
    claims
}

#[tokio::test]
async fn only_a_token_of_the_hosts_key_and_of_this_moment_is_let_in() {
    let running = server().await;
    let good = seat("seat", &["microphone"]);
    assert_eq!(validate(&running, &token("seat", &["microphone"])).await, 200);
    let alg = |alg: &str| json!({ "alg": alg, "typ": "JWT" });
    let signed = token("seat", &["microphone"]);
    let (body, _) = signed.rsplit_once('.').unwrap();
    let mut other_claims = jwt(&hs256(), &with(good.clone(), "sub", json!("chair")), SECRET);
    other_claims.truncate(other_claims.rfind('.').unwrap());
    let none = jwt(&alg("none"), &good, SECRET);
    let refused = [
        ("no token", String::new()),
        ("rubbish", "a.b.c".to_owned()),
        ("forged", jwt(&hs256(), &good, "another secret of at least 32 bytes")),
        ("other issuer", jwt(&hs256(), &with(good.clone(), "iss", json!("stranger")), SECRET)),
        ("altered", format!("{other_claims}.{}", signed.rsplit_once('.').unwrap().1)),
        ("unsigned", format!("{body}.")),
        ("alg none, signed", none.clone()),
        ("alg none, unsigned", format!("{}.", none.rsplit_once('.').unwrap().0)),
        ("alg HS384", jwt(&alg("HS384"), &good, SECRET)),
        ("alg RS256", jwt(&alg("RS256"), &good, SECRET)),
        ("expired", jwt(&hs256(), &with(good.clone(), "exp", json!(now() - 31)), SECRET)),
        ("future", jwt(&hs256(), &with(good.clone(), "nbf", json!(now() + 600)), SECRET)),
        ("longer than a day", jwt(&hs256(), &with(good.clone(), "exp", json!(now() + 25 * 3_600)), SECRET)),
        ("no expiry", jwt(&hs256(), &with(good.clone(), "exp", Value::Null), SECRET)),
        ("administrative", admin()),
        ("nobody", jwt(&hs256(), &with(good.clone(), "sub", json!("")), SECRET)),
    ];
    for (what, token) in refused {
        assert_eq!(validate(&running, &token).await, 401, "{what}");
    }
    let tolerated = with(with(good, "nbf", json!(now() + 25)), "exp", json!(now() + 3_600));
    assert_eq!(validate(&running, &jwt(&hs256(), &tolerated, SECRET)).await, 200, "25 s early");
}

#[tokio::test]
async fn no_character_of_a_token_can_be_changed_left_out_or_added() {
    let (running, good) = (server().await, token("seat", &["microphone"]));
    let keys = Keys::new(KEY, SECRET).unwrap();
    assert!(good.is_ascii() && verify(&keys, &good, now()).is_ok());
    let changed = |place: usize, by: &str| format!("{}{by}{}", &good[..place], &good[place + 1..]);
    for place in 0..good.len() {
        let own = &good[place..=place];
        for other in CHARACTERS.split("").filter(|other| *other != own) {
            assert!(verify(&keys, &changed(place, other), now()).is_err(), "{own} at {place} became {other:?}");
        }
        let longer = changed(place, &format!("{own}A"));
        assert!(verify(&keys, &longer, now()).is_err(), "A behind {place}");
        // And at the door itself.
        let other = if own == "A" { "B" } else { "A" };
        assert_eq!(validate(&running, &changed(place, other)).await, 401, "{place}");
    }
}

#[tokio::test]
async fn no_other_key_and_no_other_algorithm_makes_a_token() {
    let running = server().await;
    let (claims, public) = (seat("seat", &["microphone"]), running.ready.fingerprint.clone());
    let stranger = "a key that its token brings along, long enough";
    let header = |field: &str, value: Value| with(hs256(), field, value);
    let mut nameless = claims.clone();
    nameless.as_object_mut().unwrap().remove("iss");
    let jwk = json!({ "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(stranger) });
    let mut refused = vec![
        ("the key's name as secret", jwt(&hs256(), &claims, KEY)),
        ("an empty secret", jwt(&hs256(), &claims, "")),
        ("the public certificate's print as secret", jwt(&hs256(), &claims, &public)),
        ("the server's address as secret", jwt(&hs256(), &claims, &running.ready.url)),
        ("half of the secret", jwt(&hs256(), &claims, &SECRET[..SECRET.len() / 2])),
        ("the secret and a line's end", jwt(&hs256(), &claims, &format!("{SECRET}\n"))),
        ("an own key in the header", jwt(&header("jwk", jwk), &claims, stranger)),
        ("the name of a file as key", jwt(&header("kid", json!("/dev/null")), &claims, "")),
        ("another key's name", jwt(&header("kid", json!("stranger")), &claims, stranger)),
        ("an address of keys", jwt(&header("jku", json!("https://stranger.example/keys")), &claims, stranger)),
        ("an own certificate", jwt(&header("x5c", json!([stranger])), &claims, stranger)),
        ("no algorithm", jwt(&json!({ "typ": "JWT" }), &claims, SECRET)),
        ("no issuer", jwt(&hs256(), &nameless, SECRET)),
        ("two issuers", jwt(&hs256(), &with(claims.clone(), "iss", json!([KEY, "stranger"])), SECRET)),
        ("no header", jwt(&Value::Null, &claims, SECRET)),
    ];
    for alg in ["none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS512", "RS256", "PS256", "ES256", "EdDSA"] {
        refused.push((alg, jwt(&header("alg", json!(alg)), &claims, SECRET)));
    }
    for alg in [Value::Null, json!(["HS256"]), json!(256), json!({ "alg": "HS256" })] {
        refused.push(("an algorithm of another type", jwt(&header("alg", alg), &claims, SECRET)));
    }
    // By the right key and rightly signed, by an algorithm that is not the server's.
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header("alg", json!("HS512"))), part(&claims));
    let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    refused.push(("HS512, rightly signed", format!("{signed}.{signature}")));
    for (what, token) in refused {
        assert_eq!(validate(&running, &token).await, 401, "{what}");
    }
    assert_eq!(validate(&running, &jwt(&hs256(), &claims, SECRET)).await, 200);
}

#[test]
fn clocks_may_differ_by_30_seconds_and_not_by_31() {
    let keys = Keys::new(KEY, SECRET).unwrap();
    // The server's moment is given; LiveKit's crate, which is less strict, reads the real clock: a little earlier.
    let moment = now() + 20;
    let day = 24 * 3_600;
    let judged = |from: u64, until: u64| {
        let claims = with(with(seat("seat", &[]), "nbf", json!(from)), "exp", json!(until));
        verify(&keys, &jwt(&hs256(), &claims, SECRET), moment).map(|_| ())
    };
    for (from, until, expected) in [
        (moment + 30, moment + 3_600, Ok(())),
        (moment + 31, moment + 3_600, Err(TokenError::Time)),
        (moment - 60, moment - 29, Ok(())),
        (moment - 60, moment - 30, Err(TokenError::Time)),
        (moment, moment + day + 30, Ok(())),
        (moment, moment + day + 31, Err(TokenError::Long)),
    ] {
        assert_eq!(judged(from, until), expected, "from {from}, until {until}, at {moment}");
    }
}

#[tokio::test]
async fn a_token_is_for_its_own_room_and_an_unopened_room_answers_like_a_full_one() {
    let running = server().await;
    let mut claims = seat("seat", &[]);
    claims["video"]["room"] = json!("another");
    assert_eq!(validate(&running, &jwt(&hs256(), &claims, SECRET)).await, 403);
    let small = json!({ "name": "another", "maxParticipants": 1 });
    assert_eq!(twirp(&running, &admin(), "CreateRoom", small).await.0, 200);
    assert_eq!(validate(&running, &jwt(&hs256(), &claims, SECRET)).await, 200);
    // RoomService is bound to its room as well.
    let (status, error) = twirp(&running, &admin(), "ListParticipants", json!({ "room": "another" })).await;
    assert_eq!((status, error["code"].as_str()), (403, Some("permission_denied")));
}

#[tokio::test]
async fn a_members_token_directs_no_room() {
    let running = server().await;
    for (method, body) in [
        ("CreateRoom", json!({ "name": "mine" })),
        ("DeleteRoom", json!({ "room": ROOM })),
        ("ListParticipants", json!({ "room": ROOM })),
        ("RemoveParticipant", json!({ "room": ROOM, "identity": "x" })),
        ("MutePublishedTrack", json!({ "room": ROOM, "identity": "x", "trackSid": "y", "muted": true })),
        ("UpdateParticipant", json!({ "room": ROOM, "identity": "x" })),
    ] {
        assert_eq!(twirp(&running, &token("seat", &["camera"]), method, body.clone()).await.0, 403, "{method}");
        assert_eq!(twirp(&running, "", method, body).await.0, 401, "{method}");
    }
    assert_eq!(twirp(&running, &admin(), "StartEgress", json!({})).await.0, 404);
    assert_eq!(twirp(&running, &admin(), "DeleteRoom", json!({ "room": 5 })).await.0, 400);
}

#[tokio::test]
async fn a_removed_identity_stays_out_while_its_token_lives() {
    let running = server().await;
    let live = token("kicked", &["microphone"]);
    assert_eq!(validate(&running, &live).await, 200);
    let before = now();
    let removed = twirp(&running, &admin(), "RemoveParticipant", json!({ "room": ROOM, "identity": "kicked" })).await;
    assert_eq!(removed.0, 404, "it was not there, and is banned all the same");
    assert_eq!(validate(&running, &live).await, 401);
    // Made before, by a clock that is ahead. One that is newer for certain is not in time yet: seats.rs of the core has it.
    for ahead in [1, 29] {
        let made = with(seat("kicked", &["microphone"]), "nbf", json!(before + ahead));
        assert_eq!(validate(&running, &jwt(&hs256(), &made, SECRET)).await, 401, "{ahead} s ahead");
        let other = with(made, "sub", json!("another"));
        assert_eq!(validate(&running, &jwt(&hs256(), &other, SECRET)).await, 200, "{ahead} s ahead, and not removed");
    }
}
