//! Everything the server sees, in one file. Development only: the canary journey searches it for what must not be there.
//!
//! | Kind | Bytes |
//! |---|---|
//! | `join`, `admin` | what a client joined with (the pass's claims, not the pass), a host's request: in words |
//! | `signal in`, `signal out` | messages of signalling, as LiveKit encodes them |
//! | `data` | packets of data |
//! | `rtp audio`, `rtp video`, `rtp` | payloads of media: of tracks of sound, of picture, of no track |

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write as _},
    path::Path,
};

use pars_sfu_core::Kind;
use prost::Message as _;

use crate::inlet::Command;

/// An open dump, or none.
#[derive(Debug, Default)]
pub(crate) struct Dump(Option<BufWriter<File>>);

impl Dump {
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let file = path.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
        Ok(Self(file.map(BufWriter::new)))
    }

    /// Appends `kind`, the length and the bytes. A dump that cannot be written ends, with a line that says so.
    pub(crate) fn write(&mut self, kind: &str, bytes: &[u8]) {
        let Some(file) = &mut self.0 else { return };
        let head = format!("\n== {kind} {}\n", bytes.len());
        if let Err(error) = file.write_all(head.as_bytes()).and_then(|()| file.write_all(bytes)) {
            tracing::error!(%error, "the dump ends here");
            self.0 = None;
        }
    }

    /// A payload of media; `kind` is asked for only if it is written down.
    pub(crate) fn media(&mut self, kind: impl FnOnce() -> Option<Kind>, payload: &[u8]) {
        if self.0.is_none() {
            return;
        }
        let kind = match kind() {
            Some(Kind::Audio) => "rtp audio",
            Some(Kind::Video) => "rtp video",
            None => "rtp",
        };
        self.write(kind, payload);
    }

    /// What came over a connection, before it is acted upon.
    pub(crate) fn command(&mut self, command: &Command) {
        if self.0.is_none() {
            return;
        }
        match command {
            Command::Join { join, .. } => self.write("join", format!("{join:?}").as_bytes()),
            Command::Signal { request, .. } => self.write("signal in", &request.encode_to_vec()),
            Command::Admin { request, .. } => self.write("admin", format!("{request:?}").as_bytes()),
            Command::Admits { .. } | Command::Closed { .. } => {}
        }
    }

    /// Hands over what is buffered.
    pub(crate) fn flush(&mut self) {
        if let Some(file) = &mut self.0 {
            let _ = file.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_written_down_with_their_kind_which_nobody_asks_for_without_a_dump() {
        let path = std::env::temp_dir().join(format!("sfu-dump-{}", std::process::id()));
        let mut dump = Dump::open(Some(&path)).unwrap();
        for kind in [Some(Kind::Audio), Some(Kind::Video), None] {
            dump.media(|| kind, b"ab");
        }
        dump.flush();
        assert_eq!(std::fs::read(&path).unwrap(), b"\n== rtp audio 2\nab\n== rtp video 2\nab\n== rtp 2\nab");
        std::fs::remove_file(path).unwrap();
        Dump::default().media(|| unreachable!("no dump is written"), b"ab");
    }
}
