//! Every size and bound that more than one crate must agree on (SESSION sections 2 to 6). One sentence each says why.

/// Bytes of a packet on every link: all packets look alike.
pub const PACKET: usize = 16_384;
/// Bytes of the onion header: four layers of 1,184.
pub const ONION_HEADER: usize = 4_736;
/// Bytes of the onion payload δ: what a packet holds behind version, position and header.
pub const ONION_PAYLOAD: usize = 11_646;
/// Bytes of a command or reply inside δ: δ without its 32 zero bytes.
pub const ONION_ROOM: usize = 11_614;
/// Bytes of a single-use reply block: header, first node, key.
pub const SURB: usize = 4_800;

/// Bytes of an object of class S: most chat messages with a full post-quantum step.
pub const BUCKET_S: usize = 4_096;
/// Bytes of an object of class M: the largest that leaves room for a reply block.
pub const BUCKET_M: usize = 6_144;
/// Bytes of an object of class L: the largest that fits a packet.
pub const BUCKET_L: usize = 11_136;

/// How far a counter may jump in one chain: bounds the work a bogus header can cause.
pub const MAX_JUMP: u32 = 1_000;
/// Skipped keys kept for one session: bounds what one peer can make us store.
pub const MAX_SKIPPED: usize = 2_000;
/// Skipped keys kept by one device: bounds what all peers together can make us store.
pub const MAX_SKIPPED_DEVICE: usize = 200_000;
/// Old receiving chains kept: bounds the header opens of one object.
pub const MAX_OLD_CHAINS: usize = 5;
/// Messages of one sending chain before a new handshake: healing must not wait for ever.
pub const MAX_CHAIN: u32 = 1_000;
/// Days a sending chain may live without an answer.
pub const CHAIN_DAYS: u32 = 7;
/// Objects of class INIT that one handshake may carry before the first answer.
pub const MAX_INIT: u16 = 32;
/// Handshakes remembered against replay: 2 MiB of 32-byte ids, then strangers are refused.
pub const REPLAY_CACHE: usize = 65_536;

/// Hours for which a message may live at most: 14 days.
pub const MAX_TTL_HOURS: u16 = 14 * 24;
/// Hours for which a message lives unless said otherwise: 7 days.
pub const DEFAULT_TTL_HOURS: u16 = 7 * 24;
/// Hours for which a message must live at least.
pub const MIN_TTL_HOURS: u16 = 1;
/// Hours of grace added to the life of keys behind [`MAX_TTL_HOURS`]: clocks and slow stores.
pub const GRACE_HOURS: u32 = 48;

/// Devices of one identity: the slots of an identity record.
pub const MAX_DEVICES: usize = 8;
/// Daily leaves of a prekey batch.
pub const PREKEY_DAYS: u8 = 14;
/// Days for which a batch's last resort may be used.
pub const PREKEY_LAST_RESORT_DAYS: u32 = 90;
/// Hours by which a daily leaf is valid before its day begins and after it ends: clock skew.
pub const PREKEY_SKEW_HOURS: u32 = 1;

/// Replicas of a mailbox day.
pub const REPLICAS: usize = 7;
/// Receipts at which a message counts as stored.
pub const REQUIRED_COPIES: usize = 5;
/// Receipts below which storing has failed.
pub const MIN_COPIES: usize = 3;
/// Object ids of one deletion.
pub const MAX_DELETIONS: usize = 64;
/// Leading zero bits a stranger's object needs at a node.
pub const MIN_HASHCASH_BITS: u8 = 18;
/// Leading zero bits a stranger's object needs unless the recipient says otherwise.
pub const DEFAULT_HASHCASH_BITS: u8 = 20;
/// Leading zero bits a recipient may ask for at most.
pub const MAX_HASHCASH_BITS: u8 = 28;

/// Bytes of a notice about a recording: a withdrawal by ML-DSA from a roster of 65,535 keys.
pub const MAX_NOTICE: usize = 5_207;
/// Dummies of a recording: keys that everybody derives and who records signs for.
pub const MAX_DUMMIES: u16 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_of_the_layouts_hold() {
        assert_eq!(1 + 1 + ONION_HEADER + ONION_PAYLOAD, PACKET);
        assert_eq!(4 * 1_184, ONION_HEADER);
        assert_eq!(ONION_ROOM + 32, ONION_PAYLOAD);
        assert_eq!(ONION_HEADER + 32 + 32, SURB);
        assert_eq!(ONION_ROOM - SURB, 6_814);
        assert_eq!(ONION_ROOM - 2 * SURB, 2_014);
        const { assert!(BUCKET_L <= ONION_ROOM && BUCKET_M + 118 + SURB <= ONION_ROOM) };
    }
}
