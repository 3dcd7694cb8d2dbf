//! Reply blocks (SESSION section 5).

use pars_crypto::suite::Libcrux;
use pars_proto::onion::epoch::expiry_at;
use pars_proto::onion::packet::DropReason;
use pars_proto::onion::surb::{ReplyTo, Surb, SurbSecret};
use pars_wire::codec::Wire;

use crate::net::{Net, Place, body, node};

fn block(net: &mut Net) -> (Surb, SurbSecret) {
    let hops = net.hops([4, 5, 6, 0]);
    let to = ReplyTo { token: [1; 16], surb: [2; 16] };
    Surb::make(&Libcrux, &hops, to, expiry_at(net.now.wall), &mut net.rng).unwrap()
}

#[test]
fn a_block_has_4800_bytes_and_reads_back() {
    let mut net = Net::new(7, 31);
    let (surb, _) = block(&mut net);
    let bytes = surb.encode();
    assert_eq!(bytes.len(), Surb::SIZE);
    assert_eq!(Surb::decode(&bytes).unwrap(), surb);
    assert!(Surb::decode(&bytes[1..]).is_err() && Surb::decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn a_block_carries_one_answer_and_a_second_is_dropped_at_the_first_mix() {
    let mut net = Net::new(7, 32);
    let (surb, secret) = block(&mut net);
    for fill in [1, 2] {
        net.send(Place::Node(node(3)), surb.first, surb.clone().reply(&body(fill)).encode());
        net.run(10);
    }
    assert_eq!(net.dropped, [(node(4), DropReason::Replay)]);
    let (token, packet) = net.delivered.pop().unwrap();
    assert!(net.delivered.is_empty() && token == [1; 16] && packet[..18] == [&[1, 4][..], &[2; 16]].concat());
    assert_eq!(secret.open(Box::new(packet[4_738..].try_into().unwrap())), Ok(body(1)));
}

#[test]
fn an_answer_that_was_changed_on_the_way_is_noise_to_the_client() {
    let mut net = Net::new(7, 33);
    let (surb, secret) = block(&mut net);
    let mut packet = surb.reply(&body(1)).encode();
    packet[9_000] ^= 1;
    net.send(Place::Node(node(3)), node(4), packet);
    net.run(10);
    let (_, packet) = net.delivered.pop().unwrap();
    assert_eq!(secret.open(Box::new(packet[4_738..].try_into().unwrap())), Err(DropReason::Noise));
}

#[test]
fn neither_end_of_an_answer_sees_a_value_of_the_other() {
    let mut net = Net::new(7, 34);
    let (surb, _) = block(&mut net);
    let bytes = surb.encode();
    assert!(!bytes.windows(16).any(|w| w == [1; 16] || w == [2; 16]), "token and index are sealed in the block");
    let key = bytes[4_768..].to_vec();
    net.send(Place::Node(node(3)), surb.first, surb.reply(&body(1)).encode());
    net.run(10);
    assert!(net.links.iter().all(|link| !link.packet.windows(16).any(|w| key.windows(16).any(|k| k == w))));
}
