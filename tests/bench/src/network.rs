//! `bench network`: a relay, a storing node and the way of a message (goals of SESSION section 15).
//!
//! - `hop packets/s`: packets of 16,384 bytes that the engine of a service node takes from a link and hands to the next link,
//!   delay 0: CPU of one core, links and TLS not counted.
//! - `stores/s`: objects of 4,096 bytes that another replica passes on, checked, shelved, synced in groups by the daemon's
//!   store, receipt signed and let out behind its commit: CPU of one core, the disk's thread and the kernel included. What the
//!   clock on the wall says, which waits for the disk, goes to standard error.
//! - `fetches/s`: signed readings of a mailbox with two objects of 4,096 bytes: command in, reply packet out.
//! - `delivery ms p50`, `delivery ms p99`: one way of the path. From the moment a message is durable at its sender to the
//!   moment the last of its seven replicas has synced it, with the daemon's engine loop, store and links on loopback, and
//!   delays of 100 ms on average at each of three relays. Reading is a way of its own, which begins when the reader asks:
//!   when the first and the fifth copy was durable and when the reader told of the message goes to standard error.
//!
//! The peer is the sum of the primitives that each cannot do without, measured in the same run; of `delivery` those of the whole
//! way, with the delays that senders draw, by the function that they use: its quantiles are those of the drawn sums.

mod delivery;
mod fetches;
mod hop;
mod host;
mod primitives;
mod stores;

use anyhow::{Context, Result};

use crate::{
    clock::run_id,
    row::{PER_SECOND, Row},
};
use primitives::Sums;

/// How much is timed.
struct Counts {
    /// Packets timed as one.
    packets: usize,
    /// Objects timed as one.
    objects: usize,
    /// Readings timed as one.
    readings: usize,
    /// Messages sent in all.
    messages: usize,
}

const FULL: Counts = Counts { packets: 400, objects: 1_500, readings: 2_000, messages: 240 };

/// CPU in ms of one operation, and of the primitives in it.
struct Operation {
    ours: f64,
    peer: f64,
}

/// All rows of the benchmark.
pub(crate) fn measure(runs: usize) -> Result<Vec<Row>> {
    rows(runs, &FULL)
}

fn rows(runs: usize, counts: &Counts) -> Result<Vec<Row>> {
    let run = run_id();
    let sums = primitives::measure(runs, counts.objects)?;
    // First what needs loopback and time: without it there are no rows at all.
    let ways = ways(&run, counts.messages, &sums)?;
    let mut rows = rates(&run, runs, counts, &sums)?;
    rows.extend(ways);
    Ok(rows)
}

fn rates(run: &str, runs: usize, counts: &Counts, sums: &Sums) -> Result<Vec<Row>> {
    let rate = |metric, operation: Operation, goal: f64| {
        row(run, (metric, PER_SECOND), (1e3 / operation.ours, 1e3 / operation.peer), goal)
    };
    let hop = Operation { ours: hop::measure(runs, counts.packets)?, peer: sums.hop };
    let store = Operation { ours: stores::measure(runs, counts.objects)?, peer: sums.store };
    let fetch = Operation { ours: fetches::measure(runs, counts.readings)?, peer: sums.fetch };
    Ok(vec![rate("hop packets/s", hop, 4_000.0), rate("stores/s", store, 5_000.0), rate("fetches/s", fetch, 10_000.0)])
}

fn ways(run: &str, messages: usize, sums: &Sums) -> Result<[Row; 2]> {
    let way = delivery::measure(messages, sums.way).context("delivery was not measured")?;
    Ok([("delivery ms p50", 0.5, 350.0), ("delivery ms p99", 0.99, 1_200.0)]
        .map(|(metric, share, goal)| row(run, (metric, "ms"), way.quantile(share), goal)))
}

/// A row from our value and the peer's.
fn row(run: &str, figure: (&'static str, &'static str), (ours, peer): (f64, f64), goal: f64) -> Row {
    let name = if figure.1 == PER_SECOND { "sum of primitives" } else { "sum of primitives and drawn delays" };
    Row::new("network", figure, ours, Some(goal), run).beside(name, peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::all_measured;

    const TINY: Counts = Counts { packets: 3, objects: 8, readings: 4, messages: 4 };

    #[test]
    fn every_rate_is_measured_and_stands_beside_its_peer() {
        let sums = primitives::measure(1, TINY.objects).unwrap();
        all_measured(&rates("1-2", 1, &TINY, &sums).unwrap(), &["hop packets/s", "stores/s", "fetches/s"]);
    }

    #[test]
    fn the_way_of_messages_gives_both_quantiles_beside_the_sum_of_its_primitives() {
        let sums = Sums { hop: 0.1, store: 0.1, fetch: 0.1, way: 100_000.0 };
        let rows = ways("1-2", TINY.messages, &sums).unwrap();
        all_measured(&rows, &["delivery ms p50", "delivery ms p99"]);
        for row in rows {
            let peer = row.peer_value.unwrap();
            assert!(peer > sums.way && peer < sums.way + 10_000.0, "the primitives and the delays: {row:?}");
        }
    }
}
