//! Deleting what no record names: at once when a record is erased, after a crash at the next start, and uploads that
//! no record came for (threats.md T37, T52).

use std::time::{Duration, UNIX_EPOCH};

use futures::FutureExt as _;
use volbridge_proto::{BlobHash, Timestamp};

use super::BlobStore;
use crate::{
    error::Error,
    store::{Db, StoreError, blobs},
};

/// How long an upload waits for the record that names it.
const UPLOADS: Duration = Duration::from_secs(24 * 60 * 60);

/// Uploads looked at in one round.
const ROUND: u32 = 256;

/// Deletes what is here of a blob, unless a record names it with that size or it has been uploaded.
///
/// # Errors
/// When the database or the disk fails.
pub async fn delete_unnamed(store: &BlobStore, db: &Db, hash: BlobHash) -> Result<(), Error> {
    // Whoever stores it holds this until the database knows it.
    let mark = store.marks.take(hash).await;
    let sizes = blobs::sizes(db, hash).await?;
    Ok(store.delete_marked(mark, sizes).await?)
}

/// Deletes files that nobody names: of records that were erased just before a crash, of uploads that it interrupted.
///
/// # Errors
/// When the database or the disk fails.
pub async fn sweep(store: &BlobStore, db: &Db) -> Result<(), Error> {
    for hash in store.hashes().await? {
        // What is being received is wanted.
        let Some(mark) = store.marks.try_take(hash) else { continue };
        let sizes = blobs::sizes(db, hash).await?;
        store.delete_marked(mark, sizes).await?;
    }
    Ok(())
}

/// Deletes uploads of yesterday that no record names.
///
/// # Errors
/// When the database or the disk fails.
pub async fn forget_uploads(store: &BlobStore, db: &Db, now: Timestamp) -> Result<(), Error> {
    let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or_default());
    for blob in blobs::unnamed(db, ROUND).await? {
        let age = store.stored_at(blob.hash).map(|at| now.duration_since(at).unwrap_or_default());
        if age.is_some_and(|age| age < UPLOADS) {
            continue;
        }
        let mark = store.marks.take(blob.hash).await;
        let forgotten = db.write(move |tx| async move { blobs::forget(tx, blob).await }.boxed());
        if Ok::<bool, StoreError>(forgotten.await?)? {
            store.delete_marked(mark, Vec::new()).await?;
        }
    }
    Ok(())
}
