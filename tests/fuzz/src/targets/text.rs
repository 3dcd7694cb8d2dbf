//! Identifiers, links and words as people type them.

use pars_identity::IdentityId;
use pars_identity::link::Link;
use pars_identity::seed::{from_words, to_words};
use pars_wire::{Kind, RoomId};

use crate::Outcome;
use crate::check::same;
use crate::corpus::Seeds;
use crate::people::ALICE;

fn utf8(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// An id of the chain: prints as it was read, but in lower case.
pub(crate) fn chain_id(bytes: &[u8]) -> Outcome {
    let text = utf8(bytes);
    let id = text.parse::<RoomId>();
    if let Ok(id) = &id {
        same(id.to_string().as_bytes(), text.to_ascii_lowercase().as_bytes());
        assert_eq!(id.to_string().parse(), Ok(*id));
    }
    Outcome::of(id.is_ok())
}

/// `05…` in lower, upper or checksum case.
pub(crate) fn identity_id(bytes: &[u8]) -> Outcome {
    let text = utf8(bytes);
    let id = text.parse::<IdentityId>();
    if let Ok(id) = &id {
        same(id.to_string().as_bytes(), text.to_ascii_lowercase().as_bytes());
        assert_eq!(id.to_checksum_case().parse(), Ok(*id));
    }
    Outcome::of(id.is_ok())
}

/// `pars://session/05…?b=…`.
pub(crate) fn link(bytes: &[u8]) -> Outcome {
    let text = utf8(bytes);
    let link = text.parse::<Link>();
    if let Ok(link) = &link {
        same(link.to_string().as_bytes(), text.to_ascii_lowercase().as_bytes());
        assert!(link.to_ndef().is_ok());
    }
    Outcome::of(link.is_ok())
}

/// 24 words: print as they were read, but in lower case and with single spaces.
pub(crate) fn words(bytes: &[u8]) -> Outcome {
    let text = utf8(bytes);
    let entropy = from_words(&text);
    if let Ok(entropy) = &entropy {
        let plain = text.to_ascii_lowercase();
        let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        same(to_words(entropy).as_bytes(), plain.as_bytes());
    }
    Outcome::of(entropy.is_ok())
}

/// The name of a room's kind.
pub(crate) fn room_kind(bytes: &[u8]) -> Outcome {
    let text = utf8(bytes);
    let kind = text.parse::<Kind>();
    if let Ok(kind) = &kind {
        same(kind.name().as_bytes(), text.as_bytes());
        assert_eq!(Kind::try_from(u8::from(*kind)).as_ref(), Ok(kind));
    }
    Outcome::of(kind.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let id = format!("0x{}", "5a".repeat(32));
    seeds.add("text-chain-id", "lower-case", &id);
    seeds.add("text-chain-id", "upper-case", format!("0x{}", "5A".repeat(32)));
    seeds.add("text-chain-id", "upper-case-prefix", format!("0X{}", "5a".repeat(32)));
    seeds.add("text-chain-id", "64-characters-of-two-bytes", format!("0x{}", "é".repeat(64)));

    let id = ALICE.keys.id();
    seeds.add("text-identity-id", "lower-case", id.to_string());
    seeds.add("text-identity-id", "upper-case", id.to_string().to_ascii_uppercase());
    seeds.add("text-identity-id", "checksum-case", id.to_checksum_case());
    seeds.add("text-identity-id", "look-alike", id.to_string().replacen('0', "о", 2));
    seeds.add("text-identity-id", "wide-digits", id.to_string().replace('5', "５"));

    let link = Link::to(ALICE.keys.core());
    seeds.add("text-link", "with-check", link.to_string());
    seeds.add("text-link", "without-check", Link { check: None, ..link }.to_string());
    seeds.add("text-link", "check-with-sign", link.to_string().replace("?b=", "?b=+"));
    seeds.add("text-link", "two-checks", format!("{link}?b=00"));

    let words = to_words(&pars_crypto::secret::Entropy::from_bytes([0x5a; 32]));
    seeds.add("text-words", "24-words", words.as_str());
    seeds.add("text-words", "upper-case-and-tabs", words.to_uppercase().replace(' ', "\t \n"));
    seeds.add("text-words", "no-break-spaces", words.replace(' ', "\u{a0}"));
    seeds.add("text-words", "two-swapped", {
        let mut list: Vec<_> = words.split(' ').collect();
        list.swap(3, 4);
        list.join(" ")
    });

    for kind in [Kind::TownHall, Kind::Committee, Kind::OpenForum] {
        seeds.add("text-room-kind", kind.name(), kind.name());
    }
    seeds.add("text-room-kind", "lower-case", "townhall");
    seeds.add("text-room-kind", "number", "0");
}
