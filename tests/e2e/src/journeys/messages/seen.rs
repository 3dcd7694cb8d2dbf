//! What an observer of the links could write down: the daemons' captures, below TLS, and copies of datagrams and streams.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{World, arrives};
use crate::{
    capture::{
        Capture, Kind, Packet, shared_string,
        tls::{AES_256_GCM_SHA384, Hello, X25519_MLKEM768},
    },
    daemon::Daemon,
    frame,
    report::{Facts, Report},
};

const WATCHED: &str = "This one is watched.";

/// Runs the steps; each stands for itself.
pub(super) fn run(report: &mut Report, world: &mut World) {
    let _ = report.step("no 16 bytes stand on two links of a message's way, nor of its fetching", |facts| {
        unlinkable(world, facts)
    });
    let _ = report.step("links carry packets of 16,384 bytes and nothing else", |facts| {
        let (mut packets, mut links) = (0, 0);
        for file in files(world) {
            let capture = Capture::read(&file)?;
            // A daemon that was killed at once has carried nothing.
            if !capture.packets.is_empty() {
                capture.check_sizes().with_context(|| file.display().to_string())?;
            }
            packets += capture.packets.len();
            links += capture.links().len();
        }
        ensure!(packets > 0, "nothing was captured");
        facts.add("packets", packets);
        facts.add("endsOfLinks", links);
        Ok(())
    });
    let _ =
        report.step("the first relay receives no Session ID, mailbox tag or inbox key", |facts| nameless(world, facts));
    let _ = report.step("every handshake is X25519MLKEM768", |facts| handshakes(world, facts));
}

fn daemons(world: &World) -> impl Iterator<Item = &Daemon> {
    world.network.nodes.all.iter().chain([&world.a, &world.b])
}

fn files(world: &World) -> Vec<PathBuf> {
    daemons(world).flat_map(Daemon::captures).filter(|file| file.exists()).collect()
}

/// A message is written, stored and read; what every link carried meanwhile is compared with every other link.
fn unlinkable(world: &World, facts: &mut Facts) -> Result<()> {
    let now = || daemons(world).filter_map(|daemon| daemon.captures().pop()).collect::<Vec<_>>();
    let before = now().iter().map(|file| Ok(Capture::read(file)?.packets.len())).collect::<Result<Vec<_>>>()?;
    world.alice().run(&["session", "send", "--session", world.bob.session(), "--message", WATCHED])?;
    arrives(&world.bob(), world.alice.session(), WATCHED)?;
    let mut packets = Vec::new();
    for (file, seen) in now().iter().zip(before) {
        packets.extend(Capture::read(file)?.packets.into_iter().skip(seen));
    }
    // One object goes to all replicas of a mailbox: those frames are alike on purpose.
    packets.retain(|packet| matches!(packet.kind(), Kind::Onion(_)));
    packets.sort_by(|a, b| (a.link, &a.bytes).cmp(&(b.link, &b.bytes)));
    packets.dedup_by(|a, b| a.link == b.link && a.bytes == b.bytes);
    let mut links: Vec<_> = packets.iter().map(|packet| packet.link).collect();
    links.dedup();
    // There, its receipt, the fetch and its answer: each over four links at least.
    ensure!(links.len() >= 4, "only {} links carried anything", links.len());
    for position in 0..4 {
        let found = packets.iter().any(|packet| packet.kind() == Kind::Onion(position));
        ensure!(found, "no packet at position {position} was captured");
    }
    if let Some(shared) = shared_string(&packets) {
        let [one, other] = shared.links.map(hex::encode);
        anyhow::bail!("{} stands on the links {one} and {other}", hex::encode(shared.string));
    }
    facts.add("packets", packets.len());
    facts.add("links", links.len());
    Ok(())
}

/// What the first relays of both members were sent, against every name that the nodes saw in clear.
fn nameless(world: &World, facts: &mut Facts) -> Result<()> {
    let mut names =
        vec![("a's Session ID".to_owned(), id(world.bob.session())?), ("b's".into(), id(world.alice.session())?)];
    for daemon in [&world.a, &world.b] {
        let sessions = daemon.rpc()?.call("session.list", &serde_json::json!({}))?;
        for session in sessions.as_array().into_iter().flatten() {
            names.push(("a ratchet's id".into(), id(&crate::parsctl::text(session, "/ratchet")?)?));
        }
    }
    let sent = names.len();
    for node in &world.network.nodes.all {
        for file in node.captures().into_iter().filter(|file| file.exists()) {
            names.extend(Capture::read(&file)?.packets.iter().flat_map(|packet| frame::names(&packet.bytes)));
        }
    }
    names.sort();
    names.dedup();
    let count = |what: &str| names.iter().filter(|(name, _)| name.starts_with(what)).count();
    ensure!(
        count("mailbox") > 0 && count("inbox") > 0,
        "the nodes saw {} names, not of both kinds",
        names.len() - sent
    );
    let names: Vec<(&str, &[u8])> = names.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let mut packets = 0;
    for file in [&world.a, &world.b].into_iter().flat_map(Daemon::captures).filter(|file| file.exists()) {
        let mut capture = Capture::read(&file)?;
        capture.packets.retain(|packet: &Packet| packet.sent);
        capture.check_absent(&names)?;
        packets += capture.packets.len();
    }
    ensure!(packets > 0, "the members sent nothing");
    facts.add("names", names.len());
    facts.add("packets", packets);
    Ok(())
}

fn id(digits: &str) -> Result<Vec<u8>> {
    hex::decode(digits).with_context(|| format!("{digits} is no id"))
}

/// Both hellos of every connection that the taps saw.
fn handshakes(world: &World, facts: &mut Facts) -> Result<()> {
    let taps = world.network.nodes.taps.as_ref().context("the network is not watched")?;
    let (observer, mut links) = (taps.links.observer(), 0);
    for handshake in observer.handshakes() {
        if let Some(client) = &handshake.client {
            ensure!(client.groups == [X25519_MLKEM768], "a link offered {:04x?}", client.groups);
        }
        if let Some(server) = &handshake.server {
            ensure!(server.group == X25519_MLKEM768, "a link chose group {:04x}", server.group);
            ensure!(server.suite == AES_256_GCM_SHA384, "a link chose suite {:04x}", server.suite);
            links += 1;
        }
    }
    let mut discoveries = 0;
    for hello in taps.discovery.hellos() {
        if let Hello::Server(server) = hello {
            ensure!(server.group == X25519_MLKEM768, "discovery chose group {:04x}", server.group);
            discoveries += 1;
        }
    }
    ensure!(links > 0 && discoveries > 0, "{links} links and {discoveries} connections of discovery were seen");
    facts.add("links", links);
    facts.add("discovery", discoveries);
    facts.add("group", format!("{X25519_MLKEM768:#06x}"));
    Ok(())
}
