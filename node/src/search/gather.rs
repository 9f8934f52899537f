//! What one pass over the matching documents finds: how many there are, the best of them, and the counts of each
//! further choice. A field's own choice doesn't restrict its own counts: a document that fails one field alone is
//! counted for that field.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
};

use tantivy::{
    DocId, Score, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::{Column, StrColumn},
};
use volbridge_proto::SubjectId;

use super::{
    choices::{Choice, DAY_MS},
    index::{Reader, SegmentChoices},
    schema::{column, joined},
};
use crate::views::indexed::Key;

/// A listing without a day comes after all that have one.
const NO_DAY: i64 = i64::MAX / 2;

/// Scores are compared in steps of a thousandth, so that the order in which parts are summed doesn't matter.
const STEPS: f64 = 1_000.0;

/// What comes first. Days that are over come behind those that are to come, the last one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Best first; needs words.
    Relevance,
    /// Newest first.
    Newest,
    /// Soonest first.
    Starts,
    /// Soonest first.
    ApplyBy,
    /// Nearest first; needs a place.
    Distance,
}

/// A place and how far around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Degrees × 1,000,000.
    pub latitude_e6: i32,
    /// As above.
    pub longitude_e6: i32,
    /// 1 to 20,000.
    pub km: u32,
}

/// A document's place in a list; the smallest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// By the list's order.
    pub first: i64,
    /// Newest first, then by key, so that no two are equal.
    pub published: Reverse<i64>,
    /// See above.
    pub subject: Reverse<SubjectId>,
    /// See above.
    pub log: Reverse<i64>,
}

impl Rank {
    /// Whose.
    #[must_use]
    pub fn key(&self) -> Key {
        (self.log.0, self.subject.0)
    }
}

/// What is asked of the matching documents.
#[derive(Clone)]
pub struct Gather {
    /// Of which index.
    pub reader: Reader,
    /// Expired ones don't count; Unix milliseconds.
    pub now: i64,
    /// The day by which scores and days are judged.
    pub today: i64,
    /// Terms that are chosen, by field.
    pub chosen: BTreeMap<Choice, Vec<String>>,
    /// Around here.
    pub near: Option<Near>,
    /// What comes first.
    pub order: Order,
    /// Behind this one.
    pub after: Option<Rank>,
    /// How many of the best.
    pub limit: usize,
    /// Bits of the fields to count.
    pub counted: u32,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Whatever the choices.
    pub base: u64,
    /// With them.
    pub total: u64,
    /// In order.
    pub best: Vec<Rank>,
    /// By term.
    pub counts: BTreeMap<String, u64>,
}

impl Gathered {
    /// Adds what another index holds.
    #[must_use]
    pub fn join(mut self, other: Self, limit: usize) -> Self {
        self.base += other.base;
        self.total += other.total;
        self.best.extend(other.best);
        self.best.sort_unstable();
        self.best.truncate(limit);
        for (term, count) in other.counts {
            *self.counts.entry(term).or_default() += count;
        }
        self
    }
}

/// What one segment gives: its counts by number, so that no term is copied before all are summed.
pub struct Harvest {
    gathered: Gathered,
    choices: Arc<SegmentChoices>,
    counts: Vec<u64>,
}

impl Collector for Gather {
    type Fruit = Gathered;
    type Child = Segment;

    fn for_segment(&self, _: u32, segment: &SegmentReader) -> tantivy::Result<Segment> {
        Segment::new(self, segment)
    }

    fn requires_scoring(&self) -> bool {
        self.order == Order::Relevance
    }

    fn merge_fruits(&self, fruits: Vec<Harvest>) -> tantivy::Result<Gathered> {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for harvest in &fruits {
            let counted = harvest.choices.terms.iter().zip(&harvest.counts).filter(|(_, count)| **count > 0);
            for ((_, term), count) in counted {
                *counts.entry(term).or_default() += count;
            }
        }
        let counts = counts.into_iter().map(|(term, count)| (term.to_owned(), count)).collect();
        let all = Gathered { counts, ..Gathered::default() };
        Ok(fruits.into_iter().fold(all, |all, one| all.join(one.gathered, self.limit)))
    }
}

/// The pass over one segment.
pub struct Segment {
    asked: Gather,
    columns: Columns,
    choices: Arc<SegmentChoices>,
    /// By number: the field's bit, and in the upper half the same if the term is chosen.
    bits: Vec<u32>,
    required: u32,
    counts: Vec<u64>,
    numbers: Vec<u64>,
    best: BinaryHeap<Rank>,
    base: u64,
    total: u64,
}

