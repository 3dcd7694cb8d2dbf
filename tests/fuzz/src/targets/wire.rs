//! The codec's readers and the two registries of `pars-wire`.

use pars_wire::codec::{Reader, Writer};
use pars_wire::content::{ContentType, Flags};

use crate::Outcome;
use crate::check::{fixed, same};
use crate::corpus::Seeds;

/// A program over the readers: `count1 | count × op1 | data`. What was read is written again and must be what stood there;
/// what was refused must leave the reader where it was.
pub(crate) fn reader(bytes: &[u8]) -> Outcome {
    let mut program = Reader::new(bytes);
    let Ok(ops) = program.u8("count").and_then(|count| program.take(count.into(), "program")) else {
        return Outcome::Refused;
    };
    let data = program.rest();
    let (mut from, mut out) = (Reader::new(data), Writer::default());
    for op in ops {
        let before = from.clone();
        if step(*op, &mut from, &mut out).is_none() {
            from = before;
            break;
        }
    }
    let (read, left) = data.split_at(data.len() - from.remaining());
    same(out.as_bytes(), read);
    same(from.clone().rest(), left);
    Outcome::of(from.finish().is_ok())
}

fn step(op: u8, from: &mut Reader<'_>, out: &mut Writer) -> Option<()> {
    match op % 12 {
        0 => out.u8(from.u8("byte").ok()?),
        1 => out.u16(from.u16("two").ok()?),
        2 => out.u32(from.u32("four").ok()?),
        3 => out.u64(from.u64("eight").ok()?),
        4 => out.lp(from.lp("field").ok()?).ok()?,
        5 => out.bytes(&from.array::<16>("sixteen").ok()?),
        6 => out.bytes(from.take(usize::from(op), "some").ok()?),
        7 => {
            from.zeros(usize::from(op / 12), "zeros").ok()?;
            out.zeros(usize::from(op / 12))
        }
        8 => {
            from.magic(b"PSIC", "magic").ok()?;
            out.bytes(b"PSIC")
        }
        9 => out.day(from.day("day").ok()?),
        10 => out.hour(from.hour("hour").ok()?),
        _ => out.minute(from.minute("minute").ok()?),
    };
    Some(())
}

/// Two bytes.
pub(crate) fn content_type(bytes: &[u8]) -> Outcome {
    let kind = ContentType::try_from(u16::from_be_bytes(*fixed(bytes)));
    if let Ok(kind) = kind {
        same(&(kind as u16).to_be_bytes(), &fixed::<2>(bytes)[..]);
    }
    Outcome::of(kind.is_ok())
}

/// Four bytes.
pub(crate) fn flags(bytes: &[u8]) -> Outcome {
    let flags = Flags::try_from(u32::from_be_bytes(*fixed(bytes)));
    if let Ok(flags) = flags {
        same(&flags.bits().to_be_bytes(), &fixed::<4>(bytes)[..]);
    }
    Outcome::of(flags.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let ops = [12, 0, 1, 2, 3, 4, 5, 6, 43, 8, 9, 10, 11];
    let data = [
        &[1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 7, 8, 9][..],
        &[5; 16],
        &[6; 6],
        &[0; 3],
        b"PSIC",
        &[9; 12],
    ];
    let program = [&ops[..], &data.concat()].concat();
    seeds.add_with(
        "wire-reader",
        "every-reader",
        &program,
        &[
            ("length-beyond-the-end", &|bytes| bytes[13 + 15] = 0xff),
            ("zeros-that-are-not", &|bytes| bytes[13 + 44] = 1),
            ("nothing-behind-the-program", &|bytes| bytes.truncate(13)),
        ],
    );
    for (name, value) in [("text", 1u16), ("device", 12), ("past-the-last", 13), ("zero", 0)] {
        seeds.add("wire-content-type", name, value.to_be_bytes());
    }
    for (name, value) in [("none", 0u32), ("all-known", 0x8000_000f), ("unknown-bit", 0x10)] {
        seeds.add("wire-flags", name, value.to_be_bytes());
    }
}
