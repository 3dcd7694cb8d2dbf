//! A storing node's word: `node_id32|expiry_h4|sig64` = 100, sig = Ed25519("pars-receipt-v1"‖0x00‖obj_id‖tag‖expiry_h) under
//! the node's registry key (SESSION section 6). Given only after the object is synced.

use pars_crypto::label::SignatureLabel;
use pars_crypto::sign::{Ed25519Public, Ed25519Secret};
use pars_wire::NodeId;
use pars_wire::codec::{DecodeError, Hour, Reader, Wire, Writer};

use super::mailbox::{ObjectId, Tag};

/// Bytes of a receipt.
pub const RECEIPT: usize = 100;

/// One node holds one object until an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who.
    pub node: NodeId,
    /// Until when.
    pub expiry: Hour,
    signature: [u8; 64],
}

fn message(object: &ObjectId, tag: &Tag, expiry: Hour) -> Vec<u8> {
    [&object.0[..], &tag.0, &expiry.to_bytes()].concat()
}

impl Receipt {
    /// Sign that this node holds an object.
    pub fn sign(key: &Ed25519Secret, node: NodeId, object: &ObjectId, tag: &Tag, expiry: Hour) -> Self {
        Self { node, expiry, signature: key.sign(SignatureLabel::RECEIPT, &message(object, tag, expiry)) }
    }

    /// Whether `key`, which the registry holds for [`Receipt::node`], signed it for this object.
    pub fn verifies(&self, key: &Ed25519Public, object: &ObjectId, tag: &Tag) -> bool {
        key.verify(SignatureLabel::RECEIPT, &message(object, tag, self.expiry), &self.signature).is_ok()
    }
}

impl Wire for Receipt {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0.0).hour(self.expiry).bytes(&self.signature);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let node = NodeId(from.array::<32>("node id")?.into());
        Ok(Self { node, expiry: from.hour("expiry")?, signature: from.array("receipt signature")? })
    }
}
