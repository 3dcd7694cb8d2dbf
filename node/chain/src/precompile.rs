//! ML-DSA verification precompiles in the layout of EIP-8355: input `public key ‖ signature ‖ message`, empty context
//! (FIPS 204 section 5.3), output one 32-byte word, 1 for a valid signature and 0 for anything else. Only running out of gas
//! fails the call. Gas: a base per parameter set and 6 per started word of the message.

use alloy_primitives::{Address, Bytes, U256, address};
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey};
use revm::{
    context::{Cfg, ContextTr},
    handler::{EthPrecompiles, PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, InterpreterResult},
    precompile::{PrecompileHalt, PrecompileOutput},
    primitives::{AddressSet, hardfork::SpecId},
};
use serde::{Deserialize, Serialize};

/// Gas per started 32-byte word of the message.
const GAS_PER_WORD: u64 = 6;
/// The last address Prague's own precompiles use.
const LAST_OF_PRAGUE: Address = address!("0000000000000000000000000000000000000011");

/// A parameter set of FIPS 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlDsaSet {
    /// ML-DSA-44, security category 2.
    MlDsa44,
    /// ML-DSA-65, security category 3.
    MlDsa65,
    /// ML-DSA-87, security category 5.
    MlDsa87,
}

impl MlDsaSet {
    /// Bytes of an encoded public key.
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::MlDsa44 => 1_312,
            Self::MlDsa65 => 1_952,
            Self::MlDsa87 => 2_592,
        }
    }

    /// Bytes of an encoded signature.
    pub const fn signature_len(self) -> usize {
        match self {
            Self::MlDsa44 => 2_420,
            Self::MlDsa65 => 3_309,
            Self::MlDsa87 => 4_627,
        }
    }

    const fn base_gas(self) -> u64 {
        match self {
            Self::MlDsa44 => 6_500,
            Self::MlDsa65 => 9_000,
            Self::MlDsa87 => 13_500,
        }
    }

    /// The gas for an input of this many bytes (EIP-8355 "Gas cost").
    pub const fn gas(self, input_len: usize) -> u64 {
        let message = input_len.saturating_sub(self.public_key_len() + self.signature_len());
        self.base_gas() + GAS_PER_WORD * message.div_ceil(32) as u64
    }

    /// Whether the input is a public key, a signature of its message, and that message. Total: too short or malformed is false.
    pub fn verify(self, input: &[u8]) -> bool {
        let Some((key, rest)) = input.split_at_checked(self.public_key_len()) else { return false };
        let Some((signature, message)) = rest.split_at_checked(self.signature_len()) else { return false };
        match self {
            Self::MlDsa44 => verify::<MlDsa44>(key, signature, message),
            Self::MlDsa65 => verify::<MlDsa65>(key, signature, message),
            Self::MlDsa87 => verify::<MlDsa87>(key, signature, message),
        }
    }
}

fn verify<P: MlDsaParams>(key: &[u8], signature: &[u8], message: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) =
        (EncodedVerifyingKey::<P>::try_from(key), EncodedSignature::<P>::try_from(signature))
    else {
        return false;
    };
    let Some(signature) = Signature::<P>::decode(&signature) else { return false };
    VerifyingKey::<P>::decode(&key).verify_with_context(message, &[], &signature)
}

/// Where the three precompiles answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PqAddresses {
    /// ML-DSA-44.
    pub ml_dsa_44: Address,
    /// ML-DSA-65.
    pub ml_dsa_65: Address,
    /// ML-DSA-87.
    pub ml_dsa_87: Address,
}

impl Default for PqAddresses {
    /// The addresses of EIP-8355.
    fn default() -> Self {
        Self {
            ml_dsa_44: address!("0000000000000000000000000000000000000012"),
            ml_dsa_65: address!("0000000000000000000000000000000000000013"),
            ml_dsa_87: address!("0000000000000000000000000000000000000014"),
        }
    }
}

impl PqAddresses {
    fn set_at(&self, address: Address) -> Option<MlDsaSet> {
        match address {
            a if a == self.ml_dsa_44 => Some(MlDsaSet::MlDsa44),
            a if a == self.ml_dsa_65 => Some(MlDsaSet::MlDsa65),
            a if a == self.ml_dsa_87 => Some(MlDsaSet::MlDsa87),
            _ => None,
        }
    }

    pub(crate) fn are_distinct(&self) -> bool {
        let all = [self.ml_dsa_44, self.ml_dsa_65, self.ml_dsa_87];
        all.iter().all(|a| *a > LAST_OF_PRAGUE && all.iter().filter(|b| *b == a).count() == 1)
    }
}

