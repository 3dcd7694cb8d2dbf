//! Rooms of this daemon (TOWNHALL): seats that its user takes, sittings that it hosts, and the page's way to the SFU.
//!
//! ```text
//! page ── RPC ──► seat ── Member ──► tunnel ══ QUIC ══► tunnel ── Host ── host
//!      ── /rtc ─────────────────────► signalling stream ═══════► SFU ◄── RoomService ──┘
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`claim`] | on what ground a seat is asked for |
//! | [`facts`] | what the own index says of statements |
//! | [`home`] | secrets of commitments, the proving key |
//! | [`objects`] | metadata objects by hash |
//! | [`tunnel`] | QUIC between a member's daemon and the host's |
//! | [`seat`] | one seat |
//! | [`recording`] | seats' parts in recordings |
//! | [`host`] | the host's role |
//! | [`lobby`] | what is known before joining |
//! | [`rtc`] | the page's signalling, carried unseen |
//! | [`dev`] | the built-in wallet of the development chain |

mod claim;
pub mod dev;
pub mod facts;
pub mod home;
pub mod host;
mod lobby;
pub mod objects;
pub mod recording;
pub mod rtc;
pub mod seat;
pub mod tunnel;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use pars_engine::room::Conduct;
use pars_identity::id::IdentityId;
use pars_proto::room::recording::ConsentDomain;
use pars_proto::room::{Body, HostEntry, Metadata, Sitting};
use pars_rpc::event::Event;
use pars_rpc::room as rpc;
use pars_rpc::room::Form;
use pars_rpc::{Code, RpcError};
use pars_wire::{ChainId, RecordingId, RoomId};
use tokio::sync::{broadcast, oneshot, watch};

use self::claim::Claimed;
use self::facts::{FactsError, Oracle, Running};
use self::home::Home;
use self::host::Hosting;
use self::objects::{ObjectClient, Objects};
use self::recording::calls::Contract;
use self::seat::{Begin, Command, Seat, Way};
use self::tunnel::dial::Dialer;
use crate::chain::Progress;
use crate::config::ConsentKeyKind;
use crate::driver::Handle;
use crate::recordings::Library;
use crate::{clock, random};

/// Events that a page may be behind.
const EVENTS: usize = 4_096;
/// Attempts to join at once.
const ATTEMPTS: usize = 8;
/// Seats at once.
const SEATS: usize = 16;
/// How long service nodes are waited for that may hold the object of a room that somebody joins.
const FETCH: Duration = Duration::from_secs(30);

/// What the rooms of a daemon are made of.
#[derive(Debug)]
pub struct Parts {
    /// The engine, for the identity.
    pub handle: Handle,
    /// The own index.
    pub oracle: Oracle,
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
    /// Secrets and proving key.
    pub home: Home,
    /// Objects, and who is asked for others.
    pub objects: (Objects, ObjectClient),
    /// Where the page's signalling goes: this daemon's loopback port.
    pub address: SocketAddr,
    /// Accounts of this daemon beside those of its home.
    pub accounts: Vec<Address>,
    /// The host's role, if it has it.
    pub hosting: Option<Hosting>,
    /// Files and keys of recordings.
    pub library: Library,
    /// What own index says of consents.
    pub consents: pars_indexer::Recordings,
    /// Who submits calls of the contract of recordings, if nobody else is named.
    pub through: Option<IdentityId>,
    /// With which kind of key seats consent.
    pub consent_key: ConsentKeyKind,
    /// How seats go about recordings.
    pub conduct: &'static dyn Conduct,
}

pub(crate) struct Inner {
    handle: Handle,
    oracle: Oracle,
    progress: watch::Receiver<Progress>,
    home: Home,
    objects: Objects,
    client: ObjectClient,
    address: SocketAddr,
    accounts: Vec<Address>,
    hosting: Option<Hosting>,
    dialer: Dialer,
    events: broadcast::Sender<Arc<Event>>,
    contract: Contract,
    library: Library,
    consent_key: ConsentKeyKind,
    conduct: &'static dyn Conduct,
    /// The daemon ends.
    stopping: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    attempts: BTreeMap<String, Seat>,
    seats: BTreeMap<RoomId, Seat>,
    /// Recorders' seats of members of this daemon, by their spans.
    recorders: BTreeMap<RecordingId, Way>,
}

