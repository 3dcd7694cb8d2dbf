//! A host that opens a sitting, one whose chain fails meanwhile, one that restarts, and members who are removed and banned.

use alloy::primitives::{B256, U256};
use alloy::sol_types::{SolCall, SolEvent};
use axum::Router;
use axum::http::StatusCode;
use pars_bindings::TownHall::{MetadataSet, SittingOpened, multicallCall, roomOfCall, setMemberCall, sittingOfCall};
use pars_devnet::dev_accounts;
use pars_rpc::Code;
use pars_wire::Kind;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::call;
use crate::world::{HOST, Hall, Page, get, refused, result};

/// Transactions of the host's account since its nonce was `from`, read from the chain's blocks: each with its receipt.
async fn transactions(hall: &Hall, from: u64) -> Vec<(Value, Value)> {
    let account = json!(dev_accounts()[HOST].address());
    let number = |value: &Value| value.as_str().unwrap().parse::<U256>().unwrap().to::<u64>();
    let newest = number(&hall.world.devnet.call("eth_blockNumber", json!([])).await.unwrap());
    let mut found = Vec::new();
    for block in 0..=newest {
        let params = json!([format!("{block:#x}"), true]);
        let block = hall.world.devnet.call("eth_getBlockByNumber", params).await.unwrap();
        for transaction in block["transactions"].as_array().unwrap() {
            if transaction["from"] == account && number(&transaction["nonce"]) >= from {
                let receipt = json!([transaction["hash"]]);
                let receipt = hall.world.devnet.call("eth_getTransactionReceipt", receipt).await.unwrap();
                found.push((transaction.clone(), receipt));
            }
        }
    }
    found
}

async fn nonce(hall: &Hall) -> u64 {
    let params = json!([dev_accounts()[HOST].address(), "latest"]);
    let nonce = hall.world.devnet.call("eth_getTransactionCount", params).await.unwrap();
    nonce.as_str().unwrap().parse::<U256>().unwrap().to()
}

