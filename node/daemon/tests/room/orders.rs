//! Orders of one who leads: each caller gets the answer to its own, although several are on their way at once.

use pars_rpc::Code;
use pars_wire::Kind;
use serde_json::{Value, json};

use crate::support::post;
use crate::world::{HOST, Hall, Page, result};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_orders_at_once_the_refused_one_and_the_other_have_their_own_answers() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    hall.host(&room, &member).await;
    hall.shown(&room, &hall.host).await;
    result(&hall.host, "identity.create", json!({})).await;
    let (mut moderator, mut page) = (Page::open(&hall.host).await, Page::open(&member).await);
    moderator.join_by_name(&room, HOST).await;
    let seat = page.join_anonymously(&room).await["seat"].clone();
    moderator.sees(2).await;
    let order = |id: u8, kind: &str| {
        let params = json!({"room": room, "kind": kind, "seat": seat});
        json!({"jsonrpc": "2.0", "id": id, "method": "room.order", "params": params})
    };
    // Who does not present is not demoted. The calls of a batch begin one after the other, and none waits for another's answer.
    let batch = json!([order(1, "demote"), order(2, "mute")]).to_string();
    let (_, body) = post(&hall.host.ready().socket, "", &batch).await;
    let answers: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answers[0]["error"]["code"], Code::NotAllowed as i64, "{answers}");
    assert_eq!(answers[1], json!({"jsonrpc": "2.0", "id": 2, "result": null}));
    page.told("roomOrder", |event| event["kind"] == "mute" && event["seat"] == seat).await;
}
