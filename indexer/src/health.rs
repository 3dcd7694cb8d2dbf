//! What the synchroniser tells the API and the operator about itself.

/// Whether the rows can be relied on as the newest state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// The node was not heard of yet.
    #[default]
    Starting,
    /// Older blocks are being read.
    CatchingUp,
    /// The rows reach to the node's head.
    Synced,
    /// The node does not answer, or not usably; it is asked again.
    Unreachable(String),
    /// The node contradicts what is known; progress has stopped until it does not.
    Refused(String),
    /// The database does not take rows; tried again.
    StoreFailed(String),
}

impl Health {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::CatchingUp => "catching_up",
            Self::Synced => "synced",
            Self::Unreachable(_) => "rpc_unreachable",
            Self::Refused(_) => "refused",
            Self::StoreFailed(_) => "store_failed",
        }
    }

    /// A sentence for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Starting => "the chain's node has not answered yet",
            Self::CatchingUp => "older blocks are still being read",
            Self::Synced => "the rows reach to the head of the chain's node",
            Self::Unreachable(reason) | Self::Refused(reason) | Self::StoreFailed(reason) => reason,
        }
    }
}
