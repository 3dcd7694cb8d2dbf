//! A stranger who calls Bob and follows the handshake's key schedule (SESSION section 3), but puts what it likes into the
//! encrypted parts. Written from the design, not from `pars-proto`.

use std::sync::LazyLock;

use pars_crypto::aead::{HeaderKey, OneUse};
use pars_crypto::dh::DhSecret;
use pars_crypto::hash::hash;
use pars_crypto::kdf::{Okm, expand, kdf};
use pars_crypto::label::{HashLabel, HybridLabel, KdfLabel};
use pars_crypto::secret::{ChainKey, SharedSecret};
use pars_crypto::suite::SuiteId;
use pars_proto::session::handshake::Unsealed;
use pars_proto::session::{Delivered, InitObject, Object, Session};
use pars_wire::codec::{Hour, Writer};
use pars_wire::limits::BUCKET_L;

use crate::people::{ALICE, BOB, NOON, SUITE, source, tools};

/// `ID|ir_seq|SHA3(IR)|device|SHA3(DC)|R_A|EKEM_A|hour|mode`.
pub(crate) const INNER: usize = 1_725;
/// The plain body of an INIT: `id16|time8|seq8|type2|flags4|lp(content)|zeros`.
pub(crate) const BODY: usize = 1_459;
/// The plain text of a companion: `lp(record)|zeros`.
pub(crate) const COMPANION: usize = 11_100;

/// The one call all targets share: same keys, other contents.
pub(crate) static CALL: LazyLock<Call> = LazyLock::new(Call::new);

pub(crate) struct Call {
    prefix: Vec<u8>,
    ek: [u8; 32],
    /// TH0.
    first: [u8; 32],
    dh1: SharedSecret,
    secrets: [SharedSecret; 4],
    /// What an honest caller seals.
    pub(crate) inner: Vec<u8>,
}

impl Call {
    fn new() -> Self {
        let mut rng = source(3);
        let (leaf, contact) = (&BOB.leaf().prekey, BOB.record.contact());
        let ek = DhSecret::generate(&mut rng);
        let (ct1, ss1) = leaf.mlkem().encapsulate(SUITE, &mut rng);
        let (ct2, ss2) = contact.mlkem.encapsulate(SUITE, &mut rng);
        let agree = |with| ek.agree(with).expect("an honest key");
        let secrets = [agree(&contact.x25519), agree(leaf.x25519()), ss1, ss2];
        let dh1 = ALICE.contact.x25519.agree(leaf.x25519()).expect("an honest key");
        let (suite, ek) = ([SuiteId::Session.byte()], ek.public().0);
        let fields: [&[u8]; 8] = [
            &suite,
            BOB.record.core().hash(),
            &contact.hash(),
            &BOB.device.id.0,
            &leaf.hash(),
            &ek,
            ct1.as_bytes(),
            ct2.as_bytes(),
        ];
        let first = hash(HashLabel::PQXDH, &fields);
        let prefix = [&[1, 2, 1][..], &leaf.id().0, &ek, ct1.as_bytes(), ct2.as_bytes()].concat();
        // R_A and EKEM_A: any good keys, here those of another leaf.
        let ratchet = &ALICE.prekeys.leaves[1].prekey;
        let mut inner = Writer::with_capacity(INNER);
        inner.bytes(&ALICE.record.id().0).u64(ALICE.record.seq()).bytes(ALICE.record.hash());
        inner.bytes(&ALICE.device.id.0).bytes(ALICE.certificate.hash());
        inner.bytes(&ratchet.x25519().0).bytes(ratchet.mlkem().as_bytes()).hour(Hour::at(NOON)).u8(1);
        Self { prefix, ek, first, dh1, secrets, inner: inner.into_bytes() }
    }

    fn parts(&self) -> [&[u8]; 4] {
        self.secrets.each_ref().map(|secret| &secret.expose()[..])
    }

    fn transcript(&self, inner: &[u8; INNER]) -> [u8; 32] {
        hash(HashLabel::TRANSCRIPT, &[&self.first, inner])
    }

    fn keys(&self, inner: &[u8; INNER]) -> Okm<192> {
        let [dh2, dh3, ss1, ss2] = self.parts();
        let secrets = [&[0xff; 32][..], self.dh1.expose(), dh2, dh3, ss1, ss2];
        let names: [&[u8]; 4] =
            [ALICE.record.core().hash(), &ALICE.device.id.0, BOB.record.core().hash(), &BOB.device.id.0];
        kdf(&self.transcript(inner), &secrets, KdfLabel::SESSION, &names)
    }

    /// INIT 0 around these contents, signed by Alice's device as far as it signs anything.
    pub(crate) fn init(&self, inner: &[u8; INNER], body: &[u8; BODY]) -> Vec<u8> {
        let signed = [&self.ek[..], &inner[120..1_724]].concat();
        let signature = ALICE.device.signing.sign_with(SUITE, HybridLabel::INIT, &signed, &[0; 32]);
        let text = [&inner[..], &signature.to_bytes()].concat();
        let key = kdf::<{ OneUse::SIZE }>(&self.first, &self.parts(), KdfLabel::SEAL, &[]);
        let sealed = key.one_use::<0>().seal(&self.prefix, &text);

        let (n, r) = ([0; 2], [7; 16]);
        let chain = ChainKey::from_bytes(self.keys(inner).part::<32, 32>());
        let message = expand::<76>(chain.message_key().expose(), KdfLabel::MESSAGE, &[&[3], &r]);
        let body = message.one_use::<0>().seal(&[&self.transcript(inner)[..], &n].concat(), body);
        [&self.prefix[..], &sealed, &n, &r, &body, &message.part::<44, 32>()].concat()
    }

    /// The first companion around this text.
    pub(crate) fn companion(&self, text: &[u8; COMPANION]) -> Vec<u8> {
        let head = [&[1, 3][..], &self.first[..16], &[0, 2]].concat();
        let key = kdf::<{ OneUse::SIZE }>(&self.first, &self.parts(), KdfLabel::COMPANION, &[&[0]]);
        [&head[..], &key.one_use::<0>().seal(&head, text)].concat()
    }

    /// The key of the headers that Alice sends once Bob has answered.
    pub(crate) fn header_key(&self) -> HeaderKey {
        let inner = self.inner.as_slice().try_into().expect("an inner part");
        HeaderKey::from_bytes(self.keys(inner).part::<96, 32>())
    }
}

/// The INIT in an object that is one.
pub(crate) fn init(object: &[u8]) -> InitObject<'_> {
    assert_eq!(object.len(), BUCKET_L);
    let Ok(Object::Init(object)) = Object::read(object) else { panic!("the stranger sends an INIT") };
    object
}

/// Bob takes an INIT as far as he can, knowing Alice's records.
pub(crate) fn establish(object: &InitObject<'_>) -> Result<(Session, Delivered), Box<dyn std::error::Error>> {
    let mut rng = source(4);
    let mut tools = tools(&mut rng);
    let unsealed = Unsealed::open(object, BOB.leaf(), BOB.local(), &mut tools)?;
    let verified = unsealed.verify(&ALICE.record, &ALICE.certificate, None, &tools)?;
    Ok(verified.establish(&mut tools)?)
}
