//! The client machine against relays.

use std::collections::VecDeque;

use pars_crypto::suite::Libcrux;
use pars_proto::onion::client::{
    Client, ClientIn, ClientOut, DEAD_AFTER, MAX_WAITING, Request, RequestError, RequestId,
};
use pars_proto::onion::delay::Delay;
use pars_proto::onion::packet::DropReason;
use pars_proto::onion::path::{Diversity, PathError};
use pars_wire::NodeId;
use pars_wire::machine::{Cx, Machine};

use crate::net::{Net, Place, body, node};

struct World {
    net: Net,
    client: Client,
    /// Connections that relays accept; the others refuse.
    alive: Vec<NodeId>,
    answers: Vec<(RequestId, u8)>,
    failed: Vec<(RequestId, RequestError)>,
    connects: Vec<NodeId>,
    dropped: Vec<DropReason>,
}

fn request(id: u64, to: NodeId, surbs: usize) -> Request {
    Request { id: RequestId(id), to, command: vec![3; 100], surbs, timeout_ms: 5_000, delay: Delay::DEFAULT }
}

impl World {
    fn new(count: u8, seed: u64) -> Self {
        let mut net = Net::new(count, seed);
        net.answer = Some((1, body(8)));
        let client = Client::new(&Libcrux, net.directory(Diversity::Waived));
        let alive = net.relays.keys().copied().collect();
        Self { net, client, alive, answers: vec![], failed: vec![], connects: vec![], dropped: vec![] }
    }

    fn input(&mut self, input: ClientIn) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut out = Vec::new();
            self.client.handle(&mut Cx { now: self.net.now, rng: &mut self.net.rng, out: &mut out }, input);
            for output in out {
                inputs.extend(self.output(output));
            }
        }
    }

    fn output(&mut self, output: ClientOut) -> Option<ClientIn> {
        match output {
            ClientOut::Connect(node) => {
                self.connects.push(node);
                return Some(if self.alive.contains(&node) {
                    ClientIn::Connected { node, token: [6; 16] }
                } else {
                    ClientIn::Disconnected(node)
                });
            }
            ClientOut::Send { to, packet } => self.net.send(Place::Client, to, packet),
            ClientOut::Reply { id, body } => self.answers.push((id, body[0])),
            ClientOut::Failed { id, error } => self.failed.push((id, error)),
            ClientOut::Dropped(reason) => self.dropped.push(reason),
            ClientOut::Disconnect(_) => {}
        }
        None
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 50 {
            self.net.run(50);
            for (_, packet) in std::mem::take(&mut self.net.delivered) {
                self.input(ClientIn::Packet(packet));
            }
            if self.client.deadline().is_some_and(|tick| tick <= self.net.now.tick) {
                self.input(ClientIn::Wake);
            }
        }
    }

    /// A service node that may share a path with the first relay.
    fn service(&self) -> NodeId {
        (0..9).map(node).find(|n| Some(*n) != self.client.first() && self.alive.contains(n)).unwrap()
    }
}

#[test]
fn a_request_goes_out_over_three_relays_and_its_answer_comes_back() {
    let mut world = World::new(7, 81);
    world.input(ClientIn::Request(request(1, node(0), 0)));
    world.run(3_000);
    let service = world.service();
    world.input(ClientIn::Request(request(2, service, 1)));
    world.run(5_000);
    assert_eq!(world.answers, [(RequestId(2), 8)]);
    assert!(world.failed.iter().all(|(id, _)| *id == RequestId(1)), "only the first may have met its own relay");
    assert_eq!(world.connects.len(), 1);
    assert_eq!(world.net.served.last().unwrap().1[..100], [3; 100]);
    assert_eq!(world.client.deadline(), None, "nothing stays open");
}

#[test]
fn a_second_copy_of_an_answer_is_dropped_by_the_client() {
    let mut world = World::new(7, 82);
    world.input(ClientIn::Request(request(1, node(0), 0)));
    let service = world.service();
    world.input(ClientIn::Request(request(2, service, 1)));
    world.run(4_000);
    let last = world.net.links.iter().rev().find(|link| link.to == Place::Client).unwrap().packet.clone();
    world.input(ClientIn::Packet(last));
    assert_eq!((world.dropped.as_slice(), world.answers.len()), (&[DropReason::Surb][..], 1));
}

#[test]
fn a_request_without_an_answer_fails_by_time_and_a_dead_relay_is_soon_avoided() {
    let mut world = World::new(7, 83);
    world.input(ClientIn::Request(request(0, node(0), 0)));
    let first = world.client.first().unwrap();
    let service = world.service();
    let dead = (0..7).map(node).find(|n| *n != first && *n != service).unwrap();
    world.net.relays.remove(&dead);
    for id in 1..=40 {
        world.input(ClientIn::Request(request(id, service, 1)));
        world.run(6_000);
    }
    assert!(world.failed.contains(&(RequestId(1), RequestError::Timeout)) || world.answers[0].0 == RequestId(1));
    let late = world.answers.iter().filter(|(id, _)| id.0 > 20).count();
    assert!(late >= 18, "{late} of the last 20 were answered");
}

