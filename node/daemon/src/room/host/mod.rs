//! The host's role of a daemon: sittings that its account opens are hosted here until they are over, also after a restart.
//!
//! ```text
//! keys made ─ kept sealed ─ setMetadata, openSitting ─ final ─ object put to service nodes ─ hosted ─ over ─ keys erased
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`kept`] | a sitting's secrets on disk |
//! | [`run`] | the task that drives the machine |
//! | [`sfu`] | tokens and orders for the SFU |

pub mod kept;
pub mod run;
pub mod sfu;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::B256;
use alloy::primitives::aliases::U40;
use alloy::sol_types::SolCall;
use futures::future::BoxFuture;
use pars_bindings::TownHall::{multicallCall, openSittingCall, setMetadataCall};
use pars_identity::id::IdentityId;
use pars_indexer::RoomView;
use pars_proto::room::{
    AgendaItem, Backend, Description, Front, HostEntry, HostSecrets, Line, LineError, Metadata, MetadataError, Reach,
    SfuEntry,
};
use pars_rpc::room as rpc;
use pars_wire::codec::Wire;
use pars_wire::{RoomId, SittingId};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::kept::{Folder, Kept, KeptError};
use self::sfu::Sfu;
use super::facts::{FactsError, Oracle, Running};
use super::objects::{ObjectClient, Objects};
use super::tunnel::serve::Listener;
use crate::chain::Progress;
use crate::chain::transact::{Sender, TransactError};
use crate::clock;
use crate::driver::SUITE;
use crate::net::capture::Capture;
use crate::random;

/// Pause before something is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How often an order to the SFU is tried.
const ATTEMPTS: u32 = 20;
/// After the end, for what was said last.
const LAST: Duration = Duration::from_millis(500);
/// How often the object is given to the service nodes again: they forget it when they restart.
const AGAIN: Duration = Duration::from_secs(30);
/// How long the own index may take to see a room that was just made.
const KNOWN: Duration = Duration::from_secs(15);
/// How long the own index may take to see a sitting as final.
const FINAL: Duration = Duration::from_secs(120);
/// Seconds of the chain's clock after which no reorganisation brings an older time back.
const SETTLED: u64 = 3_600;

