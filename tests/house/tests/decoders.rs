//! Whatever is read from bytes that somebody else made has a fuzz target: every type with `Wire`, every public function that
//! reads bytes or text by its name ([`READS`]), and every trait of the standard library and serde that does, stands in
//! [`DECODERS`] with the target that reaches it, and every file that calls a parser of another crate in [`PARSERS`]. So a new
//! decoder without one fails here.

use pars_house::{check_reference, files, read, root, shipped};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// A source, what it reads (a type with its `decode`, or the function), and where this is damaged: a target of `tests/fuzz`, a
/// test beside a decoder that its crate keeps to itself (`path#name`), or why none is needed. A part of a layout has the target
/// of the whole.
const DECODERS: &[(&str, &str, &str)] = &[
    ("circuits/src/envelope.rs", "Envelope", "circuits-envelope"),
    ("circuits/src/key/mod.rs", "ProvingKey::from_bytes", "circuits-proving-key-header"),
    ("circuits/src/key/mod.rs", "VerifyingKey::from_bytes", "circuits-verifying-key"),
    ("circuits/src/secret.rs", "Secret::from_bytes", "circuits-secret"),
    ("circuits/src/secret.rs", "Secret::from_entropy", "takes random bytes of its own"),
    ("contracts/bindings/src/action.rs", "facts", "bindings-action"),
    ("contracts/bindings/src/consent.rs", "ConsentCall", "bindings-consent"),
    ("contracts/bindings/src/revert.rs", "decode_revert", "bindings-revert"),
    ("contracts/bindings/src/safe_owners.rs", "decode", "bindings-owner-event"),
    ("indexer/core/src/rows.rs", "Row::from_cells", "reads rows of its own database"),
    ("node/blobs/src/store.rs", "read_file", "blocks-file"),
    ("node/blocks/src/block.rs", "Block::verified", "blocks-car"),
    ("node/blocks/src/build.rs", "FileBuilder::push", "makes blocks of any bytes"),
    ("node/blocks/src/car.rs", "CarReader::push", "blocks-car"),
    ("node/blocks/src/cid.rs", "Cid::from_bytes Cid::from_str Cid::try_from", "blocks-cid"),
    ("node/blocks/src/node.rs", "Node", "blocks-node"),
    ("node/blocks/src/unixfs.rs", "Unixfs", "blocks-file"),
    ("node/blocks/src/walk.rs", "Walk::supply", "blocks-file"),
    ("node/chain/src/precompile.rs", "MlDsaSet::verify", ML_DSA),
    (
        "node/chain/src/transaction.rs",
        "Transaction Transaction::decode_impersonated",
        "of the development chain alone, read by alloy",
    ),
    ("node/cli/src/decimal.rs", "Decimal::from_str", "node/cli/src/decimal.rs#anything_else_is_refused"),
    ("node/crypto/src/aead.rs", "HeaderKey::open", "session-object"),
    ("node/crypto/src/aead.rs", "OneUse::open OneUse::open_in_place", "room-join"),
    ("node/crypto/src/aead.rs", "OpeningCounter::open", "signal-frame"),
    ("node/crypto/src/frame.rs", "FrameKey::open", "media-frame"),
    ("node/crypto/src/hkem.rs", "$public::from_bytes", "crypto-xw768"),
    ("node/crypto/src/kem.rs", "$public::from_bytes", "crypto-kem768"),
    ("node/crypto/src/merkle.rs", "verify", "identity-leaf"),
    ("node/crypto/src/sealed.rs", "Sealed::deserialize", "crypto-sealed"),
    ("node/crypto/src/sign.rs", "Ed25519Public::from_bytes Ed25519Public::verify", "crypto-ed25519-public"),
    ("node/crypto/src/sign.rs", "HybridPublic::from_parts", "crypto-hybrid-public"),
    ("node/crypto/src/sign.rs", "HybridPublic::verify", "crypto-hybrid-signature"),
    ("node/crypto/src/trigger.rs", "TriggerPublic::verify", ACTIONS),
    ("node/daemon/src/net/discovery/wire.rs", "Bytes::deserialize", DISCOVERY),
    ("node/daemon/src/room/mod.rs", "Rooms::open", "room-message"),
    ("node/engine/src/room/member/messages.rs", "Member::open", "room-message"),
    ("node/engine/src/room/packet.rs", "Frame Packet", PACKETS),
    ("node/engine/src/store.rs", "Rows", "engine-snapshot"),
    ("node/identity/src/core.rs", "IdentityCore", "identity-core"),
    ("node/identity/src/device.rs", "DeviceCertificate::verify", "identity-device"),
    ("node/identity/src/id.rs", "IdentityId::from_str", "text-identity-id"),
    ("node/identity/src/link.rs", "Link::from_str", "text-link"),
    ("node/identity/src/pin.rs", "Pin", "identity-pin"),
    ("node/identity/src/prekey.rs", "PrekeyBatch::verify", "identity-batch"),
    ("node/identity/src/prekey/leaf.rs", "LeafWithPath", "identity-leaf"),
    ("node/identity/src/prekey/leaf.rs", "Prekey", "identity-prekey"),
    ("node/identity/src/prekey/upload.rs", "LeafUpload", "identity-upload"),
    ("node/identity/src/record.rs", "IdentityRecord::verify", "identity-record"),
    ("node/identity/src/revocation.rs", "Revocation::verify", "identity-revocation"),
    ("node/identity/src/revocation.rs", "Successor::verify", "identity-successor"),
    ("node/identity/src/seed.rs", "from_words", "text-words"),
    (
        "node/identity/src/stored.rs",
        "ContactKeys::from_stored DeviceKeys::from_stored LeafSecret::from_stored",
        "identity-stored",
    ),
    ("node/identity/src/trigger.rs", "TriggerCertificate::verify TriggerKey", "identity-trigger"),
    ("node/proto/src/action/content.rs", "ActionContent", "action-content"),
    ("node/proto/src/action/policy.rs", "Admitted::verify", ACTIONS),
    ("node/proto/src/action/receipt.rs", "ActionReceipt", "action-receipt"),
    ("node/proto/src/onion/descriptor.rs", "Body Descriptor Descriptor::verify", "onion-descriptor"),
    ("node/proto/src/onion/packet.rs", "Packet", "onion-packet"),
    ("node/proto/src/onion/surb.rs", "Surb", "onion-surb"),
    ("node/proto/src/onion/surb.rs", "SurbSecret::open", "onion-reply"),
    ("node/proto/src/room/about.rs", "AgendaItem Description", "room-metadata"),
    ("node/proto/src/room/body.rs", "Body", "room-message"),
    ("node/proto/src/room/connection.rs", "Connection SignedConnection", "room-connection"),
    ("node/proto/src/room/epoch.rs", "EpochRecord SignedRecord", "room-record"),
    ("node/proto/src/room/grant.rs", "Grant SignedGrant", "room-grant"),
    ("node/proto/src/room/join.rs", "AwaitingReply::open", "room-reply"),
    ("node/proto/src/room/join.rs", "HostGate::open", "room-join"),
    ("node/proto/src/room/keys.rs", "WrapKey::unwrap", WRAPS),
    ("node/proto/src/room/line.rs", "Line", "room-metadata"),
    ("node/proto/src/room/message.rs", "SignedMessage", "room-message"),
    ("node/proto/src/room/metadata.rs", "HostEntry Metadata Metadata::open SfuEntry", "room-metadata"),
    ("node/proto/src/room/order.rs", "Order", "room-message"),
    ("node/proto/src/room/recording/consent.rs", "ConsentKey::from_scalar", "takes the own key out of its file"),
    ("node/proto/src/room/recording/dummies.rs", "Dummies", "room-notice"),
    ("node/proto/src/room/recording/notice.rs", "Notice SealedNotice", "room-notice"),
    ("node/proto/src/room/recording/policy.rs", "Terms", "room-notice"),
    ("node/proto/src/room/recording/span.rs", "Recording", "room-notice"),
    ("node/proto/src/room/recording/wraps.rs", "Wraps", "room-wraps"),
    ("node/proto/src/room/roster.rs", "Roster RosterEntry", "room-roster"),
    ("node/proto/src/room/scope.rs", "Scope", "room-grant"),
    ("node/proto/src/room/statement.rs", "Statement", "room-statement"),
    ("node/proto/src/session/layout.rs", "Object::read", "session-object"),
    ("node/proto/src/session/pair.rs", "Superseded::from_bytes", "engine-row"),
    ("node/proto/src/signal/envelope.rs", "Envelope", "signal-envelope"),
    ("node/proto/src/signal/pair.rs", "Pair::open", "signal-frame"),
    ("node/proto/src/swarm/auth.rs", "Auth", "swarm-auth"),
    ("node/proto/src/swarm/client.rs", "Client::open", "engine-store-row"),
    ("node/proto/src/swarm/command.rs", "Received", "swarm-command"),
    ("node/proto/src/swarm/directory.rs", "What", "swarm-what"),
    ("node/proto/src/swarm/frame.rs", "Frame", "swarm-frame"),
    ("node/proto/src/swarm/receipt.rs", "Receipt", "swarm-receipt"),
    ("node/proto/src/swarm/reply.rs", "Reply", "swarm-reply"),
    ("node/proto/src/swarm/store.rs", "Store::open", "engine-store-row"),
    ("node/recorder/src/manifest.rs", "Manifest", "recorder-manifest"),
    ("node/recorder/src/seal.rs", "Opener::push", SEALED),
    ("node/recorder/src/seal.rs", "Sealer::push", "seals any bytes"),
    ("node/recorder/src/store.rs", "Name::parse", "node/recorder/src/store.rs#a_name_is_read_in_its_one_form"),
    ("node/recorder/src/webm/about.rs", "about", "recorder-webm"),
    ("node/recorder/src/wraps.rs", "unwrap", "room-wraps"),
    ("node/rpc/src/envelope.rs", "Version::deserialize read", "rpc-body"),
    ("node/rpc/src/id.rs", "HexBytes::deserialize HexBytes::from_str", "rpc-id"),
    ("node/rpc/src/room.rs", "Prefixed::deserialize Prefixed::from_str", "rpc-prefixed"),
    ("node/rpc/src/secret.rs", "Secret::deserialize", "rpc-call"),
    ("node/wire/src/id.rs", "$name::from_str $name::try_from", "text-chain-id"),
    ("node/wire/src/kind.rs", "Kind::from_str", "text-room-kind"),
    ("sfu/core/src/peer.rs", "Channel::from_label", "compares with a list of names"),
    ("sfu/core/src/rights.rs", "Source::from_name", "compares with a list of names"),
    ("sfu/core/src/sdp.rs", "read", SDP),
    ("sfu/core/src/table.rs", "Codec::from_name", "compares with a list of names"),
    ("sfu/src/token.rs", "verify", TOKENS),
];

