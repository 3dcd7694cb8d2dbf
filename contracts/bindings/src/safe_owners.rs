//! Owner events of Safes: what a Safe 1.3 and its successors log about who may sign.
//!
//! `AddedOwner` and `RemovedOwner` have one topic and data in 1.3.0, two topics and no data from 1.4.1 on; the signature
//! hash is the same. `SafeSetup` (from 1.3.0 on) names the first owners. Facts: CHAIN section 1.

use alloy_primitives::{Address, B256, Log, U256, b256};
use alloy_sol_types::SolValue;

/// `AddedOwner(address)`.
pub const ADDED_OWNER: B256 = b256!("9465fa0c962cc76958e6373a993326400c1c94f8be2fe3a952adfa7f60b2ea26");
/// `RemovedOwner(address)`.
pub const REMOVED_OWNER: B256 = b256!("f8d49fc529812e9a7c5c50e69c20f0dccc0db8fa95c98bc58cc9a4f1c1299eaf");
/// `SafeSetup(address,address[],uint256,address,address)`, the first indexed.
pub const SAFE_SETUP: B256 = b256!("141df868a6331af528e38c83b7aa03edc19be66e37ae67f9285bf4f8e3c6a1a8");

/// Topics of the logs that a Safe's history consists of.
pub const OWNER_TOPICS: [B256; 3] = [ADDED_OWNER, REMOVED_OWNER, SAFE_SETUP];

/// What one log says of a Safe's owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerEvent {
    /// The Safe was set up with these owners.
    Setup(Vec<Address>),
    /// An owner came.
    Added(Address),
    /// An owner went.
    Removed(Address),
}

/// Whether this log belongs to a Safe's history.
pub fn is_owner_log(log: &Log) -> bool {
    log.topics().first().is_some_and(|topic| OWNER_TOPICS.contains(topic))
}

/// The event of a log, in either form; `None` for every other or malformed log.
pub fn decode(log: &Log) -> Option<OwnerEvent> {
    let owner = || match (log.topics(), &log.data.data[..]) {
        ([_, owner], []) => Some(Address::from_word(*owner)),
        ([_], data) => Address::abi_decode_validate(data).ok(),
        _ => None,
    };
    match *log.topics().first()? {
        ADDED_OWNER => owner().map(OwnerEvent::Added),
        REMOVED_OWNER => owner().map(OwnerEvent::Removed),
        SAFE_SETUP => {
            type Data = (Vec<Address>, U256, Address, Address);
            Data::abi_decode_params_validate(&log.data.data).ok().map(|(owners, ..)| OwnerEvent::Setup(owners))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn the_topics_are_the_hashes_of_the_signatures() {
        assert_eq!(ADDED_OWNER, keccak256("AddedOwner(address)"));
        assert_eq!(REMOVED_OWNER, keccak256("RemovedOwner(address)"));
        assert_eq!(SAFE_SETUP, keccak256("SafeSetup(address,address[],uint256,address,address)"));
    }

    #[test]
    fn the_owner_is_read_from_the_topic_or_from_the_data() {
        let owner = Address::repeat_byte(7);
        let indexed = Log::new_unchecked(Address::ZERO, vec![ADDED_OWNER, owner.into_word()], Default::default());
        let plain = Log::new_unchecked(Address::ZERO, vec![ADDED_OWNER], owner.abi_encode().into());
        for log in [indexed, plain] {
            assert!(matches!(decode(&log), Some(OwnerEvent::Added(found)) if found == owner));
        }
        let short = Log::new_unchecked(Address::ZERO, vec![REMOVED_OWNER], vec![1; 31].into());
        assert!(decode(&short).is_none());
    }
}
