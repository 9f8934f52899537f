//! The full-text index (design.md section 8): a view beside the database, in the folder `search/`. It follows the
//! sequence of changes, and builds itself anew from the records when it is lost, damaged, too far behind or of another
//! version, while reads go on.
//!
//! What is sealed to this node stands in a second index in memory alone (docs/decisions/0001), asked for staff only:
//! the public's answers, their order, counts and words come from the first, as if nothing else were there (T31).

mod choices;
mod cursor;
mod document;
mod find;
mod folder;
mod follow;
mod gather;
mod history;
mod index;
mod query;
mod schema;
mod step;
mod suggest;
mod words;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use tantivy::TantivyError;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use volbridge_proto::{Code, Timestamp};

pub use self::{
    choices::{ALL as CHOICES, Choice, primary},
    cursor::Cursor,
    find::{Found, Wanted},
    follow::run,
    gather::{Near, Order},
    query::Text,
};
use self::{follow::Request, index::Reader};
use crate::{error::Error, views::indexed::Key};

/// Searches under way at once; more wait.
const AT_ONCE: usize = 16;

/// Requests to the index's owner that wait.
const QUEUE: usize = 16;

/// The index as everybody but its owner sees it.
pub struct Search {
    served: ArcSwap<Served>,
    reached: watch::Sender<i64>,
    requests: mpsc::Sender<Request>,
    waiting: Mutex<Option<mpsc::Receiver<Request>>>,
    slots: Semaphore,
    generations: AtomicU64,
}

/// What searches are answered from.
#[derive(Clone, Default)]
struct Served {
    /// Which opening of an index, so that a fault is told of once.
    generation: u64,
    public: Option<Reader>,
    named: Option<Reader>,
    /// It is being built: something may be lacking.
    incomplete: bool,
}

impl Default for Search {
    fn default() -> Self {
        let (requests, waiting) = mpsc::channel(QUEUE);
        let served = Served { incomplete: true, ..Served::default() };
        Self {
            served: ArcSwap::from_pointee(served),
            reached: watch::Sender::new(-1),
            requests,
            waiting: Mutex::new(Some(waiting)),
            slots: Semaphore::new(AT_ONCE),
            generations: AtomicU64::new(0),
        }
    }
}

impl Search {
    /// Looks for listings.
    ///
    /// # Errors
    /// When the node stops. From a damaged index comes an incomplete answer, and it is built anew.
    pub async fn find(&self, wanted: Wanted, now: Timestamp) -> Result<Found, Error> {
        let lacking = Found { incomplete: true, ..Found::default() };
        self.ask(lacking, move |served| find::find(served, &wanted, now)).await
    }

    /// Listings with room of which the most is right: terms of choices, each with what it is worth.
    ///
    /// # Errors
    /// As above.
    pub async fn candidates(
        &self,
        wishes: Vec<(String, f32)>,
        named: bool,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Key>, Error> {
        self.ask(Vec::new(), move |served| find::candidates(served, &wishes, named, now, limit)).await
    }

    /// Words that begin like what somebody types, from public listings.
    ///
    /// # Errors
    /// As above.
    pub async fn suggest(&self, typed: String, now: Timestamp, limit: usize) -> Result<Vec<String>, Error> {
        self.ask(Vec::new(), move |served| match &served.public {
            Some(reader) => suggest::suggest(reader, &typed, now.as_millis(), limit),
            None => Ok(Vec::new()),
        })
        .await
    }

    /// Builds the index anew from the records; the old one answers until then.
    pub async fn rebuild(&self) {
        drop(self.requests.send(Request::Rebuild).await);
    }

    /// Waits until nothing of what was erased is in the index's files.
    ///
    /// # Errors
    /// When that isn't possible now.
    pub async fn purge(&self) -> Result<(), Error> {
        let (done, told) = oneshot::channel();
        let unavailable = || Error::new(Code::Unavailable);
        self.requests.send(Request::Purge(done)).await.map_err(|_| unavailable())?;
        if told.await.unwrap_or(false) { Ok(()) } else { Err(unavailable()) }
    }

    /// Whether it is being built and answers already.
    #[must_use]
    pub fn is_building(&self) -> bool {
        let served = self.served.load();
        served.incomplete && served.public.is_some()
    }

    /// The last change that can be found; −1: none yet.
    #[must_use]
    pub fn reached(&self) -> i64 {
        *self.reached.borrow()
    }

    /// Waits until everything up to a change can be found.
    pub async fn reaches(&self, number: i64) {
        drop(self.reached.subscribe().wait_for(|reached| *reached >= number).await);
    }

    async fn ask<T: Send + 'static>(
        &self,
        lacking: T,
        question: impl FnOnce(&Served) -> Result<T, TantivyError> + Send + 'static,
    ) -> Result<T, Error> {
        let stopping = |_| Error::new(Code::ShuttingDown);
        let _slot = self.slots.acquire().await.map_err(stopping)?;
        let served = self.served.load_full();
        let generation = served.generation;
        // A damaged file may make the library panic: that is an answer, too.
        let answer = tokio::task::spawn_blocking(move || question(&served)).await;
        match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => tracing::error!(%error, "the search index is damaged"),
            Err(error) if error.is_panic() => tracing::error!(%error, "the search index is damaged"),
            Err(_) => return Err(Error::new(Code::ShuttingDown)),
        }
        drop(self.requests.try_send(Request::Damaged(generation)));
        Ok(lacking)
    }

    /// What its owner listens to; there is one.
    fn requests(&self) -> Option<mpsc::Receiver<Request>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn serve(&self, public: Reader, named: Option<Reader>, incomplete: bool) -> u64 {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        self.served.store(Arc::new(Served { generation, public: Some(public), named, incomplete }));
        generation
    }

    fn serve_nothing(&self) {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        self.served.store(Arc::new(Served { generation, incomplete: true, ..Served::default() }));
    }
}
