//! Figures: of public listings as they are, and as partners have signed them month by month. What is told of people has
//! passed `volbridge_proto::statistics` before it leaves this file.

use std::collections::BTreeMap;

use volbridge_proto::{
    id::PartnerId,
    kinds::statistics::{EARLIER, LATER},
    statistics::{Month, suppress},
    time::{Date, Timestamp},
    wire::record::v1 as wire,
};

use super::{
    Current, Shown, Viewer,
    content::{self, select_entries},
    handovers,
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// Months of start that are told one by one: those before the one that is counted in, and those after it.
const AROUND: (i32, i32) = (11, 24);

/// Months whose signed figures are added up.
const MONTHS: i32 = 24;

/// Which listings are counted.
#[derive(Clone, Copy, Debug)]
pub enum Counted {
    /// All partners' that are current now.
    Now(Timestamp),
    /// Those of one partner that were there when a month ended.
    AtEnd(Month, PartnerId),
}

impl Counted {
    fn at(self) -> Timestamp {
        match self {
            Self::Now(now) => now,
            Self::AtEnd(month, _) => month.end(),
        }
    }

    fn month(self) -> Month {
        match self {
            Self::Now(now) => Month::at(now),
            Self::AtEnd(month, _) => month,
        }
    }
}

/// What may be told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Of all of them.
    pub total: wire::StatisticsCounts,
    /// Ascending by dimension and group.
    pub groups: Vec<wire::StatisticsGroup>,
}

/// The columns of a listing that figures are counted from, in the order of [`columns`].
pub(super) fn columns(listing: &wire::Listing) -> [Value; 5] {
    let month = listing.starts_on.get(..7).unwrap_or_default();
    let sdgs = listing.sdgs.iter().filter(|goal| **goal < 63).fold(0_i64, |mask, goal| mask | 1 << goal);
    let filled: i64 = listing.roles.iter().map(|role| i64::from(role.filled.min(role.slots))).sum();
    let slots: i64 = listing.roles.iter().map(|role| i64::from(role.slots)).sum();
    let open = if listing.status.is_empty() { slots - filled } else { 0 };
    let until = listing.apply_by.parse::<Date>().map_or(0, |day| day.end_of_day_utc().as_millis());
    [month.into(), sdgs.into(), open.into(), until.into(), filled.into()]
}

/// A group's code and its counts.
type Row<T> = (T, i64, i64, i64);

/// `SELECT` of the counts of public listings, by a column.
macro_rules! counts_by {
    ($column:literal) => {
        concat!(
            "SELECT ",
            $column,
            " AS code, COUNT(*) AS listings, \
             CAST(SUM(CASE WHEN v.open_until = 0 OR v.open_until > ? THEN v.open_slots ELSE 0 END) AS BIGINT) AS open, \
             CAST(SUM(v.filled_slots) AS BIGINT) AS filled FROM listing v \
             WHERE NOT v.named AND (v.expires_at = 0 OR v.expires_at > ?)"
        )
    };
}

/// Counts what is public, by country, month of start, partner (of all partners' figures alone) and goal.
pub async fn figures(on: &impl Query, counted: Counted) -> Result<Figures, StoreError> {
    let mut groups = Groups::default();
    let mut total = wire::StatisticsCounts::default();
    let logs: Vec<(i64, Vec<u8>)> = on.rows("SELECT number, partner FROM log", args![]).await?;
    let partners: BTreeMap<i64, Vec<u8>> = logs.into_iter().collect();
    for (log, listings, open, filled) in rows(on, counted, counts_by!("v.log"), " GROUP BY v.log").await? {
        let log: i64 = log;
        let counts = counts(listings, open, filled);
        add(&mut total, &counts);
        if let (Counted::Now(_), Some(partner)) = (counted, partners.get(&log)) {
            groups.add("partner", hex::encode(partner), &counts);
        }
    }
    let by_country = rows(on, counted, counts_by!("v.country"), " GROUP BY v.country").await?;
    for (country, listings, open, filled) in by_country {
        groups.add("country", country, &counts(listings, open, filled));
    }
    let by_month = rows(on, counted, counts_by!("v.starts_month"), " GROUP BY v.starts_month").await?;
    for (month, listings, open, filled) in by_month {
        let month: String = month;
        groups.add("month", start(&month, counted.month()), &counts(listings, open, filled));
    }
    // Listings with the same goals are counted once, whatever their number.
    let by_goals = rows(on, counted, counts_by!("v.sdgs"), " GROUP BY v.sdgs").await?;
    for (goals, listings, open, filled) in by_goals {
        let goals: i64 = goals;
        for goal in (1..=volbridge_proto::codes::sdgs::LAST).filter(|goal| goals & 1 << goal != 0) {
            groups.add("sdg", format!("{goal:02}"), &counts(listings, open, filled));
        }
    }
    let mut figures = Figures { total, groups: groups.into_vec() };
    suppress(&mut figures.total, &mut figures.groups);
    Ok(figures)
}

