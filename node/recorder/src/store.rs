//! Where sealed segments lie while a span is recorded: files that only grow, and a name that says whether one is whole.
//!
//! | Name | What |
//! |---|---|
//! | `span.json` | what is known when the span begins: [`crate::span::Opening`] |
//! | `tttt-sssss-<id32>.part` | track, segment of it, file id; it grows |
//! | `tttt-sssss-<id32>.seg` | the same, its last chunk in it |
//!
//! A process that is killed leaves whole files and at most one growing one a track. Appending does not sync: what a killed process
//! wrote is there, what a machine that lost power wrote may not be. Finishing does, before the name changes.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use pars_crypto::chunks::FileId;

/// Tracks of a span at most; 0 is its timeline.
pub const MAX_TRACKS: u16 = 9_999;
/// Segments of a track at most: 69 days of one a minute.
pub const MAX_SEGMENTS: u32 = 99_999;

/// Why a store does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error("the disk of {0} is full; the recording stops, what is finished of it stays; make room and seal it")]
    DiskFull(PathBuf),
    /// Something of this name is there.
    #[error("{0} is there already: a span's folder is used once")]
    Exists(PathBuf),
    /// A file.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The name of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Which track; 0 is the timeline.
    pub track: u16,
    /// Which part of it, from 0.
    pub segment: u32,
    /// The sealed file.
    pub id: FileId,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:05}-{}", self.track, self.segment, hex::encode(self.id.0))
    }
}

impl Name {
    /// Read what [`fmt::Display`] writes, and only that.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (track, segment, id) = (parts.next()?, parts.next()?, parts.next()?);
        let mut bytes = [0; 16];
        hex::decode_to_slice(id, &mut bytes).ok()?;
        let name = Self { track: track.parse().ok()?, segment: segment.parse().ok()?, id: FileId(bytes) };
        (name.track <= MAX_TRACKS && name.segment <= MAX_SEGMENTS && name.to_string() == text).then_some(name)
    }
}

/// A segment that lies in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// Its name.
    pub name: Name,
    /// Whether it was finished.
    pub is_whole: bool,
    /// Its bytes.
    pub size: u64,
}

/// What keeps a span's segments.
pub trait Store {
    /// Keep what is known when the span begins, durably.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if a span lies there already.
    fn open_span(&mut self, opening: &[u8]) -> Result<(), StoreError>;

    /// Append to a segment, which begins with the first bytes.
    ///
    /// # Errors
    /// [`StoreError`]; a part may have been written.
    fn append(&mut self, name: Name, bytes: &[u8]) -> Result<(), StoreError>;

    /// A segment is whole: make it durable, then say so in its name.
    ///
    /// # Errors
    /// [`StoreError`].
    fn finish(&mut self, name: Name) -> Result<(), StoreError>;
}

/// A span's folder, closed to others.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// Name of the opening.
pub const OPENING: &str = "span.json";
/// Bytes of an opening at most: 1,024 wraps of 1,168 bytes in hexadecimal digits, and a page more.
const MAX_OPENING: u64 = 3 << 20;

impl Folder {
    /// A folder that is there, or is made.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| failed(path, &e))?;
        Ok(Self(path.to_owned()))
    }

    /// Whether a span has begun in the folder of this path: its opening is durable.
    pub fn holds_span(path: &Path) -> bool {
        path.join(OPENING).exists()
    }

    /// What was known when the span began.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn opening(&self) -> Result<Vec<u8>, StoreError> {
        let path = self.0.join(OPENING);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_OPENING).read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|e| failed(&path, &e))
    }

    /// The segments, by track and number. Files of other names are passed over.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn segments(&self) -> Result<Vec<Stored>, StoreError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(|e| failed(&self.0, &e))? {
            let entry = entry.map_err(|e| failed(&self.0, &e))?;
            let text = entry.file_name();
            let Some((name, ending)) = text.to_str().and_then(|text| text.split_once('.')) else { continue };
            let (Some(name), true) = (Name::parse(name), ["seg", "part"].contains(&ending)) else { continue };
            let size = entry.metadata().map_err(|e| failed(&entry.path(), &e))?.len();
            found.push(Stored { name, is_whole: ending == "seg", size });
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Read a segment.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn read(&self, stored: Stored) -> Result<impl Read + use<>, StoreError> {
        let path = self.path(stored.name, stored.is_whole);
        File::open(&path).map_err(|e| failed(&path, &e))
    }

    /// Remove the span: its segments, then the folder.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn remove(self) -> Result<(), StoreError> {
        fs::remove_dir_all(&self.0).map_err(|e| failed(&self.0, &e))
    }

    /// Where it is.
    pub fn place(&self) -> &Path {
        &self.0
    }

    fn path(&self, name: Name, is_whole: bool) -> PathBuf {
        self.0.join(format!("{name}.{}", if is_whole { "seg" } else { "part" }))
    }
}

impl Store for Folder {
    fn open_span(&mut self, opening: &[u8]) -> Result<(), StoreError> {
        let (path, new) = (self.0.join(OPENING), self.0.join("span.new"));
        if path.exists() {
            return Err(StoreError::Exists(path));
        }
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(opening)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().and_then(|()| sync(&self.0)).map_err(|e| failed(&path, &e))
    }

    fn append(&mut self, name: Name, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name, false);
        let open = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        open.and_then(|mut file| file.write_all(bytes)).map_err(|e| failed(&path, &e))
    }

    fn finish(&mut self, name: Name) -> Result<(), StoreError> {
        let (part, whole) = (self.path(name, false), self.path(name, true));
        File::open(&part)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&part, &whole))
            .and_then(|()| sync(&self.0))
            .map_err(|e| failed(&part, &e))
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull(path.to_owned()),
        io::ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
        _ => StoreError::File { path: path.to_owned(), reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        // What the system says when a device has no room.
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = full.write_all(b"x").unwrap_err();
        assert!(matches!(failed(Path::new("p"), &error), StoreError::DiskFull(path) if path == Path::new("p")));
        let other = File::open("/nowhere/at/all").unwrap_err();
        assert!(matches!(failed(Path::new("p"), &other), StoreError::File { .. }));
    }

    #[test]
    fn a_name_is_read_in_its_one_form() {
        let name = Name { track: 3, segment: 12, id: FileId([0xab; 16]) };
        let text = name.to_string();
        assert_eq!(text, format!("0003-00012-{}", "ab".repeat(16)));
        assert_eq!(Name::parse(&text), Some(name));
        let bad = ["3-12-ab", "0003-00012-", "../0003-00012", ""].map(str::to_owned);
        let more = [text.to_uppercase(), format!("{text}-"), format!("0{text}"), text.replace("0003", "+003")];
        assert!(bad.into_iter().chain(more).all(|text| Name::parse(&text).is_none()));
    }
}
