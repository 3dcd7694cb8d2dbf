//! The witness of a whole process, in a process of its own: it sees what every thread seals (THREATS P5).

use std::thread;

use pars_crypto::aead::{HeaderKey, RandomNonce};
use pars_crypto::witness::Everywhere;

fn seal(key: u8, nonce: u8) {
    let sealed = HeaderKey::from_bytes([key; 32]).seal(RandomNonce::of_object(&[nonce; 16]), b"", b"");
    assert_eq!(sealed.len(), 16);
}

fn seal_on_another_thread(key: u8, nonce: u8) {
    thread::spawn(move || seal(key, nonce)).join().unwrap();
}

#[test]
fn a_pair_that_two_threads_sealed_under_is_seen_while_the_witness_lasts() {
    seal(1, 1);
    let first = Everywhere::begin();
    seal(1, 1);
    seal_on_another_thread(1, 2);
    seal_on_another_thread(2, 1);
    assert_eq!((first.sealed(), first.repeated()), (3, 0));
    seal_on_another_thread(1, 1);
    assert_eq!((first.sealed(), first.repeated()), (4, 1));

    let second = Everywhere::begin();
    drop(first);
    seal_on_another_thread(1, 1);
    assert_eq!((second.sealed(), second.repeated()), (1, 0), "the newest notes, whichever ends");
    drop(second);
    seal_on_another_thread(1, 1);
    assert_eq!(Everywhere::begin().sealed(), 0);
}
