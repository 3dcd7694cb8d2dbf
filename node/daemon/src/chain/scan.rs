//! The registry's logs of final blocks: read once each, in pieces that the chain's node answers.

use alloy::primitives::Address;
use alloy::providers::{DynProvider, Provider};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::SolEventInterface;
use alloy::transports::{RpcError, TransportError, TransportErrorKind};
use pars_bindings::ServiceNodeRegistry::ServiceNodeRegistryEvents;

use super::ChainError;
use super::history::History;
use super::transact::said;

/// Blocks of one log query at most.
const LOG_RANGE: u64 = 50_000;

/// What was read so far.
pub(super) struct Scan {
    provider: DynProvider,
    registry: Address,
    scanned: u64,
    /// Blocks of the next query.
    blocks: u64,
    history: History,
}

impl Scan {
    /// Nothing is read; the first block of a deployment is the first that may hold anything.
    pub(super) fn new(provider: DynProvider, registry: Address, first: u64) -> Self {
        let (scanned, history) = (first.saturating_sub(1), History::default());
        Self { provider, registry, scanned, blocks: LOG_RANGE, history }
    }

    /// Nodes and beacons of what was read.
    pub(super) const fn history(&self) -> &History {
        &self.history
    }

    /// Read up to a block. Nodes limit the blocks and the logs of one answer, and anybody who pays for it makes logs: what is
    /// refused is asked for by halves.
    ///
    /// # Errors
    /// [`ChainError::Rpc`]; what was read before is kept.
    pub(super) async fn upto(&mut self, newest: u64) -> Result<(), ChainError> {
        while self.scanned < newest {
            let to = newest.min(self.scanned.saturating_add(self.blocks));
            let filter = Filter::new().address(self.registry).from_block(self.scanned + 1).to_block(to);
            match self.provider.get_logs(&filter).await {
                Ok(logs) => {
                    self.take(logs, to)?;
                    self.blocks = self.blocks.saturating_mul(2).min(LOG_RANGE);
                }
                Err(error) if is_refusal(&error) && to - self.scanned > 1 => self.blocks = (to - self.scanned) / 2,
                Err(error) => return Err(ChainError::Rpc(said(&error))),
            }
        }
        Ok(())
    }

    fn take(&mut self, logs: Vec<Log>, to: u64) -> Result<(), ChainError> {
        let mut next = self.history.clone();
        for log in logs {
            let incomplete = || ChainError::Rpc("a log names no block".into());
            let block = log.block_number.ok_or_else(incomplete)?;
            if let Ok(event) = ServiceNodeRegistryEvents::decode_log(&log.inner) {
                next.take(block, event.data);
            }
        }
        next.close();
        (self.history, self.scanned) = (next, to);
        Ok(())
    }
}

/// The node was there and would not answer this.
const fn is_refusal(error: &TransportError) -> bool {
    matches!(error, RpcError::ErrorResp(_) | RpcError::Transport(TransportErrorKind::HttpError(_)))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::chain::transact::reader;

    type Range = (u64, u64);

    /// A chain's node that has no logs and refuses some ranges; and which it answered.
    async fn node(refuses: fn(Range) -> bool) -> (DynProvider, Arc<Mutex<Vec<Range>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let answered = Arc::<Mutex<Vec<Range>>>::default();
        let noted = answered.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut request, mut more) = (Vec::new(), [0; 4_096]);
                // Its body ends with the brace that its head has not.
                while !request.ends_with(b"}") {
                    let length = stream.read(&mut more).await.unwrap();
                    assert!(length > 0);
                    request.extend_from_slice(&more[..length]);
                }
                let request = String::from_utf8(request).unwrap();
                let request: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
                let block = |name: &str| {
                    let digits = request["params"][0][name].as_str().unwrap().trim_start_matches("0x");
                    u64::from_str_radix(digits, 16).unwrap()
                };
                let range = (block("fromBlock"), block("toBlock"));
                let mut answer = json!({"jsonrpc": "2.0", "id": request["id"]});
                if refuses(range) {
                    answer["error"] = json!({"code": -32_005, "message": "query returned more than 10000 results"});
                } else {
                    noted.lock().unwrap().push(range);
                    answer["result"] = json!([]);
                }
                let body = answer.to_string();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (reader(url), answered)
    }

    /// Every block once, in its order.
    fn follow(ranges: &[Range], first: u64, last: u64) {
        let mut next = first;
        for (from, to) in ranges {
            assert!(*from == next && to >= from, "{ranges:?}");
            next = to + 1;
        }
        assert_eq!(next, last + 1, "{ranges:?}");
    }

    #[tokio::test]
    async fn what_a_node_refuses_at_once_is_read_in_pieces_and_every_block_once() {
        // No more than seven blocks at once, and around the hundredth one by one.
        let (provider, answered) = node(|(from, to)| to - from > 6 || from < 100 && to > 90 && to > from).await;
        let mut scan = Scan::new(provider, Address::ZERO, 5);
        scan.upto(150).await.unwrap();
        scan.upto(150).await.unwrap();
        follow(&answered.lock().unwrap(), 5, 150);
    }

    #[tokio::test]
    async fn a_block_that_is_refused_by_itself_is_an_error_and_what_came_before_it_is_kept() {
        let (provider, answered) = node(|(from, to)| (from..=to).contains(&20)).await;
        let mut scan = Scan::new(provider, Address::ZERO, 1);
        for _ in 0..2 {
            assert!(scan.upto(40).await.is_err());
            follow(&answered.lock().unwrap(), 1, 19);
        }
    }
}
