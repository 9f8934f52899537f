//! Listings, newest first. Words are looked for in the index (`search`).

use volbridge_proto::{
    id::{PartnerId, SubjectId},
    time::Timestamp,
    wire::record::v1 as wire,
};

use super::{
    Current, Cursor, Page, Shown, Viewer,
    content::{self, EntryRow, select_entries},
    handovers, statistics,
    words::escaped,
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// Which listings are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Readable in this language; `zh` includes `zh-CN`.
    pub language: Option<String>,
    /// ISO 3166-1.
    pub country: Option<String>,
    /// Of this partner, or moved to it.
    pub partner: Option<PartnerId>,
    /// Expired ones are left out.
    pub now: Timestamp,
}

/// What an earlier revision's row becomes.
const REPLACE: &str = "ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, named = excluded.named, \
    published_at = excluded.published_at, expires_at = excluded.expires_at, language = excluded.language, \
    country = excluded.country, starts_month = excluded.starts_month, sdgs = excluded.sdgs, \
    open_slots = excluded.open_slots, open_until = excluded.open_until, filled_slots = excluded.filled_slots, \
    organisation = excluded.organisation";

/// The row of a listing's current revision.
fn row(shown: &Shown<'_>, listing: &wire::Listing) -> Vec<Value> {
    let mut row = args![
        shown.log,
        shown.statement.subject.as_bytes(),
        shown.index,
        shown.named(),
        shown.first_issued_at.as_millis(),
        shown.expires_at(),
        listing.language.to_ascii_lowercase(),
        listing.place.as_ref().map_or("", |place| &place.country)
    ];
    row.extend(statistics::columns(listing));
    // What is sealed has no part in what the public sees of organisations that move.
    row.push(if shown.named() { Vec::new() } else { listing.organisation.clone() }.into());
    row
}

/// Writes rows: of subjects that are `new`, or else in place of those of earlier revisions.
pub(super) async fn write(
    tx: &mut Tx,
    shown: &[(&Shown<'_>, &wire::Listing)],
    new: bool,
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO listing (log, subject, entry_index, named, published_at, expires_at, language, country, \
         starts_month, sdgs, open_slots, open_until, filled_slots, organisation)",
        if new { "" } else { REPLACE },
        shown.iter().map(|(shown, listing)| row(shown, listing)),
    )
    .await
    .map(drop)
}

/// A page of the listings that are wanted.
pub async fn list(
    on: &impl Query,
    viewer: Viewer<'_>,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Current<wire::Listing>>, StoreError> {
    let mut select = Select::new(
        select_entries!(
            "listing",
            "v.published_at",
            "v.subject",
            "WHERE (v.expires_at = 0 OR v.expires_at > ?)"
        ),
        args![filter.now.as_millis()],
    );
    restrict(&mut select, viewer, filter);
    if let Some(after) = after {
        select.add(
            " AND (v.published_at, v.subject, v.log) < (?, ?, ?)",
            args![after.order, after.subject.as_bytes(), after.log],
        );
    }
    select.add(
        " ORDER BY v.published_at DESC, v.subject DESC, v.log DESC LIMIT ?",
        args![u64::from(limit) + 1],
    );
    content::page(select.rows(on).await?, limit, viewer)
}

/// How many listings are wanted in all.
pub async fn count(on: &impl Query, viewer: Viewer<'_>, filter: &Filter) -> Result<u64, StoreError> {
    let mut select = Select::new(
        "SELECT count(*) FROM listing v JOIN log l ON l.number = v.log WHERE (v.expires_at = 0 OR v.expires_at > ?)",
        args![filter.now.as_millis()],
    );
    restrict(&mut select, viewer, filter);
    let counted: Option<(i64,)> = select.row_opt(on).await?;
    Ok(counted.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
}

/// A partner's listing; without a partner, that of the first partner known to use this subject.
pub async fn get(
    on: &impl Query,
    viewer: Viewer<'_>,
    partner: Option<PartnerId>,
    subject: SubjectId,
) -> Result<Option<Current<wire::Listing>>, StoreError> {
    // The logs are few: with them the key is whole, and the row is looked up.
    let mut select = Select::new(
        select_entries!(
            "listing",
            "v.published_at",
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

/// What hides rows comes first, so that nothing is counted, matched or ordered that the viewer may not see (T31).
fn restrict(select: &mut Select, viewer: Viewer<'_>, filter: &Filter) {
    if !viewer.sees_named() {
        select.add(" AND NOT v.named", args![]);
    }
    select.add(handovers::LISTING_IS_LAST, args![]);
    if let Some(partner) = filter.partner {
        select.add(handovers::LISTING_IS_WITH, args![partner.as_bytes(), partner.as_bytes()]);
    }
    select.add_some(" AND v.country = ?", filter.country.as_deref());
    if let Some(language) = &filter.language {
        let language = language.to_ascii_lowercase();
        let regional = format!("{}-%", escaped(&language));
        select.add(r" AND (v.language = ? OR v.language LIKE ? ESCAPE '\' OR ", args![&language, &regional]);
        translated(select, viewer);
        select.add(r" AND (t.language = ? OR t.language LIKE ? ESCAPE '\')))", args![&language, &regional]);
    }
}

/// A translation `t` of the listing, unfinished.
fn translated(select: &mut Select, viewer: Viewer<'_>) {
    select.add(
        "EXISTS (SELECT 1 FROM translation t WHERE t.of_subject = v.subject AND t.of_partner = l.partner",
        args![],
    );
    if !viewer.sees_named() {
        select.add(" AND NOT t.named", args![]);
    }
}