/// Why a sitting is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A text of the description.
    #[error("title, agenda or languages: {0}")]
    Line(#[from] LineError),
    /// Too much of it.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// No port.
    #[error("no port for tunnels: {0}")]
    Bind(#[from] std::io::Error),
    /// The disk.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The chain, before anything was sent.
    #[error(transparent)]
    Transact(TransactError),
    /// The chain, after that.
    #[error("{0}; if the sitting was opened, this daemon hosts it")]
    Unsure(TransactError),
    /// The index.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// No such time.
    #[error("the end of the sitting is no time that the contract takes")]
    Time,
    /// Not in time.
    #[error("the sitting was opened, and its block is not final yet; the daemon goes on")]
    Late,
}

/// Everything the role needs.
#[derive(Clone, Debug)]
pub struct Hosting {
    /// Who opens sittings.
    pub sender: Arc<Sender>,
    /// The SFU.
    pub sfu: Sfu,
    /// The own index.
    pub oracle: Oracle,
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
    /// Objects that are held here.
    pub objects: Objects,
    /// The service nodes.
    pub client: ObjectClient,
    /// Secrets on disk.
    pub folder: Folder,
    /// Where what tunnels carry is written down.
    pub capture: Option<Capture>,
    tasks: Arc<Mutex<BTreeMap<kept::Name, Hosted>>>,
}

#[derive(Debug)]
struct Hosted {
    task: JoinHandle<()>,
    taken: watch::Receiver<Option<u16>>,
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The parts of [`Hosting`] that come from elsewhere.
#[derive(Debug)]
pub struct HostingParts {
    /// Who opens sittings.
    pub sender: Arc<Sender>,
    /// The SFU.
    pub sfu: Sfu,
    /// The own index.
    pub oracle: Oracle,
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
    /// Objects.
    pub objects: (Objects, ObjectClient),
    /// Secrets on disk.
    pub folder: Folder,
    /// Where what tunnels carry is written down; nowhere off the development network.
    pub capture: Option<Capture>,
}

impl Hosting {
    /// The role; sittings that were hosted before a restart go on.
    pub fn start(parts: HostingParts) -> Self {
        let HostingParts { sender, sfu, oracle, progress, objects: (objects, client), folder, capture } = parts;
        let hosting = Self { sender, sfu, oracle, progress, objects, client, folder, capture, tasks: Arc::default() };
        hosting.folder.all().into_iter().for_each(|kept| hosting.host(kept, None));
        hosting
    }

    /// End every hosted sitting's task; what is kept stays.
    pub fn stop(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Seats taken in a sitting; none: it is not hosted here.
    pub fn taken(&self, name: kept::Name) -> Option<u16> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = &tasks.get(&name)?.taken;
        // Whoever hosts no more counts no more.
        taken.has_changed().ok()?;
        *taken.borrow()
    }

    /// Open a sitting and host it; returns when it is final in the own index. Its keys are kept until it is over, or certainly was
    /// not opened.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(&self, call: &rpc::HostSitting, identity: IdentityId) -> Result<(SittingId, B256), OpenError> {
        let room = RoomId(call.room.0.into());
        let view = self.known(room).await?;
        let ends_at = pars_bindings::typed::seconds40(call.ends_at).ok_or(OpenError::Time)?;
        let description = description(call)?;
        let secrets = HostSecrets::generate(SUITE, &mut random::system());
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), secrets.seeds().1)?;
        let metadata = self.metadata(room, &secrets, (identity, listener.address), description)?;
        let hash = metadata.hash();
        let (address, object) = (listener.address, metadata.encode());
        let kept = Kept { room, secrets, address, object, bans: Vec::new() };
        // Before the chain hears of it: a crash in between leaves keys that nobody names, not a sitting without keys.
        let folder = self.folder.clone();
        let copy = kept.clone();
        let written = tokio::task::spawn_blocking(move || folder.keep(&copy)).await;
        written.map_err(|_| OpenError::Late)??;
        let before = view.sitting.map_or(0, |row| row.sitting_id.0);
        // Before the chain hears of it, too: whoever asked may go away meanwhile.
        self.host(kept, Some(listener));
        match self.transact(room, hash, ends_at).await {
            Ok(()) => {}
            Err(error) if error.was_sent() => return Err(OpenError::Unsure(error)),
            Err(error) => {
                self.unhost((room, hash));
                return Err(OpenError::Transact(error));
            }
        }
        let sitting = tokio::time::timeout(FINAL, self.seen(room, hash, before)).await;
        sitting.map_err(|_| OpenError::Late)?.map(|running| (running.sitting.scope.sitting, hash))
    }

    /// A room that was made a moment ago is not in the own index yet: waited for, not for long.
    async fn known(&self, room: RoomId) -> Result<RoomView, FactsError> {
        let mut progress = self.progress.clone();
        let found = async {
            loop {
                match self.oracle.room(room).await {
                    Err(FactsError::UnknownRoom) if progress.changed().await.is_ok() => {}
                    other => return other,
                }
            }
        };
        tokio::time::timeout(KNOWN, found).await.unwrap_or(Err(FactsError::UnknownRoom))
    }

    async fn transact(&self, room: RoomId, hash: B256, ends_at: U40) -> Result<(), TransactError> {
        let set = setMetadataCall { roomId: room.0, metadataHash: hash }.abi_encode();
        let open = openSittingCall { roomId: room.0, endsAt: ends_at }.abi_encode();
        let call = multicallCall { calls: vec![set.into(), open.into()] };
        let receipt = self.sender.send(self.oracle.deployment().town_hall, &call).await?;
        self.sender.finality(receipt.block_number.unwrap_or_default()).await
    }

    /// Wait until the own index shows the sitting as running and final.
    async fn seen(&self, room: RoomId, hash: B256, before: u64) -> Result<Running, OpenError> {
        let mut progress = self.progress.clone();
        loop {
            match self.oracle.running(room).await {
                Ok(running) if running.metadata == hash && running.sitting.scope.sitting.0 > before => {
                    return Ok(running);
                }
                Ok(_) | Err(FactsError::NoSitting) => {}
                Err(error) => return Err(error.into()),
            }
            if progress.changed().await.is_err() {
                return Err(OpenError::Late);
            }
        }
    }

    fn metadata(
        &self,
        room: RoomId,
        secrets: &HostSecrets,
        (session, address): (IdentityId, SocketAddr),
        description: Description,
    ) -> Result<Metadata, OpenError> {
        let host = HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session, reach: Reach::Direct(address) };
        let sfu = SfuEntry {
            backend: if self.sfu.fingerprint == [0; 32] { Backend::LiveKit } else { Backend::Own },
            region: Line::new("here")?,
            address: Line::new(self.sfu.address())?,
        };
        // Rises with every object of a room, also after a restart.
        let seq = u32::try_from(clock::milliseconds() / 1_000).unwrap_or(u32::MAX);
        Ok(Metadata::public(Front { room, seq, hosts: vec![host], sfus: vec![sfu] }, description)?)
    }

    /// Host what is kept, in a task of its own; without a listener on the port that its metadata names.
    fn host(&self, kept: Kept, listener: Option<Listener>) {
        let (hosting, name) = (self.clone(), kept.name());
        let (tell, taken) = watch::channel(None);
        let task = tokio::spawn(async move { hosting.hosted(kept, listener, tell).await });
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|_, hosted| !hosted.task.is_finished());
        tasks.insert(name, Hosted { task, taken });
    }

    /// No sitting with these keys can have been opened.
    fn unhost(&self, name: kept::Name) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        self.folder.forget(name);
    }

    async fn hosted(self, kept: Kept, listener: Option<Listener>, taken: watch::Sender<Option<u16>>) {
        let (room, hash) = kept.name();
        let Some(running) = self.awaited(&kept).await else {
            tracing::info!("a kept sitting is over, or was never opened; its keys are erased");
            return self.folder.forget((room, hash));
        };
        let mut listener = match listener {
            Some(listener) => listener,
            None => again(&kept).await,
        };
        listener.capture = self.capture.clone();
        let object: Arc<[u8]> = kept.object.as_slice().into();
        let (objects, client) = (self.objects.clone(), self.client.clone());
        let put: BoxFuture<'static, ()> = Box::pin(async move {
            loop {
                objects.hold(&object);
                let held = client.put(object.clone()).await;
                tokio::time::sleep(if held > 0 { AGAIN } else { RETRY }).await;
            }
        });
        let (oracle, sfu, progress) = (self.oracle.clone(), self.sfu.clone(), self.progress.clone());
        let parts = run::Parts { oracle, sfu, progress, running, folder: self.folder.clone(), taken };
        let hosted: BoxFuture<'static, _> = Box::pin(run::run(parts, kept, listener));
        tokio::select! {
            result = hosted => match result {
                Ok(true) => self.folder.forget((room, hash)),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "a sitting is not hosted"),
            },
            () = put => {}
        }
    }

    /// The kept sitting, once it is final; none when the own index says, at its head and for a while, that it is over or cannot
    /// be opened any more.
    async fn awaited(&self, kept: &Kept) -> Option<Running> {
        let (room, hash) = kept.name();
        let ends_at = ends_at(kept);
        let mut progress = self.progress.clone();
        let begun = clock::milliseconds();
        loop {
            match self.oracle.running(room).await {
                Ok(running) if running.metadata == hash => return Some(running),
                _ => {}
            }
            let late =
                clock::milliseconds().saturating_sub(begun) > u64::try_from(FINAL.as_millis()).unwrap_or(u64::MAX);
            let over = self.oracle.room(room).await.is_ok_and(|view| {
                let newest = view.sitting.as_ref().map(|row| (row.metadata_hash, view.running().is_some()));
                is_over(newest, hash, (view.head_time, ends_at))
            });
            if late && over && progress.borrow().synced {
                return None;
            }
            // Looked at again with the next block, or soon.
            let _ = tokio::time::timeout(if late { AGAIN } else { RETRY }, progress.changed()).await;
        }
    }
}

