//! Public keys, ciphertexts, signatures and sealed values. Both back ends must say the same of every input.

use std::sync::LazyLock;

use pars_crypto::hkem::{Xw768Ciphertext, Xw768Public, Xw768Secret, Xw1024Ciphertext, Xw1024Public, Xw1024Secret};
use pars_crypto::kem::{Kem768Ciphertext, Kem768Public, Kem768Secret, Kem1024Ciphertext, Kem1024Public, Kem1024Secret};
use pars_crypto::label::{HybridLabel, SignatureLabel};
use pars_crypto::lioness as cipher;
use pars_crypto::sealed::{Place, Sealed};
use pars_crypto::secret::{PayloadKey, StoreKey};
use pars_crypto::sign::{Ed25519Public, HYBRID_SIGNATURE, HybridPublic, HybridSignature};
use pars_crypto::suite::{DSA87_PUBLIC, Reference};

use crate::Outcome;
use crate::check::{fixed, same};
use crate::corpus::Seeds;
use crate::people::{ALICE, SUITE, source};

/// A canonical point of the prime-order group, or a refusal.
pub(crate) fn ed25519_public(bytes: &[u8]) -> Outcome {
    let bytes = fixed::<32>(bytes);
    let key = Ed25519Public::from_bytes(&bytes);
    if let Ok(key) = &key {
        same(key.as_bytes(), &bytes[..]);
        assert!(key.verify(SignatureLabel::COMMAND, b"", &[0; 64]).is_err());
    }
    Outcome::of(key.is_ok())
}

/// ML-DSA-87 and Ed25519.
pub(crate) fn hybrid_public(bytes: &[u8]) -> Outcome {
    let bytes = fixed::<{ DSA87_PUBLIC + 32 }>(bytes);
    let (dsa, ed25519) = bytes.split_first_chunk::<DSA87_PUBLIC>().expect("an ML-DSA key");
    let key = HybridPublic::from_parts(dsa, ed25519.try_into().expect("an Ed25519 key"));
    if let Ok(key) = &key {
        same(&[&key.dsa()[..], key.ed25519().as_bytes()].concat(), &bytes[..]);
        // The Ed25519 half would end the verification first.
        let signature = ALICE.signing.sign_with(SUITE, HybridLabel::INIT, b"", &[0; 32]);
        let verdict = key.verify(SUITE, HybridLabel::INIT, b"", &signature);
        assert!(verdict.is_err() || key == ALICE.signing.public());
    }
    Outcome::of(key.is_ok())
}

/// `HS` over a fixed message; only the genuine bytes verify, and both back ends agree on the ML-DSA half.
pub(crate) fn hybrid_signature(bytes: &[u8]) -> Outcome {
    let bytes = fixed::<HYBRID_SIGNATURE>(bytes);
    let signature = HybridSignature::from_bytes(&bytes);
    same(&signature.to_bytes(), &bytes[..]);
    let public = ALICE.signing.public();
    let verdicts = [SUITE as &dyn pars_crypto::Suite, &Reference].map(|suite| {
        let dsa = bytes.last_chunk().expect("an ML-DSA signature");
        let alone = suite.dsa87_verify(public.dsa(), HybridLabel::INIT, b"message", dsa);
        (public.verify(suite, HybridLabel::INIT, b"message", &signature), alone)
    });
    assert_eq!(verdicts[0], verdicts[1], "the back ends disagree");
    Outcome::of(verdicts[0].0.is_ok())
}

macro_rules! kem {
    ($name:ident, $public:ident, $ciphertext:ident, $secret:ident, $bytes:ident) => {
        /// An encapsulation key to use, then a ciphertext to open: the same secret from both back ends.
        pub(crate) fn $name(bytes: &[u8]) -> Outcome {
            static SECRETS: LazyLock<[$secret; 2]> = LazyLock::new(|| {
                [$secret::generate(SUITE, &mut source(5)), $secret::generate(&Reference, &mut source(5))]
            });
            let public = $public::from_bytes(&fixed(bytes));
            if let Ok(public) = &public {
                same(&public.$bytes()[..], &fixed::<{ $public::SIZE }>(bytes)[..]);
                let made = public.encapsulate(SUITE, &mut source(6));
                assert_eq!(made, public.encapsulate(&Reference, &mut source(6)), "the back ends disagree");
            }
            let ciphertext = $ciphertext::from_bytes(&fixed(bytes));
            same(&ciphertext.$bytes()[..], &fixed::<{ $ciphertext::SIZE }>(bytes)[..]);
            let [libcrux, reference] = &*SECRETS;
            let opened = libcrux.decapsulate(SUITE, &ciphertext);
            assert_eq!(opened, reference.decapsulate(&Reference, &ciphertext), "the back ends disagree");
            Outcome::of(public.is_ok())
        }
    };
}

