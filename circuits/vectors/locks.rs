//! Locks at the boundaries of `weight * (end - at) >= minBalance * MAXTIME`, each with the answer that the proof, `canJoin` and
//! the token's power at the sitting's end must give (ELIGIBILITY 1). The answers are written down here, not computed.

use alloy_primitives::U256;
use serde::Serialize;

use super::MAXTIME;

const AT: u64 = 1_800_003_600;
const DAY: u64 = 86_400;
/// The last time that fits 40 bits.
const LAST: u64 = (1 << 40) - 1;
const MOST: u128 = u128::MAX;
/// One token, in raw units of 9 decimals.
const PARS: u128 = 1_000_000_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lock {
    name: &'static str,
    /// Raw units.
    weight: String,
    /// End of the lock, seconds since the Unix epoch.
    end: u64,
    /// End of the sitting.
    at: u64,
    min_balance: String,
    /// `minBalance * MAXTIME`.
    threshold: String,
    /// `weight * (end - at) / MAXTIME` rounded down; zero from the lock's end on.
    power: String,
    eligible: bool,
}

/// Name, weight, end of the lock, end of the sitting, least balance, answer.
type Row = (&'static str, u128, u64, u64, u128, bool);

const ROWS: [Row; 30] = [
    ("a removed leaf", 0, 0, AT, 1, false),
    ("nothing, for the longest time", 0, AT + MAXTIME, AT, 1, false),
    ("one raw unit for the longest time", 1, AT + MAXTIME, AT, 1, true),
    ("one raw unit for a second less", 1, AT + MAXTIME - 1, AT, 1, false),
    ("one raw unit for a second more", 1, AT + MAXTIME + 1, AT, 1, true),
    ("two raw units for half the time", 2, AT + MAXTIME / 2, AT, 1, true),
    ("two raw units for half the time less a second", 2, AT + MAXTIME / 2 - 1, AT, 1, false),
    ("one second left, just enough", MAXTIME as u128, AT + 1, AT, 1, true),
    ("one second left, one raw unit short", MAXTIME as u128 - 1, AT + 1, AT, 1, false),
    ("ends with the sitting", MOST, AT, AT, 1, false),
    ("ends a second before the sitting", MOST, AT - 1, AT, 1, false),
    ("ended long ago", MOST, 1, AT, 1, false),
    ("largest weight, one second left, just enough", MOST, AT + 1, AT, 2_697_570_767_701_503_547_242_632_288_747, true),
    ("largest weight, one second left, too little", MOST, AT + 1, AT, 2_697_570_767_701_503_547_242_632_288_748, false),
    ("largest weight and least balance", MOST, AT + MAXTIME, AT, MOST, true),
    ("largest weight less one", MOST - 1, AT + MAXTIME, AT, MOST, false),
    ("largest weight for a second less", MOST, AT + MAXTIME - 1, AT, MOST, false),
    ("one token for the longest time", PARS, AT + MAXTIME, AT, PARS, true),
    ("one token for the longest time, one raw unit more asked", PARS, AT + MAXTIME, AT, PARS + 1, false),
    ("one token for 30 days, rounded down", PARS, AT + 30 * DAY, AT, 20_547_945, true),
    ("one token for 30 days, rounded up", PARS, AT + 30 * DAY, AT, 20_547_946, false),
    ("250 tokens for 104 weeks, rounded down", 250 * PARS, AT + 728 * DAY, AT, 124_657_534_246, true),
    ("250 tokens for 104 weeks, rounded up", 250 * PARS, AT + 728 * DAY, AT, 124_657_534_247, false),
    ("the last end, just enough", 1, LAST, AT, 8_702, true),
    ("the last end, too little", 1, LAST, AT, 8_703, false),
    ("the largest product", MOST, LAST, AT, MOST, true),
    ("the last sitting before the last end, just enough", MAXTIME as u128, LAST, LAST - 1, 1, true),
    ("the last sitting before the last end, one raw unit short", MAXTIME as u128 - 1, LAST, LAST - 1, 1, false),
    ("the last sitting before the last end, largest weight", MOST, LAST, LAST - 1, 1, true),
    ("sitting and lock end last of all", MOST, LAST, LAST, 1, false),
];

pub(super) fn locks() -> Vec<Lock> {
    ROWS.into_iter().map(lock).collect()
}

fn lock((name, weight, end, at, min_balance, eligible): Row) -> Lock {
    let product = U256::from(weight) * U256::from(end.saturating_sub(at));
    Lock {
        name,
        weight: weight.to_string(),
        end,
        at,
        min_balance: min_balance.to_string(),
        threshold: (U256::from(min_balance) * U256::from(MAXTIME)).to_string(),
        power: (product / U256::from(MAXTIME)).to_string(),
        eligible,
    }
}
