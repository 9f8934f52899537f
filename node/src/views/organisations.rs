//! Volunteer organisations: by name or the newest first, filtered by what a directory is browsed by. A federation hosts
//! 125,000 of them: a page reads one index from where the page before ended, and the records of its own rows alone.

use std::collections::BTreeMap;

use volbridge_proto::{
    id::{PartnerId, SubjectId},
    time::Date,
    wire::record::v1 as wire,
};

use super::{
    Current, Cursor, Shown, Viewer,
    content::{self, EntryRow, select_entries},
    handovers,
    page::NamedCursor,
    words::{Words, folded_start, searched},
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// Bytes of a name by which lists are ordered; names that begin alike beyond it go by their subjects.
const SORT: usize = 64;

/// Which organisations are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// All of these stand in one of its names.
    pub words: Words,
    /// Of this partner, or moved to it.
    pub partner: Option<PartnerId>,
    /// `volbridge_proto::codes::levels`
    pub level: Option<String>,
    /// ISO 3166-1.
    pub country: Option<String>,
    /// As records have it.
    pub region: Option<String>,
    /// Directly below this one.
    pub parent: Option<SubjectId>,
}

/// In which order, and where a page begins.
#[derive(Clone, Debug)]
pub enum Order {
    /// By the names that Chinese readers see.
    Chinese(Option<NamedCursor>),
    /// By the names that everybody else sees.
    English(Option<NamedCursor>),
    /// The newest first.
    Newest(Option<Cursor>),
}

/// Some organisations, and the cursor of the next page; empty: these are the last.
#[derive(Clone, Debug)]
pub struct Found {
    /// In order.
    pub rows: Vec<Current<wire::Organisation>>,
    /// Of the next page.
    pub next: String,
}

/// What an earlier revision's row becomes.
const REPLACE: &str = "ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, \
    parent = excluded.parent, level = excluded.level, country = excluded.country, region = excluded.region, \
    sort_zh = excluded.sort_zh, sort_en = excluded.sort_en, search_text = excluded.search_text, \
    checked_until = excluded.checked_until";

/// The row of an organisation's current revision.
fn row(shown: &Shown<'_>, organisation: &wire::Organisation) -> Vec<Value> {
    let names = organisation.names.iter().map(|name| name.text.as_str());
    let place = organisation.place.clone().unwrap_or_default();
    args![
        shown.log,
        shown.statement.subject.as_bytes(),
        shown.index,
        &organisation.parent,
        &organisation.level,
        &place.country,
        &place.region,
        sort_name(organisation, "zh"),
        sort_name(organisation, "en"),
        searched(names),
        organisation.checked.as_ref().map_or("", |checked| checked.valid_until.as_str())
    ]
}

/// The beginning of the name in a language, else of the first.
fn sort_name(organisation: &wire::Organisation, language: &str) -> Vec<u8> {
    let speaks = |name: &&wire::LocalText| name.language.split('-').next() == Some(language);
    let name = organisation.names.iter().find(speaks).or_else(|| organisation.names.first());
    folded_start(name.map_or("", |name| &name.text), SORT)
}

/// Writes rows: of subjects that are `new`, or else in place of those of earlier revisions.
pub(super) async fn write(
    tx: &mut Tx,
    shown: &[(&Shown<'_>, &wire::Organisation)],
    new: bool,
) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO organisation (log, subject, entry_index, parent, level, country, region, sort_zh, sort_en, search_text, \
         checked_until)",
        if new { "" } else { REPLACE },
        shown.iter().map(|(shown, organisation)| row(shown, organisation)),
    )
    .await
    .map(drop)
}

/// A row of a list, before its record is read.
#[derive(sqlx::FromRow)]
struct Key {
    log: i64,
    subject: Vec<u8>,
    sort: Vec<u8>,
}

/// A page of the organisations that are wanted.
pub async fn list(on: &impl Query, filter: &Filter, order: &Order, limit: u32) -> Result<Found, StoreError> {
    let keys: Vec<Key> = keys(filter, order, limit).rows(on).await?;
    read(on, keys, limit, |key| cursor(key, order)).await
}

/// Cuts keys down to a page and reads its records.
async fn read(
    on: &impl Query,
    mut keys: Vec<Key>,
    limit: u32,
    cursor: impl Fn(&Key) -> Result<String, StoreError>,
) -> Result<Found, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next = keys.last().filter(|_| more).map(cursor).transpose()?.unwrap_or_default();
    let mut select = Select::new(
        select_entries!("organisation", "CAST(0 AS BIGINT)", "v.subject", "WHERE v.subject IN "),
        args![],
    );
    select.add_list("", keys.iter().map(|key| Value::from(&key.subject)).collect());
    let mut known = BTreeMap::new();
    for current in content::read_all::<wire::Organisation>(select.rows(on).await?, Viewer::Public)? {
        known.insert((current.place.log, current.subject().to_vec()), current);
    }
    let rows = keys.into_iter().filter_map(|key| known.remove(&(key.log, key.subject))).collect();
    Ok(Found { rows, next })
}

