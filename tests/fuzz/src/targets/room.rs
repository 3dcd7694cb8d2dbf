//! Rooms: metadata, statements, joins and their replies, rosters, epochs, connections, messages.

use std::net::SocketAddr;
use std::sync::LazyLock;

use alloy_primitives::{Address, B256};
use pars_crypto::aead::OneUse;
use pars_crypto::hash::sha3;
use pars_crypto::hkem::Xw768Ciphertext;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::SharedSecret;
use pars_identity::id::IdentityId;
use pars_proto::room::join::{JOIN, REPLY};
use pars_proto::room::recording::{
    ConsentSignature, Dummies, Notice, NoticeKey, Recording, RecordingTag, SealedNotice, Terms, Wraps,
};
use pars_proto::room::{
    AgendaItem, AwaitingReply, Backend, Body, ChatText, Claim, Connection, ConsentSigner, Content, Description,
    EpochHash, EpochRecord, EpochSecret, Front, Grant, GrantId, HostEntry, HostGate, HostSecrets, Line, Metadata,
    MetadataKey, Named, Order, Previous, Reach, Role, RoomMessage, Roster, RosterEntry, Scope, SeatNo, SeatSecrets,
    SequenceGate, SfuEntry, SignedConnection, SignedGrant, SignedMessage, SignedRecord, Statement, Support, seal_join,
};
use pars_wire::codec::Wire;
use pars_wire::limits::MAX_NOTICE;
use pars_wire::{ChainId, Nullifier, RecordingId, RoomId, SittingId};

use crate::Outcome;
use crate::check::{fixed, same, wire};
use crate::corpus::Seeds;
use crate::people::{ALICE, SUITE, source};

const NOW: u64 = 1_800_000_000;
const SCOPE: Scope = Scope {
    chain: ChainId(7_072),
    town_hall: Address::repeat_byte(1),
    room: RoomId(B256::repeat_byte(2)),
    sitting: SittingId(3),
};

/// Bytes inside the sealed part of a nameless join, and of a reply.
const JOIN_TEXT: usize = JOIN - 1 - Xw768Ciphertext::SIZE - 16;
const REPLY_TEXT: usize = REPLY - 16 - 16;

static META_KEY: LazyLock<MetadataKey> = LazyLock::new(|| MetadataKey::from_bytes([3; 32]));
pub(super) static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

/// A host, a seat, and a join of that seat.
pub(super) struct Place {
    pub(super) host: HostSecrets,
    pub(super) entry: HostEntry,
    pub(super) seat: SeatSecrets,
    join: Vec<u8>,
    awaiting: AwaitingReply,
}

impl Place {
    fn new() -> Self {
        let mut rng = source(61);
        let host = HostSecrets::generate(SUITE, &mut rng);
        let reach = Reach::Direct(SocketAddr::from(([127, 0, 0, 1], 4_433)));
        let session = IdentityId([4; 32]);
        let entry = HostEntry { x_pk: host.x_pk(), s_vk: host.s_vk(), session, reach };
        let seat = SeatSecrets::generate(SUITE, &mut rng);
        let (join, awaiting) = seal_join(SUITE, &mut rng, &entry, &anonymous(&seat)).expect("a good key");
        Self { host, entry, seat, join, awaiting }
    }

    fn gate(&self) -> HostGate<'_> {
        HostGate { scope: &SCOPE, entry: &self.entry, secrets: &self.host }
    }

    /// K‖N of the join, which its sender and the host know.
    fn join_key(&self) -> OneUse {
        let ct = self.ciphertext();
        let ss = self.host.x().decapsulate(SUITE, &Xw768Ciphertext::from_bytes(ct)).expect("an honest point");
        let (rs, host) = (SCOPE.to_bytes(), self.entry.hash());
        kdf::<{ OneUse::SIZE }>(NO_SALT, &[ss.expose()], KdfLabel::ROOM_JOIN, &[&rs, &host.0, ct]).one_use::<0>()
    }

    fn ciphertext(&self) -> &[u8; Xw768Ciphertext::SIZE] {
        self.join[1..].first_chunk().expect("a whole join")
    }

    fn associated(&self) -> Vec<u8> {
        [&SCOPE.to_bytes()[..], &self.entry.hash().0, self.ciphertext()].concat()
    }

    /// A join with what a stranger likes to seal.
    fn sealed(&self, text: &[u8; JOIN_TEXT]) -> Vec<u8> {
        let sealed = self.join_key().seal(&self.associated(), text);
        [&self.join[..=Xw768Ciphertext::SIZE], &sealed].concat()
    }

    fn text(&self) -> Vec<u8> {
        let sealed = &self.join[1 + Xw768Ciphertext::SIZE..];
        self.join_key().open(&self.associated(), sealed).expect("our own join").to_vec()
    }

    /// A reply with what a host likes to seal.
    fn reply(&self, text: &[u8; REPLY_TEXT]) -> Vec<u8> {
        let (joined, r) = (self.text(), [7; 16]);
        let statement = usize::from(u16::from_be_bytes([joined[0], joined[1]]));
        let key = &joined[2 + statement..][..32];
        let once = kdf::<{ OneUse::SIZE }>(NO_SALT, &[key], KdfLabel::ROOM_REPLY, &[&sha3(&[&self.join]), &r]);
        [&r[..], &once.one_use::<0>().seal(&self.entry.hash().0, text)].concat()
    }
}

