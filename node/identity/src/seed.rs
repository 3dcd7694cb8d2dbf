//! The seed E: 32 random bytes, written as 24 words (BIP-39). The *entropy* is the seed; there is no passphrase and no
//! PBKDF2. Every key of the identity is KDF(ns, E, "pars-id-v1"; purpose, counter4); nothing else comes from E.
//!
//! [`IdentityKeys`] sign records: they stay on the device that made them, or on paper. [`ContactKeys`] receive: every
//! device has them. A rotation raises the counter of the contact keys; the identity's own counter is always 0.

use bip39::{Language, Mnemonic};
use pars_crypto::Suite;
use pars_crypto::dh::{DhPublic, DhSecret};
use pars_crypto::hash::hash;
use pars_crypto::kdf::{NO_SALT, Okm, kdf};
use pars_crypto::kem::{Kem1024Public, Kem1024Secret};
use pars_crypto::label::{HashLabel, KdfLabel};
use pars_crypto::secret::{DsaSeed, Ed25519Seed, Entropy, KemSeed, RevocationSecret, Zeroizing};
use pars_crypto::sign::{Ed25519Public, Ed25519Secret, HybridSecret};
use zeroize::Zeroize;

use crate::core::IdentityCore;
use crate::id::IdentityId;

/// Why words are no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Another number of words.
    #[error("a seed has 24 words, these are {0}")]
    Count(usize),
    /// A word outside the English list of BIP-39.
    #[error("word {0} is not in the list; check its spelling")]
    Unknown(usize),
    /// All words exist, but one is wrong or two are swapped.
    #[error("the words do not fit together; one is wrong or two are swapped")]
    Checksum,
}

/// The 24 words of E, separated by single spaces.
pub fn to_words(entropy: &Entropy) -> Zeroizing<String> {
    #[expect(clippy::expect_used, reason = "32 bytes are one of the lengths of BIP-39")]
    let mut mnemonic =
        Mnemonic::from_entropy_in(Language::English, entropy.expose()).expect("32 bytes of entropy are 24 words");
    let mut text = Zeroizing::new(String::with_capacity(24 * 9));
    for word in mnemonic.words() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    mnemonic.zeroize();
    text
}

/// E from its words. Case and white space between words do not matter.
///
/// # Errors
/// [`WordsError`], which names the place but never a word.
pub fn from_words(text: &str) -> Result<Entropy, WordsError> {
    let count = text.split_whitespace().count();
    if count != 24 {
        return Err(WordsError::Count(count));
    }
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let mut mnemonic = Mnemonic::parse_in_normalized(Language::English, &lower).map_err(|error| match error {
        bip39::Error::UnknownWord(index) => WordsError::Unknown(index + 1),
        _ => WordsError::Checksum,
    })?;
    let (bytes, _) = mnemonic.to_entropy_array();
    mnemonic.zeroize();
    let bytes = Zeroizing::new(bytes);
    let entropy = bytes.first_chunk().ok_or(WordsError::Checksum)?;
    Ok(Entropy::from_bytes(*entropy))
}

fn derive<const N: usize>(entropy: &Entropy, purpose: &[u8], counter: u32) -> Okm<N> {
    kdf(NO_SALT, &[entropy.expose()], KdfLabel::IDENTITY, &[purpose, &counter.to_be_bytes()])
}

/// The keys that say who somebody is. They sign records, and nothing else.
#[derive(Debug)]
pub struct IdentityKeys {
    pub(crate) signing: HybridSecret,
    revocation: RevocationSecret,
    core: IdentityCore,
}

impl IdentityKeys {
    /// Derive them from E. The revocation secret must be shown to its owner once, at creation.
    pub fn derive(suite: &dyn Suite, entropy: &Entropy) -> Self {
        let dsa = DsaSeed::from_bytes(*derive::<32>(entropy, b"mldsa", 0).expose());
        let ed25519 = Ed25519Seed::from_bytes(*derive::<32>(entropy, b"ed25519", 0).expose());
        let revocation = RevocationSecret::from_bytes(*derive::<32>(entropy, b"revoke", 0).expose());
        let signing = HybridSecret::from_seeds(suite, dsa, ed25519);
        let core = IdentityCore::new(signing.public().clone(), hash(HashLabel::REVOCATION, &[revocation.expose()]));
        Self { signing, revocation, core }
    }

    /// The identity core IC.
    pub const fn core(&self) -> &IdentityCore {
        &self.core
    }

    /// The identity id.
    pub const fn id(&self) -> IdentityId {
        self.core.id()
    }

    /// r: shown as 64 digits and a code at creation, never as words; publishing it revokes the identity for ever.
    pub const fn revocation(&self) -> &RevocationSecret {
        &self.revocation
    }
}

/// The keys that receive: X25519 and ML-KEM-1024 of the handshake, and the key of the public inbox.
#[derive(Clone, Debug)]
pub struct ContactKeys {
    /// IKx of the handshake.
    pub x25519: DhSecret,
    /// IKm of the handshake.
    pub mlkem: Kem1024Secret,
    /// Reads the inbox.
    pub inbox: Ed25519Secret,
}

impl ContactKeys {
    /// Derive the `counter`-th keys from E; a rotation uses the next counter.
    pub fn derive(suite: &dyn Suite, entropy: &Entropy, counter: u32) -> Self {
        Self {
            x25519: DhSecret::from_bytes(*derive::<32>(entropy, b"x25519", counter).expose()),
            mlkem: Kem1024Secret::from_seed(
                suite,
                KemSeed::from_bytes(*derive::<64>(entropy, b"mlkem", counter).expose()),
            ),
            inbox: Ed25519Secret::from_seed(Ed25519Seed::from_bytes(
                *derive::<32>(entropy, b"inbox", counter).expose(),
            )),
        }
    }

    /// What the identity record says of them.
    pub fn public(&self) -> ContactPublic {
        ContactPublic { x25519: self.x25519.public(), mlkem: self.mlkem.public().clone(), inbox: self.inbox.public() }
    }
}

/// The public half of [`ContactKeys`]: 32 + 1,568 + 32 bytes of an identity record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPublic {
    /// IKx of the handshake.
    pub x25519: DhPublic,
    /// IKm of the handshake.
    pub mlkem: Kem1024Public,
    /// Reads the inbox.
    pub inbox: Ed25519Public,
}

impl ContactPublic {
    /// ik_hash = H("pars-ik-v1"; x25519, mlkem_ek). 32 bytes.
    pub fn hash(&self) -> [u8; 32] {
        hash(HashLabel::IDENTITY_KEYS, &[&self.x25519.0, self.mlkem.as_bytes()])
    }
}
