//! What is still to be told to the chain: anchors and withdrawals. The seat that owes one sees to it ([`Hold`]); what a restart, a
//! seat that is gone, or files that were finished late have left is sent from here, until a final block shows it, unless it was
//! forgotten, or can never count.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use futures::future::join_all;
use pars_identity::IdentityId;
use pars_proto::room::recording::Recording;
use pars_wire::RecordingId;
use tokio::time::Instant;

use super::{Library, LibraryError, ToAnchor};

/// A withdrawal that no final block has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToWithdraw {
    /// From which span.
    pub span: RecordingId,
    /// When the consent ends, Unix seconds: behind that nothing is owed.
    pub valid_until: u64,
    /// Whether who records is given time to send it first.
    pub waits: bool,
    /// The executor that was named; that of the settings if none was.
    pub through: Option<IdentityId>,
    /// The call, as it travels to an executor.
    pub call: Vec<u8>,
}

/// A seat sees to what a span owes to the chain, as long as this is there.
#[derive(Clone, Debug)]
pub struct Hold {
    _seat: Arc<()>,
}

/// Who holds what.
pub(super) type Held = BTreeMap<RecordingId, Weak<()>>;

/// Blocks behind the end of consents, once one was seen.
type Late = BTreeMap<RecordingId, u64>;

/// What the chain says of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It holds it.
    Holds,
    /// It does not hold it yet, or any more.
    Lacks,
    /// It can hold it no more: a block after its end is final.
    Never,
}

impl Library {
    /// A seat sees to what a span owes.
    pub fn hold(&self, span: RecordingId) -> Hold {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, seat| seat.strong_count() > 0);
        let seat = held.get(&span).and_then(Weak::upgrade).unwrap_or_default();
        held.insert(span, Arc::downgrade(&seat));
        Hold { _seat: seat }
    }

    fn is_held(&self, span: RecordingId) -> bool {
        let held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&span).is_some_and(|seat| seat.strong_count() > 0)
    }

    /// Keep a withdrawal until a final block shows it, or its span's time is over; durable when this returns.
    ///
    /// # Errors
    /// [`LibraryError::File`].
    pub async fn keep_withdrawal(&self, of: ToWithdraw) -> Result<(), LibraryError> {
        self.blocking(move |inner| inner.vault.keep_withdrawal(&of)).await
    }

    /// Have `send` bring about each anchor that nobody else sees to, until it says that the chain names it; after a no it is
    /// asked again in a while, with what is kept then: what was forgotten meanwhile is not anchored. Goes on for ever.
    pub async fn finish_anchors<F: Future<Output = bool>>(&self, again: Duration, send: impl Fn(ToAnchor) -> F) {
        let (mut late, send) = (Late::new(), &send);
        loop {
            let mut due = Vec::new();
            for left in self.anchor_keys().await {
                let span = left.recording.span();
                match self.standing(&left.recording, &mut late).await {
                    _ if self.is_held(span) => {}
                    // What the chain does not hold it does not take an anchor of.
                    Ok(Standing::Holds) => due.push(left),
                    Ok(Standing::Lacks) => {}
                    Ok(Standing::Never) => {
                        tracing::warn!(
                            "the chain does not hold what was agreed to, and never will: a recording is not anchored"
                        );
                        self.anchored(span).await;
                    }
                    Err(error) => tracing::warn!(%error, "an anchor waits"),
                }
            }
            let sent = due.into_iter().map(|left| async move {
                let span = left.recording.span();
                if send(left).await {
                    self.anchored(span).await;
                }
            });
            join_all(sent).await;
            tokio::time::sleep(again).await;
        }
    }

    /// The same for withdrawals; one that waits for who records is sent when it was left here for `patience`. Goes on for ever.
    pub async fn finish_withdrawals<F: Future<Output = bool>>(
        &self,
        (again, patience): (Duration, Duration),
        send: impl Fn(ToWithdraw) -> F,
    ) {
        let (mut late, mut since, send) = (Late::new(), BTreeMap::new(), &send);
        loop {
            let left = self.blocking(|inner| Ok(inner.vault.withdrawals())).await.unwrap_or_default();
            let mut due = Vec::new();
            for one in left {
                match self.is_owed(&one, &mut late).await {
                    Ok(false) => self.withdrawn(one.span).await,
                    Ok(true) if self.is_held(one.span) => {}
                    Ok(true) => {
                        let since = since.entry(one.span).or_insert_with(Instant::now);
                        if !one.waits || since.elapsed() >= patience {
                            due.push(one);
                        }
                    }
                    Err(error) => tracing::warn!(%error, "a withdrawal waits"),
                }
            }
            join_all(due.into_iter().map(send)).await;
            tokio::time::sleep(again).await;
        }
    }

    /// Nothing is owed of a withdrawal any more.
    async fn withdrawn(&self, span: RecordingId) {
        if let Err(error) = self.blocking(move |inner| inner.vault.destroy_withdrawal(span)).await {
            tracing::warn!(%error, "a withdrawal that the chain holds was not erased");
        }
    }

    /// Whether the chain is still to hear of a withdrawal: no final block shows one of its span, which ends a span for ever.
    async fn is_owed(&self, of: &ToWithdraw, late: &mut Late) -> Result<bool, LibraryError> {
        let view = self.0.index.span(of.span).await?;
        if view.is_some_and(|view| view.row.withdrawn && view.is_final) {
            return Ok(false);
        }
        Ok(!self.is_over(of.span, of.valid_until, late).await?)
    }

    /// What the chain says of a consent.
    async fn standing(&self, of: &Recording, late: &mut Late) -> Result<Standing, LibraryError> {
        if self.0.index.span(of.span()).await?.is_some_and(|view| view.row.valid_until.is_some()) {
            return Ok(Standing::Holds);
        }
        let over = self.is_over(of.span(), of.valid_until, late).await?;
        Ok(if over { Standing::Never } else { Standing::Lacks })
    }

    /// Whether a block after the end of a consent is final, by the chain's clock.
    async fn is_over(&self, span: RecordingId, until: u64, late: &mut Late) -> Result<bool, LibraryError> {
        let Some(reach) = self.0.index.reach().await? else { return Ok(false) };
        if reach.head_time < until {
            // Another branch of the chain is not as far.
            late.remove(&span);
            return Ok(false);
        }
        Ok(*late.entry(span).or_insert(reach.head) <= reach.finalized)
    }
}
