//! The rules that hold for the links of a whole watched network, for every journey alike: read from the captures of all its
//! daemons, and from the taps before its service nodes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    Capture, Ends, Kind, Packet,
    quic::Side,
    shared_string,
    tap::{TcpTap, Traffic, UdpTap},
    tls::{AES_256_GCM_SHA384, X25519_MLKEM768},
};
use crate::{
    daemon::Daemon,
    frame,
    network::{Account, NODES, Nodes, Taps},
    parsctl::text,
    report::Facts,
    wait,
};

/// In place of the links of all frames between replicas, so that these are compared with every onion packet and not with
/// each other.
const FRAMES: [u8; 16] = [0xff; 16];

/// Bytes of the largest datagram of a link: up to there quinn looks for what a path carries (`MtuDiscoveryConfig`), and links
/// leave that as it is.
const DATAGRAM: usize = 1_452;

/// A network whose links are written down.
#[derive(Debug, Clone)]
pub struct Watched<'a> {
    /// Its service nodes, and the taps before them.
    pub nodes: &'a Nodes,
    /// Daemons that are clients and nothing else.
    pub members: Vec<&'a Daemon>,
}

/// A moment in captures: how many each daemon had begun, by its name, and where the last of these ended.
#[derive(Debug, Clone)]
pub struct Moment(BTreeMap<String, (usize, u64)>);

/// What links carried in some time, each packet once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    packets: Vec<Packet>,
    links: usize,
    frames: usize,
}

impl Way {
    /// An error while something is missing that every request and its answer put on links, or of one that stores the frames
    /// between replicas.
    fn of(mut packets: Vec<Packet>, stores: bool) -> Result<Self> {
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
        ensure!(frames > 0 || !stores, "no frame between replicas was captured");
        // A request and its answer: each over four links at least. What a client is answered comes to it at the last position.
        ensure!(links.len() >= 4, "only {} links carried anything", links.len());
        for position in 0..=4 {
            let found = packets.iter().any(|packet| packet.kind() == Kind::Onion(position));
            ensure!(found, "no packet at position {position} was captured");
        }
        let links = links.len();
        Ok(Self { packets, links, frames })
    }

    /// How much that was.
    pub fn told(&self) -> Value {
        json!({"packets": self.packets.len(), "links": self.links, "frames": self.frames})
    }
}

/// Fails if 16 bytes stand on two links of what these carried together.
pub fn check_apart(ways: &[&Way]) -> Result<()> {
    let Some(shared) = shared_string(ways.iter().flat_map(|way| &way.packets)) else { return Ok(()) };
    let [one, other] = shared.links.map(hex::encode);
    bail!("{} stands on the links {one} and {other}", hex::encode(shared.string))
}

/// The captures of a daemon that it came to begin.
fn files(daemon: &Daemon) -> Vec<PathBuf> {
    daemon.captures().into_iter().filter(|file| file.exists()).collect()
}

fn id(digits: &str) -> Result<Vec<u8>> {
    hex::decode(digits).with_context(|| format!("{digits} is no id"))
}