/// A source that calls a parser of another crate (JSON, TOML, CBOR, protobuf, ABI), and where what it reads is damaged, or why
/// nowhere.
const PARSERS: &[(&str, &str)] = &[
    ("contracts/bindings/src/action.rs", "bindings-action"),
    ("contracts/bindings/src/deployment/artifact.rs", OURS),
    ("contracts/bindings/src/revert.rs", "bindings-revert"),
    ("contracts/bindings/src/safe_owners.rs", "bindings-owner-event"),
    ("indexer/core/src/reduce/mod.rs", "bindings-event"),
    ("indexer/core/src/reduce/rooms.rs", "bindings-event"),
    ("indexer/src/bin/indexer.rs", "bindings-deployment"),
    ("indexer/src/store/read.rs", OWN),
    ("node/blobs/src/kubo.rs", KUBO),
    ("node/cli/src/chain.rs", NODE),
    ("node/cli/src/chain/send.rs", "bindings-event"),
    ("node/cli/src/commands/trigger/send.rs", "bindings-action"),
    ("node/cli/src/daemon.rs", "rpc-response"),
    ("node/cli/src/daemon/events.rs", "rpc-event"),
    ("node/cli/src/files/public.rs", "circuits-proof-file"),
    ("node/cli/src/indexer.rs", "answers of the indexer that the user runs"),
    ("node/daemon/src/chain/scan.rs", "bindings-event"),
    ("node/daemon/src/chain/transact.rs", NODE),
    ("node/daemon/src/config.rs", SETTINGS),
    ("node/daemon/src/executor/allow.rs", ALLOWED),
    ("node/daemon/src/executor/chain.rs", NODE),
    ("node/daemon/src/executor/journal.rs", JOURNAL),
    ("node/daemon/src/executor/settle.rs", "bindings-event"),
    ("node/daemon/src/executor/simulate.rs", "bindings-event"),
    ("node/daemon/src/net/discovery/swarm.rs", DISCOVERY),
    ("node/daemon/src/page.rs", OURS),
    ("node/daemon/src/recordings/vault.rs", OWN),
    ("node/daemon/src/room/dev.rs", "what it wrote a moment before"),
    ("node/daemon/src/room/facts.rs", NODE),
    ("node/daemon/src/room/host/sfu.rs", "answers of the host's own media server"),
    ("node/daemon/src/room/rtc.rs", "any JSON will do: one name in it chooses a sentence"),
    ("node/devnet/src/journal.rs", DEV),
    ("node/devnet/src/rpc/cheats.rs", DEV),
    ("node/devnet/src/rpc/params.rs", DEV),
    ("node/devnet/src/server.rs", DEV),
    ("node/devnet/src/socket.rs", DEV),
    ("node/devnet/src/transport.rs", DEV),
    ("node/recorder/src/import.rs", OWN),
    ("node/recorder/src/live/signal.rs", PROST),
    ("node/recorder/src/manifest.rs", "recorder-manifest"),
    ("node/recorder/src/play.rs", "recorder-timeline"),
    ("node/rpc/src/envelope.rs", "rpc-body"),
    ("sfu/core/src/data.rs", PROST),
    ("sfu/src/config.rs", OWN),
    ("sfu/src/http/join_request.rs", PROST),
    ("sfu/src/http/socket.rs", PROST),
    ("sfu/src/twirp.rs", "requests of whoever holds a host's token"),
];

