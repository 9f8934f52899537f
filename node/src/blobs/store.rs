//! A folder of blobs: `ab/cdef…` the bytes, `ab/cdef….tree` the hashes above their groups, `tmp/` what is being
//! written, `partial/` what is being received.
//!
//! A blob is there when its file has its name; that happens after its bytes and its tree are on disk.

use std::{
    fs::{self, File},
    io::{self, BufReader, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bao_tree::io::{outboard::PreOrderOutboard, sync::CreateOutboard};
use tempfile::NamedTempFile;
use tokio_stream::Stream;
use volbridge_proto::BlobHash;

use super::{
    BlobError, PIECE,
    incoming::{self, Reader},
    marks::{Mark, Marks},
    root,
    slots::Slots,
    tree,
    work::Threads,
};
use crate::store::Alarm;

/// How long others may pause while they send, and read partners when another wants to.
const PATIENCE: Duration = Duration::from_secs(30);

/// The node's blobs; clones share them.
#[derive(Clone, Debug)]
pub struct BlobStore {
    folder: Arc<PathBuf>,
    largest: u64,
    pub(super) patience: Duration,
    pub(super) threads: Threads,
    pub(super) marks: Marks,
    pub(super) slots: Slots,
}

/// A blob in its place. While this is held nobody deletes it: until the database knows it.
#[derive(Debug)]
pub struct Kept {
    /// Its hash.
    pub hash: BlobHash,
    /// Its bytes.
    pub size: u64,
    _mark: Arc<Mark>,
}

impl Kept {
    pub(super) fn new(hash: BlobHash, size: u64, mark: Arc<Mark>) -> Self {
        Self { hash, size, _mark: mark }
    }
}

/// Bytes that were all taken and have no name yet; gone when dropped.
struct Taken {
    file: NamedTempFile,
    hash: BlobHash,
    size: u64,
}

impl BlobStore {
    /// Opens or makes the folder; no blob is larger than `largest`. Clears what a crash left unfinished.
    ///
    /// # Errors
    /// When the folder can't be made or cleared.
    pub fn open(folder: &Path, largest: u64) -> Result<Self, BlobError> {
        let store = Self {
            folder: Arc::new(folder.to_owned()),
            largest,
            patience: PATIENCE,
            threads: Threads::new(),
            marks: Marks::default(),
            slots: Slots::default(),
        };
        let unfinished = store.folder.join("tmp");
        match fs::remove_dir_all(&unfinished) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(BlobError::Write { path: unfinished, source });
            }
            _ => {}
        }
        for path in [unfinished, store.folder.join("partial")] {
            fs::create_dir_all(&path).map_err(|source| BlobError::Write { path, source })?;
        }
        // What is stored later lasts only if the folders above it do.
        sync(folder)?;
        folder.parent().filter(|parent| parent.exists()).map_or(Ok(()), sync)?;
        Ok(store)
    }

    /// Raises this alarm when a write fails, and writes nothing once it is raised.
    #[must_use]
    pub fn with_alarm(mut self, alarm: Alarm) -> Self {
        self.threads.alarm = alarm;
        self
    }

    /// With another limit to how long others may pause.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Ends reads and what comes in, each with an error: nobody waits for somebody else.
    pub fn hang_up(&self) {
        self.threads.hang_up();
    }

    /// Hangs up, begins nothing new, and waits for what the disk still has to do.
    pub async fn close(&self) {
        self.threads.close().await;
    }

    /// Its size, if it is here.
    #[must_use]
    pub fn size(&self, hash: BlobHash) -> Option<u64> {
        fs::metadata(self.path(hash)).ok().map(|metadata| metadata.len())
    }

    /// The blob if it is in its place with this size; nobody deletes it meanwhile.
    ///
    /// # Errors
    /// When somebody works on it.
    pub fn kept(&self, hash: BlobHash, size: u64) -> Result<Option<Kept>, BlobError> {
        let mark = self.marks.try_take(hash).ok_or(BlobError::Busy(hash))?;
        Ok((self.size(hash) == Some(size)).then(|| Kept::new(hash, size, Arc::new(mark))))
    }

    /// May a blob of this size come in? `allowance` is what is left of its partner's quota.
    pub fn admit(&self, size: u64, allowance: u64) -> Result<(), BlobError> {
        let limit = self.largest.min(allowance);
        if size > limit { Err(BlobError::TooLarge { size, limit }) } else { Ok(()) }
    }

    /// Stores a stream of exactly `size` bytes; returns their hash, which must be `expected` if that is given.
    /// Nothing stays of one that is refused.
    ///
    /// # Errors
    /// When the bytes are others, or end or pause too early; when the disk fails.
    pub async fn put<E: std::fmt::Display>(
        &self,
        size: u64,
        expected: Option<BlobHash>,
        bytes: impl Stream<Item = Result<Vec<u8>, E>>,
    ) -> Result<Kept, BlobError> {
        self.admit(size, u64::MAX)?;
        self.take(Some(size), expected, bytes).await
    }

    /// Stores a stream whose size nobody has said. Nothing stays of one that is refused.
    ///
    /// # Errors
    /// When the bytes are too many, or pause too early; when the disk fails.
    pub async fn put_all<E: std::fmt::Display>(
        &self,
        bytes: impl Stream<Item = Result<Vec<u8>, E>>,
    ) -> Result<Kept, BlobError> {
        self.take(None, None, bytes).await
    }

    async fn take<E: std::fmt::Display>(
        &self,
        declared: Option<u64>,
        expected: Option<BlobHash>,
        bytes: impl Stream<Item = Result<Vec<u8>, E>>,
    ) -> Result<Kept, BlobError> {
        let store = self.clone();
        let (inlet, from) = incoming::channel();
        let written =
            self.threads.incoming(self.patience, move || store.write_down(declared, expected, from));
        let stopping = async {
            self.threads.hung_up().await;
            BlobError::Stopping
        };
        let (taken, ()) = tokio::join!(written, inlet.forward(bytes, self.patience, stopping));
        let taken = taken?;
        // Whoever has gone by now gets nothing stored.
        let mark = Arc::new(self.marks.take(taken.hash).await);
        let store = self.clone();
        self.threads.on_disk(move || store.keep(taken, mark)).await
    }

    /// The hashes of all blobs of which anything is here: whole ones, beginnings, trees without their bytes.
    ///
    /// # Errors
    /// When the folders can't be read.
    pub async fn hashes(&self) -> Result<Vec<BlobHash>, BlobError> {
        let store = self.clone();
        self.threads
            .on_disk(move || {
                let mut hashes = Vec::new();
                for folder in list(&store.folder)? {
                    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let prefix = match name.len() {
                        2 => name.as_str(),
                        _ if name == "partial" => "",
                        _ => continue,
                    };
                    for file in list(&folder)? {
                        let name = file.file_name().unwrap_or_default().to_string_lossy();
                        let name = name.split('.').next().unwrap_or_default();
                        hashes.extend(format!("{prefix}{name}").parse::<BlobHash>().ok());
                    }
                }
                hashes.sort_unstable();
                hashes.dedup();
                Ok(hashes)
            })
            .await
    }

    /// When it came here, if it is here.
    #[must_use]
    pub fn stored_at(&self, hash: BlobHash) -> Option<SystemTime> {
        fs::metadata(self.path(hash)).and_then(|metadata| metadata.modified()).ok()
    }

    /// Deletes a blob, and what has come of it. Gone from the disk as far as a file system forgets.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn delete(&self, hash: BlobHash) -> Result<(), BlobError> {
        let mark = self.marks.take(hash).await;
        self.delete_marked(mark, Vec::new()).await
    }

    /// Deletes what is here of a blob, except with these sizes.
    pub(super) async fn delete_marked(&self, mark: Mark, kept: Vec<u64>) -> Result<(), BlobError> {
        let store = self.clone();
        let delete = move || {
            let hash = mark.hash();
            if !store.size(hash).is_some_and(|size| kept.contains(&size)) {
                remove(store.path(hash))?;
                remove(store.tree_path(hash))?;
                store.sync_folder(hash)?;
            }
            store.delete_partials(hash, &kept)
        };
        self.threads.on_disk(delete).await
    }

    /// Deletes beginnings of a blob, except of these sizes.
    pub(super) fn delete_partials(&self, hash: BlobHash, kept: &[u64]) -> Result<(), BlobError> {
        let folder = self.folder.join("partial");
        let hash = hash.to_string();
        let mut deleted = false;
        for path in list(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let mut parts = name.split('.');
            let is_kept = |size: Option<&str>| {
                size.and_then(|size| size.parse().ok()).is_some_and(|size| kept.contains(&size))
            };
            if parts.next() == Some(&hash) && !is_kept(parts.next()) {
                remove(path.clone())?;
                deleted = true;
            }
        }
        if deleted { sync(&folder) } else { Ok(()) }
    }

    fn write_down(
        &self,
        declared: Option<u64>,
        expected: Option<BlobHash>,
        mut from: Reader,
    ) -> Result<Taken, BlobError> {
        let tmp = self.folder.join("tmp");
        let failed = |source| BlobError::Write { path: tmp.clone(), source };
        let mut file = NamedTempFile::new_in(&tmp).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        let mut found = 0_u64;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match io::Read::read(&mut from, &mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(source) => {
                    let broke_off = BlobError::Source(source.to_string());
                    return Err(from.failure().unwrap_or(broke_off));
                }
            };
            found += read as u64;
            if found > declared.unwrap_or(self.largest) {
                break;
            }
            hasher.update(&buffer[..read]);
            // The file itself: its wrapper forgets the number of an error, by which a broken disk is known.
            file.as_file_mut().write_all(&buffer[..read]).map_err(failed)?;
        }
        match declared {
            Some(declared) if found != declared => return Err(BlobError::Size { declared, found }),
            None if found > self.largest => {
                return Err(BlobError::TooLarge { size: found, limit: self.largest });
            }
            _ => {}
        }
        let hash = BlobHash::from(*hasher.finalize().as_bytes());
        match expected.filter(|expected| *expected != hash) {
            Some(expected) => Err(BlobError::WrongHash(expected)),
            None => Ok(Taken { file, hash, size: found }),
        }
    }

    /// Puts what was taken in its place, durably. Where the same bytes are already they are replaced: then they are new.
    fn keep(&self, taken: Taken, mark: Arc<Mark>) -> Result<Kept, BlobError> {
        let Taken { mut file, hash, size } = taken;
        self.keep_tree(&mut file, hash, size)?;
        let path = file.path().to_owned();
        file.as_file().sync_all().map_err(|source| BlobError::Write { path: path.clone(), source })?;
        self.rename(&path, hash)?;
        self.delete_partials(hash, &[])?;
        Ok(Kept::new(hash, size, mark))
    }

    /// Writes the tree of a finished file, from the bytes that the disk gives back.
    fn keep_tree(&self, file: &mut NamedTempFile, hash: BlobHash, size: u64) -> Result<(), BlobError> {
        let tmp = self.folder.join("tmp");
        let failed = |source| BlobError::Write { path: tmp.clone(), source };
        file.as_file_mut().rewind().map_err(failed)?;
        let (mut data, path) = NamedTempFile::new_in(&tmp).map_err(failed)?.into_parts();
        let mut outboard = PreOrderOutboard { root: root(hash), tree: tree(size), data: &mut data };
        outboard.init_from(BufReader::with_capacity(PIECE, file.as_file())).map_err(failed)?;
        if outboard.root != root(hash) {
            return Err(BlobError::Corrupt(hash));
        }
        data.sync_all().map_err(failed)?;
        let target = self.make_folder(hash)?.join(tree_name(hash));
        path.persist(&target).map_err(|error| BlobError::Write { path: target, source: error.error })
    }

    pub(super) fn rename(&self, from: &Path, hash: BlobHash) -> Result<(), BlobError> {
        let path = self.make_folder(hash)?.join(file_name(hash));
        fs::rename(from, &path).map_err(|source| BlobError::Write { path, source })?;
        self.sync_folder(hash)
    }

    pub(super) fn make_folder(&self, hash: BlobHash) -> Result<PathBuf, BlobError> {
        let path = self.blob_folder(hash);
        if !path.exists() {
            fs::create_dir_all(&path).map_err(|source| BlobError::Write { path: path.clone(), source })?;
            sync(&self.folder)?;
        }
        Ok(path)
    }

    fn sync_folder(&self, hash: BlobHash) -> Result<(), BlobError> {
        let folder = self.blob_folder(hash);
        if folder.exists() { sync(&folder) } else { Ok(()) }
    }

    fn blob_folder(&self, hash: BlobHash) -> PathBuf {
        self.folder.join(hex::encode(&hash.as_bytes()[..1]))
    }

    pub(super) fn path(&self, hash: BlobHash) -> PathBuf {
        self.blob_folder(hash).join(file_name(hash))
    }

    pub(super) fn tree_path(&self, hash: BlobHash) -> PathBuf {
        self.blob_folder(hash).join(tree_name(hash))
    }

    /// Bytes and tree of a blob that is being received. What has another size is another file: one of them lies.
    pub(super) fn partial_paths(&self, hash: BlobHash, size: u64) -> (PathBuf, PathBuf) {
        let folder = self.folder.join("partial");
        (folder.join(format!("{hash}.{size}")), folder.join(format!("{hash}.{size}.tree")))
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, BlobError> {
    let failed = |source| BlobError::File { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}

fn remove(path: PathBuf) -> Result<(), BlobError> {
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(BlobError::Write { path, source }),
        _ => Ok(()),
    }
}

fn file_name(hash: BlobHash) -> String {
    hex::encode(&hash.as_bytes()[1..])
}

fn tree_name(hash: BlobHash) -> String {
    format!("{}.tree", file_name(hash))
}

fn sync(folder: &Path) -> Result<(), BlobError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| BlobError::Write { path: folder.to_owned(), source })
}
