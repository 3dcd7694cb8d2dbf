//! Every limit that crates agree on (pars_wire's `limits`; THREATS section 3): the largest value that is taken, the next one and
//! the largest that can be written, given to the decoder that enforces it; or the test that tries a limit of a machine.

use std::collections::BTreeSet;

use pars_fuzz::corpus::files;
use pars_house::{check_reference, read};
use pars_proto::onion::packet::Packet;
use pars_proto::onion::surb::Surb;
use pars_proto::room::recording::{Notice, SealedNotice};
use pars_proto::session::Object;
use pars_proto::swarm::command::Received;
use pars_proto::swarm::directory::What;
use pars_proto::swarm::frame::Frame;
use pars_wire::codec::Wire;
use pars_wire::limits::{
    BUCKET_L, BUCKET_M, BUCKET_S, MAX_DELETIONS, MAX_DEVICES, MAX_DUMMIES, MAX_INIT, MAX_NOTICE, ONION_ROOM, PACKET,
    SURB,
};

/// Bytes that a decoder may take while it refuses, whatever the input has or claims: one reply block, read before it is seen
/// that more follows.
const MEMORY: u64 = SURB as u64;
/// The longest input of a decoder whose limit is a length.
const LONGEST: usize = 1 << 20;

/// A decoder that enforces a limit.
struct Enforced {
    limit: &'static str,
    /// The largest value that it takes.
    most: usize,
    /// The largest that can be written.
    largest: usize,
    /// An input of this value, good otherwise.
    input: fn(usize) -> Vec<u8>,
    /// Whether the input is taken.
    takes: fn(&[u8]) -> bool,
}

fn corpus(target: &str, name: &str) -> Vec<u8> {
    files(target).unwrap().remove(name).unwrap_or_else(|| panic!("{target}/{name} is no file of the corpus"))
}

/// A file of the corpus, cut or filled with zeros.
fn sized(target: &str, name: &str, length: usize) -> Vec<u8> {
    let mut bytes = corpus(target, name);
    bytes.resize(length, 0);
    bytes
}

/// A message of this length.
fn object(length: usize) -> Vec<u8> {
    let mut bytes = vec![0x5a; length];
    bytes[..2].fill(1);
    bytes
}

fn is_object(bytes: &[u8]) -> bool {
    Object::read(bytes).is_ok()
}

const BY_DECODERS: [Enforced; 10] = [
    Enforced {
        limit: "PACKET",
        most: PACKET,
        largest: LONGEST,
        input: |length| sized("onion-packet", "forward", length),
        takes: |bytes| Packet::decode(bytes).is_ok(),
    },
    Enforced {
        limit: "PACKET",
        most: PACKET,
        largest: LONGEST,
        input: |length| sized("swarm-frame", "store", length),
        takes: |bytes| Frame::decode(bytes).is_ok(),
    },
    Enforced {
        limit: "SURB",
        most: SURB,
        largest: LONGEST,
        input: |length| sized("onion-surb", "block", length),
        takes: |bytes| Surb::decode(bytes).is_ok(),
    },
    Enforced { limit: "BUCKET_S", most: BUCKET_S, largest: BUCKET_M - 1, input: object, takes: is_object },
    Enforced { limit: "BUCKET_M", most: BUCKET_M, largest: BUCKET_L - 1, input: object, takes: is_object },
    Enforced { limit: "BUCKET_L", most: BUCKET_L, largest: LONGEST, input: object, takes: is_object },
    Enforced {
        limit: "MAX_INIT",
        most: MAX_INIT as usize - 1,
        largest: u16::MAX as usize,
        input: |n| {
            let mut init = corpus("session-object", "init");
            // Behind the prefix and the sealed part.
            init[3_179 + 6_432..][..2].copy_from_slice(&(n as u16).to_be_bytes());
            init
        },
        takes: is_object,
    },
    Enforced {
        limit: "MAX_DEVICES",
        most: MAX_DEVICES - 1,
        largest: u8::MAX as usize,
        input: |slot| {
            let mut what = corpus("swarm-what", "device");
            what[1] = slot as u8;
            what
        },
        takes: |bytes| What::decode(bytes).is_ok(),
    },
    Enforced {
        limit: "MAX_NOTICE",
        most: MAX_NOTICE,
        largest: LONGEST,
        // Behind the epoch's hash and the tag.
        input: |length| vec![0; 32 + 16 + length],
        takes: |bytes| SealedNotice::decode(bytes).is_ok(),
    },
    Enforced {
        limit: "MAX_DUMMIES",
        most: MAX_DUMMIES as usize,
        largest: u16::MAX as usize,
        input: |n| {
            let mut propose = corpus("room-notice", "propose");
            // Behind the kind, random bytes, terms and seed.
            propose[1 + 32 + 80 + 32..].copy_from_slice(&(n as u16).to_be_bytes());
            propose
        },
        takes: |bytes| Notice::decode(bytes).is_ok(),
    },
];

/// A deletion of so many objects; δ has one size, so it is filled up.
fn deletion(objects: usize) -> Box<[u8; ONION_ROOM]> {
    let mut bytes = sized("swarm-command", "del", ONION_ROOM);
    bytes[116] = objects as u8;
    bytes.into_boxed_slice().try_into().expect("the size of δ")
}

