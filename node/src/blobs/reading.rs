//! Reading a blob: piece by piece as its reader takes them, a few ahead. Each piece opens the files anew and is verified
//! from the root, so that a slow reader holds no more than these, and what was withdrawn meanwhile isn't served to its end.
//!
//! A stream ends without an error only after its last piece: whatever goes wrong is an error in it.

use std::{fs::File, io, ops::Range, path::PathBuf, sync::Arc};

use bao_tree::{
    ByteRanges, ChunkRanges,
    io::{
        BaoContentItem, EncodeError,
        outboard::PreOrderOutboard,
        round_up_to_chunks,
        sync::{DecodeResponseIter, encode_ranges_validated},
    },
};
use futures::{Stream, StreamExt, future::ready, stream};
use volbridge_proto::{BlobHash, PartnerId};

use super::{BLOCK, BlobError, BlobStore, GROUP, root, slots::Slot, tree};

/// Bytes of a blob in one piece.
const READ: u64 = 128 * 1024;

/// Pieces that are read ahead of their reader: the disk and the hashing don't wait for the network.
const AHEAD: usize = 4;

/// Bytes of the two hashes in a parent.
const PARENT: usize = 64;

/// A piece of bytes, or what went wrong.
type Piece = Result<Vec<u8>, BlobError>;

impl BlobStore {
    /// The bytes of a range, verified while they are read, in pieces.
    ///
    /// # Errors
    /// When it isn't here, or the range isn't in it.
    pub fn read(
        &self,
        hash: BlobHash,
        offset: u64,
        length: u64,
    ) -> Result<impl Stream<Item = Piece> + Send + use<>, BlobError> {
        let blob = self.open_blob(hash)?;
        let end = offset.checked_add(length).filter(|end| *end <= blob.size());
        let end = end.ok_or(BlobError::Range)?;
        Ok(self.pieces(blob.size(), hash, offset..end, None, |blob, at, _| blob.copy(at)))
    }

    /// A range with its proof for a partner, in pieces: the BLAKE3-verified (bao) encoding in groups of 16 KiB. `offset`
    /// is a multiple of [`GROUP`]; a `length` of 0 goes to the end. Also gives the blob's size.
    ///
    /// # Errors
    /// When it isn't here, the range isn't in it, or the partner reads as many blobs as it may.
    pub fn encode(
        &self,
        partner: PartnerId,
        hash: BlobHash,
        offset: u64,
        length: u64,
    ) -> Result<(u64, impl Stream<Item = Piece> + Send + use<>), BlobError> {
        let size = self.open_blob(hash)?.size();
        let range = groups(size, offset, length)?;
        let slot = self.slots.take(partner, self.patience)?;
        let pieces = self.pieces(size, hash, range, Some(slot), move |blob, at, first| {
            let sent = if first { 0 } else { parents_above(size.div_ceil(GROUP), at.start / GROUP) };
            let mut encoded = blob.encode(&at)?;
            encoded.drain(..(sent * PARENT).min(encoded.len()));
            Ok(encoded)
        });
        Ok((size, pieces))
    }

    fn pieces<F>(
        &self,
        size: u64,
        hash: BlobHash,
        range: Range<u64>,
        slot: Option<Slot>,
        make: F,
    ) -> impl Stream<Item = Piece> + Send + use<F>
    where
        F: Fn(&OpenBlob, Range<u64>, bool) -> Piece + Copy + Send + 'static,
    {
        let (store, begin, slot) = (self.clone(), range.start, slot.map(Arc::new));
        let ends = move |at: u64| range.end.min((at / READ + 1) * READ);
        let starts = std::iter::successors(Some(begin).filter(|at| *at < range.end), move |at| {
            Some(ends(*at)).filter(|at| *at < range.end)
        });
        let pieces = stream::iter(starts).map(move |start| {
            let (store, slot, at) = (store.clone(), slot.clone(), start..ends(start));
            async move {
                if let Some(slot) = slot {
                    slot.moved()?;
                }
                let opener = store.clone();
                let work = move || {
                    let blob = opener.open_blob(hash)?;
                    if blob.size() != size {
                        return Err(BlobError::Corrupt(hash));
                    }
                    make(&blob, at, start == begin)
                };
                store.threads.read(work).await
            }
        });
        // Nothing follows an error.
        pieces.buffered(AHEAD).scan(false, |failed, piece| {
            let goes_out = !*failed;
            *failed |= piece.is_err();
            ready(goes_out.then_some(piece))
        })
    }

