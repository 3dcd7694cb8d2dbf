//! What an observer of the links could write down: the daemons' captures, below TLS, and copies of datagrams and streams.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{World, arrives, messages};
use crate::{
    capture::{
        Capture, Ends, Kind, Packet, shared_string,
        tap::{TcpTap, UdpTap},
        tls::{AES_256_GCM_SHA384, X25519_MLKEM768},
    },
    daemon::Daemon,
    frame,
    kills::is,
    network::NODES,
    report::{Facts, Report},
    wait,
};

const WATCHED: &str = "This one is watched.";
/// In place of the links of all frames between replicas, so that these are compared with every onion packet and not with
/// each other.
const FRAMES: [u8; 16] = [0xff; 16];

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
    let (now, dead) = (daemons(world).filter_map(|daemon| daemon.captures().pop()).collect::<Vec<_>>(), dead(world)?);
    let before = now.iter().map(|file| Capture::end(file)).collect::<Result<Vec<_>>>()?;
    let (alice, session) = (world.alice(), world.bob.session());
    alice.run(&["session", "send", "--session", session, "--message", WATCHED])?;
    arrives(&world.bob(), world.alice.session(), WATCHED)?;
    wait::until("the receipts of that message", || {
        let sent = messages(&alice, session, "sent")?;
        Ok(sent.iter().any(|message| is(message, "content", WATCHED) && is(message, "state", "stored")).then_some(()))
    })?;
    // A daemon writes its capture a little later, and the nodes copy the message to each other in their own time.
    wait::moment(wait::MOMENT);
    let (packets, links, frames) = wait::until("the captures of that message", || {
        let mut packets = Vec::new();
        for (file, seen) in now.iter().zip(&before) {
            packets.extend(Capture::read_from(file, *seen)?.packets);
        }
        sorted(packets).map(Some)
    })?;
    let onion = |packet: &&Packet| matches!(packet.kind(), Kind::Onion(_)) && !dead.contains(&packet.link);
    let mut ends = Ends::of(packets.iter().filter(onion));
    wait::until("both ends of every packet of that time", || {
        for (file, seen) in now.iter().zip(&before) {
            ends.look(&Capture::read_from(file, *seen)?);
        }
        // One that was under way when this began: its other end wrote it down before.
        if ends.missing() > 0 {
            now.iter().try_for_each(|file| Capture::read(file).map(|capture| ends.look(&capture)))?;
        }
        ensure!(ends.missing() == 0, "{} packets stand in the capture of one end only", ends.missing());
        Ok(Some(()))
    })?;
    if let Some(shared) = shared_string(&packets) {
        let [one, other] = shared.links.map(hex::encode);
        anyhow::bail!("{} stands on the links {one} and {other}", hex::encode(shared.string));
    }
    facts.add("packets", packets.len());
    facts.add("frames", frames);
    facts.add("links", links);
    Ok(())
}

/// Links one of whose ends was killed or ended: what the other end still sends there arrives nowhere.
fn dead(world: &World) -> Result<BTreeSet<[u8; 16]>> {
    let mut links = BTreeSet::new();
    for daemon in daemons(world) {
        let mut files = daemon.captures();
        files.pop();
        for file in files.into_iter().filter(|file| file.exists()) {
            links.extend(Capture::read(&file)?.links());
        }
    }
    Ok(links)
}

/// What one message put on links, each packet once, with the number of links and of frames between replicas; an error while
/// something of its way is missing.
fn sorted(mut packets: Vec<Packet>) -> Result<(Vec<Packet>, usize, usize)> {
    packets.retain(|packet| matches!(packet.kind(), Kind::Onion(_) | Kind::Frame));
    // Frames are alike on purpose: one object goes to all replicas of a mailbox, each frame names the node it is from, and
    // zeros fill it. What a frame holds in clear must stand in no onion packet.
    packets.iter_mut().filter(|packet| packet.kind() == Kind::Frame).for_each(|packet| packet.link = FRAMES);
    packets.sort_by(|a, b| (a.link, &a.bytes).cmp(&(b.link, &b.bytes)));
    packets.dedup_by(|a, b| a.link == b.link && a.bytes == b.bytes);
    let mut links: Vec<_> = packets.iter().map(|packet| packet.link).collect();
    links.dedup();
    links.retain(|link| *link != FRAMES);
    let frames = packets.iter().filter(|packet| packet.kind() == Kind::Frame).count();
    ensure!(frames > 0, "no frame between replicas was captured");
    // There, its receipt, the fetch and its answer: each over four links at least. What a client is answered comes to it at the
    // last position.
    ensure!(links.len() >= 4, "only {} links carried anything", links.len());
    for position in 0..=4 {
        let found = packets.iter().any(|packet| packet.kind() == Kind::Onion(position));
        ensure!(found, "no packet at position {position} was captured");
    }
    let links = links.len();
    Ok((packets, links, frames))
}