struct Columns {
    published: Column<i64>,
    expires: Option<Column<i64>>,
    starts: Option<Column<i64>>,
    apply_by: Option<Column<i64>>,
    latitude: Option<Column<i64>>,
    longitude: Option<Column<i64>>,
    log: Column<i64>,
    high: Column<u64>,
    low: Column<u64>,
    choice: Option<StrColumn>,
}

impl Columns {
    fn new(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self {
            published: columns.i64(column::PUBLISHED)?,
            expires: columns.column_opt(column::EXPIRES)?,
            starts: columns.column_opt(column::STARTS)?,
            apply_by: columns.column_opt(column::APPLY_BY)?,
            latitude: columns.column_opt(column::LATITUDE)?,
            longitude: columns.column_opt(column::LONGITUDE)?,
            log: columns.i64(column::LOG)?,
            high: columns.u64(column::SUBJECT_HIGH)?,
            low: columns.u64(column::SUBJECT_LOW)?,
            choice: columns.str(column::CHOICE)?,
        })
    }
}

fn value(column: Option<&Column<i64>>, doc: DocId) -> Option<i64> {
    column.and_then(|column| column.first(doc))
}

impl Segment {
    fn new(asked: &Gather, segment: &SegmentReader) -> tantivy::Result<Self> {
        let choices = asked.reader.choices(segment)?;
        let mut bits: Vec<u32> =
            choices.terms.iter().map(|(choice, _)| choice.map_or(0, Choice::bit)).collect();
        for (choice, terms) in &asked.chosen {
            for term in terms {
                let place = choices.terms.binary_search_by(|(_, known)| known.as_str().cmp(term));
                if let Some(bits) = place.ok().and_then(|place| bits.get_mut(place)) {
                    *bits |= choice.bit() << 16;
                }
            }
        }
        Ok(Self {
            asked: asked.clone(),
            columns: Columns::new(segment)?,
            counts: vec![0; bits.len()],
            choices,
            bits,
            required: asked.chosen.keys().fold(0, |bits, choice| bits | choice.bit()),
            numbers: Vec::new(),
            best: BinaryHeap::new(),
            base: 0,
            total: 0,
        })
    }

    /// Reads the numbers of a document's choices, and returns the fields whose choice it meets.
    fn read_choices(&mut self, doc: DocId, open: bool) -> u32 {
        let Some(column) = &self.columns.choice else { return 0 };
        let ords = column.ords();
        let rows = ords.index.value_row_ids(doc);
        self.numbers.clear();
        self.numbers.resize(rows.len(), 0);
        ords.values.get_range(u64::from(rows.start), &mut self.numbers);
        let mut met = 0;
        let bits = &self.bits;
        self.numbers.retain(|number| {
            let bits =
                usize::try_from(*number).ok().and_then(|number| bits.get(number)).copied().unwrap_or(0);
            let counts = open || bits & Choice::Open.bit() == 0;
            if counts {
                met |= bits >> 16;
            }
            counts
        });
        met
    }

    /// Counts what the document can be chosen by: of these fields.
    fn count(&mut self, fields: u32) {
        let fields = fields & self.asked.counted;
        for number in &self.numbers {
            let Ok(number) = usize::try_from(*number) else { continue };
            if let (Some(bits), Some(count)) = (self.bits.get(number), self.counts.get_mut(number))
                && bits & fields != 0
            {
                *count += 1;
            }
        }
    }

    fn consider(&mut self, doc: DocId, first: i64) {
        let published = Reverse(self.columns.published.first(doc).unwrap_or_default());
        if self.asked.limit == 0 {
            return;
        }
        let full = self.best.len() >= self.asked.limit;
        if full && self.best.peek().is_some_and(|worst| (first, published) > (worst.first, worst.published)) {
            return;
        }
        let half = |column: &Column<u64>| column.first(doc).unwrap_or_default();
        let subject = Reverse(joined(half(&self.columns.high), half(&self.columns.low)));
        let log = Reverse(self.columns.log.first(doc).unwrap_or_default());
        let rank = Rank { first, published, subject, log };
        if self.asked.after.is_some_and(|after| rank <= after) {
            return;
        }
        if full {
            if self.best.peek().is_some_and(|worst| rank > *worst) {
                return;
            }
            self.best.pop();
        }
        self.best.push(rank);
    }

    fn first(&self, doc: DocId, score: Score, open: bool, metres: Option<i64>) -> i64 {
        let today = self.asked.today;
        match self.asked.order {
            Order::Relevance => -self.worth(doc, score, open),
            Order::Newest => 0_i64.saturating_sub(self.columns.published.first(doc).unwrap_or_default()),
            Order::Starts => soonest(value(self.columns.starts.as_ref(), doc), today),
            Order::ApplyBy => soonest(value(self.columns.apply_by.as_ref(), doc), today),
            Order::Distance => metres.unwrap_or(NO_DAY),
        }
    }

