//! Trigger keys: ML-DSA-87 alone, under the empty context, because that is what the chain's precompile verifies (EIP-8355;
//! ELIGIBILITY section 5). Without a context of our own, what keep other signatures out are the bytes in front, so a trigger
//! key signs nothing but a [`Statement`], and a statement is made of two hashes only.
//!
//! ```text
//! action   "pars-session-trigger/1"22 | 0 | 0x1901 | domain separator32 | hashStruct(Action)32   89 bytes
//! enrol    "pars-trigger-enrol/1"20   | 0 | 0x1901 | domain separator32 | hashStruct(Enrol)32    87 bytes
//! erc7913  "pars-erc7913/1"14         | 0 | digest32                                            47 bytes
//! ```
//!
//! The third is what the chain's ERC-7913 verifier checks (ELIGIBILITY section 4.5): signed by keys that consent to recordings,
//! which are keys of their own.

use std::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::hash::random;
use crate::label::HybridLabel;
use crate::secret::DsaSeed;
use crate::suite::{DSA87_PUBLIC, DSA87_SIGNATURE, Suite};

const ACTION: &[u8] = b"pars-session-trigger/1";
const ENROL: &[u8] = b"pars-trigger-enrol/1";
const ERC7913: &[u8] = b"pars-erc7913/1";

/// What a trigger key can sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement(Vec<u8>);

impl Statement {
    /// An action: EIP-712 domain separator and hashStruct(Action).
    pub fn action(domain: &[u8; 32], action: &[u8; 32]) -> Self {
        Self::of(ACTION, domain, action)
    }

    /// An enrolment: EIP-712 domain separator and hashStruct(Enrol).
    pub fn enrol(domain: &[u8; 32], enrol: &[u8; 32]) -> Self {
        Self::of(ENROL, domain, enrol)
    }

    /// An EIP-712 digest, for the ERC-7913 verifier.
    pub fn erc7913(digest: &[u8; 32]) -> Self {
        Self([ERC7913, &[0], digest].concat())
    }

    fn of(prefix: &[u8], domain: &[u8; 32], hash: &[u8; 32]) -> Self {
        Self([prefix, &[0, 0x19, 0x01], domain, hash].concat())
    }

    /// The bytes that enter the primitive: 89 for an action, 87 for an enrolment, 47 for a digest.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A trigger key's public half: any 2,592 bytes are one.
#[derive(Clone, PartialEq, Eq)]
pub struct TriggerPublic(Box<[u8; DSA87_PUBLIC]>);

impl TriggerPublic {
    /// Take over received bytes.
    pub fn from_bytes(bytes: &[u8; DSA87_PUBLIC]) -> Self {
        Self(Box::new(*bytes))
    }

    /// The bytes; their keccak-256 is the signer id on chain.
    pub const fn as_bytes(&self) -> &[u8; DSA87_PUBLIC] {
        &self.0
    }

    /// Whether `signature` is this key's over the statement.
    pub fn verify(&self, suite: &dyn Suite, statement: &Statement, signature: &[u8; DSA87_SIGNATURE]) -> bool {
        suite.dsa87_verify(&self.0, HybridLabel::EMPTY, statement.as_bytes(), signature)
    }
}

impl fmt::Debug for TriggerPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TriggerPublic({DSA87_PUBLIC} bytes)")
    }
}

/// A trigger key: a seed, and the back end's working form in memory.
pub struct TriggerSecret {
    seed: DsaSeed,
    working: Zeroizing<Vec<u8>>,
    public: TriggerPublic,
}

impl TriggerSecret {
    /// Expand a seed that was stored.
    pub fn from_seed(suite: &dyn Suite, seed: DsaSeed) -> Self {
        let expanded = suite.dsa87_expand(seed.expose());
        Self { seed, working: expanded.working, public: TriggerPublic(expanded.public) }
    }

    /// A fresh key.
    pub fn generate(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::from_seed(suite, DsaSeed::generate(rng))
    }

    /// The public half.
    pub const fn public(&self) -> &TriggerPublic {
        &self.public
    }

