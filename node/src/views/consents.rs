//! Consents by which profiles may be passed on: own ones and those sealed to this node.

use volbridge_proto::{
    id::{RecordId, SubjectId},
    wire::record::v1 as wire,
};

use super::Shown;
use crate::{
    args,
    store::{Query, StoreError, Tx},
};

/// What stands of a consent without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    /// The log's number in this database.
    pub log: i64,
    /// Its entry.
    pub index: u64,
    /// Its id.
    pub id: RecordId,
    /// What it is about.
    pub subject: SubjectId,
    /// Unix milliseconds; 0: never.
    pub expires_at: i64,
}

pub(super) async fn show(tx: &mut Tx, shown: &Shown<'_>, consent: &wire::Consent) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO consent (log, subject, entry_index, id, profile, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, id = excluded.id, \
         profile = excluded.profile, expires_at = excluded.expires_at",
        args![
            shown.log,
            shown.statement.subject.as_bytes(),
            shown.index,
            shown.id.as_bytes(),
            &consent.profile,
            consent.expires_at
        ],
    )
    .await
    .map(drop)
}

type Columns = (i64, i64, Vec<u8>, Vec<u8>, i64);

/// The consent of this log with this record id, while it is current.
pub async fn by_id(on: &impl Query, log: i64, id: &RecordId) -> Result<Option<ConsentRow>, StoreError> {
    let row: Option<Columns> = on
        .row_opt(
            "SELECT log, entry_index, id, subject, expires_at FROM consent WHERE log = $1 AND id = $2",
            args![log, id.as_bytes()],
        )
        .await?;
    row.map(read).transpose()
}

/// The consents for a profile, oldest first.
pub async fn of_profile(
    on: &impl Query,
    log: i64,
    profile: &SubjectId,
) -> Result<Vec<ConsentRow>, StoreError> {
    let rows: Vec<Columns> = on
        .rows(
            "SELECT log, entry_index, id, subject, expires_at FROM consent WHERE log = $1 AND profile = $2 \
             ORDER BY entry_index",
            args![log, profile.as_bytes()],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

fn read((log, index, id, subject, expires_at): Columns) -> Result<ConsentRow, StoreError> {
    let corrupt = |why: String| StoreError::corrupt("consent", format!("{log}/{index}"), why);
    Ok(ConsentRow {
        log,
        index: u64::try_from(index).map_err(|error| corrupt(error.to_string()))?,
        id: RecordId::try_from(id.as_slice()).map_err(|refusal| corrupt(refusal.to_string()))?,
        subject: SubjectId::try_from(subject.as_slice()).map_err(|refusal| corrupt(refusal.to_string()))?,
        expires_at,
    })
}
