//! What the primitives cost alone, and how many of them each operation of a session needs.
//!
//! Counted from SESSION sections 1, 3 and 4. Hashes of transcripts and Merkle paths are left out: a few µs together.

use anyhow::{Context, Result, ensure};
use pars_crypto::Suite;
use pars_crypto::aead::{HeaderKey, OneUse, RandomNonce};
use pars_crypto::dh::DhSecret;
use pars_crypto::hash::random;
use pars_crypto::kdf::{NO_SALT, expand, kdf};
use pars_crypto::kem::Kem1024Secret;
use pars_crypto::label::{HybridLabel, KdfLabel, SignatureLabel};
use pars_crypto::secret::ChainKey;
use pars_crypto::sign::{Ed25519Secret, HybridSecret};
use pars_crypto::suite::DSA87_SIGNATURE;
use pars_wire::limits::BUCKET_L;

use super::people::{SUITE, source};
use crate::clock::one;

/// Bytes of a record that is signed: the size changes little.
const SIGNED: usize = 4_604;
/// Plain bytes of a ratchet header.
const HEADER: usize = 3_214;
/// Plain bytes of the body of the smallest message object.
const BODY: usize = 800;

/// CPU in ms of one use of each primitive.
#[derive(Debug)]
pub(super) struct Sums {
    signing: Signing,
    agreement: Agreement,
    symmetric: Symmetric,
}

#[derive(Debug)]
struct Signing {
    dsa_sign: f64,
    dsa_verify: f64,
    ed25519_sign: f64,
    ed25519_verify: f64,
}

#[derive(Debug)]
struct Agreement {
    dh_generate: f64,
    dh_agree: f64,
    kem_generate: f64,
    kem_encapsulate: f64,
    kem_decapsulate: f64,
}

#[derive(Debug)]
struct Symmetric {
    kdf: f64,
    expand: f64,
    chain: f64,
    gcm_header: f64,
    gcm_body: f64,
    gcm_object: f64,
}

impl Sums {
    fn sign(&self) -> f64 {
        self.signing.dsa_sign + self.signing.ed25519_sign
    }

    fn verify(&self) -> f64 {
        self.signing.dsa_verify + self.signing.ed25519_verify
    }

    /// A message encrypted and decrypted: at each end its keys, its header and its body.
    pub(super) fn message(&self) -> f64 {
        let Symmetric { expand, chain, gcm_header, gcm_body, .. } = self.symmetric;
        2.0 * (chain + expand + gcm_header + gcm_body)
    }

    /// Both ends step around one message.
    pub(super) fn step(&self) -> f64 {
        let Agreement { dh_generate, dh_agree, kem_generate, kem_encapsulate, kem_decapsulate } = self.agreement;
        let sender = dh_generate + dh_agree + kem_generate + kem_encapsulate + self.symmetric.kdf;
        let receiver = dh_agree + kem_decapsulate + self.symmetric.kdf;
        sender + receiver + self.message()
    }

    /// Keys and encryption of the sealed part, two companions and the body of INIT 0: 2.7 objects of 11 KB.
    fn init_objects(&self) -> f64 {
        let Symmetric { kdf, expand, chain, gcm_object, .. } = self.symmetric;
        4.0 * kdf + chain + expand + 2.7 * gcm_object
    }

    /// Three signatures of the bundle; EK_A and R_A, three agreements; EKEM_A, ct1, ct2; one signature.
    pub(super) fn initiator(&self) -> f64 {
        let Agreement { dh_generate, dh_agree, kem_generate, kem_encapsulate, .. } = self.agreement;
        let agreed = 2.0 * dh_generate + 3.0 * dh_agree + kem_generate + 2.0 * kem_encapsulate;
        3.0 * self.verify() + self.sign() + agreed + self.init_objects()
    }

