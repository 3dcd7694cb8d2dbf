//! `PSRD`, a node's onion keys of one day (SESSION section 5):
//! `"PSRD"4|node_id32|suite1|day4|4×xw_pk1216|addresses64` 4,969 ‖ HS 4,691 = 9,660, published a day ahead.
//!
//! The registry holds SHA3-256 of the node's ML-DSA key and the Ed25519 transport key: these two sign. Addresses are three
//! slots `family1|ip16|port2` (4: the first 4 bytes of ip; 6; 0 and zeros: free, only behind used ones), then 7 zero bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use pars_crypto::hash::{equal, sha3};
use pars_crypto::hkem::Xw768Public;
use pars_crypto::label::HybridLabel;
use pars_crypto::sign::{HybridPublic, HybridSecret, HybridSignature, SignatureError};
use pars_crypto::suite::DSA87_PUBLIC;
use pars_crypto::{CryptoRng, Suite, SuiteId};
use pars_wire::NodeId;
use pars_wire::codec::{Day, DecodeError, Reader, Wire, Writer};
use pars_wire::machine::UnixMinute;

use super::epoch::{EPOCHS_A_DAY, Epoch, SKEW_MINUTES};

const MAGIC: &[u8; 4] = b"PSRD";
/// Addresses a descriptor holds at most.
pub const MAX_ADDRESSES: usize = 3;
/// Bytes of a signed descriptor.
pub const DESCRIPTOR: usize = 9_660;

/// Why a descriptor is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// It names another node than the registration it was checked against.
    #[error("the descriptor is of another node than the registration")]
    OtherNode,
    /// The ML-DSA key served with it is not the registered one.
    #[error("the ML-DSA key does not hash to the registered identity")]
    Identity,
    /// One of its signatures is wrong.
    #[error("the descriptor's signature is refused: {0}")]
    Signature(#[from] SignatureError),
    /// Of a day that is over, or further ahead than tomorrow.
    #[error("the descriptor is of day {}, which is neither today nor tomorrow", .0.0)]
    Day(Day),
    /// Not four keys, or too many addresses.
    #[error("a descriptor holds four keys and at most three addresses")]
    Count,
}

/// What a node says of itself for one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Who.
    pub node: NodeId,
    /// The day of the keys.
    pub day: Day,
    /// One key for each epoch of the day.
    pub keys: [Xw768Public; EPOCHS_A_DAY as usize],
    /// Where its links listen, the best first.
    pub addresses: Vec<SocketAddr>,
}

/// A signed [`Body`]. 9,660 bytes. Says nothing until [`Descriptor::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    body: Body,
    signature: HybridSignature,
}

/// What the chain's registry holds of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who.
    pub node: NodeId,
    /// Who runs it: no path holds two nodes of one operator.
    pub operator: [u8; 32],
    /// SHA3-256 of the ML-DSA-87 key.
    pub identity_hash: [u8; 32],
    /// The Ed25519 key: of its links, its descriptors, its receipts.
    pub transport_key: [u8; 32],
    /// In the token's least unit.
    pub stake: u128,
}

/// A descriptor whose signatures verified, with the registration they verified against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub(super) body: Body,
    pub(super) registration: Registration,
}

impl Body {
    fn address(from: &mut Reader<'_>) -> Result<Option<SocketAddr>, DecodeError> {
        let family = from.u8("address family")?;
        let mut ip = Reader::new(from.take(16, "address")?);
        let port = from.u16("port")?;
        let address = match family {
            0 => {
                ip.zeros(16, "free address")?;
                return if port == 0 { Ok(None) } else { Err(DecodeError::NotZero { what: "free address" }) };
            }
            4 => {
                let v4 = IpAddr::V4(Ipv4Addr::from(ip.array::<4>("address")?));
                ip.zeros(12, "address")?;
                v4
            }
            6 => IpAddr::V6(Ipv6Addr::from(ip.array::<16>("address")?)),
            value => return Err(DecodeError::Value { what: "address family", value: value.into() }),
        };
        if port == 0 {
            Err(DecodeError::Value { what: "port", value: 0 })
        } else {
            Ok(Some(SocketAddr::new(address, port)))
        }
    }

    fn read_addresses(from: &mut Reader<'_>) -> Result<Vec<SocketAddr>, DecodeError> {
        let (mut addresses, mut ended) = (Vec::new(), false);
        for _ in 0..MAX_ADDRESSES {
            match Self::address(from)? {
                Some(_) if ended => return Err(DecodeError::NotZero { what: "free address" }),
                Some(address) => addresses.push(address),
                None => ended = true,
            }
        }
        from.zeros(7, "addresses")?;
        Ok(addresses)
    }