kem!(kem768, Kem768Public, Kem768Ciphertext, Kem768Secret, as_bytes);
kem!(kem1024, Kem1024Public, Kem1024Ciphertext, Kem1024Secret, as_bytes);
kem!(xw768, Xw768Public, Xw768Ciphertext, Xw768Secret, to_bytes);
kem!(xw1024, Xw1024Public, Xw1024Ciphertext, Xw1024Secret, to_bytes);

const PLACE: Place<'_> = Place { table: "fuzz", key: b"row" };

fn store() -> StoreKey {
    StoreKey::from_bytes([7; 32])
}

/// Bytes of a store, whoever wrote them.
pub(crate) fn sealed(bytes: &[u8]) -> Outcome {
    let sealed = Sealed::from_bytes(bytes.to_vec());
    same(sealed.as_bytes(), bytes);
    let opened = sealed.open(&store(), PLACE);
    if let Ok(text) = &opened {
        assert_eq!(text.len() + Sealed::OVERHEAD, bytes.len());
    }
    Outcome::of(opened.is_ok())
}

/// The wide-block cipher over any length.
pub(crate) fn lioness(bytes: &[u8]) -> Outcome {
    let key = PayloadKey::from_bytes([9; 128]);
    let mut block = bytes.to_vec();
    let opened = cipher::decrypt(&key, &mut block);
    if opened.is_ok() {
        cipher::encrypt(&key, &mut block).expect("as long as before");
    }
    same(&block, bytes);
    Outcome::of(opened.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let public = ALICE.signing.public();
    let key = public.ed25519().as_bytes();
    seeds.add("crypto-ed25519-public", "key", key);
    seeds.add("crypto-ed25519-public", "identity-point", [&[1][..], &[0; 31]].concat());
    // y = p + 1: the identity point once more.
    seeds.add("crypto-ed25519-public", "y-not-reduced", [&[0xee][..], &[0xff; 30], &[0x7f]].concat());
    let both = [&public.dsa()[..], key].concat();
    seeds.add_with("crypto-hybrid-public", "key", &both, &[("weak-ed25519", &|bytes| bytes[DSA87_PUBLIC..].fill(0))]);
    let signature = ALICE.signing.sign_with(SUITE, HybridLabel::INIT, b"message", &[0; 32]).to_bytes();
    seeds.add_with(
        "crypto-hybrid-signature",
        "signature",
        &signature,
        &[
            ("scalar-not-reduced", &|bytes| bytes[63] |= 0xf0),
            ("hints-out-of-order", &|bytes| bytes[64 + 4_627 - 83..].reverse()),
            ("response-out-of-range", &|bytes| bytes[64 + 64..64 + 128].fill(0xff)),
        ],
    );
    kem_seeds(seeds);
    let sealed = Sealed::seal(&store(), PLACE, b"a secret", &mut source(8)).into_bytes();
    seeds.add_with("crypto-sealed", "value", &sealed, &[("no-room-for-a-tag", &|bytes| bytes.truncate(31))]);
    seeds.add("crypto-lioness", "block", [3; 100]);
    seeds.add("crypto-lioness", "as-long-as-the-left-half", [3; 32]);
}

fn kem_seeds(seeds: &mut Seeds) {
    let (mut one, mut two) = (source(5), source(10));
    let (small, large) = (Kem768Secret::generate(SUITE, &mut one), Kem1024Secret::generate(SUITE, &mut one));
    let unreduced: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[..3].fill(0xff);
    seeds.add_with("crypto-kem768", "key", small.public().as_bytes(), &[("key-not-reduced", unreduced)]);
    seeds.add_with("crypto-kem1024", "key", large.public().as_bytes(), &[("key-not-reduced", unreduced)]);
    seeds.add("crypto-kem768", "ciphertext", small.public().encapsulate(SUITE, &mut two).0.as_bytes());
    seeds.add("crypto-kem1024", "ciphertext", large.public().encapsulate(SUITE, &mut two).0.as_bytes());

    let low_order: &dyn Fn(&mut Vec<u8>) = &|bytes| {
        let length = bytes.len();
        bytes[length - 32..].fill(0);
    };
    let (small, large) = (Xw768Secret::generate(SUITE, &mut one), Xw1024Secret::generate(SUITE, &mut one));
    let (keys, hostile) = ((small.public(), large.public()), [("key-of-low-order", low_order)]);
    seeds.add_with("crypto-xw768", "key", &keys.0.to_bytes(), &hostile);
    seeds.add_with("crypto-xw1024", "key", &keys.1.to_bytes(), &hostile);
    let made = keys.0.encapsulate(SUITE, &mut two).expect("an honest key").0.to_bytes();
    seeds.add_with("crypto-xw768", "ciphertext", &made, &[("ciphertext-of-low-order", low_order)]);
    let made = keys.1.encapsulate(SUITE, &mut two).expect("an honest key").0.to_bytes();
    seeds.add_with("crypto-xw1024", "ciphertext", &made, &[("ciphertext-of-low-order", low_order)]);
}