fn body(seat: &SeatSecrets, claim: Claim) -> Body {
    let consent = match claim {
        Claim::Recorder { .. } => None,
        _ => Some(ConsentSigner::Address(Address::repeat_byte(5))),
    };
    let (x_pk, s_vk) = (seat.x_pk(), seat.s_vk());
    Body { scope: SCOPE, issued_at: NOW, expires_at: NOW + 120, x_pk, s_vk, consent, claim }
}

fn anonymous(seat: &SeatSecrets) -> Statement {
    let body = body(seat, Claim::Anonymous { nullifier: Nullifier(B256::repeat_byte(6)) });
    Statement::new(body, Support::Anonymous { points: Box::new([7; 256]) }).expect("support of the form")
}

/// The metadata object as the chain names it.
pub(crate) fn metadata(bytes: &[u8]) -> Outcome {
    if let Ok(object) = Metadata::decode(bytes) {
        // Whatever decodes can be asked for its description and its hosts.
        let _ = (object.description(None), object.description(Some(&META_KEY)));
        object.front().hosts.iter().for_each(|host| drop(host.hash().0.to_vec()));
    }
    wire::<Metadata>(bytes)
}

/// A statement.
pub(crate) fn statement(bytes: &[u8]) -> Outcome {
    if let Ok(statement) = Statement::decode(bytes) {
        let _ = (statement.hash(), statement.body().identity(), statement.proof().map(|proof| proof.words()));
        let typed = statement.body().typed_data();
        if let (Some(typed), Support::Named { wallet, .. }) = (typed, statement.support()) {
            let _ = typed.signer(wallet);
        }
    }
    wire::<Statement>(bytes)
}

/// A join: as it is, and as the sealed text of one.
pub(crate) fn join(bytes: &[u8]) -> Outcome {
    let _ = PLACE.gate().open(SUITE, bytes);
    let text = fixed::<JOIN_TEXT>(bytes);
    let opened = PLACE.gate().open(SUITE, &PLACE.sealed(&text));
    if let Ok(opened) = &opened {
        same(&opened.statement.encode(), &text[2..][..opened.statement.encode().len()]);
    }
    Outcome::of(opened.is_ok())
}

/// A reply: as it is, and as the sealed text of one.
pub(crate) fn reply(bytes: &[u8]) -> Outcome {
    let _ = PLACE.awaiting.open(bytes, NOW);
    let opened = PLACE.awaiting.open(&PLACE.reply(&fixed::<REPLY_TEXT>(bytes)), NOW);
    Outcome::of(opened.is_ok())
}

/// A signed grant.
pub(crate) fn grant(bytes: &[u8]) -> Outcome {
    wire::<SignedGrant>(bytes)
}

/// A roster.
pub(crate) fn roster(bytes: &[u8]) -> Outcome {
    if let Ok(roster) = Roster::decode(bytes) {
        let _ = (roster.root(&SCOPE), roster.get(SeatNo(1)));
    }
    wire::<Roster>(bytes)
}

/// A signed epoch record; once more with the steward's signature over whatever it says.
pub(crate) fn record(bytes: &[u8]) -> Outcome {
    if let Ok(signed) = SignedRecord::decode(bytes) {
        let signed = SignedRecord::sign(*signed.record(), PLACE.seat.s());
        let _ = signed.check(&SCOPE, &seats(), &PLACE.seat.s_vk(), Previous::Unknown);
    }
    wire::<SignedRecord>(bytes)
}

/// A signed connection.
pub(crate) fn connection(bytes: &[u8]) -> Outcome {
    wire::<SignedConnection>(bytes)
}

/// A signed message.
pub(crate) fn message(bytes: &[u8]) -> Outcome {
    if let Ok(message) = SignedMessage::decode(bytes) {
        let _ = message.open(&SCOPE, Some(&PLACE.seat.s_vk()), &mut SequenceGate::default());
    }
    wire::<SignedMessage>(bytes)
}

