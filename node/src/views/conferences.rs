//! Conferences, the latest first.

use volbridge_proto::{
    id::{PartnerId, SubjectId},
    time::{Date, Timestamp},
    wire::record::v1 as wire,
};

use super::{
    Current, Cursor, Page, Shown, Viewer,
    content::{self, EntryRow, select_entries},
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// What an earlier revision's row becomes.
const REPLACE: &str = "ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, named = excluded.named, \
    starts_at = excluded.starts_at";

/// The row of a conference's current revision.
fn row(shown: &Shown<'_>, conference: &wire::Conference) -> Vec<Value> {
    let starts_at = conference.starts_on.parse::<Date>().map_or(Timestamp::default(), Date::start_of_day_utc);
    args![shown.log, shown.statement.subject.as_bytes(), shown.index, shown.named(), starts_at.as_millis()]
}

/// Writes rows: of subjects that are `new`, or else in place of those of earlier revisions.
pub(super) async fn write(
    tx: &mut Tx,
    shown: &[(&Shown<'_>, &wire::Conference)],
    new: bool,
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO conference (log, subject, entry_index, named, starts_at)",
        if new { "" } else { REPLACE },
        shown.iter().map(|(shown, conference)| row(shown, conference)),
    )
    .await
    .map(drop)
}

/// A page of conferences, of one partner or of all.
pub async fn list(
    on: &impl Query,
    viewer: Viewer<'_>,
    partner: Option<PartnerId>,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Current<wire::Conference>>, StoreError> {
    let mut select =
        Select::new(select_entries!("conference", "v.starts_at", "v.subject", "WHERE 1 = 1"), args![]);
    if !viewer.sees_named() {
        select.add(" AND NOT v.named", args![]);
    }
    select.add_some(" AND l.partner = ?", partner.map(PartnerId::to_vec));
    if let Some(after) = after {
        select.add(
            " AND (v.starts_at, v.subject, v.log) < (?, ?, ?)",
            args![after.order, after.subject.as_bytes(), after.log],
        );
    }
    select.add(" ORDER BY v.starts_at DESC, v.subject DESC, v.log DESC LIMIT ?", args![u64::from(limit) + 1]);
    content::page(select.rows(on).await?, limit, viewer)
}

/// A partner's conference; without a partner, that of the first partner known to use this subject.
pub async fn get(
    on: &impl Query,
    viewer: Viewer<'_>,
    partner: Option<PartnerId>,
    subject: SubjectId,
) -> Result<Option<Current<wire::Conference>>, StoreError> {
    // The logs are few: with them the key is whole, and the row is looked up.
    let mut select = Select::new(
        select_entries!(
            "conference",
            "v.starts_at",
            "v.subject",
            "WHERE v.log IN (SELECT number FROM log) AND v.subject = ?"
        ),
        args![subject.as_bytes()],
    );
    if !viewer.sees_named() {
        select.add(" AND NOT v.named", args![]);
    }
    select.add_some(" AND l.partner = ?", partner.map(PartnerId::to_vec));
    content::first_known(select.rows::<EntryRow>(on).await?, viewer)
}
