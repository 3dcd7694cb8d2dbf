//! `session …`

use std::{convert::Infallible, path::PathBuf};

use clap::{Args, Subcommand};
use pars_identity::IdentityId;
use pars_rpc::{SessionId, id::ClientId, secret::Secret};

/// `session …`
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Your identity.
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Look somebody up and begin a session.
    Create {
        /// Whom: 05 and 64 digits, or a pars://session/… link, by which the whole identity is checked.
        #[arg(long, value_name = "ID|LINK")]
        recipient: String,
    },
    /// Send a text: of --message, of --message-file, or from standard input.
    Send(SendText),
    /// List the sessions.
    List,
    /// Read a session's messages.
    Read(ReadMessages),
    /// Print events as they come, and acknowledge them; what was never acknowledged is printed first.
    Tail(Tail),
    /// Close a session: it only receives from then on.
    Close {
        /// The session, or the other side's 05… id.
        #[arg(long, value_name = "ID", value_parser = session_id)]
        session: SessionId,
    },
}

/// `session identity …`
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum IdentityCommand {
    /// Make your identity and show its revocation secret.
    Create,
    /// Show the revocation secret again, if the answer to create was lost.
    Revocation,
    /// Show your identity and the link to pass on.
    Show,
}

/// `session send`
#[derive(Debug, Args)]
pub struct SendText {
    /// The session, or the other side's 05… id.
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub session: SessionId,
    /// The text. Careful: everybody on this machine sees it in the list of processes, and the shell may write it into
    /// its history. --message-file and standard input show it to nobody.
    #[arg(long, value_name = "TEXT", value_parser = secret, conflicts_with = "message_file")]
    pub message: Option<Secret>,
    /// File with the text, UTF-8; one line break at its end is not sent. Without it and --message: standard input.
    #[arg(long, value_name = "FILE")]
    pub message_file: Option<PathBuf>,
    /// Names this request, 32 digits at random: the same id again within 24 h is the same message.
    #[arg(long, value_name = "HEX")]
    pub client_id: Option<ClientId>,
}

/// `session read`
#[derive(Debug, Clone, Copy, Args)]
pub struct ReadMessages {
    /// The session, or the other side's 05… id.
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub session: SessionId,
    /// Only messages after this cursor.
    #[arg(long, value_name = "CURSOR", default_value_t = 0, hide_default_value = true)]
    pub after: u64,
    /// At most so many [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Mark what was shown as read, and acknowledge it: programs that wait for events are not told of it again.
    #[arg(long)]
    pub mark: bool,
}

/// `session tail`
#[derive(Debug, Clone, Copy, Args)]
pub struct Tail {
    /// Do not acknowledge what is printed: it comes again, here and elsewhere. Without this flag each message is
    /// acknowledged once it is printed.
    #[arg(long)]
    pub no_ack: bool,
    /// Events after this cursor [default: all that are not acknowledged]. Nothing is acknowledged then: what came before is
    /// not printed.
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<u64>,
    /// End after so many received messages [default: never].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}

/// A session's 64 digits, or the 66 characters of the identity it is with.
pub(super) fn session_id(text: &str) -> Result<SessionId, String> {
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) if text.len() == 64 => Err("a session id has only the digits 0 to 9 and a to f".into()),
        Err(_) => match text.parse::<IdentityId>() {
            Ok(peer) => Ok(pars_rpc::HexBytes(peer.0)),
            Err(error) if text.starts_with("05") => Err(error.to_string()),
            Err(_) => Err("a session id has 64 digits, an identity 66".into()),
        },
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a value parser gives a Result")]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::from(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::{CommandFactory, Parser};

    const DIGITS: &str = "a1b2c3d4e5f60718a1b2c3d4e5f60718a1b2c3d4e5f60718a1b2c3d4e5f60718";

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["parsctl", "session"].iter().chain(words))
    }

    #[test]
    fn a_session_is_named_by_its_id_or_by_the_others_identity() {
        let id: SessionId = DIGITS.parse().unwrap();
        assert_eq!(session_id(DIGITS), Ok(id));
        assert_eq!(session_id(&format!("05{DIGITS}")), Ok(id));
        assert_eq!(session_id(&IdentityId(id.0).to_checksum_case()), Ok(id));
    }

    #[test]
    fn a_mistyped_session_is_refused_and_told_how() {
        let refusal = |text: &str| session_id(text).unwrap_err();
        assert!(refusal("05ab").contains("66 characters"));
        assert!(refusal(&DIGITS.replace('a', "g")).contains("only the digits"));
        assert!(refusal("hello").contains("64 digits"));
        let mistyped = IdentityId([0xab; 32]).to_checksum_case().replacen('B', "b", 1);
        assert!(refusal(&mistyped).contains("mistyped"), "{mistyped}");
    }

    #[test]
    fn a_text_comes_from_one_place() {
        assert!(parse(&["send", "--session", DIGITS, "--message", "hi"]).is_ok());
        assert!(parse(&["send", "--session", DIGITS, "--message-file", "f"]).is_ok());
        assert!(parse(&["send", "--session", DIGITS]).is_ok());
        assert!(parse(&["send", "--session", DIGITS, "--message", "hi", "--message-file", "f"]).is_err());
        assert!(parse(&["send", "--message", "hi"]).is_err());
    }

    #[test]
    fn the_help_of_message_warns_of_the_process_list_and_its_text_is_not_in_debug() {
        let mut command = Cli::command();
        let send = command.find_subcommand_mut("session").unwrap().find_subcommand_mut("send").unwrap();
        let help = send.render_help().to_string();
        assert!(help.contains("everybody on this machine sees it in the list of processes"), "{help}");
        let cli = parse(&["send", "--session", DIGITS, "--message", "canary"]).unwrap();
        assert!(!format!("{cli:?}").contains("canary"));
    }
}
