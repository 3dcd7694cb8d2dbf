//! How leaves travel to the directory: `"PSPL"4 | batch8 | count1 | count × 1,744`, at most 6, so 15 leaves fill 3 packets.

use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::leaf::LeafWithPath;

const MAGIC: &[u8; 4] = b"PSPL";

/// Leaves of one packet: 6 × 1,744 = 10,464 bytes.
pub const LEAVES_PER_PACKET: usize = 6;

/// Some leaves of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafUpload {
    batch: u64,
    leaves: Vec<LeafWithPath>,
}

impl LeafUpload {
    /// Cut the leaves of a batch into packets.
    pub fn packets(batch: u64, leaves: &[LeafWithPath]) -> Vec<Self> {
        leaves.chunks(LEAVES_PER_PACKET).map(|leaves| Self { batch, leaves: leaves.to_vec() }).collect()
    }

    /// The batch they belong to; its stored header decides which of them verify.
    pub const fn batch(&self) -> u64 {
        self.batch
    }

    /// One to six leaves.
    pub fn leaves(&self) -> &[LeafWithPath] {
        &self.leaves
    }
}

impl Wire for LeafUpload {
    fn write(&self, out: &mut Writer) {
        out.bytes(MAGIC).u64(self.batch).u8(self.leaves.len() as u8);
        for leaf in &self.leaves {
            leaf.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.magic(MAGIC, "prekey upload")?;
        let batch = from.u64("batch number")?;
        let count = from.u8("number of prekeys")?;
        if !(1..=LEAVES_PER_PACKET).contains(&usize::from(count)) {
            return Err(DecodeError::Value { what: "number of prekeys", value: count.into() });
        }
        let leaves = (0..count).map(|_| LeafWithPath::read(from)).collect::<Result<_, _>>()?;
        Ok(Self { batch, leaves })
    }
}
