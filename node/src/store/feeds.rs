//! Feeds that are read: how far, and which subject each of their items is here.

use volbridge_proto::{SubjectId, Timestamp};

use super::{Query, StoreError, Tx, args, column};

/// The page that comes next, if the feed was read before.
pub async fn next(q: &impl Query, feed: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = q.row_opt("SELECT next FROM feed WHERE url = $1", args![feed]).await?;
    Ok(row.map(|(next,)| next))
}

/// Notes how far a feed was read.
pub async fn set_next(tx: &mut Tx, feed: &str, next: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO feed (url, next, read_at) VALUES ($1, $2, $3)
         ON CONFLICT (url) DO UPDATE SET next = excluded.next, read_at = excluded.read_at",
        args![feed, next, at],
    )
    .await?;
    Ok(())
}

/// What an item is here.
pub async fn subject(q: &impl Query, feed: &str, item: &str) -> Result<Option<SubjectId>, StoreError> {
    let row: Option<(Vec<u8>,)> =
        q.row_opt("SELECT subject FROM feed_item WHERE feed = $1 AND item = $2", args![feed, item]).await?;
    row.map(|(subject,)| column::id("feed_item", item, &subject)).transpose()
}

/// Chooses what an item is here, before it is published: a crash in between makes no second one of it.
pub async fn add(tx: &mut Tx, feed: &str, item: &str, subject: SubjectId) -> Result<(), StoreError> {
    tx.execute("INSERT INTO feed_item (feed, item, subject) VALUES ($1, $2, $3)", args![feed, item, subject])
        .await?;
    Ok(())
}

/// Forgets an item that is gone: if it comes again, it is another listing.
pub async fn remove(tx: &mut Tx, feed: &str, item: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM feed_item WHERE feed = $1 AND item = $2", args![feed, item]).await?;
    Ok(())
}
