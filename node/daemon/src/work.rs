//! Proof of work: searched piece by piece on threads that may block, a few questions at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pars_engine::io::QuestionId;
use pars_proto::swarm::hashcash::Work;
use tokio::sync::{Semaphore, mpsc};

use crate::random;

/// Nonces tried between two looks at whether the daemon ends: a few milliseconds.
const PIECE: u64 = 1 << 15;
/// Answers that wait for the driver.
const ANSWERS: usize = 64;

/// A nonce that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Solved {
    /// Of which question.
    pub id: QuestionId,
    /// The nonce.
    pub nonce: [u8; 8],
}

/// Searches nonces. Dropping it ends every search.
#[derive(Debug)]
pub struct Worker {
    threads: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
    answers: mpsc::Sender<Solved>,
}

impl Worker {
    /// A worker that uses all processors but one, and where its answers come.
    pub fn new() -> (Self, mpsc::Receiver<Solved>) {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = Arc::new(Semaphore::new(processors.saturating_sub(1).max(1)));
        let (answers, receiver) = mpsc::channel(ANSWERS);
        (Self { threads, stop: Arc::default(), answers }, receiver)
    }

    /// Search a nonce; the engine bounds how many questions are open.
    pub fn search(&self, id: QuestionId, work: Work, bits: u8) {
        let (threads, stop, answers) = (self.threads.clone(), self.stop.clone(), self.answers.clone());
        tokio::spawn(async move {
            let Ok(_permit) = threads.acquire().await else { return };
            let nonce = tokio::task::spawn_blocking(move || find(work, bits, &stop)).await;
            if let Ok(Some(nonce)) = nonce {
                // The driver may have ended.
                let _ = answers.send(Solved { id, nonce }).await;
            }
        });
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.close();
    }
}

fn find(work: Work, bits: u8, stop: &AtomicBool) -> Option<[u8; 8]> {
    let mut start = u64::from_be_bytes(random::bytes());
    while !stop.load(Ordering::Relaxed) {
        if let Some(nonce) = work.search(bits, start, PIECE) {
            return Some(nonce);
        }
        start = start.wrapping_add(PIECE);
    }
    None
}

#[cfg(test)]
mod tests {
    use pars_proto::swarm::mailbox::{ObjectId, Tag};

    use super::*;

    #[tokio::test]
    async fn a_nonce_is_found_and_an_endless_search_ends_with_the_worker() {
        let (worker, mut answers) = Worker::new();
        let work = Work { tag: Tag([1; 32]), object: ObjectId([2; 32]), beacon: [3; 32] };
        worker.search(QuestionId(7), work, 8);
        let solved = answers.recv().await.unwrap();
        assert_eq!(solved.id, QuestionId(7));
        assert!(work.effort(&solved.nonce) >= 8);
        worker.search(QuestionId(8), work, 200);
        drop(worker);
        assert!(answers.recv().await.is_none(), "every sender is gone once the search has ended");
    }
}