impl<'a> Watched<'a> {
    fn daemons(&self) -> impl Iterator<Item = &'a Daemon> {
        self.nodes.all.iter().chain(self.members.iter().copied())
    }

    fn taps(&self) -> Result<&'a Taps> {
        self.nodes.taps.as_ref().context("the network is not watched")
    }

    /// How far the captures are.
    pub fn now(&self) -> Result<Moment> {
        let mut moment = BTreeMap::new();
        for daemon in self.daemons() {
            let all = daemon.captures();
            let end = all.last().map_or(Ok(0), |file| Capture::end(file))?;
            moment.insert(daemon.name.clone(), (all.len(), end));
        }
        Ok(Moment(moment))
    }

    /// What every daemon wrote down since a moment, with its name; or, whole, the captures in which it did.
    fn since(&self, Moment(moment): &Moment, whole: bool) -> Result<Vec<(&'a str, Capture)>> {
        let mut captures = Vec::new();
        for daemon in self.daemons() {
            let (begun, end) = moment.get(&daemon.name).copied().unwrap_or_default();
            for (index, file) in daemon.captures().iter().enumerate().skip(begun.saturating_sub(1)) {
                let goes_on = index + 1 == begun && !whole;
                let capture = if goes_on { Capture::read_from(file, end)? } else { Capture::read(file)? };
                captures.push((daemon.name.as_str(), capture));
            }
        }
        Ok(captures)
    }

    /// What links carried since a moment: these daemons asked something and were answered, and it was to `store` something or
    /// not. Both ends of every onion packet have written it down.
    pub fn way(&self, since: &Moment, asked: &[&Daemon], stores: bool) -> Result<Way> {
        // A daemon writes its capture a little later, and the nodes copy an object to each other in their own time.
        wait::moment(wait::MOMENT);
        let way = wait::until("the captures of that time", || {
            let captures = self.since(since, false)?;
            for daemon in asked {
                let answered = captures.iter().any(|(name, capture)| *name == daemon.name && is_answered(capture));
                ensure!(answered, "the capture of {} has no answer to it", daemon.name);
            }
            let packets = captures.into_iter().flat_map(|(_, capture)| capture.packets).collect();
            Way::of(packets, stores).map(Some)
        })?;
        self.check_whole(since, &way)?;
        Ok(way)
    }

    fn check_whole(&self, since: &Moment, way: &Way) -> Result<()> {
        let dead = self.dead()?;
        let onion = |packet: &&Packet| matches!(packet.kind(), Kind::Onion(_)) && !dead.contains(&packet.link);
        let mut ends = Ends::of(way.packets.iter().filter(onion));
        wait::until("both ends of every packet of that time", || {
            self.since(since, false)?.iter().for_each(|(_, capture)| ends.look(capture));
            // One that was under way when this began: its other end wrote it down before.
            if ends.missing() > 0 {
                self.since(since, true)?.iter().for_each(|(_, capture)| ends.look(capture));
            }
            ensure!(ends.missing() == 0, "{} packets stand in the capture of one end only", ends.missing());
            Ok(Some(()))
        })
    }

    /// Links one of whose ends was killed or ended: what the other end still sends there arrives nowhere.
    fn dead(&self) -> Result<BTreeSet<[u8; 16]>> {
        let mut links = BTreeSet::new();
        for daemon in self.daemons() {
            let mut ended = daemon.captures();
            if daemon.id().is_ok() {
                ended.pop();
            }
            for file in ended.into_iter().filter(|file| file.exists()) {
                links.extend(Capture::read(&file)?.links());
            }
        }
        Ok(links)
    }

    /// Fails unless every packet of every link has 16,384 bytes and a known kind.
    pub fn check_sizes(&self, facts: &mut Facts) -> Result<()> {
        let (mut packets, mut links) = (0, 0);
        for file in self.daemons().flat_map(files) {
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
    }

    /// Fails if a name of these people's sessions, or one that the nodes saw in clear, stands in what members sent, or in what
    /// a node sent or received: by that also in what first relays receive, of these and of others, answers on their way back
    /// among it. Frames between replicas do name mailboxes: a relay that is one of them is no first relay in that.
    pub fn check_nameless(&self, people: &[(&Daemon, &Account)], facts: &mut Facts) -> Result<()> {
        let names = self.names(people)?;
        let names: Vec<(&str, &[u8])> = names.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let (mut sent, mut links) = (0, BTreeSet::new());
        for file in self.members.iter().copied().flat_map(files) {
            let mut capture = Capture::read(&file)?;
            links.extend(capture.links());
            capture.packets.retain(|packet| packet.sent);
            capture.check_absent(&names).with_context(|| file.display().to_string())?;
            sent += capture.packets.len();
        }
        ensure!(sent > 0, "the members sent nothing");
        let (mut received, mut nodes) = (0, 0);
        for file in self.nodes.all.iter().flat_map(files) {
            let mut capture = Capture::read(&file)?;
            let is_first = !capture.links().is_disjoint(&links);
            capture.packets.retain(|packet| packet.kind() != Kind::Frame);
            capture.check_absent(&names).with_context(|| file.display().to_string())?;
            nodes += capture.packets.len();
            let of_others = |packet: &&Packet| {
                is_first && !packet.sent && matches!(packet.kind(), Kind::Onion(_)) && !links.contains(&packet.link)
            };
            received += capture.packets.iter().filter(of_others).count();
        }
        ensure!(received > 0, "no first relay received anything of other nodes");
        facts.add("names", names.len());
        facts.add("packets", sent);
        facts.add("packetsOfNodes", nodes);
        facts.add("receivedOfOthers", received);
        Ok(())
    }

    /// Session IDs and ratchets of these people, and every name in a frame between replicas.
    fn names(&self, people: &[(&Daemon, &Account)]) -> Result<Vec<(String, Vec<u8>)>> {
        let mut names = Vec::new();
        for (daemon, account) in people {
            names.push((format!("the Session ID of {}", daemon.name), id(account.session())?));
            let own = names.len();
            let sessions = daemon.rpc()?.call("session.list", &json!({}))?;
            for session in sessions.as_array().into_iter().flatten() {
                names.push(("a ratchet's id".into(), id(&text(session, "/ratchet")?)?));
            }
            ensure!(names.len() > own, "{} has no session: {sessions}", daemon.name);
        }
        let of_people = names.len();
        for file in self.nodes.all.iter().flat_map(files) {
            names.extend(Capture::read(&file)?.packets.iter().flat_map(|packet| frame::names(&packet.bytes)));
        }
        names.sort();
        names.dedup();
        let count = |what: &str| names.iter().filter(|(name, _)| name.starts_with(what)).count();
        let both = count("mailbox") > 0 && count("inbox") > 0;
        ensure!(both, "beside {of_people} of people the nodes saw names not of both kinds; all: {}", names.len());
        Ok(names)
    }

    /// Fails unless both hellos of every connection that the taps saw are of the one group; one that is under way is read when
    /// it is through.
    pub fn check_handshakes(&self, facts: &mut Facts) -> Result<()> {
        let taps = self.taps()?;
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
        let both = discovery.len() == 2 && !discovery.contains(&0);
        ensure!(both, "connections of discovery that were seen: {discovery:?}");
        facts.add("links", answered);
        facts.add("unanswered", unanswered);
        facts.add("discovery", discovery);
        facts.add("group", format!("{X25519_MLKEM768:#06x}"));
        Ok(())
    }

    /// Fails unless what arrived over the links of each node went through its tap in datagrams before, each way, and unless
    /// these are as small as links make them. How much more the datagrams hold (headers, acknowledgements, what was sent
    /// again) is told and not judged: it follows from how busy the machine is.
    pub fn check_datagrams(&self, facts: &mut Facts) -> Result<()> {
        let mut arrived = Arrived::default();
        for (index, daemon) in self.daemons().enumerate() {
            for file in files(daemon) {
                arrived.look(index, &Capture::read(&file)?);
            }
        }
        let (mut all, mut each) = (0, Vec::new());
        // The captures were read first: what stands in them has passed the taps.
        for (index, (node, tap)) in self.nodes.all.iter().zip(&self.taps()?.links).enumerate() {
            let mut told = json!({"node": node.name});
            for (side, name) in [(Side::Client, "toTheNode"), (Side::Server, "fromTheNode")] {
                let (traffic, packets) = (tap.traffic(side), arrived.of(index, side));
                holds(traffic, packets).with_context(|| format!("{name} of {}", node.name))?;
                let Traffic { datagrams, bytes, smallest, largest } = traffic;
                told[name] = json!({
                    "datagrams": datagrams, "bytes": bytes, "smallest": smallest, "largest": largest, "ofPackets": packets,
                });
                all += packets;
            }
            each.push(told);
        }
        ensure!(all > 0, "nothing arrived over any link of a node");
        facts.add("bytesOfPackets", all);
        facts.add("nodes", each);
        Ok(())
    }
}

