//! `volbridge.statistics.v1`: a partner's listings at the end of a month, in figures. They tell nothing of fewer than ten
//! people, neither by themselves nor by subtraction ([`crate::statistics`]).

use super::{
    ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{
    codes::sdgs,
    error::{Code, Refusal},
    record::limits,
    statistics::{Month, Sums, gives_away, told},
    wire::record::v1::{Statistics, StatisticsCounts, StatisticsGroup},
};

/// The kind's name.
pub const KIND: &str = "volbridge.statistics.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Statistics", ClassRule::Public);

/// Months of start before and after those that are told one by one.
pub const EARLIER: &str = "earlier";
/// See [`EARLIER`].
pub const LATER: &str = "later";

/// Groups of all dimensions together.
const GROUPS: usize = 1_024;

/// Dimensions that a record has.
const DIMENSIONS: &[&str] = &["country", "month", "sdg"];

/// Every fault of the payload.
pub fn validate(statistics: &Statistics) -> Vec<Refusal> {
    let mut faults = Faults::new();
    match statistics.month.as_str() {
        "" => faults.code("month", Code::FieldRequired),
        month => faults.result("month", Month::parse(month).map(drop)),
    }
    if !(statistics.country.is_empty() && statistics.region.is_empty()) {
        faults.country("country", &statistics.country);
    }
    faults.text("region", &statistics.region, Form::Line, limits::LINE);
    let Some(total) = &statistics.total else {
        faults.code("total", Code::FieldRequired);
        return faults.into_vec();
    };
    faults.within("total", |faults| counts(faults, total));
    faults.each("groups", &statistics.groups, GROUPS, group);
    let keys: Vec<_> = statistics.groups.iter().map(|group| (&group.dimension, &group.group)).collect();
    faults.ascending("groups", &keys);
    for dimension in DIMENSIONS {
        let of = statistics.groups.iter().filter(|group| group.dimension == *dimension);
        let groups: Vec<&StatisticsCounts> = of.filter_map(|group| group.counts.as_ref()).collect();
        if !groups.is_empty() {
            table(&mut faults, dimension, total, &groups);
        }
    }
    faults.into_vec()
}

fn group(faults: &mut Faults, group: &StatisticsGroup) {
    faults.choice("dimension", &group.dimension, DIMENSIONS);
    let code = group.group.as_str();
    match group.dimension.as_str() {
        "country" if !code.is_empty() => faults.country("group", code),
        "month" if !["", EARLIER, LATER].contains(&code) => {
            faults.result("group", Month::parse(code).map(drop));
        }
        "sdg" => {
            let goal = code.parse::<u32>().ok().filter(|goal| format!("{goal:02}") == code);
            let known = goal.is_some_and(|goal| (1..=sdgs::LAST).contains(&goal));
            faults.demand(known, "group", Code::FieldInvalid);
        }
        _ => {}
    }
    match &group.counts {
        Some(of) => faults.within("counts", |faults| counts(faults, of)),
        None => faults.code("counts", Code::FieldRequired),
    }
}

fn counts(faults: &mut Faults, counts: &StatisticsCounts) {
    let empty = !counts.filled_hidden || counts.filled_slots == 0;
    faults.demand(empty, "filled_slots", Code::FieldUnexpected);
    let small = gives_away(told(counts), Sums::Overlapping, []);
    faults.demand(!small, "filled_slots", Code::StatisticsSmall);
}

/// The groups of one dimension: what they add up to, and what follows from it.
fn table(faults: &mut Faults, dimension: &str, total: &StatisticsCounts, groups: &[&StatisticsCounts]) {
    let sums = if dimension == "sdg" { Sums::Overlapping } else { Sums::Parts };
    for count in [|counts: &StatisticsCounts| counts.listings, |counts: &StatisticsCounts| counts.open_slots]
    {
        let sum = groups.iter().try_fold(0_u64, |sum, group| sum.checked_add(count(group)));
        let fits = match sums {
            Sums::Parts => sum == Some(count(total)),
            Sums::Overlapping => groups.iter().all(|group| count(group) <= count(total)),
        };
        if !fits {
            faults.push("groups", Refusal::new(Code::FieldMismatch).with("dimension", dimension));
        }
    }
    let shown = groups.iter().map(|counts| told(counts));
    // A small figure was told already, where it stands.
    let small = groups.iter().any(|counts| gives_away(told(counts), Sums::Overlapping, []));
    if !small && gives_away(told(total), sums, shown) {
        faults.push("groups", Refusal::new(Code::StatisticsSmall).with("dimension", dimension));
    }
}
