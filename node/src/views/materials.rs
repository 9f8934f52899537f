//! Documents of conferences, in the order in which they came to be, and who may have their bytes.

use volbridge_proto::{
    id::{BlobHash, PartnerId, SubjectId},
    wire::record::v1 as wire,
};

use super::{
    Current, Cursor, Page, Shown, Viewer,
    content::{self, EntryRow, select_entries},
};
use crate::{
    args,
    store::{Query, StoreError, Tx, select::Select},
};

pub(super) async fn show(
    tx: &mut Tx,
    shown: &Shown<'_>,
    material: &wire::Material,
) -> Result<(), StoreError> {
    let blob = material.blob.as_ref().map(|blob| blob.hash.clone()).unwrap_or_default();
    tx.execute(
        "INSERT INTO material (log, subject, entry_index, named, conference, blob) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, named = excluded.named, \
         conference = excluded.conference, blob = excluded.blob",
        args![
            shown.log,
            shown.statement.subject.as_bytes(),
            shown.index,
            shown.named(),
            &material.conference,
            blob
        ],
    )
    .await
    .map(drop)
}

/// A page of materials, of one partner or of all, of one conference or of all.
pub async fn list(
    on: &impl Query,
    viewer: Viewer<'_>,
    partner: Option<PartnerId>,
    conference: Option<SubjectId>,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Current<wire::Material>>, StoreError> {
    let mut select = visible(viewer);
    select.add_some(" AND l.partner = ?", partner.map(PartnerId::to_vec));
    select.add_some(" AND v.conference = ?", conference.map(SubjectId::to_vec));
    if let Some(after) = after {
        select.add(" AND (v.subject, v.log) > (?, ?)", args![after.subject.as_bytes(), after.log]);
    }
    select.add(" ORDER BY v.subject, v.log LIMIT ?", args![u64::from(limit) + 1]);
    content::page(select.rows(on).await?, limit, viewer)
}

/// A partner's material; without a partner, that of the first partner known to use this subject.
pub async fn get(
    on: &impl Query,
    viewer: Viewer<'_>,
    partner: Option<PartnerId>,
    subject: SubjectId,
) -> Result<Option<Current<wire::Material>>, StoreError> {
    let mut select = visible(viewer);
    select.add(" AND v.subject = ?", args![subject.as_bytes()]);
    select.add_some(" AND l.partner = ?", partner.map(PartnerId::to_vec));
    content::first_known(select.rows::<EntryRow>(on).await?, viewer)
}

/// A live material that names these bytes and that the viewer may read: without one, the bytes are not for them.
pub async fn naming(
    on: &impl Query,
    viewer: Viewer<'_>,
    hash: &BlobHash,
) -> Result<Option<Current<wire::Material>>, StoreError> {
    let mut select = visible(viewer);
    select.add(" AND v.blob = ? ORDER BY v.log, v.entry_index LIMIT 1", args![hash.as_bytes()]);
    let materials = content::read_all(select.rows(on).await?, viewer)?;
    Ok(materials.into_iter().next())
}

/// All that the viewer may see.
fn visible(viewer: Viewer<'_>) -> Select {
    let mut select =
        Select::new(select_entries!("material", "CAST(0 AS BIGINT)", "v.subject", "WHERE 1 = 1"), args![]);
    if !viewer.sees_named() {
        select.add(" AND NOT v.named", args![]);
    }
    select
}
