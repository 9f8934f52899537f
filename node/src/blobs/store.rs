//! A folder of blobs: `ab/cdef…` the bytes, `ab/cdef….tree` the hashes above their groups, `tmp/` what is being
//! written, `partial/` what is being received.
//!
//! A blob is there when its file has its name; that happens after its bytes and its tree are on disk.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufReader, Seek, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use bao_tree::{
    ByteRanges, ChunkRanges,
    io::{
        BaoContentItem, EncodeError,
        outboard::PreOrderOutboard,
        round_up_to_chunks,
        sync::{CreateOutboard, DecodeResponseIter, encode_ranges_validated},
    },
};
use tempfile::NamedTempFile;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::task::TaskTracker;
use volbridge_proto::BlobHash;

use super::{
    BLOCK, BlobError, GROUP, PIECE,
    pipe::{self, Piece, Reader, Writer},
    root, tree,
};

/// Blobs that are read or written at the same time; each holds a thread.
const AT_ONCE: usize = 64;

/// The node's blobs; clones share them.
#[derive(Clone, Debug)]
pub struct BlobStore {
    folder: Arc<PathBuf>,
    largest: u64,
    pub(super) receiving: Arc<Mutex<HashSet<BlobHash>>>,
    turns: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl BlobStore {
    /// Opens or makes the folder; no blob is larger than `largest`. Clears what a crash left unfinished.
    pub fn open(folder: &Path, largest: u64) -> Result<Self, BlobError> {
        let store = Self {
            folder: Arc::new(folder.to_owned()),
            largest,
            receiving: Arc::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            tasks: TaskTracker::new(),
        };
        let unfinished = store.folder.join("tmp");
        match fs::remove_dir_all(&unfinished) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(BlobError::File { path: unfinished, source });
            }
            _ => {}
        }
        for path in [unfinished, store.folder.join("partial")] {
            fs::create_dir_all(&path).map_err(|source| BlobError::File { path, source })?;
        }
        Ok(store)
    }

    /// Begins nothing new, and waits for what is under way; readers that are slow are to be dropped before.
    pub async fn close(&self) {
        self.turns.close();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Its size, if it is here.
    #[must_use]
    pub fn size(&self, hash: BlobHash) -> Option<u64> {
        fs::metadata(self.path(hash)).ok().map(|metadata| metadata.len())
    }

    /// May a blob of this size come in? `allowance` is what is left of its partner's quota.
    pub fn admit(&self, size: u64, allowance: u64) -> Result<(), BlobError> {
        let limit = self.largest.min(allowance);
        if size > limit { Err(BlobError::TooLarge { size, limit }) } else { Ok(()) }
    }

    /// Stores a stream of exactly `size` bytes; returns their hash, which must be `expected` if that is given.
    /// Nothing stays of one that is refused.
    pub async fn put<E: std::fmt::Display>(
        &self,
        size: u64,
        expected: Option<BlobHash>,
        bytes: impl Stream<Item = Result<Vec<u8>, E>>,
    ) -> Result<BlobHash, BlobError> {
        self.admit(size, u64::MAX)?;
        let store = self.clone();
        let (to, from) = pipe::channel();
        let written = self.blocking(move || store.write(Some(size), expected, Reader::new(from)));
        let (written, ()) = tokio::join!(written, pipe::forward(bytes, to));
        written.map(|(hash, _)| hash)
    }

    /// Stores a stream whose size nobody has said; returns hash and size. Nothing stays of one that is refused.
    pub async fn put_all<E: std::fmt::Display>(
        &self,
        bytes: impl Stream<Item = Result<Vec<u8>, E>>,
    ) -> Result<(BlobHash, u64), BlobError> {
        let store = self.clone();
        let (to, from) = pipe::channel();
        let written = self.blocking(move || store.write(None, None, Reader::new(from)));
        let (written, ()) = tokio::join!(written, pipe::forward(bytes, to));
        written
    }

    /// The bytes of a range, verified while they are read, in pieces.
    pub fn read(
        &self,
        hash: BlobHash,
        offset: u64,
        length: u64,
    ) -> Result<impl Stream<Item = Piece> + Send + use<>, BlobError> {
        let blob = self.open_blob(hash)?;
        let end = offset.checked_add(length).filter(|end| *end <= blob.tree.tree.size());
        let end = end.ok_or(BlobError::Range)?;
        let (to, from) = pipe::channel();
        self.spawn(to, move |writer| blob.copy(hash, offset..end, writer));
        Ok(ReceiverStream::new(from))
    }

    /// A range with its proof, in pieces: the BLAKE3-verified (bao) encoding in groups of 16 KiB. `offset` is a
    /// multiple of [`GROUP`]; a `length` of 0 goes to the end. Also gives the blob's size.
    pub fn encode(
        &self,
        hash: BlobHash,
        offset: u64,
        length: u64,
    ) -> Result<(u64, impl Stream<Item = Piece> + Send + use<>), BlobError> {
        let blob = self.open_blob(hash)?;
        let size = blob.tree.tree.size();
        let ranges = ranges(size, offset, length)?;
        let (to, from) = pipe::channel();
        self.spawn(to, move |writer| blob.encode(hash, &ranges, writer));
        Ok((size, ReceiverStream::new(from)))
    }

    /// The hashes of all blobs that are here.
    pub async fn hashes(&self) -> Result<Vec<BlobHash>, BlobError> {
        let store = self.clone();
        self.blocking(move || {
            let mut hashes = Vec::new();
            let failed = |path: &Path| {
                let path = path.to_owned();
                move |source| BlobError::File { path, source }
            };
            for folder in fs::read_dir(&*store.folder).map_err(failed(&store.folder))? {
                let folder = folder.map_err(failed(&store.folder))?.path();
                let is_prefix = folder.file_name().is_some_and(|name| name.len() == 2);
                if !is_prefix {
                    continue;
                }
                for file in fs::read_dir(&folder).map_err(failed(&folder))? {
                    let name = file.map_err(failed(&folder))?.file_name();
                    let prefix = folder.file_name().unwrap_or_default().to_string_lossy();
                    hashes.extend(format!("{prefix}{}", name.to_string_lossy()).parse::<BlobHash>().ok());
                }
            }
            Ok(hashes)
        })
        .await
    }

    /// Deletes a blob, and what has come of it. Gone from the disk as far as a file system forgets.
    pub async fn delete(&self, hash: BlobHash) -> Result<(), BlobError> {
        let store = self.clone();
        self.blocking(move || {
            let (partial, partial_tree) = store.partial_paths(hash);
            for path in [store.path(hash), store.tree_path(hash), partial, partial_tree] {
                match fs::remove_file(&path) {
                    Err(source) if source.kind() != io::ErrorKind::NotFound => {
                        return Err(BlobError::File { path, source });
                    }
                    _ => {}
                }
            }
            store.sync_folder(hash)
        })
        .await
    }

    fn write(
        &self,
        declared: Option<u64>,
        expected: Option<BlobHash>,
        mut from: Reader,
    ) -> Result<(BlobHash, u64), BlobError> {
        let tmp = self.folder.join("tmp");
        let failed = |source| BlobError::File { path: tmp.clone(), source };
        let mut file = NamedTempFile::new_in(&tmp).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        let mut found = 0_u64;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match io::Read::read(&mut from, &mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(source) => return Err(from.failure().unwrap_or_else(|| failed(source))),
            };
            found += read as u64;
            if found > declared.unwrap_or(self.largest) {
                break;
            }
            hasher.update(&buffer[..read]);
            file.write_all(&buffer[..read]).map_err(failed)?;
        }
        match declared {
            Some(declared) if found != declared => return Err(BlobError::Size { declared, found }),
            None if found > self.largest => {
                return Err(BlobError::TooLarge { size: found, limit: self.largest });
            }
            _ => {}
        }
        let size = found;
        let hash = BlobHash::from(*hasher.finalize().as_bytes());
        if let Some(expected) = expected.filter(|expected| *expected != hash) {
            return Err(BlobError::WrongHash(expected));
        }
        if self.size(hash) != Some(size) {
            self.keep_tree(&mut file, hash, size)?;
            self.keep(&file, hash)?;
        }
        Ok((hash, size))
    }

    /// Writes the tree of a finished file, from the bytes that the disk gives back.
    fn keep_tree(&self, file: &mut NamedTempFile, hash: BlobHash, size: u64) -> Result<(), BlobError> {
        let tmp = self.folder.join("tmp");
        let failed = |source| BlobError::File { path: tmp.clone(), source };
        file.rewind().map_err(failed)?;
        let (mut data, path) = NamedTempFile::new_in(&tmp).map_err(failed)?.into_parts();
        let mut outboard = PreOrderOutboard { root: root(hash), tree: tree(size), data: &mut data };
        outboard.init_from(BufReader::with_capacity(PIECE, file.as_file())).map_err(failed)?;
        if outboard.root != root(hash) {
            return Err(BlobError::Corrupt(hash));
        }
        data.sync_all().map_err(failed)?;
        let target = self.make_folder(hash)?.join(tree_name(hash));
        path.persist(&target).map_err(|error| BlobError::File { path: target, source: error.error })
    }

    /// Gives a finished file its name, durably.
    fn keep(&self, file: &NamedTempFile, hash: BlobHash) -> Result<(), BlobError> {
        let path = file.path().to_owned();
        file.as_file().sync_all().map_err(|source| BlobError::File { path: path.clone(), source })?;
        self.rename(&path, hash)
    }

    pub(super) fn rename(&self, from: &Path, hash: BlobHash) -> Result<(), BlobError> {
        let path = self.make_folder(hash)?.join(file_name(hash));
        fs::rename(from, &path).map_err(|source| BlobError::File { path, source })?;
        self.sync_folder(hash)
    }

    pub(super) fn make_folder(&self, hash: BlobHash) -> Result<PathBuf, BlobError> {
        let path = self.blob_folder(hash);
        if !path.exists() {
            fs::create_dir_all(&path).map_err(|source| BlobError::File { path: path.clone(), source })?;
            sync(&self.folder)?;
        }
        Ok(path)
    }

    fn sync_folder(&self, hash: BlobHash) -> Result<(), BlobError> {
        let folder = self.blob_folder(hash);
        if folder.exists() { sync(&folder) } else { Ok(()) }
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
        Ok(OpenBlob { data, tree })
    }

    fn blob_folder(&self, hash: BlobHash) -> PathBuf {
        self.folder.join(hex::encode(&hash.as_bytes()[..1]))
    }

    fn path(&self, hash: BlobHash) -> PathBuf {
        self.blob_folder(hash).join(file_name(hash))
    }

    pub(super) fn tree_path(&self, hash: BlobHash) -> PathBuf {
        self.blob_folder(hash).join(tree_name(hash))
    }

    /// Bytes and tree of a blob that is being received.
    pub(super) fn partial_paths(&self, hash: BlobHash) -> (PathBuf, PathBuf) {
        let folder = self.folder.join("partial");
        (folder.join(hash.to_string()), folder.join(format!("{hash}.tree")))
    }

    /// Runs work that waits for the disk on a thread for it.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| BlobError::Stopping)?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        match task.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(BlobError::Stopping),
            },
        }
    }

    /// Runs work that writes a stream; ends when nobody reads it any more.
    fn spawn(
        &self,
        to: mpsc::Sender<Piece>,
        work: impl FnOnce(&mut Writer) -> Result<(), BlobError> + Send + 'static,
    ) {
        let store = self.clone();
        let reader = to.clone();
        let work = async move {
            let _ = store
                .blocking(move || {
                    let mut writer = Writer::new(to);
                    let result = work(&mut writer);
                    writer.finish(result);
                    Ok(())
                })
                .await;
        };
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                // Waiting for a turn for somebody who has gone.
                () = reader.closed() => {}
            }
        });
    }
}

