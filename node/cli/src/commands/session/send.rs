//! `session send`: the text, and a request that can be repeated.

use std::{
    fs::File,
    io::{IsTerminal, Read},
    path::PathBuf,
};

use pars_rpc::{
    Code, HexBytes, RpcError,
    id::ClientId,
    message::{SendMessage, Sent},
};
use serde_json::json;

use super::document;
use crate::{args::SendText, context::Context, error::Error, output::Report};

/// Bytes read of a text at most; the daemon knows the exact limit.
const MAX_TEXT: u64 = 65_536;

/// `session send`
pub(super) async fn run(context: &Context, arguments: &SendText) -> Result<Report, Error> {
    let client_id = arguments.client_id.map_or_else(draw, Ok)?;
    let content = text(arguments)?;
    let send = SendMessage { session: arguments.session, content, client_id: Some(client_id) };
    let sent = context.daemon()?.call(&send).await.map_err(|error| repeatable(error, client_id))?;
    Ok(Report::new(document(&sent)?, words(&sent)))
}

fn words(sent: &Sent) -> String {
    format!("Message {} is on its way; the daemon keeps it until it is stored.", sent.id)
}

pub(in crate::commands) fn draw() -> Result<ClientId, Error> {
    let mut id = HexBytes([0; 16]);
    getrandom::fill(&mut id.0).map_err(Error::Randomness)?;
    Ok(id)
}

/// Names the request, so that asking again sends nothing twice.
pub(in crate::commands) fn repeatable(error: Error, client_id: ClientId) -> Error {
    match error {
        Error::DaemonGone { reason, .. } => Error::DaemonGone {
            reason,
            hint: format!("; ask again with --client-id {client_id}, and it is sent once"),
            details: Some(json!({"clientId": client_id})),
        },
        // It goes on at the daemon: the same request again is the same message.
        Error::Daemon(error) if error.known() == Some(Code::Timeout) => {
            let message = format!("{}; ask again with --client-id {client_id}, and it is sent once", error.message);
            Error::Daemon(RpcError { message, ..error })
        }
        other => other,
    }
}

fn text(arguments: &SendText) -> Result<String, Error> {
    match (&arguments.message, &arguments.message_file) {
        (Some(message), _) => Ok(message.reveal().to_owned()),
        (None, Some(path)) => read(path.clone(), File::open(path).map_err(Error::file(path, "read"))?),
        (None, None) => {
            if std::io::stdin().is_terminal() {
                // Nobody may be there to read it.
                let _ = std::io::Write::write_all(&mut std::io::stderr(), b"Write the text; end it with Ctrl-D.\n");
            }
            read("standard input".into(), std::io::stdin().lock())
        }
    }
}

/// A whole text without the line break that ends it.
fn read(path: PathBuf, from: impl Read) -> Result<String, Error> {
    let mut bytes = Vec::new();
    from.take(MAX_TEXT + 1).read_to_end(&mut bytes).map_err(Error::file(&path, "read"))?;
    let expected = "a text in UTF-8 of at most 65,536 bytes";
    if bytes.len() as u64 > MAX_TEXT {
        return Err(Error::FileContent { path, expected });
    }
    let mut text = String::from_utf8(bytes).map_err(|_| Error::FileContent { path, expected })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<String, Error> {
        read("standard input".into(), bytes)
    }

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_a_text() {
        for (typed, sent) in [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a"), ("\n", ""), ("سلام\n", "سلام")]
        {
            assert_eq!(read_bytes(typed.as_bytes()).unwrap(), sent);
        }
    }

    #[test]
    fn what_is_no_text_or_endless_is_refused_without_repeating_it() {
        for bytes in [vec![0xff, 0xfe], vec![b'a'; 65_537]] {
            let error = read_bytes(&bytes).unwrap_err();
            assert_eq!(error.to_string(), "standard input is not a text in UTF-8 of at most 65,536 bytes");
        }
        assert_eq!(read_bytes(&[b'a'; 65_536]).unwrap().len(), 65_536);
    }

    #[test]
    fn an_answer_that_did_not_come_names_the_request_to_repeat() {
        let id = HexBytes([0xab; 16]);
        let gone = Error::DaemonGone { reason: "it ended".into(), hint: String::new(), details: None };
        let error = repeatable(gone, id);
        assert_eq!(error.details(), Some(&json!({"clientId": "ab".repeat(16)})));
        assert!(error.to_string().ends_with(&format!("ask again with --client-id {id}, and it is sent once")));
    }
}
