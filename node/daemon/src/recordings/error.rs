//! Why the library does not do what it was asked for.

use std::path::PathBuf;

use pars_blobs::BlobError;
use pars_keyfile::FileError;
use pars_proto::room::recording::WrapError;
use pars_recorder::import::ImportError;
use pars_recorder::play::PlayError;
use pars_recorder::span::SpanError;
use pars_recorder::wraps::UnwrapError;
use pars_rpc::{Code, RpcError};

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A folder.
    #[error("the folder {0} cannot be used: {1}")]
    Folder(PathBuf, std::io::Error),
    /// A sealed file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A value that cannot be written.
    #[error("what is known of a recording cannot be written: {0}")]
    Row(#[from] serde_json::Error),
    /// The own index.
    #[error("the own index does not answer: {0}")]
    Index(#[from] pars_indexer::StoreError),
    /// The block store, or another one.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A recording key that nothing can be wrapped for.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// What is recorded.
    #[error(transparent)]
    Span(#[from] SpanError),
    /// Files into blocks.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// What is checked or opened.
    #[error(transparent)]
    Play(PlayError),
    /// The wraps.
    #[error(transparent)]
    Wraps(#[from] UnwrapError),
    /// Neither here nor on chain.
    #[error("this daemon knows no such recording, and the chain names none; `recording.list` shows what there is")]
    Unknown,
    /// No key.
    #[error("this daemon holds no key that opens the recording: it never consented to it, or the key was forgotten")]
    NoKey,
    /// Not yet on chain.
    #[error(
        "the chain does not name in a final block what was recorded; wait until whoever recorded it has anchored it"
    )]
    NotAnchored,
    /// Blocks are elsewhere.
    #[error("the recording is not all in this daemon's store ({0}); fetch it first, and name a gateway that has it")]
    NotHere(BlobError),
    /// An anchor that leads to something else.
    #[error("the files that the chain names are of another span; whoever anchored them lies")]
    OtherSpan,
    /// Recorded now.
    #[error("the span is being recorded; stop the recording first")]
    Running,
    /// Once is enough.
    #[error("the span was recorded already; a span is recorded once, another roster makes another span")]
    Recorded,
    /// Another span needs the key.
    #[error(
        "span {0} of the same recording opens with the same key, and its files are not all here or not anchored yet; \
         fetch it first, or forget the whole recording"
    )]
    Shared(pars_wire::RecordingId),
    /// No absolute path.
    #[error("{0} is no absolute path; give one that begins with /")]
    Path(PathBuf),
    /// More than a page holds.
    #[error("track {0} is too large to be read in pieces; write it to a file: parsctl recording play")]
    TooLarge(u16),
    /// No such track.
    #[error("the recording has no track {0} of which a frame is left")]
    NoTrack(u16),
}

impl From<PlayError> for LibraryError {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::Blob(error @ BlobError::Missing(_)) => Self::NotHere(error),
            other => Self::Play(other),
        }
    }
}

impl From<LibraryError> for RpcError {
    fn from(error: LibraryError) -> Self {
        let code = match &error {
            LibraryError::Unknown | LibraryError::NotHere(_) => Code::RecordingUnknown,
            LibraryError::NoKey => Code::RecordingKeyMissing,
            LibraryError::TooLarge(_) => Code::ContentSize,
            LibraryError::NotAnchored => Code::NotAnchored,
            LibraryError::Running | LibraryError::Recorded | LibraryError::Shared(_) => Code::NotAllowed,
            LibraryError::Path(_) | LibraryError::NoTrack(_) | LibraryError::Blob(BlobError::Url(_)) => {
                Code::InvalidParams
            }
            // A folder that the caller named, or a file in it that is there.
            LibraryError::Play(PlayError::File { .. }) => Code::InvalidParams,
            LibraryError::OtherSpan | LibraryError::Wraps(_) | LibraryError::Play(_) => Code::Forged,
            LibraryError::Blob(BlobError::Missing(_)) => Code::RecordingUnknown,
            _ => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}
