//! Secret keys come back from a store as they went, and only whole.

use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::StoreKey;
use pars_identity::device::DeviceKeys;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::seed::ContactKeys;
use pars_identity::stored::Stored;
use pars_wire::codec::DecodeError;

use crate::cast::{Person, SUITE};

fn round_trip<T: Stored>(value: &T, size: usize) -> T {
    let bytes = value.to_stored();
    assert_eq!(bytes.len(), size);
    for length in 0..size {
        assert!(T::from_stored(SUITE, &bytes[..length]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(T::from_stored(SUITE, &longer).err(), Some(DecodeError::Trailing(1)));
    T::from_stored(SUITE, &bytes).unwrap()
}

#[test]
fn device_contact_and_prekey_secrets_come_back() {
    let bob = Person::new(1);
    let device: DeviceKeys = round_trip(&bob.device, 80);
    assert_eq!((device.id, device.signing.public()), (bob.device.id, bob.device.signing.public()));
    let contact: ContactKeys = round_trip(&bob.contact, 128);
    assert_eq!(contact.public(), bob.contact.public());
    let leaf: LeafSecret = round_trip(&bob.prekeys.leaves[3], 1_712);
    assert_eq!(leaf.prekey, bob.prekeys.leaves[3].prekey);
}

#[test]
fn a_prekey_with_the_secret_of_another_is_refused() {
    let bob = Person::new(1);
    let [one, other] = [0, 1].map(|index| bob.prekeys.leaves[index].to_stored());
    let mixed = [&one[..1_616], &other[1_616..]].concat();
    let error = DecodeError::Malformed { what: "secret of a prekey" };
    assert_eq!(LeafSecret::from_stored(SUITE, &mixed).err(), Some(error));
}

#[test]
fn stored_keys_travel_sealed() {
    let mut bob = Person::new(1);
    let store = StoreKey::generate(&mut bob.rng);
    let place = Place { table: "device", key: b"self" };
    let sealed = Sealed::seal(&store, place, &bob.device.to_stored(), &mut bob.rng);
    let opened = DeviceKeys::from_stored(SUITE, &sealed.open(&store, place).unwrap()).unwrap();
    assert_eq!(opened.id, bob.device.id);
}
