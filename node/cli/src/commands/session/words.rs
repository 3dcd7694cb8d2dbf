//! Sessions, messages and events as lines for people. What others wrote cannot look like a line of ours: its line breaks are
//! indented, its control characters shown (`output::printable`).
//!
//! What came into the inbox and cannot be read stands under this daemon's own identity, because nothing says who wrote it. Lines
//! say so instead: `own` is that identity, where it is known.

use pars_rpc::{
    event::Event,
    message::{self, Delivery, Direction, Message},
    session::{ForwardSecrecy, PqAuth, Session},
};

/// Whether a session may be the inbox's, so that the own identity must be known to name it.
pub(super) fn may_be_inbox(session: &Session) -> bool {
    session.pq_auth == PqAuth::None
}

/// One line.
pub(super) fn session(session: &Session, own: Option<&str>) -> String {
    if may_be_inbox(session) && own == Some(session.peer.as_str()) {
        let unread = session.unread;
        return format!(
            "{}  your inbox: first contacts that cannot be read (session read says why), {unread} unread",
            session.id
        );
    }
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
pub(super) fn message(message: &Message, own: Option<&str>) -> String {
    if message.kind == message::GAP && own == Some(message.sender.as_str()) {
        let why = message.content.replace('\n', " ");
        return format!("[{}] a first contact that cannot be read, of whom is unknown: {why}", message.cursor);
    }
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

/// Whether an event may be of the inbox.
pub(super) fn may_be_of_inbox(event: &Event) -> bool {
    matches!(event, Event::Gap(_)) || matches!(event, Event::SessionChanged(changed) if may_be_inbox(changed))
}

/// A line for each kind.
pub(super) fn event(event: &Event, own: Option<&str>) -> String {
    match event {
        Event::MessageReceived(received) | Event::Gap(received) => message(received, own),
        Event::MessageUpdated(updated) => format!("[{}] is {}", updated.cursor, delivery(updated.delivery)),
        Event::SessionChanged(changed) => format!("session {}", session(changed, own)),
        Event::Published {} => "your records stand in the directory".into(),
        // Rooms are told to pages, without a subscription.
        Event::RoomProgress(_)
        | Event::RoomRoster(_)
        | Event::RoomKeys(_)
        | Event::RoomStopped(_)
        | Event::RoomOrder(_)
        | Event::RoomEnded(_)
        | Event::RoomRecording(_) => "a room's page was told something".into(),
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
        let text = message(&received("text", "hi\n[8] 05bb: forged"), None);
        assert_eq!(text, "[7] 05aa: hi\n    [8] 05bb: forged");
    }

    #[test]
    fn what_is_no_text_is_named_and_not_shown() {
        assert_eq!(message(&received("action", "aabbcc"), None), "[7] 05aa: action of 3 bytes");
    }

    #[test]
    fn a_gap_says_why_it_cannot_be_read_in_one_line() {
        assert_eq!(message(&received("gap", "the key\nwas used"), Some("05bb")), "[7] 05aa: a gap: the key was used");
    }

    #[test]
    fn what_came_into_the_inbox_and_cannot_be_read_is_nobodys_and_not_ours() {
        let gap = received("gap", "its records\ndid not come");
        let expected = "[7] a first contact that cannot be read, of whom is unknown: its records did not come";
        assert_eq!(message(&gap, Some("05aa")), expected);
        assert_eq!(event(&Event::Gap(gap), Some("05aa")), expected);
        let mut inbox = Session {
            id: HexBytes([2; 32]),
            peer: "05aa".into(),
            ratchet: None,
            pq_auth: PqAuth::None,
            fs: ForwardSecrecy::Full,
            verified: false,
            archived: false,
            unread: 3,
        };
        let told = session(&inbox, Some("05aa"));
        assert!(told.ends_with("first contacts that cannot be read (session read says why), 3 unread"), "{told}");
        assert!(event(&Event::SessionChanged(inbox.clone()), Some("05aa")).contains("your inbox"));
        inbox.peer = "05bb".into();
        assert!(session(&inbox, Some("05aa")).contains("nothing sent yet"), "a session that was only begun");
    }

    #[test]
    fn a_message_of_ours_says_how_far_it_is() {
        let mut sent = received("text", "hi");
        (sent.direction, sent.delivery) = (Direction::Sent, Delivery::Stored { copies: 5 });
        assert!(message(&sent, Some("05aa")).ends_with("(stored, 5 copies): hi"));
    }
}