/// Whether an answer came to this daemon as a client: at the last position of a path.
fn is_answered(capture: &Capture) -> bool {
    capture.packets.iter().any(|packet| !packet.sent && packet.kind() == Kind::Onion(4))
}

/// Bytes of packets that arrived, by link.
#[derive(Debug, Default)]
struct Arrived {
    /// Which daemon accepted the link.
    at: BTreeMap<[u8; 16], usize>,
    /// And what its opener, the client, or this daemon, the server, sent that came to the other.
    bytes: BTreeMap<([u8; 16], Side), u64>,
}

impl Arrived {
    /// Adds the capture of one daemon, by its number.
    fn look(&mut self, daemon: usize, capture: &Capture) {
        for packet in &capture.packets {
            if !packet.opened {
                self.at.insert(packet.link, daemon);
            }
            if !packet.sent {
                let from = if packet.opened { Side::Server } else { Side::Client };
                *self.bytes.entry((packet.link, from)).or_default() += packet.bytes.len() as u64;
            }
        }
    }

    /// Over all links that a daemon accepted.
    fn of(&self, daemon: usize, side: Side) -> u64 {
        let own = |((link, from), _): &(&([u8; 16], Side), &u64)| *from == side && self.at.get(link) == Some(&daemon);
        self.bytes.iter().filter(own).map(|(_, bytes)| bytes).sum()
    }
}

