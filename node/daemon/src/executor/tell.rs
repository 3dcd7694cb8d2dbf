//! What authors are told: receipts, and a greeting. Whoever cannot be told keeps nobody waiting: a try is short, tries become
//! rare, and end.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use pars_crypto::hash::sha3;
use pars_engine::CommandId;
use pars_identity::IdentityId;
use pars_proto::action::ActionReceipt;
use pars_wire::codec::Wire;

use super::journal::Journal;
use super::mail::Mail;
use super::row::{Row, Told, Work};
use super::worker::{Fault, Worker};
use crate::driver::Stopped;

/// Tries at once.
const AT_ONCE: usize = 64;
/// Longest wait for the outcome of a try. A message that becomes durable later is known by its id in the next.
const TRY: Duration = Duration::from_millis(500);
/// Milliseconds before the second try; doubled each time.
const FIRST_PAUSE: u64 = 1_000;
/// Milliseconds between tries at most.
const LONGEST_PAUSE: u64 = 10 * 60 * 1_000;
/// Milliseconds after which nobody needs the answer any more: seven days.
const USEFUL: u64 = 7 * 86_400 * 1_000;

/// Tries that failed, to tell an author or to give the chain's node a transaction, by cursor. A restart forgets them and
/// tries at once.
#[derive(Debug, Default)]
pub(super) struct Tries(BTreeMap<u64, Try>);

#[derive(Clone, Copy, Debug)]
struct Try {
    /// Not before this time.
    next: u64,
    pause: u64,
}

impl Tries {
    /// When to try again.
    fn next(&self, at: u64) -> u64 {
        self.0.get(&at).map_or(0, |tried| tried.next)
    }

    /// Whether to try again now. A clock that was set back makes nobody wait longer than a pause.
    pub(super) fn is_due(&self, at: u64, now: u64) -> bool {
        let waits = |tried: &Try| (1..=tried.pause).contains(&tried.next.saturating_sub(now));
        !self.0.get(&at).is_some_and(waits)
    }

    pub(super) fn failed(&mut self, at: u64, now: u64) {
        let pause = self.0.get(&at).map_or(FIRST_PAUSE, |tried| (tried.pause * 2).min(LONGEST_PAUSE));
        self.0.insert(at, Try { next: now.saturating_add(pause), pause });
    }

    pub(super) fn done(&mut self, at: u64) {
        self.0.remove(&at);
    }

    /// Only rows that are still open are remembered.
    fn keep(&mut self, journal: &Journal) {
        self.0.retain(|at, _| journal.row(*at).is_some_and(Row::is_open));
    }
}

/// Something to be said.
enum Answer {
    /// A receipt, and how much it tells.
    Receipt(Told, Vec<u8>),
    Greeting,
}

fn owed(row: &Row) -> Option<Answer> {
    if row.work == Work::Greet {
        return Some(Answer::Greeting);
    }
    let bytes = row.receipt.as_ref()?;
    let is_final = ActionReceipt::decode(bytes).is_ok_and(|receipt| receipt.is_final());
    let stage = if is_final { Told::End } else { Told::Included };
    (row.told < stage).then(|| Answer::Receipt(stage, bytes.to_vec()))
}

/// Tell every author what it does not know yet, all at once; those first who waited longest since their last try.
pub(super) async fn tell<M: Mail>(worker: &mut Worker<M>) -> Result<(), Fault> {
    let now = worker.mail.now();
    worker.tries.keep(&worker.journal);
    let mut due: Vec<_> = worker
        .journal
        .open_rows()
        .into_iter()
        .filter(|(at, _)| worker.tries.is_due(*at, now))
        .filter_map(|(at, row)| owed(&row).map(|answer| (at, row, answer)))
        .collect();
    due.sort_by_key(|(at, ..)| worker.tries.next(*at));
    due.truncate(AT_ONCE);
    let mail = &worker.mail;
    let said = join_all(due.iter().map(|(_, row, answer)| say(mail, row, answer))).await;
    for ((at, row, answer), said) in due.into_iter().zip(said) {
        note(worker, at, row, &answer, (said?, now))?;
    }
    Ok(())
}

async fn say<M: Mail>(mail: &M, row: &Row, answer: &Answer) -> Result<bool, Stopped> {
    let to = IdentityId(row.author);
    let said = async {
        match answer {
            Answer::Receipt(stage, bytes) => mail.send(command(row, *stage), to, bytes.clone()).await,
            Answer::Greeting => mail.greet(to).await,
        }
    };
    tokio::time::timeout(TRY, said).await.unwrap_or(Ok(false))
}

/// What came of a try.
fn note<M>(worker: &mut Worker<M>, at: u64, row: Row, answer: &Answer, (said, now): (bool, u64)) -> Result<(), Fault> {
    let is_late = now.saturating_sub(row.since) >= USEFUL;
    if !said && !is_late {
        worker.tries.failed(at, now);
        return Ok(());
    }
    if !said {
        tracing::warn!(cursor = at, "an author could not be told for seven days; given up");
    }
    worker.tries.done(at);
    match answer {
        Answer::Greeting => worker.journal.remove(at)?,
        Answer::Receipt(..) if is_late => worker.journal.put(at, Row { told: Told::End, ..row })?,
        Answer::Receipt(stage, _) => worker.journal.put(at, Row { told: *stage, ..row })?,
    }
    Ok(())
}

/// The same for the same message and stage, whenever it is told.
fn command(row: &Row, stage: Told) -> CommandId {
    let hash = sha3(&[b"executor receipt", &row.id, &[stage as u8]]);
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    CommandId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rare_but_never_rarer_than_ten_minutes() {
        let mut tries = Tries::default();
        assert_eq!(tries.next(7), 0);
        let mut now = 0;
        let pauses: Vec<u64> = (0..12)
            .map(|_| {
                tries.failed(7, now);
                let pause = tries.next(7) - now;
                now += pause;
                pause
            })
            .collect();
        assert_eq!(pauses[..4], [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(pauses[11], LONGEST_PAUSE);
        assert_eq!(tries.next(8), 0, "another row is not concerned");
        assert!(tries.is_due(7, now) && tries.is_due(8, now));
        assert!(!tries.is_due(7, now - 1) && !tries.is_due(7, now - LONGEST_PAUSE));
        assert!(tries.is_due(7, now - LONGEST_PAUSE - 1), "a clock that was set back");
        tries.done(7);
        assert_eq!(tries.next(7), 0);
    }
}