/// A room's metadata hash and its running sitting's number, as the contract has them.
async fn on_chain(hall: &Hall, room: &str) -> (B256, u64) {
    let (room, town_hall) = (room.parse().unwrap(), hall.world.contracts.town_hall);
    let found = hall.world.read(town_hall, &roomOfCall { roomId: room }).await;
    (found.config.metadataHash, hall.world.read(town_hall, &sittingOfCall { roomId: room }).await.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_and_sitting_are_one_transaction_and_a_refusal_leaves_neither() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    let before = nonce(&hall).await;
    let ask = json!({"room": room, "endsAt": 1, "title": "Assembly", "agenda": [], "languages": ["en"]});
    assert_eq!(refused(&hall.host, "room.host", ask.clone()).await, Code::NotAllowed as i64);
    assert_eq!((on_chain(&hall, &room).await, nonce(&hall).await), ((B256::ZERO, 0), before));
    assert_eq!(hall.kept(), 0, "keys that no sitting names are not kept");

    hall.host(&room, &member).await;
    let sent = transactions(&hall, before).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    let (transaction, receipt) = &sent[0];
    let input = transaction["input"].as_str().unwrap();
    let calls = multicallCall::abi_decode(&alloy::hex::decode(input).unwrap()).unwrap().calls;
    assert_eq!((calls.len(), &receipt["status"]), (2, &json!("0x1")));
    let topics: Vec<_> = receipt["logs"].as_array().unwrap().iter().map(|log| log["topics"][0].clone()).collect();
    assert_eq!(topics, [json!(MetadataSet::SIGNATURE_HASH), json!(SittingOpened::SIGNATURE_HASH)]);
    let (hash, sitting) = on_chain(&hall, &room).await;
    assert!(sitting == 1 && !hash.is_zero());

    // A second sitting beside the running one: its object is not pinned either, and the first one's keys stay.
    let ask = json!({"room": room, "endsAt": hall.soon(), "title": "Another", "agenda": [], "languages": ["en"]});
    assert_eq!(refused(&hall.host, "room.host", ask).await, Code::NotAllowed as i64);
    assert_eq!((on_chain(&hall, &room).await, nonce(&hall).await), ((hash, 1), before + 1));
    assert_eq!(hall.kept(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_restarts_goes_on_with_its_sitting_and_its_keys() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    hall.host(&room, &member).await;
    let mut page = Page::open(&member).await;
    page.join_anonymously(&room).await;
    assert_eq!(hall.kept(), 1);
    let hall = hall.restart_host().await;
    // A host that restarted knows no seats: the old one ends, a new one is taken.
    page.told("roomEnded", |event| event["reason"] == "HostLost").await;
    let joined = page.join_anonymously(&room).await;
    assert_eq!(joined["role"], "member");
    let token = joined["token"].as_str().unwrap();
    assert_eq!(get(&member.ready().http, &format!("/rtc/validate?access_token={token}"), "").await.0, 200);
    // The end of the sitting is the end of its keys.
    let close = pars_bindings::TownHall::closeSittingCall { roomId: room.parse().unwrap() };
    crate::world::send_as(&hall.world, HOST, hall.world.contracts.town_hall, &close).await;
    page.told("roomEnded", |event| event["reason"] == "SittingOver").await;
    while hall.kept() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_does_not_come_back_with_the_old_token() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    hall.host(&room, &member).await;
    hall.shown(&room, &hall.host).await;
    result(&hall.host, "identity.create", json!({})).await;
    let (mut moderator, mut page) = (Page::open(&hall.host).await, Page::open(&member).await);
    let leads = moderator.join_by_name(&room, HOST).await;
    assert_eq!(leads["role"], "moderator");
    let joined = page.join_anonymously(&room).await;
    let (seat, token) = (joined["seat"].clone(), joined["token"].as_str().unwrap());
    let path = format!("/rtc/validate?access_token={token}");
    assert_eq!(get(&hall.sfu.ready.url, &path, "").await.0, 200);
    moderator.sees(2).await;
    moderator.call("room.order", json!({"room": room, "kind": "kick", "seat": seat})).await;
    page.told("roomEnded", |event| event["reason"] == "Kicked").await;
    assert_eq!(get(&member.ready().http, &path, "").await.0, 401, "its own daemon knows the token no more");
    while get(&hall.sfu.ready.url, &path, "").await.0 != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_by_nullifier_or_account_does_not_come_back_when_the_host_has_restarted() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let (anonymous, named) = (hall.member("b", Some(2)).await, hall.member("c", None).await);
    hall.host(&room, &anonymous).await;
    for daemon in [&hall.host, &named] {
        hall.shown(&room, daemon).await;
        result(daemon, "identity.create", json!({})).await;
    }
    let mut moderator = Page::open(&hall.host).await;
    let (mut unnamed, mut known) = (Page::open(&anonymous).await, Page::open(&named).await);
    moderator.join_by_name(&room, HOST).await;
    let seats = [unnamed.join_anonymously(&room).await, known.join_by_name(&room, 3).await];
    moderator.sees(3).await;
    let ban = |seat: &Value| json!({"room": room, "kind": "ban", "seat": seat["seat"]});
    assert_eq!(refused(&named, "room.order", ban(&seats[0])).await, Code::NotAllowed as i64, "a member bans nobody");
    for (seat, page) in seats.iter().zip([&mut unnamed, &mut known]) {
        moderator.call("room.order", ban(seat)).await;
        moderator.told("roomOrder", |order| order["kind"] == "ban" && order["seat"] == seat["seat"]).await;
        page.told("roomEnded", |event| event["reason"] == "Banned").await;
    }
    let hall = hall.restart_host().await;
    hall.shown(&room, &hall.host).await;
    let attempt = unnamed.prepare_anonymously(&room).await;
    assert_eq!(refused(&anonymous, "room.join", attempt).await, Code::Banned as i64);
    let attempt = known.prepare_by_name(&room, 3).await;
    assert_eq!(refused(&named, "room.join", attempt).await, Code::Banned as i64);
    // The door is not shut for others.
    assert_eq!(Page::open(&hall.host).await.join_by_name(&room, HOST).await["role"], "moderator");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_listed_on_chain_no_more_loses_the_seat() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::Committee).await;
    let list = async |on| {
        let set = setMemberCall { roomId: room.parse().unwrap(), account: dev_accounts()[2].address(), on };
        crate::world::send_as(&hall.world, HOST, hall.world.contracts.town_hall, &set).await;
    };
    list(true).await;
    let member = hall.member("b", None).await;
    result(&member, "identity.create", json!({})).await;
    hall.host(&room, &member).await;
    let mut page = Page::open(&member).await;
    page.join_by_name(&room, 2).await;
    list(false).await;
    page.told("roomEnded", |event| event["reason"] == "EligibilityLost").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitting_is_opened_in_a_room_that_the_own_index_does_not_know_yet() {
    let hall = Hall::start().await;
    let room = hall.next_room().await;
    let (hosted, ()) = tokio::join!(
        // Asked first.
        result(&hall.host, "room.host", hall.sitting(&room)),
        hall.create_room(Kind::OpenForum),
    );
    assert_eq!(hosted["sitting"], 1);
    let unknown = hall.sitting(&hall.next_room().await);
    let answer = call(&hall.host.ready().socket, "room.host", unknown).await;
    assert_eq!(answer["error"]["code"], Code::WrongRoom as i64);
    let sentence = answer["error"]["message"].as_str().unwrap();
    assert!(sentence.contains("knows no such room") && sentence.contains("a moment ago"), "{sentence}");
}

/// A chain's node that carries out everything and says of no transaction what became of it.
async fn forgetful(rpc: String) -> String {
    let client = reqwest::Client::new();
    let relay = move |body: String| {
        let (client, rpc) = (client.clone(), rpc.clone());
        async move {
            if body.contains("eth_getTransactionReceipt") {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            let request = client.post(rpc).header("content-type", "application/json").body(body);
            let answer = request.send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
            answer.text().await.map_err(|_| StatusCode::BAD_GATEWAY)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(relay)).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitting_whose_chain_fails_once_it_was_sent_is_hosted_with_its_keys_after_a_restart_too() {
    let mut hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    hall.world.rpc = forgetful(hall.world.rpc.clone()).await;
    let hall = hall.restart_host().await;
    let answer = call(&hall.host.ready().socket, "room.host", hall.sitting(&room)).await;
    assert_eq!(answer["error"]["code"], Code::Timeout as i64, "{answer}");
    let sentence = answer["error"]["message"].as_str().unwrap();
    assert!(sentence.contains("does not say what became of it"), "{sentence}");
    assert_eq!(hall.kept(), 1, "the sitting may name these keys");
    hall.shown(&room, &member).await;
    let mut page = Page::open(&member).await;
    page.join_anonymously(&room).await;
    let _hall = hall.restart_host().await;
    page.told("roomEnded", |event| event["reason"] == "HostLost").await;
    page.join_anonymously(&room).await;
}
