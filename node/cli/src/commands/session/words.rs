//! Sessions, messages and events as lines for people. What others wrote cannot look like a line of ours: its line breaks are
//! indented, its control characters shown (`output::printable`).

use pars_rpc::{
    event::Event,
    message::{self, Delivery, Direction, Message},
    session::{ForwardSecrecy, PqAuth, Session},
};

/// One line.
pub(super) fn session(session: &Session) -> String {
    let mut words = vec![match session.pq_auth {
        PqAuth::None => "nothing sent yet",
        PqAuth::Pending => "waits for the first answer",
        PqAuth::Confirmed => "confirmed",
    }];
    words.push(if session.verified { "identity checked" } else { "identity unchecked" });
    if session.fs == ForwardSecrecy::Reduced {
        words.push("reduced forward secrecy");
    }
    if session.archived {
        words.push("closed");
    }
    format!("{}  {}, {} unread", session.id, words.join(", "), session.unread)
}

/// A line, or several for a text of several lines.
pub(super) fn message(message: &Message) -> String {
    let (who, how_far) = match message.direction {
        Direction::Received => (message.sender.clone(), String::new()),
        Direction::Sent => (format!("to {}", message.session), format!(" ({})", delivery(message.delivery))),
    };
    format!("[{}] {who}{how_far}: {}", message.cursor, content(message))
}

fn content(message: &Message) -> String {
    match message.kind.as_str() {
        "text" => message.content.replace('\n', "\n    "),
        message::GAP => format!("a gap: {}", message.content.replace('\n', " ")),
        kind => format!("{kind} of {} bytes", message.content.len() / 2),
    }
}

fn delivery(delivery: Delivery) -> String {
    match delivery {
        Delivery::Queued => "on its way".into(),
        Delivery::Stored { copies } => format!("stored, {copies} copies"),
        Delivery::InsufficientStorage { copies } => format!("{copies} copies, tried again"),
        Delivery::Unread => "unread".into(),
        Delivery::Read => "read".into(),
    }
}

/// A line for each kind.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::MessageReceived(received) | Event::Gap(received) => message(received),
        Event::MessageUpdated(updated) => format!("[{}] is {}", updated.cursor, delivery(updated.delivery)),
        Event::SessionChanged(changed) => format!("session {}", session(changed)),
        Event::Published {} => "your records stand in the directory".into(),
        // Rooms are told to pages, without a subscription.
        Event::RoomProgress(_)
        | Event::RoomRoster(_)
        | Event::RoomKeys(_)
        | Event::RoomStopped(_)
        | Event::RoomOrder(_)
        | Event::RoomEnded(_) => "a room's page was told something".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pars_rpc::HexBytes;

    fn received(kind: &str, content: &str) -> Message {
        Message {
            cursor: 7,
            id: HexBytes([1; 16]),
            session: HexBytes([2; 32]),
            sender: "05aa".into(),
            direction: Direction::Received,
            sequence: 1,
            timestamp: 300,
            kind: kind.into(),
            content: content.into(),
            delivery: Delivery::Unread,
        }
    }

    #[test]
    fn a_foreign_line_break_cannot_forge_a_line_of_ours() {
        let text = message(&received("text", "hi\n[8] 05bb: forged"));
        assert_eq!(text, "[7] 05aa: hi\n    [8] 05bb: forged");
    }

    #[test]
    fn what_is_no_text_is_named_and_not_shown() {
        assert_eq!(message(&received("action", "aabbcc")), "[7] 05aa: action of 3 bytes");
    }

    #[test]
    fn a_gap_says_why_it_cannot_be_read_in_one_line() {
        assert_eq!(message(&received("gap", "the key\nwas used")), "[7] 05aa: a gap: the key was used");
    }

    #[test]
    fn a_message_of_ours_says_how_far_it_is() {
        let mut sent = received("text", "hi");
        (sent.direction, sent.delivery) = (Direction::Sent, Delivery::Stored { copies: 5 });
        assert!(message(&sent).ends_with("(stored, 5 copies): hi"));
    }
}
