//! Files of listings on their way in: how far each is, what is wrong with it, what came of it.

use volbridge_proto::{SubjectId, Timestamp};

use super::{Query, StoreError, Tx, Value, accounts::AccountId, args, column, select::Select};
use crate::imports::State;

/// Names an import.
pub type ImportId = [u8; 16];

/// An import.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRow {
    /// Which.
    pub id: ImportId,
    /// Grows with each change.
    pub version: u64,
    /// Where it is on its way.
    pub state: State,
    /// The file's.
    pub name: String,
    /// Bytes of the file.
    pub size: u64,
    /// For which organisation; none: the partner's own.
    pub organisation: Option<SubjectId>,
    /// `node.v1.ImportSetting`
    pub setting: Vec<u8>,
    /// `node.v1.ImportPreview`
    pub preview: Vec<u8>,
    /// Who brought it; none: whoever runs the machine.
    pub brought_by: Option<AccountId>,
    /// Who said that it be published.
    pub started_by: Option<AccountId>,
    /// What was counted.
    pub counts: Counts,
    /// Why it failed: a code.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was started; 0: not yet.
    pub started_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Listings of a file, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That were read.
    pub total: u64,
    /// Of these, without a fault.
    pub good: u64,
    /// With at least one.
    pub faulty: u64,
    /// Faults in all.
    pub faults: u64,
    /// Dealt with since it was started.
    pub done: u64,
    /// New ones.
    pub published: u64,
    /// With a new revision or translation.
    pub revised: u64,
    /// That were there already.
    pub unchanged: u64,
}

/// A fault of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRow {
    /// From 0, in the order in which they were found.
    pub number: u64,
    /// As a spreadsheet counts.
    pub row: u64,
    /// The header or the field.
    pub column: String,
    /// What is wrong.
    pub code: String,
    /// The beginning of what stands there.
    pub value: String,
}

/// A listing that came of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingRow {
    /// From 0, in the order of the file.
    pub number: u64,
    /// As a spreadsheet counts.
    pub row: u64,
    /// The giver's own id.
    pub reference: String,
    /// What it is here.
    pub subject: SubjectId,
    /// `published`, `revised`, `unchanged`
    pub outcome: String,
}

#[derive(sqlx::FromRow)]
struct Raw {
    id: Vec<u8>,
    version: i64,
    state: String,
    name: String,
    size: i64,
    organisation: Vec<u8>,
    setting: Vec<u8>,
    preview: Vec<u8>,
    brought_by: Vec<u8>,
    started_by: Vec<u8>,
    total: i64,
    good: i64,
    faulty: i64,
    faults: i64,
    done: i64,
    published: i64,
    revised: i64,
    unchanged: i64,
    reason: String,
    created_at: i64,
    started_at: i64,
    changed_at: i64,
}

fn typed(raw: Raw) -> Result<ImportRow, StoreError> {
    let key = hex::encode(&raw.id);
    let some = |bytes: &[u8]| Some(bytes.to_vec()).filter(|bytes| !bytes.is_empty());
    let account = |bytes: &[u8]| column::optional_id("import", &key, some(bytes).as_deref());
    let count = |value: i64| column::count("import", &key, value);
    Ok(ImportRow {
        id: column::id("import", &key, &raw.id)?,
        version: count(raw.version)?,
        state: raw.state.parse().map_err(|why| StoreError::corrupt("import", &key, why))?,
        name: raw.name,
        size: count(raw.size)?,
        organisation: column::optional_id("import", &key, some(&raw.organisation).as_deref())?,
        setting: raw.setting,
        preview: raw.preview,
        brought_by: account(&raw.brought_by)?,
        started_by: account(&raw.started_by)?,
        counts: Counts {
            total: count(raw.total)?,
            good: count(raw.good)?,
            faulty: count(raw.faulty)?,
            faults: count(raw.faults)?,
            done: count(raw.done)?,
            published: count(raw.published)?,
            revised: count(raw.revised)?,
            unchanged: count(raw.unchanged)?,
        },
        reason: raw.reason,
        created_at: Timestamp::from_millis(raw.created_at),
        started_at: Timestamp::from_millis(raw.started_at),
        changed_at: Timestamp::from_millis(raw.changed_at),
    })
}