#[test]
fn a_first_relay_that_refuses_breaks_or_stays_silent_is_replaced() {
    let mut world = World::new(7, 84);
    world.alive.retain(|n| *n == node(5) || *n == node(6));
    world.input(ClientIn::Request(request(1, node(0), 0)));
    let first = world.client.first().unwrap();
    assert!(world.alive.contains(&first), "drawn again until one accepts");
    world.input(ClientIn::Disconnected(first));
    world.alive.retain(|n| *n != first);
    world.input(ClientIn::Request(request(2, node(0), 0)));
    let second = world.client.first().unwrap();
    assert_ne!(second, first);
    // The link stands, but nothing comes through any more.
    world.net.relays.remove(&second);
    world.alive.push(first);
    for id in 0..u64::from(DEAD_AFTER) {
        world.input(ClientIn::Request(request(10 + id, node(0), 1)));
        world.run(6_000);
    }
    assert_eq!(world.client.first(), None);
    world.alive.retain(|n| *n != second);
    world.input(ClientIn::Request(request(30, node(0), 1)));
    world.run(6_000);
    assert_eq!(world.client.first(), Some(first));
}

#[test]
fn what_does_not_fit_or_cannot_be_sent_fails_with_the_reason() {
    let mut world = World::new(3, 85);
    let mut long = request(1, node(0), 2);
    long.command = vec![0; 2_015];
    world.input(ClientIn::Request(long));
    let too_long = RequestError::TooLong { length: 2_015, room: 2_014, surbs: 2 };
    assert_eq!(world.failed.pop(), Some((RequestId(1), too_long)));
    world.input(ClientIn::Request(request(2, node(9), 1)));
    assert_eq!(world.failed.pop(), Some((RequestId(2), PathError::UnknownService(node(9)).into())));
    let service = world.service();
    world.input(ClientIn::Request(request(3, service, 1)));
    assert_eq!(world.failed.pop(), Some((RequestId(3), PathError::TooFewRelays.into())));
    let mut lost = Client::new(&Libcrux, pars_proto::onion::path::Relays::new(Diversity::Waived));
    let mut out = Vec::new();
    let mut cx = Cx { now: world.net.now, rng: &mut world.net.rng, out: &mut out };
    lost.handle(&mut cx, ClientIn::Request(request(4, node(0), 1)));
    assert!(matches!(out[..], [ClientOut::Failed { error: RequestError::Path(PathError::TooFewRelays), .. }]));
}

#[test]
fn the_queue_before_the_first_relay_is_bounded() {
    let mut world = World::new(7, 86);
    let mut out = Vec::new();
    for id in 0..=MAX_WAITING as u64 {
        let mut cx = Cx { now: world.net.now, rng: &mut world.net.rng, out: &mut out };
        world.client.handle(&mut cx, ClientIn::Request(request(id, node(0), 1)));
    }
    assert!(matches!(out[0], ClientOut::Connect(_)) && out.len() == 2);
    assert!(matches!(out[1], ClientOut::Failed { error: RequestError::Busy, .. }));
}

#[test]
fn what_is_open_fails_at_once_when_the_link_to_the_first_relay_breaks() {
    let mut world = World::new(7, 87);
    world.input(ClientIn::Request(request(1, node(0), 0)));
    let first = world.client.first().unwrap();
    let service = world.service();
    world.input(ClientIn::Request(request(2, service, 1)));
    world.input(ClientIn::Disconnected(first));
    assert!(world.failed.contains(&(RequestId(2), RequestError::LinkLost)), "{:?}", world.failed);
    world.run(5_000);
    assert!(world.answers.is_empty(), "its reply block is closed");
    assert_eq!(world.client.deadline(), None, "nothing stays open");
}

#[test]
fn an_answer_that_a_relay_changed_fails_its_request_at_once() {
    let mut world = World::new(7, 88);
    world.input(ClientIn::Request(request(1, node(0), 0)));
    let service = world.service();
    world.input(ClientIn::Request(request(2, service, 1)));
    world.net.run(4_000);
    let (_, mut packet) = world.net.delivered.pop().unwrap();
    *packet.last_mut().unwrap() ^= 1;
    world.input(ClientIn::Packet(packet));
    assert_eq!((world.failed.last(), world.answers.len()), (Some(&(RequestId(2), RequestError::Changed)), 0));
    assert_eq!(world.dropped, [DropReason::Noise]);
    assert_eq!(world.client.deadline(), None, "nothing stays open");
}

#[test]
fn of_two_answers_one_changed_whichever_comes_first_the_other_is_given_and_the_end_is_told() {
    let mut world = World::new(7, 89);
    world.net.answer = Some((2, body(8)));
    world.input(ClientIn::Request(request(1, node(0), 0)));
    let service = world.service();
    for (id, changed) in [(2, 0), (3, 1)] {
        world.input(ClientIn::Request(request(id, service, 2)));
        world.net.run(4_000);
        let mut packets = std::mem::take(&mut world.net.delivered);
        assert_eq!(packets.len(), 2);
        *packets[changed].1.last_mut().unwrap() ^= 1;
        for (_, packet) in packets {
            world.input(ClientIn::Packet(packet));
        }
        assert_eq!(world.answers.last(), Some(&(RequestId(id), 8)));
        assert_eq!(world.failed.last(), Some(&(RequestId(id), RequestError::Changed)));
        assert_eq!(world.client.deadline(), None, "nothing stays open");
    }
}
