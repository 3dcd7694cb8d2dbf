//! The embedded store: durable, bounded, checked when read, and rid of what is forgotten.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pars_blobs::store::{check, put_file, read_file};
use pars_blobs::{BlobError, BlobSource, BlobStore, Folder};
use pars_blocks::{Block, BlockError, Bounds, Cid, Profile, Scope, WalkError, directory};

use crate::support::{QUOTA, bytes, file, folder, raw};

fn files(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn place(dir: &Path, cid: Cid) -> PathBuf {
    let name = cid.to_string();
    files(dir).into_iter().find(|path| path.ends_with(&name)).unwrap()
}

#[tokio::test]
async fn a_file_comes_back_after_the_store_was_opened_again() {
    let (dir, store) = folder();
    let content = bytes(600_000);
    let root = put_file(&store, Profile::KUBO_CID_V1, &content).await.unwrap();
    assert_eq!((root, store.used()), (file(&content).0, root.stored));
    // Again: nothing is stored twice.
    put_file(&store, Profile::KUBO_CID_V1, &content).await.unwrap();
    store.pin(root.cid).await.unwrap();
    drop(store);

    let store = Folder::open(&dir.path().join("blobs"), QUOTA).unwrap();
    assert_eq!((store.used(), store.pins().await.unwrap()), (root.stored, [root.cid].into()));
    let mut read = Vec::new();
    let whole = (Scope::Entity, Bounds::STORED);
    read_file(&store, root.cid, whole, |bytes| read.extend_from_slice(bytes)).await.unwrap();
    assert_eq!(read, content);
    for path in files(dir.path()) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    let missing = raw(b"missing").cid();
    assert!(matches!(store.get(missing).await, Err(BlobError::Missing(cid)) if cid == missing));
    assert_eq!((store.stat(missing).await.unwrap(), store.stat(root.cid).await.unwrap().is_some()), (None, true));
}

#[tokio::test]
async fn a_block_that_changed_on_the_disk_is_named_never_given_and_healed_by_the_right_one() {
    let (dir, store) = folder();
    let content = bytes(300_000);
    let (root, blocks) = file(&content);
    put_file(&store, Profile::KUBO_CID_V1, &content).await.unwrap();
    for block in blocks {
        let (cid, path) = (block.cid(), place(dir.path(), block.cid()));
        let right = fs::read(&path).unwrap();
        let mut flipped = right.clone();
        flipped[right.len() / 3] ^= 4;
        for changed in [flipped, right[..right.len() - 1].to_vec(), Vec::new()] {
            fs::write(&path, changed).unwrap();
            let refused = store.get(cid).await.unwrap_err();
            assert!(matches!(refused, BlobError::Block(BlockError::Altered(named)) if named == cid), "{refused}");
            assert!(refused.to_string().contains(&cid.to_string()));
            assert!(check(&store, root.cid, Bounds::STORED).await.is_err());
            assert!(store.pin(root.cid).await.is_err());
            store.put(block.clone()).await.unwrap();
        }
    }
    check(&store, root.cid, Bounds::STORED).await.unwrap();
    store.pin(root.cid).await.unwrap();
}

#[tokio::test]
async fn the_quota_is_kept_and_what_was_cut_off_by_a_crash_is_gone_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = Folder::open(dir.path(), 1_000).unwrap();
    store.put(raw(&[1; 600])).await.unwrap();
    let refused = store.put(raw(&[2; 401])).await.unwrap_err();
    assert!(matches!(refused, BlobError::Full { quota: 1_000 }));
    store.put(raw(&[3; 400])).await.unwrap();
    assert_eq!((store.used(), files(dir.path()).len()), (1_000, 2));
    drop(store);
    fs::write(dir.path().join("new/7"), [0; 5_000]).unwrap();
    let store = Folder::open(dir.path(), 1_000).unwrap();
    assert_eq!((store.used(), files(dir.path()).len()), (1_000, 2));
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error_and_counts_nothing() {
    let (dir, store) = folder();
    // A file where the folder of written blocks stood: every write fails, as root too.
    let new = dir.path().join("blobs/new");
    fs::remove_dir(&new).unwrap();
    fs::write(&new, []).unwrap();
    let block = raw(b"lost");
    assert!(matches!(store.put(block.clone()).await, Err(BlobError::File { .. })));
    assert_eq!((store.used(), store.stat(block.cid()).await.unwrap()), (0, None));
    fs::remove_file(&new).unwrap();
    fs::create_dir(&new).unwrap();
    store.put(block).await.unwrap();
}

#[tokio::test]
async fn forgetting_removes_what_no_other_pin_holds() {
    let (dir, store) = folder();
    let shared = bytes(262_144);
    let first = put_file(&store, Profile::KUBO_CID_V1, &[&shared[..], b"first"].concat()).await.unwrap().cid;
    let second = put_file(&store, Profile::KUBO_CID_V1, &[&shared[..], b"second"].concat()).await.unwrap();
    // Somebody is just writing this one.
    store.put(raw(b"unfinished")).await.unwrap();
    store.pin(first).await.unwrap();
    store.pin(second.cid).await.unwrap();
    store.unpin(first).await.unwrap();
    assert!(matches!(store.get(first).await, Err(BlobError::Missing(_))));
    assert!(matches!(store.get(raw(b"first").cid()).await, Err(BlobError::Missing(_))));
    check(&store, second.cid, Bounds::STORED).await.unwrap();
    assert_eq!(store.pins().await.unwrap(), [second.cid].into());
    store.unpin(second.cid).await.unwrap();
    store.unpin(second.cid).await.unwrap();
    assert_eq!(store.used(), 10);
    assert_eq!(files(dir.path()), [place(dir.path(), raw(b"unfinished").cid())]);
}

/// Pin a directory of two files, one of which is the same whatever the name; its root, and the blocks of the other file, the
/// node last.
async fn keep(store: &Folder, name: &str) -> (Cid, Vec<Cid>) {
    let (same, blocks) = file(&bytes(300_000));
    let (own, more) = file(&[name.as_bytes(), &bytes(300_000)[..]].concat());
    let (block, root) = directory::build(&[("same", same), (name, own)]).unwrap();
    let cids = more.iter().map(Block::cid).collect();
    for block in [blocks, more, vec![block]].concat() {
        store.put(block).await.unwrap();
    }
    store.pin(root.cid).await.unwrap();
    (root.cid, cids)
}

#[tokio::test]
async fn forgetting_goes_on_after_a_kill_and_past_damaged_blocks() {
    let (dir, store) = folder();
    // A kill in the middle: one file is gone, the root that names it is not.
    let (root, gone) = keep(&store, "first").await;
    for cid in gone {
        fs::remove_file(place(dir.path(), cid)).unwrap();
    }
    store.unpin(root).await.unwrap();
    assert!(files(dir.path()).is_empty(), "neither a block nor the pin");

    // A damaged node of another root keeps nothing of this one, and what the other root is seen to hold stays.
    let (other, blocks) = keep(&store, "second").await;
    let (root, own) = keep(&store, "third").await;
    fs::write(place(dir.path(), blocks[2]), b"no node").unwrap();
    let before = files(dir.path()).len();
    store.unpin(root).await.unwrap();
    assert_eq!((files(dir.path()).len(), store.pins().await.unwrap()), (before - own.len() - 2, [other].into()));
    // Of the damaged one all goes but the two leaves that only the damaged node could name; it is said which.
    let said = store.unpin(other).await.unwrap_err();
    assert!(matches!(said, BlobError::Block(BlockError::Altered(cid)) if cid == blocks[2]), "{said}");
    assert_eq!((files(dir.path()).len(), store.pins().await.unwrap().len()), (2, 0));
}

#[tokio::test]
async fn a_pin_needs_every_block() {
    let (_dir, store) = folder();
    let (root, blocks) = file(&bytes(300_000));
    for block in &blocks[1..] {
        store.put(block.clone()).await.unwrap();
    }
    assert!(matches!(store.pin(root.cid).await, Err(BlobError::Missing(cid)) if cid == blocks[0].cid()));
    assert!(store.pins().await.unwrap().is_empty());
    let bounds = Bounds { blocks: 2, ..Bounds::STORED };
    store.put(blocks[0].clone()).await.unwrap();
    assert!(matches!(check(&store, root.cid, bounds).await, Err(BlobError::Walk(WalkError::Bounds("blocks")))));
}
