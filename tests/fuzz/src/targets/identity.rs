//! Records. A record exists only with its signature, so each target takes the bytes as they are, and then once more with
//! the signed part signed by the key that must have signed it.

use pars_crypto::label::HybridLabel;
use pars_identity::core::IdentityCore;
use pars_identity::device::{DeviceCertificate, DeviceKeys};
use pars_identity::pin::Pin;
use pars_identity::prekey::PrekeyBatch;
use pars_identity::prekey::leaf::{LeafWithPath, Prekey};
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::record::IdentityRecord;
use pars_identity::revocation::{Revocation, Successor};
use pars_identity::seed::ContactKeys;
use pars_identity::stored::Stored;
use pars_wire::codec::{Hour, Wire};

use crate::Outcome;
use crate::check::{same, wire};
use crate::corpus::Seeds;
use crate::people::{ALICE, BOB, NOON, SUITE, signed, source};

/// IC.
pub(crate) fn core(bytes: &[u8]) -> Outcome {
    wire::<IdentityCore>(bytes)
}

fn accepted<T, E>(decoded: Result<T, E>, encode: impl Fn(&T) -> Vec<u8>, bytes: &[u8]) -> Outcome {
    if let Ok(value) = &decoded {
        same(&encode(value), bytes);
    }
    Outcome::of(decoded.is_ok())
}

/// Up to the signature, if there is that much.
fn content(bytes: &[u8], size: usize) -> &[u8] {
    bytes.get(..size).unwrap_or(bytes)
}

/// IR.
pub(crate) fn record(bytes: &[u8]) -> Outcome {
    let verify = |bytes: &[u8]| accepted(IdentityRecord::verify(SUITE, bytes), IdentityRecord::encode, bytes);
    verify(bytes);
    let content = content(bytes, IdentityRecord::SIGNED);
    verify(&signed(&ALICE.signing, HybridLabel::IDENTITY_RECORD, content))
}

/// DC.
pub(crate) fn device(bytes: &[u8]) -> Outcome {
    let core = ALICE.keys.core();
    let verify =
        |bytes: &[u8]| accepted(DeviceCertificate::verify(SUITE, bytes, core), DeviceCertificate::encode, bytes);
    verify(bytes);
    let content = content(bytes, DeviceCertificate::SIGNED);
    verify(&signed(&ALICE.signing, HybridLabel::DEVICE_CERTIFICATE, content))
}

/// PB, against the leaves of the genuine one too.
pub(crate) fn batch(bytes: &[u8]) -> Outcome {
    let verify = |bytes: &[u8]| {
        let batch = PrekeyBatch::verify(SUITE, bytes, &ALICE.certificate);
        if let Ok(batch) = &batch {
            for leaf in ALICE.prekeys.published() {
                let _ = batch.check_leaf(leaf, Hour::at(NOON));
            }
        }
        accepted(batch, PrekeyBatch::encode, bytes)
    };
    verify(bytes);
    let content = content(bytes, PrekeyBatch::SIGNED);
    verify(&signed(&ALICE.device.signing, HybridLabel::PREKEY_BATCH, content))
}

/// A leaf without its path.
pub(crate) fn prekey(bytes: &[u8]) -> Outcome {
    wire::<Prekey>(bytes)
}

/// A leaf with its path. Only genuine leaves are part of the genuine batch.
pub(crate) fn leaf(bytes: &[u8]) -> Outcome {
    if let Ok(leaf) = LeafWithPath::decode(bytes) {
        let genuine = ALICE.prekeys.published().contains(&leaf);
        assert_eq!(ALICE.batch.check_leaf_path(&leaf).is_ok(), genuine);
    }
    wire::<LeafWithPath>(bytes)
}

/// Leaves on their way to the directory.
pub(crate) fn upload(bytes: &[u8]) -> Outcome {
    wire::<LeafUpload>(bytes)
}

/// REV.
pub(crate) fn revocation(bytes: &[u8]) -> Outcome {
    accepted(Revocation::verify(bytes, ALICE.keys.core()), Revocation::encode, bytes)
}

/// SUC: Alice names Bob; both sign.
pub(crate) fn successor(bytes: &[u8]) -> Outcome {
    let verify = |bytes: &[u8]| {
        let decoded = Successor::verify(SUITE, bytes, ALICE.keys.core(), BOB.keys.core());
        accepted(decoded, Successor::encode, bytes)
    };
    verify(bytes);
    let content = content(bytes, Successor::SIGNED);
    let old = signed(&ALICE.signing, HybridLabel::SUCCESSOR, content);
    let new = BOB.signing.sign_with(SUITE, HybridLabel::SUCCESSOR, content, &[0; 32]);
    verify(&[&old[..], &new.to_bytes()].concat())
}

/// A pin of a snapshot.
pub(crate) fn pin(bytes: &[u8]) -> Outcome {
    if let Ok(mut pin) = Pin::decode(bytes) {
        let _ = pin.accept(&ALICE.record);
        same(&Pin::decode(&pin.encode()).expect("what was written").encode(), &pin.encode());
    }
    wire::<Pin>(bytes)
}

