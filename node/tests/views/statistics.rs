//! Figures of what is public: counted, and told without giving a few people away.

use rstest::rstest;
use volbridge_node::{
    store::{Db, args},
    views::statistics::{Counted, Figures, figures, signed},
};
use volbridge_proto::{
    Timestamp, kinds,
    kinds::Payload,
    statistics::{Month, subject},
    wire::record::v1 as wire,
};

use crate::{
    place::{Place, postgres, sqlite},
    world::{BVF, Entry, Envelope, UNV, World, fill, listing},
};

/// 2026-09-21
const NOW: i64 = 1_790_000_000_000;

fn project(country: &str, starts_on: &str, sdgs: &[u32], slots: u32, filled: u32) -> wire::Listing {
    let role = wire::Role { number: 1, title: "Teacher".into(), slots, filled, ..wire::Role::default() };
    wire::Listing {
        starts_on: starts_on.into(),
        sdgs: sdgs.to_vec(),
        roles: vec![role],
        ..listing("Teach", "en", country)
    }
}

fn some(world: &mut World) -> Vec<Entry> {
    let mut entries = vec![
        world.enter(BVF, Envelope::at(1), Payload::Listing(project("CN", "2026-11-02", &[4], 50, 30))),
        world.enter(BVF, Envelope::at(1), Payload::Listing(project("CN", "2026-11-30", &[4, 13], 20, 12))),
        world.enter(UNV, Envelope::at(1), Payload::Listing(project("DE", "", &[13], 8, 3))),
        world.enter(UNV, Envelope::at(1), Payload::Listing(project("", "2031-01-01", &[], 20, 15))),
        world.enter(UNV, Envelope::at(1), Payload::Listing(project("FJ", "2024-01-01", &[17], 5, 0))),
    ];
    // None of these counts, or not wholly.
    let sealed = Envelope::at(1).for_partners(&[UNV]);
    entries.push(world.enter(BVF, sealed, Payload::Listing(project("KE", "", &[], 90, 80))));
    let expired = Envelope { expires_at: NOW - 1, ..Envelope::at(1) };
    entries.push(world.enter(BVF, expired, Payload::Listing(project("KE", "", &[], 90, 80))));
    for (apply_by, status) in [("2026-09-20", ""), ("2026-09-21", "paused")] {
        let late = project("FJ", "2024-01-01", &[17], 5, 0);
        let late = wire::Listing { apply_by: apply_by.into(), status: status.into(), ..late };
        entries.push(world.enter(UNV, Envelope::at(1), Payload::Listing(late)));
    }
    entries
}

/// `[listings, open, filled]` of a dimension's groups; -1: hidden.
fn told(figures: &Figures, dimension: &str) -> Vec<(String, [i64; 3])> {
    let groups = figures.groups.iter().filter(|group| group.dimension == dimension);
    groups.map(|group| (group.group.clone(), numbers(group.counts.as_ref().unwrap()))).collect()
}

fn numbers(counts: &wire::StatisticsCounts) -> [i64; 3] {
    let filled = if counts.filled_hidden { -1 } else { counts.filled_slots.cast_signed() };
    [counts.listings.cast_signed(), counts.open_slots.cast_signed(), filled]
}

async fn now(db: &Db) -> Figures {
    figures(db, Counted::Now(Timestamp::from_millis(NOW))).await.unwrap()
}