/// Control packets of rooms are their engine's own.
const PACKETS: &str =
    "node/engine/src/room/packet/tests.rs#damaged_packets_and_frames_are_read_as_they_stand_or_refused";
/// Requests and answers of discovery, in CBOR, are the daemon's own.
const DISCOVERY: &str =
    "node/daemon/src/net/discovery/wire/tests.rs#damaged_requests_and_responses_are_read_or_refused_and_nothing_else";
/// Signatures of triggered actions have one size, and are checked over the whole message.
const ACTIONS: &str =
    "node/proto/tests/action/steps.rs#one_flipped_bit_of_signature_action_or_domain_is_refused_before_any_simulation";
/// Wraps of an epoch's secret have one size.
const WRAPS: &str =
    "node/proto/tests/room/epochs.rs#a_wrap_opens_for_its_pair_and_its_epoch_and_holds_the_records_secret";
/// Sealed files of a recording.
const SEALED: &str =
    "node/recorder/src/seal.rs#a_file_cut_at_any_byte_is_refused_as_whole_and_gives_a_beginning_as_torn";
/// Input of the precompile.
const ML_DSA: &str = "node/chain/src/precompile.rs#wrong_lengths_and_other_parameter_sets_are_false";
/// Descriptions that a client of the media server offers.
const SDP: &str = "sfu/core/src/sdp.rs#a_damaged_description_is_refused_or_reads_again_as_it_was_written";
/// Tokens that a client of the media server shows.
const TOKENS: &str = "sfu/tests/tokens.rs#no_character_of_a_token_can_be_changed_left_out_or_added";
/// Answers of Kubo's RPC.
const KUBO: &str =
    "node/blobs/tests/blobs/kubo.rs#sizes_are_numbers_or_strings_and_what_is_missing_is_said_as_kubo_says_it";
