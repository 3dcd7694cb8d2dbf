//! What one client may make a peer keep.

use std::net::{IpAddr, Ipv4Addr};

use pars_recorder::live::connection::{Connection, GCM, opus};
use pars_sfu_core::PeerRole;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;

use super::*;

const ID: PeerId = PeerId(1);

fn address(last: u16) -> SocketAddr {
    // Nobody's (RFC 5737): what is sent there is lost.
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 10_000 + last)
}

fn peers() -> Peers {
    let mut peers = Peers::new(Setup::new("127.0.0.1:9".parse().unwrap()).unwrap());
    peers.command(ID, PeerCommand::Create(PeerRole::Single));
    peers
}

fn media(ssrc: u32) -> Vec<u8> {
    [&[0x80, 111, 0, 1, 0, 0, 0, 1][..], &ssrc.to_be_bytes(), &[5; 40]].concat()
}

fn report(ssrc: u32) -> Vec<u8> {
    [&[0x80, 200, 0, 1][..], &ssrc.to_be_bytes(), &[5; 40]].concat()
}

#[test]
fn a_peer_hears_of_so_many_ssrcs_and_of_no_more() {
    let mut peers = peers();
    peers.by_address.insert(address(0), ID);
    let most = u32::try_from(MAX_SSRCS).unwrap();
    for ssrc in 0..most {
        let packet = if ssrc % 2 == 0 { media(ssrc) } else { report(ssrc) };
        assert_eq!(peers.read(address(0), &packet), Some(ID), "{ssrc}");
    }
    for packet in [media(most), report(most + 1), vec![0x80, 111]] {
        assert_eq!(peers.read(address(0), &packet), None);
    }
    // Of those it knows, and what is neither, it goes on to hear.
    for packet in [media(0), report(0), media(most - 1), vec![22, 254, 253, 0]] {
        assert_eq!(peers.read(address(0), &packet), Some(ID));
    }
}

/// A check of a client that knows the peer's password. It can be sent from anywhere.
fn check(peers: &mut Peers) -> Vec<u8> {
    let mut now = instant();
    let mut client = Connection::new(now, address(0), vec![(opus(), RtpCodecKind::Audio)], GCM.to_vec()).unwrap();
    let sdp = client.offer(now).unwrap().sdp;
    peers.command(ID, PeerCommand::TakeOffer { id: 1, sdp, attach: Vec::new() });
    let Some((ID, PeerEvent::Answered { sdp, .. })) = peers.event() else { panic!("no answer") };
    client.answer(now, sdp).unwrap();
    for _ in 0..1_000 {
        if let Some((_, check)) = client.datagrams().into_iter().find(|(_, datagram)| is_stun(datagram)) {
            return check.to_vec();
        }
        now = client.deadline(now);
        client.timeout(now);
    }
    panic!("no check");
}

#[tokio::test]
async fn a_peer_has_so_many_addresses_and_no_more() {
    let mut peers = peers();
    let check = check(&mut peers);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let most = u16::try_from(MAX_ADDRESSES).unwrap();
    // The last ones in one batch.
    for last in 0..most + 6 {
        assert_eq!(peers.read(address(last), &check), Some(ID), "{last}");
        if last < most - 3 {
            peers.flush(&socket);
        }
    }
    peers.flush(&socket);
    assert_eq!(peers.by_address.len(), MAX_ADDRESSES);
    assert_eq!(peers.read(address(most + 10), &check), None, "not even looked at");
    assert_eq!(peers.read(address(0), &check), Some(ID));
    peers.command(ID, PeerCommand::Close);
    peers.flush(&socket);
    assert!(peers.by_address.is_empty() && peers.peers.is_empty());
}
