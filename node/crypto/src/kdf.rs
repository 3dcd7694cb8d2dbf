//! Key derivation over HMAC-SHA3-256 (SESSION SD9 "KDF"; RFC 5869 with SHA3-256 as the hash).

use hkdf::{SimpleHkdf, SimpleHkdfExtract};
use hmac::{KeyInit, Mac, SimpleHmac};
use sha3::Sha3_256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::aead::OneUse;
use crate::hash::prefix;
use crate::label::KdfLabel;
use crate::secret::{ChainKey, MessageKey};
use crate::witness;

/// `ns` of SESSION section 1: the empty salt.
pub const NO_SALT: &[u8] = &[];

/// `N` derived bytes, wiped on drop. Cut at compile time: a part that lies outside does not compile.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Okm<const N: usize>([u8; N]);

impl<const N: usize> Okm<N> {
    /// The `LEN` bytes from `FROM`.
    pub fn part<const FROM: usize, const LEN: usize>(&self) -> [u8; LEN] {
        const { assert!(FROM + LEN <= N, "a part lies inside the derived bytes") };
        self.cut(FROM)
    }

    /// The K32‖N12 from `FROM`: a key for one encryption (nonce rule N1).
    pub fn one_use<const FROM: usize>(&self) -> OneUse {
        const { assert!(FROM + OneUse::SIZE <= N, "K and N lie inside the derived bytes") };
        let mut key = self.cut(FROM);
        let one_use = OneUse::from_parts(&key, self.cut(FROM + 32));
        key.zeroize();
        one_use
    }

    fn cut<const LEN: usize>(&self, from: usize) -> [u8; LEN] {
        let mut part = [0; LEN];
        for (to, from) in part.iter_mut().zip(self.0.iter().skip(from)) {
            *to = *from;
        }
        part
    }

    /// All bytes.
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> std::fmt::Debug for Okm<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Okm<{N}>(redacted)")
    }
}

/// `KDF(salt, ikm, label; fields; N)`: HKDF over HMAC-SHA3-256 with info = lp(label) ‖ lp(f1) ‖ …
///
/// `ikm` is given in parts that are concatenated in order, so that no caller has to copy secrets together.
///
/// # Panics
/// If a field is longer than 65,535 bytes or `N` is above 8,160: mistakes of the caller, not of a peer.
pub fn kdf<const N: usize>(salt: &[u8], ikm: &[&[u8]], label: KdfLabel, fields: &[&[u8]]) -> Okm<N> {
    let mut extract = SimpleHkdfExtract::<Sha3_256>::new(Some(salt));
    for part in ikm {
        extract.input_ikm(part);
    }
    let (mut prk, expander) = extract.finalize();
    prk.zeroize();
    finish(&expander, label, fields)
}

/// `Expand(prk, label; fields; N)`: the second half of HKDF alone, for keys that are uniform already.
///
/// # Panics
/// As [`kdf`].
pub fn expand<const N: usize>(prk: &[u8; 32], label: KdfLabel, fields: &[&[u8]]) -> Okm<N> {
    #[expect(clippy::expect_used, reason = "a pseudorandom key of 32 bytes is as long as the hash")]
    let expander = SimpleHkdf::<Sha3_256>::from_prk(prk).expect("32 bytes are one SHA3-256 output");
    finish(&expander, label, fields)
}

fn finish<const N: usize>(expander: &SimpleHkdf<Sha3_256>, label: KdfLabel, fields: &[&[u8]]) -> Okm<N> {
    const { assert!(N <= 255 * 32, "HKDF gives at most 255 blocks") };
    witness::count(|work| work.derived += 1);
    let mut info = Vec::with_capacity(256);
    for field in std::iter::once(label.as_bytes()).chain(fields.iter().copied()) {
        info.extend_from_slice(&prefix(field));
        info.extend_from_slice(field);
    }
    let mut okm = Okm([0; N]);
    #[expect(clippy::expect_used, reason = "N is checked at compile time")]
    expander.expand(&info, &mut okm.0).expect("at most 255 blocks");
    info.zeroize();
    okm
}

impl ChainKey {
    /// MK = HMAC-SHA3-256(CK, 0x01): the key of the message at this position.
    pub fn message_key(&self) -> MessageKey {
        MessageKey::from_bytes(mac(self.expose(), 1))
    }

    /// CK' = HMAC-SHA3-256(CK, 0x02): the chain key of the next position.
    #[must_use]
    pub fn next(&self) -> Self {
        Self::from_bytes(mac(self.expose(), 2))
    }
}

fn mac(key: &[u8; 32], byte: u8) -> [u8; 32] {
    witness::count(|work| work.derived += 1);
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut state = SimpleHmac::<Sha3_256>::new_from_slice(key).expect("HMAC takes a key of any length");
    state.update(&[byte]);
    state.finalize().into_bytes().into()
}
