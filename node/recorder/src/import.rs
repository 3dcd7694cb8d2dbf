//! A span's folder becomes blocks: as it was closed, or as a killed process left it. No key is needed.
//!
//! It may be done again at any time, and gives the same root: what is there already is not written anew. The folder can be
//! removed when the root is pinned where it has to be.

use std::io::Read;

use pars_blobs::store::{check, put_file};
use pars_blobs::{BlobError, BlobSource, BlobStore};
use pars_blocks::directory::{self, DirectoryError};
use pars_blocks::{Block, Bounds, Cid, FileBuilder, Profile, Root, Scope, Walk};

use crate::manifest::{MANIFEST, Manifest, ManifestError, Part, Segment, Track, WRAPS, segment_name, track_name};
use crate::seal::Ending;
use crate::span::Opening;
use crate::store::{Folder, StoreError, Stored};

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// Why a span is not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The span's opening.
    #[error("the folder holds no span: {0}")]
    Opening(serde_json::Error),
    /// Two segments of one place: two processes have recorded into one folder.
    #[error("segment {segment} of track {track} lies there twice; keep the folder, and look at it")]
    Twice {
        /// Which track.
        track: u16,
        /// Which segment.
        segment: u32,
    },
    /// The block store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file.
    #[error("a segment cannot be read: {0}")]
    Read(#[from] std::io::Error),
}

/// Where a span's blocks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The directory: what is anchored, pinned and fetched.
    pub root: Root,
    /// What it holds.
    pub manifest: Manifest,
}

/// Segments of a track, by number.
type Files = Vec<(u32, Root)>;

/// Put a span's segments, wraps and manifest into a store, and pin them. Reads the disk a piece of 1 MiB at a time.
///
/// # Errors
/// [`ImportError`]; it can be done again.
pub async fn import(folder: &Folder, store: &dyn BlobStore, profile: Profile) -> Result<Imported, ImportError> {
    let opening: Opening = serde_json::from_slice(&folder.opening()?).map_err(ImportError::Opening)?;
    let wraps = put_file(store, profile, &opening.wraps).await?;
    let mut tracks: Vec<Track> = Vec::new();
    let mut roots: Vec<(u16, Files)> = Vec::new();
    let mut last = None;
    for stored in folder.segments()? {
        let (track, segment) = (stored.name.track, stored.name.segment);
        if last.replace((track, segment)) == Some((track, segment)) {
            return Err(ImportError::Twice { track, segment });
        }
        let root = put_segment(folder, store, profile, stored).await?;
        let ending = if stored.is_whole { Ending::Whole } else { Ending::Torn };
        let described = Segment { segment, id: stored.name.id, cid: root.cid, size: root.size, ending };
        match (tracks.last_mut(), roots.last_mut()) {
            (Some(open), Some((_, files))) if open.track == track => {
                open.segments.push(described);
                files.push((segment, root));
            }
            _ => {
                tracks.push(Track { track, segments: vec![described] });
                roots.push((track, vec![(segment, root)]));
            }
        }
    }
    let manifest = Manifest::new(&opening, profile, Part { cid: wraps.cid, size: wraps.size }, tracks);
    let text = put_file(store, profile, &manifest.encode()?).await?;
    let mut entries = vec![(MANIFEST.to_owned(), text), (WRAPS.to_owned(), wraps)];
    for (track, files) in roots {
        let files = files.into_iter().map(|(segment, root)| (segment_name(segment), root)).collect();
        entries.push((track_name(track), put_directory(store, files).await?));
    }
    let root = put_directory(store, entries).await?;
    store.pin(root.cid).await?;
    Ok(Imported { root, manifest })
}

async fn put_segment(
    folder: &Folder,
    store: &dyn BlobStore,
    profile: Profile,
    stored: Stored,
) -> Result<Root, ImportError> {
    let mut file = folder.read(stored)?;
    let (mut builder, mut blocks) = (FileBuilder::new(profile), Vec::new());
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            break;
        }
        builder.push(&piece, &mut blocks).map_err(BlobError::from)?;
        put_all(store, &mut blocks).await?;
    }
    let root = builder.finish(&mut blocks).map_err(BlobError::from)?;
    put_all(store, &mut blocks).await?;
    Ok(root)
}

async fn put_all(store: &dyn BlobStore, blocks: &mut Vec<Block>) -> Result<(), BlobError> {
    for block in blocks.drain(..) {
        store.put(block).await?;
    }
    Ok(())
}

async fn put_directory(store: &dyn BlobStore, entries: Vec<(String, Root)>) -> Result<Root, ImportError> {
    let entries: Vec<_> = entries.iter().map(|(name, root)| (name.as_str(), *root)).collect();
    let (block, root) = directory::build(&entries)?;
    store.put(block).await?;
    Ok(root)
}

/// How many stores hold all of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    /// Stores in which every block was read and checked.
    pub confirmed: usize,
    /// Stores that were asked.
    pub asked: usize,
}

impl Copies {
    /// Copies that a recording needs to count as saved, where there are as many stores.
    pub const WANTED: usize = 2;

    /// Whether it is saved; with one store alone one copy is all there can be, and that has to be said.
    pub fn is_saved(&self) -> bool {
        self.confirmed > 0 && self.confirmed >= Self::WANTED.min(self.asked)
    }
}

/// Put everything below a root into a store, each block checked on its way, and pin it. Gives the bytes of the blocks.
///
/// # Errors
/// [`BlobError`]: the first block that is not to be had; what is there already stays, and it can be done again.
pub async fn copy(from: &dyn BlobSource, to: &dyn BlobStore, root: Cid) -> Result<u64, BlobError> {
    let (mut walk, mut bytes) = (Walk::new(root, Scope::All, Bounds::STORED), 0);
    while let Some(cid) = walk.wanted() {
        let (block, _) = walk.supply(from.get(cid).await?.into_data())?;
        bytes += block.data().len() as u64;
        to.put(block).await?;
    }
    to.pin(root).await?;
    Ok(bytes)
}

/// Read everything below a root in each store: after an import, and each day.
pub async fn confirm(stores: &[&dyn BlobStore], root: Cid) -> Copies {
    let mut copies = Copies { confirmed: 0, asked: stores.len() };
    for store in stores {
        copies.confirmed += usize::from(check(*store as &dyn BlobSource, root, Bounds::STORED).await.is_ok());
    }
    copies
}
