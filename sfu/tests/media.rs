//! Real peers over real sockets: what is said is heard, rights hold in the packets, certificate and data.

mod client;
mod support;

use client::{Client, Order, Report, Srtp, Target};
use pars_sfu_core::limits::MAX_SIGNAL;
use serde_json::json;
use support::{KEY, ROOM, SECRET, admin, hs256, jwt, now, seat, server, server_with, token, twirp};

async fn join(running: &pars_sfu::Running, identity: &str, sources: &[&str]) -> Client {
    join_with(running, token(identity, sources)).await
}

async fn join_with(running: &pars_sfu::Running, token: String) -> Client {
    let target = Target { url: running.ready.url.clone(), token };
    let mut client = Client::join(&target).await.expect("a socket");
    assert_eq!(client.connected().await.as_deref(), Some(&*running.ready.fingerprint));
    client
}

async fn publish(client: &mut Client, announced: bool) -> Option<String> {
    client.orders.send(Order::Publish { announced }).await.unwrap();
    if !announced {
        return None;
    }
    client
        .wait(|report| match report {
            Report::Published(sid) => Some(sid),
            _ => None,
        })
        .await
}

fn speak(packets: u32) -> Order {
    Order::Speak { packets, bytes: vec![0x78; 80], per_second: 100 }
}

