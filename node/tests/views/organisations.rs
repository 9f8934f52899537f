//! Lists of organisations: by name or the newest first, filtered, page by page.

use rstest::rstest;
use volbridge_node::{
    store::{Db, args},
    views::{
        self, Current, Cursor, NamedCursor,
        organisations::{self, Filter, Found, Order},
        words::Words,
    },
};
use volbridge_proto::{id::SubjectId, kinds::Payload, wire::record::v1 as wire};

use crate::{
    place::{Place, postgres, sqlite},
    world::{AVI, BVF, Entry, Envelope, UNV, World, fill, show},
};

fn organisation(chinese: &str, english: &str, level: &str, region: &str) -> wire::Organisation {
    let name = |language: &str, text: &str| wire::LocalText { language: language.into(), text: text.into() };
    let names = [("zh-CN", chinese), ("en", english)];
    wire::Organisation {
        language: "zh-CN".into(),
        names: names.iter().filter(|(_, text)| !text.is_empty()).map(|(tag, text)| name(tag, text)).collect(),
        level: level.into(),
        place: (!region.is_empty()).then(|| wire::Place {
            country: region.get(..2).unwrap_or_default().into(),
            region: region.into(),
            ..wire::Place::default()
        }),
        ..wire::Organisation::default()
    }
}

fn few(world: &mut World) -> Vec<Entry> {
    let head = organisation("北京项目办", "Beijing Office", "province", "CN-BJ");
    let head = world.enter(BVF, Envelope::at(1), Payload::Organisation(head));
    let parent = head.statement.subject.to_vec();
    let below = |chinese, english, level| wire::Organisation {
        parent: parent.clone(),
        ..organisation(chinese, english, level, "CN-BJ")
    };
    let mut entries = vec![head];
    for payload in [
        below("右安门街道", "Ｙouanmen sub-district", "community"),
        below("绿色联盟", "Green Alliance", "city"),
        organisation("上海中心", "", "province", "CN-SH"),
    ] {
        entries.push(world.enter(BVF, Envelope::at(2), Payload::Organisation(payload)));
    }
    let abroad = organisation("", "Bonn 100% volunteers", "international", "DE-NW");
    entries.push(world.enter(UNV, Envelope::at(3), Payload::Organisation(abroad)));
    let nowhere = organisation("", "Australian Volunteers", "national", "");
    entries.push(world.enter(AVI, Envelope::at(4), Payload::Organisation(nowhere)));
    entries
}

fn names(found: &Found) -> Vec<&str> {
    found.rows.iter().map(|row| row.content.names.last().unwrap().text.as_str()).collect()
}

