//! The one owner of the index: follows the sequence of changes in small steps, builds what is lacking, erases.
//!
//! Each step reads one moment of the database and writes what follows from it; the index says in each commit what it has
//! got to. To apply a change twice, or one that a later state of the records overtook, gives the same documents: a crash
//! anywhere costs only work.

use std::{sync::Arc, time::Duration};

use tantivy::TantivyError;
use tokio::sync::{mpsc, oneshot};

use super::{
    folder::Folder,
    history::{beginning, is_history},
    index::{Live, Progress},
    step::{build, follow},
};
use crate::{
    context::Context,
    metrics,
    store::{
        StoreError,
        changes::{self, KEPT, STEP},
        entries,
    },
    views::{Viewer, indexed},
};

/// Changes, or listings, of one step.
pub(super) const BATCH: u32 = 500;

/// After so long without changes the writer's memory is given back.
const IDLE: Duration = Duration::from_secs(20);

/// After a failure, before the next try.
const PAUSE: Duration = Duration::from_secs(2);

/// What others ask of the index's owner.
pub(super) enum Request {
    /// Build it anew, while it answers.
    Rebuild,
    /// A search found this opening of it damaged.
    Damaged(u64),
    /// Leave nothing of what was erased; then say whether it is so.
    Purge(oneshot::Sender<bool>),
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the search index: {0}")]
    Index(#[from] TantivyError),
    #[error("the search index's writer panicked")]
    Panicked,
    #[error("the node is stopping")]
    Stopping,
}

/// An index that grows.
pub(super) struct Work {
    /// Absent while a blocking thread has it.
    pub live: Option<Live>,
    /// With what is applied, and not yet committed.
    pub pending: Progress,
    /// Documents that wait for a commit.
    pub uncommitted: usize,
}

impl Work {
    fn new(live: Live) -> Self {
        Self { pending: live.progress.clone(), live: Some(live), uncommitted: 0 }
    }

    /// Works on the index on a thread that may block.
    pub async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Live) -> Result<T, TantivyError> + Send + 'static,
    ) -> Result<T, FollowError> {
        let mut live = self.live.take().ok_or(FollowError::Panicked)?;
        let done = tokio::task::spawn_blocking(move || (work(&mut live), live)).await;
        match done {
            Ok((result, live)) => {
                self.live = Some(live);
                Ok(result?)
            }
            Err(error) if error.is_panic() => Err(FollowError::Panicked),
            Err(_) => Err(FollowError::Stopping),
        }
    }

    pub async fn commit(&mut self) -> Result<(), FollowError> {
        let progress = self.pending.clone();
        self.with(move |live| live.commit(progress)).await?;
        self.uncommitted = 0;
        Ok(())
    }

    fn is_building(&self) -> bool {
        self.pending.building.is_some()
    }
}

/// Works until the node stops.
pub async fn run(context: Arc<Context>) {
    let Some(mut requests) = context.search.requests() else { return };
    let mut follower = loop {
        match Follower::open(&context).await {
            Ok(follower) => break follower,
            Err(FollowError::Stopping) => return,
            Err(error) => tracing::error!(%error, "the search index can't be opened, it is tried again"),
        }
        // Whoever waits for something of it is told that it isn't possible now.
        while requests.try_recv().is_ok() {}
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = context.stopping() => return,
        }
    };
    follower.work(&mut requests).await;
    // The writer's threads end here and not on an async one.
    drop(tokio::task::spawn_blocking(move || drop(follower)).await);
}

struct Follower {
    context: Arc<Context>,
    folder: Folder,
    of: String,
    /// Answers the public.
    public: Work,
    /// What is sealed to this node, once there is any.
    named: Option<Work>,
    /// Is to take the place of the first.
    next: Option<(String, Work)>,
    generation: u64,
    purges: Vec<oneshot::Sender<bool>>,
}

