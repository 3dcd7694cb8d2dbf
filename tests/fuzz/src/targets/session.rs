//! Objects of a session, the header inside one, and the snapshot of one.

use std::sync::LazyLock;

use pars_crypto::aead::RandomNonce;
use pars_crypto::sealed::{Place, Sealed};
use pars_crypto::secret::StoreKey;
use pars_proto::session::handshake::{Unsealed, init_id, initiate};
use pars_proto::session::{Bucket, Draft, MessageId, Object, Session};
use pars_wire::content::{ContentType, Flags};
use pars_wire::limits::BUCKET_L;

use crate::Outcome;
use crate::caller::{BODY, CALL, INNER, establish, init};
use crate::check::{fixed, same};
use crate::corpus::Seeds;
use crate::people::{ALICE, BOB, SUITE, source, tools};

/// Bytes of a ratchet header before it is sealed.
const HEADER: usize = 3_214;
/// A header's counters stand before type and flags.
const COUNTER: usize = HEADER - 14;

/// Bob has answered the caller of `caller` once: the next step is hers.
static AT_BOB: LazyLock<Session> = LazyLock::new(|| {
    let inner: &[u8; INNER] = CALL.inner.as_slice().try_into().expect("an inner part");
    let object = CALL.init(inner, &fixed::<BODY>(&super::handshake::text_body(b"hello")));
    let (mut session, _) = establish(&init(&object)).expect("an honest call");
    send(&mut session, b"answer", 20);
    session
});

fn send(session: &mut Session, content: &[u8], seed: u64) -> Vec<u8> {
    let draft = Draft {
        id: MessageId([seed as u8; 16]),
        sequence: seed,
        content_type: ContentType::Text,
        flags: Flags::RECEIPT_WANTED,
        content,
    };
    session.send(&draft, &mut tools(&mut source(seed))).expect("a short text")
}

fn store() -> StoreKey {
    StoreKey::from_bytes([7; 32])
}

fn plain(session: &Session) -> Vec<u8> {
    let sealed = session.store(&store(), &mut source(21));
    sealed.open(&store(), Place { table: "session", key: &session.id().0 }).expect("just sealed").to_vec()
}

/// What lies in a mailbox: read by kind, then offered to a session or a handshake. A refused object changes nothing.
pub(crate) fn object(bytes: &[u8]) -> Outcome {
    let object = Object::read(bytes);
    match &object {
        Err(_) => return Outcome::Refused,
        Ok(Object::Ratchet(object)) => {
            assert!(Bucket::of_size(bytes.len()).is_some());
            let (mut session, mut rng) = (AT_BOB.clone(), source(22));
            if session.receive(object, &BOB.contact.mlkem, &mut tools(&mut rng)).is_err() {
                same(&plain(&session), &plain(&AT_BOB));
            }
        }
        Ok(Object::Init(object)) => {
            let position = object.position().to_be_bytes();
            same(&[&bytes[..3], &object.leaf_id()].concat(), &bytes[..11]);
            same(&position, &bytes[9_611..9_613]);
            init_id(object);
            let mut rng = source(23);
            let _ = Unsealed::open(object, BOB.leaf(), BOB.local(), &mut tools(&mut rng));
        }
        Ok(Object::Companion(object)) => {
            same(&[&bytes[..2], &object.reference()[..], &[object.index(), 2]].concat(), &bytes[..20]);
        }
    }
    Outcome::Accepted
}

/// A header from a peer who holds the header key. Nothing but an honest step with an honest body may change the session.
pub(crate) fn header(bytes: &[u8]) -> Outcome {
    let (header, r) = (fixed::<HEADER>(bytes), [9; 16]);
    let head = [&[1, 1][..], &r].concat();
    let sealed = CALL.header_key().seal(RandomNonce::of_object(&r), &head, &header[..]);
    let mut object = [&head[..], &sealed].concat();
    object.resize(BUCKET_L, 3);
    let Ok(Object::Ratchet(object)) = Object::read(&object) else { panic!("an object of a ratchet") };
    let (mut session, mut rng) = (AT_BOB.clone(), source(24));
    let received = session.receive(&object, &BOB.contact.mlkem, &mut tools(&mut rng));
    let error = received.expect_err("a body of filler opened");
    same(&plain(&session), &plain(&AT_BOB));
    Outcome::of(!matches!(error, pars_proto::session::ReceiveError::Malformed(_)))
}