/// What seats say of a recording: as it is, as a message's sealed body, and sealed.
pub(crate) fn notice(bytes: &[u8]) -> Outcome {
    let secret = EpochSecret::from_bytes([1; 32]);
    let key = NoticeKey { secret: &secret, scope: &SCOPE, seat: SeatNo(1), seq: 1 };
    if let Ok(sealed) = SealedNotice::decode(bytes) {
        let _ = sealed.open(key);
        same(&sealed.encode(), bytes);
    }
    if let Ok(notice) = Notice::decode(bytes) {
        assert!(bytes.len() <= MAX_NOTICE, "a notice longer than the longest");
        let sealed = SealedNotice::seal(&notice, EpochHash([2; 32]), key);
        assert_eq!(sealed.open(key).as_ref(), Ok(&notice));
    }
    wire::<Notice>(bytes)
}

/// Wraps of a file key.
pub(crate) fn wraps(bytes: &[u8]) -> Outcome {
    if let Ok(wraps) = Wraps::decode(bytes) {
        let tag = RecordingTag(B256::repeat_byte(1));
        // Each of them is tried: a few are enough here.
        let opened = (wraps.len() <= 4).then(|| wraps.open(SUITE, tag, PLACE.seat.x()));
        assert!(opened.is_none_or(|opened| opened.is_err()), "a wrap that nobody made opens");
    }
    wire::<Wraps>(bytes)
}

fn seats() -> Roster {
    let st = anonymous(&PLACE.seat).hash();
    let entries = [1, 4, 9].map(|seat| RosterEntry { seat: SeatNo(seat), st, recorder: seat == 9 });
    Roster::new(entries.to_vec()).expect("rising seats")
}

fn line<const N: usize>(text: &str) -> Line<N> {
    Line::new(text).expect("a line")
}

fn described() -> (Front, Description) {
    let agenda = vec![AgendaItem { minutes: 5, text: line("گزارش") }];
    let (title, languages) = (line("Assembly"), vec![line("fa")]);
    let description = Description { title, agenda, languages, starts_at: NOW, ends_at: 0 };
    let sfu = SfuEntry { backend: Backend::Own, region: line("eu"), address: line("127.0.0.1:7880") };
    let reach = Reach::Rendezvous { node: B256::repeat_byte(8).into(), token: [9; 16] };
    let hosts = vec![PLACE.entry.clone(), HostEntry { reach, ..PLACE.entry.clone() }];
    (Front { room: SCOPE.room, seq: 1, hosts, sfus: vec![sfu] }, description)
}

fn objects(seeds: &mut Seeds) {
    let (front, description) = described();
    let sealed = Metadata::sealed(front.clone(), &description, &META_KEY).expect("a small object");
    let sealed_at = sealed.encode().len() - description.encode().len() - 16 - 3;
    seeds.add_with(
        "room-metadata",
        "sealed",
        &sealed.encode(),
        &[("called-public", &|bytes| bytes[sealed_at] = 0), ("third-form", &|bytes| bytes[sealed_at] = 2)],
    );
    let public = Metadata::public(front, description).expect("a small object");
    seeds.add_with(
        "room-metadata",
        "two-hosts",
        &public.encode(),
        &[("nine-hosts", &|bytes| bytes[40] = 9), ("key-not-reduced", &|bytes| bytes[41..44].fill(0xff))],
    );
}

pub(super) fn seeds(seeds: &mut Seeds) {
    objects(seeds);
    statements(seeds);
    let text = PLACE.text();
    seeds.add_with(
        "room-join",
        "anonymous",
        &text[..1_800],
        &[("no-zeros-behind", &|bytes| bytes[1_790] = 1), ("length-beyond", &|bytes| bytes[..2].fill(0xff))],
    );
    granted(seeds);
    epochs(seeds);
}

fn statements(seeds: &mut Seeds) {
    let (seat, target) = (&PLACE.seat, "room-statement");
    let member = Named { account: Address::repeat_byte(7), session: ALICE.record.id(), device: ALICE.device.id };
    seeds.add_with(
        target,
        "anonymous",
        &anonymous(seat).encode(),
        &[
            ("other-form", &|bytes| bytes[69] = 4),
            ("weak-signing-key", &|bytes| bytes[1_302..1_334].fill(0)),
            ("consent-of-19-bytes", &|bytes| bytes[1_335] = 19),
        ],
    );
    let named = body(seat, Claim::Identified { nullifier: None, member });
    let identity = named.sign_identity(SUITE, &ALICE.device.signing, &mut source(62));
    let support = Support::Named { points: None, wallet: [27; 65], identity };
    let identified = Statement::new(named, support).expect("support of the form").encode();
    seeds.add_with(target, "identified", &identified, &[("as-a-committee", &|bytes| bytes[69] = 3)]);
    let recorder = body(seat, Claim::Recorder { seat: anonymous(seat).hash() });
    let support = Support::Recorder { seat: recorder.sign_recorder(seat.s()) };
    seeds.add(target, "recorder", Statement::new(recorder, support).expect("support of the form").encode());
}

