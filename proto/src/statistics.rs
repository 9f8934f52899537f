//! Which figures about people may be told: none from 1 to 9, and none from which such a one follows by subtraction.
//!
//! Groups of a table that count everybody once add up to the total. If one of them is hidden, the total minus the rest
//! gives it away: a second is hidden with it, and so many people stand behind the hidden ones together that none of them
//! follows from their sum. Where that can't be, the total itself is hidden, and in each such table a group with it.
//! Two figures of different days may still be compared: the listings behind them are public.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use sha2::{Digest as _, Sha256};

use crate::{
    error::{Code, Refusal},
    id::{PartnerId, SubjectId},
    time::{Date, LAST_MOMENT, Timestamp},
    wire::record::v1 as wire,
};

/// Fewer people than these are hidden.
pub const LEAST: u64 = 10;

/// How the groups of a table make its total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// Everybody is counted in one group.
    Parts,
    /// Somebody may be counted in several groups, or in none.
    Overlapping,
}

/// Counts of people by group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// How they make the total.
    pub sums: Sums,
    /// By code.
    pub groups: BTreeMap<String, u64>,
}

/// What isn't told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The total.
    pub total: bool,
    /// Codes of groups, for each table in its turn.
    pub groups: Vec<BTreeSet<String>>,
}

/// What is to be hidden of a total and its tables.
#[must_use]
pub fn hide(total: u64, tables: &[Table]) -> Hidden {
    let small = |table: &Table| -> BTreeSet<String> {
        table.groups.iter().filter(|(_, count)| is_small(**count)).map(|(code, _)| code.clone()).collect()
    };
    let mut hidden = Hidden { total: is_small(total), groups: tables.iter().map(small).collect() };
    if !hidden.total {
        for (table, groups) in tables.iter().zip(&mut hidden.groups) {
            if !protect(total, table, groups) {
                hidden.total = true;
            }
        }
    }
    if hidden.total {
        for (table, groups) in tables.iter().zip(&mut hidden.groups) {
            cover_total(total, table, groups);
        }
    }
    hidden
}

/// Hides further groups of a table whose total is told, until no hidden one follows from the others; false if none are
/// left to hide.
fn protect(total: u64, table: &Table, hidden: &mut BTreeSet<String>) -> bool {
    // Nothing is told by this dimension.
    if table.groups.is_empty() {
        return true;
    }
    loop {
        let shown = table.groups.iter().map(|(code, count)| (!hidden.contains(code)).then_some(*count));
        if !gives_away(Some(total), table.sums, shown) {
            return true;
        }
        // Of overlapping groups nothing adds up: a hidden one that stands alone does no harm.
        let Some(next) = smallest(table, hidden) else { return table.sums == Sums::Overlapping };
        hidden.insert(next);
    }
}

/// Hides what would tell a hidden total.
fn cover_total(total: u64, table: &Table, hidden: &mut BTreeSet<String>) {
    match table.sums {
        Sums::Parts if hidden.is_empty() => hidden.extend(smallest(table, hidden)),
        Sums::Parts => {}
        Sums::Overlapping => {
            let alike = table.groups.iter().filter(|(_, count)| **count > 0 && **count == total);
            hidden.extend(alike.map(|(code, _)| code.clone()));
        }
    }
}

/// The smallest group that is shown and has people in it; of equal ones the first by code.
fn smallest(table: &Table, hidden: &BTreeSet<String>) -> Option<String> {
    let shown = table.groups.iter().filter(|(code, count)| **count > 0 && !hidden.contains(*code));
    shown.min_by_key(|(_, count)| **count).map(|(code, _)| code.clone())
}

fn is_small(count: u64) -> bool {
    (1..LEAST).contains(&count)
}

