//! Recordings between daemons: who is in the room consents, the consent gets final through an executor, the recorder's seat is
//! there for all to see, and it is gone when somebody takes the consent back.

use std::time::Duration;

use pars_daemon::args::Settings;
use pars_daemon::config::Config;
use pars_daemon::daemon::Daemon;
use pars_devnet::dev_accounts;
use pars_engine::room::{Conduct, Honest};
use pars_liar::LeavesOneOut;
use pars_rpc::Code;
use pars_wire::Kind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::ask;
use crate::world::{Hall, Page, refused, result};

/// The account of the executor.
const EXECUTOR: usize = 9;

/// Enough nodes that messages go, an executor, and a room with a member by name and one without.
struct Studio {
    hall: Hall,
    room: String,
    /// By name; it records.
    named: Daemon,
    pages: [Page; 2],
    /// Its id, as a session's.
    executor: Value,
    _others: Vec<Daemon>,
}

/// The way to the chain's node, which can be closed: what is sent then arrives when it is open again.
struct Road {
    open: watch::Sender<bool>,
}

impl Default for Road {
    fn default() -> Self {
        Self { open: watch::Sender::new(true) }
    }
}

impl Road {
    /// A URL that leads there.
    async fn lead(&self, to: &str) -> String {
        let to = to.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let open = self.open.subscribe();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (to, open) = (to.clone(), open.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(&to).await?;
                    let ((from_near, to_near), (from_far, to_far)) = (near.split(), far.split());
                    tokio::try_join!(pass(from_near, to_far, open.clone()), pass(from_far, to_near, open))
                });
            }
        });
        url
    }
}

/// One direction of it.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut open: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut bytes = [0; 16_384];
    loop {
        let count = from.read(&mut bytes).await?;
        // The sender is the test's: it is gone with it.
        let _ = open.wait_for(|open| *open).await;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}

const PAUSE: Duration = Duration::from_millis(100);
/// How often is looked at what must not come; own index is asked every 2 s.
const ASKED: usize = 30;

/// Makes an identity that others find.
async fn published(daemon: &Daemon) -> Value {
    let identity = result(daemon, "identity.create", json!({})).await;
    while result(daemon, "identity.get", json!({})).await["published"] != true {
        tokio::time::sleep(PAUSE).await;
    }
    identity
}

