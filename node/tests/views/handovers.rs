//! Organisations that move: what the directory shows follows from what was said, not from the order in which it came.

use rstest::rstest;
use volbridge_node::{
    store::Db,
    views::{
        Viewer,
        handovers::{self, Of},
        listings,
        organisations::{self, Filter, Order},
        partners,
    },
};
use volbridge_proto::{id::PartnerId, kinds::Payload, wire::record::v1 as wire};

use crate::{
    place::{Place, postgres, sqlite},
    world::{AVI, BVF, Entry, Envelope, UNV, World, fill, listing, rows},
};

fn organisation(name: &str) -> Payload {
    Payload::Organisation(wire::Organisation {
        language: "en".into(),
        names: vec![wire::LocalText { language: "en".into(), text: name.into() }],
        level: "city".into(),
        ..wire::Organisation::default()
    })
}

fn of(title: &str, organisation: &Entry) -> Payload {
    Payload::Listing(wire::Listing {
        organisation: organisation.statement.subject.to_vec(),
        ..listing(title, "en", "CN")
    })
}

/// The first half, in the log of who has the organisation.
fn offered(organisation: &Entry, to: PartnerId, until: &str) -> Payload {
    Payload::Handover(wire::Handover {
        organisation: Some(wire::Subject {
            partner: Vec::new(),
            subject: organisation.statement.subject.to_vec(),
        }),
        to: to.to_vec(),
        until: until.into(),
        ..wire::Handover::default()
    })
}

/// The second.
fn taken(organisation: &Entry, first: &Entry, on: &str) -> Payload {
    let partner = organisation.partner.to_vec();
    Payload::Handover(wire::Handover {
        organisation: Some(wire::Subject {
            partner: partner.clone(),
            subject: organisation.statement.subject.to_vec(),
        }),
        first: Some(wire::Ref { partner, id: first.body.id.to_vec() }),
        moved_on: on.into(),
        ..wire::Handover::default()
    })
}

/// A harbour that goes from Beijing to Bonn, with one of two listings taken along; and Melbourne, which says that all of it is
/// its own.
struct Story {
    world: World,
    harbour: Entry,
    stays: Entry,
    guide: Entry,
    left: Entry,
    offer: Entry,
    accept: Entry,
    new_harbour: Entry,
    new_guide: Entry,
    claims: Vec<Entry>,
}

impl Story {
    fn new() -> Self {
        let mut world = World::new();
        let harbour = world.enter(BVF, Envelope::at(1), organisation("Harbour"));
        let stays = world.enter(BVF, Envelope::at(1), organisation("Stays"));
        let guide = world.enter(BVF, Envelope::at(2), of("Guide", &harbour));
        let left = world.enter(BVF, Envelope::at(3), of("Left", &harbour));
        let offer = world.enter(BVF, Envelope::at(4), offered(&harbour, UNV, "2026-12-31"));
        let accept = world.enter(UNV, Envelope::at(5), taken(&harbour, &offer, "2026-12-05"));
        let new_harbour = world.enter(UNV, Envelope::at(5).after(&harbour), organisation("Harbour"));
        let new_guide = world.enter(UNV, Envelope::at(6).after(&guide), of("Guide", &new_harbour));
        let claims = vec![
            world.enter(AVI, Envelope::at(5), taken(&harbour, &offer, "2026-12-01")),
            world.enter(AVI, Envelope::at(5).after(&harbour), organisation("Harbour")),
            world.enter(AVI, Envelope::at(5).after(&guide), of("Claimed", &harbour)),
            world.enter(UNV, Envelope::at(7).after(&stays), organisation("Claimed too")),
        ];
        Self { world, harbour, stays, guide, left, offer, accept, new_harbour, new_guide, claims }
    }

    fn entries(&self) -> Vec<Entry> {
        let all = [
            &self.harbour,
            &self.stays,
            &self.guide,
            &self.left,
            &self.offer,
            &self.accept,
            &self.new_harbour,
            &self.new_guide,
        ];
        all.into_iter().chain(&self.claims).cloned().collect()
    }
}

fn key(entry: &Entry) -> Of {
    (entry.partner, entry.statement.subject)
}

/// Titles and whose they are, as everybody sees them.
async fn listed(db: &Db, partner: Option<PartnerId>) -> Vec<(String, PartnerId)> {
    let filter = listings::Filter { partner, ..Default::default() };
    let page = listings::list(db, Viewer::Public, &filter, None, 50).await.unwrap();
    let total = listings::count(db, Viewer::Public, &filter).await.unwrap();
    assert_eq!(total, page.rows.len() as u64);
    let mut rows: Vec<_> = page.rows.iter().map(|row| (row.content.title.clone(), row.partner())).collect();
    rows.sort();
    rows
}

/// Names of the organisations that are shown as a partner's.
async fn hosted(db: &Db, partner: PartnerId) -> Vec<String> {
    let filter = Filter { partner: Some(partner), ..Filter::default() };
    let found = organisations::list(db, &filter, &Order::English(None), 50).await.unwrap();
    found.rows.iter().map(|row| row.content.names[0].text.clone()).collect()
}