    fn write_addresses(&self, out: &mut Writer) {
        for slot in 0..MAX_ADDRESSES {
            match self.addresses.get(slot).map(|address| (address.ip(), address.port())) {
                Some((IpAddr::V4(ip), port)) => out.u8(4).bytes(&ip.octets()).zeros(12).u16(port),
                Some((IpAddr::V6(ip), port)) => out.u8(6).bytes(&ip.octets()).u16(port),
                None => out.zeros(19),
            };
        }
        out.zeros(7);
    }
}

impl Wire for Body {
    fn write(&self, out: &mut Writer) {
        out.bytes(MAGIC).bytes(&self.node.0.0).u8(SuiteId::Hop.byte()).day(self.day);
        for key in &self.keys {
            out.bytes(&key.to_bytes());
        }
        self.write_addresses(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(MAGIC, "node descriptor")?;
        let node = NodeId(from.array::<32>("node id")?.into());
        let suite = from.u8("suite")?;
        SuiteId::Hop.require(suite).map_err(|_| DecodeError::Value { what: "suite", value: suite.into() })?;
        let day = from.day("day")?;
        let mut key = || {
            let bytes = from.array_ref::<{ Xw768Public::SIZE }>("epoch key")?;
            Xw768Public::from_bytes(bytes).map_err(|_| DecodeError::Malformed { what: "epoch key" })
        };
        let keys = [key()?, key()?, key()?, key()?];
        Ok(Self { node, day, keys, addresses: Self::read_addresses(from)? })
    }
}

impl Wire for Descriptor {
    fn write(&self, out: &mut Writer) {
        self.body.write(out);
        out.bytes(&self.signature.to_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let body = Body::read(from)?;
        let signature = HybridSignature::from_bytes(from.array_ref("descriptor signature")?);
        Ok(Self { body, signature })
    }
}

impl Descriptor {
    /// Sign what [`super::relay::RelayOut::Publish`] asked for, with the node's registered keys.
    ///
    /// # Errors
    /// [`DescriptorError::Count`].
    pub fn sign(
        suite: &dyn Suite,
        body: Body,
        keys: &HybridSecret,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, DescriptorError> {
        if body.addresses.len() > MAX_ADDRESSES {
            return Err(DescriptorError::Count);
        }
        let signature = keys.sign(suite, HybridLabel::RELAY_DESCRIPTOR, &body.encode(), rng);
        Ok(Self { body, signature })
    }

    /// Who it claims to be of.
    pub const fn node(&self) -> NodeId {
        self.body.node
    }

    /// The day it claims to be of.
    pub const fn day(&self) -> Day {
        self.body.day
    }

    /// Check it against the chain's registration and the ML-DSA key served with it.
    ///
    /// # Errors
    /// [`DescriptorError`].
    pub fn verify(
        self,
        suite: &dyn Suite,
        registration: &Registration,
        dsa: &[u8; DSA87_PUBLIC],
        now: UnixMinute,
    ) -> Result<Verified, DescriptorError> {
        if self.body.node != registration.node {
            return Err(DescriptorError::OtherNode);
        }
        if !equal(&sha3(&[dsa]), &registration.identity_hash) {
            return Err(DescriptorError::Identity);
        }
        let first = Day::at(UnixMinute(now.0.saturating_sub(SKEW_MINUTES)));
        let last = Day::at(UnixMinute(now.0.saturating_add(SKEW_MINUTES))).plus(1);
        if self.body.day < first || self.body.day > last {
            return Err(DescriptorError::Day(self.body.day));
        }
        let public = HybridPublic::from_parts(dsa, &registration.transport_key)?;
        public.verify(suite, HybridLabel::RELAY_DESCRIPTOR, &self.body.encode(), &self.signature)?;
        Ok(Verified { body: self.body, registration: *registration })
    }
}

impl Verified {
    /// Who.
    pub const fn node(&self) -> NodeId {
        self.body.node
    }

    /// Where its links listen, the best first.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.body.addresses
    }

    /// The key of an epoch, if it lies in this descriptor's day.
    pub fn key(&self, epoch: Epoch) -> Option<&Xw768Public> {
        (epoch.day() == self.body.day).then(|| self.body.keys.get(epoch.index())).flatten()
    }
}
