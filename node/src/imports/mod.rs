//! Listings from files, as work that goes on by itself: brought → checked → ready → published in the background. Each step
//! is in the database, so that a restart goes on where it stopped; the file lies in the data folder until it is over.
//!
//! Two tasks work, one that checks and one that publishes: who has just brought a file doesn't wait for another's.

mod file;
mod publish;
pub mod read;
pub mod rights;
mod work;

use std::{str::FromStr, sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio::time::timeout;

pub use self::file::{Incoming, remove, sweep};
use crate::{
    context::Context,
    error::Error,
    store::imports::{self, ImportId},
};

/// How often is looked for work that nobody has told of, and how long is waited after something failed.
const PAUSE: Duration = Duration::from_secs(60);
/// Files that wait or are worked on at a time: each may be 64 MiB.
pub const OPEN: u64 = 64;
/// How long a file waits for somebody to publish it, and how long what came of it is kept, ms.
const WAITING: i64 = 14 * DAY;
const OVER: i64 = 90 * DAY;
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Imports that are forgotten in a round of upkeep.
const STEP: u32 = 100;

/// Where an import is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its rows are read.
    Checking,
    /// Somebody looks at what was found.
    Ready,
    /// It is being published.
    Running,
    /// All of it was dealt with.
    Done,
    /// Somebody ended it.
    Cancelled,
    /// It can't be read, or the log takes nothing.
    Failed,
}

impl State {
    /// All of them, in their order.
    pub const ALL: &'static [Self] =
        &[Self::Checking, Self::Ready, Self::Running, Self::Done, Self::Cancelled, Self::Failed];

    /// Its name in messages and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more comes.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Failed)
    }
}

/// No state has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no state of an import has this name")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL.iter().copied().find(|state| state.as_str() == name).ok_or(UnknownState)
    }
}

/// Works on imports in this state until the node stops.
pub async fn run(context: Arc<Context>, state: State) {
    let mut told = context.imports.subscribe();
    loop {
        told.mark_unchanged();
        let more = match imports::next_in(&context.db, state).await {
            Ok(None) => false,
            Ok(Some(row)) => work::work(&context, row).await.unwrap_or_else(|error| {
                tracing::error!(%error, source = ?error.source, "an import was interrupted, it is tried again");
                false
            }),
            Err(error) => {
                tracing::error!(%error, "imports can't be looked for, it is tried again");
                false
            }
        };
        if more {
            continue;
        }
        tokio::select! {
            // Told, or time to look anyhow.
            _ = timeout(PAUSE, told.changed()) => {}
            () = context.stopping() => return,
        }
    }
}

/// Forgets imports that nobody comes back to.
///
/// # Errors
/// What the database or the disk says.
pub async fn tidy(context: &Context) -> Result<(), Error> {
    let now = context.now();
    for id in imports::stale(&context.db, now.plus(-WAITING), now.plus(-OVER), STEP).await? {
        forget(context, id).await?;
    }
    Ok(())
}

/// Forgets an import, and its file.
///
/// # Errors
/// What the database or the disk says.
pub async fn forget(context: &Context, id: ImportId) -> Result<(), Error> {
    context.db.write(move |tx| async move { imports::remove(tx, id).await }.boxed()).await?;
    remove(context, id).await
}
