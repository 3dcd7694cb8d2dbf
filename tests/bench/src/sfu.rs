//! `bench sfu`: what it costs to forward, at 100 real peers (goals of TOWNHALL section 5).
//!
//! - `packets/s per core`: packets that reached a receiver per CPU second of the server's process: 100 seats connected over
//!   loopback with DTLS and AES-256-GCM, ten of them speaking 50 packets a second of 110 bytes, everybody hearing everybody.
//!   The clients live in another process. Receiving, decrypting, signalling, timers and the kernel's share are included.
//! - `ns per packet`: the same figure the other way round.
//! - `bytes per seat`: growth of the server's own resident memory (proc(5), statm: resident less shared) from before the
//!   first seat to the end, divided by the seats. Most of it is `rtc`'s connection itself, where no setting reaches it: queues of
//!   0.9 KB at each of a dozen stages, what DTLS, SCTP and SRTP keep, and a buffer as long as the longest data message. A voice
//!   that is heard is a track of ours and nothing to `rtc`; here a seat hears ten.
//!
//! Peer, measured in the same run: sealing such a packet with the same cipher and sending it over loopback, and nothing else.

mod load;
mod primitives;
pub(crate) mod server;

use anyhow::Result;

use crate::{
    clock::run_id,
    row::{PER_SECOND, Row},
};
use load::Load;
use server::Server;

/// Bytes of a payload: a packet of Opus at 40 kbit/s and what end-to-end encryption adds.
const PAYLOAD: usize = 110;

/// What forwarding is compared with.
const PEER: &str = "AEAD and send";

/// How much is run.
struct Counts {
    seats: usize,
    speakers: usize,
    /// Milliseconds of one measurement.
    window: u64,
}

const FULL: Counts = Counts { seats: 100, speakers: 10, window: 2_000 };

/// All rows of the benchmark. The server runs as a process of its own.
pub(crate) fn measure(runs: usize) -> Result<Vec<Row>> {
    rows(runs, &FULL, Server::spawn()?)
}

fn rows(runs: usize, counts: &Counts, server: Server) -> Result<Vec<Row>> {
    let raw = primitives::nanoseconds(runs)?;
    let Load { nanoseconds, bytes } = load::measure(runs, counts, server)?;
    eprintln!("no other media server is installed with this repository: the memory of a seat has no peer");
    let run = run_id();
    let row = |metric, unit, value, goal| Row::new("sfu", (metric, unit), value, Some(goal), &run);
    Ok(vec![
        row("packets/s per core", PER_SECOND, 1e9 / nanoseconds, 150_000.0).beside(PEER, 1e9 / raw),
        row("ns per packet", "ns", nanoseconds, 1e9 / 150_000.0).beside(PEER, raw),
        row("bytes per seat", "B", bytes, 150.0 * 1_024.0),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_room_gives_all_three_figures_beside_their_peer() {
        let tiny = Counts { seats: 3, speakers: 1, window: 200 };
        let rows = rows(1, &tiny, Server::here().unwrap()).unwrap();
        let named: Vec<_> = rows.iter().map(|row| row.metric).collect();
        assert_eq!(named, ["packets/s per core", "ns per packet", "bytes per seat"]);
        for row in &rows[..2] {
            for value in [Some(row.value), row.peer_value, row.ratio] {
                assert!(value.is_some_and(|value| value.is_finite() && value > 0.0), "{row:?}");
            }
        }
    }
}
