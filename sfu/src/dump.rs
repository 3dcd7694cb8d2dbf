//! Everything the server sees, in one file. Development only: the canary journey searches it for what must not be there.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write as _},
    path::Path,
};

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

    /// Hands over what is buffered.
    pub(crate) fn flush(&mut self) {
        if let Some(file) = &mut self.0 {
            let _ = file.flush();
        }
    }
}
