//! Receiving a blob in verified ranges: each group is checked against the hash before it is written, and a transfer
//! goes on where the last one broke off, from whomever.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Arc, PoisonError},
};

use bao_tree::{
    ChunkRanges,
    io::{
        BaoContentItem, DecodeError,
        outboard::PreOrderOutboard,
        sync::{DecodeResponseIter, OutboardMut, valid_ranges},
    },
};
use tokio_stream::Stream;
use volbridge_proto::BlobHash;

use super::{
    BlobError, BlobStore, GROUP,
    pipe::{self, Reader},
    root,
    store::ranges,
    tree,
};

/// A blob that is coming in. Dropped, it keeps what was verified, until [`BlobStore::delete`].
#[derive(Debug)]
pub struct Receiving {
    partial: Arc<Partial>,
    offset: u64,
}

#[derive(Debug)]
struct Partial {
    store: BlobStore,
    hash: BlobHash,
    size: u64,
    data: File,
    tree: File,
}

impl BlobStore {
    /// Begins or resumes to receive a blob of `size` bytes; `allowance` is what is left of its partner's quota.
    /// Only one receives a blob at a time.
    pub async fn receive(&self, hash: BlobHash, size: u64, allowance: u64) -> Result<Receiving, BlobError> {
        self.admit(size, allowance)?;
        if !self.receiving.lock().unwrap_or_else(PoisonError::into_inner).insert(hash) {
            return Err(BlobError::Busy(hash));
        }
        let (data, tree) = self.partial_paths(hash);
        let opened = open(&data).and_then(|data| Ok((data, open(&tree)?)));
        let (data, tree) = opened.inspect_err(|_| self.done(hash))?;
        let partial = Arc::new(Partial { store: self.clone(), hash, size, data, tree });
        let checked = partial.clone();
        let offset = self.blocking(move || checked.verified()).await?;
        Ok(Receiving { partial, offset })
    }

    fn done(&self, hash: BlobHash) {
        self.receiving.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
    }
}

impl Receiving {
    /// Everything before this is here: where to ask on, a multiple of [`GROUP`] or the size.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Is all of it here?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.offset == self.partial.size
    }

    /// Takes the encoding of `length` bytes from [`Receiving::offset`] on (0: to the end), as `encode` makes it. What was
    /// verified before an error stays; at the first byte that is wrong, it ends.
    pub async fn decode<E: std::fmt::Display>(
        &mut self,
        length: u64,
        encoded: impl Stream<Item = Result<Vec<u8>, E>>,
    ) -> Result<(), BlobError> {
        let (to, from) = pipe::channel();
        let (partial, offset) = (self.partial.clone(), self.offset);
        let ranges = ranges(partial.size, offset, length)?;
        let store = partial.store.clone();
        let decoded = store.blocking(move || {
            let mut reached = offset;
            let result = partial.decode(&ranges, Reader::new(from), &mut reached);
            Ok((reached, result))
        });
        let (decoded, ()) = tokio::join!(decoded, pipe::forward(encoded, to));
        let (reached, result) = decoded?;
        self.offset = reached;
        result
    }

    /// Puts a complete blob in its place, durably, after reading it back from the disk.
    pub async fn finish(self) -> Result<BlobHash, BlobError> {
        let partial = self.partial.clone();
        let store = partial.store.clone();
        store.blocking(move || partial.finish()).await
    }
}

impl Partial {
    fn outboard(&self) -> Result<PreOrderOutboard<File>, BlobError> {
        let data = self.tree.try_clone().map_err(|source| self.failed(source))?;
        Ok(PreOrderOutboard { root: root(self.hash), tree: tree(self.size), data })
    }

    fn failed(&self, source: io::Error) -> BlobError {
        BlobError::File { path: self.store.partial_paths(self.hash).0, source }
    }

    /// How many bytes from the start are on disk and right.
    fn verified(&self) -> Result<u64, BlobError> {
        let outboard = self.outboard()?;
        let mut end = 0;
        for range in valid_ranges(outboard, &self.data, &ChunkRanges::all()) {
            let range = range.map_err(|source| self.failed(source))?;
            if range.start.to_bytes() > end {
                break;
            }
            end = range.end.to_bytes().min(self.size);
        }
        Ok(if end == self.size { end } else { end - end % GROUP })
    }

    fn decode(&self, ranges: &ChunkRanges, mut from: Reader, reached: &mut u64) -> Result<(), BlobError> {
        let mut outboard = self.outboard()?;
        let items = DecodeResponseIter::new(root(self.hash), tree(self.size), &mut from, ranges);
        let mut failure = None;
        for item in items {
            match item {
                Ok(BaoContentItem::Parent(parent)) => {
                    outboard.save(parent.node, &parent.pair).map_err(|source| self.failed(source))?;
                }
                Ok(BaoContentItem::Leaf(leaf)) => {
                    self.data.write_all_at(&leaf.data, leaf.offset).map_err(|source| self.failed(source))?;
                    if leaf.offset <= *reached {
                        *reached = (*reached).max(leaf.offset + leaf.data.len() as u64);
                    }
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        match failure {
            None => Ok(()),
            Some(DecodeError::ParentHashMismatch(_) | DecodeError::LeafHashMismatch(_)) => {
                Err(BlobError::WrongHash(self.hash))
            }
            Some(DecodeError::ParentNotFound(_) | DecodeError::LeafNotFound(_)) => {
                Err(BlobError::Size { declared: self.size, found: *reached })
            }
            Some(DecodeError::Io(source)) => Err(from.failure().unwrap_or_else(|| self.failed(source))),
        }
    }

    fn finish(&self) -> Result<BlobHash, BlobError> {
        let found = self.verified()?;
        if found != self.size {
            return Err(BlobError::Size { declared: self.size, found });
        }
        let failed = |source| self.failed(source);
        // A blob of no bytes has no groups to check.
        if self.size == 0 && blake3::hash(&[]).as_bytes() != self.hash.as_bytes() {
            return Err(BlobError::WrongHash(self.hash));
        }
        self.data.set_len(self.size).map_err(failed)?;
        self.data.sync_all().map_err(failed)?;
        self.tree.sync_all().map_err(failed)?;
        self.store.make_folder(self.hash)?;
        let (data, tree) = self.store.partial_paths(self.hash);
        fs::rename(tree, self.store.tree_path(self.hash)).map_err(failed)?;
        self.store.rename(&data, self.hash)?;
        Ok(self.hash)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.store.done(self.hash);
    }
}

fn open(path: &Path) -> Result<File, BlobError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| BlobError::File { path: path.to_owned(), source })
}
