//! Receiving a blob in verified ranges: each group is checked against the hash before it is written, and a transfer
//! goes on where the last one broke off, from whomever.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use bao_tree::{
    ByteRanges, ChunkRanges,
    io::{
        BaoContentItem, DecodeError,
        outboard::PreOrderOutboard,
        round_up_to_chunks,
        sync::{DecodeResponseIter, OutboardMut, valid_ranges},
    },
};
use tokio_stream::Stream;
use volbridge_proto::BlobHash;

use super::{
    BlobError, BlobStore, GROUP, Kept,
    incoming::{self, Reader},
    marks::Mark,
    reading::groups,
    root, tree,
};

/// A blob that is coming in. Dropped, it keeps what was verified, for the next to go on with.
#[derive(Debug)]
pub struct Receiving {
    partial: Arc<Partial>,
    offset: u64,
    mark: Arc<Mark>,
}

#[derive(Debug)]
struct Partial {
    store: BlobStore,
    hash: BlobHash,
    size: u64,
    data: File,
    tree: File,
    // A thread that still writes keeps others away, although nobody waits for it any more.
    _mark: Arc<Mark>,
}

impl BlobStore {
    /// Begins or resumes to receive a blob of `size` bytes; `allowance` is what is left of its partner's quota.
    /// Only one receives a blob at a time.
    ///
    /// # Errors
    /// When it is too large, or is being received; when the disk fails.
    pub async fn receive(&self, hash: BlobHash, size: u64, allowance: u64) -> Result<Receiving, BlobError> {
        self.admit(size, allowance)?;
        let mark = Arc::new(self.marks.try_take(hash).ok_or(BlobError::Busy(hash))?);
        let (store, held) = (self.clone(), Arc::clone(&mark));
        let opened = self.threads.on_disk(move || {
            let (data, tree) = store.partial_paths(hash, size);
            let (data, tree) = (open(&data)?, open(&tree)?);
            let partial = Partial { store, hash, size, data, tree, _mark: held };
            let offset = partial.verified()?;
            Ok((Arc::new(partial), offset))
        });
        let (partial, offset) = opened.await?;
        Ok(Receiving { partial, offset, mark })
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
        let (inlet, from) = incoming::channel();
        let (partial, offset) = (self.partial.clone(), self.offset);
        let groups = groups(partial.size, offset, length)?;
        let ranges = round_up_to_chunks(&ByteRanges::from(groups));
        let store = &self.partial.store;
        let (hash, wanted_away) = (partial.hash, self.mark.give_up());
        let given_up = async {
            tokio::select! {
                () = store.threads.hung_up() => BlobError::Stopping,
                () = wanted_away.cancelled() => BlobError::Unwanted(hash),
            }
        };
        let decoded = store.threads.incoming(store.patience, move || {
            let mut reached = offset;
            let result = partial.decode(&ranges, from, &mut reached);
            partial.store.threads.hear(&result);
            Ok((reached, result))
        });
        let (decoded, ()) = tokio::join!(decoded, inlet.forward(encoded, store.patience, given_up));
        let (reached, result) = decoded?;
        self.offset = reached;
        result
    }

    /// Puts a complete blob in its place, durably. Nobody deletes it before [`Kept`] is dropped.
    ///
    /// # Errors
    /// When it isn't complete, or the disk fails.
    pub async fn finish(self) -> Result<Kept, BlobError> {
        let (partial, found, mark) = (self.partial.clone(), self.offset, self.mark.clone());
        if found != partial.size {
            return Err(BlobError::Size { declared: partial.size, found });
        }
        drop(self);
        partial.store.threads.clone().on_disk(move || partial.finish(mark)).await
    }
}

impl Partial {
    fn outboard(&self) -> Result<PreOrderOutboard<File>, BlobError> {
        let data = self.tree.try_clone().map_err(|source| self.failed(source))?;
        Ok(PreOrderOutboard { root: root(self.hash), tree: tree(self.size), data })
    }

    fn failed(&self, source: io::Error) -> BlobError {
        BlobError::File { path: self.store.partial_paths(self.hash, self.size).0, source }
    }

    fn not_written(&self, source: io::Error) -> BlobError {
        BlobError::Write { path: self.store.partial_paths(self.hash, self.size).0, source }
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
                    outboard.save(parent.node, &parent.pair).map_err(|source| self.not_written(source))?;
                }
                Ok(BaoContentItem::Leaf(leaf)) => {
                    let written = self.data.write_all_at(&leaf.data, leaf.offset);
                    written.map_err(|source| self.not_written(source))?;
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

    fn sync(&self) -> io::Result<()> {
        self.data.set_len(self.size)?;
        self.data.sync_all()?;
        self.tree.sync_all()
    }

    fn finish(&self, mark: Arc<Mark>) -> Result<Kept, BlobError> {
        // A blob of no bytes has no groups to check.
        if self.size == 0 && blake3::hash(&[]).as_bytes() != self.hash.as_bytes() {
            return Err(BlobError::WrongHash(self.hash));
        }
        if let Err(source) = self.sync() {
            // What the disk didn't take reads as if it had, until it is gone from memory: the next attempt begins anew.
            let _ = self.store.delete_partials(self.hash, &[]);
            return Err(self.not_written(source));
        }
        self.store.make_folder(self.hash)?;
        let (data, tree) = self.store.partial_paths(self.hash, self.size);
        fs::rename(tree, self.store.tree_path(self.hash)).map_err(|source| self.not_written(source))?;
        self.store.rename(&data, self.hash)?;
        self.store.delete_partials(self.hash, &[])?;
        Ok(Kept::new(self.hash, self.size, mark))
    }
}

fn open(path: &Path) -> Result<File, BlobError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| BlobError::Write { path: path.to_owned(), source })
}