/// The plain text of a stored session.
pub(crate) fn snapshot(bytes: &[u8]) -> Outcome {
    let id = AT_BOB.id();
    let sealed = Sealed::seal(&store(), Place { table: "session", key: &id.0 }, bytes, &mut source(25));
    let restored = Session::restore(&id, &sealed, &store(), SUITE);
    if let Ok(session) = &restored {
        same(&plain(session), bytes);
    }
    Outcome::of(restored.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let mut rng = source(26);
    let mut call = initiate(&ALICE.local(), &BOB.bundle(), &mut tools(&mut rng)).expect("an honest bundle");
    let first = send(&mut call.session, b"hello", 27);
    seeds.add("session-snapshot", "opening", plain(&call.session));
    seeds.add_with(
        "session-object",
        "init",
        &first,
        &[("init-of-the-toy-suite", &|bytes| bytes[2] = 0xf0), ("init-beyond-the-chain", &|bytes| bytes[9_612] = 32)],
    );
    seeds.add_with(
        "session-object",
        "companion",
        &call.companions[1],
        &[("companion-three-of-two", &|bytes| bytes[18] = 2)],
    );
    let (mut at_bob, _) = establish(&init(&first)).expect("an honest call");
    seeds.add("session-snapshot", "answering", plain(&at_bob));
    seeds.add("session-object", "reply", send(&mut at_bob, b"hi", 28));

    // Bob steps, Alice's objects 0 and 1 are late: keys of them are kept.
    let mut late = at_bob;
    let objects = [29, 30, 31].map(|seed| send(&mut call.session, b"late", seed));
    let mut rng = source(32);
    late.receive_init(&init(&objects[2]), &mut tools(&mut rng)).expect("a later object");
    let bytes = plain(&late);
    seeds.add_with(
        "session-snapshot",
        "skipped-keys",
        &bytes,
        &[
            ("skipped-keys-out-of-order", &|bytes| {
                let tail = bytes.len() - 2 * 44;
                bytes[tail..].rotate_left(44);
            }),
            ("one-skipped-key-twice", &|bytes| {
                let tail = bytes.len() - 2 * 44;
                bytes.copy_within(tail..tail + 44, tail + 44);
            }),
        ],
    );

    let header = text_header();
    seeds.add_with(
        "session-header",
        "message",
        &header,
        &[
            ("reply", &|bytes| bytes[HEADER - 4] = 0x80),
            ("unknown-flag", &|bytes| bytes[HEADER - 1] = 0x10),
            ("unknown-type", &|bytes| bytes[HEADER - 5] = 13),
            ("jump-too-far", &|bytes| bytes[COUNTER..COUNTER + 4].fill(0xff)),
            ("previous-chain-too-long", &|bytes| bytes[COUNTER + 4..COUNTER + 8].fill(0xff)),
            ("point-of-low-order", &|bytes| bytes[32..64].fill(0)),
            ("key-not-reduced", &|bytes| bytes[64..67].fill(0xff)),
        ],
    );
}

/// `id16|time8|seq8|X32|ek1568|ct1568|counter4|previous4|type2|flags4`.
fn text_header() -> Vec<u8> {
    let keys = &ALICE.prekeys.leaves[2].prekey;
    let (ct, _) = BOB.leaf().prekey.mlkem().encapsulate(SUITE, &mut source(33));
    let parts: [&[u8]; 6] = [&[5; 16], &[0; 16], &keys.x25519().0, keys.mlkem().as_bytes(), ct.as_bytes(), &[0; 8]];
    [&parts.concat()[..], &[0, 1], &[0; 4]].concat()
}