/// The end of a kept sitting, as its object says it; 0: no object of ours.
fn ends_at(kept: &Kept) -> u64 {
    let metadata = Metadata::open(&kept.object, &kept.name().1, kept.room).ok();
    let description = metadata.and_then(|metadata| metadata.description(None).ok());
    description.map_or(0, |description| description.ends_at)
}

/// Whether the sitting with a hash is over or never comes; `newest`: hash of the room's newest sitting, and whether it runs. The
/// index shows no older ones, and what was sent may be mined late: another sitting, or none, says only after the planned end
/// that this one was not opened, because the contract opens none whose end has passed.
fn is_over(newest: Option<(B256, bool)>, hash: B256, (head_time, ends_at): (u64, u64)) -> bool {
    match newest {
        Some((newest, runs)) if newest == hash => !runs,
        _ => head_time >= ends_at.saturating_add(SETTLED),
    }
}

/// The port of a sitting that was hosted here; connections of before may hold it for a while.
async fn again(kept: &Kept) -> Listener {
    loop {
        match Listener::bind(kept.address, kept.secrets.seeds().1) {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%error, "a sitting that was hosted here waits for its port"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn description(call: &rpc::HostSitting) -> Result<Description, LineError> {
    let item = |item: &rpc::AgendaItem| Ok(AgendaItem { minutes: item.minutes, text: Line::new(&item.text)? });
    Ok(Description {
        title: Line::new(&call.title)?,
        agenda: call.agenda.iter().map(item).collect::<Result<_, LineError>>()?,
        languages: call.languages.iter().map(|tag| Line::new(tag)).collect::<Result<_, LineError>>()?,
        starts_at: 0,
        ends_at: call.ends_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_erased_only_when_their_sitting_is_over_or_can_be_opened_no_more() {
        let (ours, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let (ends_at, for_good) = (10_000, 10_000 + SETTLED);
        for (what, newest, head_time, over) in [
            ("it runs", Some((ours, true)), ends_at - 1, false),
            ("it was closed, or its end has come", Some((ours, false)), ends_at - 1, true),
            ("it was not opened yet", None, ends_at - 1, false),
            ("its end has come in a block that may go again", None, ends_at, false),
            ("its end has come for good", None, for_good, true),
            ("another one runs", Some((other, true)), ends_at - 1, false),
            ("another one is over", Some((other, false)), ends_at - 1, false),
            ("another one is there, and its end has come for good", Some((other, true)), for_good, true),
        ] {
            assert_eq!(is_over(newest, ours, (head_time, ends_at)), over, "{what}");
        }
    }
}