fn bytes(account: Option<AccountId>) -> Vec<u8> {
    account.map(Vec::from).unwrap_or_default()
}

/// The import with this id.
pub async fn find(q: &impl Query, id: ImportId) -> Result<Option<ImportRow>, StoreError> {
    let row: Option<Raw> = q.row_opt("SELECT * FROM import WHERE id = $1", args![id]).await?;
    row.map(typed).transpose()
}

/// The one in this state that has waited longest.
pub async fn next_in(q: &impl Query, state: State) -> Result<Option<ImportRow>, StoreError> {
    let row: Option<Raw> = q
        .row_opt(
            "SELECT * FROM import WHERE state = $1 ORDER BY changed_at, id LIMIT 1",
            args![state.as_str()],
        )
        .await?;
    row.map(typed).transpose()
}

/// How many have a file that isn't dealt with.
pub async fn open(q: &impl Query) -> Result<u64, StoreError> {
    let (count,): (i64,) =
        q.row("SELECT count(*) FROM import WHERE state IN ('checking', 'ready', 'running')", args![]).await?;
    column::count("import", "open", count)
}

/// Up to `limit` of them, the newest first, before `before`; of these organisations, or of all.
pub async fn list(
    q: &impl Query,
    organisations: Option<&[SubjectId]>,
    before: Option<(Timestamp, ImportId)>,
    limit: u32,
) -> Result<Vec<ImportRow>, StoreError> {
    let mut select = Select::new("SELECT * FROM import WHERE created_at >= ?", args![0_i64]);
    if let Some(organisations) = organisations {
        let list = organisations.iter().map(|subject| Value::from(*subject)).collect();
        select.add_list(" AND organisation IN ", list);
    }
    if let Some((at, id)) = before {
        select.add(" AND (created_at, id) < (?, ?)", args![at, id]);
    }
    select.add(" ORDER BY created_at DESC, id DESC LIMIT ?", args![limit]);
    select.rows::<Raw>(q).await?.into_iter().map(typed).collect()
}

/// Adds an import.
pub async fn insert(tx: &mut Tx, row: &ImportRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO import (id, version, state, name, size, organisation, setting, preview, brought_by, started_by,
             total, good, faulty, faults, done, published, revised, unchanged, reason, created_at, started_at,
             changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 0, 0, 0, 0, 0, $11, $12, 0, $13)",
        args![
            row.id,
            row.version,
            row.state.as_str(),
            &row.name,
            row.size,
            row.organisation.map(SubjectId::to_vec).unwrap_or_default(),
            &row.setting,
            &row.preview,
            bytes(row.brought_by),
            bytes(row.started_by),
            &row.reason,
            row.created_at,
            row.changed_at
        ],
    )
    .await?;
    Ok(())
}

