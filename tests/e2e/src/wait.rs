//! Waiting for something to become observable.

use std::{sync::mpsc, time::Duration};

use anyhow::{Result, bail};

use crate::report::Stopwatch;

/// Generous: a loaded machine is slow, a broken system never gets there.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A moment in which people see that something happened, before they try again.
pub const MOMENT: Duration = Duration::from_millis(300);

const PAUSE: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer; gives up after [`PATIENCE`] with what was waited for and the last
/// failure.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Stopwatch::start();
    loop {
        let last = match look() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
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
    let (_sender, receiver) = mpsc::channel::<()>();
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
