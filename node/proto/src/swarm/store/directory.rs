//! DIR_PUT and DIR_GET at a node.

use pars_wire::codec::{Day, Hour, Minute};
use pars_wire::limits::MIN_HASHCASH_BITS;

use super::super::command::{Command, Op};
use super::super::directory::{Held, TTL_DAYS, What, tag};
use super::super::frame::Body as FrameBody;
use super::super::mailbox::ObjectId;
use super::super::placement::first_day;
use super::super::reply::{Items, Reply, Status};
use super::rows::Row;
use super::{Context, Store, StoreOut, passed_on};

impl Store {
    /// File a record that verifies, and pass it to this week's other nodes if it was new.
    pub(super) fn directory_put(&mut self, cx: Context<'_, '_>, command: &Command, tell: bool) -> Status {
        self.file(cx, command, tell).err().unwrap_or(Status::Ok)
    }

    fn file(&mut self, cx: Context<'_, '_>, command: &Command, tell: bool) -> Result<(), Status> {
        let Command::DirPut { identity, nonce, record } = command else { return Err(Status::Refused) };
        let now = cx.now.wall;
        let week = Day::at(now).week();
        let tag = tag(identity, week);
        let peers = self.peers(&tag, first_day(week))?;
        let held = self.held(identity);
        if held.is_empty() && self.work_done(&tag, &ObjectId::of(&tag, record), nonce, now) < MIN_HASHCASH_BITS {
            return Err(Status::Effort);
        }
        if self.bytes + record.len() > self.config.capacity {
            return Err(Status::Full);
        }
        let filed = self.records.file(identity, record, &held, now).map_err(|_| Status::Refused)?;
        let expiry = Hour::at(now).plus(TTL_DAYS * 24);
        let mut rows = Vec::new();
        let mut changed = false;
        for item in filed {
            changed |= held.get(&item.what) != Some(&item.record);
            rows.push(Row::record(identity, item.what, expiry, &item.record));
            self.bytes += item.record.len();
            let old = self.identities.entry(*identity).or_default().insert(item.what, (expiry, item.record));
            self.bytes = self.bytes.saturating_sub(old.map_or(0, |(_, record)| record.len()));
        }
        cx.out.push(StoreOut::Persist(rows));
        if tell && changed {
            let body = passed_on(command);
            peers.into_iter().for_each(|peer| self.send(cx, peer, 0, FrameBody::Store(body.clone())));
        }
        Ok(())
    }

    fn held(&self, identity: &[u8; 32]) -> Held {
        let records = self.identities.get(identity).into_iter().flatten();
        records.map(|(what, (_, record))| (*what, record.clone())).collect()
    }

    /// The record of a slot; of a leaf its batch first, and the last resort where the day has none.
    pub(super) fn directory_get(&mut self, cx: Context<'_, '_>, identity: &[u8; 32], what: What, surbs: Vec<Vec<u8>>) {
        let record =
            |what: &What| self.identities.get(identity).and_then(|slots| slots.get(what)).map(|(_, r)| r.clone());
        let records = match what {
            What::Leaf(slot, day) => {
                let leaf = record(&What::Leaf(slot, day)).or_else(|| record(&What::Leaf(slot, Day(0))));
                record(&What::Batch(slot)).zip(leaf).map(|(batch, leaf)| vec![batch, leaf])
            }
            other => record(&other).map(|record| vec![record]),
        };
        let items = Items::Records(records.unwrap_or_default());
        let reply = Reply { items, ..Reply::bare(Op::DirGet, Status::Ok, Minute::at(cx.now.wall)) };
        super::reply(cx, surbs, &reply);
    }

    pub(super) fn expire_records(&mut self, now: Hour, rows: &mut Vec<Row>) {
        for (identity, slots) in &mut self.identities {
            slots.retain(|what, (expiry, record)| {
                let live = *expiry > now;
                if !live {
                    self.bytes = self.bytes.saturating_sub(record.len());
                    rows.push(Row::drop_record(identity, *what));
                }
                live
            });
        }
        self.identities.retain(|_, slots| !slots.is_empty());
    }
}
