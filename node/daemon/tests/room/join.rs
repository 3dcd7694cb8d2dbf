//! Seats: by a real proof, and by name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt;
use pars_wire::Kind;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::world::{Hall, Page, get, refused, result};

const NOT_ALLOWED: i64 = -32_038;

fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_joins_without_a_name_through_two_daemons_by_a_real_proof_and_its_page_reaches_the_sfu() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    hall.host(&room, &member).await;
    let mut page = Page::open(&member).await;
    let lobby = page.call("room.lobby", json!({"room": room})).await;
    assert_eq!((&lobby["title"], &lobby["agenda"][0]["text"]), (&json!("Assembly"), &json!("Welcome")));
    assert_eq!((&lobby["anonymous"]["ready"], &lobby["anonymous"]["k"]), (&json!(true), &json!(2)));
    assert_eq!(page.call("room.list", json!({})).await[0]["sitting"]["id"], 1);

    let joined = page.join_anonymously(&room).await;
    for stage in ["tree", "proof", "sealed", "admitted", "verifying"] {
        page.told("roomProgress", |event| event["stage"] == stage).await;
    }
    let (token, identity) = (joined["token"].as_str().unwrap(), joined["identity"].as_str().unwrap());
    assert_eq!((identity.len(), &joined["anonymous"], &joined["role"]), (16, &json!(true), &json!("member")));
    // Of the host's signed grant: the page takes no other server's descriptions.
    assert_eq!(joined["dtlsFingerprint"], json!(format!("0x{}", hall.sfu.ready.fingerprint)));
    let claims = claims(token);
    assert_eq!((&claims["sub"], &claims["video"]["canPublishSources"]), (&json!(identity), &json!(["microphone"])));
    assert!(claims.get("metadata").is_none() && claims.get("name").is_none());
    // Alone in the room, this seat makes the epochs.
    let keys = page.told("roomKeys", |keys| keys["own"] != Value::Null).await;
    assert_eq!((&keys["own"]["identity"], keys["keys"].as_array().unwrap().len()), (&json!(identity), 0));
    let roster = page.told("roomRoster", |roster| roster["epoch"] == keys["epoch"]).await;
    assert_eq!((&roster["seats"][0]["account"], &roster["seats"][0]["verified"]), (&Value::Null, &json!(true)));

    // The page's signalling goes through both daemons to the SFU, and nobody else's.
    let http = member.ready().http.clone();
    assert_eq!(joined["signalUrl"], json!(http.replace("http", "ws")));
    let (status, _, body) = get(&http, &format!("/rtc/validate?access_token={token}"), "").await;
    assert_eq!((status, body.as_str()), (200, "success"));
    let (status, ..) = get(&http, "/rtc/validate", &format!("Authorization: Bearer {token}\r\n")).await;
    assert_eq!(status, 200);
    let address = http.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/rtc?access_token={token}&auto_subscribe=1&protocol=15");
    let (mut signalling, _) = client_async(url, stream).await.unwrap();
    assert!(!signalling.next().await.unwrap().unwrap().into_data().is_empty(), "the SFU's first message");

    // A reload: another token, keys that were never used.
    let again = page.call("room.connection", json!({"room": room})).await;
    for kept in ["seat", "identity", "dtlsFingerprint"] {
        assert_eq!(again[kept], joined[kept]);
    }
    assert_eq!(
        get(&http, &format!("/rtc/validate?access_token={}", again["token"].as_str().unwrap()), "").await.0,
        200
    );
    page.told("roomKeys", |new| new["own"] != Value::Null && new["own"]["media"] != keys["own"]["media"]).await;

    page.call("room.leave", json!({"room": room})).await;
    page.told("roomEnded", |event| event["reason"] == "Left").await;
    assert_eq!(refused(&member, "room.connection", json!({"room": room})).await, NOT_ALLOWED);
    let last = again["token"].as_str().unwrap();
    assert_eq!(get(&http, &format!("/rtc/validate?access_token={last}"), "").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_by_name_and_without_verify_each_other_and_read_what_they_sign() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let (anonymous, named) = (hall.member("b", Some(2)).await, hall.member("c", None).await);
    hall.host(&room, &named).await;
    hall.shown(&room, &anonymous).await;
    result(&named, "identity.create", json!({})).await;
    let (mut a, mut b) = (Page::open(&named).await, Page::open(&anonymous).await);
    let first = a.join_by_name(&room, 3).await;
    let second = b.join_anonymously(&room).await;
    let all_verified = |roster: &Value| {
        let seats = roster["seats"].as_array().unwrap();
        seats.len() == 2 && seats.iter().all(|seat| seat["verified"] == json!(true) && seat["live"] == json!(true))
    };
    let (ours, theirs) = tokio::join!(a.told("roomRoster", all_verified), b.told("roomRoster", all_verified));
    assert_eq!(theirs["seats"][0]["account"], ours["seats"][0]["account"]);
    assert_eq!((&ours["seats"][1]["account"], &ours["seats"][1]["anonymous"]), (&Value::Null, &json!(true)));
    // Both may send in the same epoch, under keys that the other was given.
    let both = |keys: &Value| keys["own"] != Value::Null && keys["keys"].as_array().unwrap().len() == 1;
    let (mine, yours) = tokio::join!(a.told("roomKeys", both), b.told("roomKeys", both));
    assert_eq!((&mine["own"]["media"], &mine["epoch"]), (&yours["keys"][0]["media"], &yours["epoch"]));

    // The host counts its seats; nobody else is told before joining, because nobody asks it.
    let host = &mut Page::open(&hall.host).await;
    let told = [("room.list", "/0/seats", json!({})), ("room.lobby", "/seats", json!({"room": room}))];
    for (method, at, params) in told {
        for (page, seats) in [(&mut *host, json!(2)), (&mut b, Value::Null)] {
            assert_eq!(page.call(method, params.clone()).await.pointer(at), Some(&seats), "{method}");
        }
    }

    let chat = json!({"room": room, "kind": "chat", "body": "hello"});
    let signed = a.call("room.sign", chat).await;
    let message = json!({"room": room, "identity": first["identity"], "bytes": signed["bytes"]});
    let opened = b.call("room.open", message.clone()).await;
    assert_eq!((&opened["body"], &opened["seat"]), (&json!("hello"), &first["seat"]));
    assert_eq!(refused(&anonymous, "room.open", message).await, -32_037, "replayed");
    let signed = a.call("room.sign", json!({"room": room, "kind": "chat", "body": "again"})).await;
    let forged = json!({"room": room, "identity": second["identity"], "bytes": signed["bytes"]});
    assert_eq!(refused(&anonymous, "room.open", forged).await, -32_036, "forged");
    let mute = json!({"room": room, "kind": "mute", "seat": first["seat"]});
    assert_eq!(refused(&anonymous, "room.order", mute).await, NOT_ALLOWED, "a member gives no orders");
}
