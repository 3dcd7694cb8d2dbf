//! Node descriptors: only what is registered, signed and of the day is used (THREATS O6).

use pars_crypto::suite::Libcrux;
use pars_proto::onion::Descriptor;
use pars_proto::onion::descriptor::{Body, DESCRIPTOR, DescriptorError, Registration};
use pars_proto::onion::epoch::EpochKeys;
use pars_wire::codec::{Day, DecodeError, Wire};
use pars_wire::machine::UnixMinute;

use crate::net::{NOON, Net, node};

fn sample(net: &mut Net) -> Descriptor {
    let mut keys = EpochKeys::default();
    keys.roll(&Libcrux, NOON, &mut net.rng);
    let keys = keys.publics(Day::at(NOON)).unwrap().to_vec().try_into().unwrap();
    let addresses = vec!["192.0.2.7:9000".parse().unwrap(), "[2001:db8::7]:9001".parse().unwrap()];
    net.descriptor(Body { node: node(0), day: Day::at(NOON), keys, addresses })
}

#[test]
fn a_descriptor_has_9660_bytes_reads_back_and_verifies() {
    let mut net = Net::new(1, 61);
    let descriptor = sample(&mut net);
    let bytes = descriptor.encode();
    assert_eq!(bytes.len(), DESCRIPTOR);
    assert_eq!(Descriptor::decode(&bytes).unwrap(), descriptor);
    let registration = net.identities[&node(0)].registration;
    let verified = descriptor.verify(&Libcrux, &registration, &net.dsa(node(0)), NOON).unwrap();
    assert_eq!(verified.addresses().len(), 2);
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let mut net = Net::new(1, 62);
    let bytes = sample(&mut net).encode();
    let registration = net.identities[&node(0)].registration;
    let regions = [
        0, 3, 4, 35, 36, 37, 40, 41, 1_200, 1_256, 1_257, 4_904, 4_905, 4_906, 4_930, 4_968, 4_969, 5_032, 5_033, 9_659,
    ];
    for at in regions {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let used = Descriptor::decode(&changed).ok().and_then(|descriptor| {
            let dsa = net.dsa(node(0));
            descriptor.verify(&Libcrux, &registration, &dsa, NOON).ok()
        });
        assert!(used.is_none(), "byte {at}");
    }
    assert_eq!(Descriptor::decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::Trailing(1)));
}

#[test]
fn an_unregistered_foreign_expired_or_future_descriptor_is_refused_with_the_reason() {
    let mut net = Net::new(2, 63);
    let descriptor = sample(&mut net);
    let (ours, theirs) = (net.identities[&node(0)].registration, net.identities[&node(1)].registration);
    let (dsa, other_dsa) = (net.dsa(node(0)), net.dsa(node(1)));
    let verify = |registration: &Registration, dsa, minute| {
        descriptor.clone().verify(&Libcrux, registration, dsa, UnixMinute(minute)).map(|_| ())
    };
    let midnight = Day::at(NOON).start_minute() as u32;
    assert_eq!(verify(&ours, &dsa, midnight + 1_440 + 4), Ok(()), "five minutes of grace behind its day");
    assert_eq!(verify(&ours, &dsa, midnight - 1_440 - 5), Ok(()), "published a day ahead, read by a slow clock");
    let day = DescriptorError::Day(Day::at(NOON));
    assert_eq!(verify(&ours, &dsa, midnight + 1_440 + 5), Err(day));
    assert_eq!(verify(&ours, &dsa, midnight - 1_440 - 6), Err(day));
    assert_eq!(verify(&theirs, &other_dsa, NOON.0), Err(DescriptorError::OtherNode));
    assert_eq!(verify(&ours, &other_dsa, NOON.0), Err(DescriptorError::Identity));
    let stolen = Registration { transport_key: theirs.transport_key, ..ours };
    assert!(matches!(verify(&stolen, &dsa, NOON.0), Err(DescriptorError::Signature(_))));
}

#[test]
fn addresses_have_one_form_only() {
    let mut net = Net::new(1, 64);
    let bytes = sample(&mut net).encode();
    let at = 4_905;
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = bytes.clone();
        change(&mut changed);
        assert!(Descriptor::decode(&changed).is_err());
    };
    refused(&|b| b[at] = 5);
    refused(&|b| b[at + 16] = 1);
    refused(&|b| b[at + 17..at + 19].fill(0));
    refused(&|b| b[at..at + 19].fill(0));
    refused(&|b| b[at + 57] = 1);
    let many = vec!["192.0.2.7:9000".parse().unwrap(); 4];
    let mut keys = EpochKeys::default();
    keys.roll(&Libcrux, NOON, &mut net.rng);
    let keys = keys.publics(Day::at(NOON)).unwrap().to_vec().try_into().unwrap();
    let body = Body { node: node(0), day: Day::at(NOON), keys, addresses: many };
    let signed = Descriptor::sign(&Libcrux, body, &net.identities[&node(0)].keys, &mut net.rng);
    assert_eq!(signed, Err(DescriptorError::Count));
}