async fn all(db: &Db, filter: Filter) -> Vec<String> {
    let found = organisations::list(db, &filter, &Order::English(None), 100).await.unwrap();
    names(&found).into_iter().map(str::to_owned).collect()
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn organisations_are_filtered_by_what_a_directory_is_browsed_by(#[case] place: Place) {
    let db = place.open().await;
    let entries = few(&mut World::new());
    fill(&db, &entries).await;
    let everything = [
        "Australian Volunteers",
        "Beijing Office",
        "Bonn 100% volunteers",
        "Green Alliance",
        "Ｙouanmen sub-district",
        "上海中心",
    ];
    assert_eq!(all(&db, Filter::default()).await, everything);
    let of = Filter { partner: Some(UNV), ..Filter::default() };
    assert_eq!(all(&db, of).await, ["Bonn 100% volunteers"]);
    let level = Filter { level: Some("province".into()), ..Filter::default() };
    assert_eq!(all(&db, level).await, ["Beijing Office", "上海中心"]);
    let country = Filter { country: Some("CN".into()), ..Filter::default() };
    assert_eq!(all(&db, country.clone()).await.len(), 4);
    let region = Filter { region: Some("CN-BJ".into()), partner: Some(BVF), ..country };
    assert_eq!(all(&db, region).await, ["Beijing Office", "Green Alliance", "Ｙouanmen sub-district"]);
    let below = Filter { parent: Some(entries[0].statement.subject), ..Filter::default() };
    assert_eq!(all(&db, below).await, ["Green Alliance", "Ｙouanmen sub-district"]);
    for (words, found) in [
        ("YOUANMEN", &["Ｙouanmen sub-district"][..]),
        ("绿色", &["Green Alliance"]),
        ("bonn volunteers", &["Bonn 100% volunteers"]),
        ("0%", &["Bonn 100% volunteers"]),
        ("_", &[]),
    ] {
        let words = Words::parse(words).unwrap();
        assert_eq!(all(&db, Filter { words, ..Filter::default() }).await, found);
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn organisations_are_ordered_by_name_or_age_the_same_on_every_database(#[case] place: Place) {
    let db = place.open().await;
    let entries = few(&mut World::new());
    fill(&db, &entries).await;
    let chinese = organisations::list(&db, &Filter::default(), &Order::Chinese(None), 100).await.unwrap();
    let first = |row: &wire::Organisation| row.names[0].text.clone();
    let found: Vec<String> = chinese.rows.iter().map(|row| first(&row.content)).collect();
    // Latin letters come first; Chinese characters by their place in Unicode.
    let expected =
        ["Australian Volunteers", "Bonn 100% volunteers", "上海中心", "北京项目办", "右安门街道", "绿色联盟"];
    assert_eq!(found, expected);
    let newest = organisations::list(&db, &Filter::default(), &Order::Newest(None), 2).await.unwrap();
    // The ids tell the age, as UUIDv7 do.
    let mut ids: Vec<SubjectId> = entries.iter().map(|entry| entry.statement.subject).collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let found: Vec<SubjectId> = newest.rows.iter().map(Current::subject).collect();
    assert_eq!(found, ids[..2]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_revised_organisation_moves_in_its_lists(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let entries = few(&mut world);
    fill(&db, &entries).await;
    let renamed = organisation("安定门街道", "Andingmen sub-district", "district", "CN-TJ");
    let revised = world.enter(BVF, Envelope::at(9).revises(&entries[1]), Payload::Organisation(renamed));
    let mut tx = db.begin().await.unwrap();
    tx.execute(
        "INSERT INTO entry (log, entry_index, leaf, id_prefix, state, verdict, body) VALUES ($1, $2, $3, $4, 0, 0, $5)",
        args![
            crate::world::number(BVF),
            revised.index,
            volbridge_proto::tlog::entry::Leaf { class: revised.body.class, id: revised.body.id }.encode(),
            revised.body.id.prefix(),
            &revised.body.bytes
        ],
    )
    .await
    .unwrap();
    show(&mut tx, &revised).await;
    tx.commit().await.unwrap();
    let in_tianjin = Filter { region: Some("CN-TJ".into()), ..Filter::default() };
    assert_eq!(all(&db, in_tianjin).await, ["Andingmen sub-district"]);
    let below = Filter { parent: Some(entries[0].statement.subject), ..Filter::default() };
    assert_eq!(all(&db, below).await, ["Green Alliance"]);
    assert_eq!(all(&db, Filter::default()).await[0], "Andingmen sub-district");
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_a_migration_took_away_is_stale_until_all_is_derived_anew(#[case] place: Place) {
    let db = place.open().await;
    assert!(!views::are_stale(&db).await.unwrap());
    let mut tx = db.begin().await.unwrap();
    tx.execute("INSERT INTO stale_view (name) VALUES ($1)", args!["organisation"]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(views::are_stale(&db).await.unwrap());
    let mut tx = db.begin().await.unwrap();
    views::clear(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!views::are_stale(&db).await.unwrap());
}

/// Many of one federation, some of whose names are alike.
fn many(count: u32) -> Vec<Entry> {
    let mut world = World::new();
    let levels = ["province", "city", "district", "community"];
    let organisation = |number: u32| {
        let place = usize::try_from(number).unwrap();
        let region = if number % 5_000 == 4_999 { "CN-XZ" } else { ["CN-BJ", "CN-SH"][place % 2] };
        let english = format!("Volunteer team {}", number / 2);
        organisation(&format!("志愿队{number}"), &english, levels[place % 4], region)
    };
    (0..count).map(|n| world.enter(BVF, Envelope::at(1), Payload::Organisation(organisation(n)))).collect()
}

/// Every subject of a list, page by page.
async fn walked(db: &Db, filter: &Filter, newest: bool) -> Vec<SubjectId> {
    let (mut subjects, mut cursor) = (Vec::new(), String::new());
    loop {
        let order = if newest {
            Order::Newest(Cursor::parse(&cursor).unwrap())
        } else {
            Order::English(NamedCursor::parse(&cursor).unwrap())
        };
        let page = organisations::list(db, filter, &order, 100).await.unwrap();
        assert!(page.rows.len() <= 100);
        subjects.extend(page.rows.iter().map(Current::subject));
        if page.next.is_empty() {
            return subjects;
        }
        cursor = page.next;
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn pages_show_each_of_thousands_of_organisations_once(#[case] place: Place) {
    let db = place.open().await;
    let entries = many(2_500);
    fill(&db, &entries).await;
    let mut known: Vec<SubjectId> = entries.iter().map(|entry| entry.statement.subject).collect();
    known.sort_unstable();
    for newest in [false, true] {
        let mut found = walked(&db, &Filter::default(), newest).await;
        found.sort_unstable();
        assert_eq!(found, known);
    }
    let newest = walked(&db, &Filter::default(), true).await;
    assert!(newest.is_sorted_by(|later, earlier| later > earlier));
    let district = Filter { level: Some("district".into()), ..Filter::default() };
    assert_eq!(walked(&db, &district, false).await.len(), 625);
}

/// By hand, for the figures in docs: `cargo nextest run --run-ignored all -E 'test(a_federation_of_125_000)' --no-capture`
#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
#[ignore = "measures, and takes minutes"]
async fn a_federation_of_125_000_is_browsed(#[case] place: Place) {
    let db = place.open().await;
    fill(&db, &many(125_000)).await;
    let filters = [
        ("all", Filter::default()),
        ("a common region", Filter { region: Some("CN-BJ".into()), ..Filter::default() }),
        ("a rare region", Filter { region: Some("CN-XZ".into()), ..Filter::default() }),
        ("a partner without any", Filter { partner: Some(UNV), ..Filter::default() }),
        ("words of one", Filter { words: Words::parse("队124990").unwrap(), ..Filter::default() }),
        ("words of none", Filter { words: Words::parse("nobody").unwrap(), ..Filter::default() }),
    ];
    for (about, filter) in filters {
        let middle =
            NamedCursor { name: b"volunteer team 4".to_vec(), subject: SubjectId::from([0; 16]), log: 0 };
        for (what, order) in [
            ("by name", Order::English(None)),
            ("by name, in the middle", Order::English(Some(middle))),
            ("newest", Order::Newest(None)),
        ] {
            let began = std::time::Instant::now();
            let found = organisations::list(&db, &filter, &order, 20).await.unwrap();
            eprintln!("{about}, {what}: {} rows, {:?}", found.rows.len(), began.elapsed());
        }
    }
}
