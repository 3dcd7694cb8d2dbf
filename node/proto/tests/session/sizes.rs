//! Sizes to the byte (SESSION sections 3 and 4; THREATS T8).

use pars_proto::session::{Bucket, MessageKind, SendError};

use crate::world::{Person, below, called, draft, open, people, seeded, tools};

#[test]
fn an_init_and_its_two_companions_are_11_136_bytes_each() {
    let mut rng = seeded(1);
    let (alice, bob) = people(&mut rng);
    let mut call = alice.call(&bob, &mut rng);
    for n in 0..3 {
        let object = call.session.send(&draft(n, &vec![b'x'; 1_419]), &mut tools(&mut rng)).unwrap();
        assert_eq!(object.len(), 11_136);
        assert_eq!(object[..3], [1, 2, 1]);
        assert_eq!(object[3_179 + 6_432..][..2], [0, n as u8], "n stands behind prefix and sealed part");
    }
    for (index, companion) in call.companions.iter().enumerate() {
        assert_eq!(companion.len(), 11_136);
        assert_eq!((&companion[..2], &companion[18..20]), (&[1, 3][..], &[index as u8, 2][..]));
    }
    let refused = call.session.send(&draft(9, &vec![b'x'; 1_420]), &mut tools(&mut rng));
    assert_eq!(refused, Err(SendError::TooLong { length: 1_420, most: 1_419 }));
}

#[test]
fn the_largest_contents_of_the_table_fit_and_one_byte_more_takes_the_next_bucket() {
    let mut rng = seeded(2);
    let (alice, bob) = people(&mut rng);
    let (_, mut reply) = called(&alice, &bob, &mut rng);
    for (length, size) in [(0, 6_144), (1_278, 6_144), (1_279, 11_136), (6_270, 11_136)] {
        assert_eq!(reply.send(1, &vec![1; length]).len(), size, "REPLY of {length}");
    }
    assert_eq!(reply.try_send(1, &vec![1; 6_271]), Err(SendError::TooLong { length: 6_271, most: 6_270 }));

    let (mut message, mut peer) = open(&alice, &bob, &mut rng);
    for (length, size) in [(799, 6_144), (2_846, 6_144), (2_847, 11_136), (7_838, 11_136)] {
        let object = message.send(1, &vec![1; length]);
        assert_eq!(object.len(), size, "MSG of {length}");
        assert_eq!(peer.read(&object), vec![1; length]);
    }
    assert_eq!(message.try_send(1, &vec![1; 7_839]), Err(SendError::TooLong { length: 7_839, most: 7_838 }));
    assert!((0..40).map(|_| message.send(1, &[1; 798]).len()).all(|size| size == 4_096 || size == 6_144));
}

#[test]
fn only_bucket_sizes_leave_whatever_the_length_of_the_text() {
    let mut rng = seeded(3);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..900 {
        let text = vec![b'x'; below(&mut rng, 7_839) as usize];
        let object = at_alice.send(n, &text);
        assert_eq!(object[..2], [1, 1]);
        seen.insert(Bucket::of_size(object.len()).expect("a bucket's size"));
        assert_eq!(at_bob.read(&object), text);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), Bucket::ALL);
    assert_eq!(Bucket::S.capacity(MessageKind::Msg), Some(798));
}

#[test]
fn sealed_headers_look_random() {
    // Chi-squared over the byte values of sealed headers: 255 degrees of freedom, 0.001 quantile at 330.5.
    let mut rng = seeded(4);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, _) = open(&alice, &bob, &mut rng);
    let mut counts = [0_u32; 256];
    for n in 0..300 {
        for byte in &at_alice.send(n, b"same text")[2 + 16..2 + 16 + 3_230] {
            counts[usize::from(*byte)] += 1;
        }
    }
    let expected = f64::from(counts.iter().sum::<u32>()) / 256.0;
    let chi: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    assert!(chi < 330.5, "{chi}");
}

#[test]
fn two_objects_of_one_chain_share_nothing_but_version_and_kind() {
    let mut rng = seeded(5);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (mut at_alice, _) = open(&alice, &bob, &mut rng);
    let [first, second] = [1, 1].map(|n| at_alice.send(n, b"the same"));
    let windows: std::collections::BTreeSet<&[u8]> = first.windows(8).collect();
    assert!(!second.windows(8).any(|window| windows.contains(window)));
}