    fn open_blob(&self, hash: BlobHash) -> Result<OpenBlob, BlobError> {
        let open = |path: PathBuf| match File::open(&path) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BlobError::Unknown(hash)),
            Err(source) => Err(BlobError::File { path, source }),
        };
        let data = open(self.path(hash))?;
        let path = self.path(hash);
        let size = data.metadata().map_err(|source| BlobError::File { path, source })?.len();
        let tree = PreOrderOutboard { root: root(hash), tree: tree(size), data: open(self.tree_path(hash))? };
        Ok(OpenBlob { hash, data, tree })
    }
}

/// A blob's two files.
struct OpenBlob {
    hash: BlobHash,
    data: File,
    tree: PreOrderOutboard<File>,
}

impl OpenBlob {
    fn size(&self) -> u64 {
        self.tree.tree.size()
    }

    /// A range with all hashes from the root down to it.
    fn encode(&self, range: &Range<u64>) -> Piece {
        let mut encoded = Vec::new();
        match encode_ranges_validated(&self.data, &self.tree, &chunks(range), &mut encoded) {
            Ok(()) => Ok(encoded),
            Err(EncodeError::Io(source)) if source.kind() != io::ErrorKind::UnexpectedEof => {
                Err(BlobError::File { path: self.hash.to_string().into(), source })
            }
            Err(_) => Err(BlobError::Corrupt(self.hash)),
        }
    }

    /// Verified bytes: encoded with their proof, checked, the proof left out.
    fn copy(&self, range: Range<u64>) -> Piece {
        let encoded = self.encode(&range)?;
        let chunks = chunks(&range);
        let items = DecodeResponseIter::new(root(self.hash), self.tree.tree, encoded.as_slice(), &chunks);
        let mut bytes = Vec::new();
        for item in items {
            let BaoContentItem::Leaf(leaf) = item.map_err(|_| BlobError::Corrupt(self.hash))? else {
                continue;
            };
            let length = leaf.data.len() as u64;
            let inside = |at: u64| usize::try_from(at.saturating_sub(leaf.offset).min(length)).unwrap_or(0);
            bytes.extend_from_slice(&leaf.data[inside(range.start)..inside(range.end)]);
        }
        Ok(bytes)
    }
}

fn chunks(range: &Range<u64>) -> ChunkRanges {
    round_up_to_chunks(&ByteRanges::from(range.clone()))
}

/// The whole groups of a range that starts at one; a `length` of 0 goes to the end.
pub(super) fn groups(size: u64, offset: u64, length: u64) -> Result<Range<u64>, BlobError> {
    let end = if length == 0 { size } else { offset.saturating_add(length).min(size) };
    if !offset.is_multiple_of(GROUP) || (offset >= size && size > 0) || offset > size {
        return Err(BlobError::Range);
    }
    debug_assert_eq!(GROUP, BLOCK.bytes() as u64);
    Ok(offset..end.div_ceil(GROUP) * GROUP)
}

/// How many parents of a tree over so many groups stand above both this group and the one before it: the part of this
/// group's path that an encoding in one go has sent already.
fn parents_above(groups: u64, group: u64) -> usize {
    let (mut start, mut count, mut parents) = (0, groups, 0);
    while count > 1 {
        parents += 1;
        let left = count.next_power_of_two() / 2;
        if group < start + left {
            count = left;
        } else if group > start + left {
            (start, count) = (start + left, count - left);
        } else {
            break;
        }
    }
    parents
}