/// Rows of the view alone, read along the index of their order: `+` keeps SQLite from an index of the filter, after
/// which it would have to sort all that match.
fn keys(filter: &Filter, order: &Order, limit: u32) -> Select {
    let mut select = Select::new(
        match order {
            Order::Chinese(_) => "SELECT v.log, v.subject, v.sort_zh AS sort FROM organisation v WHERE 1 = 1",
            Order::English(_) => "SELECT v.log, v.subject, v.sort_en AS sort FROM organisation v WHERE 1 = 1",
            Order::Newest(_) => "SELECT v.log, v.subject, v.subject AS sort FROM organisation v WHERE 1 = 1",
        },
        args![],
    );
    select.add(handovers::ORGANISATION_IS_LAST, args![]);
    if let Some(partner) = filter.partner {
        select.add(handovers::ORGANISATION_IS_WITH, args![partner.as_bytes(), partner.as_bytes()]);
    }
    select.add_some(" AND v.parent = ?", filter.parent.map(|parent| parent.to_vec()));
    select.add_some(" AND v.level = ?", filter.level.as_deref());
    select.add_some(" AND v.country = ?", filter.country.as_deref());
    select.add_some(" AND v.region = ?", filter.region.as_deref());
    for pattern in filter.words.patterns() {
        select.add(r" AND v.search_text LIKE ? ESCAPE '\'", args![&pattern]);
    }
    let (after, by) = match order {
        Order::Chinese(_) => (
            " AND (v.sort_zh, v.subject, v.log) > (?, ?, ?)",
            " ORDER BY v.sort_zh, v.subject, v.log LIMIT ?",
        ),
        Order::English(_) => (
            " AND (v.sort_en, v.subject, v.log) > (?, ?, ?)",
            " ORDER BY v.sort_en, v.subject, v.log LIMIT ?",
        ),
        Order::Newest(_) => {
            (" AND (v.subject, v.log) < (?, ?)", " ORDER BY v.subject DESC, v.log DESC LIMIT ?")
        }
    };
    match order {
        Order::Chinese(Some(place)) | Order::English(Some(place)) => {
            select.add(after, args![&place.name, place.subject.as_bytes(), place.log]);
        }
        Order::Newest(Some(place)) => {
            select.add(after, args![place.subject.as_bytes(), place.log]);
        }
        Order::Chinese(None) | Order::English(None) | Order::Newest(None) => {}
    }
    select.add(by, args![u64::from(limit) + 1]);
    select
}

fn cursor(key: &Key, order: &Order) -> Result<String, StoreError> {
    match order {
        Order::Newest(_) => Ok(Cursor { order: 0, subject: subject(key)?, log: key.log }.encode()),
        _ => named_cursor(key),
    }
}

fn named_cursor(key: &Key) -> Result<String, StoreError> {
    Ok(NamedCursor { name: key.sort.clone(), subject: subject(key)?, log: key.log }.encode())
}

fn subject(key: &Key) -> Result<SubjectId, StoreError> {
    SubjectId::try_from(key.subject.as_slice())
        .map_err(|refusal| StoreError::corrupt("organisation", key.log.to_string(), refusal))
}

/// Whose check is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It ends on this day or before: the earliest first.
    Until(Date),
    /// There is none: the newest first.
    Unchecked,
}

/// A page of a partner's own organisations by their checks, without those that have moved away.
pub async fn due(
    on: &impl Query,
    (log, partner): (i64, PartnerId),
    due: Due,
    after: Option<&NamedCursor>,
    limit: u32,
) -> Result<Found, StoreError> {
    let mut select = Select::new(
        // `+` as above: a federation has 125,000 of them.
        "SELECT v.log, v.subject, v.checked_until AS sort FROM organisation v WHERE +v.log = ?",
        args![log],
    );
    select.add(handovers::ORGANISATION_IS_WITH, args![partner.as_bytes(), partner.as_bytes()]);
    match due {
        Due::Until(day) => {
            select.add(" AND v.checked_until <> '' AND v.checked_until <= ?", args![day.to_string()]);
            if let Some(after) = after {
                let day = String::from_utf8_lossy(&after.name).into_owned();
                select.add(" AND (v.checked_until, v.subject) > (?, ?)", args![day, after.subject]);
            }
            select.add(" ORDER BY v.checked_until, v.subject LIMIT ?", args![u64::from(limit) + 1]);
        }
        Due::Unchecked => {
            select.add(" AND v.checked_until = ''", args![]);
            select.add_some(" AND v.subject < ?", after.map(|after| after.subject));
            select.add(" ORDER BY v.subject DESC LIMIT ?", args![u64::from(limit) + 1]);
        }
    }
    let rows: Vec<(i64, Vec<u8>, String)> = select.rows(on).await?;
    let key = |(log, subject, sort): (i64, Vec<u8>, String)| Key { log, subject, sort: sort.into_bytes() };
    read(on, rows.into_iter().map(key).collect(), limit, named_cursor).await
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

/// Organisations above one that are looked at for a circle.
const ABOVE: usize = 32;

/// Whether an organisation would be above itself with this parent. So many steps up are as good as a circle.
pub async fn is_circle(
    on: &impl Query,
    partner: PartnerId,
    subject: SubjectId,
    parent: SubjectId,
) -> Result<bool, StoreError> {
    let mut above = parent.to_vec();
    for _ in 0..ABOVE {
        if above == subject.as_bytes() {
            return Ok(true);
        }
        let row: Option<(Vec<u8>,)> = on
            .row_opt(
                "SELECT v.parent FROM organisation v JOIN log l ON l.number = v.log \
                 WHERE l.partner = $1 AND v.subject = $2 ORDER BY l.epoch DESC LIMIT 1",
                args![partner.as_bytes(), above],
            )
            .await?;
        match row {
            Some((next,)) if !next.is_empty() => above = next,
            _ => return Ok(false),
        }
    }
    Ok(true)
}
