//! Blobs: files by the BLAKE3 hash of their bytes, each stored once, moved in verified ranges.
//!
//! Names of files come from hashes alone (threats.md T51). Bytes that weren't verified are never served: a range goes out
//! with the proof that it belongs to the hash, checked again while it is read (T52, F13). Who reads holds neither a
//! thread nor a file between two pieces, so that nobody's slowness is another's (T21).

mod incoming;
mod marks;
mod reading;
mod receive;
mod slots;
pub mod store;
mod sweep;
mod work;

use std::{io, path::PathBuf};

use bao_tree::{BaoTree, BlockSize};
use volbridge_proto::{BlobHash, Code};

pub use receive::Receiving;
pub use slots::READS;
pub use store::{BlobStore, Kept};
pub use sweep::{delete_unnamed, forget_uploads, sweep};

use crate::store::alarm::{is_broken, is_full};

/// 16 KiB groups: what a range's start is a multiple of. Costs 0.4 % for the tree beside the bytes.
pub const GROUP: u64 = 16 * 1024;

/// The most bytes in one piece of an encoded stream.
pub const PIECE: usize = 256 * 1024;

const BLOCK: BlockSize = BlockSize::from_chunk_log(4);

fn tree(size: u64) -> BaoTree {
    BaoTree::new(size, BLOCK)
}

fn root(hash: BlobHash) -> blake3::Hash {
    (*hash.as_bytes()).into()
}

/// Why a blob can't be stored or served.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It isn't here.
    #[error("blob {0} isn't held here")]
    Unknown(BlobHash),
    /// The bytes don't belong to the hash.
    #[error("the bytes don't have the hash {0}")]
    WrongHash(BlobHash),
    /// More or fewer bytes than declared.
    #[error("declared {declared} bytes, got {found}")]
    Size {
        /// What was said beforehand.
        declared: u64,
        /// What came, up to the first byte too many.
        found: u64,
    },
    /// Larger than the limit that applies.
    #[error("{size} bytes are more than the {limit} that are allowed")]
    TooLarge {
        /// What was declared.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A range outside of the blob, or not at a group's start.
    #[error("the range doesn't start at a multiple of 16384 inside of the blob")]
    Range,
    /// The file on this disk is damaged: fetch it again.
    #[error("blob {0} is damaged on this disk")]
    Corrupt(BlobHash),
    /// The same blob is being received already.
    #[error("blob {0} is being received already")]
    Busy(BlobHash),
    /// A partner reads as many blobs as it may, or too many come in.
    #[error("too many blobs are under way")]
    TooMany,
    /// The other side paused for too long.
    #[error("the other side paused for too long")]
    Slow,
    /// The sender broke off.
    #[error("the sender broke off: {0}")]
    Source(String),
    /// Nobody wants it any more.
    #[error("blob {0} isn't wanted any more")]
    Unwanted(BlobHash),
    /// The disk.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Bytes, a length or a name could not be written, or not be made to last. What was being written is given up.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A write to disk failed earlier: nothing more is stored until a restart.
    #[error("a write to disk failed: the node stores nothing until it is restarted")]
    Failed,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl BlobError {
    /// Its stable name.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown(_) => Code::BlobUnknown,
            Self::WrongHash(_) => Code::BlobHash,
            Self::Size { .. } => Code::BlobSize,
            Self::TooLarge { .. } => Code::BlobTooLarge,
            Self::Range => Code::BlobRange,
            Self::Corrupt(_) => Code::StoreCorrupt,
            Self::TooMany => Code::RateLimited,
            Self::Slow => Code::DeadlineExceeded,
            Self::Busy(_) | Self::Source(_) | Self::Unwanted(_) => Code::Unavailable,
            Self::Write { source, .. } if is_full(source) => Code::StoreFull,
            Self::Write { source, .. } if is_broken(source) => Code::StoreFailed,
            Self::Failed => Code::StoreFailed,
            Self::File { .. } | Self::Write { .. } => Code::Internal,
            Self::Stopping => Code::ShuttingDown,
        }
    }
}
