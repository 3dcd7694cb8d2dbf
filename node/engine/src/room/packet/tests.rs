//! The bytes between a member and its host, frozen as tests/vectors/session/control.json over the statements, records and
//! connections of the vectors of rooms; and what damage does to them.

use pars_proto::signal::envelope::Cargo;
use serde_json::{Value, json};

use super::*;

macro_rules! published {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../../../tests/vectors/", $name))).unwrap()
    };
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// Each with its name and its fields in their order.
type Rows<T> = Vec<(&'static str, Value, T)>;

fn packets() -> Rows<Packet> {
    let attach = Attach { seat: SeatNo(258), grant: GrantId([3; 16]), resume: [4; 16] };
    let told = json!({"seat": 258, "grant": hex::encode([3; 16]), "resume": hex::encode([4; 16])});
    let data = Packet::Data { number: 7, acknowledged: 5, frame: Frame::Ping(9).encode() };
    let ping = json!({"number": 7, "acknowledged": 5, "frame": hex::encode(Frame::Ping(9).encode())});
    vec![
        ("join", json!({"join": "0102"}), Packet::Join(vec![1, 2])),
        ("reply", json!({"reply": "0304"}), Packet::Reply(vec![3, 4])),
        ("attach", told, Packet::Attach(attach)),
        ("attached", json!({"reason": 0}), Packet::Attached(Ok(()))),
        ("attachedGone", json!({"reason": 3}), Packet::Attached(Err(GoneReason::Kicked))),
        ("data", ping, data),
        ("acknowledge", json!({"acknowledged": 6}), Packet::Acknowledge { acknowledged: 6 }),
        ("ask", json!({"join": "0102"}), Packet::Ask(vec![1, 2])),
    ]
}

fn frames() -> Rows<Frame> {
    let statement = published!("room/statement.json")["cases"][0]["statement"].clone();
    let epoch = published!("room/epoch.json");
    let epoch = &epoch["epochs"][0];
    let message = published!("room/message.json")["messages"][0]["message"].clone();
    let seat = Statement::decode(&bytes(&statement)).unwrap();
    let record = SignedRecord::decode(&bytes(&epoch["record"])).unwrap();
    let connection = SignedConnection::decode(&bytes(&epoch["connection"])).unwrap();
    let envelope = Envelope { from: 1, to: 2, cargo: Cargo::Sealed(vec![5; 20]) };
    let pair = json!({"from": 1, "to": 2, "sealed": hex::encode([5; 20])});
    let hash = EpochHash(bytes(&epoch["rh"]).try_into().unwrap());
    let wrap = Frame::Wrap(SeatNo(2), hash, bytes(&epoch["wrap"]).try_into().unwrap());
    vec![
        ("seat", json!({"seat": 1, "statement": statement}), Frame::Seat(SeatNo(1), Box::new(seat))),
        ("gone", json!({"seat": 1, "reason": 2}), Frame::Gone(SeatNo(1), GoneReason::LinkLost)),
        ("pair", pair, Frame::Pair(envelope)),
        (
            "record",
            json!({"record": epoch["record"], "seats": [1, 258]}),
            Frame::Record(Box::new(record), vec![SeatNo(1), SeatNo(258)]),
        ),
        ("wrap", json!({"seat": 2, "rh": epoch["rh"], "wrap": epoch["wrap"]}), wrap),
        ("connection", json!({"connection": epoch["connection"]}), Frame::Connection(Box::new(connection))),
        ("message", json!({"message": message}), Frame::Message(bytes(&message))),
        ("ping", json!({"count": 8}), Frame::Ping(8)),
        ("pong", json!({"count": 9}), Frame::Pong(9)),
        ("synced", json!({}), Frame::Synced),
        ("refused", json!({"target": 4, "reason": 3}), Frame::Refused(SeatNo(4), OrderRefusal::PresentersFull)),
        ("ended", json!({"reason": 9}), Frame::Ended(EndReason::SittingOver)),
    ]
}

fn table<T: Wire>(rows: &Rows<T>) -> Value {
    let row = |(name, fields, value): &(&str, Value, T)| {
        let mut row = fields.clone();
        row["bytes"] = json!(hex::encode(value.encode()));
        ((*name).to_owned(), row)
    };
    Value::Object(rows.iter().map(row).collect())
}

#[test]
fn the_control_vector_is_reproduced_byte_for_byte() {
    let made = json!({"packets": table(&packets()), "frames": table(&frames()), "mostBytesOfAPacket": MAX_PACKET});
    let published = published!("session/control.json");
    assert_eq!(published, made, "control.json; if the layout changes on purpose, this is it:\n{made:#}");
    // By hand, from the layout above.
    assert_eq!(packets()[6].2.encode(), [6, 0, 0, 0, 6]);
    assert_eq!(frames()[10].2.encode(), [11, 0, 4, 3]);
}

/// Every cut and every flipped bit: read, and written as it came, or refused.
fn damage<T: Wire>(whole: &[u8]) {
    let read = |bytes: &[u8]| {
        if let Ok(value) = T::decode(bytes) {
            assert!(value.encode() == bytes, "a second encoding");
        }
    };
    assert!(T::decode(whole).is_ok());
    for at in 0..whole.len() {
        read(&whole[..at]);
        for bit in 0..8 {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1 << bit;
            read(&damaged);
        }
    }
    read(&[whole, &[0]].concat());
}

#[test]
fn damaged_packets_and_frames_are_read_as_they_stand_or_refused() {
    packets().iter().for_each(|(_, _, packet)| damage::<Packet>(&packet.encode()));
    frames().iter().for_each(|(_, _, frame)| damage::<Frame>(&frame.encode()));
    assert!(packet(&[1; MAX_PACKET]).is_ok() && packet(&[1; MAX_PACKET + 1]).is_err());
}

#[test]
fn only_the_hosts_word_that_it_stands_makes_a_seat_stand() {
    for (name, _, packet) in packets() {
        assert_eq!(is_seated(&packet.encode()), name == "attached", "{name}");
    }
    assert!(!is_seated(&Packet::Reply(vec![0]).encode()) && !is_seated(&[]) && !is_seated(&[4, 0, 0]));
}
