//! A host that restarts, and one who is removed.

use pars_wire::Kind;
use serde_json::json;

use crate::world::{HOST, Hall, Page, get, result};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_restarts_goes_on_with_its_sitting_and_its_keys() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    hall.host(&room, &member).await;
    let mut page = Page::open(&member).await;
    page.join_anonymously(&room).await;
    let kept = hall.world.datadir("host").join("hosted").join(room.trim_start_matches("0x"));
    assert!(kept.exists());
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
    while kept.exists() {
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
    let here = |roster: &serde_json::Value| roster["seats"].as_array().is_some_and(|seats| seats.len() == 2);
    moderator.told("roomRoster", here).await;
    moderator.call("room.order", json!({"room": room, "kind": "kick", "seat": seat})).await;
    page.told("roomEnded", |event| event["reason"] == "Kicked").await;
    assert_eq!(get(&member.ready().http, &path, "").await.0, 401, "its own daemon knows the token no more");
    while get(&hall.sfu.ready.url, &path, "").await.0 != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
