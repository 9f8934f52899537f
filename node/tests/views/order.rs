//! The same records give the same rows in whatever order they come.

use rstest::rstest;
use volbridge_node::views::{self, Cursor, Viewer, listings, partners};
use volbridge_proto::{id::SubjectId, kinds::Payload, wire::record::v1 as wire};

use crate::{
    place::{Place, postgres, sqlite},
    world::{AVI, BVF, Entry, Envelope, UNV, World, fill, listing, number, rows, translation},
};

fn descriptor(name: &str) -> Payload {
    let names = vec![wire::LocalText { language: "en".to_owned(), text: name.to_owned() }];
    Payload::PartnerDescriptor(wire::PartnerDescriptor {
        names,
        country: "CN".to_owned(),
        domain: "bvf.example".to_owned(),
        ..wire::PartnerDescriptor::default()
    })
}

fn terms() -> wire::AgreementTerms {
    wire::AgreementTerms {
        parties: vec![BVF.to_vec(), AVI.to_vec()],
        ends_on: "2027-12-31".to_owned(),
        ..wire::AgreementTerms::default()
    }
}

/// One of everything; no two are revisions of one subject.
fn some_of_all() -> Vec<Entry> {
    let mut world = World::new();
    let mut entries = vec![
        world.enter(BVF, Envelope::at(1), descriptor("Old name")),
        world.enter(BVF, Envelope::at(2), descriptor("Beijing Volunteer Federation")),
        world.enter(
            BVF,
            Envelope::at(3),
            Payload::NodeInfo(wire::NodeInfo { portal: "old".into(), ..Default::default() }),
        ),
        world.enter(
            BVF,
            Envelope::at(3),
            Payload::NodeInfo(wire::NodeInfo { portal: "new".into(), ..Default::default() }),
        ),
        world.enter(UNV, Envelope::at(3), Payload::NodeInfo(wire::NodeInfo::default())),
        world.enter(BVF, Envelope::at(4), Payload::Organisation(wire::Organisation::default())),
        world.enter(BVF, Envelope::at(5), Payload::Listing(listing("Great Wall", "en", "CN"))),
        world.enter(
            AVI,
            Envelope::at(6),
            Payload::Conference(wire::Conference { starts_on: "2026-12-05".into(), ..Default::default() }),
        ),
        world.enter(AVI, Envelope::at(7), Payload::Material(wire::Material::default())),
        world.enter(BVF, Envelope::at(8), Payload::Agreement(wire::Agreement { terms: Some(terms()) })),
    ];
    let agreement = entries.last().unwrap().body.id.to_vec();
    for reason in ["first", "second"] {
        let end = wire::AgreementEnd { agreement: agreement.clone(), reason: reason.to_owned() };
        entries.push(world.enter(BVF, Envelope::at(9), Payload::AgreementEnd(end)));
    }
    let translated = translation(&entries[6], "zh-CN", "长城", "human", "");
    entries.push(world.enter(UNV, Envelope::at(9).from(&entries[6]), translated));
    let consent = wire::Consent { profile: vec![4; 16], expires_at: 99, ..Default::default() };
    entries.push(world.enter(BVF, Envelope::at(9).for_partners(&[AVI]), Payload::Consent(consent)));
    entries.push(world.enter(
        BVF,
        Envelope::at(9).for_partners(&[AVI]),
        Payload::VolunteerProfile(wire::VolunteerProfile::default()),
    ));
    entries
}

