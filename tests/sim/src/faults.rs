//! What goes wrong, and how often. Chances are in thousandths.

/// The faults of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Packets that never arrive.
    pub loss: u32,
    /// Packets that arrive twice.
    pub duplication: u32,
    /// The longest latency of a link in ms; the shortest is 1, each packet draws its own, so they overtake each other.
    pub latency_ms: u64,
    /// The longest time of a commit in ms.
    pub commit_ms: u64,
    /// Commits at whose barrier the host crashes; what was not committed is lost.
    pub crash: u32,
    /// Whether a part of the nodes is cut off for a while.
    pub partition: bool,
    /// Blocks of the chain before which the last one or two are replaced: within the finality distance.
    pub reorganisation: u32,
    /// How many blocks late the latest view of the chain is.
    pub lag: u64,
}

/// What went wrong in a run: a fault that never happened showed nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Packets lost.
    pub lost: u64,
    /// Packets that arrived twice.
    pub doubled: u64,
    /// Packets between hosts that were cut off from each other.
    pub apart: u64,
    /// Packets that arrive before one that was sent earlier from the same host to the same host.
    pub overtaken: u64,
    /// Crashes at a barrier, drawn by chance.
    pub crashes: u64,
}

impl Faults {
    /// Nothing goes wrong; packets still overtake each other.
    pub const NONE: Self = Self {
        loss: 0,
        duplication: 0,
        latency_ms: 60,
        commit_ms: 10,
        crash: 0,
        partition: false,
        reorganisation: 0,
        lag: 0,
    };
    /// What every seed must survive.
    pub const ALL: Self = Self {
        loss: 100,
        duplication: 50,
        latency_ms: 120,
        commit_ms: 20,
        crash: 10,
        partition: true,
        reorganisation: 100,
        lag: 4,
    };
}
