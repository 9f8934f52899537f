//! One index, in a folder or in memory, with what it has got to: opened, written, read, cleared of what was erased.
//!
//! Everything here blocks and belongs on a blocking thread. One owner writes ([`super::follow`]); readers take a
//! [`Reader`], which sees each commit as soon as it is made.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tantivy::{
    Executor, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError,
    index::SegmentId,
    indexer::{IndexWriterOptions, LogMergePolicy},
};

use super::{
    choices::{self, Choice},
    document::document,
    schema::{Fields, TEXT, VERSION},
    words,
};
use crate::{
    failpoint,
    views::indexed::{Indexed, Key},
};

/// Bytes that the writer collects before it makes a segment.
const HEAP: usize = 32 << 20;

/// In memory there are few.
const HEAP_IN_MEMORY: usize = 15 << 20;

/// Documents of a segment that isn't merged into a larger one: so much is written anew to erase one of them.
const LARGEST_SEGMENT: usize = 100_000;

/// Looks through the segments of a large index at the same time; none where there is one core.
static SEGMENTS: LazyLock<Option<Executor>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (cores > 1).then(|| Executor::multi_thread(cores, "search-").ok()).flatten()
});

/// What an index has got to; stands in its last commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// [`VERSION`] of who made it.
    pub version: u32,
    /// Which directory it is of, so that one that was copied or restored is known.
    pub of: String,
    /// The number of the last change that it holds.
    pub number: i64,
    /// What that change was about: another one of this number comes from another history.
    pub mark: String,
    /// While it is being built: the last key that it holds, log and subject in hex.
    pub building: Option<(i64, String)>,
    /// How many erased entries there were when it was last cleared of what was deleted.
    pub erased: i64,
}

/// An index and its writer.
pub struct Live {
    index: Index,
    fields: Fields,
    reader: Reader,
    writer: Option<IndexWriter>,
    heap: usize,
    /// As committed.
    pub progress: Progress,
}

/// What readers need of an index.
#[derive(Clone)]
pub struct Reader {
    reader: IndexReader,
    /// Its fields.
    pub fields: Fields,
    choices: Arc<Mutex<HashMap<SegmentId, Arc<SegmentChoices>>>>,
}

/// The choices of a segment, by their number there, ascending by term.
#[derive(Debug, Default)]
pub struct SegmentChoices {
    /// Which choice, and the whole term.
    pub terms: Vec<(Option<Choice>, String)>,
}

impl Live {
    /// A new one in an empty folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn create(folder: &Path, progress: Progress) -> Result<Self, TantivyError> {
        std::fs::create_dir_all(folder)?;
        let fields = Fields::default();
        let index = Index::create_in_dir(folder, fields.schema.clone())?;
        let mut live = Self::new(index, fields, HEAP)?;
        live.commit(progress)?;
        Ok(live)
    }

    /// A new one in memory: nothing of it is ever on disk.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn in_memory() -> Result<Self, TantivyError> {
        let fields = Fields::default();
        Self::new(Index::create_in_ram(fields.schema.clone()), fields, HEAP_IN_MEMORY)
    }

    /// One that is there; none if another version made it.
    ///
    /// # Errors
    /// When files are missing or damaged.
    pub fn open(folder: &Path) -> Result<Option<Self>, TantivyError> {
        let index = Index::open_in_dir(folder)?;
        let fields = Fields::default();
        let payload = index.load_metas()?.payload.unwrap_or_default();
        let Ok(progress) = serde_json::from_str::<Progress>(&payload) else { return Ok(None) };
        if progress.version != VERSION || index.schema() != fields.schema {
            return Ok(None);
        }
        let mut live = Self::new(index, fields, HEAP)?;
        live.progress = progress;
        Ok(Some(live))
    }

    fn new(mut index: Index, fields: Fields, heap: usize) -> Result<Self, TantivyError> {
        if let Some(segments) = &*SEGMENTS {
            index.set_executor(segments.clone());
        }
        index.tokenizers().register(TEXT, words::analyzer());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let reader = Reader { reader, fields: fields.clone(), choices: Arc::default() };
        Ok(Self { index, fields, reader, writer: None, heap, progress: Progress::default() })
    }

    /// For whoever reads.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Takes documents out and puts these in; seen after the next commit.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn apply<'a>(
        &mut self,
        gone: impl IntoIterator<Item = &'a Key>,
        shown: &[&Indexed],
    ) -> Result<(), TantivyError> {
        let fields = self.fields.clone();
        let writer = self.writer()?;
        for key in gone {
            writer.delete_term(fields.key_term(key));
        }
        for source in shown {
            writer.delete_term(fields.key_term(&source.key()));
            writer.add_document(document(&fields, source))?;
        }
        Ok(())
    }

    /// Makes what was applied durable and seen.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn commit(&mut self, progress: Progress) -> Result<(), TantivyError> {
        let payload = serde_json::to_string(&progress).unwrap_or_default();
        failpoint::pass("index.applied");
        let mut commit = self.writer()?.prepare_commit()?;
        commit.set_payload(&payload);
        failpoint::pass("index.prepared");
        commit.commit()?;
        failpoint::pass("index.committed");
        self.progress = progress;
        self.reader.reload()
    }

    /// Writes anew what holds deleted documents, so that nothing of them is left in the files.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn purge(&mut self, progress: Progress) -> Result<(), TantivyError> {
        // Merges that are under way hold segments that can't be merged again; none begins before they have ended.
        self.rest()?;
        let index = self.index.clone();
        let writer = self.writer()?;
        writer.set_merge_policy(Box::new(tantivy::indexer::NoMergePolicy));
        for segment in index.searchable_segment_metas()?.iter().filter(|segment| segment.has_deletes()) {
            writer.merge(&[segment.id()]).wait()?;
        }
        // Only now is it true that nothing is left; a crash before repeats it.
        self.commit(progress)?;
        let writer = self.writer()?;
        writer.garbage_collect_files().wait()?;
        writer.set_merge_policy(Box::new(merging()));
        Ok(())
    }

    /// Gives the writer's memory back, when merges under way have ended.
    ///
    /// # Errors
    /// When a merge failed.
    pub fn rest(&mut self) -> Result<(), TantivyError> {
        match self.writer.take() {
            Some(writer) => {
                writer.wait_merging_threads()?;
                self.reader.reload()
            }
            None => Ok(()),
        }
    }

    /// Reads all files; false if one isn't what was written.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn is_sound(folder: &Path) -> Result<bool, TantivyError> {
        Ok(Index::open_in_dir(folder)?.validate_checksum()?.is_empty())
    }

    fn writer(&mut self) -> Result<&mut IndexWriter, TantivyError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let options = IndexWriterOptions::builder()
                    .num_worker_threads(1)
                    .num_merge_threads(1)
                    .memory_budget_per_thread(self.heap)
                    .build();
                let writer: IndexWriter = self.index.writer_with_options(options)?;
                writer.set_merge_policy(Box::new(merging()));
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }
}

