//! Properties of what is told about people in figures.

use std::collections::BTreeMap;

use proptest::prelude::*;
use volbridge_proto::{
    Code, PartnerId, Timestamp,
    kinds::statistics::validate,
    statistics::{Month, Sums, Table, hide, subject, suppress, told},
    wire::record::v1 as wire,
};

fn table(sums: Sums, counts: &[u64]) -> Table {
    let groups = counts.iter().enumerate().map(|(place, count)| (format!("{place:03}"), *count));
    Table { sums, groups: groups.collect() }
}

/// One count for each of these people by two properties, so that both tables have one total.
fn tables() -> impl Strategy<Value = (u64, Vec<Table>)> {
    let cell = (0..6_usize, 0..4_usize, prop_oneof![3 => 0..4_u64, 2 => 0..15_u64, 1 => 0..200_u64]);
    (proptest::collection::vec(cell, 0..12), proptest::collection::vec(0..40_u64, 0..5)).prop_map(
        |(cells, goals)| {
            let (mut countries, mut months) = ([0; 6], [0; 4]);
            for (country, month, count) in cells {
                countries[country] += count;
                months[month] += count;
            }
            let total = countries.iter().sum();
            let goals: Vec<u64> = goals.into_iter().map(|goal| goal.min(total)).collect();
            let tables = vec![
                table(Sums::Parts, &countries),
                table(Sums::Parts, &months),
                table(Sums::Overlapping, &goals),
            ];
            (total, tables)
        },
    )
}

/// The values that each hidden group may have, by what is shown: at least one each, and all of them the rest.
fn freedom(total: u64, shown: u64, hidden: u64) -> u64 {
    (total - shown) - hidden
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_hidden_figure_follows_from_those_that_are_shown((total, tables) in tables()) {
        let hidden = hide(total, &tables);
        prop_assert!(!(1..10).contains(&total) || hidden.total);
        for (table, codes) in tables.iter().zip(&hidden.groups) {
            let shown: Vec<u64> =
                table.groups.iter().filter(|(code, _)| !codes.contains(*code)).map(|(_, count)| *count).collect();
            prop_assert!(shown.iter().all(|count| !(1..10).contains(count)));
            prop_assert!(codes.iter().all(|code| table.groups[code] > 0), "an empty group tells of nobody");
            if table.sums == Sums::Overlapping {
                continue;
            }
            match hidden.total {
                true => prop_assert!(!codes.is_empty(), "the groups give the total"),
                false if codes.is_empty() => {}
                false => {
                    prop_assert!(codes.len() >= 2);
                    let many = codes.len() as u64;
                    prop_assert!(freedom(total, shown.iter().sum(), many) >= 9);
                }
            }
        }
    }

    #[test]
    fn more_is_hidden_only_where_something_small_is((total, tables) in tables()) {
        let any = tables.iter().flat_map(|table| table.groups.values()).any(|count| (1..10).contains(count));
        let hidden = hide(total, &tables);
        let hides = hidden.total || hidden.groups.iter().any(|codes| !codes.is_empty());
        prop_assert_eq!(hides, any || (1..10).contains(&total));
    }

    #[test]
    fn what_is_suppressed_in_any_order_is_the_same_and_holds_to_the_rule(
        (total, tables) in tables(),
        seed in any::<u64>(),
    ) {
        let mut ordered = record(total, &tables);
        let mut shuffled = ordered.clone();
        let length = shuffled.groups.len().max(1);
        shuffled.groups.rotate_left(usize::try_from(seed % length as u64).unwrap());
        if seed % 2 == 0 {
            shuffled.groups.reverse();
        }
        for record in [&mut ordered, &mut shuffled] {
            suppress(record.total.as_mut().unwrap(), &mut record.groups);
        }
        shuffled.groups.sort_by(|one, other| {
            (&one.dimension, &one.group).cmp(&(&other.dimension, &other.group))
        });
        prop_assert_eq!(&ordered, &shuffled);
        prop_assert_eq!(validate(&ordered), vec![]);
    }
}