fn granted(seeds: &mut Seeds) {
    let grant = Grant {
        scope: SCOPE,
        seat: SeatNo(4),
        st: anonymous(&PLACE.seat).hash(),
        role: Role::Member,
        id: GrantId([1; 16]),
        expires_at: NOW + 120,
        sfu: 0,
        dtls_fingerprint: [2; 32],
        tunnel: line("127.0.0.1:4433"),
    };
    let signed = grant.sign(PLACE.host.s()).encode();
    seeds.add_with(
        "room-grant",
        "member",
        &signed,
        &[("hosts-seat", &|bytes| bytes[68..70].fill(0)), ("no-role", &|bytes| bytes[102] = 0)],
    );
    seeds.add_with(
        "room-reply",
        "grant",
        &[&[1], &signed[..]].concat(),
        &[("refusal", &|bytes| bytes[..2].copy_from_slice(&[2, 7])), ("third-kind", &|bytes| bytes[0] = 3)],
    );
    seeds.add("room-reply", "full", [2, 7]);
}

fn epochs(seeds: &mut Seeds) {
    let seat = &PLACE.seat;
    seeds.add_with(
        "room-roster",
        "three-seats",
        &seats().encode(),
        &[("out-of-order", &|bytes| bytes[3] = 5), ("one-too-many", &|bytes| bytes[1] = 4)],
    );
    let record = EpochRecord::after(None, SCOPE, SeatNo(1), &seats(), &EpochSecret::from_bytes([1; 32]));
    let signed = SignedRecord::sign(record, seat.s()).encode();
    seeds.add_with("room-record", "first", &signed, &[("number-0", &|bytes| bytes[68..72].fill(0))]);
    let connection = Connection { scope: SCOPE, seat: SeatNo(1), seq: 1, nonce: [3; 16] };
    seeds.add("room-connection", "first", SignedConnection::sign(connection, seat.s()).encode());
    let say = |content| RoomMessage { seat: SeatNo(1), seq: 1, content }.sign(&SCOPE, seat.s()).encode();
    seeds.add_with(
        "room-message",
        "chat",
        &say(Content::Chat(ChatText::new("سلام").expect("a text"))),
        &[("steers-a-terminal", &|bytes| bytes[10] = 0x1b), ("cut-in-a-letter", &|bytes| bytes[9] -= 1)],
    );
    seeds.add_with(
        "room-message",
        "order",
        &say(Content::Order(Order::Kick(SeatNo(4)))),
        &[("at-the-host", &|bytes| bytes[11..13].fill(0)), ("unknown-order", &|bytes| bytes[10] = 9)],
    );
    seeds.add("room-message", "leave", say(Content::Leave));
    recordings(seeds);
}

fn recordings(seeds: &mut Seeds) {
    let (tag, word) = (RecordingTag(B256::repeat_byte(1)), B256::repeat_byte(2));
    let terms = Terms { codec: word, storage: word, retention_seconds: 60, valid_until: NOW + 60 };
    let dummies = Dummies::new(SharedSecret::from_bytes([3; 32]), 2).expect("two are not too many");
    seeds.add_with(
        "room-notice",
        "propose",
        &Notice::Propose { random: [4; 32], terms, dummies }.encode(),
        &[
            ("too-many-dummies", &|bytes| bytes[1 + 32 + 80 + 32] = 2),
            ("ends-past-forty-bits", &|bytes| bytes[1 + 32 + 72] = 1),
        ],
    );
    let recording =
        Recording { tag, roster: word, participants: 3, policy: word, recorder: word, valid_until: NOW + 60 };
    seeds.add("room-notice", "roster", Notice::Roster(recording).encode());
    seeds.add("room-notice", "refuse", Notice::Refuse { recording: tag }.encode());
    let signature = ConsentSignature::new(vec![5; 65]).expect("of that length");
    seeds.add_with(
        "room-notice",
        "consent",
        &Notice::Consent { span: RecordingId(word), signature }.encode(),
        &[("signature-of-no-key", &|bytes| bytes.truncate(bytes.len() - 1))],
    );
    let signature = ConsentSignature::new(vec![5; 65]).expect("of that length");
    let withdraw = Notice::Withdraw { span: RecordingId(word), signer: word, proof: vec![word; 3], signature };
    seeds.add_with(
        "room-notice",
        "withdraw",
        &withdraw.encode(),
        &[("seventeen-siblings", &|bytes| bytes[65] = 17), ("siblings-beyond", &|bytes| bytes[65] = 16)],
    );
    let wraps = [&[0, 2][..], &[7; 2 * 1_168]].concat();
    let hostile: [crate::corpus::Hostile<'_>; 2] =
        [("none", &|bytes| bytes[1] = 0), ("one-too-many", &|bytes| bytes[1] = 3)];
    seeds.add_with("room-wraps", "two", &wraps, &hostile);
}
