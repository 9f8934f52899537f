//! Drops everything that is derived and derives it again from the stored entries (P11).

use super::{Effects, Reader, apply, batch};
use crate::{
    store::{StoreError, Tx, entries, logs, revisions, withdrawals},
    views,
};

/// Entries read at a time.
const STEP: u64 = 1_024;

/// Rebuilds all read models; returns how many entries were read, and what remains to be done.
pub async fn rebuild(tx: &mut Tx, reader: &Reader<'_>) -> Result<(u64, Effects), StoreError> {
    views::clear(tx).await?;
    revisions::clear(tx).await?;
    withdrawals::clear(tx).await?;
    crate::store::blobs::clear_uses(tx).await?;
    let mut effects = Effects::default();
    let mut read = 0;
    for log in logs::all(tx).await? {
        let mut start = 0;
        while start < log.size {
            let end = log.size.min(start + STEP);
            let rows = entries::range(tx, log.number, start..end).await?;
            read += rows.len() as u64;
            let counted = rows.iter().filter_map(|row| apply::read_row(reader, &log, row).transpose());
            let counted: Vec<_> = counted.collect::<Result<_, _>>()?;
            let known = batch::Known::load(tx, &log, &counted).await?;
            batch::apply(tx, reader, &known, &counted, &mut effects).await?;
            start = end;
        }
    }
    Ok((read, effects))
}
