//! What is under way when a kill comes: requests of a thread, seen from outside of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{http, stack::Stack};

/// Transactions while the chain is killed: more than it takes in before the kill.
const PAYMENTS: usize = 200;

/// Questions while the index is killed: more than it answers before the kill.
const QUESTIONS: usize = 10_000;

/// Requests of one thread, one after the other: nothing yet for the one that is under way, then whether it was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests(Arc<Mutex<Vec<Option<bool>>>>);

impl Requests {
    /// Makes the next one; an error says that no answer came.
    pub(super) fn make<T>(&self, request: impl FnOnce() -> Result<T>) -> Result<T> {
        self.log().push(None);
        let answer = request();
        if let Some(last) = self.log().last_mut() {
            *last = Some(answer.is_ok());
        }
        answer
    }

    /// The number of the one that is under way.
    pub(super) fn under_way(&self) -> Option<usize> {
        let log = self.log();
        log.last().is_some_and(Option::is_none).then(|| log.len() - 1)
    }

    /// How many were answered so far.
    pub(super) fn answered(&self) -> usize {
        self.log().iter().filter(|answer| **answer == Some(true)).count()
    }

    /// Whether the one of a number was answered.
    pub(super) fn has_answer(&self, number: usize) -> bool {
        self.log().get(number).copied().flatten() == Some(true)
    }

    fn log(&self) -> MutexGuard<'_, Vec<Option<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a victim is asked beside the messages, until it does not answer.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) requests: Requests,
    /// Gives the hash of the last transaction for which the chain gave a receipt.
    pub(super) thread: JoinHandle<Option<String>>,
}

impl Beside {
    /// Transactions to the chain. Plain requests, which are not repeated: a wallet would go on asking long after the kill.
    pub(super) fn pay(stack: &Stack) -> Result<Self> {
        let (rpc, from, to) = (stack.rpc.clone(), stack.cast.account(2)?, stack.cast.account(1)?);
        let requests = Requests::default();
        let own = requests.clone();
        let thread = thread::spawn(move || {
            let ask = |method: &str, params: Value| own.make(|| asked(&rpc, method, &params)).ok();
            let mut paid = None;
            for _ in 0..PAYMENTS {
                let Some(hash) = ask("eth_sendTransaction", json!([{"from": from, "to": to, "value": "0x1"}])) else {
                    break;
                };
                if ask("eth_getTransactionReceipt", json!([hash])).is_none() {
                    break;
                }
                paid = hash.as_str().map(str::to_owned);
            }
            paid
        });
        Ok(Self { requests, thread })
    }

    /// Questions to the index.
    pub(super) fn question(stack: &Stack) -> Self {
        let (url, requests) = (stack.proxy.url().to_owned(), Requests::default());
        let own = requests.clone();
        let thread = thread::spawn(move || {
            for _ in 0..QUESTIONS {
                if own.make(|| http::get(&url, "/v1/nodes")).is_err() {
                    break;
                }
            }
            None
        });
        Self { requests, thread }
    }
}

/// What the chain answers; nothing is no answer.
fn asked(rpc: &str, method: &str, params: &Value) -> Result<Value> {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let (_, reply) = http::post(rpc, "/", &[], &request)?;
    let reply: Value = serde_json::from_str(&reply)?;
    let result = reply.get("result").filter(|result| !result.is_null()).cloned();
    result.with_context(|| format!("{method}: {reply}"))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_request_is_under_way_until_it_is_answered_or_lost() {
        let requests = Requests::default();
        assert_eq!((requests.under_way(), requests.answered()), (None, 0));
        let seen = requests.clone();
        let first = requests.make(|| {
            assert_eq!((seen.under_way(), seen.has_answer(0)), (Some(0), false));
            Ok(7)
        });
        assert_eq!((first.unwrap(), requests.under_way(), requests.has_answer(0)), (7, None, true));
        let second: Result<()> = requests.make(|| {
            assert_eq!(seen.under_way(), Some(1));
            bail!("the connection was closed")
        });
        assert!(second.is_err());
        assert_eq!((requests.under_way(), requests.has_answer(1), requests.answered()), (None, false, 1));
    }
}