async fn rows<T>(
    on: &impl Query,
    counted: Counted,
    sql: &'static str,
    group_by: &'static str,
) -> Result<Vec<Row<T>>, StoreError>
where
    Row<T>: crate::store::Row,
{
    let at = counted.at().as_millis();
    let mut select = Select::new(sql, args![at, at]);
    select.add(handovers::LISTING_IS_LAST, args![]);
    if let Counted::AtEnd(_, partner) = counted {
        select.add(
            " AND v.log IN (SELECT number FROM log WHERE partner = ?) AND v.published_at < ?",
            args![partner.as_bytes(), at],
        );
    }
    select.add(group_by, args![]);
    select.rows(on).await
}

fn counts(listings: i64, open: i64, filled: i64) -> wire::StatisticsCounts {
    let natural = |count: i64| u64::try_from(count).unwrap_or(0);
    wire::StatisticsCounts {
        listings: natural(listings),
        open_slots: natural(open),
        filled_slots: natural(filled),
        filled_hidden: false,
    }
}

fn add(to: &mut wire::StatisticsCounts, counts: &wire::StatisticsCounts) {
    to.listings = to.listings.saturating_add(counts.listings);
    to.open_slots = to.open_slots.saturating_add(counts.open_slots);
    to.filled_slots = to.filled_slots.saturating_add(counts.filled_slots);
}

/// The group of a month of start: months far away are told together, so that nobody's dates make a table endless.
fn start(month: &str, now: Month) -> String {
    let Ok(of) = Month::parse(month) else { return String::new() };
    let (before, after) = AROUND;
    if of < now.plus(-before) {
        EARLIER.to_owned()
    } else if of > now.plus(after) {
        LATER.to_owned()
    } else {
        month.to_owned()
    }
}

/// Counts by dimension and group.
#[derive(Default)]
struct Groups(BTreeMap<(&'static str, String), wire::StatisticsCounts>);

impl Groups {
    fn add(&mut self, dimension: &'static str, group: String, counts: &wire::StatisticsCounts) {
        add(self.0.entry((dimension, group)).or_default(), counts);
    }

    fn into_vec(self) -> Vec<wire::StatisticsGroup> {
        let groups = self.0.into_iter().map(|((dimension, group), counts)| wire::StatisticsGroup {
            dimension: dimension.to_owned(),
            group,
            counts: Some(counts),
        });
        groups.collect()
    }
}

/// Shows signed figures.
pub(super) async fn show(
    tx: &mut Tx,
    shown: &Shown<'_>,
    statistics: &wire::Statistics,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO statistics (log, subject, entry_index, month, country, region) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, month = excluded.month, \
         country = excluded.country, region = excluded.region",
        args![
            shown.log,
            shown.statement.subject.as_bytes(),
            shown.index,
            &statistics.month,
            &statistics.country,
            &statistics.region
        ],
    )
    .await
    .map(drop)
}

/// The figures of whole partners of the last two years' months that are over, in any order.
pub async fn signed(on: &impl Query, now: Timestamp) -> Result<Vec<Current<wire::Statistics>>, StoreError> {
    let this = Month::at(now);
    let select = Select::new(
        select_entries!(
            "statistics",
            "CAST(0 AS BIGINT)",
            "v.subject",
            "WHERE v.month >= ? AND v.month < ? AND v.country = '' AND v.region = ''"
        ),
        args![this.plus(-MONTHS).to_string(), this.to_string()],
    );
    content::read_all(select.rows(on).await?, Viewer::Public)
}