/// The settings file.
const SETTINGS: &str = "node/daemon/src/args.rs#damaged_settings_are_read_or_refused_and_nothing_else";
/// The executor's list.
const ALLOWED: &str = "node/daemon/src/executor/allow.rs#a_damaged_list_is_read_or_refused_and_nothing_else";
/// The executor's journal.
const JOURNAL: &str = "node/daemon/src/executor/journal/tests.rs#a_damaged_row_is_read_or_refused_and_nothing_else";
/// Why there is no target: the own node is trusted with its answers, and alloy reads them.
const NODE: &str = "words of a view function, from the own chain's node by alloy";
/// Why there is none: nobody else writes them.
const OURS: &str = "files of this repository";
/// Why there is none: nobody else wrote it.
const OWN: &str = "what the same program wrote and keeps to itself";
/// Why there is none: no stranger reaches it, and it holds nothing of worth.
const DEV: &str = "of the development chain alone";
/// Why there is none: the layouts are another project's.
const PROST: &str = "LiveKit's messages, read by prost; what is done with them is tried by the tests of sfu";

/// How the names of functions begin that read.
const READS: [&str; 11] =
    ["about", "decode", "facts", "from_", "open", "parse", "push", "read", "supply", "unwrap", "verif"];
/// What the parameters of such a function hold.
const BYTES: [&str; 5] = ["[u8", "&str", "Vec<u8>", "impl Read", "(impl Read"];
/// How calls of other crates' parsers are written.
const CALLS: [&str; 6] =
    ["serde_json::from_", "toml::from_", "cbor::Behaviour::", "::abi_decode", "::decode_log", "::decode_raw_log"];
