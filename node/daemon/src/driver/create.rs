//! What a node is opened from, and the one change of its roles while it runs: an identity that is made.

use pars_crypto::secret::StoreKey;
use pars_engine::identity::Identity;
use pars_engine::io::{Event, Input};
use pars_engine::member::{Member, MemberConfig};
use pars_engine::service::{Service, ServiceConfig};
use pars_engine::store::Table;
use pars_engine::{Command, CommandId, Node, Rows};
use pars_identity::seed::IdentityKeys;
use pars_proto::onion::delay::Delay;
use pars_wire::limits::{DEFAULT_HASHCASH_BITS, MIN_HASHCASH_BITS};
use pars_wire::machine::Now;
use tokio::sync::oneshot;

use super::handle::{CreateError, Created, waiter};
use super::{DriveError, Driver, SUITE};
use crate::config::Network;
use crate::daemon::StartError;
use crate::random;
use crate::service::ServiceKeys;

/// How often a member reads its mailboxes, in ms: `dev`, and elsewhere.
const POLL_MS: (u64, u64) = (500, 5_000);
/// Bytes of objects and records a service node holds at most.
const CAPACITY: usize = 1 << 30;
/// Leading zero bits a stranger's object costs: `dev`, and elsewhere (SESSION section 6).
const HASHCASH_BITS: (u8, u8) = (MIN_HASHCASH_BITS, DEFAULT_HASHCASH_BITS);

/// What a node is opened from.
pub struct Parts {
    /// Its network's rules.
    pub network: Network,
    /// How long each hop holds a member's packets.
    pub delay: Delay,
    /// Seals what a member stores.
    pub key: StoreKey,
    /// Present on a service node.
    pub service: Option<ServiceKeys>,
    /// Where the service node's links are reached.
    pub addresses: Vec<std::net::SocketAddr>,
    /// What the store holds.
    pub rows: Rows,
}

impl Parts {
    /// The rows are not kept in memory a second time.
    pub(super) fn without_rows(self) -> Self {
        Self { rows: Rows::default(), ..self }
    }

    /// The node that the rows describe.
    pub(super) fn open(&self, now: Now) -> Result<Node, StartError> {
        let member = match self.rows.of(Table::Identity).next() {
            Some(_) => Some(Member::restore(self.member(), &self.rows, now)?),
            None => None,
        };
        Ok(Node::new(SUITE, member, self.service(&self.rows, now)?))
    }

    fn member(&self) -> MemberConfig {
        let (key, network) = (self.key.clone(), self.network.rules());
        let poll = if self.network == Network::Dev { POLL_MS.0 } else { POLL_MS.1 };
        MemberConfig { suite: SUITE, key, network, delay: self.delay, poll: Some(poll) }
    }

    fn service(&self, rows: &Rows, now: Now) -> Result<Option<Service>, StartError> {
        let Some(service) = &self.service else { return Ok(None) };
        let config = ServiceConfig {
            node: service.node,
            keys: service.keys.clone(),
            addresses: self.addresses.clone(),
            network: self.network.rules(),
            capacity: CAPACITY,
            suite: SUITE,
        };
        Ok(Some(Service::open(config, rows, now)?))
    }

    fn identity(&self, now: Now) -> Identity {
        let bits = if self.network == Network::Dev { HASHCASH_BITS.0 } else { HASHCASH_BITS.1 };
        Identity::create(SUITE, bits, now.wall, &mut random::system())
    }
}

impl Driver {
    /// Make the identity: a new engine over the rows, which then publishes.
    pub(super) async fn create(
        &mut self,
        reply: oneshot::Sender<Result<Created, CreateError>>,
    ) -> Result<(), DriveError> {
        if self.node.member().is_some() {
            // Who asked may have gone.
            let _ = reply.send(Err(CreateError::Exists));
            return Ok(());
        }
        let now = self.clock.now();
        let identity = self.parts.identity(now);
        let revocation = IdentityKeys::derive(SUITE, &identity.entropy).revocation().clone();
        let member = Member::create(self.parts.member(), identity, now).map_err(StartError::from)?;
        // A service node's rows are read again: its half of the engine begins anew as after a restart. Then nothing of the old
        // half is on its way to the disk any more, and batches may be counted from one again.
        let rows = if self.parts.service.is_some() { self.store.handle.load().await? } else { Rows::default() };
        self.store.committed.mark_unchanged();
        self.node = Node::new(SUITE, Some(member), self.parts.service(&rows, now)?);
        let view = self.view.borrow().clone();
        for registry in view.registries.values() {
            self.input(Input::Chain(registry.clone())).await?;
        }
        self.describe().await?;
        let id = CommandId(random::bytes());
        // A kill before the rows are durable loses the identity: until then it is shown to nobody.
        self.creating = Some(id);
        self.waiters.push(waiter(reply, move |event| match event {
            Event::Done { command } if *command == id => Some(Ok(Created { revocation: revocation.clone() })),
            _ => None,
        }));
        self.input(Input::Command { id, command: Command::Publish }).await?;
        self.input(Input::Wake).await
    }
}
