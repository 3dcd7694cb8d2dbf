//! The committed corpus: `tests/fuzz/corpus/<target>/<name>`, one input a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fs, io};

use crate::targets;

/// One input of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The target's name.
    pub target: &'static str,
    /// What it is: the file's name.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
}

/// A seed's name and the change that makes it out of a valid one.
pub(crate) type Hostile<'a> = (&'a str, &'a dyn Fn(&mut Vec<u8>));

/// Collects the seeds of targets.
#[derive(Debug, Default)]
pub(crate) struct Seeds(Vec<Seed>);

impl Seeds {
    pub(crate) fn add(&mut self, target: &'static str, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.push(Seed { target, name: name.to_owned(), bytes: bytes.as_ref().to_vec() });
    }

    /// The seed, and the same bytes with one change that makes another thing of them.
    pub(crate) fn add_with(&mut self, target: &'static str, name: &str, bytes: &[u8], hostile: &[Hostile<'_>]) {
        self.add(target, name, bytes);
        for (name, change) in hostile {
            let mut changed = bytes.to_vec();
            change(&mut changed);
            self.add(target, name, changed);
        }
    }
}

/// Every seed that the program makes: valid inputs of each target, and hostile ones that need thought. The same on every
/// run.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Seeds::default();
    targets::seeds(&mut seeds);
    for (target, _) in targets::TARGETS {
        seeds.add(target, "empty", []);
        seeds.add(target, "ones", [0xff; 48]);
    }
    seeds.0
}

/// The folder of the corpus.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

/// The committed files of one target by name.
///
/// # Errors
/// If the folder or a file cannot be read.
pub fn files(target: &str) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let entries = fs::read_dir(folder().join(target))?;
    entries
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
        })
        .collect()
}

/// Write every seed; files that are not seeds stay.
///
/// # Errors
/// If a folder or file cannot be written.
pub fn write() -> io::Result<usize> {
    let seeds = seeds();
    for Seed { target, name, bytes } in &seeds {
        let folder = folder().join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(seeds.len())
}