/// A session in which the executor has answered: calls go only then.
async fn acquainted(daemon: &Daemon, executor: &Value) -> Value {
    let session = result(daemon, "session.create", json!({"recipient": executor["link"]})).await["id"].clone();
    result(daemon, "message.send", json!({"session": session, "content": "Hello."})).await;
    loop {
        let sessions = result(daemon, "session.list", json!({})).await;
        let all = sessions.as_array().expect("a list");
        if all.iter().any(|one| one["id"] == session && one["pqAuth"] == "confirmed") {
            return session;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Studio {
    async fn start() -> Self {
        Self::of(Kind::OpenForum.cap(), None).await
    }

    /// A room of so many seats; the chain's node as who records reaches it.
    async fn of(capacity: u16, road: Option<&Road>) -> Self {
        Self::with(capacity, road, &Honest).await
    }

    /// The same, and how who records goes about it.
    async fn with(capacity: u16, road: Option<&Road>, conduct: &'static dyn Conduct) -> Self {
        let hall = Hall::start().await;
        let mut others = hall.services().await;
        let settings = Settings { executor: true, dev_account: Some(EXECUTOR), ..hall.settings() };
        let executor = hall.world.daemon("executor", settings).await;
        let rpc = match road {
            Some(road) => road.lead(&hall.world.rpc).await,
            None => hall.world.rpc.clone(),
        };
        let settings = Settings { rpc: Some(rpc), ..hall.settings() };
        let config = Config::check(hall.world.datadir("c"), settings).unwrap();
        let named = Daemon::start_as(config, conduct).await.unwrap();
        let unnamed = hall.member("b", Some(2)).await;
        let (identity, _) = tokio::join!(published(&executor), published(&named));
        let session = acquainted(&named, &identity).await;
        let room = hall.room_for(Kind::OpenForum, capacity).await;
        hall.host(&room, &named).await;
        hall.shown(&room, &unnamed).await;
        let mut pages = [Page::open(&named).await, Page::open(&unnamed).await];
        pages[0].join_by_name(&room, 3).await;
        pages[1].join_anonymously(&room).await;
        for page in &mut pages {
            page.told("roomRoster", seats_are_live(2)).await;
        }
        others.extend([executor, unnamed]);
        Self { hall, room, named, pages, executor: session, _others: others }
    }

    /// The member by name asks, the other says yes. What was asked.
    async fn agree(&mut self) -> Value {
        let [by, other] = &mut self.pages;
        let ask = json!({"room": self.room, "executor": self.executor,
            "retentionSeconds": 86_400, "validSeconds": 3_000, "dummies": 1});
        let proposed = by.call("recording.propose", ask.clone()).await;
        assert_eq!((&proposed["ask"], &proposed["recorder"]), (&Value::Null, &Value::Null));
        let asked = other.told("roomRecording", |status| status["phase"] == "asked").await;
        assert_eq!(asked["ask"]["retentionSeconds"], 86_400);
        let recording = asked["ask"]["recording"].clone();
        let answer = json!({"room": self.room, "recording": recording, "agree": true});
        assert_eq!(other.call("recording.answer", answer).await["agreed"], recording);
        asked["ask"].clone()
    }

    /// Until the recorder is there for both as well. What both agreed to.
    async fn record(&mut self) -> Value {
        let ask = self.agree().await;
        for page in &mut self.pages {
            let active = page.told("roomRecording", |status| status["phase"] == "active").await;
            assert_eq!(active["recorder"]["forSeat"], ask["by"]);
            let recorder = active["recorder"]["seat"].clone();
            let roster = page.told("roomRoster", seats_are_live(3)).await;
            let seats = roster["seats"].as_array().expect("seats");
            let seat = seats.iter().find(|seat| seat["seat"] == recorder).expect("the recorder's seat");
            assert_eq!((&seat["recorder"], &seat["verified"]), (&json!(true), &json!(true)));
            page.told("roomKeys", |keys| keys["epoch"] == roster["epoch"] && keys["own"] != Value::Null).await;
        }
        ask["recording"].clone()
    }
}

/// Until recordings stand so in the room, as a daemon says now.
async fn stands(page: &mut Page, room: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        let status = page.call("recording.status", json!({"room": room})).await;
        if fits(&status) {
            return status;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A roster of so many seats, each verified and in the epoch.
fn seats_are_live(count: usize) -> impl Fn(&Value) -> bool {
    move |roster| {
        let seats = roster["seats"].as_array().expect("seats");
        seats.len() == count && seats.iter().all(|seat| seat["verified"] == true && seat["live"] == true)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_seats_consent_the_chain_says_so_the_recorder_sits_down_and_a_withdrawal_sends_it_away() {
    let mut studio = Studio::start().await;
    let recording = studio.record().await;
    let (room, row) = (json!(studio.room), result(&studio.named, "recording.list", json!({})).await[0].clone());
    assert_eq!((&row["recording"], &row["state"], &row["room"]), (&recording, &json!("recording"), &room));
    assert_eq!((&row["by"], &row["key"]), (&json!("own"), &json!(true)));

    let [by, other] = &mut studio.pages;
    let again = json!({"room": room, "executor": studio.executor,
        "retentionSeconds": 1, "validSeconds": 3_000});
    let second = refused(&studio.named, "recording.propose", again).await;
    assert_eq!(second, Code::RecordingNotStarted as i64, "one at a time");
    let no = json!({"room": room, "recording": recording, "agree": false});
    let status = other.call("recording.answer", no).await;
    assert_eq!((&status["ask"], &status["agreed"]), (&Value::Null, &Value::Null));
    let kept = studio.hall.world.datadir("b").join("recordings/withdrawals");
    assert_eq!(kept.read_dir().unwrap().count(), 1, "what was answered as taken back outlives the daemon");
    stands(other, &room, |status| status["recorder"].is_null()).await;
    let is_paused = |status: &Value| status["own"]["paused"] == "withdrawn" && status["own"]["refused"] == 1;
    let paused = stands(by, &room, is_paused).await;
    assert_eq!((&paused["recorder"], &paused["phase"]), (&Value::Null, &json!("paused")));
    by.call("recording.stop", json!({"room": room})).await;
    stands(by, &room, |status| status["phase"] == "off" && status["own"]["state"] == "anchored").await;
    let last = result(&studio.named, "recording.list", json!({})).await[0].clone();
    assert_eq!((&last["span"], &last["state"]), (&row["span"], &json!("anchored")));
    assert!(last["cid"].is_string());
    let verified = result(&studio.named, "recording.verify", json!({"span": row["span"]})).await;
    assert_eq!((&verified["anchored"], &verified["wraps"]), (&json!(true), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_anchored_after_a_restart_in_the_middle() {
    let mut studio = Studio::start().await;
    studio.record().await;
    let span = result(&studio.named, "recording.list", json!({})).await[0]["span"].clone();
    studio.named.stop().await.unwrap();
    let named = studio.hall.member("c", None).await;
    loop {
        let row = result(&named, "recording.list", json!({})).await[0].clone();
        assert_eq!((&row["span"], &row["key"]), (&span, &json!(true)));
        assert_ne!(row["state"], "torn", "a clean end closes the files");
        if row["state"] == "anchored" {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(result(&named, "recording.verify", json!({"span": span})).await["ending"], "whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_without_a_seat_or_a_disk_ends_by_name() {
    let mut studio = Studio::of(2, None).await;
    let room = json!(studio.room);
    studio.agree().await;
    let ends =
        |reason: &'static str| move |status: &Value| status["phase"] == "off" && status["own"]["paused"] == reason;
    let full = stands(&mut studio.pages[0], &room, ends("noSeat")).await;
    assert_eq!(full["recorder"], Value::Null);
    // Where spans were to lie lies a file.
    let spans = studio.hall.world.datadir("c").join("recordings/spans");
    std::fs::remove_dir(&spans).unwrap();
    std::fs::write(&spans, b"").unwrap();
    studio.agree().await;
    let failed = stands(&mut studio.pages[0], &room, ends("notKept")).await;
    assert_eq!((&failed["own"]["state"], &failed["recorder"]), (&json!("off"), &Value::Null));
}

/// THREATS K2.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_it_is_recorded_is_told_before_it_has_a_seat_and_is_not_recorded() {
    let mut studio = Studio::start().await;
    studio.record().await;
    let (room, by) = (json!(studio.room), studio.pages[0].call("recording.status", json!({"room": studio.room})).await);
    let mut newcomer = Page::open(&studio.hall.host).await;
    let mut attempt = newcomer.prepare_anonymously(&studio.room).await;
    for _ in 0..2 {
        let told = refused(&studio.hall.host, "room.join", attempt.clone()).await;
        assert_eq!(told, Code::Recorded as i64, "as long as it has not said that it goes in");
    }
    let lobby = result(&studio.hall.host, "room.lobby", json!({"room": room})).await;
    assert_eq!(lobby["seats"], 3, "nobody in the room knows of it");
    for page in &mut studio.pages {
        assert_eq!(page.call("recording.status", json!({"room": room})).await["recorder"], by["recorder"]);
        let is_larger = |roster: &Value| roster["seats"].as_array().is_some_and(|all| all.len() > 3);
        assert!(!page.heard("roomRoster").any(is_larger));
    }
    attempt["evenIfRecorded"] = json!(true);
    let joined = newcomer.call("room.join", attempt).await;
    assert_eq!(joined["recorder"], by["recorder"]);
    let seat = joined["seat"].clone();
    let is_live = |seats: &Value, number: &Value| {
        seats["seats"].as_array().is_some_and(|all| all.iter().any(|it| it["seat"] == *number && it["live"] == true))
    };
    let roster = newcomer.told("roomRoster", |roster| is_live(roster, &seat)).await;
    assert!(!is_live(&roster, &by["recorder"]["seat"]), "its first epoch has no recorder");
    stands(&mut newcomer, &room, |status| status["phase"] == "asked").await;
    // Who comes when nobody records is told of none.
    studio.pages[0].call("recording.stop", json!({"room": room})).await;
    stands(&mut newcomer, &room, |status| status["phase"] == "off").await;
    newcomer.call("room.leave", json!({"room": room})).await;
    newcomer.told("roomEnded", |_| true).await;
    assert_eq!(newcomer.join_anonymously(&studio.room).await["recorder"], Value::Null);
}

/// THREATS K10: the node of the chain takes requests and answers none; half a minute later nobody is recorded.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_does_not_answer_sends_the_recorder_away_until_it_does() {
    let road = Road::default();
    let mut studio = Studio::of(Kind::OpenForum.cap(), Some(&road)).await;
    studio.record().await;
    let room = json!(studio.room);
    road.open.send_replace(false);
    for page in &mut studio.pages {
        stands(page, &room, |status| status["recorder"].is_null()).await;
    }
    road.open.send_replace(true);
    for page in &mut studio.pages {
        stands(page, &room, |status| !status["recorder"].is_null()).await;
    }
}

/// A call of the chain's node.
async fn chain(studio: &Studio, method: &str, params: Value) -> Value {
    studio.hall.world.devnet.call(method, params).await.unwrap()
}

/// Every log of the contract.
async fn logs(studio: &Studio) -> usize {
    let filter = json!([{"fromBlock": "0x0", "address": studio.hall.world.contracts.recording_consent}]);
    chain(studio, "eth_getLogs", filter).await.as_array().expect("logs").len()
}

/// How many transactions of the executor there are by a tag.
async fn sent(studio: &Studio, tag: &str) -> Value {
    chain(studio, "eth_getTransactionCount", json!([dev_accounts()[EXECUTOR].address(), tag])).await
}

/// Asked again and again, no daemon says that the room is recorded.
async fn nobody_is_recorded(studio: &mut Studio) {
    for _ in 0..ASKED {
        for page in &mut studio.pages {
            let status = page.call("recording.status", json!({"room": studio.room})).await;
            assert_eq!(status["recorder"], Value::Null);
            assert_ne!(status["phase"], "active");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// THREATS K10: the consent stands in a block that is not final, is taken away by a reorganisation, and comes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_is_not_final_or_was_reorganised_away_brings_no_recorder_until_it_is_final() {
    let mut studio = Studio::start().await;
    // From now on there are blocks only when this test makes one.
    chain(&studio, "evm_setAutomine", json!([false])).await;
    studio.agree().await;
    while sent(&studio, "pending").await == sent(&studio, "latest").await {
        tokio::time::sleep(PAUSE).await;
    }
    chain(&studio, "evm_mine", json!([])).await;
    assert_eq!(logs(&studio).await, 2, "keys were added, all consented");
    nobody_is_recorded(&mut studio).await;
    chain(&studio, "anvil_reorg", json!([1, []])).await;
    assert_eq!(logs(&studio).await, 0);
    nobody_is_recorded(&mut studio).await;
    chain(&studio, "evm_setAutomine", json!([true])).await;
    chain(&studio, "evm_mine", json!([])).await;
    let room = json!(studio.room);
    for page in &mut studio.pages {
        stands(page, &room, |status| status["phase"] == "active" && !status["recorder"].is_null()).await;
    }
    assert_eq!(logs(&studio).await, 2);
}

/// THREATS K1, K6: who records, and makes the epochs, leaves the other out of the roster, and takes it that all have signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_leaves_a_seat_out_comes_and_gets_no_signature_and_no_key() {
    let mut studio = Studio::with(Kind::OpenForum.cap(), None, &LeavesOneOut).await;
    studio.agree().await;
    let [_, other] = &mut studio.pages;
    let is_there = |seat: &Value| seat["recorder"] == true && seat["live"] == true;
    let roster =
        other.told("roomRoster", |roster| roster["seats"].as_array().is_some_and(|all| all.iter().any(is_there)));
    let epoch = roster.await["epoch"].clone();
    for _ in 0..ASKED {
        let status = other.call("recording.status", json!({"room": studio.room})).await;
        assert_eq!(status["participants"], Value::Null, "it has signed nothing: {status}");
        tokio::time::sleep(PAUSE).await;
    }
    let status = other.call("recording.status", json!({"room": studio.room})).await;
    assert!(status["unsigned"].as_str().is_some_and(|why| why.contains("somebody is left out")), "{status}");
    let keys: Vec<_> = other.heard("roomKeys").filter(|keys| keys["epoch"] == epoch).collect();
    assert!(
        !keys.is_empty() && keys.iter().all(|keys| keys["own"].is_null()),
        "it sends beside the recorder: {keys:?}"
    );
}

/// The seat's task stays for what the chain is owed; whoever waits for the host does not wait for the chain.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_on_its_way_is_answered_when_the_link_is_lost_although_an_anchor_is_owed() {
    let road = Road::default();
    let mut studio = Studio::of(Kind::OpenForum.cap(), Some(&road)).await;
    studio.record().await;
    road.open.send_replace(false);
    let Studio { hall, room, named, pages: [mut by, _other], .. } = studio;
    let order = json!({"jsonrpc": "2.0", "id": 1, "method": "room.order", "params": {"room": room, "kind": "muteAll"}});
    let (_hall, mut stream) = hall.restart_host_after(ask(&named.ready().socket, "", &order.to_string())).await;
    by.told("roomEnded", |event| event["reason"] == "HostLost").await;
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_string(&mut answer)).await;
    read.expect("an answer").unwrap();
    let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(answer["error"]["code"], Code::HostUnreachable as i64, "{answer}");
    assert_ne!(result(&named, "recording.list", json!({})).await[0]["state"], "anchored", "it is owed still");
}
