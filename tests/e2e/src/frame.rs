//! The names in a frame between two replicas (SESSION sections 1 and 6): what a node that stores for others sees, and what
//! nobody else may see. Read from the bytes, so that it is the written format that is checked.
//!
//! ```text
//! frame    2 | kind1 | request8 | from32 | command          kind 1: store this command
//! command  op1 | ver1 | nsurb1 | flag1 | …                  1 PUT: ttl2 | vk32 | …      2 PUT_INBOX: ttl2 | inbox_vk32 | day4 | …
//! ```

use sha3::{Digest, Sha3_256};

const STORE: [u8; 2] = [2, 1];
const COMMAND: usize = 42;
const PUT: u8 = 1;
const PUT_INBOX: u8 = 2;
/// The low bits of the flag byte are the mailbox's.
const MAILBOX: u8 = 0x0f;

/// Name and bytes of every name in a packet; none if it is no frame that stores.
pub fn names(packet: &[u8]) -> Vec<(String, Vec<u8>)> {
    read(packet).unwrap_or_default()
}

fn read(packet: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    if !packet.starts_with(&STORE) {
        return None;
    }
    let command = packet.get(COMMAND..)?;
    let (op, flag) = (*command.first()?, command.get(3)? & MAILBOX);
    let key = command.get(6..38)?;
    match op {
        PUT => {
            let tag = labelled("pars-mbx-tag-v1", &[&[flag], key]);
            Some(vec![("mailbox key".into(), key.to_vec()), ("mailbox tag".into(), tag)])
        }
        PUT_INBOX => {
            let tag = labelled("pars-inbox-tag-v1", &[key, command.get(38..42)?]);
            Some(vec![("inbox key".into(), key.to_vec()), ("inbox tag".into(), tag)])
        }
        _ => None,
    }
}

/// H(label; fields) of SESSION SD9.
fn labelled(label: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha3_256::new();
    for field in std::iter::once(&label.as_bytes()).chain(fields) {
        hash.update((field.len() as u16).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_command_names_its_mailbox_and_other_packets_name_nothing() {
        let mut packet = vec![0; 16_384];
        packet[..2].copy_from_slice(&STORE);
        packet[COMMAND] = PUT;
        packet[COMMAND + 6..COMMAND + 38].fill(7);
        let found = names(&packet);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], ("mailbox key".into(), vec![7; 32]));
        packet[COMMAND] = PUT_INBOX;
        assert_eq!(names(&packet)[1].0, "inbox tag");
        packet[0] = 1;
        assert!(names(&packet).is_empty());
        assert!(names(&packet[..50]).is_empty());
    }
}
