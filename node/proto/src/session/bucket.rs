//! The three sizes of an object, and what fits (SESSION section 4, table "Bucket").
//!
//! | Bucket | MSG | REPLY |
//! |---|---|---|
//! | S 4,096 | 798 | – |
//! | M 6,144 | 2,846 | 1,278 |
//! | L 11,136 | 7,838 | 6,270 |
//!
//! A node that stores an object sees its bucket. So that S says less, one S in eight is sent as M.

use pars_crypto::CryptoRng;
use pars_crypto::hash::random;
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S};

use super::error::SendError;
use super::layout::{LENGTH, MSG_OVERHEAD, MessageKind, REPLY_OVERHEAD};

/// The size of a whole object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// 4,096 bytes.
    S,
    /// 6,144 bytes.
    M,
    /// 11,136 bytes.
    L,
}

impl Bucket {
    /// All, smallest first.
    pub const ALL: [Self; 3] = [Self::S, Self::M, Self::L];

    /// Bytes of an object of this class.
    pub const fn size(self) -> usize {
        match self {
            Self::S => BUCKET_S,
            Self::M => BUCKET_M,
            Self::L => BUCKET_L,
        }
    }

    /// The class of an object by its size.
    pub fn of_size(size: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.size() == size)
    }

    /// Bytes of content that an object of this class carries, or `None` where the class is not used: REPLY in S (its
    /// overhead alone is larger), INIT anywhere but in L.
    pub const fn capacity(self, kind: MessageKind) -> Option<usize> {
        match (kind, self) {
            (MessageKind::Msg, _) => Some(self.size() - MSG_OVERHEAD - LENGTH),
            (MessageKind::Reply, Self::M | Self::L) => Some(self.size() - REPLY_OVERHEAD - LENGTH),
            (MessageKind::Init, Self::L) => Some(super::layout::INIT_CONTENT),
            (MessageKind::Reply, Self::S) | (MessageKind::Init, Self::S | Self::M) => None,
        }
    }

    /// The smallest class that holds `length` bytes; an S becomes an M with probability 1/8.
    pub(super) fn choose(kind: MessageKind, length: usize, rng: &mut dyn CryptoRng) -> Result<Self, SendError> {
        let fits = |bucket: &Self| bucket.capacity(kind).is_some_and(|most| length <= most);
        let most = Self::L.capacity(kind).unwrap_or_default();
        match Self::ALL.into_iter().find(fits) {
            Some(Self::S) if random::<1>(rng) < [32] => Ok(Self::M),
            Some(bucket) => Ok(bucket),
            None => Err(SendError::TooLong { length, most }),
        }
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn capacities_are_those_of_the_table() {
        let row = |kind| Bucket::ALL.map(|bucket| bucket.capacity(kind));
        assert_eq!(row(MessageKind::Msg), [Some(798), Some(2_846), Some(7_838)]);
        assert_eq!(row(MessageKind::Reply), [None, Some(1_278), Some(6_270)]);
        assert_eq!(row(MessageKind::Init), [None, None, Some(1_419)]);
    }

    #[test]
    fn the_smallest_bucket_that_fits_is_taken_and_one_small_one_in_eight_grows() {
        println!("seed 8");
        let mut rng = ChaCha20Rng::seed_from_u64(8);
        let mut choose = |kind, length| Bucket::choose(kind, length, &mut rng);
        let grown = (0..8_000).filter(|_| choose(MessageKind::Msg, 798) == Ok(Bucket::M)).count();
        assert!((850..1_150).contains(&grown), "{grown} of 8,000");
        for (kind, length, bucket) in [
            (MessageKind::Msg, 799, Bucket::M),
            (MessageKind::Msg, 2_846, Bucket::M),
            (MessageKind::Msg, 2_847, Bucket::L),
            (MessageKind::Reply, 0, Bucket::M),
            (MessageKind::Reply, 1_279, Bucket::L),
            (MessageKind::Init, 0, Bucket::L),
        ] {
            assert_eq!(choose(kind, length), Ok(bucket));
        }
        assert_eq!(choose(MessageKind::Msg, 7_839), Err(SendError::TooLong { length: 7_839, most: 7_838 }));
        assert_eq!(choose(MessageKind::Init, 1_420), Err(SendError::TooLong { length: 1_420, most: 1_419 }));
    }
}