#[rstest]
#[case::sqlite(sqlite, sqlite)]
#[case::postgres(postgres, postgres)]
#[tokio::test]
async fn any_order_gives_the_same_rows(#[case] one: fn() -> Place, #[case] other: fn() -> Place) {
    let (one, other) = (one(), other());
    let (first, second) = (one.open().await, other.open().await);
    let mut entries = some_of_all();
    fill(&first, &entries).await;
    entries.reverse();
    entries.rotate_left(5);
    fill(&second, &entries).await;
    assert_eq!(rows(&first).await, rows(&second).await);

    let partner = partners::get(&second, &BVF).await.unwrap().unwrap();
    assert_eq!(partner.content.names[0].text, "Beijing Volunteer Federation");
    assert_eq!(partners::node_info(&second, &BVF).await.unwrap().unwrap().portal, "new");
    // UNV has said where its node is, but not who it is.
    assert_eq!(partners::list(&second).await.unwrap().len(), 1);
    assert!(partners::node_info(&second, &UNV).await.unwrap().is_some());
    assert_eq!(partners::descriptors_of_log(&second, number(BVF)).await.unwrap().len(), 2);
    let halves = views::agreements::halves(&second, &AVI, &BVF).await.unwrap();
    assert_eq!(halves.len(), 1);
    assert_eq!(halves[0].ended_at, Some(halves[0].index + 1));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_cleared_is_gone_and_what_is_hidden_is_not_found(#[case] place: Place) {
    let db = place.open().await;
    let entries = some_of_all();
    fill(&db, &entries).await;
    let subject = entries[6].statement.subject;
    assert!(listings::get(&db, Viewer::Public, None, subject).await.unwrap().is_some());
    let mut tx = db.begin().await.unwrap();
    views::hide(&mut tx, &entries[6].statement.kind, number(BVF), subject).await.unwrap();
    tx.commit().await.unwrap();
    assert!(listings::get(&db, Viewer::Public, None, subject).await.unwrap().is_none());
    let mut tx = db.begin().await.unwrap();
    views::clear(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rows(&db).await, Vec::<String>::new());
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn pages_show_every_row_once_whatever_is_added_meanwhile(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    // Many of one time, so that the order needs more than it.
    let entries: Vec<Entry> = (0..23)
        .map(|nth| {
            let listing = listing(&format!("No. {nth}"), "en", "CN");
            world.enter(
                if nth % 2 == 0 { BVF } else { AVI },
                Envelope::at(nth / 5),
                Payload::Listing(listing),
            )
        })
        .collect();
    fill(&db, &entries).await;
    let filter = listings::Filter::default();
    let mut seen: Vec<(i64, SubjectId)> = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = listings::list(&db, Viewer::Public, &filter, after.as_ref(), 5).await.unwrap();
        seen.extend(page.rows.iter().map(|row| (row.statement.issued_at.as_millis(), row.subject())));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected: Vec<_> = entries
        .iter()
        .map(|entry| (entry.statement.issued_at.as_millis(), entry.statement.subject))
        .collect();
    expected.sort();
    expected.reverse();
    assert_eq!(seen, expected);
    assert_eq!(listings::count(&db, Viewer::Public, &filter).await.unwrap(), 23);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn expired_listings_are_found_by_name_and_not_listed(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let envelope = Envelope { expires_at: 1_000, ..Envelope::at(1) };
    let entry = world.enter(BVF, envelope, Payload::Listing(listing("Over", "en", "CN")));
    fill(&db, std::slice::from_ref(&entry)).await;
    let at = |now| listings::Filter {
        now: volbridge_proto::time::Timestamp::from_millis(now),
        ..Default::default()
    };
    assert_eq!(listings::count(&db, Viewer::Public, &at(999)).await.unwrap(), 1);
    assert_eq!(listings::count(&db, Viewer::Public, &at(1_000)).await.unwrap(), 0);
    assert!(listings::get(&db, Viewer::Public, Some(BVF), entry.statement.subject).await.unwrap().is_some());
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn nobody_takes_over_a_link_by_using_anothers_subject(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let original = world.enter(BVF, Envelope::at(1), Payload::Listing(listing("Ours", "en", "CN")));
    let subject = Some(original.statement.subject);
    let copy = Envelope { subject, ..Envelope::at(2) };
    let copy = world.enter(AVI, copy, Payload::Listing(listing("Theirs", "en", "AU")));
    fill(&db, &[copy, original.clone()]).await;
    let title = |partner| {
        let (db, subject) = (db.clone(), original.statement.subject);
        async move { listings::get(&db, Viewer::Public, partner, subject).await.unwrap().unwrap().content.title }
    };
    assert_eq!(title(None).await, "Ours");
    assert_eq!(title(Some(AVI)).await, "Theirs");
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f12_a_damaged_body_is_never_shown_and_stops_no_list(#[case] place: Place) {
    let db = place.open().await;
    let entries = some_of_all();
    fill(&db, &entries).await;
    let mut tx = db.begin().await.unwrap();
    let mut body = entries[6].body.bytes.clone();
    *body.last_mut().unwrap() ^= 1;
    tx.execute(
        "UPDATE entry SET body = $1 WHERE log = $2 AND entry_index = $3",
        volbridge_node::store::args![body, number(BVF), entries[6].index],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let read = listings::get(&db, Viewer::Public, None, entries[6].statement.subject).await;
    assert_eq!(read.unwrap(), None);
    let page = listings::list(&db, Viewer::Public, &listings::Filter::default(), None, 100).await.unwrap();
    assert!(page.rows.is_empty());
}
