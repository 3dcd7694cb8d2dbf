//! Carrying out what a node asks for: packets on links with their faults, batches on their way to the disk, events to the user.

use pars_crypto::hash::random;
use pars_engine::io::{Event, Input, Link, Output};
use pars_engine::{Batch, Node};

use super::describe::name;
use super::{Happening, World};
use crate::host::HostId;
use crate::work;

/// Bits of work done in a simulation: what nodes ask for at least.
const WORK_BITS: u8 = 18;

impl World {
    pub(super) fn output(&mut self, host: HostId, output: Output, way: &[HostId]) {
        match output {
            Output::Send { to, bytes } => self.send(host, to, bytes, way),
            Output::Connect(node) => {
                let relay = self.host_of(node).filter(|relay| self.runs(*relay));
                match relay {
                    Some(relay) => {
                        let token = random(&mut self.rng);
                        self.hosts.get_mut(&relay).into_iter().for_each(|at| {
                            at.connections.insert(token, host);
                        });
                        self.input(30, host, Input::Connected { node, token }, Vec::new());
                    }
                    None => self.input(30, host, Input::Disconnected(node), Vec::new()),
                }
            }
            Output::Disconnect(node) => {
                let relay = self.host_of(node).and_then(|relay| self.hosts.get_mut(&relay));
                relay.into_iter().for_each(|at| at.connections.retain(|_, client| *client != host));
            }
            Output::Persist(batch) => self.persist(host, batch),
            Output::Work { id, work, bits } => {
                let nonce = work::solve(&work, bits.min(WORK_BITS));
                self.input(50, host, Input::Solved { id, nonce }, Vec::new());
            }
            Output::Publish { bytes, dsa } => {
                let Some(node) = self.node_id(host) else { return };
                self.board.push((node, bytes.clone(), dsa.clone()));
                for member in self.members() {
                    let input = Input::Descriptor { bytes: bytes.clone(), dsa: dsa.clone() };
                    self.input(40, member, input, Vec::new());
                }
            }
            Output::Event(event) => self.event(host, event),
        }
    }

    fn persist(&mut self, host: HostId, batch: Batch) {
        let (id, rows) = (batch.id, batch.changes.len());
        self.say(format_args!("{host} -> persist {} of {rows} rows", id.0));
        let member = self.hosts[&host].node.as_ref().and_then(Node::member);
        let rule = match member {
            Some(member) => self.watch.keys.sealed(host, &batch, member),
            None => self.watch.keys.stored(&batch),
        };
        self.broken(rule);
        let life = self.hosts[&host].life;
        if let Some(at) = self.hosts.get_mut(&host) {
            at.open.push(batch);
        }
        let ms = 1 + self.below(self.faults.commit_ms);
        self.later(ms, Happening::Commit { host, life, batch: id });
        let planned = self.crash_next.remove(&host);
        if planned || self.chance(self.faults.crash) {
            self.happened.crashes += u64::from(!planned);
            self.crash(host);
            let ms = 1_000 + self.below(5_000);
            self.later(ms, Happening::Start(host));
        }
    }

    fn send(&mut self, host: HostId, to: Link, bytes: Vec<u8>, way: &[HostId]) {
        let rule = self.watch.packet(&bytes);
        self.broken(rule);
        let target = match to {
            Link::Node(node) => self.host_of(node),
            Link::Client(token) => self.hosts[&host].connections.get(&token).copied(),
        };
        let Some(target) = target else { return };
        let from = match self.node_id(host) {
            Some(node) => Link::Node(node),
            None => {
                let connections = self.hosts[&target].connections.iter();
                let token = connections.filter(|(_, client)| **client == host).map(|(token, _)| *token).next_back();
                Link::Client(token.unwrap_or_default())
            }
        };
        // A packet at position 0 begins a way; any other one goes on with that of the packet being handled.
        let way = match bytes.get(..2) {
            Some([1, 0]) => vec![host],
            Some([1, _]) => [way, &[host]].concat(),
            _ => Vec::new(),
        };
        let (cut, until) = &self.cut;
        let apart = *until > self.tick && cut.contains(&host) != cut.contains(&target);
        let copies = if apart || self.chance(self.faults.loss) {
            0
        } else {
            1 + u32::from(self.chance(self.faults.duplication))
        };
        match copies {
            0 if apart => self.happened.apart += 1,
            0 => self.happened.lost += 1,
            1 => {}
            _ => self.happened.doubled += 1,
        }
        self.say(format_args!("{host} -> {target} {} x{copies}", name(&bytes)));
        let before = self.arrivals.get(&(host, target)).copied();
        for _ in 0..copies {
            let ms = 1 + self.below(self.faults.latency_ms);
            let arrives = self.tick.after(ms);
            self.happened.overtaken += u64::from(before.is_some_and(|before| arrives < before));
            let latest = self.arrivals.entry((host, target)).or_insert(arrives);
            *latest = arrives.max(*latest);
            self.input(ms, target, Input::Recv { from, bytes: bytes.clone() }, way.clone());
        }
    }

    fn event(&mut self, host: HostId, event: Event) {
        self.say(format_args!("{host} -> event {event:?}"));
        let rule = match &event {
            Event::Queued { id, .. } => {
                self.watch.queued(*id);
                Ok(())
            }
            Event::Received(message) => self.watch.received(host, message),
            Event::Gap(gap) => self.watch.gap(host, &gap.reason),
            Event::Done { command } => {
                let cursor = self.acknowledging.remove(&(host, *command));
                cursor.into_iter().for_each(|cursor| self.watch.acknowledged(host, cursor));
                Ok(())
            }
            Event::Malformed => Err(format!("{host} got bytes that no machine takes")),
            _ => Ok(()),
        };
        self.broken(rule);
        self.events.push((host, event));
    }
}
