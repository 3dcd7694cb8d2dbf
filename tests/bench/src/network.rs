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
//! Peers, measured in the same run: of a rate the sum of the primitives it cannot do without; of `delivery` the delays
//! themselves, drawn by the function that senders use.

mod delivery;
mod fetches;
mod hop;
mod host;
mod primitives;
mod stores;

use anyhow::Result;

use crate::{
    clock::run_id,
    row::{PER_SECOND, Row},
};

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
    let mut rows = rates(&run, runs, counts)?;
    rows.extend(ways(&run, counts.messages));
    Ok(rows)
}

fn rates(run: &str, runs: usize, counts: &Counts) -> Result<Vec<Row>> {
    let rate = |metric, operation: Operation, goal: f64| {
        row(run, (metric, PER_SECOND), Some((1e3 / operation.ours, 1e3 / operation.peer)), goal)
    };
    let peers = primitives::measure(runs, counts.objects)?;
    let hop = Operation { ours: hop::measure(runs, counts.packets)?, peer: peers.hop };
    let store = Operation { ours: stores::measure(runs, counts.objects)?, peer: peers.store };
    let fetch = Operation { ours: fetches::measure(runs, counts.readings)?, peer: peers.fetch };
    Ok(vec![rate("hop packets/s", hop, 4_000.0), rate("stores/s", store, 5_000.0), rate("fetches/s", fetch, 10_000.0)])
}

/// Where there is no loopback or no time, the reason goes to standard error.
fn ways(run: &str, messages: usize) -> [Row; 2] {
    let way = delivery::measure(messages);
    if let Err(reason) = &way {
        eprintln!("delivery was not measured: {reason:#}");
    }
    [("delivery ms p50", 0.5, 350.0), ("delivery ms p99", 0.99, 1_200.0)].map(|(metric, share, goal)| {
        let measured = way.as_ref().ok().map(|way| way.quantile(share));
        row(run, (metric, "ms"), measured, goal)
    })
}

/// A row from our value and the peer's, if they were measured.
fn row(run: &str, (metric, unit): (&'static str, &'static str), measured: Option<(f64, f64)>, goal: f64) -> Row {
    let peer = if unit == PER_SECOND { "sum of primitives" } else { "drawn delays of three relays" };
    Row {
        bench: "network",
        metric,
        value: measured.map(|(ours, _)| ours),
        unit,
        peer: measured.map(|_| peer),
        peer_value: measured.map(|(_, peer)| peer),
        ratio: measured.map(|(ours, peer)| ours / peer),
        goal: Some(goal),
        run: run.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::all_measured;

    const TINY: Counts = Counts { packets: 3, objects: 8, readings: 4, messages: 4 };

    #[test]
    fn every_rate_is_measured_and_stands_beside_its_peer() {
        all_measured(&rates("1-2", 1, &TINY).unwrap(), &["hop packets/s", "stores/s", "fetches/s"]);
    }

    #[test]
    fn messages_between_two_members_give_both_quantiles_of_their_way() {
        all_measured(&ways("1-2", TINY.messages), &["delivery ms p50", "delivery ms p99"]);
    }

    #[test]
    fn what_could_not_be_measured_has_null_for_value_peer_and_ratio() {
        let row = serde_json::to_value(row("1-2", ("delivery ms p50", "ms"), None, 350.0)).unwrap();
        for field in ["value", "peer", "peer_value", "ratio"] {
            assert!(row[field].is_null(), "{field}");
        }
        assert_eq!(row["goal"], 350.0);
    }
}
