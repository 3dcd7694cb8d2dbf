//! SessionTrigger: trigger keys with their policies, actions (ELIGIBILITY section 5).

use alloy_primitives::{B256, Bytes, U256};
use pars_bindings::SessionTrigger::{RotationStarted, SessionTriggerEvents, SignerEnrolled};
use pars_wire::SignerId;

use super::unknown;
use crate::cell::Rule;
use crate::refusal::Inconsistency;
use crate::rows::{Action, Key, Position, Signer};
use crate::state::Draft;

pub(super) fn reduce(draft: &mut Draft<'_>, event: SessionTriggerEvents, at: Position) -> Result<(), Inconsistency> {
    match event {
        SessionTriggerEvents::SignerEnrolled(event) => {
            enrol(draft, event, at);
            Ok(())
        }
        SessionTriggerEvents::PolicySet(event) => {
            let family = family(draft, SignerId(event.signerId))?;
            for mut signer in family {
                signer.rules = event.policy.rules.iter().map(rule).collect();
                signer.value_cap = event.policy.valueCap;
                signer.per_period = event.policy.perPeriod;
                signer.period = event.policy.period;
                signer.valid_until = event.policy.validUntil.to();
                signer.at = at;
                draft.put(signer);
            }
            Ok(())
        }
        SessionTriggerEvents::RotationStarted(event) => rotate(draft, &event, at),
        SessionTriggerEvents::SignerRevoked(event) => {
            let mut signer = signer(draft, SignerId(event.signerId))?;
            signer.revoked = true;
            signer.at = at;
            draft.put(signer);
            Ok(())
        }
        SessionTriggerEvents::ActionExecuted(event) => {
            act(draft, (event.signerId, event.nonce), event.actionHash, None, at);
            Ok(())
        }
        SessionTriggerEvents::ActionFailed(event) => {
            act(draft, (event.signerId, event.nonce), event.actionHash, Some(event.reason), at);
            Ok(())
        }
    }
}

fn rule(rule: &pars_bindings::SessionTrigger::Rule) -> Rule {
    Rule { target: rule.target, selector: rule.selector }
}

fn signer(draft: &Draft<'_>, id: SignerId) -> Result<Signer, Inconsistency> {
    draft.state().get::<Signer>(&Key::Signer(id)).cloned().ok_or_else(|| unknown("trigger key", id))
}

fn enrol(draft: &mut Draft<'_>, event: SignerEnrolled, at: Position) {
    draft.put(Signer {
        signer_id: SignerId(event.signerId),
        account: event.account,
        key_at: event.keyAt,
        rules: event.policy.rules.iter().map(rule).collect(),
        value_cap: event.policy.valueCap,
        per_period: event.policy.perPeriod,
        period: event.policy.period,
        valid_until: event.policy.validUntil.to(),
        rotates_to: None,
        rotates_at: None,
        rotated_from: None,
        revoked: false,
        at,
    });
}

/// The new key takes over account and policy.
fn rotate(draft: &mut Draft<'_>, event: &RotationStarted, at: Position) -> Result<(), Inconsistency> {
    let (old_id, new_id) = (SignerId(event.signerId), SignerId(event.newSignerId));
    let old = signer(draft, old_id)?;
    draft.put(Signer {
        signer_id: new_id,
        key_at: event.keyAt,
        rotates_to: None,
        rotates_at: None,
        rotated_from: Some(old_id),
        revoked: false,
        at,
        ..old.clone()
    });
    draft.put(Signer { rotates_to: Some(new_id), rotates_at: Some(event.effectiveAt.to()), at, ..old });
    Ok(())
}

/// A key and the keys it was rotated from and to: they share one policy. A chain of rotations has no cycle, because a
/// key is enrolled once.
fn family(draft: &Draft<'_>, id: SignerId) -> Result<Vec<Signer>, Inconsistency> {
    let mut found = vec![signer(draft, id)?];
    while let Some(from) = found.last().and_then(|first| first.rotated_from) {
        found.push(signer(draft, from)?);
    }
    let mut next = found.first().and_then(|last| last.rotates_to);
    while let Some(to) = next {
        let signer = signer(draft, to)?;
        next = signer.rotates_to;
        found.push(signer);
    }
    Ok(found)
}

fn act(draft: &mut Draft<'_>, (signer, nonce): (B256, U256), action_hash: B256, failure: Option<Bytes>, at: Position) {
    let (signer_id, executed) = (SignerId(signer), failure.is_none());
    draft.put(Action { signer_id, nonce, action_hash, executed, reason: failure, at });
}
