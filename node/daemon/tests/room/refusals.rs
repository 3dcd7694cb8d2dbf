//! Whoever may not join is refused by name, before anybody else learns of it.

use alloy::primitives::Address;
use pars_bindings::TownHall::setMemberCall;
use pars_devnet::dev_accounts;
use pars_wire::Kind;
use serde_json::{Value, json};

use crate::world::{HOST, Hall, Page, get, refused, result, send_as};

fn prepare(room: &str, form: &str, account: Option<usize>) -> Value {
    let account = account.map(|number| format!("{:#x}", dev_accounts()[number].address()));
    let mut params = json!({"room": room, "form": form, "textOnly": true});
    if let Some(account) = account {
        params["account"] = account.into();
    }
    params
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_name() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let (member, stranger) = (hall.member("b", Some(2)).await, hall.member("c", None).await);
    let unknown = format!("0x{}", "ab".repeat(32));
    assert_eq!(refused(&member, "room.prepare", prepare(&unknown, "anonymous", None)).await, -32_028, "wrong room");
    let closed = refused(&member, "room.prepare", prepare(&room, "anonymous", None)).await;
    assert!([-32_027, -32_028].contains(&closed), "no sitting runs, or the room is not indexed yet");
    hall.host(&room, &member).await;
    hall.shown(&room, &stranger).await;
    assert_eq!(refused(&stranger, "room.prepare", prepare(&room, "anonymous", None)).await, -32_020, "no leaf");
    assert_eq!(refused(&member, "room.prepare", prepare(&room, "known", Some(9))).await, -32_020, "no lock");
    assert_eq!(refused(&stranger, "room.prepare", prepare(&room, "known", Some(3))).await, -32_032, "no identity");
    result(&stranger, "identity.create", json!({})).await;
    let proof = refused(&stranger, "room.prepare", prepare(&room, "known", Some(2))).await;
    assert_eq!(proof, -32_021, "an account with a leaf must prove it");

    // Somebody else's wallet signs.
    let prepared = result(&stranger, "room.prepare", prepare(&room, "known", Some(3))).await;
    let attempt = &prepared["attempt"];
    assert_eq!(refused(&stranger, "room.join", json!({"attempt": attempt})).await, -32_031, "no signature");
    let wrong = json!({"attempt": attempt, "walletSignature": format!("0x{}1b", "11".repeat(64))});
    assert_eq!(refused(&stranger, "room.join", wrong).await, -32_031, "another wallet's signature");
    assert_eq!(refused(&stranger, "room.join", json!({"attempt": "00"})).await, -32_025, "no such attempt");
    let prepared = result(&member, "room.prepare", prepare(&room, "anonymous", None)).await;
    assert_eq!(result(&member, "room.cancel", json!({"attempt": prepared["attempt"]})).await, Value::Null);
    assert_eq!(refused(&member, "room.join", json!({"attempt": prepared["attempt"]})).await, -32_025, "cancelled");
    assert_eq!(
        refused(
            &member,
            "room.host",
            json!({
                "room": room, "endsAt": 1, "title": "x", "agenda": [], "languages": [],
            })
        )
        .await,
        -32_008,
        "this daemon is no host"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committee_has_no_seats_without_a_name_and_foreign_pages_no_way_to_the_sfu() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::Committee).await;
    let member = hall.member("b", Some(2)).await;
    hall.host(&room, &member).await;
    assert_eq!(refused(&member, "room.prepare", prepare(&room, "anonymous", None)).await, -32_030);
    assert_eq!(refused(&member, "room.prepare", prepare(&room, "known", Some(2))).await, -32_020, "not listed");
    // Accounts of a wallet that no daemon knows: the own index judges them.
    let [listed, stranger] = [Address::repeat_byte(0x77), Address::repeat_byte(0x78)];
    let set = setMemberCall { roomId: room.parse().unwrap(), account: listed, on: true };
    send_as(&hall.world, HOST, hall.world.contracts.town_hall, &set).await;
    let known = async |accounts: Value| {
        result(&member, "room.lobby", json!({"room": room, "accounts": accounts})).await["known"].take()
    };
    while known(json!([listed])).await["accounts"] != json!([listed]) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let none = json!({"allowed": false, "reason": "NotEligible", "accounts": []});
    assert_eq!((known(json!([])).await, known(json!([stranger])).await), (none.clone(), none));
    assert_eq!(known(json!([stranger, listed])).await["reason"], "IdentityUnknown");
    result(&member, "identity.create", json!({})).await;
    let may = json!({"allowed": true, "reason": null, "accounts": [listed]});
    assert_eq!(known(json!([stranger, listed])).await, may);
    let many = json!({"room": room, "accounts": vec![listed; 21]});
    assert_eq!(refused(&member, "room.lobby", many).await, -32_602, "more than a wallet has");

    let http = &member.ready().http;
    assert_eq!(get(http, "/rtc/validate?access_token=abc", "").await.0, 401);
    let foreign = "Origin: http://evil.example\r\n";
    assert_eq!(get(http, "/rtc/validate?access_token=abc", foreign).await.0, 403);
    let own = format!("Origin: {http}\r\n");
    assert_eq!(get(http, "/rtc/validate?access_token=abc", &own).await.0, 401);
    let mut page = Page::open(&member).await;
    assert_eq!(page.call("dev.accounts", json!({})).await.as_array().unwrap().len(), 10);
}
