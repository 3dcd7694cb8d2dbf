//! Prekey batches: days, ends, erasure, upload (SESSION section 2, THREATS I6).

use pars_crypto::merkle::Tree;
use pars_identity::RecordError;
use pars_identity::prekey::leaf::{LeafWithPath, Prekey};
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::prekey::{LEAVES, PrekeyBatch};
use pars_wire::codec::{DecodeError, Wire};

use crate::cast::{Person, SUITE, TODAY, noon};

#[test]
fn a_daily_leaf_is_valid_from_an_hour_before_its_day_to_an_hour_after() {
    let bob = Person::new(1);
    for (index, leaf) in bob.prekeys.published().iter().take(14).enumerate() {
        let day = TODAY.plus(index as u32);
        let start = day.first_hour();
        assert_eq!(leaf.prekey().day(), Some(day));
        for (hour, valid) in [
            (start.minus(2), false),
            (start.minus(1), true),
            (start.plus(23), true),
            (start.plus(24), true),
            (start.plus(25), false),
        ] {
            assert_eq!(bob.batch.check_leaf(leaf, hour).is_ok(), valid, "{hour:?} for {day:?}");
        }
    }
}

#[test]
fn the_batch_says_which_days_it_covers() {
    let bob = Person::new(1);
    let days = [(TODAY.minus(1), false), (TODAY, true), (TODAY.plus(13), true), (TODAY.plus(14), false)];
    for (day, covered) in days {
        assert_eq!(bob.batch.covers(day), covered);
    }
}

#[test]
fn no_leaf_passes_for_another_position() {
    let (bob, carol) = (Person::new(1), Person::new(2));
    for index in 0..usize::from(LEAVES) {
        let good = bob.leaf(index);
        assert_eq!(bob.batch.check_leaf_path(good), Ok(()));
        assert_eq!(carol.batch.check_leaf_path(good), Err(RecordError::NotInBatch));
        let mut bytes = good.encode();
        for position in [0, 8, 12, 44, 1_615, 1_616, LeafWithPath::SIZE - 1] {
            bytes[position] ^= 1;
            // A changed ML-KEM key may also fail its own check; either way it is refused.
            let refused = LeafWithPath::decode(&bytes).map_or(true, |leaf| bob.batch.check_leaf_path(&leaf).is_err());
            assert!(refused, "byte {position} of leaf {index}");
            bytes[position] ^= 1;
        }
    }
}

#[test]
fn the_root_is_a_tree_of_sixteen_with_an_empty_last_leaf() {
    let bob = Person::new(1);
    let mut leaves: Vec<_> = bob.prekeys.published().iter().map(|leaf| leaf.prekey().encode()).collect();
    assert_eq!(leaves.len(), 15);
    leaves.push(Vec::new());
    assert_eq!(Tree::new(leaves.iter().map(Vec::as_slice)).root(), bob.batch.content().root);
}

#[test]
fn secrets_live_as_long_as_a_message_may_and_no_longer() {
    let bob = Person::new(1);
    let daily = &bob.prekeys.leaves[0];
    assert_eq!(daily.erase_at(None), Prekey::end_of(TODAY).plus((14 + 2) * 24));
    let last = &bob.prekeys.leaves[14];
    let end = bob.batch.content().not_after;
    assert_eq!(last.erase_at(Some(noon(TODAY))), noon(TODAY).plus((14 + 2) * 24));
    // Without a successor, or with one that comes too late, nothing can be made for it beyond its end.
    for successor in [None, Some(end.plus(1_000))] {
        assert_eq!(last.erase_at(successor), end.plus((14 + 2) * 24));
    }
}

#[test]
fn fifteen_leaves_travel_in_three_packets() {
    let bob = Person::new(1);
    let packets = LeafUpload::packets(1, bob.prekeys.published());
    let sizes: Vec<_> = packets.iter().map(|packet| packet.encode().len()).collect();
    assert_eq!(sizes, [13 + 6 * 1_744, 13 + 6 * 1_744, 13 + 3 * 1_744]);
    for packet in &packets {
        assert_eq!(LeafUpload::decode(&packet.encode()).as_ref(), Ok(packet));
        assert!(packet.leaves().iter().all(|leaf| bob.batch.check_leaf_path(leaf).is_ok()));
    }
    for count in [0, 7, 255] {
        let mut bytes = packets[0].encode();
        bytes[12] = count;
        let error = DecodeError::Value { what: "number of prekeys", value: count.into() };
        assert_eq!(LeafUpload::decode(&bytes), Err(error));
    }
}

#[test]
fn a_batch_asks_for_18_to_28_bits_and_has_15_prekeys() {
    let bob = Person::new(1);
    let bytes = bob.batch.encode();
    // Behind magic, suite, id, device, batch and first day stand the count and the bits.
    let count = 4 + 1 + 32 + 16 + 8 + 4;
    for (position, value, what) in [
        (count, 16, "number of prekeys"),
        (count + 1, 17, "number of hashcash bits"),
        (count + 1, 29, "number of hashcash bits"),
        (count + 1, 255, "number of hashcash bits"),
    ] {
        let mut bytes = bytes.clone();
        bytes[position] = value;
        let error = RecordError::Decode(DecodeError::Value { what, value: value.into() });
        assert_eq!(PrekeyBatch::verify(SUITE, &bytes, &bob.certificate), Err(error));
    }
    for bits in [18, 28] {
        let mut bytes = bytes.clone();
        bytes[count + 1] = bits;
        let verified = PrekeyBatch::verify(SUITE, &bytes, &bob.certificate);
        assert!(!matches!(verified, Err(RecordError::Decode(_))), "{bits} bits: at most the signature is another's");
    }
}
