//! Published answers, and answers computed with an independent implementation (THREATS P1).

use crate::common::SUITES;
use pars_crypto::dh::{DhPublic, DhSecret};
use pars_crypto::hash::{hash, sha3};
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::kdf::{expand, kdf};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::{ChainKey, HybridKemSeed};

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn sha3_256_gives_the_digests_of_fips_202() {
    assert_eq!(sha3(&[]), bytes("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"));
    assert_eq!(sha3(&[b"a", b"bc"]), bytes("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"));
}

#[test]
fn x25519_gives_the_answers_of_rfc_7748() {
    let secret = DhSecret::from_bytes(bytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"));
    let public = DhPublic(bytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
    let shared = secret.agree(&public).unwrap();
    assert_eq!(*shared.expose(), bytes("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
}

/// The three vectors of draft-connolly-cfrg-xwing-kem: seed, encapsulation randomness, secret; keys and ciphertexts by
/// their SHA3-256, because they are long.
const X_WING: [[&str; 6]; 3] = [
    [
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
        "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2",
        "35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
        "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
        "5121745904643ad9dfacca7869292c19a8a69533b53e60666b7db910b4ad6367",
        "c0abd149f83f45324ac3a7ddc7606c71f257e5ea86113522834a0ee1bcb34e3e",
    ],
    [
        "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
        "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdef",
        "aee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
        "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150",
        "799b6016e5daa56ffa1b5e79f7caf73413ceecd6df428642404cac41ddee4853",
        "7680b7ba47ae09bac4b43001edcef9d98e50df20026e70ba6a424447e1f2b961",
    ],
    [
        "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
        "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619",
        "f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
        "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f",
        "1ef0c99a06026450564957a5402a788feffbbefdcce55d25de254d0a49eb095a",
        "3088688d63201d5d844170b79f148b2791c15f346ff6f8bd559807fbd442f91f",
    ],
];

#[test]
fn xw768_gives_the_answers_of_the_x_wing_draft() {
    for [seed, for_kem, for_dh, secret, public_digest, ciphertext_digest] in X_WING {
        for suite in SUITES {
            let key = Xw768Secret::from_seed(suite, HybridKemSeed::from_bytes(bytes(seed)));
            assert_eq!(sha3(&[&key.public().to_bytes()]), bytes(public_digest));
            let randomness = bytes(&format!("{for_kem}{for_dh}"));
            let (ciphertext, shared) = key.public().encapsulate_with(suite, &randomness).unwrap();
            assert_eq!(sha3(&[&ciphertext.to_bytes()]), bytes(ciphertext_digest));
            assert_eq!(*shared.expose(), bytes(secret));
            assert_eq!(key.decapsulate(suite, &ciphertext).unwrap(), shared);
        }
    }
}

// The following were computed with the `hmac` and `hashlib` modules of Python's standard library.

#[test]
fn labelled_hashes_and_derivations_match_an_independent_computation() {
    assert_eq!(
        hash(HashLabel::REVOCATION, &[&[7; 32]]),
        bytes("5d86926790808ced48c9a03ee1b50c37957e1b4038609514ed58747451dafaf7")
    );
    let salt: [u8; 16] = std::array::from_fn(|i| i as u8);
    let okm = kdf::<96>(&salt, &[&[11; 10], &[11; 12]], KdfLabel::RATCHET, &[b"first", b"", b"third"]);
    assert_eq!(
        *okm.expose(),
        bytes::<96>(
            "2c68deddcb9c7f64983d98ccdc67d5808a9bc6625235214b03591d99b65bf728157795ac93abfe3f71c2f65f38baebea\
         a255d5e402c223ba8adc864e54559b95a251506456185936dfbd0eb5272ae5e76d12789be6bada9def49bd4c3e0c4dca"
        )
    );
    let prk = bytes("a20b1ab950aba6b782a0ddd0bdfdc5d92dd22bad4f3e34264925416bb8e8b755");
    let okm = expand::<76>(&prk, KdfLabel::MESSAGE, &[&[1], &[0; 16]]);
    assert_eq!(
        *okm.expose(),
        bytes::<76>(
            "360da7b6fe556b1b73dc772903f4b3c3053a5d7de7949f3848d69c20e258687e413a44da8e413480f9baae231ffb443f\
         2033cc95d9b78393e2f4035c6115d31aac33df75531094d443902a43"
        )
    );
}

#[test]
fn the_chain_step_is_hmac_over_one_byte() {
    let chain = ChainKey::from_bytes([5; 32]);
    assert_eq!(
        *chain.message_key().expose(),
        bytes("484d894a27a82db1c2f461809c759d41d558ffdcf5cca93298a16f102bbb5370")
    );
    assert_eq!(*chain.next().expose(), bytes("86c39d218eec64640b943d5e270ff1624a7ab4d7b805cfbfff51d1e56d683ed9"));
}
