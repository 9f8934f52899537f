//! Volunteers' profiles: own ones and those sealed to this node. A row says what stands without opening; the
//! person's data stays sealed, is opened in memory for one reader, and each time leaves a line in the access log.

use volbridge_proto::{id::RecordId, record::Statement, wire::record::v1 as wire};

use super::{
    Current, Cursor, Page, Place, Shown, Viewer,
    content::{self, EntryRow, select_entries},
};
use crate::{
    args,
    store::{Query, StoreError, Tx, select::Select},
};

pub(super) async fn show(tx: &mut Tx, shown: &Shown<'_>) -> Result<(), StoreError> {
    let consent = shown.statement.authority.as_ref().and_then(|authority| authority.consent);
    tx.execute(
        "INSERT INTO profile (log, subject, entry_index, id, consent, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, id = excluded.id, \
         consent = excluded.consent, expires_at = excluded.expires_at",
        args![
            shown.log,
            shown.statement.subject.as_bytes(),
            shown.index,
            shown.id.as_bytes(),
            consent.map(|consent| consent.id.to_vec()).unwrap_or_default(),
            shown.expires_at()
        ],
    )
    .await
    .map(drop)
}

/// What is said of a profile without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where it stands.
    pub place: Place,
    /// Its envelope; the payload is left out.
    pub statement: Statement,
}

/// A page of profiles, the newest log entries last; nothing for the public.
pub async fn list(
    on: &impl Query,
    viewer: Viewer<'_>,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Summary>, StoreError> {
    if !viewer.sees_named() {
        return Ok(Page { rows: Vec::new(), next: None });
    }
    let mut select =
        Select::new(select_entries!("profile", "CAST(0 AS BIGINT)", "v.subject", "WHERE 1 = 1"), args![]);
    if let Some(after) = after {
        select.add(" AND (v.subject, v.log) > (?, ?)", args![after.subject.as_bytes(), after.log]);
    }
    select.add(" ORDER BY v.subject, v.log LIMIT ?", args![u64::from(limit) + 1]);
    let page = content::cut(select.rows(on).await?, limit)?;
    let mut summaries = Vec::with_capacity(page.rows.len());
    for row in page.rows {
        if let Some((place, statement)) = row.statement(viewer)? {
            summaries.push(Summary { place, statement: Statement { payload: Vec::new(), ..statement } });
        }
    }
    Ok(Page { rows: summaries, next: page.next })
}

/// Opens one. The caller has written the line in the access log before.
pub async fn open(
    on: &impl Query,
    viewer: Viewer<'_>,
    id: &RecordId,
) -> Result<Option<Current<wire::VolunteerProfile>>, StoreError> {
    if !viewer.sees_named() {
        return Ok(None);
    }
    let row: Option<EntryRow> = on
        .row_opt(
            select_entries!("profile", "CAST(0 AS BIGINT)", "v.subject", "WHERE v.id = $1 LIMIT 1"),
            args![id.as_bytes()],
        )
        .await?;
    row.map_or(Ok(None), |row| row.read(viewer))
}
