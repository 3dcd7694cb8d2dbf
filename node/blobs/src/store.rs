//! What a store of blocks does, and files as blocks in it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use futures::future::BoxFuture;
use pars_blocks::build::BuildError;
use pars_blocks::node::{Node, NodeError};
use pars_blocks::walk::Visit;
use pars_blocks::{Block, BlockError, Bounds, Cid, Codec, FileBuilder, Profile, Root, Scope, Walk, WalkError};

/// What a store's methods give.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BlobError>>;

/// Why a store does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Not there.
    #[error("block {0} is not in the store; get it from another one")]
    Missing(Cid),
    /// Not what it was, or not a block.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The store's own limit.
    #[error("the store's quota of {quota} bytes is used up; forget a recording, or raise the quota")]
    Full {
        /// The limit.
        quota: u64,
    },
    /// The file system's.
    #[error("the disk of {0} is full; make room")]
    DiskFull(PathBuf),
    /// A file.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What hangs below a root.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A node.
    #[error("block {0}: {1}")]
    Node(Cid, NodeError),
    /// A file that cannot be cut into blocks.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Another machine does not answer.
    #[error("{0} does not answer; see whether it runs, and its address")]
    Silent(&'static str),
    /// Another machine refuses.
    #[error("{what} refuses with status {status}: {text}")]
    Refused {
        /// Who, and what.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// The first words of what it says, without control characters.
        text: String,
    },
    /// Another machine says something else than it was asked.
    #[error("{0} gives an answer that is none, or of other content; it is not to be trusted")]
    Answer(&'static str),
    /// An answer without end.
    #[error("{what} answers with more than {most} bytes")]
    TooLong {
        /// Who, and what.
        what: &'static str,
        /// The most.
        most: usize,
    },
    /// No address of an HTTP service. Off this machine a tunnel carries it: there is no TLS here.
    #[error("{0} is no http:// URL")]
    Url(String),
    /// The system.
    #[error("the system gives no {0}")]
    System(&'static str),
}

/// Where blocks can be read.
pub trait BlobSource: fmt::Debug + Send + Sync {
    /// The block of this name, checked.
    ///
    /// # Errors
    /// [`BlobError`]: [`BlobError::Missing`] if it is not there, [`BlobError::Block`] if other bytes are.
    fn get(&self, cid: Cid) -> Answer<'_, Block>;
}

/// Where blocks are kept.
pub trait BlobStore: BlobSource {
    /// Keep a block. When this answers, it is durable as far as the store can tell.
    ///
    /// # Errors
    /// [`BlobError`].
    fn put(&self, block: Block) -> Answer<'_, ()>;

    /// Bytes of a block; nothing if it is not there.
    ///
    /// # Errors
    /// [`BlobError`].
    fn stat(&self, cid: Cid) -> Answer<'_, Option<u64>>;

    /// Keep everything below a root until it is unpinned. All of it has to be there.
    ///
    /// # Errors
    /// [`BlobError`].
    fn pin(&self, root: Cid) -> Answer<'_, ()>;

    /// Keep it no longer. The embedded store removes what no other pin holds, an IPFS node does so when it next cleans up.
    ///
    /// # Errors
    /// [`BlobError`].
    fn unpin(&self, root: Cid) -> Answer<'_, ()>;

    /// The roots that are pinned.
    ///
    /// # Errors
    /// [`BlobError`].
    fn pins(&self) -> Answer<'_, BTreeSet<Cid>>;
}

/// Put a file that is at hand whole.
///
/// # Errors
/// [`BlobError`].
pub async fn put_file(store: &dyn BlobStore, profile: Profile, bytes: &[u8]) -> Result<Root, BlobError> {
    let (mut builder, mut blocks) = (FileBuilder::new(profile), Vec::new());
    // So that the blocks of one leaf at most wait.
    for piece in bytes.chunks(profile.leaf()) {
        builder.push(piece, &mut blocks)?;
        for block in blocks.drain(..) {
            store.put(block).await?;
        }
    }
    let root = builder.finish(&mut blocks)?;
    for block in blocks {
        store.put(block).await?;
    }
    Ok(root)
}

/// Read a file, or a part of one, in verified pieces of a leaf at most.
///
/// # Errors
/// [`BlobError`]: what was given before stands.
pub async fn read_file(
    source: &dyn BlobSource,
    root: Cid,
    (scope, bounds): (Scope, Bounds),
    mut sink: impl FnMut(&[u8]) + Send,
) -> Result<(), BlobError> {
    let mut walk = Walk::new(root, scope, bounds);
    while let Some(cid) = walk.wanted() {
        let block = source.get(cid).await?;
        if let (_, Visit::Bytes(bytes)) = walk.supply(block.into_data())? {
            sink(&bytes);
        }
    }
    Ok(())
}

/// See that everything below a root is there and whole.
///
/// # Errors
/// [`BlobError`]: the first block that is not.
pub async fn check(source: &dyn BlobSource, root: Cid, bounds: Bounds) -> Result<(), BlobError> {
    read_file(source, root, (Scope::All, bounds), |_| {}).await
}

/// What a block links to.
///
/// # Errors
/// [`BlobError::Node`].
pub(crate) fn links(block: &Block) -> Result<Vec<Cid>, BlobError> {
    match block.cid().codec() {
        Codec::Raw => Ok(Vec::new()),
        Codec::DagPb => {
            let node = Node::decode(block.data()).map_err(|error| BlobError::Node(block.cid(), error))?;
            Ok(node.links.into_iter().map(|link| link.cid).collect())
        }
    }
}
