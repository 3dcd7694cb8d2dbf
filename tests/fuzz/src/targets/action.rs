//! Actions in messages: certificates of trigger keys, content types 8 and 9.

use alloy_primitives::{Address, B256};
use pars_crypto::label::HybridLabel;
use pars_identity::trigger::{TriggerCertificate, TriggerKey};
use pars_proto::action::receipt::Reason;
use pars_proto::action::{ActionContent, ActionReceipt, Included, Outcome, Refusal, SignedAction};
use pars_wire::codec::Wire;
use pars_wire::{BlockRef, ChainId, SignerId};

use crate::Outcome as Verdict;
use crate::check::{same, wire};
use crate::corpus::Seeds;
use crate::people::{ALICE, SUITE, signed, source};

/// The certificate of a trigger key; once as it is, once with its content signed by Alice.
pub(crate) fn certificate(bytes: &[u8]) -> Verdict {
    let verify = |bytes: &[u8]| {
        let decoded = TriggerCertificate::verify(SUITE, bytes, ALICE.keys.core());
        if let Ok(certificate) = &decoded {
            same(&certificate.encode(), bytes);
        }
        Verdict::of(decoded.is_ok())
    };
    let content = bytes.get(..TriggerKey::SIZE).unwrap_or(bytes);
    verify(&signed(&ALICE.signing, HybridLabel::TRIGGER_CERTIFICATE, content));
    verify(bytes)
}

/// Content type 8.
pub(crate) fn content(bytes: &[u8]) -> Verdict {
    wire::<ActionContent>(bytes)
}

/// Content type 9.
pub(crate) fn receipt(bytes: &[u8]) -> Verdict {
    wire::<ActionReceipt>(bytes)
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let key = TriggerKey {
        chain: ChainId(7_072),
        trigger: Address::repeat_byte(1),
        account: Address::repeat_byte(2),
        signer: SignerId([3; 32].into()),
    };
    let certificate = ALICE.keys.certify_trigger(SUITE, key, &mut source(12)).encode();
    seeds.add_with(
        "identity-trigger",
        "certificate",
        &certificate,
        &[("other-account", &|bytes| bytes[40] ^= 1), ("scalar-not-reduced", &|bytes| bytes[112..144].fill(0xff))],
    );
    seeds.add("action-content", "certificate", [&[1], &certificate[..]].concat());
    let action = SignedAction::new(vec![7; 352], Box::new([8; 4_627])).expect("the shortest action");
    seeds.add_with(
        "action-content",
        "action",
        &ActionContent::Action(action).encode(),
        &[
            ("unknown-kind", &|bytes| bytes[0] = 4),
            ("message-beyond-the-end", &|bytes| bytes[1..3].fill(0xff)),
            ("message-too-short", &|bytes| bytes[1..3].copy_from_slice(&351_u16.to_be_bytes())),
        ],
    );
    seeds.add("action-content", "consent", ActionContent::Consent(vec![5; 135]).encode());
    seeds.add("action-content", "chat", "2 please send 5 PARS");
    receipts(seeds);
}

fn receipts(seeds: &mut Seeds) {
    let block = BlockRef { number: 5, hash: B256::repeat_byte(6) };
    let included = Included { transaction: B256::repeat_byte(4), block, is_final: false };
    let (hash, chain) = (B256::repeat_byte(2), ChainId(7_072));
    let ended = (Outcome::Executed, included);
    let executed = ActionReceipt::included([1; 16], hash, chain, ended, Reason::new("گزارش"));
    seeds.add_with(
        "action-receipt",
        "executed",
        &executed.encode(),
        &[
            ("refusal-of-what-ran", &|bytes| bytes[50] = 5),
            ("without-a-transaction", &|bytes| bytes[60..92].fill(0)),
            ("reason-cut-in-a-character", &|bytes| bytes[133] -= 1),
            ("reason-that-steers", &|bytes| bytes[134] = 0x1b),
        ],
    );
    let refused = ActionReceipt::refused([1; 16], hash, chain, &Refusal::NoPrecompile);
    seeds.add_with(
        "action-receipt",
        "refused",
        &refused.encode(),
        &[("not-final", &|bytes| bytes[51] = 0), ("unknown-refusal", &|bytes| bytes[50] = 0xff)],
    );
}