/// The rooms; clones are the same ones.
#[derive(Clone)]
pub struct Rooms(Arc<Inner>);

impl std::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rooms").field("hosts", &self.0.hosting.is_some()).finish_non_exhaustive()
    }
}

/// Unix seconds, but never before the sitting: a development chain's clock may run ahead of ours.
pub(crate) fn seconds(sitting: &Sitting) -> u64 {
    (clock::milliseconds() / 1_000).max(sitting.opened_at)
}

pub(crate) async fn sleep(until: Option<tokio::time::Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

impl From<FactsError> for RpcError {
    fn from(error: FactsError) -> Self {
        let code = match error {
            FactsError::UnknownRoom => Code::WrongRoom,
            FactsError::NoSitting => Code::RoomClosed,
            FactsError::Chain => Code::ChainUnreachable,
            FactsError::NoKey | FactsError::Tree => Code::ProofInvalid,
            FactsError::Store(_) => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl Rooms {
    /// The rooms of a daemon.
    ///
    /// # Errors
    /// The system gives no port to dial from.
    pub fn new(parts: Parts) -> std::io::Result<Self> {
        let Parts { handle, oracle, progress, home, objects, address, accounts, hosting, .. } = parts;
        let Parts { library, consents: index, through, consent_key, conduct, .. } = parts;
        let ((objects, client), dialer) = (objects, Dialer::new()?);
        let contract = Contract { handle: handle.clone(), index, progress: progress.clone(), through };
        let (events, _) = broadcast::channel(EVENTS);
        let state = Mutex::default();
        let inner = Inner {
            handle,
            oracle,
            progress,
            home,
            objects,
            client,
            address,
            accounts,
            hosting,
            dialer,
            events,
            contract,
            library,
            consent_key,
            conduct,
            stopping: watch::Sender::new(false),
            state,
        };
        let rooms = Self(Arc::new(inner));
        tokio::spawn(watch_pins(Arc::downgrade(&rooms.0)));
        tokio::spawn(rooms.0.finish_owed());
        Ok(rooms)
    }

    /// What pages are told from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.events.subscribe()
    }

    /// The host's role.
    pub fn hosting(&self) -> Option<&Hosting> {
        self.0.hosting.as_ref()
    }

    /// End what is hosted; it goes on with the next start.
    pub fn stop(&self) {
        self.0.hosting.iter().for_each(Hosting::stop);
        self.0.stopping.send_replace(true);
        self.0.state(std::mem::take);
    }

    /// `room.prepare`.
    ///
    /// # Errors
    /// By name.
    pub async fn prepare(&self, call: rpc::PrepareSeat) -> Result<(String, Option<Body>), RpcError> {
        let inner = &self.0;
        let running = inner.oracle.running(RoomId(call.room.0.into())).await?;
        let account = call.account.map(|account| Address::new(account.0));
        let (host, _) = inner.described(&running).await.ok_or(Code::HostUnreachable)?;
        let claimed = match call.form {
            Form::Anonymous => inner.anonymous(&running).await?,
            Form::Known => inner.known(&running, account.ok_or(Code::NotEligible)?).await?,
        };
        let attempt = hex::encode(random::bytes::<16>());
        if inner.state(|state| state.attempts.len() >= ATTEMPTS || state.seats.len() >= SEATS) {
            return Err(Code::Busy.into());
        }
        let Claimed { claim, prover, records } = claimed;
        let (form, text_only) = (call.form, call.text_only);
        let begin = Begin { attempt: attempt.clone(), running, host, claim, form, text_only, prover, records };
        let (seat, body) = seat::begin(inner, begin);
        inner.state(|state| state.attempts.insert(attempt.clone(), seat));
        Ok((attempt, body))
    }

    /// `room.join`; `anyway`: also into a room that is recorded.
    ///
    /// # Errors
    /// By name.
    pub async fn join(
        &self,
        attempt: &str,
        (wallet, anyway): (Option<[u8; 65]>, bool),
    ) -> Result<rpc::Joined, RpcError> {
        let seat = self.0.state(|state| state.attempts.get(attempt).cloned());
        let seat = seat.ok_or_else(|| RpcError::new(Code::Expired, "no such attempt is open; prepare again"))?;
        ask(&seat, Code::Cancelled, |reply| Command::Join { wallet, anyway, reply }).await
    }

    /// `room.cancel`.
    pub fn cancel(&self, attempt: &str) {
        // The task leaves when nobody can command it any more.
        if let Some(seat) = self.0.state(|state| state.attempts.remove(attempt)) {
            let _ = seat.commands.try_send(Command::Leave);
        }
    }

    fn seat(&self, room: rpc::Room) -> Result<Seat, RpcError> {
        let seat = self.0.state(|state| state.seats.get(&RoomId(room.0.into())).cloned());
        seat.ok_or_else(|| RpcError::new(Code::NotAllowed, "this daemon has no seat in the room; join first"))
    }

    /// `room.connection`.
    ///
    /// # Errors
    /// By name.
    pub async fn connection(&self, room: rpc::Room) -> Result<rpc::Joined, RpcError> {
        ask(&self.seat(room)?, Code::HostUnreachable, Command::Connection).await
    }

    /// `room.sign`.
    ///
    /// # Errors
    /// By name.
    pub async fn sign(&self, room: rpc::Room, content: pars_proto::room::Content) -> Result<Vec<u8>, RpcError> {
        ask(&self.seat(room)?, Code::NotAllowed, |reply| Command::Sign(content, reply)).await
    }

    /// `room.open`.
    ///
    /// # Errors
    /// By name.
    pub async fn open(
        &self,
        room: rpc::Room,
        (identity, bytes): (String, Vec<u8>),
    ) -> Result<pars_proto::room::RoomMessage, RpcError> {
        ask(&self.seat(room)?, Code::NotAllowed, |reply| Command::Open { identity, bytes, reply }).await
    }

    /// `room.order`; none: accept.
    ///
    /// # Errors
    /// By name.
    pub async fn order(&self, room: rpc::Room, order: Option<pars_proto::room::Order>) -> Result<(), RpcError> {
        let seat = self.seat(room)?;
        match order {
            Some(order) => ask(&seat, Code::NotAllowed, |reply| Command::Order(order, reply)).await,
            None => ask(&seat, Code::NotAllowed, Command::Accept).await,
        }
    }

    /// `room.leave`.
    ///
    /// # Errors
    /// No seat.
    pub async fn leave(&self, room: rpc::Room) -> Result<(), RpcError> {
        let seat = self.seat(room)?;
        // Gone already is as good.
        let _ = seat.commands.send(Command::Leave).await;
        Ok(())
    }

    /// `room.host`.
    ///
    /// # Errors
    /// By name.
    pub async fn host(&self, call: &rpc::HostSitting) -> Result<rpc::Hosted, RpcError> {
        let none = || RpcError::new(Code::NotSupported, "this daemon hosts no rooms; start it with --host");
        let hosting = self.0.hosting.as_ref().ok_or_else(none)?;
        let identity = self.0.handle.read(|node| node.member().map(|member| member.identity().id()));
        let identity = identity.await.map_err(|_| Code::Internal)?.unwrap_or(IdentityId([0; 32]));
        let opened = hosting.open(call, identity).await;
        let (sitting, hash) = opened.map_err(|error| RpcError::new(host_code(&error), error.to_string()))?;
        Ok(rpc::Hosted { sitting: sitting.0, metadata_hash: rpc::Prefixed(hash.0) })
    }
}

const fn host_code(error: &host::OpenError) -> Code {
    match error {
        host::OpenError::Line(_) | host::OpenError::Metadata(_) | host::OpenError::Time => Code::InvalidParams,
        host::OpenError::Transact(_) => Code::NotAllowed,
        host::OpenError::Facts(FactsError::UnknownRoom) => Code::WrongRoom,
        host::OpenError::Late | host::OpenError::Unsure(_) => Code::Timeout,
        host::OpenError::Bind(_) | host::OpenError::Kept(_) | host::OpenError::Facts(_) => Code::Internal,
    }
}

/// Give a command and wait for its answer; `gone` is said of a seat that ended meanwhile.
async fn ask<T>(seat: &Seat, gone: Code, command: impl FnOnce(seat::Reply<T>) -> Command) -> Result<T, RpcError> {
    let (reply, answer) = oneshot::channel();
    if seat.commands.send(command(reply)).await.is_err() {
        return Err(gone.into());
    }
    answer.await.unwrap_or_else(|_| Err(gone.into()))
}

impl Inner {
    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The contract that holds consents.
    fn domain(&self) -> ConsentDomain {
        let deployment = self.oracle.deployment();
        ConsentDomain { chain: ChainId(deployment.chain_id), contract: deployment.recording_consent }
    }

    /// Send what no seat sees to, until the daemon ends.
    fn finish_owed(&self) -> impl Future<Output = ()> + use<> {
        let (parts, domain) = ((self.contract.clone(), self.library.clone()), self.domain());
        let mut stopping = self.stopping.subscribe();
        async move {
            tokio::select! {
                () = recording::owed::finish(parts, domain) => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        }
    }

    /// Tell every page.
    fn tell(&self, event: Event) {
        // None may be there.
        let _ = self.events.send(Arc::new(event));
    }

    /// An attempt has a seat: it is the room's.
    fn seated(&self, attempt: &str, room: RoomId) {
        self.state(|state| {
            if let Some(seat) = state.attempts.remove(attempt) {
                state.seats.insert(room, seat);
            }
        });
    }

    /// The room's older seat is told no more.
    fn supersede(&self, room: RoomId, by: &Arc<AtomicBool>) {
        self.state(|state| {
            if let Some(old) = state.seats.get(&room).filter(|old| !Arc::ptr_eq(&old.quiet, by)) {
                old.quiet.store(true, Ordering::Release);
            }
        });
    }

    /// A seat or an attempt is over.
    fn forget(&self, attempt: &str, room: RoomId, of: &Arc<AtomicBool>) {
        self.state(|state| {
            state.attempts.remove(attempt);
            if state.seats.get(&room).is_some_and(|seat| Arc::ptr_eq(&seat.quiet, of)) {
                state.seats.remove(&room);
            }
        });
    }

    /// A room's metadata object, from here or from the service nodes, which are waited for so long.
    async fn object(&self, hash: B256, patience: Duration) -> Option<Arc<[u8]>> {
        if hash.is_zero() {
            return None;
        }
        if let Some(object) = self.objects.get(&hash) {
            return Some(object);
        }
        let object = self.client.get(hash, patience).await?;
        self.objects.hold(&object);
        Some(object)
    }

    /// The host to be asked first, and the whole object.
    async fn described(&self, running: &Running) -> Option<(HostEntry, Metadata)> {
        let object = self.object(running.metadata, FETCH).await?;
        let metadata = Metadata::open(&object, &running.metadata, running.sitting.scope.room).ok()?;
        Some((metadata.front().hosts.first()?.clone(), metadata))
    }
}

/// Which objects are worth keeping: those that the own index pins, looked at with every new block.
async fn watch_pins(inner: std::sync::Weak<Inner>) {
    let Some(mut progress) = inner.upgrade().map(|inner| inner.progress.clone()) else { return };
    loop {
        let Some(inner) = inner.upgrade() else { return };
        match inner.oracle.index.all().await {
            Ok(views) => {
                let pinned = views.iter().flat_map(|view| {
                    let running = view.running().map(|row| row.metadata_hash);
                    running.into_iter().chain((!view.room.closed).then_some(view.room.metadata_hash))
                });
                inner.objects.want(pinned.filter(|hash| !hash.is_zero()).collect::<BTreeSet<_>>());
            }
            Err(error) => tracing::debug!(%error, "the own index does not say which objects count"),
        }
        drop(inner);
        if progress.changed().await.is_err() {
            return;
        }
    }
}