async fn heard(client: &mut Client) -> bool {
    client.wait(|report| matches!(report, Report::Heard(_)).then_some(())).await.is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_says_the_others_hear_and_the_certificate_is_the_ready_lines() {
    let running = server().await;
    let mut speaker = join(&running, "speaker", &["microphone"]).await;
    let mut early = join(&running, "early", &[]).await;
    publish(&mut speaker, true).await.expect("published");
    let mut late = join(&running, "late", &[]).await;
    speaker.orders.send(speak(10_000)).await.unwrap();
    assert!(heard(&mut early).await && heard(&mut late).await);
    assert_eq!(running.ready.fingerprint.len(), 64);
    let (_, list) = twirp(&running, &admin(), "ListParticipants", json!({ "room": ROOM })).await;
    assert_eq!(list["participants"].as_array().map(Vec::len), Some(3), "{list}");
}

/// TH-J1 behind the door: a token of another open room leads there and nowhere else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_with_a_token_of_another_open_room_is_seen_and_heard_in_that_room_only() {
    let running = server().await;
    assert_eq!(twirp(&running, &admin(), "CreateRoom", json!({ "name": "another" })).await.0, 200);
    let of_another = |mut claims: serde_json::Value| {
        claims["video"]["room"] = json!("another");
        jwt(&hs256(), &claims, SECRET)
    };
    let mut here = join(&running, "here", &[]).await;
    let mut stray = join_with(&running, of_another(seat("stray", &["microphone"]))).await;
    let mut there = join_with(&running, of_another(seat("there", &[]))).await;
    publish(&mut stray, true).await.expect("published");
    stray.orders.send(speak(10_000)).await.unwrap();
    assert!(heard(&mut there).await);
    let video = json!({ "roomAdmin": true, "room": "another" });
    let other = jwt(&hs256(), &json!({ "iss": KEY, "nbf": now(), "exp": now() + 60, "video": video }), SECRET);
    for (admin, room, expected) in [(admin(), ROOM, vec!["here"]), (other, "another", vec!["stray", "there"])] {
        let (_, list) = twirp(&running, &admin, "ListParticipants", json!({ "room": room })).await;
        let listed = list["participants"].as_array().unwrap().iter().map(|one| one["identity"].as_str().unwrap());
        let mut listed: Vec<_> = listed.collect();
        listed.sort_unstable();
        assert_eq!(listed, expected, "{room}");
    }
    // By now the stray has been heard elsewhere for long enough.
    while there.heard() < 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(here.heard(), 0);
    assert!(here.reports.try_recv().is_err(), "here nothing is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_media_of_a_seat_without_the_right_reaches_nobody() {
    const RAW: &[u8] = &[0x79; 80];
    let seen = std::env::temp_dir().join(format!("sfu-raw-{}", std::process::id()));
    let running = server_with(Some(seen.clone())).await;
    let mut honest = join(&running, "honest", &["microphone"]).await;
    let mut liar = join(&running, "liar", &[]).await;
    let mut receiver = join(&running, "receiver", &[]).await;
    publish(&mut liar, false).await;
    liar.orders.send(Order::Speak { packets: 100_000, bytes: RAW.to_vec(), per_second: 100 }).await.unwrap();
    publish(&mut honest, true).await.expect("published");
    honest.orders.send(speak(100_000)).await.unwrap();
    assert!(heard(&mut receiver).await);
    // What the server wrote down: media of no track, in the liar's bytes. So they arrived, and were the server's to withhold.
    let raw = [&b"\n== rtp 80\n"[..], RAW].concat();
    let arrived = || std::fs::read(&seen).unwrap().windows(raw.len()).filter(|at| *at == raw).count();
    while arrived() < 200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    std::fs::remove_file(&seen).unwrap();
    // A second stream would be the liar's.
    let more = receiver.heard() + 200;
    while receiver.heard() < more {
        tokio::task::yield_now().await;
    }
    while let Ok(report) = receiver.reports.try_recv() {
        assert!(!matches!(report, Report::Heard(_)), "a second stream was heard");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hosts_mute_and_removal_are_felt_in_the_packets() {
    let running = server().await;
    let kept = token("speaker", &["microphone"]);
    let mut speaker = join_with(&running, kept.clone()).await;
    let mut receiver = join(&running, "receiver", &[]).await;
    let track = publish(&mut speaker, true).await.expect("published");
    speaker.orders.send(speak(100_000)).await.unwrap();
    assert!(heard(&mut receiver).await);
    let mute = json!({ "room": ROOM, "identity": "speaker", "trackSid": track, "muted": true });
    let (status, muted) = twirp(&running, &admin(), "MutePublishedTrack", mute).await;
    assert_eq!((status, muted["track"]["muted"].as_bool()), (200, Some(true)), "{muted}");
    assert!(speaker.wait(|report| (report == Report::Silenced).then_some(())).await.is_some());
    let removed = twirp(&running, &admin(), "RemoveParticipant", json!({ "room": ROOM, "identity": "speaker" })).await;
    assert_eq!(removed.0, 200);
    let why = speaker.wait(|report| if let Report::Refused(why) = report { Some(why) } else { None }).await;
    assert_eq!(why.as_deref(), Some("PARTICIPANT_REMOVED"));
    let target = Target { url: running.ready.url.clone(), token: kept };
    let again = Client::join(&target).await;
    assert!(again.is_err_and(|error| error.contains("401")), "its token is of no use any more");
}

/// THREATS section 3: a datagram of 1,500 bytes passes, a longer one is not looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_datagram_passes_and_a_longer_one_does_not() {
    const LARGEST: u64 = 1_500;
    let running = server().await;
    let mut speaker = join(&running, "speaker", &["microphone"]).await;
    let mut receiver = join(&running, "receiver", &[]).await;
    publish(&mut speaker, true).await.expect("published");
    let of = |payload: usize| Order::Speak { packets: 1_000_000, bytes: vec![0x78; payload], per_second: 500 };
    // Whatever head and tag come to.
    let payload = LARGEST as usize - 12 - 16;
    speaker.orders.send(of(payload)).await.unwrap();
    assert!(heard(&mut receiver).await);
    until(|| receiver.heard() > 100).await;
    assert_eq!(speaker.longest(), LARGEST);
    speaker.orders.send(of(payload + 1)).await.unwrap();
    until(|| speaker.longest() > LARGEST).await;
    let (before, skipped) = (speaker.spoken(), receiver.skipped());
    until(|| speaker.spoken() > before + 500).await;
    // Their numbers are missing for whoever hears what comes after them.
    speaker.orders.send(of(payload)).await.unwrap();
    until(|| receiver.skipped() >= skipped + 500).await;
    assert_eq!(speaker.longest(), LARGEST + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_message_is_taken_and_a_longer_one_ends_the_seat() {
    let running = server().await;
    let mut seat = join(&running, "seat", &[]).await;
    seat.orders.send(Order::Long(MAX_SIGNAL)).await.unwrap();
    assert!(seat.wait(|report| (report == Report::Echoed).then_some(())).await.is_some());
    seat.orders.send(Order::Long(MAX_SIGNAL + 1)).await.unwrap();
    // Its socket is closed, so its client ends: there is no more to wait for.
    assert!(seat.wait(|report| (report == Report::Echoed).then_some(())).await.is_none());
    assert!(seat.orders.is_closed());
}

/// TH-J8: the server is ICE-lite on its one socket, and names no other address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_ice_lite_and_names_the_one_socket() {
    let running = server().await;
    let target = Target { url: running.ready.url.clone(), token: token("seat", &["microphone"]) };
    let mut client = Client::join(&target).await.expect("a socket");
    let answer = client.wait(|report| if let Report::Answered(sdp) = report { Some(sdp) } else { None }).await.unwrap();
    assert_eq!(answer.lines().filter(|line| *line == "a=ice-lite").count(), 1, "{answer}");
    let candidates: Vec<Vec<_>> =
        answer.lines().filter(|line| line.starts_with("a=candidate:")).map(|line| line.split(' ').collect()).collect();
    assert!(!candidates.is_empty(), "{answer}");
    let (ip, port) = (running.ready.udp.ip().to_string(), running.ready.udp.port().to_string());
    for candidate in candidates {
        assert_eq!(candidate.get(2..8), Some(&["udp", candidate[3], &ip, &port, "typ", "host"][..]), "{candidate:?}");
    }
}

async fn join_offering(running: &pars_sfu::Running, identity: &str, srtp: &[Srtp]) -> Client {
    let target = Target { url: running.ready.url.clone(), token: token(identity, &[]) };
    Client::join_offering(&target, srtp.to_vec()).await.expect("a socket")
}

/// The SRTP profile that was agreed with the server; none may be.
fn agreed(report: Report) -> Option<String> {
    if let Report::Connected { cipher, .. } = report { Some(cipher) } else { None }
}

/// TOWNHALL 3, "Hop": SRTP is AES-GCM or nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_is_sealed_by_gcm_and_a_client_without_it_gets_none() {
    const OLD: [Srtp; 2] = [Srtp::Srtp_Aes128_Cm_Hmac_Sha1_80, Srtp::Srtp_Aes128_Cm_Hmac_Sha1_32];
    let (short, long) = (Srtp::Srtp_Aead_Aes_128_Gcm, Srtp::Srtp_Aead_Aes_256_Gcm);
    let running = server().await;
    let mut speaker = join(&running, "speaker", &["microphone"]).await;
    publish(&mut speaker, true).await.expect("published");
    speaker.orders.send(speak(100_000)).await.unwrap();
    let mut old = join_offering(&running, "old", &OLD).await;
    for (offered, expected) in [
        (vec![long, short], "SRTP_AEAD_AES_256_GCM"),
        (vec![short], "SRTP_AEAD_AES_128_GCM"),
        ([&OLD[..], &[short]].concat(), "SRTP_AEAD_AES_128_GCM"),
    ] {
        let mut receiver = join_offering(&running, expected, &offered).await;
        assert_eq!(receiver.wait(agreed).await.as_deref(), Some(expected), "{offered:?}");
        assert!(heard(&mut receiver).await);
        until(|| receiver.heard() > 100).await;
    }
    // It came first, and was offered the same track.
    assert_eq!(old.heard(), 0);
    let reports = std::iter::from_fn(|| old.reports.try_recv().ok());
    assert!(reports.filter_map(agreed).all(|cipher| cipher.is_empty()));
}

async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_while_muted_is_no_gap_in_what_is_heard_after() {
    let running = server().await;
    let mut speaker = join(&running, "speaker", &["microphone"]).await;
    let mut receiver = join(&running, "receiver", &[]).await;
    let track = publish(&mut speaker, true).await.expect("published");
    let fast = Order::Speak { packets: 100_000, bytes: vec![0x78; 80], per_second: 500 };
    speaker.orders.send(fast).await.unwrap();
    assert!(heard(&mut receiver).await);
    let mute = json!({ "room": ROOM, "identity": "speaker", "trackSid": track, "muted": true });
    assert_eq!(twirp(&running, &admin(), "MutePublishedTrack", mute).await.0, 200);
    let (muted_at, before, heard) = (speaker.spoken(), receiver.skipped(), receiver.heard());
    until(|| speaker.spoken() > muted_at + 1_000).await;
    let open = json!({ "room": ROOM, "identity": "speaker", "trackSid": track, "muted": false });
    assert_eq!(twirp(&running, &admin(), "MutePublishedTrack", open).await.0, 400, "its owner alone may");
    assert!(receiver.heard() < heard + 500, "the mute holds");
    speaker.orders.send(Order::Mute { track, muted: false }).await.unwrap();
    let heard = receiver.heard();
    until(|| receiver.heard() > heard + 100).await;
    // The network itself may lose some; a thousand are what the server left out.
    assert!(receiver.skipped() - before < 500, "{} numbers were passed over", receiver.skipped() - before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_arrives_under_its_senders_identity() {
    let running = server().await;
    let talker = join(&running, "talker", &[]).await;
    let mut receiver = join(&running, "receiver", &[]).await;
    // Channels open a moment after media: said until it is heard.
    let said = async {
        loop {
            talker.orders.send(Order::Data(b"hello".to_vec())).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let arrived = receiver.wait(|report| match report {
        Report::Data(from, bytes) => Some((from, bytes)),
        _ => None,
    });
    let arrived = tokio::select! { arrived = arrived => arrived, () = said => None };
    assert_eq!(arrived, Some(("talker".to_owned(), b"hello".to_vec())));
}
