//! Anchors that a restart left behind: each is sent until the chain names it, unless it was forgotten, or can never be taken.

use std::time::Duration;

use futures::future::join_all;
use pars_proto::room::recording::Recording;

use super::{Library, LibraryError, ToAnchor};

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
    /// Have `send` bring about each anchor that is left, until it says that the chain names it; after a no it is asked again
    /// in a while, with what is kept then: what was forgotten meanwhile is not anchored.
    pub async fn finish_anchors<F: Future<Output = bool>>(&self, again: Duration, send: impl Fn(ToAnchor) -> F) {
        let left = self.anchor_keys().await;
        join_all(left.iter().map(|one| self.finish_anchor(&one.recording, again, &send))).await;
    }

    async fn finish_anchor<F: Future<Output = bool>>(
        &self,
        recording: &Recording,
        again: Duration,
        send: &impl Fn(ToAnchor) -> F,
    ) {
        let mut late = None;
        loop {
            let kept = self.anchor_keys().await.into_iter().find(|kept| kept.recording == *recording);
            let Some(left) = kept else { return };
            match self.standing(recording, &mut late).await {
                // What the chain does not hold it does not take an anchor of.
                Ok(Standing::Holds) if send(left).await => return self.anchored(recording.span()).await,
                Ok(Standing::Holds | Standing::Lacks) => {}
                Ok(Standing::Never) => {
                    tracing::warn!(
                        "the chain does not hold what was agreed to, and never will: a recording is not anchored"
                    );
                    return self.anchored(recording.span()).await;
                }
                Err(error) => tracing::warn!(%error, "an anchor waits"),
            }
            tokio::time::sleep(again).await;
        }
    }

    /// What the chain says of a consent; `late`: a block after its end, once one was seen.
    async fn standing(&self, of: &Recording, late: &mut Option<u64>) -> Result<Standing, LibraryError> {
        let index = &self.0.index;
        if index.span(of.span()).await?.is_some_and(|view| view.row.valid_until.is_some()) {
            return Ok(Standing::Holds);
        }
        let Some(reach) = index.reach().await? else { return Ok(Standing::Lacks) };
        if reach.head_time < of.valid_until {
            // Another branch of the chain is not as far.
            *late = None;
            return Ok(Standing::Lacks);
        }
        let late = *late.get_or_insert(reach.head);
        Ok(if late <= reach.finalized { Standing::Never } else { Standing::Lacks })
    }
}
