//! The known answer with which an ML-DSA adapter tries its back end before it lets itself be deployed.

/// A key, a message and the key's signature over it under the empty context (ML-DSA-87, FIPS 204).
#[derive(Clone, Copy, Debug)]
pub struct Probe;

impl Probe {
    /// Public key, 2,592 bytes.
    pub const KEY: &[u8; 2_592] = include_bytes!("../../probe/mldsa87.key");
    /// Signature, 4,627 bytes.
    pub const SIGNATURE: &[u8; 4_627] = include_bytes!("../../probe/mldsa87.sig");
    /// Message.
    pub const MESSAGE: &[u8] = b"pars-mldsa-probe/1";
}

#[cfg(test)]
mod tests {
    use ml_dsa::{MlDsa87, SigningKey, signature::Keypair};

    use super::*;

    #[test]
    fn the_probe_is_what_its_seed_signs() {
        let signing = SigningKey::<MlDsa87>::from_seed(&[0x50; 32].into());
        let signature = signing.expanded_key().sign_deterministic(Probe::MESSAGE, &[]).unwrap();
        assert_eq!(signing.verifying_key().encode().as_slice(), Probe::KEY);
        assert_eq!(signature.encode().as_slice(), Probe::SIGNATURE);
    }
}
