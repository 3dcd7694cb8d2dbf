//! The vectors of this crate: each construction of SESSION SD9 on fixed inputs. Long outputs stand as their SHA3-256.

use pars_crypto::hash::{hash, sha3};
use pars_crypto::hkem::{Xw768Secret, Xw1024Secret};
use pars_crypto::kdf::{NO_SALT, expand, kdf};
use pars_crypto::label::{HashLabel, HybridLabel, KdfLabel, SignatureLabel};
use pars_crypto::lioness;
use pars_crypto::merkle::Tree;
use pars_crypto::secret::{ChainKey, DsaSeed, Ed25519Seed, HybridKemSeed, PayloadKey, StreamKey};
use pars_crypto::sign::{Ed25519Secret, HybridSecret};
use pars_crypto::stream;
use pars_crypto::suite::Suite;
use serde_json::{Value, json};

fn counting<const N: usize>() -> [u8; N] {
    std::array::from_fn(|i| i as u8)
}

/// The contents of `tests/vectors/session/crypto.json`, the same on every back end.
pub(crate) fn vectors(suite: &dyn Suite) -> Value {
    json!({
        "labels": pars_crypto::label::ALL.iter().map(|(text, _)| *text).collect::<Vec<_>>(),
        "hash": hex::encode(hash(HashLabel::OBJECT, &[b"tag", b"", b"object"])),
        "kdf": hex::encode(kdf::<192>(b"salt", &[b"one", b"two"], KdfLabel::SESSION, &[b"field", b""]).expose()),
        "kdfNoSalt": hex::encode(kdf::<44>(NO_SALT, &[&[1; 32]], KdfLabel::SURB, &[]).expose()),
        "expand": hex::encode(expand::<76>(&[2; 32], KdfLabel::MESSAGE, &[&[1], &[3; 16]]).expose()),
        "chain": chain(),
        "oneUse": hex::encode(kdf::<44>(NO_SALT, &[b"ikm"], KdfLabel::SEAL, &[]).one_use::<0>().seal(b"aad", b"text")),
        "xw768": hybrid_768(suite),
        "xw1024": hybrid_1024(suite),
        "hybridSignature": hybrid_signature(suite),
        "ed25519": hex::encode(
            Ed25519Secret::from_seed(Ed25519Seed::from_bytes(counting())).sign(SignatureLabel::COMMAND, b"message"),
        ),
        "merkle": merkle(),
        "lioness": payload(),
        "stream": key_stream(),
    })
}

fn chain() -> Value {
    let chain = ChainKey::from_bytes([4; 32]);
    json!({ "message": hex::encode(chain.message_key().expose()), "next": hex::encode(chain.next().expose()) })
}

macro_rules! hybrid {
    ($name:ident, $secret:ident) => {
        fn $name(suite: &dyn Suite) -> Value {
            let key = $secret::from_seed(suite, HybridKemSeed::from_bytes(counting()));
            let (ciphertext, shared) = key.public().encapsulate_with(suite, &counting()).unwrap();
            json!({
                "seed": hex::encode(key.seed().expose()),
                "randomness": hex::encode(counting::<64>()),
                "publicHash": hex::encode(sha3(&[&key.public().to_bytes()])),
                "ciphertextHash": hex::encode(sha3(&[&ciphertext.to_bytes()])),
                "shared": hex::encode(shared.expose()),
            })
        }
    };
}

hybrid!(hybrid_768, Xw768Secret);
hybrid!(hybrid_1024, Xw1024Secret);

fn hybrid_signature(suite: &dyn Suite) -> Value {
    let key = HybridSecret::from_seeds(suite, DsaSeed::from_bytes(counting()), Ed25519Seed::from_bytes([5; 32]));
    let signature = key.sign_with(suite, HybridLabel::PREKEY_BATCH, b"message", &[6; 32]).to_bytes();
    json!({
        "dsaPublicHash": hex::encode(sha3(&[key.public().dsa()])),
        "ed25519Public": hex::encode(key.public().ed25519().as_bytes()),
        "signature": hex::encode(signature),
    })
}

fn merkle() -> Value {
    let tree = Tree::new([&b"a"[..], b"b", b"c"]);
    let path: Vec<_> = tree.path(2).unwrap().into_iter().map(hex::encode).collect();
    json!({ "root": hex::encode(tree.root()), "pathOf2": path })
}

fn payload() -> Value {
    let key = PayloadKey::from_bytes(counting());
    let mut short = counting::<64>();
    lioness::encrypt(&key, &mut short).unwrap();
    let mut whole: Vec<_> = (0..pars_wire::limits::ONION_PAYLOAD).map(|i| i as u8).collect();
    lioness::encrypt(&key, &mut whole).unwrap();
    json!({ "block64": hex::encode(short), "payloadHash": hex::encode(sha3(&[&whole])) })
}

fn key_stream() -> String {
    let mut zeros = [0; 48];
    stream::apply(&StreamKey::from_bytes(counting()), &mut zeros);
    hex::encode(zeros)
}