/// Whether a table, as it is shown, tells too much: a small figure, or one that is hidden (`None`). Groups of no people are
/// shown, so that each hidden one has at least one person; so many more must be among them that each may have ten.
pub fn gives_away(total: Option<u64>, sums: Sums, shown: impl IntoIterator<Item = Option<u64>>) -> bool {
    let (mut hidden, mut told, mut small, mut most) = (0_u64, 0_u64, total.is_some_and(is_small), 0_u64);
    for count in shown {
        match count {
            None => hidden += 1,
            Some(count) => {
                told = told.saturating_add(count);
                small |= is_small(count);
                most = most.max(count);
            }
        }
    }
    small
        || match (total, sums) {
            (Some(total), Sums::Parts) => match total.checked_sub(told) {
                None => true,
                Some(rest) if hidden == 0 => rest > 0,
                Some(rest) => hidden < 2 || rest < hidden.saturating_add(LEAST - 1),
            },
            (None, Sums::Parts) => hidden == 0,
            // A single hidden one may be the only one that isn't empty.
            (Some(total), Sums::Overlapping) => most > total || (hidden == 1 && most > 0),
            (None, Sums::Overlapping) => false,
        }
}

/// A month of the calendar, `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// Reads `YYYY-MM` and nothing else.
    ///
    /// # Errors
    /// `date.malformed`
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::DateMalformed).with("expected", "YYYY-MM");
        let first: Date = format!("{text}-01").parse().map_err(|_| malformed())?;
        Self::of(first).ok_or_else(malformed)
    }

    /// That holds a moment, in UTC.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self::of(moment.date()).unwrap_or(Self { year: 1970, month: 1 })
    }

    fn of(day: Date) -> Option<Self> {
        let text = day.to_string();
        Some(Self { year: text.get(..4)?.parse().ok()?, month: text.get(5..7)?.parse().ok()? })
    }

    /// So many months later, or earlier if negative; stops at the ends of the calendar.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        let number = i32::from(self.year) * 12 + i32::from(self.month) - 1;
        let number = number.saturating_add(months).clamp(12, 9_999 * 12 + 11);
        let year = u16::try_from(number / 12).unwrap_or(1);
        Self { year, month: u8::try_from(number % 12 + 1).unwrap_or(1) }
    }

    /// When it is over in UTC.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let next = self.plus(1);
        let first = format!("{next}-01").parse::<Date>().ok().filter(|_| next > self);
        first.map_or(LAST_MOMENT, Date::start_of_day_utc)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The subject of a partner's figures of a month: the same whoever derives it, so that they are published once.
#[must_use]
pub fn subject(partner: PartnerId, month: Month, country: &str, region: &str) -> SubjectId {
    let mut hash = Sha256::new();
    hash.update(b"volbridge statistics\n");
    hash.update(partner.as_bytes());
    hash.update(format!("{month}\n{country}\n{region}\n"));
    let mut random = [0; 10];
    random.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    SubjectId::v7(month.end().as_millis(), random)
}

/// Dimensions of groups, ascending, and how each makes the total. `partner` stands in no record.
pub const DIMENSIONS: [(&str, Sums); 4] =
    [("country", Sums::Parts), ("month", Sums::Parts), ("partner", Sums::Parts), ("sdg", Sums::Overlapping)];

/// Hides in figures what may not be told of them.
pub fn suppress(total: &mut wire::StatisticsCounts, groups: &mut [wire::StatisticsGroup]) {
    let tables = DIMENSIONS.map(|(dimension, sums)| {
        let of = groups.iter().filter(|group| group.dimension == dimension);
        let counts = of.map(|group| {
            (group.group.clone(), group.counts.as_ref().map_or(0, |counts| counts.filled_slots))
        });
        Table { sums, groups: counts.collect() }
    });
    let hidden = hide(total.filled_slots, &tables);
    if hidden.total {
        conceal(total);
    }
    for ((dimension, _), codes) in DIMENSIONS.iter().zip(hidden.groups) {
        for group in groups.iter_mut().filter(|group| group.dimension == *dimension) {
            if let Some(counts) = group.counts.as_mut().filter(|_| codes.contains(&group.group)) {
                conceal(counts);
            }
        }
    }
}

fn conceal(counts: &mut wire::StatisticsCounts) {
    counts.filled_slots = 0;
    counts.filled_hidden = true;
}

/// The filled slots that are told.
#[must_use]
pub fn told(counts: &wire::StatisticsCounts) -> Option<u64> {
    (!counts.filled_hidden).then_some(counts.filled_slots)
}
