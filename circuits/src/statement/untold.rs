//! Whoever logs hears nothing of a circuit: its variables hold the secret.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

use super::{Circuit, assign};

/// Counts what it is told.
#[derive(Clone, Default)]
struct Logger(Arc<AtomicU64>);

impl Logger {
    fn told(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Subscriber for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.told())
    }
    fn event(&self, _: &Event<'_>) {
        self.told();
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_program_that_logs_everything_is_told_nothing_of_a_proof() {
    let logger = Logger::default();
    tracing::subscriber::with_default(logger.clone(), || {
        tracing::info!("the logger listens");
        assign(Circuit::default()).unwrap();
    });
    assert_eq!(logger.0.load(Ordering::SeqCst), 1);
}