/// The plain form of secret keys: `kind1 | bytes`.
pub(crate) fn stored(bytes: &[u8]) -> Outcome {
    let Some((kind, bytes)) = bytes.split_first() else { return Outcome::Refused };
    fn check<T: Stored>(bytes: &[u8]) -> Outcome {
        accepted(T::from_stored(SUITE, bytes), |keys| keys.to_stored().to_vec(), bytes)
    }
    match kind % 3 {
        0 => check::<DeviceKeys>(bytes),
        1 => check::<ContactKeys>(bytes),
        _ => check::<LeafSecret>(bytes),
    }
}

/// Breaks the ML-KEM key at this place: a coefficient at or above q.
fn unreduced(at: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| bytes[at..at + 3].fill(0xff)
}

pub(super) fn seeds(seeds: &mut Seeds) {
    record_seeds(seeds);
    prekey_seeds(seeds);
    seeds.add_with(
        "identity-revocation",
        "revocation",
        &ALICE.keys.revoke().encode(),
        &[("other-secret", &|bytes| bytes[67] ^= 1)],
    );
    let successor = ALICE.keys.name_successor(SUITE, &BOB.keys, Hour::at(NOON), &mut source(11)).encode();
    seeds.add_with("identity-successor", "successor", &successor, &[("itself", &|bytes| bytes.copy_within(4..36, 36))]);
    let mut pin = Pin::new(&ALICE.record);
    seeds.add_with("identity-pin", "pin", &pin.encode(), &[("nine-devices", &|bytes| bytes[2_738] = 9)]);
    pin.revoke(&ALICE.keys.revoke()).expect("her own secret");
    seeds.add_with("identity-pin", "revoked", &pin.encode(), &[("half-revoked", &|bytes| bytes[2_737] = 2)]);
    seeds.add("identity-stored", "device", [&[0], &ALICE.device.to_stored()[..]].concat());
    seeds.add("identity-stored", "contact", [&[1], &ALICE.contact.to_stored()[..]].concat());
    let leaf = [&[2], &ALICE.leaf().to_stored()[..]].concat();
    seeds.add_with("identity-stored", "leaf", &leaf, &[("secret-of-another-leaf", &|bytes| bytes[1 + 1_616] ^= 8)]);
}

fn record_seeds(seeds: &mut Seeds) {
    let suite: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[4] = 0xf0;
    seeds.add_with(
        "identity-core",
        "core",
        &ALICE.keys.core().encode(),
        &[("toy-suite", suite), ("weak-ed25519", &|bytes| bytes[2_597..2_629].fill(0))],
    );
    seeds.add_with(
        "identity-record",
        "record",
        &ALICE.record.encode(),
        &[
            ("flags-set", &|bytes| bytes[IdentityRecord::SIGNED - 1] = 1),
            ("ends-before-it-begins", &|bytes| bytes[17..21].fill(0)),
            ("ml-kem-key-not-reduced", &unreduced(21 + 2_661 + 32)),
        ],
    );
    seeds.add("identity-record", "record-of-somebody-else", BOB.record.encode());
    seeds.add_with(
        "identity-device",
        "certificate",
        &ALICE.certificate.encode(),
        &[("flags-set", &|bytes| bytes[61] = 1), ("other-identity", &|bytes| bytes[5] ^= 1)],
    );
    seeds.add_with(
        "identity-batch",
        "batch",
        &ALICE.batch.encode(),
        &[
            ("sixteen-leaves", &|bytes| bytes[65] = 16),
            ("too-little-work", &|bytes| bytes[66] = 0),
            ("first-day-at-the-end-of-time", &|bytes| bytes[61..65].fill(0xff)),
        ],
    );
}

fn prekey_seeds(seeds: &mut Seeds) {
    let leaves = ALICE.prekeys.published();
    seeds.add_with("identity-prekey", "daily", &leaves[0].prekey().encode(), &[("key-not-reduced", &unreduced(44))]);
    seeds.add("identity-prekey", "last-resort", leaves[14].prekey().encode());
    seeds.add_with(
        "identity-leaf",
        "daily",
        &leaves[0].encode(),
        &[
            ("day-of-a-neighbour", &|bytes| bytes[11] ^= 1),
            ("day-at-the-end-of-time", &|bytes| bytes[8..12].fill(0xff)),
        ],
    );
    seeds.add("identity-leaf", "last-resort", leaves[14].encode());
    let uploads = LeafUpload::packets(1, &leaves[..8]);
    seeds.add_with(
        "identity-upload",
        "two-leaves",
        &uploads[1].encode(),
        &[
            ("none", &|bytes| bytes[12] = 0),
            ("more-than-there-are", &|bytes| bytes[12] = 6),
            ("seven", &|bytes| bytes[12] = 7),
        ],
    );
}