fn merging() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_max_docs_before_merge(LARGEST_SEGMENT);
    policy.set_min_layer_size(1_000);
    policy
}

impl Reader {
    /// The newest commit.
    #[must_use]
    pub fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    fn reload(&self) -> Result<(), TantivyError> {
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let mut known = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|id, _| searcher.segment_readers().iter().any(|segment| segment.segment_id() == *id));
        Ok(())
    }

    /// The choices of a segment: read once.
    ///
    /// # Errors
    /// When the files are damaged.
    pub fn choices(&self, segment: &tantivy::SegmentReader) -> Result<Arc<SegmentChoices>, TantivyError> {
        let id = segment.segment_id();
        if let Some(known) = self.choices.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(Arc::clone(known));
        }
        let mut terms = Vec::new();
        if let Some(column) = segment.fast_fields().str(super::schema::column::CHOICE)? {
            let mut stream = column.dictionary().stream()?;
            while stream.advance() {
                let term = String::from_utf8_lossy(stream.key()).into_owned();
                terms.push((choices::parse(&term).map(|(choice, _)| choice), term));
            }
        }
        let read = Arc::new(SegmentChoices { terms });
        self.choices.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&read));
        Ok(read)
    }

    /// The keys of documents that were made from something.
    ///
    /// # Errors
    /// When the files are damaged.
    pub fn made_from(&self, part: &str) -> Result<Vec<Key>, TantivyError> {
        let query = tantivy::query::TermQuery::new(
            self.fields.part_term(part),
            tantivy::schema::IndexRecordOption::Basic,
        );
        let searcher = self.searcher();
        let found = searcher.search(&query, &tantivy::collector::DocSetCollector)?;
        found.into_iter().map(|address| key_at(&searcher, address)).collect()
    }

    /// Whether it holds a document of this key.
    ///
    /// # Errors
    /// When the files are damaged.
    pub fn holds(&self, key: &Key) -> Result<bool, TantivyError> {
        Ok(self.searcher().doc_freq(&self.fields.key_term(key))? > 0)
    }
}

fn key_at(searcher: &Searcher, address: tantivy::DocAddress) -> Result<Key, TantivyError> {
    use super::schema::{column, joined};
    let columns = searcher.segment_reader(address.segment_ord).fast_fields();
    let half =
        |name: &str| Ok::<u64, TantivyError>(columns.u64(name)?.first(address.doc_id).unwrap_or_default());
    let log = columns.i64(column::LOG)?.first(address.doc_id).unwrap_or_default();
    Ok((log, joined(half(column::SUBJECT_HIGH)?, half(column::SUBJECT_LOW)?)))
}