/// Where decoders are looked for.
const FOLDERS: [&str; 5] = ["node", "contracts/bindings", "circuits", "indexer", "sfu"];

/// The type behind `impl … for`, or behind `impl` alone, without parameters; and the trait, if it is one's.
fn implemented(line: &str) -> Option<(Option<&str>, &str)> {
    let rest = line.trim_start().strip_prefix("impl").filter(|rest| rest.starts_with([' ', '<']))?;
    let rest = rest.strip_prefix('<').map_or(rest, |rest| rest.split_once('>').map_or("", |(_, rest)| rest)).trim();
    let (of, name) = rest.split_once(" for ").map_or((None, rest), |(of, name)| (Some(of), name));
    let end = |c: char| !c.is_alphanumeric() && c != '_' && c != '$';
    Some((of, name.split(end).next().unwrap_or_default()))
}

/// What a trait's reading is called, if it reads.
fn reads(implements: &str, of: &str) -> Option<String> {
    let name = implements.split('<').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
    let of_bytes = ["u8]", "str", "String", "Vec<u8>"].iter().any(|bytes| implements.contains(bytes));
    match name {
        "Wire" => Some(of.to_owned()),
        "FromStr" => Some(format!("{of}::from_str")),
        "Deserialize" => Some(format!("{of}::deserialize")),
        "Stored" => Some(format!("{of}::from_stored")),
        "TryFrom" if of_bytes => Some(format!("{of}::try_from")),
        _ => None,
    }
}

/// The name of a public function that begins in this line, if it is one that reads.
fn reader(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = rest.strip_prefix("const ").or_else(|| rest.strip_prefix("async ")).unwrap_or(rest);
    let name = rest.strip_prefix("fn ")?.split(['(', '<']).next()?;
    READS.iter().any(|word| name.starts_with(word)).then_some(name)
}

/// Whether a function takes bytes or text, and gives more than its own type back, which cannot be refused.
fn takes_bytes(signature: &str) -> bool {
    let Some((parameters, answer)) = signature.split_once("->") else { return false };
    BYTES.iter().any(|bytes| parameters.contains(bytes)) && !answer.trim_start().starts_with("Self ")
}

/// What this source reads; a type with `Wire` or a public `decode` by its name, a function of its own by that.
fn decoders(source: &str) -> BTreeSet<String> {
    let (source, mut found, mut of) = (shipped(source), BTreeSet::new(), "");
    let lines: Vec<&str> = source.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if let Some((implements, name)) = implemented(line) {
            of = name;
            found.extend(implements.and_then(|implements| reads(implements, of)));
        }
        let Some(name) = reader(line) else { continue };
        let end = lines[at..].iter().position(|line| line.ends_with(['{', ';', '}'])).map_or(at, |more| at + more);
        if takes_bytes(&lines[at..=end].join(" ")) || name == "decode" {
            found.insert(match (line.starts_with(' '), name) {
                (true, "decode") => of.to_owned(),
                (true, name) => format!("{of}::{name}"),
                (false, name) => name.to_owned(),
            });
        }
    }
    found
}

