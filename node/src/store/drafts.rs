//! Listings before they travel.

use volbridge_proto::{SubjectId, Timestamp};

use super::{Query, StoreError, Tx, Value, accounts::AccountId, args, column, select::Select};
use crate::desk::State;

/// Names a draft.
pub type DraftId = [u8; 16];

/// A draft.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftRow {
    /// Which.
    pub id: DraftId,
    /// Grows with each change.
    pub version: u64,
    /// Where it is on its way.
    pub state: State,
    /// For which organisation; none: the partner's own.
    pub organisation: Option<SubjectId>,
    /// The listing's subject.
    pub subject: SubjectId,
    /// The subject is published already.
    pub revises: bool,
    /// `node.v1.DraftContent`
    pub content: Vec<u8>,
    /// What was last handed in, or is published; empty: none.
    pub submitted: Vec<u8>,
    /// `node.v1.Remarks`
    pub remarks: Vec<u8>,
    /// Who began it; none: whoever runs the machine.
    pub author: Option<AccountId>,
    /// Who changed it last.
    pub changed_by: Option<AccountId>,
    /// Who handed it in.
    pub submitted_by: Option<AccountId>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// When it is to be published; none: when somebody says so.
    pub publish_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Raw {
    id: Vec<u8>,
    version: i64,
    state: String,
    organisation: Vec<u8>,
    subject: Vec<u8>,
    revises: bool,
    content: Vec<u8>,
    submitted: Vec<u8>,
    remarks: Vec<u8>,
    author: Vec<u8>,
    changed_by: Vec<u8>,
    submitted_by: Vec<u8>,
    decided_by: Vec<u8>,
    created_at: i64,
    changed_at: i64,
    publish_at: i64,
}

fn typed(raw: Raw) -> Result<DraftRow, StoreError> {
    let key = hex::encode(&raw.id);
    let account =
        |bytes: &[u8]| column::optional_id("draft", &key, Some(bytes).filter(|bytes| !bytes.is_empty()));
    let organisation = Some(raw.organisation.as_slice()).filter(|bytes| !bytes.is_empty());
    Ok(DraftRow {
        id: column::id("draft", &key, &raw.id)?,
        version: column::count("draft", &key, raw.version)?,
        state: raw.state.parse().map_err(|why| StoreError::corrupt("draft", &key, why))?,
        organisation: column::optional_id("draft", &key, organisation)?,
        subject: column::id("draft", &key, &raw.subject)?,
        revises: raw.revises,
        content: raw.content,
        submitted: raw.submitted,
        remarks: raw.remarks,
        author: account(&raw.author)?,
        changed_by: account(&raw.changed_by)?,
        submitted_by: account(&raw.submitted_by)?,
        decided_by: account(&raw.decided_by)?,
        created_at: Timestamp::from_millis(raw.created_at),
        changed_at: Timestamp::from_millis(raw.changed_at),
        publish_at: (raw.publish_at > 0).then(|| Timestamp::from_millis(raw.publish_at)),
    })
}

fn bytes(account: Option<AccountId>) -> Vec<u8> {
    account.map(Vec::from).unwrap_or_default()
}

/// The draft with this id.
pub async fn find(q: &impl Query, id: DraftId) -> Result<Option<DraftRow>, StoreError> {
    let row: Option<Raw> = q.row_opt("SELECT * FROM draft WHERE id = $1", args![id]).await?;
    row.map(typed).transpose()
}

/// The draft of a subject that isn't published yet.
pub async fn open_of(q: &impl Query, subject: SubjectId) -> Result<Option<DraftRow>, StoreError> {
    let row: Option<Raw> =
        q.row_opt("SELECT * FROM draft WHERE subject = $1 AND state <> 'published'", args![subject]).await?;
    row.map(typed).transpose()
}

/// Which drafts are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// At this step; none: all that aren't published.
    pub state: Option<State>,
    /// Of these organisations; none: of all, and the partner's own.
    pub organisations: Option<Vec<SubjectId>>,
}

/// Up to `limit` drafts, the newest change first, below the change `before`.
pub async fn list(
    q: &impl Query,
    filter: &Filter,
    before: Option<(Timestamp, DraftId)>,
    limit: u32,
) -> Result<Vec<DraftRow>, StoreError> {
    let mut select = Select::new("SELECT * FROM draft WHERE", args![]);
    match filter.state {
        Some(state) => select.add(" state = ?", args![state.as_str()]),
        None => select.add(" state <> 'published'", args![]),
    };
    if let Some(organisations) = &filter.organisations {
        select.add_list(
            " AND organisation IN ",
            organisations.iter().map(|subject| Value::from(*subject)).collect(),
        );
    }
    if let Some((at, id)) = before {
        select.add(" AND (changed_at, id) < (?, ?)", args![at, id]);
    }
    select.add(" ORDER BY changed_at DESC, id DESC LIMIT ?", args![limit]);
    select.rows::<Raw>(q).await?.into_iter().map(typed).collect()
}

/// Those whose time to be published has come, the earliest first.
pub async fn due(q: &impl Query, now: Timestamp, limit: u32) -> Result<Vec<DraftRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT * FROM draft WHERE state = 'approved' AND publish_at > 0 AND publish_at <= $1
             ORDER BY publish_at, id LIMIT $2",
            args![now, limit],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

/// Adds a draft.
pub async fn insert(tx: &mut Tx, row: &DraftRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO draft (id, version, state, organisation, subject, revises, content, submitted, remarks, author,
             changed_by, submitted_by, decided_by, created_at, changed_at, publish_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        args![
            row.id,
            row.version,
            row.state.as_str(),
            row.organisation.map(SubjectId::to_vec).unwrap_or_default(),
            row.subject,
            row.revises,
            &row.content,
            &row.submitted,
            &row.remarks,
            bytes(row.author),
            bytes(row.changed_by),
            bytes(row.submitted_by),
            bytes(row.decided_by),
            row.created_at,
            row.changed_at,
            row.publish_at.map_or(0, |at| at.as_millis())
        ],
    )
    .await?;
    Ok(())
}

/// Stores a change of the draft that had the version before. False if somebody was faster.
pub async fn update(tx: &mut Tx, row: &DraftRow) -> Result<bool, StoreError> {
    let touched = tx
        .execute(
            "UPDATE draft SET version = $1, state = $2, organisation = $3, content = $4, submitted = $5, remarks = $6,
                 changed_by = $7, submitted_by = $8, decided_by = $9, changed_at = $10, publish_at = $11, revises = $12
             WHERE id = $13 AND version = $14",
            args![
                row.version,
                row.state.as_str(),
                row.organisation.map(SubjectId::to_vec).unwrap_or_default(),
                &row.content,
                &row.submitted,
                &row.remarks,
                bytes(row.changed_by),
                bytes(row.submitted_by),
                bytes(row.decided_by),
                row.changed_at,
                row.publish_at.map_or(0, |at| at.as_millis()),
                row.revises,
                row.id,
                row.version.saturating_sub(1)
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Throws a draft away, if it still has this version.
pub async fn remove(tx: &mut Tx, id: DraftId, version: u64) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM draft WHERE id = $1 AND version = $2", args![id, version]).await? == 1)
}