/// Prague's precompiles (among them the BN254 ones at 0x06 to 0x08) and the three of EIP-8355, as a value for revm.
#[derive(Clone, Debug)]
pub struct PqPrecompiles {
    eth: EthPrecompiles,
    addresses: Option<PqAddresses>,
    warm: AddressSet,
}

impl PqPrecompiles {
    /// The Prague set with ML-DSA at the given addresses.
    pub fn new(addresses: PqAddresses) -> Self {
        let mut set = Self::without_ml_dsa();
        set.warm.extend([addresses.ml_dsa_44, addresses.ml_dsa_65, addresses.ml_dsa_87]);
        set.addresses = Some(addresses);
        set
    }

    /// The Prague set alone: a chain that does not have EIP-8355.
    pub fn without_ml_dsa() -> Self {
        let eth = EthPrecompiles::new(SpecId::PRAGUE);
        let warm = eth.warm_addresses().clone();
        Self { eth, addresses: None, warm }
    }
}

impl<CTX: ContextTr> PrecompileProvider<CTX> for PqPrecompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _: <CTX::Cfg as Cfg>::Spec) -> bool {
        // One specification for the whole chain: the set never changes, and its addresses are warm from the start.
        true
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        let ours = self.addresses.and_then(|addresses| addresses.set_at(inputs.bytecode_address));
        let Some(set) = ours else { return self.eth.run(context, inputs) };
        let input = inputs.input.as_bytes(context);
        let gas = set.gas(input.len());
        let output = if inputs.gas_limit < gas {
            PrecompileOutput::halt(PrecompileHalt::OutOfGas, inputs.reservoir)
        } else {
            let word = U256::from(set.verify(&input)).to_be_bytes::<32>();
            PrecompileOutput::new(gas, Bytes::from(word), inputs.reservoir)
        };
        drop(input);
        Ok(Some(precompile_output_to_interpreter_result(output, inputs.gas_limit)))
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.warm
    }
}

#[cfg(test)]
mod tests {
    use ml_dsa::SigningKey;

    use super::*;

    fn signed<P: MlDsaParams>(message: &[u8]) -> Vec<u8> {
        let key = SigningKey::<P>::from_seed(&[7; 32].into());
        let signature = key.expanded_key().sign_deterministic(message, &[]).unwrap();
        let public = ml_dsa::Keypair::verifying_key(&key);
        [public.encode().as_slice(), signature.encode().as_slice(), message].concat()
    }

    fn inputs(message: &[u8]) -> [(MlDsaSet, Vec<u8>); 3] {
        [
            (MlDsaSet::MlDsa44, signed::<MlDsa44>(message)),
            (MlDsaSet::MlDsa65, signed::<MlDsa65>(message)),
            (MlDsaSet::MlDsa87, signed::<MlDsa87>(message)),
        ]
    }

    #[test]
    fn a_real_signature_of_any_message_length_is_true_in_all_three_sets() {
        for message in [&b""[..], b"m", &[3; 4_096]] {
            for (set, input) in inputs(message) {
                assert!(set.verify(&input), "{set:?} over {} bytes", message.len());
            }
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_is_false() {
        for (set, input) in inputs(b"town hall") {
            let (key, signature) = (set.public_key_len(), set.signature_len());
            for position in [0, key - 1, key, key + signature / 2, key + signature - 1, input.len() - 1] {
                let mut flipped = input.clone();
                flipped[position] ^= 1;
                assert!(!set.verify(&flipped), "{set:?} at {position}");
            }
        }
    }

    #[test]
    fn wrong_lengths_and_other_parameter_sets_are_false() {
        for (set, input) in inputs(b"") {
            assert!(!set.verify(&input[..input.len() - 1]));
            assert!(!set.verify(&[]));
            for other in [MlDsaSet::MlDsa44, MlDsaSet::MlDsa65, MlDsaSet::MlDsa87] {
                assert!(other == set || !other.verify(&input));
            }
        }
    }

    #[test]
    fn gas_is_the_base_and_six_per_started_message_word() {
        let short = MlDsaSet::MlDsa87.public_key_len() + MlDsaSet::MlDsa87.signature_len();
        assert_eq!(MlDsaSet::MlDsa87.gas(0), 13_500);
        assert_eq!(MlDsaSet::MlDsa87.gas(short), 13_500);
        assert_eq!(MlDsaSet::MlDsa87.gas(short + 1), 13_506);
        assert_eq!(MlDsaSet::MlDsa87.gas(short + 33), 13_512);
        assert_eq!((MlDsaSet::MlDsa44.gas(0), MlDsaSet::MlDsa65.gas(0)), (6_500, 9_000));
    }
}
