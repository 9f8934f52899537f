//! Withdrawals: which ids are withdrawn, what was made from them, and who has confirmed that they are gone.

use volbridge_proto::{LogId, PartnerId, RecordId, Timestamp};

use super::{Query, StoreError, Tx, args, column, logs::LogNumber, select::Select};

/// That a record is withdrawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Withdrawn {
    /// The log whose Withdrawal says so.
    pub log: LogNumber,
    /// Which record.
    pub id: RecordId,
    /// The Withdrawal's index.
    pub by_index: u64,
    /// The reason given; empty for named records.
    pub reason: String,
}

type Raw = (i64, Vec<u8>, i64, String);

fn typed((log, id, by_index, reason): Raw) -> Result<Withdrawn, StoreError> {
    let key = format!("{log}/{}", hex::encode(&id));
    Ok(Withdrawn {
        log,
        id: column::id("withdrawn", &key, &id)?,
        by_index: column::count("withdrawn", &key, by_index)?,
        reason,
    })
}

/// Notes the ids that the Withdrawal at `by_index` names. Whether it takes them back is `proto`'s to say.
pub async fn add(
    tx: &mut Tx,
    log: LogNumber,
    by_index: u64,
    reason: &str,
    ids: &[RecordId],
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO withdrawn (log, id, by_index, reason)",
        "ON CONFLICT (log, id, by_index) DO NOTHING",
        ids.iter().map(|id| args![log, *id, by_index, reason]),
    )
    .await?;
    Ok(())
}

/// Which Withdrawals in these logs (a partner's epochs) name which of `ids`, in log order.
pub async fn among(
    q: &impl Query,
    logs: &[LogNumber],
    ids: &[RecordId],
) -> Result<Vec<Withdrawn>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        let mut select = Select::new("SELECT log, id, by_index, reason FROM withdrawn WHERE", args![]);
        select.add_list(" log IN ", logs.iter().map(|log| (*log).into()).collect());
        select.add_list(" AND id IN ", chunk.iter().map(|id| (*id).into()).collect());
        select.add(" ORDER BY log, by_index, id", args![]);
        for row in select.rows(q).await? {
            found.push(typed(row)?);
        }
    }
    Ok(found)
}

/// The first Withdrawal in these logs that names a record.
pub async fn find(q: &impl Query, logs: &[LogNumber], id: RecordId) -> Result<Option<Withdrawn>, StoreError> {
    Ok(among(q, logs, &[id]).await?.into_iter().next())
}

/// The index of a log's newest Withdrawal: receipts must reach beyond it.
pub async fn newest_index(q: &impl Query, log: LogNumber) -> Result<Option<u64>, StoreError> {
    let (index,): (Option<i64>,) =
        q.row("SELECT max(by_index) FROM withdrawn WHERE log = $1", args![log]).await?;
    index.map(|index| column::count("withdrawn", log, index)).transpose()
}

/// Notes the records that an entry was made from.
pub async fn add_sources(
    tx: &mut Tx,
    log: LogNumber,
    index: u64,
    sources: &[RecordId],
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO source (log, entry_index, source, source_prefix)",
        "ON CONFLICT (log, entry_index, source) DO NOTHING",
        sources.iter().map(|id| args![log, index, *id, id.prefix()]),
    )
    .await?;
    Ok(())
}

/// The entries that were made from a record.
pub async fn made_from(q: &impl Query, source: RecordId) -> Result<Vec<(LogNumber, u64)>, StoreError> {
    let rows: Vec<(i64, i64)> = q
        .rows(
            "SELECT log, entry_index FROM source WHERE source_prefix = $1 AND source = $2
             ORDER BY log, entry_index",
            args![source.prefix(), source],
        )
        .await?;
    rows.into_iter().map(|(log, index)| Ok((log, column::count("source", log, index)?))).collect()
}

/// The records that an entry was made from.
pub async fn sources_of(q: &impl Query, log: LogNumber, index: u64) -> Result<Vec<RecordId>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = q
        .rows(
            "SELECT source FROM source WHERE log = $1 AND entry_index = $2 ORDER BY source",
            args![log, index],
        )
        .await?;
    rows.into_iter().map(|(id,)| column::id("source", format!("{log}/{index}"), &id)).collect()
}

/// Forgets what an erased entry was made from.
pub async fn remove_sources(tx: &mut Tx, log: LogNumber, index: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM source WHERE log = $1 AND entry_index = $2", args![log, index]).await?;
    Ok(())
}

/// A partner's word that everything withdrawn below `size` is gone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receipt {
    /// Who says so.
    pub holder: PartnerId,
    /// Of which log.
    pub log: LogId,
    /// All Withdrawals below this size.
    pub size: u64,
    /// When the live bytes were gone.
    pub erased_at: Timestamp,
    /// When the backups are.
    pub backups_by: Timestamp,
}

/// Keeps a receipt; an older one than the kept changes nothing.
pub async fn add_receipt(tx: &mut Tx, receipt: &Receipt) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO erasure_receipt (holder, partner, epoch, size, erased_at, backups_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (holder, partner, epoch) DO UPDATE
             SET size = excluded.size, erased_at = excluded.erased_at, backups_by = excluded.backups_by
             WHERE excluded.size >= erasure_receipt.size",
        args![
            receipt.holder,
            receipt.log.partner,
            receipt.log.epoch,
            receipt.size,
            receipt.erased_at,
            receipt.backups_by
        ],
    )
    .await?;
    Ok(())
}

/// The receipts for a log. A holder whose `size` isn't above the newest Withdrawal, or who isn't in it, owes one.
pub async fn receipts(q: &impl Query, log: LogId) -> Result<Vec<Receipt>, StoreError> {
    let rows: Vec<(Vec<u8>, i64, i64, i64)> = q
        .rows(
            "SELECT holder, size, erased_at, backups_by FROM erasure_receipt
             WHERE partner = $1 AND epoch = $2 ORDER BY holder",
            args![log.partner, log.epoch],
        )
        .await?;
    rows.into_iter()
        .map(|(holder, size, erased_at, backups_by)| {
            Ok(Receipt {
                holder: column::id("erasure_receipt", log, &holder)?,
                log,
                size: column::count("erasure_receipt", log, size)?,
                erased_at: Timestamp::from_millis(erased_at),
                backups_by: Timestamp::from_millis(backups_by),
            })
        })
        .collect()
}

/// Forgets everything that is derived from entries: withdrawn ids, sources, receipts.
pub async fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    for delete in ["DELETE FROM withdrawn", "DELETE FROM source", "DELETE FROM erasure_receipt"] {
        tx.execute(delete, args![]).await?;
    }
    Ok(())
}
