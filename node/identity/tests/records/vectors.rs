//! The committed vectors are what this code makes, and each of them verifies and reads back by itself.
//! `cargo run -p pars-identity --example identity_vectors` writes them anew.

use pars_crypto::hash::sha3;
use pars_crypto::secret::Entropy;
use pars_identity::core::IdentityCore;
use pars_identity::device::DeviceCertificate;
use pars_identity::id::IdentityId;
use pars_identity::link::{Assurance, Link};
use pars_identity::pin::Pin;
use pars_identity::prekey::PrekeyBatch;
use pars_identity::prekey::leaf::LeafWithPath;
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::record::IdentityRecord;
use pars_identity::revocation::{Revocation, Successor};
use pars_identity::safety::SafetyNumber;
use pars_identity::seed::{ContactKeys, IdentityKeys, from_words};
use pars_wire::codec::Wire;
use serde_json::{Map, Value};

use crate::cast::SUITE;
use crate::generate;

fn committed() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/session/identity.json")).unwrap()
}

#[test]
fn the_committed_vectors_are_what_this_code_makes() {
    let (committed, made) = (committed(), generate::vectors());
    for (name, value) in made.as_object().unwrap() {
        assert_eq!(committed.get(name), Some(value), "{name}");
    }
    assert_eq!(committed, made);
}

/// Entries of the file that nothing has looked at yet.
struct Entries(Map<String, Value>);

impl Entries {
    fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or_else(|| panic!("no entry {name}, or it was looked at already"))
    }

    fn text(&mut self, name: &str) -> String {
        self.take(name).as_str().unwrap().to_owned()
    }

    fn bytes(&mut self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).unwrap()
    }

    fn entropy(&mut self, name: &str) -> Entropy {
        Entropy::from_bytes(self.bytes(name).try_into().unwrap())
    }
}

#[test]
fn every_committed_entry_verifies_and_reads_back_as_it_was_written() {
    let Value::Object(file) = committed() else { panic!("an object") };
    let mut file = Entries(file);
    let core = identity_core(&mut file);
    records(&mut file, &core);
    texts(&mut file, &core);
    assert!(file.0.is_empty(), "nothing looks at {:?}", file.0.keys().collect::<Vec<_>>());
}

/// The core, and that the secrets of the file lead to it and to what its record says.
fn identity_core(file: &mut Entries) -> IdentityCore {
    let bytes = file.bytes("core");
    let core = IdentityCore::decode(&bytes).unwrap();
    assert_eq!((core.encode(), core.hash().to_vec()), (bytes, file.bytes("coreHash")));
    let entropy = file.entropy("entropy");
    assert_eq!(from_words(&file.text("words")).unwrap().expose(), entropy.expose());
    let keys = IdentityKeys::derive(SUITE, &entropy);
    assert!(*keys.core() == core, "the entropy leads to another core");
    assert_eq!(keys.revocation().expose().to_vec(), file.bytes("revocationSecret"));
    let mut of = Entries(file.take("contactKeys").as_object().unwrap().clone());
    let contact = ContactKeys::derive(SUITE, &entropy, 0);
    assert_eq!(contact.x25519.expose().to_vec(), of.bytes("x25519"));
    assert_eq!(contact.mlkem.seed().expose().to_vec(), of.bytes("mlkemSeed"));
    assert_eq!(contact.inbox.seed().expose().to_vec(), of.bytes("inboxSeed"));
    assert_eq!(contact.public().hash().to_vec(), of.bytes("hash"));
    assert!(of.0.is_empty(), "nothing looks at {:?}", of.0.keys().collect::<Vec<_>>());
    core
}

fn records(file: &mut Entries, core: &IdentityCore) {
    let bytes = file.bytes("record");
    let record = IdentityRecord::verify(SUITE, &bytes).unwrap();
    assert_eq!((record.encode(), record.hash().to_vec()), (bytes, file.bytes("recordHash")));
    assert!(record.core() == core, "the record is of another core");
    let bytes = file.bytes("certificate");
    let certificate = DeviceCertificate::verify(SUITE, &bytes, core).unwrap();
    assert_eq!(certificate.encode(), bytes);
    assert!(record.lists(&certificate), "the record lists the device");
    let bytes = file.bytes("batch");
    let batch = PrekeyBatch::verify(SUITE, &bytes, &certificate).unwrap();
    assert_eq!(batch.encode(), bytes);
    assert_eq!(batch.content().identity_keys, record.contact().hash());
    leaves(file, &batch);
    let bytes = file.bytes("revocation");
    assert_eq!(Revocation::verify(&bytes, core).unwrap().encode(), bytes);
    let other = IdentityKeys::derive(SUITE, &file.entropy("successorEntropy"));
    let bytes = file.bytes("successor");
    assert_eq!(Successor::verify(SUITE, &bytes, core, other.core()).unwrap().encode(), bytes);
    assert_eq!(sha3(&[&bytes]).to_vec(), file.bytes("successorHash"));
    assert_eq!(SafetyNumber::of(core, other.core()).to_string(), file.text("safetyNumber"));
    let bytes = file.bytes("pin");
    let pin = Pin::decode(&bytes).unwrap();
    assert_eq!((pin.encode(), pin.core() == core), (bytes, true));
    assert_eq!(pin.newest(), (record.seq(), record.hash()));
}

/// Fourteen days and the last resort: the two that stand whole, those of the upload, and the hashes of all.
fn leaves(file: &mut Entries, batch: &PrekeyBatch) {
    let hashes = file.take("leaves");
    let hash = |leaf: &LeafWithPath| Value::from(hex::encode(sha3(&[&leaf.encode()])));
    for (name, index) in [("leaf", 0), ("lastResort", 14)] {
        let bytes = file.bytes(name);
        let leaf = LeafWithPath::decode(&bytes).unwrap();
        assert_eq!((leaf.encode(), hash(&leaf)), (bytes, hashes[index].clone()), "{name}");
        assert_eq!(batch.check_leaf_path(&leaf), Ok(()), "{name}");
        assert_eq!(leaf.prekey().day().is_none(), index == 14, "{name}");
    }
    let bytes = file.bytes("upload");
    let upload = LeafUpload::decode(&bytes).unwrap();
    assert_eq!((upload.encode(), upload.batch()), (bytes, batch.content().batch));
    for (index, leaf) in upload.leaves().iter().enumerate() {
        assert_eq!((batch.check_leaf_path(leaf), hash(leaf)), (Ok(()), hashes[index].clone()), "leaf {index}");
    }
    assert_eq!((upload.leaves().len(), hashes.as_array().unwrap().len()), (2, 15));
}

/// What people see: the id in both its cases, the link and the tag.
fn texts(file: &mut Entries, core: &IdentityCore) {
    let (id, checksum) = (file.text("id"), file.text("checksumCase"));
    assert_eq!((id.parse::<IdentityId>(), checksum.parse::<IdentityId>()), (Ok(core.id()), Ok(core.id())));
    let text = file.text("link");
    let link: Link = text.parse().unwrap();
    assert_eq!((link.to_string(), link.compare(core)), (text.clone(), Ok(Assurance::Checked)));
    let tag = file.bytes("ndef");
    assert_eq!(tag[5..], *text.as_bytes());
    assert_eq!(link.to_ndef().unwrap(), tag);
}
