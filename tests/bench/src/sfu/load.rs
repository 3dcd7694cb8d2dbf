//! The seats: real clients that join, speak and hear.

#[path = "../../../../sfu/tests/client/mod.rs"]
mod client;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use livekit_token::{AccessToken, VideoGrants};

use super::{
    Counts, PAYLOAD,
    server::{KEY, SECRET, Server},
};
use client::{Client, Order, Report, Target};

const ROOM: &str = "bench";
/// Packets of a voice in a second.
const VOICE: u32 = 50;
/// Share of the packets that arrives where nothing is wrong.
const WHOLE: f64 = 0.95;
/// More packets than any run takes.
const ENDLESS: u32 = u32::MAX;
/// Ten minutes are enough for every run.
const LIFE: Duration = Duration::from_secs(600);
/// Seats that connect at once.
const AT_ONCE: usize = 10;

/// What was measured.
pub(super) struct Load {
    /// CPU of the server for one packet at a receiver.
    pub(super) nanoseconds: f64,
    /// Memory of the server for one seat.
    pub(super) bytes: f64,
}

fn token(identity: &str, grants: VideoGrants) -> Result<String> {
    Ok(AccessToken::with_api_key(KEY, SECRET).with_identity(identity).with_ttl(LIFE).with_grants(grants).to_jwt()?)
}

fn seat(identity: &str) -> Result<String> {
    let grants = VideoGrants {
        room_join: true,
        room: ROOM.into(),
        can_publish: Some(true),
        can_publish_sources: vec!["microphone".into()],
        can_subscribe: Some(true),
        can_publish_data: Some(true),
        ..Default::default()
    };
    token(identity, grants)
}

async fn open_room(url: &str) -> Result<()> {
    let token = token("", VideoGrants { room_create: true, ..Default::default() })?;
    client::post(url, "/twirp/livekit.RoomService/CreateRoom", &token, &format!("{{\"name\":\"{ROOM}\"}}"))
        .await
        .map_err(|error| anyhow!(error))
}

async fn joined(url: String, name: String) -> Result<Client> {
    let target = Target { url, token: seat(&name)? };
    let mut client = Client::join(&target).await.map_err(|error| anyhow!(error))?;
    client.connected().await.with_context(|| format!("{name} was not connected"))?;
    Ok(client)
}

async fn fill(url: &str, seats: usize) -> Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(seats);
    while clients.len() < seats {
        let wave = clients.len()..seats.min(clients.len() + AT_ONCE);
        let joining = wave.map(|n| tokio::spawn(joined(url.to_owned(), format!("seat-{n}"))));
        for one in joining.collect::<Vec<_>>() {
            clients.push(one.await??);
        }
    }
    Ok(clients)
}

async fn speak(speakers: &mut [Client]) -> Result<()> {
    for speaker in speakers {
        speaker.orders.send(Order::Publish { announced: true }).await?;
        let published = speaker.wait(|report| matches!(report, Report::Published(_)).then_some(())).await;
        published.context("a track was not published")?;
        let bytes = vec![0x78; PAYLOAD];
        speaker.orders.send(Order::Speak { packets: ENDLESS, bytes, per_second: VOICE }).await?;
    }
    Ok(())
}

fn heard(clients: &[Client]) -> u64 {
    clients.iter().map(Client::heard).sum()
}

/// A load generator that is too slow loses packets that the server has paid for: its cost is then overstated.
fn tell_losses(heard: u64, runs: usize, counts: &Counts) {
    let spoken = runs as f64 * counts.window as f64 / 1e3 * f64::from(VOICE) * counts.speakers as f64;
    let share = heard as f64 / (spoken * (counts.seats - 1) as f64);
    if share < WHOLE {
        eprintln!("note: {:.0} % of the packets were heard; this machine is too small for the load", share * 100.0);
    }
}

pub(super) fn measure(runs: usize, counts: &Counts, mut server: Server) -> Result<Load> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let url = server.url().to_owned();
    runtime.block_on(async {
        open_room(&url).await?;
        let empty = server.usage()?;
        let mut clients = fill(&url, counts.seats).await?;
        speak(&mut clients[..counts.speakers]).await?;
        for client in &mut clients[counts.speakers..] {
            for _ in 0..counts.speakers {
                let arrived = client.wait(|report| matches!(report, Report::Heard(_)).then_some(())).await;
                arrived.context("a speaker was not heard")?;
            }
        }
        let window = Duration::from_millis(counts.window);
        let (mut each, mut all) = (Vec::with_capacity(runs), 0);
        for _ in 0..runs {
            let (before, packets) = (server.usage()?, heard(&clients));
            tokio::time::sleep(window).await;
            let (after, packets) = (server.usage()?, heard(&clients) - packets);
            ensure!(packets > 0, "nobody was heard");
            all += packets;
            each.push((after.cpu - before.cpu) as f64 / packets as f64);
        }
        tell_losses(all, runs, counts);
        each.sort_by(f64::total_cmp);
        let full = server.usage()?;
        let bytes = full.memory.saturating_sub(empty.memory) as f64 / counts.seats as f64;
        Ok(Load { nanoseconds: each[each.len() / 2], bytes })
    })
}