const COUNTRIES: [&str; 6] = ["", "AU", "CN", "DE", "FJ", "KE"];
const MONTHS: [&str; 4] = ["", "2026-12", "2027-01", "later"];

fn record(total: u64, tables: &[Table]) -> wire::Statistics {
    let goals = ["01", "04", "10", "13", "17"];
    let named = [("country", &COUNTRIES[..]), ("month", &MONTHS), ("sdg", &goals)];
    let mut groups = Vec::new();
    for ((dimension, codes), table) in named.into_iter().zip(tables) {
        for (code, count) in codes.iter().zip(table.groups.values()) {
            groups.push(wire::StatisticsGroup {
                dimension: dimension.into(),
                group: (*code).into(),
                counts: Some(counts(*count)),
            });
        }
    }
    wire::Statistics {
        month: "2026-11".into(),
        total: Some(counts(total)),
        groups,
        ..wire::Statistics::default()
    }
}

fn counts(filled: u64) -> wire::StatisticsCounts {
    wire::StatisticsCounts { listings: 0, open_slots: 0, filled_slots: filled, filled_hidden: false }
}

#[test]
fn a_second_group_is_hidden_with_a_small_one() {
    let hidden = hide(45, &[table(Sums::Parts, &[3, 12, 0, 30])]);
    assert!(!hidden.total);
    assert_eq!(hidden.groups[0].iter().collect::<Vec<_>>(), ["000", "001"]);
}

#[test]
fn ten_groups_of_one_person_hide_the_total_and_every_sum_that_gives_it() {
    let hidden =
        hide(10, &[table(Sums::Parts, &[1; 10]), table(Sums::Parts, &[10]), table(Sums::Overlapping, &[10])]);
    assert!(hidden.total);
    assert_eq!(hidden.groups.iter().map(|codes| codes.len()).collect::<Vec<_>>(), [10, 1, 1]);
}

#[test]
fn a_figure_that_subtraction_gives_is_refused() {
    let groups: BTreeMap<&str, Option<u64>> = BTreeMap::from([("CN", Some(30)), ("DE", None)]);
    let mut record = record(34, &[]);
    for (code, count) in groups {
        let counts = wire::StatisticsCounts { filled_hidden: count.is_none(), ..counts(count.unwrap_or(0)) };
        record.groups.push(wire::StatisticsGroup {
            dimension: "country".into(),
            group: code.into(),
            counts: Some(counts),
        });
    }
    let faults = validate(&record);
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].code, faults[0].field.as_str()), (Code::StatisticsSmall, "groups"));
    record.total.as_mut().unwrap().filled_slots = 0;
    record.total.as_mut().unwrap().filled_hidden = true;
    assert_eq!(validate(&record), vec![]);
    assert_eq!(told(record.total.as_ref().unwrap()), None);
}

#[test]
fn months_are_read_in_one_spelling_and_counted() {
    let month = Month::parse("2026-11").unwrap();
    assert_eq!(
        (month.plus(2).to_string(), month.plus(-11).to_string()),
        ("2027-01".into(), "2025-12".into())
    );
    assert_eq!(month.end().to_string(), "2026-12-01T00:00:00.000Z");
    assert_eq!(Month::at(month.end()), month.plus(1));
    assert_eq!(Month::at(Timestamp::from_millis(0)).to_string(), "1970-01");
    for text in ["", "2026-13", "2026-1", "202611", "2026-11-01", "2026-11-", "0000-01"] {
        assert!(Month::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_months_subject_is_a_public_one_and_differs_by_all_that_it_is_made_from() {
    let month = Month::parse("2026-11").unwrap();
    let of = |partner, month, country, region| subject(PartnerId::new([partner; 32]), month, country, region);
    let one = of(1, month, "", "");
    assert!(one.is_v7());
    assert_eq!(one, of(1, month, "", ""));
    for other in [
        of(2, month, "", ""),
        of(1, month.plus(1), "", ""),
        of(1, month, "CN", ""),
        of(1, month, "CN", "CN-BJ"),
    ] {
        assert_ne!(one, other);
    }
}
