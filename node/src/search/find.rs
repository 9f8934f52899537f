//! One search: over the public index, for staff over the one in memory too, with one set of frequencies, so that the
//! scores of both compare.

use std::collections::BTreeMap;

use tantivy::{
    TantivyError, Term,
    query::{AllQuery, BooleanQuery, ConstScoreQuery, Occur, Query, RangeQuery, TermQuery},
    schema::IndexRecordOption,
};
use volbridge_proto::{SubjectId, Timestamp};

use super::{
    Served,
    choices::{Choice, DAY_MS},
    cursor::Cursor,
    document,
    gather::{Gather, Gathered, Near, Order},
    index::Reader,
    query::{Statistics, Text},
    schema::{Fields, column},
};
use crate::views::indexed::Key;

/// Degrees × 1,000,000 of a kilometre along a meridian, rounded up.
const DEGREES_E6: i64 = 9_000;

/// What a search wants.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Words.
    pub text: Text,
    /// Values, by field; those of one field are alternatives.
    pub chosen: BTreeMap<Choice, Vec<String>>,
    /// Of this organisation.
    pub organisation: Option<SubjectId>,
    /// Around a place.
    pub near: Option<Near>,
    /// What comes first.
    pub order: Option<Order>,
    /// How many of them.
    pub limit: usize,
    /// Fields whose values are counted.
    pub counted: Vec<Choice>,
    /// Behind this.
    pub cursor: Option<Cursor>,
    /// What it is known by.
    pub of: [u8; 8],
    /// Staff: what is sealed to this node, too.
    pub named: bool,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// In order.
    pub keys: Vec<Key>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many there are.
    pub total: u64,
    /// Of each field, its values with how many listings have them, most first.
    pub counts: Vec<(Choice, Vec<(String, u64)>)>,
    /// Some may be lacking.
    pub incomplete: bool,
}

/// Looks.
pub(super) fn find(served: &Served, wanted: &Wanted, now: Timestamp) -> Result<Found, TantivyError> {
    let Some(public) = &served.public else {
        return Ok(Found { incomplete: true, ..Found::default() });
    };
    let fields = &public.fields;
    let statistics = match &wanted.cursor {
        Some(cursor) => Statistics::from_numbers(fields, &wanted.text, &cursor.numbers),
        None => Statistics::of(&public.searcher(), fields, &wanted.text)?,
    };
    let today = wanted.cursor.as_ref().map_or(now.as_millis().div_euclid(DAY_MS), |cursor| cursor.today);
    let named = served.named.as_ref().filter(|_| wanted.named);
    let readers: Vec<&Reader> = [public].into_iter().chain(named).collect();
    let ask = |loose: bool| -> Result<Gathered, TantivyError> {
        let mut all = Gathered::default();
        for reader in &readers {
            let (query, gather) = question(reader, wanted, now, today, loose);
            let found = reader.searcher().search_with_statistics_provider(&query, &gather, &statistics)?;
            all = all.join(found, gather.limit);
        }
        Ok(all)
    };
    let mut loose = wanted.cursor.as_ref().is_some_and(|cursor| cursor.loose);
    let mut found = ask(loose)?;
    if wanted.cursor.is_none() && !wanted.text.is_empty() && found.base == 0 {
        loose = true;
        found = ask(loose)?;
    }
    let more = found.best.len() > wanted.limit;
    found.best.truncate(wanted.limit);
    let next = found.best.last().filter(|_| more).map(|last| Cursor {
        of: wanted.of,
        loose,
        today,
        last: *last,
        numbers: statistics.numbers(fields, &wanted.text),
    });
    Ok(Found {
        keys: found.best.iter().map(super::gather::Rank::key).collect(),
        next,
        total: found.total,
        counts: counts(&wanted.counted, &found.counts),
        incomplete: served.incomplete,
    })
}

/// The listings with room that have most of these choices, by what each is worth.
pub(super) fn candidates(
    served: &Served,
    wishes: &[(String, f32)],
    named: bool,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Key>, TantivyError> {
    let mut all = Gathered::default();
    let named = served.named.as_ref().filter(|_| named);
    for reader in served.public.iter().chain(named) {
        let fields = &reader.fields;
        let room = ConstScoreQuery::new(lookup(fields.choice_term(&Choice::Open.term("true"))), 0.0);
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, Box::new(room))];
        for (term, worth) in wishes {
            let wish = ConstScoreQuery::new(lookup(fields.choice_term(term)), *worth);
            clauses.push((Occur::Should, Box::new(wish)));
        }
        let gather = Gather {
            reader: reader.clone(),
            now: now.as_millis(),
            today: now.as_millis().div_euclid(DAY_MS),
            chosen: [(Choice::Open, vec![Choice::Open.term("true")])].into(),
            near: None,
            order: Order::Relevance,
            after: None,
            limit,
            counted: 0,
        };
        let found = reader.searcher().search(&BooleanQuery::new(clauses), &gather)?;
        all = all.join(found, limit);
    }
    Ok(all.best.iter().map(super::gather::Rank::key).collect())
}

