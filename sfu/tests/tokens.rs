//! TH-J1: forged, altered, expired, future, other-room and `alg: none` tokens; who is removed stays out.

mod support;

use serde_json::{Value, json};
use support::{KEY, ROOM, SECRET, admin, hs256, jwt, now, seat, server, token, twirp, validate};

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
        ("future", jwt(&hs256(), &with(good.clone(), "nbf", json!(now() + 45)), SECRET)),
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
    let removed = twirp(&running, &admin(), "RemoveParticipant", json!({ "room": ROOM, "identity": "kicked" })).await;
    assert_eq!(removed.0, 404, "it was not there, and is banned all the same");
    assert_eq!(validate(&running, &live).await, 401);
    let mut fresh = seat("kicked", &["microphone"]);
    fresh["nbf"] = json!(now() + 5);
    assert_eq!(validate(&running, &jwt(&hs256(), &fresh, SECRET)).await, 200, "a newer one of the host");
    assert_eq!(KEY, "host");
}