    /// The score, a little higher for what is new and for what has room.
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and far from the ends")]
    fn worth(&self, doc: DocId, score: Score, open: bool) -> i64 {
        let published = self.columns.published.first(doc).unwrap_or_default();
        let age = self.asked.today.saturating_sub(published.div_euclid(DAY_MS)).clamp(0, 36_500);
        let recency = 1.0 + 0.15 * 0.5_f64.powf(age as f64 / 90.0);
        let room = if open { 1.1 } else { 1.0 };
        (f64::from(score) * recency * room * STEPS).round() as i64
    }
}

/// Days to come ascending, then days that are over, the last one first, then none.
fn soonest(day: Option<i64>, today: i64) -> i64 {
    match day {
        Some(day) if day >= today => day,
        Some(day) => NO_DAY / 2 + (today - day),
        None => NO_DAY,
    }
}

impl SegmentCollector for Segment {
    type Fruit = Harvest;

    fn collect(&mut self, doc: DocId, score: Score) {
        if value(self.columns.expires.as_ref(), doc).is_some_and(|expires| expires <= self.asked.now) {
            return;
        }
        let mut metres = None;
        if let Some(near) = &self.asked.near {
            let latitude = value(self.columns.latitude.as_ref(), doc);
            let longitude = value(self.columns.longitude.as_ref(), doc);
            let (Some(latitude), Some(longitude)) = (latitude, longitude) else { return };
            let away = near.metres(latitude, longitude);
            if away > i64::from(near.km) * 1_000 {
                return;
            }
            metres = Some(away);
        }
        self.base += 1;
        let relevance = self.asked.order == Order::Relevance;
        let (mut open, mut missing) = (false, 0);
        if self.required != 0 || self.asked.counted != 0 || relevance {
            let last_day = value(self.columns.apply_by.as_ref(), doc);
            open = last_day.is_none_or(|day| day >= self.asked.today);
            missing = self.required & !self.read_choices(doc, open);
            open &= relevance && self.has_room();
        }
        match missing.count_ones() {
            0 => {
                self.total += 1;
                if self.asked.counted != 0 {
                    self.count(u32::MAX);
                }
                let first = self.first(doc, score, open, metres);
                self.consider(doc, first);
            }
            1 if self.asked.counted != 0 => self.count(missing),
            _ => {}
        }
    }

    fn harvest(self) -> Harvest {
        let (base, total, best) = (self.base, self.total, self.best.into_sorted_vec());
        let gathered = Gathered { base, total, best, ..Gathered::default() };
        Harvest { gathered, choices: self.choices, counts: self.counts }
    }
}

impl Segment {
    /// Whether the document that was read last has the choice `open`.
    fn has_room(&self) -> bool {
        self.numbers.iter().any(|number| {
            let bits = usize::try_from(*number).ok().and_then(|number| self.bits.get(number));
            bits.is_some_and(|bits| bits & Choice::Open.bit() != 0)
        })
    }
}

impl Near {
    /// From here to there along the surface of a sphere of the Earth's mean radius.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most 20,015,087")]
    pub fn metres(&self, latitude_e6: i64, longitude_e6: i64) -> i64 {
        let radians = |e6: f64| (e6 / 1e6).to_radians();
        let (here, there) = (radians(self.latitude_e6.into()), radians(latitude_e6 as f64));
        let across = radians(longitude_e6 as f64 - f64::from(self.longitude_e6));
        let half =
            ((there - here) / 2.0).sin().powi(2) + here.cos() * there.cos() * (across / 2.0).sin().powi(2);
        (2.0 * 6_371_008.8 * half.sqrt().min(1.0).asin()).round() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_right_also_over_the_date_line() {
        let beijing = Near { latitude_e6: 39_904_200, longitude_e6: 116_407_400, km: 1 };
        let metres = beijing.metres(50_737_400, 7_098_200);
        assert!((7_820_000..7_860_000).contains(&metres), "Bonn: {metres}");
        let fiji = Near { latitude_e6: -17_000_000, longitude_e6: 179_900_000, km: 1 };
        assert!(fiji.metres(-17_000_000, -179_900_000) < 22_000);
        assert_eq!(beijing.metres(39_904_200, 116_407_400), 0);
    }

    #[test]
    fn days_to_come_are_before_days_that_are_over() {
        let mut days = [None, Some(9), Some(10), Some(11), Some(1)];
        days.sort_by_key(|day| soonest(*day, 10));
        assert_eq!(days, [Some(10), Some(11), Some(9), Some(1), None]);
    }
}
