//! Messages in the order in which they were written: what arrives before its predecessors waits for them a little while.
//!
//! A waiting message is durable (row of [`Table::Held`], key `contact32|sequence8`): the ratchet has moved on, so it could not be
//! read again. It gets its cursor when it is told. Whoever lost a message is not kept waiting for it: after [`EARLY_MS`] what
//! waits is told as it is, in its order.

use pars_identity::IdentityId;
use pars_wire::machine::Tick;

use super::history::Kept;
use super::receive::Digest;
use super::{Context, Effect, Member};
use crate::node::Ids;
use crate::store::{Change, Table};
use crate::vault;

/// How long a message waits for those before it, in ms: some polls.
const EARLY_MS: u64 = 5_000;
/// Messages that wait at once; beyond it nothing waits any longer.
const MAX_EARLY: usize = 256;

/// Contact and sequence.
pub(super) type Place = (IdentityId, u64);

/// Bytes of the key of a row; objects that wait for companions have 32.
pub(super) const KEY: usize = 40;

/// The key of a row.
fn key((contact, sequence): Place) -> [u8; KEY] {
    let mut key = [0; KEY];
    let (begin, end) = key.split_at_mut(32);
    begin.copy_from_slice(&contact.0);
    end.copy_from_slice(&sequence.to_be_bytes());
    key
}

/// A message of the history goes.
pub(super) fn drop_message(cursor: u64) -> Change {
    vault::drop_row(Table::Message, &cursor.to_be_bytes())
}

impl Member {
    /// Tell a message, and those that waited for it; or let it wait.
    pub(super) fn in_order(&mut self, cx: Context<'_, '_>, message: Kept, digest: &mut Digest) {
        let place = (message.peer, message.sequence);
        let next = self.desk.threads.get(&message.peer).map_or(0, |thread| thread.received).saturating_add(1);
        if message.sequence <= next || self.desk.early.contains_key(&place) {
            return self.file(cx, message, digest);
        }
        let row = vault::seal(&self.config.key, (Table::Held, &key(place)), &message.encode(), cx.rng);
        digest.changes.push(row);
        self.desk.early.insert(place, message);
        self.early.get_or_insert(cx.now.tick.after(EARLY_MS));
        if self.desk.early.len() >= MAX_EARLY {
            self.release_early(cx, digest);
        }
    }

    /// The time of what waits is over.
    pub(super) fn early_due(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        if self.early.take_if(|tick| *tick <= cx.now.tick).is_some() {
            let mut digest = Digest::default();
            self.release_early(cx, &mut digest);
            self.commit(cx, ids, digest.changes, digest.effects);
        }
    }

    fn release_early(&mut self, cx: Context<'_, '_>, digest: &mut Digest) {
        self.early = None;
        while let Some((place, message)) = self.desk.early.pop_first() {
            digest.changes.push(vault::drop_row(Table::Held, &key(place)));
            self.file(cx, message, digest);
        }
    }

    /// Give a message its cursor, and tell it when that is durable; then those whose predecessor it was.
    fn file(&mut self, cx: Context<'_, '_>, message: Kept, digest: &mut Digest) {
        let mut next = Some(message);
        while let Some(message) = next.take() {
            let (peer, sequence) = (message.peer, message.sequence);
            self.keep(cx, message, digest);
            let gone = self.desk.history.prune(peer);
            digest.changes.extend(gone.into_iter().map(drop_message));
            digest.changes.push(self.thread(cx, peer, |thread| thread.received = thread.received.max(sequence)));
            let follower = (peer, sequence.saturating_add(1));
            next = self.desk.early.remove(&follower);
            if next.is_some() {
                digest.changes.push(vault::drop_row(Table::Held, &key(follower)));
            }
        }
        if self.desk.early.is_empty() {
            self.early = None;
        }
    }

    /// Give what was received, a message or a gap, its place in the history; it is told when its row is durable.
    pub(super) fn keep(&mut self, cx: Context<'_, '_>, message: Kept, digest: &mut Digest) {
        let copy = message.clone();
        let cursor = self.desk.history.add(message);
        let place = (Table::Message, &cursor.to_be_bytes()[..]);
        digest.changes.push(vault::seal(&self.config.key, place, &copy.encode(), cx.rng));
        digest.effects.push(Effect::Tell(copy.event(cursor)));
    }

    /// What waited before a restart waits on.
    pub(super) fn resume_early(&mut self, now: Tick) {
        self.early = (!self.desk.early.is_empty()).then(|| now.after(EARLY_MS));
    }
}
