//! A member: sessions, swarm client, onion client, and the desk between them.
//!
//! ```text
//! send     command → Sessions → one batch: ratchet, objects, message id ┊ committed ┊ → Queued; objects → swarm → onion
//! receive  onion → swarm → Sessions → one batch: ratchet, message       ┊ committed ┊ → Received; then the cursor moves
//! ```
//!
//! Two instances persist: the desk with the sessions, and the swarm client with its cursors; each stands behind its own
//! barrier. A crash before a commit loses what nobody was told; after it everything goes on from the rows: objects are put
//! again (storing is idempotent), messages are told again under the same cursor until they are acknowledged.
//!
//! | Module | Holds |
//! |---|---|
//! | [`desk`] | contacts, objects on their way, conversations: the engine's own rows |
//! | [`history`] | messages sent and received, under one cursor |
//! | [`commands`] | which request made which message, for 24 h |
//! | `send`, `receive`, `poll` | the two directions |
//! | `early` | messages that wait for those written before them |
//! | `shed` | what was read leaves the swarm, so that its writer has room |
//! | `strangers` | bounds on what people whom we never answered may begin |
//! | `contacts`, `publish` | looking up others, publishing ourselves |
//! | `view` | what a user may look at |
//! | `restore` | from rows back to a member |

pub mod commands;
mod contacts;
pub mod desk;
mod early;
pub mod history;
mod poll;
mod publish;
mod receive;
mod restore;
mod send;
mod shed;
mod steps;
mod strangers;
mod view;

use std::collections::{BTreeMap, VecDeque};

use pars_crypto::Suite;
use pars_crypto::secret::StoreKey;
use pars_identity::IdentityId;
use pars_proto::onion;
use pars_proto::onion::delay::Delay;
use pars_proto::onion::descriptor::Verified;
use pars_proto::session::machine::Sessions;
use pars_proto::swarm;
use pars_proto::swarm::client::{ClientIn, ClientOut, TaskId};
use pars_proto::swarm::mailbox::Tag;
use pars_wire::NodeId;
use pars_wire::machine::{Cx, Machine, Tick};

use crate::barrier::Barrier;
use crate::identity::Identity;
use crate::io::{Command, CommandId, Event, Output, QuestionId};
use crate::node::Ids;
use crate::registry::{Network, Registry};
use crate::store::{BatchId, Change};
use desk::Desk;
use poll::{Polling, Reading};
use publish::Publishing;
use send::{Message, Parked};
use shed::{Consumed, Shed};

/// How often sessions and held objects are looked through for what is over, in ms.
const HOUR_MS: u64 = 3_600_000;
/// How long after a start or a full swarm client objects are put again, in ms.
const RETRY_MS: u64 = 1_000;

/// How a member works.
pub struct MemberConfig {
    /// The post-quantum back end.
    pub suite: &'static dyn Suite,
    /// Seals what is stored.
    pub key: StoreKey,
    /// The network's rules.
    pub network: Network,
    /// How long each hop holds a packet.
    pub delay: Delay,
    /// Poll by itself every so many ms; none: on command only.
    pub poll: Option<u64>,
}

/// Something that may leave when the desk's rows are durable.
#[derive(Debug)]
enum Effect {
    /// Put this parcel.
    Put(u64),
    /// Tell the user.
    Tell(Event),
    /// What this delivery held is durable.
    Consumed(Consumed),
    /// Publish the record with this number.
    Publish(usize),
}

/// What a task of the swarm client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Put(u64),
    Fetch(Tag),
    Shed(Tag),
    Lookup(IdentityId),
    Publish(usize),
}

/// What is to be done next: machines never call each other.
enum Step {
    Swarm(ClientIn),
    SwarmOut(ClientOut),
    Onion(onion::client::ClientIn),
    Effect(Effect),
}

/// A member's half of a [`crate::Node`].
pub struct Member {
    config: MemberConfig,
    identity: Identity,
    sessions: Sessions,
    onion: onion::Client,
    swarm: swarm::Client,
    desk: Desk,
    desk_barrier: Barrier<Effect>,
    swarm_barrier: Barrier<ClientOut>,
    steps: VecDeque<Step>,
    jobs: BTreeMap<TaskId, Job>,
    sources: BTreeMap<Tag, Reading>,
    shed: BTreeMap<Tag, Shed>,
    tasks: u64,
    retry_puts: Option<Tick>,
    publishing: Option<Publishing>,
    polling: Polling,
    parked: Parked,
    /// When messages that wait for those before them are told as they are.
    early: Option<Tick>,
    hour: Tick,
    /// Its own keys are on the disk.
    durable: bool,
}

type Context<'a, 'b> = &'a mut Cx<'b, Output>;

impl Member {
    fn task(&mut self, job: Job) -> TaskId {
        self.tasks += 1;
        let id = TaskId(self.tasks);
        self.jobs.insert(id, job);
        id
    }

