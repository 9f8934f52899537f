//! Saved searches, and what their owners have been told.

use volbridge_proto::{PartnerId, SubjectId, Timestamp};

use super::{Query, StoreError, Tx, args, column, sessions::SecretHash};

/// Names a saved search.
pub type SavedId = [u8; 16];

/// A saved search.
#[derive(Clone, PartialEq, sqlx::FromRow)]
pub struct SavedRow {
    id: Vec<u8>,
    /// Sealed.
    pub mail: Vec<u8>,
    /// Tells addresses apart without naming them.
    pub mail_hash: Vec<u8>,
    /// In words.
    pub label: String,
    /// Of the mails.
    pub language: String,
    /// `node.v1.ListingQuery`
    pub query: Vec<u8>,
    /// How often is looked, ms.
    pub every_ms: i64,
    /// By the link in the mail.
    pub confirmed: bool,
    created_at: i64,
    sent_at: i64,
    next_at: i64,
}

impl SavedRow {
    /// A new one, unconfirmed, that is forgotten at `until`.
    #[must_use]
    pub fn new(id: SavedId, created_at: Timestamp, until: Timestamp) -> Self {
        Self {
            id: id.to_vec(),
            mail: Vec::new(),
            mail_hash: Vec::new(),
            label: String::new(),
            language: String::new(),
            query: Vec::new(),
            every_ms: 0,
            confirmed: false,
            created_at: created_at.as_millis(),
            sent_at: 0,
            next_at: until.as_millis(),
        }
    }

    /// Its id.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn id(&self) -> Result<SavedId, StoreError> {
        column::id("saved_search", hex::encode(&self.id), &self.id)
    }

    /// Since when.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }

    /// When something was last told.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        (self.sent_at > 0).then(|| Timestamp::from_millis(self.sent_at))
    }
}

/// Adds one, under the hash of its link's secret.
pub async fn insert(tx: &mut Tx, hash: SecretHash, row: &SavedRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO saved_search (id, hash, mail, mail_hash, label, language, query, every_ms, confirmed, created_at,
             sent_at, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            &row.id,
            hash,
            &row.mail,
            &row.mail_hash,
            &row.label,
            &row.language,
            &row.query,
            row.every_ms,
            row.confirmed,
            row.created_at,
            row.sent_at,
            row.next_at
        ],
    )
    .await?;
    Ok(())
}

/// The one with this link.
pub async fn find(q: &impl Query, hash: SecretHash) -> Result<Option<SavedRow>, StoreError> {
    q.row_opt(
        "SELECT id, mail, mail_hash, label, language, query, every_ms, confirmed, created_at, sent_at, next_at
         FROM saved_search WHERE hash = $1",
        args![hash],
    )
    .await
}

/// How many this address has: unconfirmed ones, and all.
pub async fn count(q: &impl Query, mail_hash: &[u8]) -> Result<(u64, u64), StoreError> {
    let (open, all): (i64, i64) = q
        .row(
            "SELECT coalesce(sum(CASE WHEN confirmed THEN 0 ELSE 1 END), 0), count(*) FROM saved_search
             WHERE mail_hash = $1",
            args![mail_hash],
        )
        .await?;
    Ok((column::count("saved_search", "count", open)?, column::count("saved_search", "count", all)?))
}

/// Confirms it; from now on it is looked after.
pub async fn confirm(tx: &mut Tx, id: SavedId, next_at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE saved_search SET confirmed = true, next_at = $1 WHERE id = $2", args![next_at, id])
        .await?;
    Ok(())
}

/// Confirmed ones whose time has come.
pub async fn due(q: &impl Query, now: Timestamp, limit: u32) -> Result<Vec<SavedRow>, StoreError> {
    q.rows(
        "SELECT id, mail, mail_hash, label, language, query, every_ms, confirmed, created_at, sent_at, next_at
         FROM saved_search WHERE confirmed = true AND next_at <= $1 ORDER BY next_at, id LIMIT $2",
        args![now, limit],
    )
    .await
}

/// When is looked again, and whether something was told.
pub async fn looked(
    tx: &mut Tx,
    id: SavedId,
    next_at: Timestamp,
    sent_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE saved_search SET next_at = $1, sent_at = CASE WHEN $2 > 0 THEN $2 ELSE sent_at END WHERE id = $3",
        args![next_at, sent_at.map_or(0, |at| at.as_millis()), id],
    )
    .await?;
    Ok(())
}

/// Which of these were told.
pub async fn told(q: &impl Query, id: SavedId) -> Result<Vec<(PartnerId, SubjectId)>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        q.rows("SELECT partner, subject FROM saved_search_told WHERE search = $1", args![id]).await?;
    let typed = |(partner, subject): (Vec<u8>, Vec<u8>)| {
        let key = hex::encode(id);
        Ok((
            column::id("saved_search_told", &key, &partner)?,
            column::id("saved_search_told", &key, &subject)?,
        ))
    };
    rows.into_iter().map(typed).collect()
}

/// Notes what is told.
pub async fn tell(
    tx: &mut Tx,
    id: SavedId,
    listings: &[(PartnerId, SubjectId)],
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO saved_search_told (search, partner, subject, at)",
        " ON CONFLICT (search, partner, subject) DO UPDATE SET at = excluded.at",
        listings.iter().map(|(partner, subject)| args![id, *partner, *subject, at]),
    )
    .await?;
    Ok(())
}

/// Forgets what was told before then.
pub async fn forget_told(tx: &mut Tx, id: SavedId, before: Timestamp) -> Result<(), StoreError> {
    tx.execute("DELETE FROM saved_search_told WHERE search = $1 AND at < $2", args![id, before]).await?;
    Ok(())
}

/// Erases one.
pub async fn remove(tx: &mut Tx, id: SavedId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM saved_search_told WHERE search = $1", args![id]).await?;
    tx.execute("DELETE FROM saved_search WHERE id = $1", args![id]).await?;
    Ok(())
}

/// Erases what nobody confirmed in time; returns how many.
pub async fn forget_unconfirmed(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM saved_search WHERE confirmed = false AND next_at <= $1", args![now]).await
}