fn group<const N: usize>(groups: [(&str, [i64; 3]); N]) -> Vec<(String, [i64; 3])> {
    groups.map(|(code, counts)| (code.to_owned(), counts)).to_vec()
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_public_and_current_is_counted_and_few_people_are_hidden(#[case] place: Place) {
    let db = place.open().await;
    fill(&db, &some(&mut World::new())).await;
    let figures = now(&db).await;
    assert_eq!(numbers(&figures.total), [7, 43, 60]);
    // Germany's three would follow from the total, were the fifteen that serve online told.
    let countries = [("", [1, 5, -1]), ("CN", [2, 28, 42]), ("DE", [1, 5, -1]), ("FJ", [3, 5, 0])];
    assert_eq!(told(&figures, "country"), group(countries));
    let months = [("", [1, 5, -1]), ("2026-11", [2, 28, 42]), ("earlier", [3, 5, 0]), ("later", [1, 5, -1])];
    assert_eq!(told(&figures, "month"), group(months));
    let partners = [(BVF.to_string(), [2, 28, 42]), (UNV.to_string(), [5, 15, 18])];
    assert_eq!(told(&figures, "partner"), partners);
    assert_eq!(told(&figures, "sdg"), group([("04", [2, 28, 42]), ("13", [2, 13, 15]), ("17", [3, 5, 0])]));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn nothing_counts_as_nothing(#[case] place: Place) {
    let db = place.open().await;
    assert_eq!(now(&db).await, Figures::default());
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_months_figures_are_one_partners_and_hold_to_the_rule(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let mut entries = some(&mut world);
    let month = Month::parse("2026-08").unwrap();
    let later = Envelope::at(month.end().as_millis());
    entries.push(world.enter(UNV, later, Payload::Listing(project("CN", "", &[], 50, 40))));
    fill(&db, &entries).await;
    let figures = figures(&db, Counted::AtEnd(month, UNV)).await.unwrap();
    // What could be applied for then, and is over now, was open.
    assert_eq!(numbers(&figures.total), [5, 20, 18]);
    assert_eq!(told(&figures, "partner"), []);
    let record = wire::Statistics {
        month: month.to_string(),
        total: Some(figures.total),
        groups: figures.groups,
        ..wire::Statistics::default()
    };
    assert_eq!(kinds::statistics::validate(&record), vec![]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn signed_figures_of_whole_partners_and_past_months_are_found(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let mut enter = |month: &str, country: &str, listings| {
        let record = wire::Statistics {
            month: month.into(),
            country: country.into(),
            total: Some(wire::StatisticsCounts { listings, ..wire::StatisticsCounts::default() }),
            ..wire::Statistics::default()
        };
        let subject = subject(BVF, Month::parse(month).unwrap(), country, "");
        let envelope = Envelope { subject: Some(subject), ..Envelope::at(1) };
        world.enter(BVF, envelope, Payload::Statistics(record))
    };
    let entries = [
        enter("2024-08", "", 1),
        enter("2024-09", "", 2),
        enter("2026-08", "CN", 3),
        enter("2026-08", "", 4),
        enter("2026-09", "", 5),
    ];
    fill(&db, &entries).await;
    let found = signed(&db, Timestamp::from_millis(NOW)).await.unwrap();
    let mut listings: Vec<u64> = found.iter().map(|row| row.content.total.unwrap().listings).collect();
    listings.sort_unstable();
    assert_eq!(listings, [2, 4]);
}

/// By hand: `cargo nextest run --run-ignored all -E 'test(a_hundred_thousand_listings)' --no-capture`
#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
#[ignore = "measures"]
async fn a_hundred_thousand_listings_are_counted_in_a_moment(#[case] place: Place) {
    let db = place.open().await;
    fill(&db, &[]).await;
    let mut tx = db.begin().await.unwrap();
    let rows = (0..100_000_i64).map(|number| {
        let countries = ["CN", "DE", "FJ", "KE", "", "AU"];
        let country = countries[usize::try_from(number % 6).unwrap()];
        let month = format!("2026-{:02}", number % 12 + 1);
        let mut subject = vec![0_u8; 8];
        subject.extend(number.to_be_bytes());
        let sdgs = 1_i64 << (number % 17 + 1) | 1 << (number % 5 + 1);
        args![number % 3 + 1, subject, number, false, 1, 0, "en", country, month, sdgs, 5, 0, number % 4]
    });
    tx.insert_rows(
        "INSERT INTO listing (log, subject, entry_index, named, published_at, expires_at, language, country, \
         starts_month, sdgs, open_slots, open_until, filled_slots)",
        "",
        rows,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let began = std::time::Instant::now();
    let figures = now(&db).await;
    eprintln!("{} listings: {:?}", figures.total.listings, began.elapsed());
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}