    /// Make rows durable; the effects stand behind them.
    fn commit(
        &mut self,
        cx: Context<'_, '_>,
        ids: &mut Ids,
        changes: Vec<Change>,
        effects: impl IntoIterator<Item = Effect>,
    ) {
        if !changes.is_empty() {
            let batch = ids.batch(changes);
            self.desk_barrier.persist(batch.id);
            cx.out.push(Output::Persist(batch));
        }
        for effect in effects {
            self.steps.extend(self.desk_barrier.pass(effect).map(Step::Effect));
        }
    }

    fn tell(&mut self, event: Event) {
        self.steps.extend(self.desk_barrier.pass(Effect::Tell(event)).map(Step::Effect));
    }

    /// The node beside this member is no relay for it.
    pub(crate) const fn avoid(&mut self, own: NodeId) {
        self.onion.avoid(own);
    }

    pub(crate) fn packet(&mut self, cx: Context<'_, '_>, ids: &mut Ids, bytes: Vec<u8>) {
        self.steps.push_back(Step::Onion(onion::client::ClientIn::Packet(bytes)));
        self.run(cx, ids);
    }

    pub(crate) fn connected(&mut self, cx: Context<'_, '_>, ids: &mut Ids, node: NodeId, token: [u8; 16]) {
        self.retry_puts.get_or_insert(cx.now.tick.after(RETRY_MS));
        self.steps.push_back(Step::Onion(onion::client::ClientIn::Connected { node, token }));
        self.run(cx, ids);
    }

    pub(crate) fn disconnected(&mut self, cx: Context<'_, '_>, ids: &mut Ids, node: NodeId) {
        self.steps.push_back(Step::Onion(onion::client::ClientIn::Disconnected(node)));
        self.run(cx, ids);
    }

    pub(crate) fn relay(&mut self, cx: Context<'_, '_>, ids: &mut Ids, verified: Verified) {
        self.steps.push_back(Step::Onion(onion::client::ClientIn::Relay(Box::new(verified))));
        self.retry_puts.get_or_insert(cx.now.tick.after(RETRY_MS));
        self.hasten(cx);
        self.run(cx, ids);
    }

    pub(crate) fn learn(&mut self, cx: Context<'_, '_>, ids: &mut Ids, registry: &Registry) {
        self.steps.push_back(Step::Swarm(ClientIn::Snapshot(registry.snapshot())));
        self.hasten(cx);
        self.run(cx, ids);
    }

    pub(crate) fn solved(&mut self, cx: Context<'_, '_>, ids: &mut Ids, id: QuestionId, nonce: [u8; 8]) {
        self.steps.push_back(Step::Swarm(ClientIn::Solved { id: TaskId(id.0), nonce }));
        self.run(cx, ids);
    }

    pub(crate) fn committed(&mut self, cx: Context<'_, '_>, ids: &mut Ids, batch: BatchId) {
        let effects = self.desk_barrier.committed(batch);
        self.steps.extend(effects.into_iter().map(Step::Effect));
        let outputs = self.swarm_barrier.committed(batch);
        self.steps.extend(outputs.into_iter().map(Step::SwarmOut));
        self.run(cx, ids);
    }

    pub(crate) fn command(&mut self, cx: Context<'_, '_>, ids: &mut Ids, id: CommandId, command: Command) {
        match command {
            Command::Publish => self.publish(cx, ids, id),
            Command::Open(link) => self.open(id, link),
            Command::Send { to, content_type, content } => {
                self.send(cx, ids, id, Message { to, content_type, content });
            }
            Command::Close(contact) => self.close(cx, ids, id, contact),
            Command::MarkRead { with, cursor } => self.mark_read(cx, ids, id, (with, cursor)),
            Command::Poll { days } => self.poll(cx, days),
            Command::Acknowledge(cursor) => self.acknowledge(cx, ids, id, cursor),
        }
        self.run(cx, ids);
    }

    pub(crate) fn wake(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        let now = cx.now.tick;
        if self.retry_puts.is_some_and(|tick| tick <= now) {
            self.retry_puts = None;
            self.put_idle(cx);
        }
        self.publish_due(now);
        self.poll_due(cx);
        self.early_due(cx, ids);
        if self.hour <= now {
            self.hour = now.after(HOUR_MS);
            self.expire(cx, ids);
        }
        self.steps.push_back(Step::Onion(onion::client::ClientIn::Wake));
        self.steps.push_back(Step::Swarm(ClientIn::Wake));
        self.run(cx, ids);
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        let publishing = self.publishing.as_ref().and_then(|publishing| publishing.due);
        let own = [self.retry_puts, publishing, self.polling.next, self.early, Some(self.hour)];
        let machines = [self.onion.deadline(), self.swarm.deadline()];
        own.into_iter().chain(machines).flatten().min()
    }
}
