//! The plain form of secret keys: seeds only, no expanded key. It exists between a key and [`pars_crypto::Sealed`], never
//! on a disk or a wire by itself, and is wiped when dropped.

use pars_crypto::Suite;
use pars_crypto::dh::DhSecret;
use pars_crypto::kem::Kem1024Secret;
use pars_crypto::secret::{DsaSeed, Ed25519Seed, KemSeed, Zeroizing};
use pars_crypto::sign::{Ed25519Secret, HybridSecret};
use pars_wire::codec::{DecodeError, Reader, Wire};

use crate::device::{DeviceId, DeviceKeys};
use crate::prekey::leaf::Prekey;
use crate::prekey::secrets::LeafSecret;
use crate::seed::ContactKeys;

/// Secret keys that a store keeps sealed.
pub trait Stored: Sized {
    /// The plain bytes, to be sealed at once.
    fn to_stored(&self) -> Zeroizing<Vec<u8>>;

    /// Back from opened bytes; public halves are derived again.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes have another length or their halves do not fit.
    fn from_stored(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// `device16 | ξ32 | ed25519 32` = 80 bytes.
impl Stored for DeviceKeys {
    fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        let (dsa, ed25519) = (self.signing.dsa_seed(), self.signing.ed25519_seed());
        Zeroizing::new([&self.id.0[..], dsa.expose(), ed25519.expose()].concat())
    }

    fn from_stored(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let id = DeviceId(from.array("device")?);
        let dsa = DsaSeed::from_bytes(from.array("ML-DSA seed")?);
        let ed25519 = Ed25519Seed::from_bytes(from.array("Ed25519 seed")?);
        from.finish()?;
        Ok(Self { id, signing: HybridSecret::from_seeds(suite, dsa, ed25519) })
    }
}

/// `x25519 32 | d‖z64 | inbox32` = 128 bytes.
impl Stored for ContactKeys {
    fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        let (mlkem, inbox) = (self.mlkem.seed(), self.inbox.seed());
        Zeroizing::new([&self.x25519.expose()[..], mlkem.expose(), inbox.expose()].concat())
    }

    fn from_stored(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let x25519 = DhSecret::from_bytes(from.array("X25519 secret")?);
        let mlkem = Kem1024Secret::from_seed(suite, KemSeed::from_bytes(from.array("ML-KEM seed")?));
        let inbox = Ed25519Secret::from_seed(Ed25519Seed::from_bytes(from.array("inbox seed")?));
        from.finish()?;
        Ok(Self { x25519, mlkem, inbox })
    }
}

/// `leaf1616 | x25519 32 | d‖z64` = 1,712 bytes.
impl Stored for LeafSecret {
    fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&self.prekey.encode()[..], self.x25519.expose(), self.mlkem.seed().expose()].concat())
    }

    fn from_stored(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let prekey = Prekey::read(&mut from)?;
        let x25519 = DhSecret::from_bytes(from.array("X25519 secret")?);
        let mlkem = Kem1024Secret::from_seed(suite, KemSeed::from_bytes(from.array("ML-KEM seed")?));
        from.finish()?;
        if x25519.public() != *prekey.x25519() || mlkem.public() != prekey.mlkem() {
            return Err(DecodeError::Malformed { what: "secret of a prekey" });
        }
        Ok(Self { prekey, x25519, mlkem })
    }
}