/// What the first relays of both members were sent, by them and by the others, against every name that the nodes saw in
/// clear.
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
    let (mut packets, mut links) = (0, BTreeSet::new());
    for file in [&world.a, &world.b].into_iter().flat_map(Daemon::captures).filter(|file| file.exists()) {
        let mut capture = Capture::read(&file)?;
        links.extend(capture.links());
        capture.packets.retain(|packet: &Packet| packet.sent);
        capture.check_absent(&names)?;
        packets += capture.packets.len();
    }
    ensure!(packets > 0, "the members sent nothing");
    let received = received_beside(world, &links, &names)?;
    ensure!(received > 0, "no first relay received anything of other nodes");
    facts.add("names", names.len());
    facts.add("packets", packets);
    facts.add("receivedOfOthers", received);
    Ok(())
}

/// What nodes that had a link with a member received over their other links, answers on their way back among it; how many
/// packets. Frames between replicas do name mailboxes: a relay that is one of them is no first relay in that.
fn received_beside(world: &World, links: &BTreeSet<[u8; 16]>, names: &[(&str, &[u8])]) -> Result<usize> {
    let mut packets = 0;
    for node in &world.network.nodes.all {
        for file in node.captures().into_iter().filter(|file| file.exists()) {
            let mut capture = Capture::read(&file)?;
            if capture.links().is_disjoint(links) {
                continue;
            }
            capture.packets.retain(|packet| {
                !packet.sent && matches!(packet.kind(), Kind::Onion(_)) && !links.contains(&packet.link)
            });
            capture.check_absent(names)?;
            packets += capture.packets.len();
        }
    }
    Ok(packets)
}

fn id(digits: &str) -> Result<Vec<u8>> {
    hex::decode(digits).with_context(|| format!("{digits} is no id"))
}

/// Both hellos of every connection that the taps saw; one that is under way is read when it is through.
fn handshakes(world: &World, facts: &mut Facts) -> Result<()> {
    let taps = world.network.nodes.taps.as_ref().context("the network is not watched")?;
    let (mut answered, mut unanswered, mut discovery) = (Vec::new(), 0, Vec::new());
    for tap in &taps.links {
        let (whole, cut) = wait::until("the hellos of every link", || links(tap).map(Some))?;
        answered.push(whole);
        unanswered += cut;
    }
    for tap in &taps.discovery {
        discovery.push(wait::until("the hellos of discovery", || discoveries(tap).map(Some))?);
    }
    ensure!(answered.len() == NODES && !answered.contains(&0), "links of the nodes that were seen: {answered:?}");
    ensure!(discovery.len() == 2 && !discovery.contains(&0), "connections of discovery that were seen: {discovery:?}");
    facts.add("links", answered);
    facts.add("unanswered", unanswered);
    facts.add("discovery", discovery);
    facts.add("group", format!("{X25519_MLKEM768:#06x}"));
    Ok(())
}

/// How many handshakes a server answered, and how many none did: to a node that was killed, calls lead nowhere. Every
/// packet of a handshake must have been read, and every client's hello; of those answered the server's too.
fn links(tap: &UdpTap) -> Result<(usize, usize)> {
    let observer = tap.observer();
    ensure!(observer.unread() == 0, "{} packets belong to no handshake that was read", observer.unread());
    let all = observer.handshakes();
    let mut answered = 0;
    for handshake in &all {
        let client = handshake.client.as_ref().context("a client's hello on a link was not read")?;
        ensure!(client.groups == [X25519_MLKEM768], "a link offered {:04x?}", client.groups);
        if handshake.answered {
            let server = handshake.server.context("a server's hello on a link was not read")?;
            ensure!(server.group == X25519_MLKEM768, "a link chose group {:04x}", server.group);
            ensure!(server.suite == AES_256_GCM_SHA384, "a link chose suite {:04x}", server.suite);
            answered += 1;
        }
    }
    Ok((answered, all.len() - answered))
}

/// How many connections of discovery were secured: both hellos of each must have been read.
fn discoveries(tap: &TcpTap) -> Result<usize> {
    let mut secured = 0;
    for dialogue in tap.dialogues().into_iter().filter(|dialogue| dialogue.secured) {
        dialogue.client.context("a client's hello of discovery was not read")?;
        let server = dialogue.server.context("a server's hello of discovery was not read")?;
        ensure!(server.group == X25519_MLKEM768, "discovery chose group {:04x}", server.group);
        secured += 1;
    }
    Ok(secured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_frame_or_any_position_of_a_path_a_messages_way_is_not_whole() {
        let heads = [[2, 1], [1, 0], [1, 1], [1, 2], [1, 3], [1, 4]];
        let all = || {
            heads.into_iter().zip(0_u8..).map(|(head, link)| Packet {
                sent: true,
                opened: true,
                link: [link; 16],
                bytes: head.to_vec(),
            })
        };
        let (packets, links, frames) = sorted(all().collect()).unwrap();
        assert_eq!((packets.len(), links, frames), (6, 5, 1));
        for (missing, head) in heads.iter().enumerate() {
            let rest = all().enumerate().filter(|(index, _)| *index != missing).map(|(_, packet)| packet);
            assert!(sorted(rest.collect()).is_err(), "without {head:?}");
        }
    }
}
