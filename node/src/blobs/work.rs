//! Threads for blobs: those that only ever wait for the disk, and those that wait for a sender. The second can't keep
//! the first from anybody (threats.md T21), and none keeps the node from stopping (F20).

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::BlobError;
use crate::store::Alarm;

/// Pieces that are read, checked or deleted at the same time.
const ON_DISK: usize = 16;

/// Blobs that come in at the same time.
const INCOMING: usize = 64;

/// The node's threads for blobs; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Threads {
    on_disk: Arc<Semaphore>,
    incoming: Arc<Semaphore>,
    hung_up: CancellationToken,
    tasks: TaskTracker,
    pub(super) alarm: Alarm,
}

impl Threads {
    pub(super) fn new() -> Self {
        Self {
            on_disk: Arc::new(Semaphore::new(ON_DISK)),
            incoming: Arc::new(Semaphore::new(INCOMING)),
            hung_up: CancellationToken::new(),
            tasks: TaskTracker::new(),
            alarm: Alarm::default(),
        }
    }

    /// Ends what waits for somebody else: reads and what comes in.
    pub(super) fn hang_up(&self) {
        self.hung_up.cancel();
    }

    /// Resolves then.
    pub(super) async fn hung_up(&self) {
        self.hung_up.cancelled().await;
    }

    /// Begins nothing new, and waits for what the disk still has to do.
    pub(super) async fn close(&self) {
        self.hang_up();
        self.on_disk.close();
        self.incoming.close();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Runs work that waits for the disk alone, and may change something there.
    pub(super) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let turn = self.on_disk.clone().acquire_owned().await.map_err(|_| BlobError::Stopping)?;
        self.change(turn, work).await
    }

    /// Reads for somebody: not while the node stops.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        tokio::select! {
            biased;
            () = self.hung_up() => Err(BlobError::Stopping),
            read = self.run(work) => read,
        }
    }

    /// Runs work that waits for a sender. `patience` is for whoever has to wait for a thread.
    pub(super) async fn incoming<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let free = timeout(patience, self.incoming.clone().acquire_owned());
        let turn = free.await.map_err(|_| BlobError::TooMany)?.map_err(|_| BlobError::Stopping)?;
        self.change(turn, work).await
    }

    /// Nothing is changed once a write has failed.
    async fn change<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        if self.alarm.is_raised() {
            return Err(BlobError::Failed);
        }
        let threads = self.clone();
        self.spawn(move || {
            let _turn = turn;
            let done = work();
            // Here: who waits for it may have gone.
            threads.hear(&done);
            done
        })
        .await
    }

    /// Raises the alarm if a write failed.
    pub(super) fn hear<T>(&self, done: &Result<T, BlobError>) {
        if let Err(BlobError::Write { path, source }) = done {
            self.alarm.hear(path, source);
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let turn = self.on_disk.clone().acquire_owned().await.map_err(|_| BlobError::Stopping)?;
        self.spawn(move || {
            let _turn = turn;
            work()
        })
        .await
    }

    async fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        match self.tasks.spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(BlobError::Stopping),
            },
        }
    }
}
