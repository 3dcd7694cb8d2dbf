//! Numbers of an outgoing stream (RFC 3550 section 5.1): they rise without a gap where the server itself left packets
//! out, and none is ever written twice.
//!
//! A publisher's numbers cannot be passed on as they are. What a muted track or a paused receiver was not sent would look
//! like loss, and after 32,768 packets like a step back, which SRTP takes for an old packet (RFC 3711 section 3.3.1): the
//! receiver would hear nothing for minutes. A stream that begins anew, and a retransmission that crossed its original,
//! would seal two packets under one nonce of AES-GCM (RFC 7714 section 8.2).

use std::time::{Duration, Instant};

use crate::table::{Codec, RtpHead, Run};

/// A step of more numbers than this is no loss but a publisher that counts anew.
const MAX_STEP: u16 = 3_000;
/// Numbers behind the newest one that may still be written: what arrives later is left out.
const WINDOW: u64 = 128;

/// Where one outgoing stream stands.
#[derive(Debug, Default)]
pub struct Numbering {
    state: Option<State>,
}

#[derive(Debug)]
struct State {
    run: Run,
    /// The run's first number of ours: what belongs before it is left out.
    first: u64,
    /// The newest packet: the publisher's number and ours, counted on over 16 bits.
    incoming: u16,
    outgoing: u64,
    /// Which of the numbers up to `outgoing` were written, the newest in the lowest bit.
    written: u128,
    /// Added to the publisher's timestamps.
    shift: u32,
    timestamp: u32,
    at: Instant,
}

impl Numbering {
    /// Sequence number and timestamp under which a packet goes out at `now`; None if it must not: it is a copy, or it
    /// comes too late. An empty payload (padding that probes the line) goes to nobody and leaves no gap.
    pub fn number(
        &mut self,
        now: Instant,
        (run, codec): (Run, Codec),
        head: &RtpHead,
        empty: bool,
    ) -> Option<(u16, u32)> {
        let Some(state) = self.state.as_mut() else {
            return (!empty).then(|| {
                self.state = Some(State::new(now, run, head));
                (head.sequence, head.timestamp)
            });
        };
        if state.run != run || head.sequence.wrapping_sub(state.incoming).wrapping_add(MAX_STEP) > 2 * MAX_STEP {
            if empty {
                return None;
            }
            state.begin(now, (run, codec), head);
        }
        let outgoing = if empty { state.skip(head) } else { state.place(head) }?;
        let timestamp = head.timestamp.wrapping_add(state.shift);
        if outgoing == state.outgoing {
            (state.timestamp, state.at) = (timestamp, now);
        }
        u16::try_from(outgoing & u64::from(u16::MAX)).ok().map(|sequence| (sequence, timestamp))
    }
}

impl State {
    fn new(now: Instant, run: Run, head: &RtpHead) -> Self {
        // One round of 16 bits on, so that a number before the first is none below zero.
        let outgoing = u64::from(head.sequence) + (1 << 16);
        Self {
            run,
            first: outgoing,
            incoming: head.sequence,
            outgoing,
            written: 1,
            shift: 0,
            timestamp: head.timestamp,
            at: now,
        }
    }

    /// The next packet follows the newest one, whatever its number. A stream's own clock goes on; that of another stream
    /// is set to the time that passed.
    fn begin(&mut self, now: Instant, (run, codec): (Run, Codec), head: &RtpHead) {
        if run.stream != self.run.stream {
            let passed = ticks(now.saturating_duration_since(self.at), codec).max(1);
            self.shift = self.timestamp.wrapping_add(passed).wrapping_sub(head.timestamp);
        }
        self.run = run;
        self.first = self.outgoing + 1;
        self.incoming = head.sequence.wrapping_sub(1);
    }

    fn place(&mut self, head: &RtpHead) -> Option<u64> {
        let ahead = head.sequence.wrapping_sub(self.incoming);
        if (1..=MAX_STEP).contains(&ahead) {
            self.outgoing += u64::from(ahead);
            self.incoming = head.sequence;
            self.written = self.written.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            return Some(self.outgoing);
        }
        let behind = u64::from(self.incoming.wrapping_sub(head.sequence));
        let outgoing = self.outgoing.checked_sub(behind).filter(|outgoing| *outgoing >= self.first)?;
        let bit = 1u128.checked_shl(u32::try_from(behind).ok()?).filter(|_| behind < WINDOW)?;
        let fresh = self.written & bit == 0;
        self.written |= bit;
        fresh.then_some(outgoing)
    }

    /// Takes a number of the publisher's out of the count. What is on its way from before it is left out: its number of
    /// ours can no longer be told.
    fn skip(&mut self, head: &RtpHead) -> Option<u64> {
        let ahead = head.sequence.wrapping_sub(self.incoming);
        if (1..=MAX_STEP).contains(&ahead) {
            self.outgoing += u64::from(ahead - 1);
            self.incoming = head.sequence;
            self.first = self.outgoing + 1;
        }
        None
    }
}

/// A span in units of the codec's clock.
fn ticks(span: Duration, codec: Codec) -> u32 {
    let ticks = span.as_micros().saturating_mul(u128::from(codec.clock_rate())) / 1_000_000;
    u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or(0)
}
