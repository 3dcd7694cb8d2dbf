//! The vectors of RFC 9001, Appendix A.

use super::*;

const DCID: &str = "8394c8f03e515708";
/// A.2: the CRYPTO frame of the client's Initial packet.
const CLIENT_FRAME: &str = concat!(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868",
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578",
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005",
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba",
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400",
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100",
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000",
    "75300901100f088394c8f03e51570806048000ffff",
);
/// A.3: the server's whole Initial packet.
const SERVER_PACKET: &str = concat!(
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a",
    "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3",
    "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84",
    "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4",
    "2158407dd074ee",
);

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// Protect a client's Initial packet with a packet number of four bytes, as A.2 does.
fn protect(keys: &Keys, header: &[u8], number: u32, frames: &[u8]) -> Vec<u8> {
    let mut text = frames.to_vec();
    let tag = Aes128Gcm::new(&keys.key.into())
        .encrypt_inout_detached(&keys.nonce(number), header, text.as_mut_slice().into())
        .unwrap();
    let mut packet = header.to_vec();
    packet.extend_from_slice(&text);
    packet.extend_from_slice(&tag);
    let mask = keys.mask(packet[header.len()..header.len() + 16].try_into().unwrap());
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[header.len() - 4..header.len()].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    packet
}

/// A.2: 1,200 bytes.
fn client_packet() -> Vec<u8> {
    let mut frames = bytes(CLIENT_FRAME);
    frames.resize(1_162, 0);
    let header = bytes("c300000001088394c8f03e5157080000449e00000002");
    protect(&Keys::of(&bytes(DCID), Side::Client), &header, 2, &frames)
}

#[test]
fn the_initial_keys_are_those_of_appendix_a_1() {
    let (client, server) = (Keys::of(&bytes(DCID), Side::Client), Keys::of(&bytes(DCID), Side::Server));
    assert_eq!(hex::encode(client.key), "1f369613dd76d5467730efcbe3b1a22d");
    assert_eq!(hex::encode(client.iv), "fa044b2f42a3fd3b46fb255c");
    assert_eq!(hex::encode(client.hp), "9f50449e04a0e810283a1e9933adedd2");
    assert_eq!(hex::encode(server.key), "cf3a5331653c364c88f0f379b6067e37");
    assert_eq!(hex::encode(server.iv), "0ac1493ca1905853b0bba03e");
    assert_eq!(hex::encode(server.hp), "c206b8d9b9f0f37644430b490eeaa314");
}

#[test]
fn the_clients_initial_packet_of_appendix_a_2_is_read() {
    let packet = client_packet();
    assert_eq!(packet.len(), 1_200);
    let begin = "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c";
    assert!(hex::encode(&packet).starts_with(begin));
    assert!(hex::encode(&packet).ends_with("e221af44860018ab0856972e194cd934"), "the tag is over the whole packet");
    let mut observer = Observer::default();
    observer.datagram(Side::Client, &packet);
    let [handshake] = observer.handshakes()[..] else { panic!("one connection") };
    let hello = handshake.client.clone().unwrap();
    assert_eq!((hello.suites, hello.groups), (vec![0x1301, 0x1302], vec![0x1d, 0x17, 0x18]));
    assert_eq!(hello.shares, [(0x1d, 32)]);
    assert_eq!(handshake.server, None);
    assert!(!handshake.answered && observer.unread() == 0, "nobody answered yet");
}

#[test]
fn the_servers_initial_packet_of_appendix_a_3_is_read_after_the_clients() {
    let mut observer = Observer::default();
    observer.datagram(Side::Server, &bytes(SERVER_PACKET));
    assert!(observer.handshakes().is_empty(), "its keys come from the client's packet");
    observer.datagram(Side::Client, &client_packet());
    observer.datagram(Side::Server, &bytes(SERVER_PACKET));
    let [handshake] = observer.handshakes()[..] else { panic!("one connection") };
    assert_eq!(handshake.server, Some(ServerHello { suite: 0x1301, group: 0x1d, retry: false }));
    assert!(handshake.answered);
    assert_eq!(observer.unread(), 1, "the one that came before its client's");
}

#[test]
fn a_changed_packet_and_any_beginning_of_one_say_nothing() {
    let packet = client_packet();
    for length in 0..packet.len() {
        let mut observer = Observer::default();
        observer.datagram(Side::Client, &packet[..length]);
        assert!(observer.handshakes().is_empty());
    }
    let mut changed = packet;
    changed[700] ^= 1;
    let mut observer = Observer::default();
    observer.datagram(Side::Client, &changed);
    assert!(observer.handshakes().is_empty() && observer.unread() == 1, "it is not silently left out");
}

#[test]
fn pieces_of_a_handshake_are_put_in_order() {
    let pieces = BTreeMap::from([(0, vec![1, 2]), (2, vec![3, 4, 5]), (4, vec![5, 6]), (9, vec![9])]);
    assert_eq!(contiguous(&pieces), [1, 2, 3, 4, 5, 6]);
    assert_eq!(crypto_frames(&[0, 1, 2, 5, 0, 1, 0, 0, 0, 6, 3, 1, 7, 0]), Some(vec![(3, vec![7])]));
    assert_eq!(crypto_frames(&[6, 0, 9, 1]), None, "a frame longer than its packet");
}
