//! One storing node: an object from another replica, its receipt once the daemon's store has synced it.

use anyhow::{Context, Result, bail};
use chacha20::ChaCha20Rng;
use pars_crypto::hash::random;
use pars_daemon::config::Network;
use pars_daemon::store::{Running, Store};
use pars_engine::io::{Input, Output};
use pars_proto::swarm::auth::Auth;
use pars_proto::swarm::command::Command;
use pars_proto::swarm::frame::{Body as FrameBody, Frame};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::store::Body;
use pars_wire::NodeId;
use pars_wire::limits::{BUCKET_S, DEFAULT_TTL_HOURS, ONION_ROOM};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::host::{Host, Mailboxes, NODES, Operator, WALL, source};
use crate::clock::{each, median, repeat_on};

/// Objects of one mailbox: below its quota of 256 a day.
const PER_MAILBOX: usize = 100;

/// CPU in ms of one object.
pub(super) fn measure(runs: usize, objects: usize) -> Result<f64> {
    let operators = Operator::some(NODES);
    let coordinator = operators.last().context("a node")?.registration.node;
    let (mut host, mut disk) = (Host::start(&operators)?, Disk::open()?);
    let (mut mailboxes, mut rng) = (Mailboxes::at_first(&operators)?, source(12));
    let costs = repeat_on(
        runs,
        |_| Ok(frames(coordinator, objects, &mut mailboxes, &mut rng)),
        |frames| disk.store(&mut host, frames),
    )?;
    let wall = median(&costs, |cost| cost.wall) / objects as f64;
    eprintln!("stores: {:.0}/s by the clock on the wall, the disk's syncs included", 1e3 / wall);
    Ok(each(&costs, objects))
}

fn frames(from: NodeId, count: usize, mailboxes: &mut Mailboxes, rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let mut frames = Vec::with_capacity(count);
    while frames.len() < count {
        let key = mailboxes.next();
        for _ in 0..PER_MAILBOX.min(count - frames.len()) {
            let body = FrameBody::Store(put(&key, rng));
            frames.push(Frame { request: frames.len() as u64, from, body }.encode());
        }
    }
    frames
}

/// A signed PUT of a new object, as one replica passes it to another.
pub(super) fn put(key: &DayKey, rng: &mut ChaCha20Rng) -> Body {
    let mut object = vec![6; BUCKET_S];
    object.iter_mut().zip(random::<32>(rng)).for_each(|(to, from)| *to = from);
    let command = Command::Put { flag: Flag::Pair, ttl_hours: DEFAULT_TTL_HOURS, auth: Auth::unsigned(), object };
    let command = command.signed(key, None, WALL, random(rng));
    let mut body = Box::new([0; ONION_ROOM]);
    body.iter_mut().zip(command.encode(0)).for_each(|(to, from)| *to = from);
    body
}

/// The daemon's store in a folder of its own.
pub(super) struct Disk {
    runtime: Runtime,
    running: Running,
    _folder: TempDir,
}

impl Disk {
    pub(super) fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("session.redb"), Network::Dev.chain_id())?;
        Ok(Self { runtime: Builder::new_current_thread().build()?, running: store.start()?, _folder: folder })
    }

    /// What needs the store's thread.
    pub(super) fn run<T>(&mut self, work: impl AsyncFnOnce(&mut Running) -> Result<T>) -> Result<T> {
        self.runtime.block_on(work(&mut self.running))
    }

    /// Give every frame to the engine as the daemon's loop does, until each has its receipt.
    fn store(&mut self, host: &mut Host, frames: Vec<Vec<u8>>) -> Result<()> {
        self.run(async |running| {
            let (wanted, mut receipts) = (frames.len(), 0);
            for frame in frames {
                receipts += carry_out(running, host.receive(frame)).await?;
                if running.committed.has_changed()? {
                    receipts += committed(running, host).await?;
                }
            }
            while receipts < wanted {
                running.committed.changed().await?;
                receipts += committed(running, host).await?;
            }
            Ok(())
        })
    }
}

async fn committed(running: &mut Running, host: &mut Host) -> Result<usize> {
    let upto = *running.committed.borrow_and_update();
    carry_out(running, host.handle(Input::Committed(upto))).await
}

/// Persists what is to be persisted; the number of receipts that left.
async fn carry_out(running: &Running, outputs: Vec<Output>) -> Result<usize> {
    let mut receipts = 0;
    for output in outputs {
        match output {
            Output::Persist(batch) => running.handle.persist(batch).await?,
            Output::Send { bytes, .. } => match Frame::decode(&bytes)?.body {
                FrameBody::Answer(Ok(_)) => receipts += 1,
                other => bail!("a receipt was expected, not {other:?}"),
            },
            other => bail!("a batch or a receipt was expected, not {other:?}"),
        }
    }
    Ok(receipts)
}
