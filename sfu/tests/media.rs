//! Real peers over real sockets: what is said is heard, rights hold in the packets, certificate and data.

mod client;
mod support;

use client::{Client, Order, Report, Srtp, Target};
use serde_json::json;
use support::{ROOM, admin, server, token, twirp};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_media_of_a_seat_without_the_right_reaches_nobody() {
    let running = server().await;
    let mut honest = join(&running, "honest", &["microphone"]).await;
    let mut liar = join(&running, "liar", &[]).await;
    let mut receiver = join(&running, "receiver", &[]).await;
    publish(&mut liar, false).await;
    liar.orders.send(speak(10_000)).await.unwrap();
    publish(&mut honest, true).await.expect("published");
    honest.orders.send(speak(10_000)).await.unwrap();
    assert!(heard(&mut receiver).await);
    // A second stream would be the liar's: by now it has spoken for as long as the honest one.
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
