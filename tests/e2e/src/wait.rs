//! Waiting for something to become observable.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use anyhow::{Result, bail};

use crate::report::Stopwatch;

/// Generous: a loaded machine is slow, a broken system never gets there.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A moment in which people see that something happened, before they try again.
pub const MOMENT: Duration = Duration::from_millis(300);

const PAUSE: Duration = Duration::from_millis(25);

/// How often the user asked this program to end.
static ASKED_TO_END: AtomicUsize = AtomicUsize::new(0);

/// The user asked this program to end: every wait ends, so that what still starts can be taken down. Asked again, programs
/// that were asked to end themselves are killed ([`crate::process::Process::stop`]).
pub fn ask_to_end() {
    ASKED_TO_END.fetch_add(1, Ordering::SeqCst);
}

/// How often that was.
pub fn asked_to_end() -> usize {
    ASKED_TO_END.load(Ordering::SeqCst)
}

/// Asks again and again until there is an answer; gives up after [`PATIENCE`] with what was waited for and the last
/// failure. Asked to end, it gives up at once.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Stopwatch::start();
    loop {
        let last = match look() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if asked_to_end() > 0 {
            bail!("asked to end while waiting for {what}");
        }
        if started.elapsed() > PATIENCE {
            match last {
                Some(error) => return Err(error.context(format!("waited for {what} in vain"))),
                None => bail!("waited for {what} in vain"),
            }
        }
        moment(PAUSE);
    }
}

/// Lets time pass: between two looks, or to place a random fault. Nothing is right or wrong because of its length. (Nobody
/// sends on this channel.)
pub fn moment(pause: Duration) {
    let (_sender, receiver) = mpsc::sync_channel::<()>(1);
    let _ = receiver.recv_timeout(pause);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_comes_later_is_waited_for() {
        let mut looks = 0;
        let answer = until("the third look", || {
            looks += 1;
            if looks == 2 {
                bail!("not yet");
            }
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(answer.unwrap(), 3);
    }
}
