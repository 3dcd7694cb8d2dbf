//! Whatever is read from bytes that somebody else made has a fuzz target: every type with `Wire` or a public `decode` stands in
//! [`DECODERS`] with the target that reaches it, so a new decoder without one fails here.

use pars_house::{check_reference, files, read, root, shipped};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// A source, the types that it reads, and where these are damaged: a target of `tests/fuzz`, a test beside a decoder that its
/// crate keeps to itself (`path#name`), or why none is needed. A part of a layout has the target of the whole.
const DECODERS: &[(&str, &str, &str)] = &[
    ("circuits/src/envelope.rs", "Envelope", "circuits-envelope"),
    ("contracts/bindings/src/consent.rs", "ConsentCall", "bindings-consent"),
    ("contracts/bindings/src/safe_owners.rs", "decode", "bindings-owner-event"),
    ("node/blocks/src/node.rs", "Node", "blocks-node"),
    ("node/blocks/src/unixfs.rs", "Unixfs", "blocks-file"),
    ("node/chain/src/transaction.rs", "Transaction", "of the development chain alone, read by alloy"),
    ("node/engine/src/room/packet.rs", "Frame Packet", PACKETS),
    ("node/engine/src/store.rs", "Rows", "engine-snapshot"),
    ("node/identity/src/core.rs", "IdentityCore", "identity-core"),
    ("node/identity/src/pin.rs", "Pin", "identity-pin"),
    ("node/identity/src/prekey/leaf.rs", "LeafWithPath", "identity-leaf"),
    ("node/identity/src/prekey/leaf.rs", "Prekey", "identity-prekey"),
    ("node/identity/src/prekey/upload.rs", "LeafUpload", "identity-upload"),
    ("node/identity/src/trigger.rs", "TriggerKey", "identity-trigger"),
    ("node/proto/src/action/content.rs", "ActionContent", "action-content"),
    ("node/proto/src/action/receipt.rs", "ActionReceipt", "action-receipt"),
    ("node/proto/src/onion/descriptor.rs", "Body Descriptor", "onion-descriptor"),
    ("node/proto/src/onion/packet.rs", "Packet", "onion-packet"),
    ("node/proto/src/onion/surb.rs", "Surb", "onion-surb"),
    ("node/proto/src/room/about.rs", "AgendaItem Description", "room-metadata"),
    ("node/proto/src/room/body.rs", "Body", "room-message"),
    ("node/proto/src/room/connection.rs", "Connection SignedConnection", "room-connection"),
    ("node/proto/src/room/epoch.rs", "EpochRecord SignedRecord", "room-record"),
    ("node/proto/src/room/grant.rs", "Grant SignedGrant", "room-grant"),
    ("node/proto/src/room/line.rs", "Line", "room-metadata"),
    ("node/proto/src/room/message.rs", "SignedMessage", "room-message"),
    ("node/proto/src/room/metadata.rs", "HostEntry Metadata SfuEntry", "room-metadata"),
    ("node/proto/src/room/order.rs", "Order", "room-message"),
    ("node/proto/src/room/recording/dummies.rs", "Dummies", "room-notice"),
    ("node/proto/src/room/recording/notice.rs", "Notice SealedNotice", "room-notice"),
    ("node/proto/src/room/recording/policy.rs", "Terms", "room-notice"),
    ("node/proto/src/room/recording/span.rs", "Recording", "room-notice"),
    ("node/proto/src/room/recording/wraps.rs", "Wraps", "room-wraps"),
    ("node/proto/src/room/roster.rs", "Roster RosterEntry", "room-roster"),
    ("node/proto/src/room/scope.rs", "Scope", "room-grant"),
    ("node/proto/src/room/statement.rs", "Statement", "room-statement"),
    ("node/proto/src/signal/envelope.rs", "Envelope", "signal-envelope"),
    ("node/proto/src/swarm/auth.rs", "Auth", "swarm-auth"),
    ("node/proto/src/swarm/command.rs", "Received", "swarm-command"),
    ("node/proto/src/swarm/directory.rs", "What", "swarm-what"),
    ("node/proto/src/swarm/frame.rs", "Frame", "swarm-frame"),
    ("node/proto/src/swarm/receipt.rs", "Receipt", "swarm-receipt"),
    ("node/proto/src/swarm/reply.rs", "Reply", "swarm-reply"),
    ("node/recorder/src/manifest.rs", "Manifest", "recorder-manifest"),
];

/// Control packets of rooms are their engine's own.
const PACKETS: &str =
    "node/engine/src/room/packet/tests.rs#damaged_packets_and_frames_are_read_as_they_stand_or_refused";

/// The type behind `impl … for`, or behind `impl` alone, without parameters; and the trait, if it is one's.
fn implemented(line: &str) -> Option<(Option<&str>, &str)> {
    let rest = line.strip_prefix("impl")?;
    let rest = rest.strip_prefix('<').map_or(rest, |rest| rest.split_once('>').map_or("", |(_, rest)| rest)).trim();
    let (of, name) = rest.split_once(" for ").map_or((None, rest), |(of, name)| (Some(of), name));
    Some((of, name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()))
}

/// Types with `Wire` or a public `decode` in this source; a function of its own stands by its name.
fn decoders(source: &str) -> BTreeSet<String> {
    let (mut found, mut of) = (BTreeSet::new(), "");
    for line in shipped(source).lines() {
        if let Some((implements, name)) = implemented(line) {
            of = name;
            if implements == Some("Wire") {
                found.insert(of.to_owned());
            }
        } else if line.starts_with("pub fn decode(") {
            found.insert("decode".to_owned());
        } else if line.trim_start().starts_with("pub fn decode(") {
            found.insert(of.to_owned());
        }
    }
    found
}

#[test]
fn every_decoder_has_a_fuzz_target() {
    let mut listed = BTreeMap::<_, BTreeSet<String>>::new();
    for (path, types, _) in DECODERS {
        listed.entry((*path).to_owned()).or_default().extend(types.split(' ').map(str::to_owned));
    }
    let mut found = BTreeMap::new();
    for folder in ["node", "contracts/bindings", "circuits", "indexer", "sfu"] {
        for file in files(folder, &[".rs"]) {
            let path = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            let types = decoders(&fs::read_to_string(&file).expect("a source is readable"));
            if path.contains("/src/") && !types.is_empty() {
                found.insert(path, types);
            }
        }
    }
    assert_eq!(found, listed, "left: what the sources decode, right: what DECODERS lists");
}

#[test]
fn every_target_that_a_decoder_names_is_there() {
    let targets = read("tests/fuzz/src/targets.rs");
    for (path, types, at) in DECODERS {
        if at.contains('#') {
            check_reference(at);
        } else if !at.contains(' ') {
            assert!(targets.contains(&format!("(\"{at}\", ")), "{path}, {types}: no target {at}");
        }
    }
}

#[test]
fn a_decoder_is_seen_in_every_form_that_sources_write() {
    let source = "impl Wire for One {\n}\nimpl<const MAX: usize> Wire for Two<MAX> {\n}\nimpl<'a> Three<'a> {\n    \
                  pub fn decode(bytes: &[u8]) {}\n    pub fn decoder() {}\n}\nimpl Four {\n    fn decode() {}\n}\n\
                  pub fn decode(log: &Log) {}\n// impl Wire for Five {\n";
    assert_eq!(decoders(source).into_iter().collect::<Vec<_>>(), ["One", "Three", "Two", "decode"]);
}