/// Without words and counts the choices are looked up; otherwise they are tried document by document.
fn question(
    reader: &Reader,
    wanted: &Wanted,
    now: Timestamp,
    today: i64,
    loose: bool,
) -> (Box<dyn Query>, Gather) {
    let fields = &reader.fields;
    let mut chosen = wanted.chosen.clone();
    let mut clauses: Vec<Box<dyn Query>> = Vec::new();
    if wanted.text.is_empty() && wanted.counted.is_empty() {
        for (_, terms) in chosen.extract_if(.., |choice, _| *choice != Choice::Open) {
            let ways = terms.iter().map(|term| lookup(fields.choice_term(term))).collect();
            clauses.push(Box::new(BooleanQuery::union(ways)));
        }
    }
    if let Some(organisation) = wanted.organisation {
        clauses.push(lookup(fields.part_term(&document::offered_by(organisation.as_bytes()))));
    }
    if let Some(near) = &wanted.near {
        clauses.extend(around(fields, near));
    }
    let scored = match (wanted.text.is_empty(), loose) {
        (true, _) if clauses.is_empty() => Some(Box::new(AllQuery) as Box<dyn Query>),
        (true, _) => None,
        (false, false) => Some(wanted.text.strict(fields)),
        (false, true) => Some(wanted.text.loose(fields)),
    };
    let unscored =
        clauses.into_iter().map(|clause| -> Box<dyn Query> { Box::new(ConstScoreQuery::new(clause, 0.0)) });
    let clauses = scored.into_iter().chain(unscored).map(|clause| (Occur::Must, clause)).collect();
    let order = match wanted.order {
        Some(Order::Relevance) | None if wanted.text.is_empty() => Order::Newest,
        order => order.unwrap_or(Order::Relevance),
    };
    let gather = Gather {
        reader: reader.clone(),
        now: now.as_millis(),
        today,
        chosen,
        near: wanted.near,
        order,
        after: wanted.cursor.as_ref().map(|cursor| cursor.last),
        limit: wanted.limit + 1,
        counted: wanted.counted.iter().fold(0, |bits, choice| bits | choice.bit()),
    };
    (Box::new(BooleanQuery::new(clauses)), gather)
}

fn lookup(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// The box that holds the circle; none where it reaches a pole or the date line.
fn around(fields: &Fields, near: &Near) -> Vec<Box<dyn Query>> {
    let mut clauses: Vec<Box<dyn Query>> = Vec::new();
    let mut between = |name: &str, from: i64, to: i64| {
        if let Some(field) = fields.column(name) {
            let bound = |value| std::ops::Bound::Included(Term::from_field_i64(field, value));
            clauses.push(Box::new(RangeQuery::new(bound(from), bound(to))));
        }
    };
    let (latitude, longitude) = (i64::from(near.latitude_e6), i64::from(near.longitude_e6));
    let height = i64::from(near.km) * DEGREES_E6;
    let (south, north) = (latitude - height, latitude + height);
    between(column::LATITUDE, south, north);
    let widest = south.abs().max(north.abs());
    if widest < 89_000_000 {
        let narrow = (widest as f64 / 1e6).to_radians().cos();
        #[expect(clippy::cast_possible_truncation, reason = "at most some billions")]
        let width = (height as f64 / narrow * 1.01).ceil() as i64;
        if longitude - width > -180_000_000 && longitude + width < 180_000_000 {
            between(column::LONGITUDE, longitude - width, longitude + width);
        }
    }
    clauses
}

fn counts(counted: &[Choice], found: &BTreeMap<String, u64>) -> Vec<(Choice, Vec<(String, u64)>)> {
    let mut fields: BTreeMap<Choice, Vec<(String, u64)>> =
        counted.iter().map(|choice| (*choice, Vec::new())).collect();
    for (term, count) in found {
        if let Some((choice, value)) = super::choices::parse(term)
            && let Some(values) = fields.get_mut(&choice)
        {
            values.push((value.to_owned(), *count));
        }
    }
    for values in fields.values_mut() {
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    fields.into_iter().collect()
}