impl Follower {
    async fn open(context: &Arc<Context>) -> Result<Self, FollowError> {
        let folder = Folder::new(&context.config.node.data_dir);
        let of = context.own.id.to_string();
        let opened = {
            let folder = folder.clone();
            tokio::task::spawn_blocking(move || folder.open()).await.ok().flatten()
        };
        let fits = match &opened {
            Some(live) => live.progress.of == of && is_history(context, &live.progress).await?,
            None => false,
        };
        let live = match opened.filter(|_| fits) {
            Some(live) => live,
            None => begin(context, &folder, &of).await?,
        };
        let mut follower = Self {
            context: Arc::clone(context),
            folder,
            of,
            public: Work::new(live),
            named: None,
            next: None,
            generation: 0,
            purges: Vec::new(),
        };
        follower.load_named().await?;
        follower.serve();
        Ok(follower)
    }

    async fn work(&mut self, requests: &mut mpsc::Receiver<Request>) {
        let context = Arc::clone(&self.context);
        let mut changes = context.changes.subscribe();
        while !context.is_stopping() {
            changes.mark_unchanged();
            while let Ok(request) = requests.try_recv() {
                self.take(request).await;
            }
            let wait = match self.step().await {
                Ok(true) => continue,
                Ok(false) => IDLE,
                Err(FollowError::Stopping) => return,
                Err(error) => {
                    tracing::error!(%error, "the search index didn't follow, it is tried again");
                    self.mend(&error).await;
                    PAUSE
                }
            };
            tokio::select! {
                Ok(()) = changes.changed(), if wait == IDLE => {}
                Some(request) = requests.recv() => self.take(request).await,
                () = tokio::time::sleep(wait) => self.rest().await,
                () = context.stopping() => return,
            }
        }
    }

    /// One step of what is to be done next; whether there is more.
    async fn step(&mut self) -> Result<bool, FollowError> {
        if self.public.is_building() {
            build(&self.context, &mut self.public).await?;
            self.serve();
            return Ok(true);
        }
        let mut more = self.follow_public().await?;
        if let Some((name, next)) = &mut self.next {
            more = true;
            if next.is_building() {
                build(&self.context, next).await?;
            } else if !follow(&self.context, next, &mut None).await? {
                let name = name.clone();
                self.switch(&name).await?;
            }
        }
        if more {
            return Ok(true);
        }
        self.purge().await?;
        self.context.search.reached.send_replace(self.public.pending.number);
        Ok(false)
    }

    async fn follow_public(&mut self) -> Result<bool, FollowError> {
        let newest = changes::last(&self.context.db).await?;
        let behind = newest.saturating_sub(self.public.pending.number);
        metrics::search_behind(behind / STEP);
        if behind > KEPT * STEP {
            // What happened between isn't kept any more.
            if self.next.is_none() {
                self.begin_next().await?;
            }
            return Ok(false);
        }
        let had_named = self.named.is_some();
        let more = follow(&self.context, &mut self.public, &mut self.named).await?;
        if had_named != self.named.is_some() {
            self.serve();
        }
        Ok(more)
    }

    async fn take(&mut self, request: Request) {
        match request {
            Request::Rebuild => {
                self.next = None;
                if let Err(error) = self.begin_next().await {
                    tracing::error!(%error, "the search index can't be built anew");
                }
            }
            Request::Damaged(generation) if generation == self.generation => {
                self.mend(&FollowError::Panicked).await;
            }
            Request::Damaged(_) => {}
            Request::Purge(done) => self.purges.push(done),
        }
    }

    /// Begins anew where the index itself failed. What failed in the database is tried again as it is.
    async fn mend(&mut self, error: &FollowError) {
        if matches!(error, FollowError::Store(_) | FollowError::Stopping) {
            return;
        }
        metrics::search_rebuilt();
        self.context.search.serve_nothing();
        self.next = None;
        for done in self.purges.drain(..) {
            done.send(false).ok();
        }
        // Its files go: it must let go of them first.
        self.public.live = None;
        match begin(&self.context, &self.folder, &self.of).await {
            Ok(live) => self.public = Work::new(live),
            Err(error) => {
                tracing::error!(%error, "the search index can't be built anew");
                return;
            }
        }
        if self.named.as_ref().is_some_and(|named| named.live.is_none())
            && let Err(error) = self.load_named().await
        {
            tracing::error!(%error, "what is sealed to this node isn't found");
        }
        self.serve();
    }