/// Shuffled by a seed.
fn shuffled(mut entries: Vec<Entry>, seed: u64) -> Vec<Entry> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for place in (1..entries.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (place + 1);
        entries.swap(place, other);
    }
    entries
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[rstest]
#[case::sqlite(sqlite)]
#[case::postgres(postgres)]
#[tokio::test]
async fn p8_an_organisation_has_moved_in_whatever_order_its_records_came(#[case] place: fn() -> Place) {
    let story = Story::new();
    let mut first: Option<Vec<String>> = None;
    for seed in 0..8 {
        let place = place();
        let db = place.open().await;
        fill(&db, &shuffled(story.entries(), seed)).await;
        let found = rows(&db).await;
        assert_eq!(*first.get_or_insert_with(|| found.clone()), found, "seed {seed}");
        // Taken along; left behind, and shown as Bonn's; claimed by who has no right to it, and shown as its own.
        let all = [(text("Claimed"), AVI), (text("Guide"), UNV), (text("Left"), BVF)];
        assert_eq!(listed(&db, None).await, all, "seed {seed}");
        assert_eq!(listed(&db, Some(UNV)).await, [(text("Guide"), UNV), (text("Left"), BVF)]);
        assert!(listed(&db, Some(BVF)).await.is_empty());
        assert_eq!(hosted(&db, UNV).await, ["Claimed too", "Harbour"]);
        assert_eq!(hosted(&db, BVF).await, ["Stays"]);
        assert_eq!(partners::counts(&db, &UNV).await.unwrap(), (2, 2));
        assert_eq!(partners::counts(&db, &BVF).await.unwrap(), (1, 0));
        let last = handovers::last_organisation(&db, key(&story.harbour)).await.unwrap();
        assert_eq!(last, Some(key(&story.new_harbour)));
        let last = handovers::last_listing(&db, key(&story.guide)).await.unwrap();
        assert_eq!(last, Some(key(&story.new_guide)));
        for other in [&story.stays, &story.new_harbour] {
            assert_eq!(handovers::last_organisation(&db, key(other)).await.unwrap(), None);
        }
        let moves = handovers::moves(&db, [key(&story.harbour), key(&story.new_harbour), key(&story.stays)]);
        let moves = moves.await.unwrap();
        assert_eq!(moves.len(), 2);
        for moved in moves.values() {
            assert_eq!((moved.from, moved.to, moved.on.as_str()), (BVF, UNV, "2026-12-05"));
            assert_eq!((moved.first, moved.second), (story.offer.body.id, story.accept.body.id));
        }
    }
}

#[rstest]
#[case::sqlite(sqlite)]
#[case::postgres(postgres)]
#[tokio::test]
async fn one_side_alone_changes_nothing(#[case] place: fn() -> Place) {
    let story = Story::new();
    for missing in [&story.offer, &story.accept] {
        let place = place();
        let db = place.open().await;
        let entries: Vec<Entry> =
            story.entries().into_iter().filter(|entry| entry.body.id != missing.body.id).collect();
        fill(&db, &entries).await;
        assert_eq!(hosted(&db, BVF).await, ["Harbour", "Stays"]);
        assert_eq!(listed(&db, Some(BVF)).await, [(text("Guide"), BVF), (text("Left"), BVF)]);
        assert_eq!(handovers::last_organisation(&db, key(&story.harbour)).await.unwrap(), None);
        assert_eq!(handovers::last_listing(&db, key(&story.guide)).await.unwrap(), None);
        assert!(handovers::moves(&db, [key(&story.harbour)]).await.unwrap().is_empty());
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_organisation_moves_on_and_back_and_its_first_link_leads_to_the_last(#[case] place: Place) {
    let db = place.open().await;
    let mut story = Story::new();
    let (mut entries, mut last) = (story.entries(), story.new_harbour.clone());
    for (nth, (from, to)) in [(UNV, AVI), (AVI, BVF), (BVF, UNV)].into_iter().enumerate() {
        let at = 10 + i64::try_from(nth).unwrap();
        let world = &mut story.world;
        let offer = world.enter(from, Envelope::at(at), offered(&last, to, "2027-12-31"));
        let accept = world.enter(to, Envelope::at(at), taken(&last, &offer, "2027-01-05"));
        let next = world.enter(to, Envelope::at(at).after(&last), organisation("Harbour"));
        entries.extend([offer, accept, next.clone()]);
        last = next;
    }
    fill(&db, &shuffled(entries, 3)).await;
    let found = handovers::last_organisation(&db, key(&story.harbour)).await.unwrap();
    assert_eq!(found, Some(key(&last)));
    assert_eq!(hosted(&db, AVI).await, ["Harbour"], "the one that it claimed, and not the one that moved on");
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_goes_on_from_each_other_ends_where_it_began(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let mut one = world.enter(BVF, Envelope::at(1), organisation("One"));
    let other = world.enter(UNV, Envelope::at(1).after(&one), organisation("Other"));
    // Each says that it goes on from the other, and each was handed over.
    let mut entries = vec![one.clone(), other.clone()];
    one = world.enter(BVF, Envelope::at(2).revises(&one).after(&other), organisation("One"));
    entries.push(one.clone());
    for (of, to) in [(&one, UNV), (&other, BVF)] {
        let offer = world.enter(of.partner, Envelope::at(3), offered(of, to, "2026-12-31"));
        entries.push(world.enter(to, Envelope::at(3), taken(of, &offer, "2026-12-05")));
        entries.push(offer);
    }
    fill(&db, &entries).await;
    for entry in [&one, &other] {
        assert_eq!(handovers::last_organisation(&db, key(entry)).await.unwrap(), None);
    }
}
