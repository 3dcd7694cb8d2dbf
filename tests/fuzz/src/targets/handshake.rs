//! What a stranger seals into a call: the inner part of an INIT, its first message, its companions.

use pars_proto::session::handshake::Unsealed;
use pars_proto::session::{Delivered, Object};
use pars_wire::codec::Writer;

use crate::Outcome;
use crate::caller::{BODY, CALL, COMPANION, INNER, establish, init};
use crate::check::{fixed, same};
use crate::corpus::Seeds;
use crate::people::{ALICE, BOB, source, tools};

fn honest() -> &'static [u8; INNER] {
    CALL.inner.as_slice().try_into().expect("an inner part")
}

/// Names, ratchet keys, hour and mode, signed by the device if they name it.
pub(crate) fn inner(bytes: &[u8]) -> Outcome {
    let inner = fixed::<INNER>(bytes);
    let object = CALL.init(&inner, &fixed(&text_body(b"hello")));
    let (object, mut rng) = (init(&object), source(40));
    let Ok(unsealed) = Unsealed::open(&object, BOB.leaf(), BOB.local(), &mut tools(&mut rng)) else {
        return Outcome::Refused;
    };
    let claims = unsealed.claims();
    let mut named = Writer::default();
    named.bytes(&claims.address.identity.0).u64(claims.record_seq).bytes(&claims.record_hash);
    named.bytes(&claims.address.device.0).bytes(&claims.certificate_hash);
    same(named.as_bytes(), &inner[..120]);
    same(&claims.hour.to_bytes(), &inner[1_720..1_724]);
    let established = establish(&object);
    assert!(established.is_err() || inner[..120] == honest()[..120], "records of somebody else were accepted");
    Outcome::of(established.is_ok())
}

/// The first message: whatever is delivered writes itself as it was read.
pub(crate) fn body(bytes: &[u8]) -> Outcome {
    let text = fixed::<BODY>(bytes);
    let established = establish(&init(&CALL.init(honest(), &text)));
    if let Ok((_, message)) = &established {
        same(&write(message), &text[..]);
    }
    Outcome::of(established.is_ok())
}

fn write(message: &Delivered) -> Vec<u8> {
    let mut out = Writer::with_capacity(BODY);
    out.bytes(&message.id.0).u64(message.timestamp).u64(message.sequence);
    out.u16(message.content_type as u16).u32(message.flags.bits());
    out.lp(&message.content).expect("shorter than an object");
    out.zeros(BODY - out.len());
    out.into_bytes()
}

/// A body with this text and nothing special.
pub(super) fn text_body(text: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    out.bytes(&[6; 16]).u64(1_728_000_000).u64(1).u16(1).u32(1).lp(text).expect("a short text");
    out.into_bytes()
}

/// A record in a companion: `lp(record)|zeros`.
pub(crate) fn companion(bytes: &[u8]) -> Outcome {
    let text = fixed::<COMPANION>(bytes);
    let call = CALL.init(honest(), &fixed(&text_body(b"hello")));
    let (object, mut rng) = (init(&call), source(41));
    let unsealed = Unsealed::open(&object, BOB.leaf(), BOB.local(), &mut tools(&mut rng)).expect("an honest call");
    let companion = CALL.companion(&text);
    let Ok(Object::Companion(companion)) = Object::read(&companion) else { panic!("a companion") };
    let record = unsealed.open_companion(&companion);
    if let Ok(record) = &record {
        let mut out = Writer::with_capacity(COMPANION);
        out.lp(record).expect("shorter than an object");
        out.zeros(COMPANION - out.len());
        same(out.as_bytes(), &text[..]);
    }
    Outcome::of(record.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    seeds.add_with(
        "session-init-inner",
        "honest",
        honest(),
        &[
            ("mode-2", &|bytes| bytes[1_724] = 2),
            ("mode-3", &|bytes| bytes[1_724] = 3),
            ("hour-at-the-end-of-time", &|bytes| bytes[1_720..1_724].fill(0xff)),
            ("ratchet-key-of-low-order", &|bytes| bytes[120..152].fill(0)),
            ("ratchet-key-not-reduced", &|bytes| bytes[152..155].fill(0xff)),
            ("other-record", &|bytes| bytes[40] ^= 1),
        ],
    );
    let reflected = [&BOB.record.id().0[..], &honest()[32..72], &BOB.device.id.0, &honest()[88..]].concat();
    seeds.add("session-init-inner", "reflection", reflected);
    let text = text_body(b"hello");
    seeds.add_with(
        "session-init-body",
        "text",
        &text,
        &[
            ("unknown-type", &|bytes| bytes[33] = 13),
            ("unknown-flag", &|bytes| bytes[37] = 0x20),
            ("signed", &|bytes| bytes[37] = 8),
            ("reply-flag", &|bytes| bytes[34] = 0x80),
            ("content-beyond-the-end", &|bytes| bytes[38..40].fill(0xff)),
            ("padding-that-is-not-zero", &|bytes| bytes.extend([0, 0, 1])),
        ],
    );
    let mut record = Writer::default();
    record.lp(&ALICE.certificate.encode()).expect("a certificate");
    seeds.add_with(
        "session-companion",
        "certificate",
        record.as_bytes(),
        &[
            ("record-beyond-the-end", &|bytes| bytes[..2].fill(0xff)),
            ("padding-that-is-not-zero", &|bytes| bytes[0] -= 1),
        ],
    );
}
