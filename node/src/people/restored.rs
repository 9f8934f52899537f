//! After an old copy of the database has been put back, what had ended stays ended (threats.md F17).
//!
//! Beside the database lies a small file, `people.mark`: how many deeds there were, and how often each account became less
//! than it was, by another password, a lost role, a lock. A database that knows of fewer is an old copy: all sessions, tokens
//! and invitations end, and accounts that have changed since are locked until somebody who may opens them. A folder that was
//! copied as a whole has the file of that day too; so it is left out of backups, and a database without it counts as put
//! back. So does one whose log partners have seen longer.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use serde::{Deserialize, Serialize};
use volbridge_proto::Code;

use crate::{
    context::Context,
    error::Error,
    store::{
        Db, StoreError, Tx,
        accounts::{self, AccountId},
        events::{self, Deed, Doer, What},
        mark, sessions,
    },
};

/// Its name in the data folder.
const NAME: &str = "people.mark";
/// How often is looked whether it has to be written again.
const PAUSE: Duration = Duration::from_secs(1);

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mark {
    deeds: u64,
    /// By account, in hex.
    accounts: BTreeMap<String, u64>,
}

impl Mark {
    async fn of(db: &Db) -> Result<Self, StoreError> {
        let accounts = mark::changes(db).await?;
        let accounts = accounts.into_iter().map(|(id, changes)| (hex::encode(id), changes)).collect();
        Ok(Self { deeds: mark::deeds(db).await?, accounts })
    }

    fn changes(&self) -> impl Iterator<Item = (AccountId, u64)> + '_ {
        self.accounts.iter().filter_map(|(id, changes)| {
            let id = hex::decode(id).ok()?.try_into().ok()?;
            Some((id, *changes))
        })
    }
}

/// A new node's.
///
/// # Errors
/// What the disk says.
pub fn begin(data_dir: &Path) -> io::Result<()> {
    store(&data_dir.join(NAME), &Mark::default())
}

/// Looks, before anybody can sign in, whether this database is the one that was here last.
///
/// # Errors
/// What the disk or the database says.
pub async fn check(context: &Arc<Context>) -> Result<(), Error> {
    let path = path(context);
    let known = load(&path).map_err(|error| failed(&path, error))?;
    let here = Mark::of(&context.db).await?;
    match known {
        Some(known) if known.deeds > here.deeds => end_all(context, known).await?,
        Some(_) => {}
        // Of a version that had no such file there were no deeds to count.
        None if here.deeds > 0 => end_all(context, Mark::default()).await?,
        None => {}
    }
    let here = Mark::of(&context.db).await?;
    store(&path, &here).map_err(|error| failed(&path, error))
}

/// Partners have seen a longer log of this node's: its database is an old copy, whatever lies beside it.
///
/// # Errors
/// What the database says.
pub(crate) async fn log_was_longer(context: &Arc<Context>) -> Result<(), Error> {
    end_all(context, Mark::default()).await
}

async fn end_all(context: &Arc<Context>, known: Mark) -> Result<(), Error> {
    tracing::error!(
        "this database is an old copy: all sessions, tokens and invitations have ended, and accounts that have changed since are locked"
    );
    let now = context.env.now();
    let write = context.db.write(move |tx| {
        async move {
            sessions::forget_all(tx).await?;
            let here = mark::changes(tx).await?;
            for (id, changes) in known.changes() {
                if changes > here.get(&id).copied().unwrap_or(0) {
                    lock(tx, id, changes, Deed::new(now, Doer::Node, What::Locked).about(id)).await?;
                }
            }
            let deeds = mark::deeds(tx).await?.max(known.deeds);
            mark::set(tx, deeds).await?;
            events::add(tx, &Deed::new(now, Doer::Node, What::Restored)).await
        }
        .boxed()
    });
    Ok(write.await?)
}

/// An account that isn't what it was when it is known again.
async fn lock(tx: &mut Tx, id: AccountId, changes: u64, deed: Deed) -> Result<(), StoreError> {
    if accounts::by_id(tx, id).await?.is_none() {
        return Ok(());
    }
    accounts::set_locked(tx, id, true).await?;
    mark::set_changes(tx, id, changes).await?;
    events::add(tx, &deed).await
}

/// Writes the file after each deed, until the node stops, and tells whoever waits for one.
pub async fn run(context: Arc<Context>) {
    let mut written = None;
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(PAUSE) => false,
            () = context.stopping() => true,
        };
        match write(&context, written).await {
            Ok(deeds) if written != Some(deeds) => {
                written = Some(deeds);
                context.people.deeds.send_replace(deeds);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "people.mark can't be written; it is tried again"),
        }
        if stopping {
            return;
        }
    }
}

async fn write(context: &Context, written: Option<u64>) -> Result<u64, Error> {
    let deeds = mark::deeds(&context.db).await?;
    if written == Some(deeds) {
        return Ok(deeds);
    }
    let (path, here) = (path(context), Mark::of(&context.db).await?);
    let done = tokio::task::spawn_blocking(move || store(&path, &here).map_err(|error| failed(&path, error)));
    done.await.map_err(|error| Error::new(Code::Internal).because(error))??;
    Ok(deeds)
}

fn path(context: &Context) -> PathBuf {
    context.config.node.data_dir.join(NAME)
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(Code::Internal).with("path", path.display()).because(error)
}

fn load(path: &Path) -> io::Result<Option<Mark>> {
    match fs::read(path) {
        // One that can't be read tells nothing: the same as none.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn store(path: &Path, mark: &Mark) -> io::Result<()> {
    let part = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(&serde_json::to_vec(mark)?)?;
    file.sync_all()?;
    fs::rename(part, path)
}