    /// IR, DC and the INIT's signature; three agreements and the check of R_A; ct1, ct2.
    pub(super) fn responder(&self) -> f64 {
        let Agreement { dh_agree, kem_decapsulate, .. } = self.agreement;
        3.0 * self.verify() + 4.0 * dh_agree + 2.0 * kem_decapsulate + self.init_objects()
    }
}

/// Measure all of them.
pub(super) fn measure(runs: usize) -> Result<Sums> {
    Ok(Sums { signing: signing(runs)?, agreement: agreement(runs)?, symmetric: symmetric(runs)? })
}

fn signing(runs: usize) -> Result<Signing> {
    let mut rng = source(6);
    let message = [5; SIGNED];
    let hybrid = HybridSecret::generate(SUITE, &mut rng);
    let bytes = hybrid.sign(SUITE, HybridLabel::INIT, &message, &mut rng).to_bytes();
    let dsa: &[u8; DSA87_SIGNATURE] = bytes.last_chunk().context("the ML-DSA half stands behind")?;
    let verifies = || SUITE.dsa87_verify(hybrid.public().dsa(), HybridLabel::INIT, &message, dsa);
    ensure!(verifies(), "a genuine signature does not verify");
    let expanded = SUITE.dsa87_expand(hybrid.dsa_seed().expose());
    let ed25519 = Ed25519Secret::generate(&mut rng);
    let (public, signature) = (ed25519.public(), ed25519.sign(SignatureLabel::COMMAND, &message));
    Ok(Signing {
        // Fresh hedging bytes each time: signing takes another number of tries with each.
        dsa_sign: one(runs, || SUITE.dsa87_sign(&expanded.working, HybridLabel::INIT, &message, &random(&mut rng)))?,
        dsa_verify: one(runs, verifies)?,
        ed25519_sign: one(runs, || ed25519.sign(SignatureLabel::COMMAND, &message))?,
        ed25519_verify: one(runs, || public.verify(SignatureLabel::COMMAND, &message, &signature))?,
    })
}

fn agreement(runs: usize) -> Result<Agreement> {
    let mut rng = source(7);
    let (ours, theirs) = (DhSecret::generate(&mut rng), DhSecret::generate(&mut rng).public());
    let kem = Kem1024Secret::generate(SUITE, &mut rng);
    let (ciphertext, _) = kem.public().encapsulate(SUITE, &mut rng);
    Ok(Agreement {
        dh_generate: one(runs, || DhSecret::generate(&mut rng).public())?,
        dh_agree: one(runs, || ours.agree(&theirs))?,
        kem_generate: one(runs, || Kem1024Secret::generate(SUITE, &mut rng))?,
        kem_encapsulate: one(runs, || kem.public().encapsulate(SUITE, &mut rng))?,
        kem_decapsulate: one(runs, || kem.decapsulate(SUITE, &ciphertext))?,
    })
}

fn symmetric(runs: usize) -> Result<Symmetric> {
    let (secret, chain) = ([9; 32], ChainKey::from_bytes([9; 32]));
    let header = HeaderKey::from_bytes([7; 32]);
    let okm = kdf::<{ OneUse::SIZE }>(NO_SALT, &[&secret], KdfLabel::SEAL, &[]);
    let (body, object) = ([8; BODY], [8; BUCKET_L]);
    Ok(Symmetric {
        kdf: one(runs, || kdf::<96>(&secret, &[&secret, &secret], KdfLabel::RATCHET, &[&[1; 32]]))?,
        expand: one(runs, || expand::<76>(&secret, KdfLabel::MESSAGE, &[&[1], &[2; 16]]))?,
        chain: one(runs, || (chain.message_key(), chain.next()))?,
        gcm_header: one(runs, || header.seal(RandomNonce::of_object(&[1; 16]), &[2; 18], &[3; HEADER]))?,
        gcm_body: one(runs, || okm.one_use::<0>().seal(&[2; HEADER], &body))?,
        gcm_object: one(runs, || okm.one_use::<0>().seal(&[2; 20], &object))?,
    })
}