/// Whether this source calls a parser of another crate.
fn parses(source: &str) -> bool {
    let livekit = |line: &str| line.contains("lk::") && line.contains("::decode(");
    shipped(source).lines().any(|line| livekit(line) || CALLS.iter().any(|call| line.contains(call)))
}

/// Every source that ships, by its path below the root, with its text.
fn sources() -> Vec<(String, String)> {
    let all = FOLDERS.iter().flat_map(|folder| files(folder, &[".rs"]));
    let named =
        all.map(|file| (file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned(), file));
    let shipped = |path: &str| {
        let tests = ["tests.rs", "false_witnesses.rs"].iter().any(|name| path.ends_with(name));
        path.contains("/src/") && !path.contains("/tests/") && !tests
    };
    let read = |file| fs::read_to_string(file).expect("a source is readable");
    named.filter(|(path, _)| shipped(path)).map(|(path, file)| (path, read(file))).collect()
}

#[test]
fn every_decoder_has_a_fuzz_target() {
    let mut listed = BTreeMap::<_, BTreeSet<String>>::new();
    for (path, names, _) in DECODERS {
        listed.entry((*path).to_owned()).or_default().extend(names.split(' ').map(str::to_owned));
    }
    let read = sources().into_iter().map(|(path, source)| (path, decoders(&source)));
    let found: BTreeMap<_, _> = read.filter(|(_, names)| !names.is_empty()).collect();
    assert_eq!(found, listed, "left: what the sources decode, right: what DECODERS lists");
}

#[test]
fn every_call_of_another_crates_parser_is_damaged_somewhere_or_says_why_not() {
    let found: BTreeSet<_> = sources().into_iter().filter(|(_, source)| parses(source)).map(|(path, _)| path).collect();
    let listed: BTreeSet<_> = PARSERS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, listed, "left: what calls a parser, right: what PARSERS lists");
}

#[test]
fn every_target_that_a_decoder_names_is_there() {
    let targets = read("tests/fuzz/src/targets.rs");
    let decoders = DECODERS.iter().map(|(path, names, at)| (path, *names, at));
    for (path, names, at) in decoders.chain(PARSERS.iter().map(|(path, at)| (path, "a parser", at))) {
        if at.contains('#') {
            check_reference(at);
        } else if !at.contains(' ') {
            assert!(targets.contains(&format!("(\"{at}\", ")), "{path}, {names}: no target {at}");
        }
    }
}

#[test]
fn a_decoder_is_seen_in_every_form_that_sources_write() {
    let source = "impl Wire for One {\n}\nimpl<const MAX: usize> Wire for Two<MAX> {\n}\nimpl<'a> Three<'a> {\n    \
                  pub fn decode(bytes: &[u8]) {}\n    pub fn decoder() {}\n}\nimpl Four {\n    fn decode() {}\n}\n\
                  pub fn decode(log: &Log) {}\n// impl Wire for Five {\nimpl std::str::FromStr for Six {\n}\n\
                  impl<'a> Deserialize<'a> for Seven {\n}\nimpl TryFrom<&[u8]> for Eight {\n}\n\
                  impl TryFrom<u8> for Nine {\n}\nimpl Ten {\n    pub fn open(\n        key: &Key,\n        \
                  bytes: &[u8],\n    ) -> Option<Self> {\n    }\n    pub fn from_bytes(key: [u8; 32]) -> Self {\n    }\n}\n\
                  pub const fn parse_all(text: &str) -> Option<u8> {\n}\nmacro_rules! m {\n    impl FromStr for $name {\n";
    let names = ["$name::from_str", "Eight::try_from", "One", "Seven::deserialize", "Six::from_str", "Ten::open"];
    let more = ["Three", "Two", "decode", "parse_all"];
    assert_eq!(decoders(source).into_iter().collect::<Vec<_>>(), [&names[..], &more].concat());
    assert!(parses("    let file: File = serde_json::from_str(text)?;") && parses("lk::Packet::decode(bytes)"));
    assert!(!parses("// serde_json::from_str(text)") && !parses("Packet::decode(bytes)"));
}