    async fn begin_next(&mut self) -> Result<(), FollowError> {
        metrics::search_rebuilt();
        let progress = beginning(&self.context, &self.of).await?;
        let folder = self.folder.clone();
        let begun = tokio::task::spawn_blocking(move || folder.begin_next(progress)).await;
        let (name, live) = begun.map_err(|_| FollowError::Stopping)??;
        self.next = Some((name, Work::new(live)));
        Ok(())
    }

    /// Lets the next index answer.
    async fn switch(&mut self, name: &str) -> Result<(), FollowError> {
        let Some((_, next)) = self.next.take() else { return Ok(()) };
        let old = std::mem::replace(&mut self.public, next);
        self.serve();
        let (folder, name) = (self.folder.clone(), name.to_owned());
        let switched = tokio::task::spawn_blocking(move || {
            drop(old);
            folder.switch(&name)
        });
        switched.await.map_err(|_| FollowError::Stopping)?.map_err(TantivyError::from)?;
        Ok(())
    }

    /// Erases from the files what was erased from the records, if anything was.
    async fn purge(&mut self) -> Result<(), FollowError> {
        if self.purges.is_empty() && self.context.search.reached.borrow().ge(&0) {
            return Ok(());
        }
        let erased = entries::erased(&self.context.db).await?;
        if erased != self.public.pending.erased {
            self.public.pending.erased = erased;
            let progress = self.public.pending.clone();
            self.public.with(move |live| live.purge(progress)).await?;
            if let Some(named) = &mut self.named {
                named.with(|live| live.purge(live.progress.clone())).await?;
            }
        }
        for done in self.purges.drain(..) {
            done.send(true).ok();
        }
        Ok(())
    }

    async fn rest(&mut self) {
        for work in [Some(&mut self.public), self.named.as_mut()].into_iter().flatten() {
            if let Err(error) = work.with(Live::rest).await {
                tracing::error!(%error, "the search index couldn't rest");
            }
        }
    }

    /// Opens and indexes what is sealed to this node, in memory.
    async fn load_named(&mut self) -> Result<(), FollowError> {
        self.named = None;
        let mut after = None;
        loop {
            let tx = self.context.db.snapshot().await?;
            let viewer = Viewer::Staff(&*self.context);
            let (rows, next) = indexed::after(&tx, viewer, true, after, BATCH).await?;
            if !rows.is_empty() {
                let named = named(&mut self.named)?;
                named.with(move |live| live.apply([], &rows.iter().collect::<Vec<_>>())).await?;
            }
            after = next;
            if after.is_none() || self.context.is_stopping() {
                break;
            }
        }
        match &mut self.named {
            Some(named) => named.commit().await,
            None => Ok(()),
        }
    }

    fn serve(&mut self) {
        if let Some(live) = &self.public.live {
            let named = self.named.as_ref().and_then(|named| named.live.as_ref()).map(Live::reader);
            let incomplete = self.public.is_building();
            self.generation = self.context.search.serve(live.reader(), named, incomplete);
        }
    }
}

pub(super) fn named(named: &mut Option<Work>) -> Result<&mut Work, FollowError> {
    if named.is_none() {
        *named = Some(Work::new(Live::in_memory()?));
    }
    named.as_mut().ok_or(FollowError::Panicked)
}

async fn begin(context: &Context, folder: &Folder, of: &str) -> Result<Live, FollowError> {
    let progress = beginning(context, of).await?;
    let folder = folder.clone();
    let begun = tokio::task::spawn_blocking(move || folder.begin(progress)).await;
    Ok(begun.map_err(|_| FollowError::Stopping)??)
}