/// A blob's two files.
struct OpenBlob {
    data: File,
    tree: PreOrderOutboard<File>,
}

impl OpenBlob {
    fn encode(&self, hash: BlobHash, ranges: &ChunkRanges, to: impl Write) -> Result<(), BlobError> {
        match encode_ranges_validated(&self.data, &self.tree, ranges, to) {
            Ok(()) => Ok(()),
            Err(
                EncodeError::ParentHashMismatch(_)
                | EncodeError::LeafHashMismatch(_)
                | EncodeError::SizeMismatch,
            ) => Err(BlobError::Corrupt(hash)),
            Err(EncodeError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(BlobError::Corrupt(hash))
            }
            Err(EncodeError::Io(source)) => Err(BlobError::File { path: hash.to_string().into(), source }),
            // Nobody reads any more.
            Err(EncodeError::ParentWrite(_) | EncodeError::LeafWrite(_)) => Ok(()),
        }
    }

    /// Verified bytes: encoded with their proof, checked, the proof left out.
    fn copy(&self, hash: BlobHash, range: std::ops::Range<u64>, to: &mut Writer) -> Result<(), BlobError> {
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min((start / PIECE as u64 + 1) * PIECE as u64);
            let ranges = round_up_to_chunks(&ByteRanges::from(start..end));
            let mut encoded = Vec::new();
            self.encode(hash, &ranges, &mut encoded)?;
            let items = DecodeResponseIter::new(root(hash), self.tree.tree, encoded.as_slice(), &ranges);
            for item in items {
                let BaoContentItem::Leaf(leaf) = item.map_err(|_| BlobError::Corrupt(hash))? else {
                    continue;
                };
                let length = leaf.data.len() as u64;
                let inside =
                    |at: u64| usize::try_from(at.saturating_sub(leaf.offset).min(length)).unwrap_or(0);
                if to.write_all(&leaf.data[inside(start)..inside(end)]).is_err() {
                    return Ok(());
                }
            }
            start = end;
        }
        Ok(())
    }
}

/// The chunks of a range that starts at a group.
pub(super) fn ranges(size: u64, offset: u64, length: u64) -> Result<ChunkRanges, BlobError> {
    let end = if length == 0 { size } else { offset.saturating_add(length).min(size) };
    if !offset.is_multiple_of(GROUP) || (offset >= size && size > 0) || offset > size {
        return Err(BlobError::Range);
    }
    debug_assert_eq!(GROUP, BLOCK.bytes() as u64);
    Ok(round_up_to_chunks(&ByteRanges::from(offset..end.div_ceil(GROUP) * GROUP)))
}

fn file_name(hash: BlobHash) -> String {
    hex::encode(&hash.as_bytes()[1..])
}

fn tree_name(hash: BlobHash) -> String {
    format!("{}.tree", file_name(hash))
}

fn sync(folder: &Path) -> Result<(), BlobError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| BlobError::File { path: folder.to_owned(), source })
}
