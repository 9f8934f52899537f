//! What the search index is made from: listings with their organisation and their best translations, by key or in the
//! order of their keys, as many at a time as the caller asks for.

use std::collections::BTreeSet;

use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::record::v1 as wire,
};

use super::{
    Current, Viewer,
    content::{EntryRow, read_all, select_entries},
    handovers, organisations,
    translations::{self, Original},
};
use crate::{
    args,
    store::{Query, StoreError, Value, select::Select},
};

/// A listing's row: its log's number here, its subject.
pub type Key = (i64, SubjectId);

/// Everything that a listing is found by.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// The current revision.
    pub listing: Current<wire::Listing>,
    /// When its first one was issued, Unix milliseconds.
    pub published_at: i64,
    /// Who has it: its author, or whom its organisation moved to.
    pub host: PartnerId,
    /// Who offers it.
    pub organisation: Option<wire::Organisation>,
    /// The best translation into each language.
    pub translations: Vec<Current<wire::Translation>>,
}

impl Indexed {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        (self.listing.place.log, self.listing.subject())
    }

    /// Whether it is sealed.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.listing.statement.recipients.is_empty()
    }
}

/// Those of these listings that are shown, in any order, with what they are found by.
pub async fn by_keys(
    on: &impl Query,
    viewer: Viewer<'_>,
    keys: &BTreeSet<Key>,
) -> Result<Vec<Indexed>, StoreError> {
    complete(on, viewer, rows(on, viewer, keys).await?).await
}

/// Those of these listings that are shown, in any order.
pub async fn listings(
    on: &impl Query,
    viewer: Viewer<'_>,
    keys: &BTreeSet<Key>,
) -> Result<Vec<Current<wire::Listing>>, StoreError> {
    read_all(rows(on, viewer, keys).await?, viewer)
}

async fn rows(
    on: &impl Query,
    viewer: Viewer<'_>,
    keys: &BTreeSet<Key>,
) -> Result<Vec<EntryRow>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    // Both parts of the key, so that rows are looked up: few logs, and a subject stands in one of them.
    let mut select =
        Select::new(select_entries!("listing", "v.published_at", "v.subject", "WHERE v.log IN "), args![]);
    let logs: BTreeSet<i64> = keys.iter().map(|(log, _)| *log).collect();
    select.add_list("", logs.into_iter().map(Value::from).collect());
    let subjects: BTreeSet<SubjectId> = keys.iter().map(|(_, subject)| *subject).collect();
    select.add_list(
        " AND v.subject IN ",
        subjects.iter().map(|subject| Value::from(subject.as_bytes())).collect(),
    );
    select.add(handovers::LISTING_IS_LAST, args![]);
    if !viewer.sees_named() {
        select.add(" AND NOT v.named", args![]);
    }
    let mut rows = Vec::new();
    for row in select.rows::<EntryRow>(on).await? {
        let cursor = row.cursor()?;
        if keys.contains(&(cursor.log, cursor.subject)) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Up to `limit` listings above a key, in the order of keys: public ones, or those that are sealed to the viewer; and
/// the key of the last, if there may be more.
pub async fn after(
    on: &impl Query,
    viewer: Viewer<'_>,
    named: bool,
    after: Option<Key>,
    limit: u32,
) -> Result<(Vec<Indexed>, Option<Key>), StoreError> {
    let mut select = Select::new(
        select_entries!("listing", "v.published_at", "v.subject", "WHERE v.named = ?"),
        args![named],
    );
    select.add(handovers::LISTING_IS_LAST, args![]);
    if let Some((log, subject)) = after {
        select.add(" AND (v.log, v.subject) > (?, ?)", args![log, subject.as_bytes()]);
    }
    select.add(" ORDER BY v.log, v.subject LIMIT ?", args![limit]);
    let rows: Vec<EntryRow> = select.rows(on).await?;
    let full = rows.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let last = rows.last().map(EntryRow::cursor).transpose()?;
    let next = last.filter(|_| full).map(|last| (last.log, last.subject));
    Ok((complete(on, viewer, rows).await?, next))
}

/// The listings that a translation is of, if it is shown.
pub async fn translated_by(on: &impl Query, log: i64, subject: SubjectId) -> Result<Vec<Key>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = on
        .rows(
            "SELECT v.log, v.subject FROM translation t JOIN log l ON l.partner = t.of_partner \
             JOIN listing v ON v.log = l.number AND v.subject = t.of_subject WHERE t.log = $1 AND t.subject = $2",
            args![log, subject.as_bytes()],
        )
        .await?;
    rows.into_iter()
        .map(|(log, subject)| {
            let corrupt = |refusal| StoreError::corrupt("listing", log, refusal);
            Ok((log, SubjectId::try_from(subject.as_slice()).map_err(corrupt)?))
        })
        .collect()
}

async fn complete(
    on: &impl Query,
    viewer: Viewer<'_>,
    rows: Vec<EntryRow>,
) -> Result<Vec<Indexed>, StoreError> {
    let mut listings = Vec::with_capacity(rows.len());
    for row in rows {
        let published_at = row.cursor()?.order;
        if let Some(listing) = row.read::<wire::Listing>(viewer)? {
            listings.push((listing, published_at));
        }
    }
    let originals: Vec<Original<'_>> = listings.iter().map(|(listing, _)| original(listing)).collect();
    let mut texts = translations::best(on, viewer, &originals).await?;
    let wanted: Vec<(PartnerId, SubjectId)> =
        listings.iter().filter_map(|(listing, _)| organisation_of(listing)).collect();
    let organisations = organisations::among(on, &wanted).await?;
    let moves = handovers::moves(on, wanted).await?;
    let complete = listings.into_iter().map(|(listing, published_at)| {
        let organisation = organisation_of(&listing).and_then(|key| organisations.get(&key));
        let best = texts.remove(&(listing.partner(), listing.subject())).unwrap_or_default();
        Indexed {
            host: handovers::host(&moves, organisation_of(&listing), listing.partner()),
            organisation: organisation.map(|current| current.content.clone()),
            published_at,
            translations: best.into_iter().map(|best| best.current).collect(),
            listing,
        }
    });
    Ok(complete.collect())
}

/// A listing as a text that may have translations.
#[must_use]
pub fn original(listing: &Current<wire::Listing>) -> Original<'_> {
    Original {
        partner: listing.partner(),
        subject: listing.subject(),
        id: listing.place.id,
        language: &listing.content.language,
    }
}

/// Which organisation offers a listing.
#[must_use]
pub fn organisation_of(listing: &Current<wire::Listing>) -> Option<(PartnerId, SubjectId)> {
    let subject = SubjectId::try_from(listing.content.organisation.as_slice()).ok()?;
    Some((listing.partner(), subject))
}
