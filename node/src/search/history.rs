//! Whether an index is of this database, and where a new one begins.

use sha2::{Digest, Sha256};

use super::{follow::FollowError, index::Progress, schema::VERSION};
use crate::{
    context::Context,
    store::{
        StoreError, Tx,
        changes::{self, Change, KEPT, STEP},
        entries,
    },
};

/// Where an index begins that holds nothing yet: what it is then built from is no older than this.
pub(super) async fn beginning(context: &Context, of: &str) -> Result<Progress, FollowError> {
    let tx = context.db.snapshot().await?;
    let number = changes::last(&tx).await?;
    Ok(Progress {
        version: VERSION,
        of: of.to_owned(),
        number,
        mark: mark(&tx, number).await?.unwrap_or_default(),
        building: Some((-1, String::new())),
        erased: entries::erased(&tx).await?,
    })
}

/// Whether the index was made from this database as it is: an older copy of it has other changes.
pub(super) async fn is_history(context: &Context, progress: &Progress) -> Result<bool, FollowError> {
    let tx = context.db.snapshot().await?;
    let newest = changes::last(&tx).await?;
    if newest.saturating_sub(progress.number) > KEPT * STEP {
        return Ok(progress.number <= newest);
    }
    Ok(progress.number == 0 || mark(&tx, progress.number).await?.as_ref() == Some(&progress.mark))
}

/// What the change of this number was about.
async fn mark(tx: &Tx, number: i64) -> Result<Option<String>, StoreError> {
    let found = changes::since(tx, number.saturating_sub(1), 1).await?;
    Ok(found.first().filter(|(found, _)| *found == number).map(|(_, change)| mark_of(change)))
}

pub(super) fn mark_of(change: &Change) -> String {
    let mut hash = Sha256::new();
    hash.update(change.log.to_be_bytes());
    hash.update(change.index.to_be_bytes());
    hash.update(change.subject.as_bytes());
    hash.update(change.at.as_millis().to_be_bytes());
    hash.update(change.action.as_bytes());
    hex::encode(hash.finalize().get(..8).unwrap_or_default())
}
