//! A recording with three seats and two dummies: one span, its consents, a notice, wraps.

use alloy_primitives::{Address, B256};
use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::secret::{HybridKemSeed, SharedSecret};
use pars_proto::room::recording::{
    ConsentDomain, ConsentKey, ConsentRoster, Draft, Dummies, FileKey, Notice, NoticeKey, Recording, RecordingTag,
    SealedNotice, Terms, Wraps, recipients,
};
use pars_proto::room::{ConsentSigner, EpochHash, EpochSecret, SeatNo};
use pars_wire::ChainId;
use pars_wire::codec::Wire;
use serde_json::{Value, json};

use super::cast::{OPENED, SCOPE, SUITE, source};
use super::hexed;

/// The random bytes of the recording.
pub(crate) const RANDOM: [u8; 32] = [0xa1; 32];
/// The contract of the vectors.
pub(crate) const DOMAIN: ConsentDomain = ConsentDomain { chain: ChainId(7_072), contract: Address::repeat_byte(0x77) };

/// What is agreed to.
pub(crate) fn terms() -> Terms {
    let (codec, storage) = (B256::repeat_byte(0xa2), B256::repeat_byte(0xa3));
    Terms { codec, storage, retention_seconds: 30 * 86_400, valid_until: OPENED + 3_600 }
}

pub(crate) fn dummies() -> Dummies {
    Dummies::new(SharedSecret::from_bytes([0xa4; 32]), 2).expect("two are not too many")
}

/// The consent key of a seat.
pub(crate) fn key(seat: u8) -> ConsentKey {
    ConsentKey::from_scalar(&[seat; 32]).expect("a scalar")
}

/// The recording key of a seat.
pub(crate) fn recording_key(seat: u8) -> Xw768Secret {
    Xw768Secret::from_seed(SUITE, HybridKemSeed::from_bytes([0x40 + seat; 32]))
}

pub(crate) fn tag() -> RecordingTag {
    RecordingTag::of(&SCOPE, &RANDOM)
}

/// Seats 1 to 3, of which the first records.
pub(crate) struct Span {
    pub(crate) signers: Vec<ConsentSigner>,
    pub(crate) keys: Vec<Xw768Public>,
    pub(crate) recording: Recording,
    pub(crate) roster: ConsentRoster,
}

pub(crate) fn span() -> Span {
    let signers: Vec<_> = (1..=3).map(|seat| key(seat).signer()).collect();
    let keys: Vec<_> = (1..=3).map(|seat| recording_key(seat).public()).collect();
    let (terms, dummies) = (terms(), dummies());
    let draft =
        Draft { tag: tag(), terms: &terms, dummies: &dummies, signers: &signers, keys: &keys, recorder: &signers[0] };
    let (recording, roster) = draft.build().expect("distinct keys");
    Span { signers, keys, recording, roster }
}

fn words(words: &[B256]) -> Vec<Value> {
    words.iter().map(hexed).collect()
}

/// The file.
pub(crate) fn recording() -> Value {
    let Span { signers, keys, recording, roster } = span();
    let id = recording.span();
    let mut rng = source(41);
    let mut holders: Vec<_> = (1..=3).map(key).chain(dummies().keys()).collect();
    holders.sort_unstable_by_key(|key| key.signer().hash());
    let consents: Vec<_> = holders
        .iter()
        .map(|key| {
            let hash = key.signer().hash();
            let signature = key.sign(SUITE, &mut rng, DOMAIN.consent_digest(id)).expect("a digest");
            json!({
                "signer": hexed(key.signer().as_bytes()), "signature": hexed(signature.as_bytes()),
                "proof": words(&roster.proof(&hash).expect("of the roster")),
            })
        })
        .collect();
    let chunk = |from: usize, to: usize| {
        let proof = roster.multi_proof(&roster.signers()[from..to]).expect("rising");
        json!({ "from": from, "to": to, "proof": words(&proof.proof), "flags": proof.flags })
    };
    let secret = EpochSecret::from_bytes([0xa5; 32]);
    let (epoch, seat, seq) = (EpochHash([0xa6; 32]), SeatNo(300), 7);
    let notice_key = NoticeKey { secret: &secret, scope: &SCOPE, seat, seq };
    let notice = |notice: &Notice| {
        let sealed = SealedNotice::seal(notice, epoch, notice_key);
        json!({
            "secret": hexed(secret.expose()), "rh": hexed(epoch.0), "seat": seat.0, "seq": seq,
            "text": hexed(notice.encode()), "body": hexed(sealed.encode()),
        })
    };
    let propose = notice(&Notice::Propose { random: RANDOM, terms: terms(), dummies: dummies() });
    // The second seat takes its consent back.
    let withdraws = key(2);
    let signer = withdraws.signer().hash();
    let proof = roster.proof(&signer).expect("of the roster");
    let signature = withdraws.sign(SUITE, &mut rng, DOMAIN.withdraw_digest(id)).expect("a digest");
    let withdrawal = json!({
        "signer": hexed(withdraws.signer().as_bytes()), "signature": hexed(signature.as_bytes()),
        "proof": words(&proof), "notice": notice(&Notice::Withdraw { span: id, signer, proof, signature }),
    });
    let file = FileKey::from_bytes([0xa7; 32]);
    let wraps = Wraps::seal(SUITE, &mut rng, tag(), &file, &keys).expect("good keys");
    json!({
        "scope": hexed(SCOPE.to_bytes()), "random": hexed(RANDOM), "recordingId": hexed(tag().0),
        "codec": hexed(terms().codec), "storage": hexed(terms().storage),
        "retentionSeconds": terms().retention_seconds, "validUntil": terms().valid_until,
        "recordingKeys": keys.iter().map(|key| hexed(key.to_bytes())).collect::<Vec<_>>(),
        "recipients": hexed(recipients(&keys)), "policy": hexed(recording.policy),
        "seats": signers.iter().map(|signer| hexed(signer.as_bytes())).collect::<Vec<_>>(),
        "dummySeed": hexed([0xa4; 32]), "dummies": dummies().count(),
        "roster": hexed(recording.roster), "participants": recording.participants,
        "recorder": hexed(recording.recorder), "span": hexed(id.0), "encoded": hexed(recording.encode()),
        "chainId": DOMAIN.chain.0, "contract": hexed(DOMAIN.contract), "separator": hexed(DOMAIN.separator()),
        "consentDigest": hexed(DOMAIN.consent_digest(id)), "withdrawDigest": hexed(DOMAIN.withdraw_digest(id)),
        "cid": hexed(b"cid"), "anchorDigest": hexed(DOMAIN.anchor_digest(id, b"cid", wraps.hash())),
        "consents": consents, "chunks": [chunk(0, 5), chunk(0, 2), chunk(2, 5)],
        "notice": propose, "withdrawal": withdrawal,
        "fileKey": hexed(file.expose()), "wraps": hexed(wraps.encode()), "wrapsHash": hexed(wraps.hash()),
    })
}
