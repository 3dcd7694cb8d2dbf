//! Under which numbers packets go out: without gaps of the server's making, and no number twice.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use pars_sfu_core::{Codec, Numbering, RtpHead, Run};

/// One receiver's stream and a clock of 20 ms per step.
struct Line {
    numbering: Numbering,
    now: Instant,
}

fn head(sequence: u16, timestamp: u32) -> RtpHead {
    RtpHead { ssrc: 1, payload_type: 111, sequence, timestamp, marker: false }
}

fn run(stream: u32, part: u32) -> Run {
    Run { stream, part }
}

impl Line {
    #[expect(clippy::disallowed_methods, reason = "any moment serves as the first; only differences count")]
    fn new() -> Self {
        Self { numbering: Numbering::default(), now: Instant::now() }
    }

    fn put(&mut self, run: Run, sequence: u16, timestamp: u32) -> Option<(u16, u32)> {
        self.now += Duration::from_millis(20);
        self.numbering.number(self.now, (run, Codec::Opus), &head(sequence, timestamp), false)
    }

    fn pad(&mut self, run: Run, sequence: u16) -> Option<(u16, u32)> {
        self.numbering.number(self.now, (run, Codec::Opus), &head(sequence, 0), true)
    }
}

#[test]
fn a_publishers_numbers_stay_while_nothing_is_left_out_and_its_losses_stay_visible() {
    let mut line = Line::new();
    for sequence in [65_533u16, 65_534, 65_535, 0, 1, 5, 6] {
        assert_eq!(line.put(run(1, 0), sequence, 7), Some((sequence, 7)));
    }
    assert_eq!(line.put(run(1, 0), 3, 7), Some((3, 7)), "late, not lost");
}

#[test]
fn a_mute_leaves_no_gap_in_the_numbers_however_long_and_the_clock_goes_on() {
    let mut line = Line::new();
    let mut expected = 100;
    let (mut sequence, mut timestamp) = (100u16, 0u32);
    assert_eq!(line.put(run(1, 0), sequence, timestamp), Some((100, 0)));
    for part in 1..10 {
        // 40,000 packets of silence were not passed on: more than half of all numbers.
        sequence = sequence.wrapping_add(40_000);
        timestamp = timestamp.wrapping_add(40_000 * 960);
        expected += 1;
        assert_eq!(line.put(run(1, part), sequence, timestamp), Some((expected, timestamp)));
        assert_eq!(line.put(run(1, part), sequence.wrapping_sub(1), timestamp), None, "from before the mute's end");
    }
}

#[test]
fn another_stream_goes_on_where_the_first_ended() {
    let mut line = Line::new();
    assert_eq!(line.put(run(1, 0), 9, 1_000), Some((9, 1_000)));
    assert_eq!(line.put(run(2, 0), 50_000, 4_000_000_000), Some((10, 1_960)), "20 ms later");
    assert_eq!(line.put(run(2, 0), 50_001, 4_000_000_960), Some((11, 2_920)));
}

#[test]
fn a_copy_goes_out_once_and_what_is_too_late_not_at_all() {
    let mut line = Line::new();
    for sequence in 0..200 {
        line.put(run(1, 0), 1_000 + sequence, 0);
    }
    assert_eq!(line.put(run(1, 0), 1_199, 0), None);
    assert_eq!(line.put(run(1, 0), 1_150, 0), None);
    assert_eq!(line.put(run(1, 0), 999, 0), None);
}

#[test]
fn padding_is_sent_to_nobody_and_leaves_no_gap() {
    let mut line = Line::new();
    assert_eq!(line.pad(run(1, 0), 6), None, "before anything else");
    assert_eq!(line.put(run(1, 0), 7, 0), Some((7, 0)));
    for sequence in 8..20 {
        assert_eq!(line.pad(run(1, 0), sequence), None);
    }
    assert_eq!(line.put(run(1, 0), 20, 0), Some((8, 0)));
    assert_eq!(line.pad(run(1, 0), 22), None);
    assert_eq!(line.put(run(1, 0), 23, 0), Some((10, 0)), "21 was lost, 22 was padding");
}

/// Two packets under one number would be sealed under one nonce of AES-GCM, so whatever a publisher sends, the numbers
/// counted over 16 bits (RFC 3711, appendix A) are written once each.
#[test]
fn no_number_is_written_twice_whatever_a_publisher_sends() {
    for seed in 0..20 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (mut line, mut written, mut sent) = (Line::new(), BTreeSet::new(), 0u64);
        let (mut newest, mut sequence, mut now) = (None, 0u16, run(1, 0));
        for _ in 0..20_000 {
            let step = match rng.next_u32() % 16 {
                0 => rng.next_u32(),
                1 => (rng.next_u32() % 200).wrapping_neg(),
                2 => rng.next_u32() % 5_000,
                _ => 1,
            };
            sequence = sequence.wrapping_add((step & 0xffff) as u16);
            match rng.next_u32() % 64 {
                0 => now.part += 1,
                1 => now.stream += 1,
                2 => {
                    assert_eq!(line.pad(now, sequence), None);
                    continue;
                }
                _ => {}
            }
            let Some((number, _)) = line.put(now, sequence, 0) else { continue };
            // As SRTP's sender and receiver count: the nearest to the newest.
            let last: i64 = newest.unwrap_or(i64::from(number) + (1 << 16));
            let index = last + i64::from(number.wrapping_sub((last & 0xffff) as u16) as i16);
            assert!(written.insert(index), "seed {seed}: {index} twice");
            assert!(last - index < 128, "seed {seed}: within every receiver's window");
            newest = Some(last.max(index));
            sent += 1;
        }
        assert!(sent > 10_000, "seed {seed}: {sent}");
    }
}
