//! DC, a device certificate: the identity says that a device speaks for it.
//!
//! `"PSD1"4 | suite1 | ID32 | device16 | created_h4 | not_after_h4 | flags2 | mldsa_pk2592 | ed25519 32` = 2,687 ‖
//! HS("pars-dc-v1") by the identity 4,691 = 7,378 bytes. Flags are reserved and zero.

use std::fmt;

use pars_crypto::hash::{random, sha3};
use pars_crypto::label::HybridLabel;
use pars_crypto::sign::{HybridPublic, HybridSecret, HybridSignature};
use pars_crypto::suite::{DSA87_PUBLIC, SuiteId};
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Hour, Reader, Writer};

use crate::core::{IdentityCore, suite as read_suite};
use crate::error::RecordError;
use crate::id::IdentityId;
use crate::seed::IdentityKeys;

const MAGIC: &[u8; 4] = b"PSD1";

/// A device of an identity: 16 random bytes, the same for the life of the device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(
    /// The bytes.
    pub [u8; 16],
);

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// A device's own signing keys: fresh randomness, never from the seed of the identity.
#[derive(Clone, Debug)]
pub struct DeviceKeys {
    /// The device.
    pub id: DeviceId,
    /// Signs prekey batches and handshakes.
    pub signing: HybridSecret,
}

impl DeviceKeys {
    /// A new device.
    pub fn generate(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self { id: DeviceId(random(rng)), signing: HybridSecret::generate(suite, rng) }
    }
}

/// What an identity says of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDraft {
    /// The device.
    pub device: DeviceId,
    /// When it is certified.
    pub created: Hour,
    /// The last hour in which it may speak.
    pub not_after: Hour,
    /// Its keys.
    pub keys: HybridPublic,
}

/// DC whose signature has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCertificate {
    identity: IdentityId,
    content: CertificateDraft,
    signature: HybridSignature,
    hash: [u8; 32],
}

impl DeviceCertificate {
    /// Bytes that are signed.
    pub const SIGNED: usize = 4 + 1 + 32 + 16 + 4 + 4 + 2 + DSA87_PUBLIC + 32;
    /// How many bytes.
    pub const SIZE: usize = Self::SIGNED + HybridSignature::SIZE;

    /// Decode and verify against the identity that must have signed it.
    ///
    /// # Errors
    /// [`RecordError`] for layout, suite, another identity, signature, or a certificate that ends before it begins.
    pub fn verify(suite: &dyn Suite, bytes: &[u8], by: &IdentityCore) -> Result<Self, RecordError> {
        let mut from = Reader::new(bytes);
        let (identity, content) = read(&mut from)?;
        let signature = HybridSignature::from_bytes(from.array_ref("signature of the identity")?);
        from.finish()?;
        if identity != by.id() {
            return Err(RecordError::OtherIdentity);
        }
        if content.not_after < content.created {
            return Err(RecordError::Expired);
        }
        let (signed, _) = bytes.split_at(Self::SIGNED.min(bytes.len()));
        by.keys().verify(suite, HybridLabel::DEVICE_CERTIFICATE, signed, &signature)?;
        Ok(Self { identity, content, signature, hash: sha3(&[bytes]) })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(Self::SIZE);
        write(self.identity, &self.content, &mut out);
        out.bytes(&self.signature.to_bytes());
        out.into_bytes()
    }

    /// SHA3-256 of the canonical bytes: what the identity record lists.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The identity.
    pub const fn identity(&self) -> IdentityId {
        self.identity
    }

    /// The device.
    pub const fn device(&self) -> DeviceId {
        self.content.device
    }

    /// The keys of the device.
    pub const fn keys(&self) -> &HybridPublic {
        &self.content.keys
    }

    /// Everything the identity says.
    pub const fn content(&self) -> &CertificateDraft {
        &self.content
    }

    /// Whether `hour` is not after the end.
    pub fn valid_at(&self, hour: Hour) -> bool {
        hour <= self.content.not_after
    }
}

impl IdentityKeys {
    /// Certify a device.
    pub fn certify(
        &self,
        suite: &dyn Suite,
        content: CertificateDraft,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> DeviceCertificate {
        let mut out = Writer::with_capacity(DeviceCertificate::SIZE);
        write(self.id(), &content, &mut out);
        let signature = self.signing.sign(suite, HybridLabel::DEVICE_CERTIFICATE, out.as_bytes(), rng);
        out.bytes(&signature.to_bytes());
        DeviceCertificate { identity: self.id(), content, signature, hash: sha3(&[out.as_bytes()]) }
    }
}

fn write(identity: IdentityId, content: &CertificateDraft, out: &mut Writer) {
    out.bytes(MAGIC).u8(SuiteId::Session.byte()).bytes(&identity.0).bytes(&content.device.0);
    out.hour(content.created).hour(content.not_after).zeros(2);
    out.bytes(content.keys.dsa()).bytes(content.keys.ed25519().as_bytes());
}

fn read(from: &mut Reader<'_>) -> Result<(IdentityId, CertificateDraft), DecodeError> {
    from.magic(MAGIC, "device certificate")?;
    read_suite(from)?;
    let identity = IdentityId(from.array("identity")?);
    let device = DeviceId(from.array("device")?);
    let created = from.hour("creation hour")?;
    let not_after = from.hour("last hour")?;
    from.zeros(2, "flags of a device certificate")?;
    let dsa = from.array_ref("ML-DSA key")?;
    let keys = HybridPublic::from_parts(dsa, from.array_ref("Ed25519 key")?)
        .map_err(|_| DecodeError::Malformed { what: "Ed25519 key" })?;
    Ok((identity, CertificateDraft { device, created, not_after, keys }))
}
