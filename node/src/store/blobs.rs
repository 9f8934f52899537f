//! Blobs that records name: which are held, which are wanted, and which nobody names any more.
//! Their bytes are in `node::blobs`.

use volbridge_proto::BlobHash;

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// A blob as a record names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName {
    /// BLAKE3 of its bytes.
    pub hash: BlobHash,
    /// How many.
    pub size: u64,
}

type Raw = (Vec<u8>, i64);

fn typed((hash, size): Raw) -> Result<BlobName, StoreError> {
    let key = hex::encode(&hash);
    Ok(BlobName { hash: column::id("blob", &key, &hash)?, size: column::count("blob", &key, size)? })
}

fn all(rows: Vec<Raw>) -> Result<Vec<BlobName>, StoreError> {
    rows.into_iter().map(typed).collect()
}

/// An entry names a blob: wanted from now on, unless it is held.
pub async fn add(tx: &mut Tx, log: LogNumber, index: u64, blob: BlobName) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO blob (hash, size, held) VALUES ($1, $2, $3) ON CONFLICT (hash, size) DO NOTHING",
        args![blob.hash, blob.size, false],
    )
    .await?;
    tx.execute(
        "INSERT INTO blob_use (log, entry_index, hash, size) VALUES ($1, $2, $3, $4)
         ON CONFLICT (log, entry_index, hash) DO NOTHING",
        args![log, index, blob.hash, blob.size],
    )
    .await?;
    Ok(())
}

/// Its bytes are verified and durable (or were found missing).
pub async fn set_held(tx: &mut Tx, blob: BlobName, held: bool) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO blob (hash, size, held) VALUES ($1, $2, $3)
         ON CONFLICT (hash, size) DO UPDATE SET held = excluded.held",
        args![blob.hash, blob.size, held],
    )
    .await?;
    Ok(())
}

/// The bytes of a blob that was wanted are verified and durable; false if no record names it any more.
pub async fn arrived(tx: &mut Tx, blob: BlobName) -> Result<bool, StoreError> {
    let sql = "UPDATE blob SET held = $1 WHERE hash = $2 AND size = $3";
    Ok(tx.execute(sql, args![true, blob.hash, blob.size]).await? == 1)
}

/// Up to `limit` blobs that are held and that no record names: uploads whose record hasn't come yet.
pub async fn unnamed(q: &impl Query, limit: u32) -> Result<Vec<BlobName>, StoreError> {
    all(q
        .rows(
            "SELECT hash, size FROM blob WHERE held
             AND NOT EXISTS (SELECT 1 FROM blob_use WHERE blob_use.hash = blob.hash)
             ORDER BY hash, size LIMIT $1",
            args![limit],
        )
        .await?)
}

/// Forgets a blob that no record names; false if one does by now.
pub async fn forget(tx: &mut Tx, blob: BlobName) -> Result<bool, StoreError> {
    let gone = tx
        .execute(
            "DELETE FROM blob WHERE hash = $1 AND size = $2
             AND NOT EXISTS (SELECT 1 FROM blob_use WHERE blob_use.hash = blob.hash)",
            args![blob.hash, blob.size],
        )
        .await?;
    Ok(gone == 1)
}

/// The blob with this hash, if it is held.
pub async fn held(q: &impl Query, hash: BlobHash) -> Result<Option<BlobName>, StoreError> {
    let row = q.row_opt("SELECT hash, size FROM blob WHERE hash = $1 AND held", args![hash]).await?;
    row.map(typed).transpose()
}

/// The sizes with which a blob is named, or was uploaded.
pub async fn sizes(q: &impl Query, hash: BlobHash) -> Result<Vec<u64>, StoreError> {
    let rows: Vec<(i64,)> =
        q.rows("SELECT size FROM blob WHERE hash = $1 ORDER BY size", args![hash]).await?;
    rows.into_iter().map(|(size,)| column::count("blob", hash, size)).collect()
}

/// Up to `limit` blobs that are held, above the hash `after`.
pub async fn all_held(
    q: &impl Query,
    after: Option<BlobHash>,
    limit: u32,
) -> Result<Vec<BlobName>, StoreError> {
    let after = after.map_or(Vec::new(), BlobHash::to_vec);
    all(q
        .rows(
            "SELECT hash, size FROM blob WHERE held AND hash > $1 ORDER BY hash, size LIMIT $2",
            args![after, limit],
        )
        .await?)
}

/// Up to `limit` blobs that are named and not held, above the hash `after`.
pub async fn wanted(
    q: &impl Query,
    after: Option<BlobHash>,
    limit: u32,
) -> Result<Vec<BlobName>, StoreError> {
    let after = after.map_or(Vec::new(), BlobHash::to_vec);
    all(q
        .rows(
            "SELECT hash, size FROM blob WHERE NOT held AND hash > $1 ORDER BY hash, size LIMIT $2",
            args![after, limit],
        )
        .await?)
}

/// The entries that name a blob: who may read one of them may have it.
pub async fn uses(q: &impl Query, hash: BlobHash) -> Result<Vec<(LogNumber, u64)>, StoreError> {
    let rows: Vec<(i64, i64)> = q
        .rows("SELECT log, entry_index FROM blob_use WHERE hash = $1 ORDER BY log, entry_index", args![hash])
        .await?;
    rows.into_iter().map(|(log, index)| Ok((log, column::count("blob_use", log, index)?))).collect()
}

/// The blobs that an entry names.
pub async fn of_entry(q: &impl Query, log: LogNumber, index: u64) -> Result<Vec<BlobName>, StoreError> {
    all(q
        .rows(
            "SELECT hash, size FROM blob_use WHERE log = $1 AND entry_index = $2 ORDER BY hash",
            args![log, index],
        )
        .await?)
}

/// An entry is erased: forgets what it named, and returns the blobs that nobody names any more. Their rows are gone;
/// the caller deletes their bytes once the transaction has committed.
pub async fn release(tx: &mut Tx, log: LogNumber, index: u64) -> Result<Vec<BlobName>, StoreError> {
    let named = of_entry(tx, log, index).await?;
    tx.execute("DELETE FROM blob_use WHERE log = $1 AND entry_index = $2", args![log, index]).await?;
    let mut unused = Vec::new();
    for blob in named {
        let gone = tx
            .execute(
                "DELETE FROM blob WHERE hash = $1 AND size = $2
                 AND NOT EXISTS (SELECT 1 FROM blob_use WHERE blob_use.hash = blob.hash AND blob_use.size = blob.size)",
                args![blob.hash, blob.size],
            )
            .await?;
        // Another record may name the same hash with another size: one of them lies, and a lie keeps no bytes here.
        if gone == 1 && held(tx, blob.hash).await?.is_none() {
            unused.push(blob);
        }
    }
    Ok(unused)
}

/// The bytes that are held of blobs that a log's entries name: what its quota counts.
pub async fn bytes_of_log(q: &impl Query, log: LogNumber) -> Result<u64, StoreError> {
    let (bytes,): (i64,) = q
        .row(
            "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM blob WHERE held AND EXISTS
             (SELECT 1 FROM blob_use WHERE blob_use.hash = blob.hash AND blob_use.size = blob.size AND log = $1)",
            args![log],
        )
        .await?;
    column::count("blob_use", log, bytes)
}

/// Forgets which entries name which blobs, before that is derived again.
pub async fn clear_uses(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("DELETE FROM blob_use", args![]).await.map(drop)
}