/// Stores a change of the import that had the version before. False if somebody was faster.
pub async fn update(tx: &mut Tx, row: &ImportRow) -> Result<bool, StoreError> {
    let counts = &row.counts;
    let touched = tx
        .execute(
            "UPDATE import SET version = $1, state = $2, organisation = $3, setting = $4, preview = $5, started_by = $6,
                 total = $7, good = $8, faulty = $9, faults = $10, done = $11, published = $12, revised = $13,
                 unchanged = $14, reason = $15, started_at = $16, changed_at = $17
             WHERE id = $18 AND version = $19",
            args![
                row.version,
                row.state.as_str(),
                row.organisation.map(SubjectId::to_vec).unwrap_or_default(),
                &row.setting,
                &row.preview,
                bytes(row.started_by),
                counts.total,
                counts.good,
                counts.faulty,
                counts.faults,
                counts.done,
                counts.published,
                counts.revised,
                counts.unchanged,
                &row.reason,
                row.started_at,
                row.changed_at,
                row.id,
                row.version.saturating_sub(1)
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Adds what was found wrong.
pub async fn add_faults(tx: &mut Tx, id: ImportId, faults: Vec<FaultRow>) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO import_fault (import, number, in_row, in_column, code, value)",
        "",
        faults
            .into_iter()
            .map(move |fault| args![id, fault.number, fault.row, fault.column, fault.code, fault.value]),
    )
    .await?;
    Ok(())
}

/// Adds what came of it.
pub async fn add_listings(tx: &mut Tx, id: ImportId, listings: Vec<ListingRow>) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO import_listing (import, number, in_row, reference, subject, outcome)",
        "",
        listings.into_iter().map(move |listing| {
            args![id, listing.number, listing.row, listing.reference, listing.subject, listing.outcome]
        }),
    )
    .await?;
    Ok(())
}

/// Forgets what was found wrong, and what came of it: it is gone through anew.
pub async fn clear(tx: &mut Tx, id: ImportId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM import_fault WHERE import = $1", args![id]).await?;
    tx.execute("DELETE FROM import_listing WHERE import = $1", args![id]).await?;
    Ok(())
}

/// Forgets all of it.
pub async fn remove(tx: &mut Tx, id: ImportId) -> Result<(), StoreError> {
    clear(tx, id).await?;
    tx.execute("DELETE FROM import WHERE id = $1", args![id]).await?;
    Ok(())
}

/// Faults from a number on.
pub async fn faults(
    q: &impl Query,
    id: ImportId,
    from: u64,
    limit: u32,
) -> Result<Vec<FaultRow>, StoreError> {
    let rows: Vec<(i64, i64, String, String, String)> = q
        .rows(
            "SELECT number, in_row, in_column, code, value FROM import_fault
             WHERE import = $1 AND number >= $2 ORDER BY number LIMIT $3",
            args![id, from, limit],
        )
        .await?;
    let key = hex::encode(id);
    let typed = |(number, row, column, code, value)| {
        let number = column::count("import_fault", &key, number)?;
        Ok(FaultRow { number, row: column::count("import_fault", &key, row)?, column, code, value })
    };
    rows.into_iter().map(typed).collect()
}

/// What came of it, from a number on.
pub async fn listings(
    q: &impl Query,
    id: ImportId,
    from: u64,
    limit: u32,
) -> Result<Vec<ListingRow>, StoreError> {
    let rows: Vec<(i64, i64, String, Vec<u8>, String)> = q
        .rows(
            "SELECT number, in_row, reference, subject, outcome FROM import_listing
             WHERE import = $1 AND number >= $2 ORDER BY number LIMIT $3",
            args![id, from, limit],
        )
        .await?;
    let key = hex::encode(id);
    let typed = |(number, row, reference, subject, outcome): (i64, i64, String, Vec<u8>, String)| {
        Ok(ListingRow {
            number: column::count("import_listing", &key, number)?,
            row: column::count("import_listing", &key, row)?,
            reference,
            subject: column::id("import_listing", &key, &subject)?,
            outcome,
        })
    };
    rows.into_iter().map(typed).collect()
}

/// Those that nobody has touched since: `waiting` if they are to be published yet, `over` if they are dealt with.
pub async fn stale(
    q: &impl Query,
    waiting: Timestamp,
    over: Timestamp,
    limit: u32,
) -> Result<Vec<ImportId>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = q
        .rows(
            "SELECT id FROM import WHERE (state = 'ready' AND changed_at < $1)
                 OR (state IN ('done', 'cancelled', 'failed') AND changed_at < $2) LIMIT $3",
            args![waiting, over, limit],
        )
        .await?;
    rows.iter().map(|(id,)| column::id("import", hex::encode(id), id)).collect()
}
