//! Volunteer organisations, in the order in which they came to be.

use std::collections::BTreeMap;

use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::record::v1 as wire,
};

use super::{
    Current, Cursor, Page, Shown, Viewer,
    content::{self, EntryRow, select_entries},
    words::searched,
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// What an earlier revision's row becomes.
const REPLACE: &str = "ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, \
    search_text = excluded.search_text";

/// The row of an organisation's current revision.
fn row(shown: &Shown<'_>, organisation: &wire::Organisation) -> Vec<Value> {
    let names = organisation.names.iter().map(|name| name.text.as_str());
    args![shown.log, shown.statement.subject.as_bytes(), shown.index, searched(names)]
}

/// Writes rows: of subjects that are `new`, or else in place of those of earlier revisions.
pub(super) async fn write(
    tx: &mut Tx,
    shown: &[(&Shown<'_>, &wire::Organisation)],
    new: bool,
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO organisation (log, subject, entry_index, search_text)",
        if new { "" } else { REPLACE },
        shown.iter().map(|(shown, organisation)| row(shown, organisation)),
    )
    .await
    .map(drop)
}

/// A page of organisations, of one partner or of all.
pub async fn list(
    on: &impl Query,
    partner: Option<PartnerId>,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Current<wire::Organisation>>, StoreError> {
    let mut select = Select::new(
        select_entries!("organisation", "CAST(0 AS BIGINT)", "v.subject", "WHERE 1 = 1"),
        args![],
    );
    select.add_some(" AND l.partner = ?", partner.map(PartnerId::to_vec));
    if let Some(after) = after {
        select.add(" AND (v.subject, v.log) > (?, ?)", args![after.subject.as_bytes(), after.log]);
    }
    select.add(" ORDER BY v.subject, v.log LIMIT ?", args![u64::from(limit) + 1]);
    content::page(select.rows(on).await?, limit, Viewer::Public)
}

/// A partner's organisation; without a partner, that of the first partner known to use this subject.
pub async fn get(
    on: &impl Query,
    partner: Option<PartnerId>,
    subject: SubjectId,
) -> Result<Option<Current<wire::Organisation>>, StoreError> {
    let mut select = Select::new(
        select_entries!("organisation", "CAST(0 AS BIGINT)", "v.subject", "WHERE v.subject = ?"),
        args![subject.as_bytes()],
    );
    select.add_some(" AND l.partner = ?", partner.map(PartnerId::to_vec));
    content::first_known(select.rows::<EntryRow>(on).await?, Viewer::Public)
}

/// Those of these partners' organisations that are known.
pub async fn among(
    on: &impl Query,
    wanted: &[(PartnerId, SubjectId)],
) -> Result<BTreeMap<(PartnerId, SubjectId), Current<wire::Organisation>>, StoreError> {
    let mut select = Select::new(
        select_entries!("organisation", "CAST(0 AS BIGINT)", "v.subject", "WHERE v.subject IN "),
        args![],
    );
    select.add_list("", wanted.iter().map(|(_, subject)| Value::from(subject.as_bytes())).collect());
    select.add(" ORDER BY l.epoch", args![]);
    let rows = content::read_all::<wire::Organisation>(select.rows(on).await?, Viewer::Public)?;
    let found = rows.into_iter().map(|current| ((current.partner(), current.subject()), current));
    Ok(found.filter(|(key, _)| wanted.contains(key)).collect())
}
