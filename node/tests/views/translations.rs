//! A reader gets the best translation there is.

use rstest::rstest;
use volbridge_node::views::{
    Viewer,
    translations::{Best, Original, Quality, best},
};
use volbridge_proto::kinds::Payload;

use crate::{
    place::{Place, postgres, sqlite},
    world::{AVI, BVF, Entry, Envelope, UNV, World, fill, listing, translation},
};

struct Case {
    world: World,
    source: Entry,
    entries: Vec<Entry>,
}

impl Case {
    fn new() -> Self {
        let mut world = World::new();
        let source = world.enter(BVF, Envelope::at(1), Payload::Listing(listing("Great Wall", "en", "CN")));
        Self { entries: vec![source.clone()], source, world }
    }

    fn translated(
        &mut self,
        by: volbridge_proto::PartnerId,
        at: i64,
        origin: &str,
        reviewed_by: &str,
    ) -> Entry {
        let payload = translation(&self.source, "zh-CN", &format!("长城 {at}"), origin, reviewed_by);
        // A partner names its own subjects without itself.
        let payload = match payload {
            Payload::Translation(mut translation) if by == BVF => {
                translation.of.as_mut().unwrap().partner.clear();
                Payload::Translation(translation)
            }
            other => other,
        };
        let entry = self.world.enter(by, Envelope::at(at).from(&self.source), payload);
        self.entries.push(entry.clone());
        entry
    }

    async fn best(&self, place: &Place, current: &Entry) -> Vec<Best> {
        let db = place.open().await;
        fill(&db, &self.entries).await;
        let original = Original {
            partner: BVF,
            subject: self.source.statement.subject,
            id: current.body.id,
            language: "en",
        };
        best(&db, Viewer::Public, &[original]).await.unwrap().into_values().flatten().collect()
    }
}

#[rstest]
#[case::sqlite(sqlite)]
#[case::postgres(postgres)]
#[tokio::test]
async fn owners_human_beats_reviewed_beats_human_beats_machine(#[case] place: fn() -> Place) {
    let mut case = Case::new();
    case.translated(UNV, 50, "machine", "");
    let machine = case.translated(UNV, 90, "machine", "");
    let found = case.best(&place(), &case.source).await;
    assert_eq!((found[0].current.place.id, found[0].quality), (machine.body.id, Quality::Machine));
    let human = case.translated(AVI, 20, "human", "");
    let found = case.best(&place(), &case.source).await;
    assert_eq!((found[0].current.place.id, found[0].quality), (human.body.id, Quality::Human));
    let reviewed = case.translated(UNV, 10, "machine", "UNV");
    let found = case.best(&place(), &case.source).await;
    assert_eq!((found[0].current.place.id, found[0].quality), (reviewed.body.id, Quality::Reviewed));
    let owner = case.translated(BVF, 5, "human", "");
    let found = case.best(&place(), &case.source).await;
    assert_eq!(
        (found.len(), found[0].current.place.id, found[0].quality),
        (1, owner.body.id, Quality::Owner)
    );
    assert!(!found[0].stale);
}

#[rstest]
#[case::sqlite(sqlite)]
#[case::postgres(postgres)]
#[tokio::test]
async fn a_translation_of_an_older_revision_comes_last(#[case] place: fn() -> Place) {
    let mut case = Case::new();
    case.translated(BVF, 5, "human", "");
    let old = case.source.clone();
    let revised = Envelope::at(60).revises(&old);
    let revised = case.world.enter(BVF, revised, Payload::Listing(listing("Great Wall, new", "en", "CN")));
    case.entries.push(revised.clone());
    let found = case.best(&place(), &revised).await;
    assert!(found[0].stale);
    case.source = revised.clone();
    let machine = case.translated(UNV, 70, "machine", "");
    let found = case.best(&place(), &revised).await;
    assert_eq!((found.len(), found[0].current.place.id, found[0].stale), (1, machine.body.id, false));
}

#[rstest]
#[case::sqlite(sqlite)]
#[case::postgres(postgres)]
#[tokio::test]
async fn a_rendering_into_the_texts_own_language_is_no_translation(#[case] place: fn() -> Place) {
    let mut case = Case::new();
    let payload = translation(&case.source, "EN", "Something else", "human", "");
    let entry = case.world.enter(UNV, Envelope::at(9).from(&case.source), payload);
    case.entries.push(entry);
    assert!(case.best(&place(), &case.source).await.is_empty());
}
