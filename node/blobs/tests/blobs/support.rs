//! What the tests share: blocks, a port that serves a router.

use axum::Router;
use pars_blobs::folder::Folder;
use pars_blocks::{Block, Codec, FileBuilder, Profile, Root};
use tokio::net::TcpListener;

/// More than any test stores.
pub(crate) const QUOTA: u64 = 64 << 20;

/// A block of bytes.
pub(crate) fn raw(bytes: &[u8]) -> Block {
    Block::new(Codec::Raw, bytes.to_vec()).unwrap()
}

/// Bytes that do not repeat.
pub(crate) fn bytes(size: usize) -> Vec<u8> {
    (0_u32..).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(size).collect()
}

/// The blocks of a file, root last.
pub(crate) fn file(bytes: &[u8]) -> (Root, Vec<Block>) {
    let (mut builder, mut blocks) = (FileBuilder::new(Profile::KUBO_CID_V1), Vec::new());
    builder.push(bytes, &mut blocks).unwrap();
    let root = builder.finish(&mut blocks).unwrap();
    (root, blocks)
}

/// A store in a new directory.
pub(crate) fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(&dir.path().join("blobs"), QUOTA).unwrap();
    (dir, folder)
}

/// Serve on a free port of loopback until the test ends.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    format!("http://{address}")
}