/// Whether datagrams can have carried so many bytes of packets, and are as small as links make them.
fn holds(traffic: Traffic, packets: u64) -> Result<()> {
    let Traffic { bytes, largest, .. } = traffic;
    ensure!(bytes >= packets, "{packets} bytes of packets arrived, and only {bytes} bytes of datagrams went by");
    ensure!(largest <= DATAGRAM, "a datagram has {largest} bytes, not {DATAGRAM} at most");
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

    fn packet(link: u8, bytes: &[u8]) -> Packet {
        Packet { sent: true, opened: true, link: [link; 16], bytes: bytes.to_vec() }
    }

    /// A packet of each kind that a message puts on links, each on one of its own.
    fn all() -> Vec<Packet> {
        let heads = [[2, 1], [1, 0], [1, 1], [1, 2], [1, 3], [1, 4]];
        heads.into_iter().zip(0..).map(|(head, link)| packet(link, &head)).collect()
    }

    #[test]
    fn without_a_frame_or_any_position_of_a_path_a_messages_way_is_not_whole() {
        let way = Way::of(all(), true).unwrap();
        assert_eq!((way.packets.len(), way.links, way.frames), (6, 5, 1));
        for missing in 0..all().len() {
            let mut rest = all();
            rest.remove(missing);
            assert!(Way::of(rest.clone(), true).is_err(), "without {missing}");
            assert_eq!(Way::of(rest, false).is_ok(), missing == 0, "what stores nothing needs no frame, but {missing}");
        }
    }

    #[test]
    fn sixteen_bytes_on_a_link_of_one_way_and_on_another_of_the_other_are_found() {
        let way = |link: u8, text: &[u8]| {
            let long = packet(link, &[&[1, 1][..], text].concat());
            Way::of([all(), vec![long]].concat(), true).unwrap()
        };
        let (written, read) = (way(7, b"a sealed message"), way(8, b"and its fetching"));
        check_apart(&[&written, &read]).unwrap();
        check_apart(&[&written, &way(7, b"a sealed message")]).unwrap();
        for shared in [way(8, b"a sealed message"), way(9, b"then: a sealed message again")] {
            check_apart(&[&shared]).unwrap();
            assert!(check_apart(&[&written, &shared]).is_err(), "on two links");
        }
        let frame = packet(3, &[&[2, 1][..], b"a sealed message"].concat());
        let stored = Way::of([all(), vec![frame]].concat(), true).unwrap();
        check_apart(&[&stored, &stored]).unwrap();
        assert!(check_apart(&[&written, &stored]).is_err(), "what replicas pass on stands in no onion packet");
    }

    #[test]
    fn who_is_answered_receives_the_last_position() {
        let capture = |sent, head: [u8; 2]| Capture { packets: vec![Packet { sent, ..packet(1, &head) }], cut: 0 };
        assert!(is_answered(&capture(false, [1, 4])));
        assert!(!is_answered(&capture(true, [1, 4])) && !is_answered(&capture(false, [1, 3])));
    }

    #[test]
    fn what_arrived_is_counted_at_who_accepted_the_link_by_who_sent_it() {
        let record = |sent, opened, link, length| Packet { sent, opened, link: [link; 16], bytes: vec![1; length] };
        let capture = |packets| Capture { packets, cut: 0 };
        let mut arrived = Arrived::default();
        // Daemon 0 opened link 5 to daemon 1 and sent two packets, of which one arrived; one came back.
        let client = [record(true, true, 5, 100), record(true, true, 5, 200), record(false, true, 5, 7)];
        arrived.look(0, &capture(client.to_vec()));
        assert_eq!(arrived.of(1, Side::Server), 0, "who accepted it is not known yet");
        arrived.look(1, &capture(vec![record(false, false, 5, 100), record(true, false, 5, 7)]));
        arrived.look(1, &capture(vec![record(false, false, 6, 1_000)]));
        assert_eq!([Side::Client, Side::Server].map(|side| arrived.of(1, side)), [1_100, 7]);
        assert_eq!([Side::Client, Side::Server].map(|side| arrived.of(0, side)), [0, 0]);
    }

    #[test]
    fn packets_that_no_datagram_carried_and_datagrams_that_are_too_large_are_found() {
        let traffic = |bytes, largest| Traffic { datagrams: 20, bytes, smallest: 30, largest };
        assert!(holds(traffic(17_000, DATAGRAM), 16_384).is_ok() && holds(Traffic::default(), 0).is_ok());
        assert!(holds(traffic(16_383, DATAGRAM), 16_384).is_err());
        assert!(holds(traffic(17_000, DATAGRAM + 1), 16_384).is_err());
    }
}
