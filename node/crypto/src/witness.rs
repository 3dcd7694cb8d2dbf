//! Whether one key ever met one nonce twice (THREATS P5): debug builds can write down every pair that AES-256-GCM sealed under.
//! And how much was done (T3, P3): how often each primitive that depends on a secret was called.
//!
//! A test begins a [`Witness`] on its thread; from then on each seal on that thread is noted, as the first 16 bytes of a hash
//! over key and nonce, and each call is counted. [`Everywhere`] notes the seals of all threads: those of whole daemons. Release
//! builds hold none of this: nothing is noted there, and a witness counts nothing.
//!
//! Not here: pairs that open, which may happen any number of times; streams of the onion, whose keys serve one text only.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Under which pairs was sealed.
#[derive(Debug, Default)]
struct Pairs {
    met: BTreeSet<[u8; 16]>,
    sealed: u64,
    repeated: u64,
}

impl Pairs {
    fn note(&mut self, pair: [u8; 16]) {
        self.sealed += 1;
        self.repeated += u64::from(!self.met.insert(pair));
    }
}

/// What was seen on a thread.
#[derive(Debug, Default)]
struct Seen {
    pairs: Pairs,
    work: Work,
}

/// Calls of primitives that work with a secret, and of signature checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Derivations: each KDF, expansion and step of a chain key.
    pub derived: u64,
    /// Agreements of X25519.
    pub agreed: u64,
    /// Decapsulations of ML-KEM.
    pub decapsulated: u64,
    /// Attempts to open a text sealed by AES-256-GCM.
    pub opened: u64,
    /// Ed25519 signatures checked, alone or as the first half of a hybrid one.
    pub verified: u64,
}

thread_local! {
    /// The newest witness of this thread.
    static NEWEST: RefCell<Option<Rc<RefCell<Seen>>>> = const { RefCell::new(None) };
}

/// The newest witness of the whole process.
static EVERYWHERE: Mutex<Option<Arc<Mutex<Pairs>>>> = Mutex::new(None);

/// A thread that panicked leaves whole figures behind: each is changed by itself.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes every seal of its thread until it is dropped or another one begins there.
#[derive(Debug)]
pub struct Witness(Rc<RefCell<Seen>>);

impl Witness {
    /// From now on.
    pub fn begin() -> Self {
        let seen = Rc::default();
        NEWEST.with_borrow_mut(|newest| *newest = Some(Rc::clone(&seen)));
        Self(seen)
    }

    /// Texts sealed since; 0 in a release build.
    pub fn sealed(&self) -> u64 {
        self.0.borrow().pairs.sealed
    }

    /// Calls counted since; none in a release build.
    pub fn work(&self) -> Work {
        self.0.borrow().work
    }

    /// Texts of these whose key had sealed under the same nonce before.
    pub fn repeated(&self) -> u64 {
        self.0.borrow().pairs.repeated
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        NEWEST.with_borrow_mut(|newest| {
            newest.take_if(|newest| Rc::ptr_eq(newest, &self.0));
        });
    }
}

/// Notes every seal of its process, on whatever thread, until it is dropped or another one begins. It counts no work. Tests that
/// run beside it in the process (`cargo test`, not nextest) are noted too.
#[derive(Debug)]
pub struct Everywhere(Arc<Mutex<Pairs>>);

impl Everywhere {
    /// From now on.
    pub fn begin() -> Self {
        let pairs = Arc::default();
        *locked(&EVERYWHERE) = Some(Arc::clone(&pairs));
        Self(pairs)
    }

    /// Texts sealed since; 0 in a release build.
    pub fn sealed(&self) -> u64 {
        locked(&self.0).sealed
    }

    /// Texts of these whose key had sealed under the same nonce before.
    pub fn repeated(&self) -> u64 {
        locked(&self.0).repeated
    }
}

impl Drop for Everywhere {
    fn drop(&mut self) {
        locked(&EVERYWHERE).take_if(|newest| Arc::ptr_eq(newest, &self.0));
    }
}

/// A text is sealed under this pair. Inlined to nothing in a release build.
#[inline]
pub(crate) fn note(key: &[u8; 32], nonce: &[u8; 12]) {
    if cfg!(debug_assertions) {
        let pair = || {
            let hash = blake3::Hasher::new().update(key).update(nonce).finalize();
            let [pair @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *hash.as_bytes();
            pair
        };
        NEWEST.with_borrow(|newest| {
            if let Some(seen) = newest {
                seen.borrow_mut().pairs.note(pair());
            }
        });
        if let Some(pairs) = &*locked(&EVERYWHERE) {
            locked(pairs).note(pair());
        }
    }
}

/// A primitive is called. Inlined to nothing in a release build.
#[inline]
pub(crate) fn count(one: impl FnOnce(&mut Work)) {
    if cfg!(debug_assertions) {
        NEWEST.with_borrow(|newest| {
            if let Some(seen) = newest {
                one(&mut seen.borrow_mut().work);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_that_comes_twice_is_seen_and_other_pairs_are_not() {
        let witness = Witness::begin();
        note(&[1; 32], &[1; 12]);
        note(&[1; 32], &[2; 12]);
        note(&[2; 32], &[1; 12]);
        assert_eq!((witness.sealed(), witness.repeated()), (3, 0));
        note(&[1; 32], &[2; 12]);
        assert_eq!((witness.sealed(), witness.repeated()), (4, 1));
    }

    #[test]
    fn a_witness_counts_from_its_beginning_to_its_end_or_to_the_next_one() {
        note(&[1; 32], &[1; 12]);
        let first = Witness::begin();
        let second = Witness::begin();
        note(&[1; 32], &[1; 12]);
        drop(first);
        note(&[1; 32], &[3; 12]);
        assert_eq!((second.sealed(), second.repeated()), (2, 0));
        drop(second);
        note(&[1; 32], &[1; 12]);
        let third = Witness::begin();
        assert_eq!(third.sealed(), 0);
    }
}
