//! Pairs, epochs, connections and messages.

use pars_proto::room::{
    ChatText, Connection, Content, EpochRecord, EpochSecret, Line, Order, Role, RoomMessage, Roster, RosterEntry,
    SeatNo, SenderKeys, SignedConnection, SignedRecord, WrapKey, check_code,
};
use pars_proto::signal::{End, Ends, Half, Opened};
use pars_wire::RecordingId;
use pars_wire::codec::Wire;
use serde_json::{Value, json};

use super::cast::{SCOPE, SUITE, anonymous, entry, host, seat, source};
use super::hexed;

/// Seat 3 and the host, as two values of each.
pub(crate) fn pair() -> Value {
    let (secrets, member, statement) = (host(), seat(1), anonymous(1));
    let (host_end, member_end) =
        (End { seat: 0, st: entry(&secrets).hash().0 }, End { seat: 3, st: statement.hash().0 });
    let mut rng = source(21);
    let from_host = Half::make(SUITE, &mut rng, &member.x_pk()).expect("a good key");
    let from_member = Half::make(SUITE, &mut rng, &secrets.x_pk()).expect("a good key");
    let (ct_ab, ct_ba) = (*from_host.ciphertext(), *from_member.ciphertext());
    let ends = |own, peer| Ends { scope: SCOPE.to_bytes(), own, peer };
    let secret = |holder: &pars_crypto::hkem::Xw768Secret, ct: &[u8; 1_120]| {
        let ct = pars_crypto::hkem::Xw768Ciphertext::from_bytes(ct);
        hexed(holder.decapsulate(SUITE, &ct).expect("an honest point").expose())
    };
    let (ss_ab, ss_ba) = (secret(member.x(), &ct_ab), secret(secrets.x(), &ct_ba));
    let (mut host_side, from_a) =
        from_host.finish(SUITE, secrets.x(), &ct_ba, &ends(host_end, member_end)).expect("two ends");
    let (mut member_side, from_b) =
        from_member.finish(SUITE, member.x(), &ct_ab, &ends(member_end, host_end)).expect("two ends");
    assert_eq!(member_side.open(&from_a), Ok(Opened::Confirmed));
    assert_eq!(host_side.open(&from_b), Ok(Opened::Confirmed));
    let (down, up) = (host_side.seal(b"offer").expect("a text"), member_side.seal(b"answer").expect("a text"));
    json!({
        "scope": hexed(SCOPE.to_bytes()), "a": 0, "b": 3, "stA": hexed(host_end.st), "stB": hexed(member_end.st),
        "ctAB": hexed(ct_ab), "ctBA": hexed(ct_ba), "ssAB": ss_ab, "ssBA": ss_ba,
        "wrapKey": hexed(host_side.wrap_key().expose()),
        "framesAB": [
            { "counter": 0, "text": "", "frame": hexed(from_a) },
            { "counter": 1, "text": hexed(b"offer"), "frame": hexed(down) },
        ],
        "framesBA": [
            { "counter": 0, "text": "", "frame": hexed(from_b) },
            { "counter": 1, "text": hexed(b"answer"), "frame": hexed(up) },
        ],
    })
}

pub(crate) fn roster(seats: &[u8]) -> Roster {
    let entries = seats.iter().map(|seed| RosterEntry {
        seat: SeatNo(u16::from(*seed) * 300),
        st: anonymous(*seed).hash(),
        recorder: *seed == 3,
    });
    Roster::new(entries.collect()).expect("rising seats")
}

/// Two epochs by seat 300: the second has one seat more.
pub(crate) fn epoch() -> Value {
    let (wrap, steward) = (WrapKey::from_bytes([0x61; 32]), seat(1));
    let mut previous = None;
    let mut epochs = Vec::new();
    for (n, seats) in [(1_u8, &[1, 2][..]), (2, &[1, 2, 3])] {
        let (roster, secret) = (roster(seats), EpochSecret::from_bytes([0x70 + n; 32]));
        let record = EpochRecord::after(previous, SCOPE, SeatNo(300), &roster, &secret);
        let signed = SignedRecord::sign(record, steward.s());
        let connection = Connection { scope: SCOPE, seat: SeatNo(300), seq: n.into(), nonce: [0x80 + n; 16] };
        let keys = SenderKeys::derive(&record.hash(), &secret, SeatNo(300), &connection.nonce);
        epochs.push(json!({
            "n": record.n, "roster": hexed(roster.encode()), "rosterRoot": hexed(record.roster_root),
            "secret": hexed(secret.expose()), "previous": hexed(record.previous.0),
            "record": hexed(signed.encode()), "rh": hexed(record.hash().0), "keyIndex": record.key_index(),
            "wrapKey": hexed(wrap.expose()), "wrap": hexed(wrap.wrap(&record, &secret)),
            "connection": hexed(SignedConnection::sign(connection, steward.s()).encode()),
            "connSeq": connection.seq, "connNonce": hexed(connection.nonce),
            "media": hexed(keys.media.expose()), "data": hexed(keys.data.expose()),
            "checkCode": check_code(&record.hash()),
        }));
        previous = Some((record.n, record.hash()));
    }
    json!({
        "scope": hexed(SCOPE.to_bytes()), "steward": 300, "stewardKey": hexed(steward.s_vk().as_bytes()), "epochs": epochs,
    })
}

/// One content of each kind, and every order.
pub(crate) fn contents() -> Vec<Content> {
    let to = SeatNo(40);
    let targeted = [
        Order::Promote,
        Order::Demote,
        Order::Mute,
        Order::AskUnmute,
        Order::Call,
        Order::LowerHand,
        Order::Kick,
        Order::Ban,
    ];
    let mut contents = vec![
        Content::Chat(ChatText::new("سلام\n2 lines").expect("a text")),
        Content::Reaction(Line::new("👏").expect("a mark")),
        Content::Hand(true),
        Content::Hand(false),
        Content::Agenda { item: 1, started_at: 1_800_000_660 },
        Content::Beat { epoch: 7 },
        Content::Decline,
        Content::Leave,
        Content::Answer(true),
        Content::Withdraw(RecordingId([0x91; 32].into())),
    ];
    contents.extend(targeted.map(|order| Content::Order(order(to))));
    contents.extend(
        [
            Order::MuteAll,
            Order::LowerAllHands,
            Order::CloseFloor,
            Order::OpenFloor,
            Order::Lock,
            Order::Unlock,
            Order::Close,
        ]
        .map(Content::Order),
    );
    contents
}

pub(crate) fn messages() -> Value {
    let (keys, from) = (seat(1), SeatNo(300));
    let signed = contents().into_iter().zip(1_u32..).map(|(content, seq)| {
        let (kind, said) = (content.kind(), format!("{content:?}"));
        let message = RoomMessage { seat: from, seq, content };
        json!({ "seq": seq, "kind": kind, "says": said, "message": hexed(message.sign(&SCOPE, keys.s()).encode()) })
    });
    json!({
        "scope": hexed(SCOPE.to_bytes()), "seat": from.0, "sVk": hexed(keys.s_vk().as_bytes()),
        "roles": [Role::Member as u8, Role::Presenter as u8, Role::Moderator as u8, Role::Recorder as u8],
        "messages": signed.collect::<Vec<_>>(),
    })
}