/// Limits of machines, each with the test that goes to its ends.
const BY_MACHINES: [(&str, &str); 22] = [
    (
        "MAX_JUMP",
        "node/proto/src/session/ratchet/tests.rs#a_counter_that_jumps_too_far_is_refused_before_anything_is_derived",
    ),
    (
        "MAX_SKIPPED",
        "node/proto/tests/session/limits.rs#skipped_keys_are_bounded_the_oldest_dropped_and_their_message_is_too_old",
    ),
    (
        "MAX_SKIPPED_DEVICE",
        "node/proto/tests/session/replays.rs#a_device_over_its_bound_gives_up_skipped_keys_of_the_session_that_has_most",
    ),
    (
        "MAX_OLD_CHAINS",
        "node/proto/tests/session/limits.rs#five_old_chains_are_kept_and_of_a_sixth_nothing_opens_any_more",
    ),
    (
        "MAX_CHAIN",
        "node/proto/tests/session/limits.rs#a_chain_ends_after_a_thousand_messages_or_seven_days_without_an_answer",
    ),
    (
        "CHAIN_DAYS",
        "node/proto/tests/session/limits.rs#a_chain_ends_after_a_thousand_messages_or_seven_days_without_an_answer",
    ),
    ("REPLAY_CACHE", "node/proto/src/session/replay.rs#a_full_cache_refuses_and_makes_room_only_when_leaves_expire"),
    ("MAX_TTL_HOURS", "node/proto/tests/swarm/rights.rs#days_outside_their_time_and_other_swarms_are_refused"),
    ("MIN_TTL_HOURS", "node/proto/tests/swarm/rights.rs#days_outside_their_time_and_other_swarms_are_refused"),
    ("GRACE_HOURS", "node/proto/tests/session/limits.rs#a_skipped_key_expires_after_sixteen_days"),
    ("PREKEY_DAYS", "node/identity/tests/records/prekeys.rs#a_batch_asks_for_18_to_28_bits_and_has_15_prekeys"),
    (
        "PREKEY_LAST_RESORT_DAYS",
        "node/identity/tests/records/bundles.rs#the_last_resort_serves_beyond_the_fourteen_days_and_is_reported",
    ),
    (
        "PREKEY_SKEW_HOURS",
        "node/identity/tests/records/prekeys.rs#a_daily_leaf_is_valid_from_an_hour_before_its_day_to_an_hour_after",
    ),
    ("REPLICAS", "node/proto/tests/swarm/placement.rs#seven_nodes_are_drawn_evenly_and_all_if_there_are_fewer"),
    (
        "REQUIRED_COPIES",
        "node/proto/tests/swarm/storing.rs#with_any_three_of_seven_dead_an_object_is_still_stored_and_read",
    ),
    (
        "MIN_COPIES",
        "node/proto/tests/swarm/storing.rs#with_exactly_three_alive_an_object_is_stored_in_three_copies_and_read",
    ),
    (
        "MIN_COPIES",
        "node/proto/tests/swarm/storing.rs#with_fewer_than_three_alive_the_sender_hears_insufficient_storage_and_the_object_stays_queued",
    ),
    ("MIN_HASHCASH_BITS", "node/identity/tests/records/prekeys.rs#a_batch_asks_for_18_to_28_bits_and_has_15_prekeys"),
    (
        "MIN_HASHCASH_BITS",
        "node/proto/tests/swarm/inbox.rs#too_little_work_and_work_for_something_else_or_long_ago_are_refused",
    ),
    ("MAX_HASHCASH_BITS", "node/identity/tests/records/prekeys.rs#a_batch_asks_for_18_to_28_bits_and_has_15_prekeys"),
    ("ONION_HEADER", "node/wire/src/limits.rs#the_sums_of_the_layouts_hold"),
    ("ONION_PAYLOAD", "node/wire/src/limits.rs#the_sums_of_the_layouts_hold"),
];

/// What nobody sends, so that nobody can overstep it: arrays of that size in every signature, and what this product chooses.
const BY_NATURE: [&str; 3] = ["ONION_ROOM", "DEFAULT_TTL_HOURS", "DEFAULT_HASHCASH_BITS"];

/// Takes the most; refuses more without taking memory for it.
fn check(limit: &str, given: usize, taken: bool, decode: impl Fn() -> bool) {
    let mut said = false;
    let memory = allocation_counter::measure(|| said = decode());
    assert_eq!(said, taken, "{limit}: {given}");
    assert!(taken || memory.bytes_max <= MEMORY, "{limit}: {given} costs {memory:?}");
}

#[test]
fn every_decoder_takes_its_limit_and_refuses_the_next_value_and_the_largest() {
    for Enforced { limit, most, largest, input, takes } in BY_DECODERS {
        for (value, taken) in [(most, true), (most + 1, false), (largest, false)] {
            let bytes = input(value);
            check(limit, value, taken, || takes(&bytes));
        }
    }
    for (objects, taken) in [(MAX_DELETIONS, true), (MAX_DELETIONS + 1, false), (u8::MAX.into(), false)] {
        let bytes = deletion(objects);
        check("MAX_DELETIONS", objects, taken, || Received::decode(&bytes).is_ok());
    }
}

#[test]
fn every_limit_has_a_decoder_or_a_test() {
    BY_MACHINES.iter().for_each(|(_, test)| check_reference(test));
    let decoders = BY_DECODERS.iter().map(|enforced| enforced.limit).chain(["MAX_DELETIONS"]);
    let machines = BY_MACHINES.iter().map(|(limit, _)| *limit);
    let tried: BTreeSet<_> = decoders.chain(machines).chain(BY_NATURE).map(str::to_owned).collect();
    let source = read("node/wire/src/limits.rs");
    let names = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let written: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(written, tried, "a limit of node/wire without its row here, or a row without its limit");
}
