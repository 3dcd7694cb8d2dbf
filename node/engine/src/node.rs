//! The value that a shell or the simulator drives: bytes and commands in, bytes, batches and events out.
//!
//! | Input | Goes to |
//! |---|---|
//! | `Recv`, first byte 2 | the store: a frame of another replica |
//! | `Recv`, position 4 | the onion client: an answer from the first relay |
//! | `Recv`, anything else | the relay |
//! | `Connected`, `Disconnected`, `Command`, `Solved` | the member |
//! | `Chain`, `Descriptor`, `Wake`, `Committed` | every machine they concern |

use pars_crypto::Suite;
use pars_proto::onion::Descriptor;
use pars_proto::onion::packet::HOPS;
use pars_wire::codec::{Day, Wire};
use pars_wire::machine::{Cx, Machine, Tick};
use std::collections::BTreeMap;

use crate::io::{CommandError, DescriptorRefused, Event, Input, Output};
use crate::member::Member;
use crate::registry::Registry;
use crate::service::Service;
use crate::store::{Batch, BatchId, Change};

/// Days whose registries are kept: descriptors are of today and tomorrow, clocks differ.
const REGISTRY_DAYS: usize = 3;

/// Counts what must never be used twice while this node runs.
#[derive(Debug, Default)]
pub struct Ids {
    batches: u64,
}

impl Ids {
    /// The next batch.
    pub(crate) const fn batch(&mut self, changes: Vec<Change>) -> Batch {
        self.batches += 1;
        Batch { id: BatchId(self.batches), changes }
    }
}

/// A member, a service node, or both.
pub struct Node {
    suite: &'static dyn Suite,
    member: Option<Member>,
    service: Option<Service>,
    registries: BTreeMap<Day, Registry>,
    ids: Ids,
}

impl Node {
    /// Put the roles together. A member never draws the node beside it as a relay.
    pub fn new(suite: &'static dyn Suite, mut member: Option<Member>, service: Option<Service>) -> Self {
        if let (Some(member), Some(service)) = (&mut member, &service) {
            member.avoid(service.node());
        }
        Self { suite, member, service, registries: BTreeMap::new(), ids: Ids::default() }
    }

    /// The member's half.
    pub const fn member(&self) -> Option<&Member> {
        self.member.as_ref()
    }

    /// The service node's half.
    pub const fn service(&self) -> Option<&Service> {
        self.service.as_ref()
    }

    fn receive(&mut self, cx: &mut Cx<'_, Output>, bytes: Vec<u8>) {
        let for_client = matches!(bytes.as_slice(), [1, position, ..] if usize::from(*position) == HOPS);
        match (&mut self.member, &mut self.service) {
            (Some(member), _) if for_client => member.packet(cx, &mut self.ids, bytes),
            (_, Some(service)) => service.receive(cx, &mut self.ids, bytes),
            _ => cx.out.push(Output::Event(Event::Malformed)),
        }
    }

    fn learn(&mut self, cx: &mut Cx<'_, Output>, registry: Registry) {
        if let Some(member) = &mut self.member {
            member.learn(cx, &mut self.ids, &registry);
        }
        if let Some(service) = &mut self.service {
            service.learn(cx, &mut self.ids, &registry);
        }
        self.registries.insert(registry.day, registry);
        while self.registries.len() > REGISTRY_DAYS {
            self.registries.pop_first();
        }
    }

    fn descriptor(
        &mut self,
        cx: &mut Cx<'_, Output>,
        bytes: &[u8],
        dsa: &[u8; pars_crypto::suite::DSA87_PUBLIC],
    ) -> Result<(), DescriptorRefused> {
        let Some(member) = &mut self.member else { return Ok(()) };
        let descriptor = Descriptor::decode(bytes)?;
        let registered = self.registries.values().rev().find_map(|registry| registry.get(descriptor.node()));
        let registration = registered.ok_or(DescriptorRefused::Unregistered)?;
        let verified = descriptor.verify(self.suite, registration, dsa, cx.now.wall)?;
        member.relay(cx, &mut self.ids, verified);
        Ok(())
    }
}

impl Machine for Node {
    type In = Input;
    type Out = Output;

    fn handle(&mut self, cx: &mut Cx<'_, Output>, input: Input) {
        let ids = &mut self.ids;
        match (input, &mut self.member) {
            (Input::Recv { bytes, .. }, _) => self.receive(cx, bytes),
            (Input::Chain(registry), _) => self.learn(cx, registry),
            (Input::Descriptor { bytes, dsa }, _) => {
                if let Err(error) = self.descriptor(cx, &bytes, &dsa) {
                    cx.out.push(Output::Event(Event::Descriptor(error)));
                }
            }
            (Input::Connected { node, token }, Some(member)) => member.connected(cx, ids, node, token),
            (Input::Disconnected(node), Some(member)) => member.disconnected(cx, ids, node),
            (Input::Solved { id, nonce }, Some(member)) => member.solved(cx, ids, id, nonce),
            (Input::Command { id, command }, Some(member)) => member.command(cx, ids, id, command),
            (Input::Command { id, .. }, None) => {
                cx.out.push(Output::Event(Event::Refused { command: id, error: CommandError::NoMember }));
            }
            (Input::Committed(batch), member) => {
                if let Some(member) = member {
                    member.committed(cx, ids, batch);
                }
                if let Some(service) = &mut self.service {
                    service.committed(cx, ids, batch);
                }
            }
            (Input::Wake, member) => {
                if let Some(member) = member {
                    member.wake(cx, ids);
                }
                if let Some(service) = &mut self.service {
                    service.wake(cx, ids);
                }
            }
            (Input::Connected { .. } | Input::Disconnected(_) | Input::Solved { .. }, None) => {}
        }
    }

    fn deadline(&self) -> Option<Tick> {
        let member = self.member.as_ref().and_then(Member::deadline);
        member.into_iter().chain(self.service.as_ref().and_then(Service::deadline)).min()
    }
}
