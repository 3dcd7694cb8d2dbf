//! What a stranger's object costs: leading zero bits of H("pars-hc-v1"; tag, obj_id, beacon, nonce) (SESSION section 6).
//! A GPU is hundreds of times faster than one core: this slows floods, it does not stop them.

use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use pars_crypto::search::{first_nonce, zero_bits};

use super::mailbox::{ObjectId, Tag};

/// What the work is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The inbox or directory tag.
    pub tag: Tag,
    /// The object or record.
    pub object: ObjectId,
    /// Of today or yesterday: work cannot be stored up.
    pub beacon: [u8; 32],
}

impl Work {
    /// Leading zero bits that a nonce gives. One hash, before the object itself is looked at.
    pub fn effort(&self, nonce: &[u8; 8]) -> u8 {
        zero_bits(&hash(HashLabel::HASHCASH, &[&self.tag.0, &self.object.0, &self.beacon, nonce]))
    }

    /// Try `tries` nonces from `start`; give the first that reaches `bits`. Slow: an answerer runs it, piece by piece.
    pub fn search(&self, bits: u8, start: u64, tries: u64) -> Option<[u8; 8]> {
        first_nonce(HashLabel::HASHCASH, &[&self.tag.0, &self.object.0, &self.beacon], bits, start, tries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_work_has_its_bits_and_no_other_object_has_them() {
        let work = Work { tag: Tag([1; 32]), object: ObjectId([2; 32]), beacon: [3; 32] };
        let nonce = work.search(12, 0, 1 << 20).unwrap();
        assert!(work.effort(&nonce) >= 12);
        assert!((0..u64::from_be_bytes(nonce)).all(|n| work.effort(&n.to_be_bytes()) < 12));
        let others = [
            Work { tag: Tag([9; 32]), ..work },
            Work { object: ObjectId([9; 32]), ..work },
            Work { beacon: [9; 32], ..work },
        ];
        assert!(others.iter().all(|other| other.effort(&nonce) < 12));
        assert_eq!(work.search(200, 0, 10), None);
    }
}
