//! The end of an identity. REV publishes r: final, beats every record, needs no signature, so a thief of the keys cannot
//! stop it. SUC names a successor while the old keys still sign; contacts confirm it by hand.
//!
//! REV = `"PSIV"4 | ID32 | r32` = 68. SUC = `"PSSU"4 | old ID32 | new ID32 | SHA3-256(new IC)32 | hour4` = 104 ‖
//! HS("pars-suc-v1") by old ‖ by new = 9,486 bytes.

use pars_crypto::hash::{equal, hash};
use pars_crypto::label::{HashLabel, HybridLabel};
use pars_crypto::sign::HybridSignature;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Hour, Reader, Writer};

use crate::core::IdentityCore;
use crate::error::RecordError;
use crate::id::IdentityId;
use crate::seed::IdentityKeys;

const REVOCATION: &[u8; 4] = b"PSIV";
const SUCCESSOR: &[u8; 4] = b"PSSU";

/// REV that fits its identity core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    identity: IdentityId,
    /// SHA3-256 of the core whose revocation hash it opens: anybody can put another hash beside the same ML-DSA key.
    core_hash: [u8; 32],
    /// No secret any more: publishing it is what revokes.
    opened: [u8; 32],
}

impl Revocation {
    /// How many bytes.
    pub const SIZE: usize = 4 + 32 + 32;

    /// Decode and check against the identity it claims to end.
    ///
    /// # Errors
    /// [`RecordError`] for layout, another identity, or another r.
    pub fn verify(bytes: &[u8], of: &IdentityCore) -> Result<Self, RecordError> {
        let mut from = Reader::new(bytes);
        from.magic(REVOCATION, "revocation")?;
        let identity = IdentityId(from.array("identity")?);
        let opened: [u8; 32] = from.array("revocation secret")?;
        from.finish()?;
        if identity != of.id() {
            return Err(RecordError::OtherIdentity);
        }
        if !equal(&hash(HashLabel::REVOCATION, &[&opened]), of.revocation_hash()) {
            return Err(RecordError::OtherRevocation);
        }
        Ok(Self { identity, core_hash: *of.hash(), opened })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        [&REVOCATION[..], &self.identity.0, &self.opened].concat()
    }

    /// The identity that has ended.
    pub const fn identity(&self) -> IdentityId {
        self.identity
    }

    /// SHA3-256 of the core that it was checked against.
    pub const fn core_hash(&self) -> &[u8; 32] {
        &self.core_hash
    }
}

impl IdentityKeys {
    /// End this identity for ever.
    pub fn revoke(&self) -> Revocation {
        Revocation { identity: self.id(), core_hash: *self.core().hash(), opened: *self.revocation().expose() }
    }

    /// Name `new` as the successor: signed by both.
    pub fn name_successor(
        &self,
        suite: &dyn Suite,
        new: &Self,
        hour: Hour,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Successor {
        let (old_id, new_id) = (self.id(), new.id());
        let statement = statement(old_id, new_id, new.core().hash(), hour);
        let signatures = [self, new].map(|keys| keys.signing.sign(suite, HybridLabel::SUCCESSOR, &statement, rng));
        Successor { old: old_id, new: new_id, new_core: *new.core().hash(), hour, signatures }
    }
}

/// SUC whose two signatures have verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    old: IdentityId,
    new: IdentityId,
    new_core: [u8; 32],
    hour: Hour,
    signatures: [HybridSignature; 2],
}

fn statement(old: IdentityId, new: IdentityId, new_core: &[u8; 32], hour: Hour) -> Vec<u8> {
    let mut out = Writer::with_capacity(Successor::SIGNED);
    out.bytes(SUCCESSOR).bytes(&old.0).bytes(&new.0).bytes(new_core).hour(hour);
    out.into_bytes()
}

impl Successor {
    /// Bytes that are signed.
    pub const SIGNED: usize = 4 + 32 + 32 + 32 + 4;
    /// How many bytes.
    pub const SIZE: usize = Self::SIGNED + 2 * HybridSignature::SIZE;

    /// Decode and verify against both cores.
    ///
    /// # Errors
    /// [`RecordError`] for layout, another identity, a successor to itself, or a signature.
    pub fn verify(
        suite: &dyn Suite,
        bytes: &[u8],
        old: &IdentityCore,
        new: &IdentityCore,
    ) -> Result<Self, RecordError> {
        let mut from = Reader::new(bytes);
        from.magic(SUCCESSOR, "successor statement")?;
        let ids = [IdentityId(from.array("old identity")?), IdentityId(from.array("new identity")?)];
        let new_core: [u8; 32] = from.array("hash of the new core")?;
        let hour = from.hour("hour")?;
        let signatures = [
            HybridSignature::from_bytes(from.array_ref("signature of the old identity")?),
            HybridSignature::from_bytes(from.array_ref("signature of the new identity")?),
        ];
        from.finish()?;
        if ids != [old.id(), new.id()] || new_core != *new.hash() {
            return Err(RecordError::OtherIdentity);
        }
        if old.id() == new.id() {
            return Err(DecodeError::Malformed { what: "successor of itself" }.into());
        }
        let signed = statement(old.id(), new.id(), &new_core, hour);
        let [by_old, by_new] = &signatures;
        old.keys().verify(suite, HybridLabel::SUCCESSOR, &signed, by_old)?;
        new.keys().verify(suite, HybridLabel::SUCCESSOR, &signed, by_new)?;
        Ok(Self { old: old.id(), new: new.id(), new_core, hour, signatures })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let [by_old, by_new] = self.signatures.each_ref().map(HybridSignature::to_bytes);
        [statement(self.old, self.new, &self.new_core, self.hour), by_old, by_new].concat()
    }

    /// The identity that ends.
    pub const fn old(&self) -> IdentityId {
        self.old
    }

    /// The identity that follows.
    pub const fn new_identity(&self) -> IdentityId {
        self.new
    }

    /// When it was said.
    pub const fn hour(&self) -> Hour {
        self.hour
    }
}
