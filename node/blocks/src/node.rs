//! dag-pb: a node with links (ipld.io, specs/codecs/dag-pb). `PBNode { repeated PBLink Links = 2; bytes Data = 1 }`,
//! `PBLink { bytes Hash = 1; string Name = 2; uint64 Tsize = 3 }`; on the wire the links stand before the data, sorted by name.

use crate::cid::{Cid, CidError};
use crate::proto::{self, Content};

/// Links of a node at most: Kubo's largest directory block has 4,766, a file's node 1,024.
pub const MAX_LINKS: usize = 8_192;

/// Why bytes are no dag-pb node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Not the canonical protobuf form.
    #[error("the block is no dag-pb node in its canonical form; it is damaged, or of another program")]
    Form,
    /// A link's CID.
    #[error("a link of the node: {0}")]
    Link(#[from] CidError),
    /// Above [`MAX_LINKS`].
    #[error("the node has more than 8,192 links; split it")]
    TooMany,
    /// Not by name.
    #[error("the node's links are not sorted by name; it is not in its canonical form")]
    Order,
}

/// A link of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it points to.
    pub cid: Cid,
    /// Its name: empty in a file.
    pub name: String,
    /// Bytes of all blocks below, as its writer says: shown, never relied on.
    pub size: u64,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Node {
    /// Its links in order.
    pub links: Vec<Link>,
    /// Its data: UnixFS's.
    pub data: Vec<u8>,
}

impl Node {
    /// The canonical form. The links have to be in order.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.links.len() * 64 + self.data.len() + 16);
        for link in &self.links {
            proto::put_bytes(&mut out, 2, &link.encode());
        }
        proto::put_bytes(&mut out, 1, &self.data);
        out
    }

    /// Read the canonical form.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn decode(mut bytes: &[u8]) -> Result<Self, NodeError> {
        let mut node = Self::default();
        while !bytes.is_empty() {
            match proto::field(&mut bytes).ok_or(NodeError::Form)? {
                (2, Content::Bytes(link)) if node.links.len() < MAX_LINKS => node.links.push(Link::decode(link)?),
                (2, Content::Bytes(_)) => return Err(NodeError::TooMany),
                (1, Content::Bytes(data)) if bytes.is_empty() => {
                    node.data = data.to_vec();
                    let sorted = node.links.is_sorted_by(|left, right| left.name.as_bytes() <= right.name.as_bytes());
                    return if sorted { Ok(node) } else { Err(NodeError::Order) };
                }
                _ => return Err(NodeError::Form),
            }
        }
        // A node without data says nothing of a file.
        Err(NodeError::Form)
    }
}

impl Link {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.name.len() + 56);
        proto::put_bytes(&mut out, 1, &self.cid.to_bytes());
        proto::put_bytes(&mut out, 2, self.name.as_bytes());
        proto::put_number(&mut out, 3, self.size);
        out
    }

    fn decode(mut bytes: &[u8]) -> Result<Self, NodeError> {
        let mut next = || proto::field(&mut bytes).ok_or(NodeError::Form);
        let (hash, name, size) = (next()?, next()?, next()?);
        let ((1, Content::Bytes(hash)), (2, Content::Bytes(name)), (3, Content::Number(size))) = (hash, name, size)
        else {
            return Err(NodeError::Form);
        };
        let name = std::str::from_utf8(name).map_err(|_| NodeError::Form)?.to_owned();
        if bytes.is_empty() { Ok(Self { cid: Cid::from_bytes(hash)?, name, size }) } else { Err(NodeError::Form) }
    }
}
