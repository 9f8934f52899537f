//! What is sealed is shown to this node's staff; the public sees what it would see without it (T30, T31).

use rstest::rstest;
use volbridge_node::{
    store::Db,
    views::{Viewer, conferences, listings, listings::Filter, materials, profiles, translations},
};
use volbridge_proto::{id::BlobHash, kinds::Payload, wire::record::v1 as wire};

use crate::{
    place::{Place, postgres, sqlite},
    world::{AVI, BVF, Entry, Envelope, UNV, World, fill, listing, translation},
};

const BLOB: [u8; 32] = [9; 32];

fn material(title: &str) -> Payload {
    Payload::Material(wire::Material {
        title: title.to_owned(),
        blob: Some(wire::Blob { hash: BLOB.to_vec(), size: 7, ..wire::Blob::default() }),
        ..wire::Material::default()
    })
}

/// Public records, and what is sealed to UNV.
fn world() -> (World, Vec<Entry>, Vec<Entry>) {
    let mut world = World::new();
    let public = vec![
        world.enter(BVF, Envelope::at(10), Payload::Listing(listing("Great Wall", "en", "CN"))),
        world.enter(AVI, Envelope::at(20), Payload::Listing(listing("Reef", "en", "AU"))),
        world.enter(
            AVI,
            Envelope::at(20),
            Payload::Conference(wire::Conference { starts_on: "2026-12-05".into(), ..Default::default() }),
        ),
    ];
    let to_unv = || Envelope::at(15).for_partners(&[UNV]);
    let hidden = vec![
        world.enter(BVF, to_unv(), Payload::Listing(listing("CANARY great wall", "en", "CN"))),
        world.enter(
            AVI,
            to_unv().from(&public[0]),
            translation(&public[0], "zh-CN", "CANARY", "human", "AVI"),
        ),
        world.enter(
            AVI,
            to_unv(),
            Payload::Conference(wire::Conference {
                theme: "CANARY".into(),
                starts_on: "2026-12-06".into(),
                ..Default::default()
            }),
        ),
        world.enter(AVI, to_unv(), material("CANARY")),
        world.enter(
            BVF,
            to_unv(),
            Payload::VolunteerProfile(wire::VolunteerProfile { name: "CANARY".into(), ..Default::default() }),
        ),
    ];
    (world, public, hidden)
}

/// Everything that lists, counts and searches say.
async fn answers(db: &Db, viewer: Viewer<'_>, first: &Entry) -> String {
    let mut said = String::new();
    let filters = [
        Filter::default(),
        Filter { language: Some("zh".to_owned()), ..Filter::default() },
        Filter { country: Some("CN".to_owned()), partner: Some(BVF), ..Filter::default() },
    ];
    for filter in &filters {
        let page = listings::list(db, viewer, filter, None, 1).await.unwrap();
        let count = listings::count(db, viewer, filter).await.unwrap();
        said += &format!("{count} {:?} {:?}\n", page.next, page.rows);
        let rest = listings::list(db, viewer, filter, page.next.as_ref(), 9).await.unwrap();
        said += &format!("{:?}\n", rest.rows);
    }
    said += &format!("{:?}\n", conferences::list(db, viewer, None, None, 9).await.unwrap());
    said += &format!("{:?}\n", materials::list(db, viewer, None, None, None, 9).await.unwrap());
    said += &format!("{:?}\n", materials::naming(db, viewer, &BlobHash::from(BLOB)).await.unwrap());
    said += &format!("{:?}\n", profiles::list(db, viewer, None, 9).await.unwrap());
    let original = translations::Original {
        partner: BVF,
        subject: first.statement.subject,
        id: first.body.id,
        language: "en",
    };
    said += &format!("{:?}\n", translations::best(db, viewer, &[original]).await.unwrap());
    said
}

#[rstest]
#[case::sqlite(sqlite, sqlite)]
#[case::postgres(postgres, postgres)]
#[tokio::test]
async fn t31_the_public_sees_what_it_would_see_without_what_is_sealed(
    #[case] with: fn() -> Place,
    #[case] without: fn() -> Place,
) {
    let (with, without) = (with(), without());
    let (twin, bare) = (with.open().await, without.open().await);
    let (world, public, hidden) = world();
    fill(&bare, &public).await;
    fill(&twin, &[hidden.clone(), public.clone()].concat()).await;
    let said = answers(&twin, Viewer::Public, &public[0]).await;
    assert_eq!(said, answers(&bare, Viewer::Public, &public[0]).await);
    assert!(!said.contains("CANARY"));

    let key = world.key(UNV);
    let said = answers(&twin, Viewer::Staff(&key), &public[0]).await;
    assert!(said.contains("CANARY"));
    assert!(said.contains(&hidden[4].body.id.to_string()));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t30_each_sealed_record_is_refused_to_the_public_by_name(#[case] place: Place) {
    let db = place.open().await;
    let (world, public, hidden) = world();
    fill(&db, &[public, hidden.clone()].concat()).await;
    let key = world.key(UNV);
    let stranger = world.key(AVI);
    for (viewer, sees) in
        [(Viewer::Public, false), (Viewer::Staff(&stranger), false), (Viewer::Staff(&key), true)]
    {
        let subject = |nth: usize| hidden[nth].statement.subject;
        let listing = listings::get(&db, viewer, None, subject(0)).await.unwrap();
        assert_eq!(listing.is_some(), sees);
        let profile = profiles::open(&db, viewer, &hidden[4].body.id).await.unwrap();
        assert_eq!(profile.is_some(), sees);
    }
    for nth in [2, 3] {
        assert!(
            conferences::get(&db, Viewer::Public, None, hidden[nth].statement.subject)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            materials::get(&db, Viewer::Public, None, hidden[nth].statement.subject).await.unwrap().is_none()
        );
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_summary_of_a_profile_holds_nothing_of_its_content(#[case] place: Place) {
    let db = place.open().await;
    let (world, public, hidden) = world();
    fill(&db, &[public, hidden].concat()).await;
    let key = world.key(UNV);
    let page = profiles::list(&db, Viewer::Staff(&key), None, 9).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(page.rows[0].statement.payload, Vec::<u8>::new());
}