    /// The seed: the only form in which this key is stored.
    pub const fn seed(&self) -> &DsaSeed {
        &self.seed
    }

    /// Pure ML-DSA-87 under the empty context, hedged. `suite` is the one that expanded the seed.
    pub fn sign(
        &self,
        suite: &dyn Suite,
        statement: &Statement,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Box<[u8; DSA87_SIGNATURE]> {
        self.sign_with(suite, statement, &random(rng))
    }

    /// As [`TriggerSecret::sign`] with given hedging bytes, for vectors: zeros give FIPS 204's deterministic variant.
    pub fn sign_with(
        &self,
        suite: &dyn Suite,
        statement: &Statement,
        randomness: &[u8; 32],
    ) -> Box<[u8; DSA87_SIGNATURE]> {
        suite.dsa87_sign(&self.working, HybridLabel::EMPTY, statement.as_bytes(), randomness)
    }
}

impl fmt::Debug for TriggerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TriggerSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Ed25519Seed;
    use crate::sign::HybridSecret;
    use crate::suite::{Libcrux, Reference};

    const SUITES: [&dyn Suite; 2] = [&Libcrux, &Reference];

    fn key(suite: &dyn Suite) -> TriggerSecret {
        TriggerSecret::from_seed(suite, DsaSeed::from_bytes([7; 32]))
    }

    #[test]
    fn both_back_ends_sign_the_same_bytes_and_each_accepts_the_others() {
        let statement = Statement::action(&[1; 32], &[2; 32]);
        let signatures = SUITES.map(|suite| key(suite).sign_with(suite, &statement, &[0; 32]));
        assert_eq!(signatures[0], signatures[1]);
        for suite in SUITES {
            assert!(key(suite).public().verify(suite, &statement, &signatures[0]));
        }
    }

    #[test]
    fn a_signature_holds_for_its_own_statement_and_key_only() {
        let suite = &Libcrux;
        let statement = Statement::action(&[1; 32], &[2; 32]);
        let signature = key(suite).sign_with(suite, &statement, &[3; 32]);
        let others = [
            Statement::action(&[1; 32], &[3; 32]),
            Statement::action(&[2; 32], &[2; 32]),
            Statement::enrol(&[1; 32], &[2; 32]),
        ];
        for other in others {
            assert!(!key(suite).public().verify(suite, &other, &signature));
        }
        let stranger = TriggerSecret::from_seed(suite, DsaSeed::from_bytes([8; 32]));
        assert!(!stranger.public().verify(suite, &statement, &signature));
        for at in [0, 2_000, 4_626] {
            let mut flipped = signature.clone();
            flipped[at] ^= 1;
            assert!(!key(suite).public().verify(suite, &statement, &flipped), "byte {at}");
        }
    }

    #[test]
    fn a_hybrid_signature_of_the_same_seed_never_passes_for_a_trigger_signature() {
        let suite = &Libcrux;
        let seed = DsaSeed::from_bytes([7; 32]);
        let hybrid = HybridSecret::from_seeds(suite, seed, Ed25519Seed::from_bytes([1; 32]));
        let statement = Statement::action(&[1; 32], &[2; 32]);
        let signature = hybrid.sign_with(suite, HybridLabel::TRIGGER_CERTIFICATE, statement.as_bytes(), &[0; 32]);
        let bytes = signature.to_bytes();
        let (_, half) = bytes.split_last_chunk::<DSA87_SIGNATURE>().unwrap();
        assert!(!key(suite).public().verify(suite, &statement, half));
    }

    #[test]
    fn statements_have_their_sizes_and_keys_print_nothing() {
        assert_eq!(Statement::action(&[0; 32], &[0; 32]).as_bytes().len(), 89);
        assert_eq!(Statement::enrol(&[0; 32], &[0; 32]).as_bytes().len(), 87);
        assert_eq!(Statement::erc7913(&[0; 32]).as_bytes().len(), 47);
        assert_eq!(format!("{:?}", key(&Libcrux)), "TriggerSecret(redacted)");
    }
}
