//! `parsctl session tail --json`: what a person's daemon tells, as it comes.

use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use crate::{lines::Lines, parsctl::Parsctl, wait};

/// A running subscription.
#[derive(Debug)]
pub struct Tail(Lines);

impl Tail {
    /// Starts it for the daemon of a person.
    pub fn start(person: &Parsctl) -> Result<Self> {
        let mut command = Command::new(&person.program);
        command.args(person.arguments(&["session", "tail"]));
        Lines::start(command).map(Self)
    }

    /// The messages received, told so far.
    pub fn messages(&self) -> Vec<Value> {
        let received = |event: &Value| event.get("type").and_then(Value::as_str) == Some("messageReceived");
        let events = self.0.said().into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        events.filter(received).filter_map(|event| event.get("data").cloned()).collect()
    }

    /// Waits until so many messages were told, and gives them.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Value>> {
        wait::until(&format!("{count} messages of the subscription"), || {
            let messages = self.messages();
            Ok((messages.len() >= count).then_some(messages))
        })
    }
}
