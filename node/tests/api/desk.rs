//! The desk: drafts, review, publishing, and who may do which of it.

use rstest::rstest;
use tonic::transport::Channel;
use volbridge_proto::wire::{
    node::v1::{self as wire, desk_client::DeskClient},
    record::v1 as record,
};

use crate::{
    accounts::{Person, person, role, with},
    node::{NOW, TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

/// A node whose listings are reviewed, or aren't, with an organisation and its people.
struct Desk {
    node: TestNode,
    organisation: Vec<u8>,
    editor: Person,
    reviewer: Person,
    stranger: Person,
}

impl Desk {
    async fn open(place: Place, review: bool) -> Self {
        let node =
            TestNode::start_with(place, "BVF", &[("desk.review", if review { "true" } else { "false" })])
                .await;
        let (organisation, other) = (node.organisation().await, node.organisation().await);
        let editor = person(&node, "editor", vec![role("editor", &organisation)]).await;
        let reviewer = person(&node, "reviewer", vec![role("administrator", &organisation)]).await;
        let stranger = person(&node, "stranger", vec![role("administrator", &other)]).await;
        Self { node, organisation, editor, reviewer, stranger }
    }

    fn client(&self) -> DeskClient<Channel> {
        DeskClient::new(self.node.channel.clone())
    }

    fn written(&self, title: &str) -> wire::SaveDraftRequest {
        wire::SaveDraftRequest {
            organisation: self.organisation.clone(),
            listing: Some(record::Listing {
                contact: "desk@bvf.example".to_owned(),
                ..listing(title, &self.organisation)
            }),
            translation: Some(wire::DraftTranslation {
                language: "zh-CN".to_owned(),
                fields: [("title".to_owned(), "长城导览".to_owned())].into(),
            }),
            ..Default::default()
        }
    }

    async fn save(&self, request: wire::SaveDraftRequest) -> wire::Draft {
        self.client().save(with(&self.editor.session, request)).await.unwrap().into_inner()
    }

    async fn submit(&self, draft: &wire::Draft) -> Result<wire::Draft, (String, String)> {
        let answer = self.client().submit(with(&self.editor.session, step(draft))).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refused(&status))
    }

    async fn decide(
        &self,
        by: &Person,
        request: wire::DecideDraftRequest,
    ) -> Result<wire::Draft, (String, String)> {
        let answer = self.client().decide(with(&by.session, request)).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refused(&status))
    }

    async fn publish(
        &self,
        by: &Person,
        draft: &wire::Draft,
    ) -> Result<wire::PublishedDraft, (String, String)> {
        let answer = self.client().publish(with(&by.session, step(draft))).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refused(&status))
    }

    async fn shown(&self, subject: &[u8]) -> Option<wire::ListingView> {
        let get = wire::GetSubjectRequest { subject: subject.to_vec(), ..Default::default() };
        self.node.listings().get(get).await.ok().map(tonic::Response::into_inner)
    }
}

fn step(draft: &wire::Draft) -> wire::DraftStep {
    wire::DraftStep { id: draft.id.clone(), version: draft.version }
}

fn decision(draft: &wire::Draft, approved: bool, remark: &str) -> wire::DecideDraftRequest {
    wire::DecideDraftRequest {
        id: draft.id.clone(),
        version: draft.version,
        approved,
        remarks: vec![wire::Remark { field: "title".to_owned(), text: remark.to_owned() }],
        publish_at: 0,
    }
}

/// Code and field.
fn refused(status: &tonic::Status) -> (String, String) {
    let (_, code, field) = problem(status);
    (code, field)
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_an_editor_writes_is_reviewed_and_then_published_in_both_languages(#[case] place: Place) {
    let desk = Desk::open(place, true).await;
    let draft = desk.save(desk.written("Wall")).await;
    assert_eq!((draft.state.as_str(), draft.author.as_str()), ("draft", "林薇"));
    assert!(draft.faults.is_empty(), "{:?}", draft.faults);
    let in_review = desk.submit(&draft).await.unwrap();
    assert_eq!(in_review.state, "in_review");
    assert_eq!(desk.publish(&desk.reviewer, &in_review).await.unwrap_err().0, "draft.state");
    assert!(desk.shown(&draft.subject).await.is_none());

    let asked = desk.decide(&desk.reviewer, decision(&in_review, false, "Say which wall.")).await.unwrap();
    assert_eq!((asked.state.as_str(), asked.remarks[0].text.as_str()), ("changes_asked", "Say which wall."));
    let better =
        wire::SaveDraftRequest { id: asked.id.clone(), version: asked.version, ..desk.written("Great Wall") };
    let better = desk.save(better).await;
    assert_eq!(better.changed, ["title"]);
    let in_review = desk.submit(&better).await.unwrap();
    let approved = desk.decide(&desk.reviewer, decision(&in_review, true, "")).await.unwrap();
    let published = desk.publish(&desk.editor, &approved).await.unwrap();
    assert_eq!(published.draft.as_ref().unwrap().state, "published");

    let view = desk.shown(&draft.subject).await.unwrap();
    assert_eq!(view.source.unwrap().title, "Great Wall");
    assert_eq!(view.texts[1].fields["title"], "长城导览");

    // Its next revision begins with what is published, and keeps the translation's subject.
    let begin = wire::BeginDraftRequest { listing: draft.subject.clone(), ..Default::default() };
    let revision = desk.client().begin(with(&desk.editor.session, begin.clone())).await.unwrap().into_inner();
    assert!(revision.revises && revision.changed.is_empty());
    let same = desk.client().begin(with(&desk.editor.session, begin)).await.unwrap().into_inner();
    assert_eq!(same.id, revision.id);
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn nobody_approves_what_they_handed_in_and_nothing_goes_past_the_review(#[case] place: Place) {
    let desk = Desk::open(place, true).await;
    let written =
        desk.client().save(with(&desk.reviewer.session, desk.written("Wall"))).await.unwrap().into_inner();
    let in_review =
        desk.client().submit(with(&desk.reviewer.session, step(&written))).await.unwrap().into_inner();
    assert_eq!(
        desk.decide(&desk.reviewer, decision(&in_review, true, "")).await.unwrap_err().0,
        "review.needed"
    );
    assert_eq!(
        desk.decide(&desk.editor, decision(&in_review, true, "")).await.unwrap_err().0,
        "permission.denied"
    );

    let direct = wire::PublishListingRequest {
        listing: Some(listing("Wall", &desk.organisation)),
        ..Default::default()
    };
    let status = desk.node.listings().publish(with(&desk.reviewer.session, direct)).await.unwrap_err();
    assert_eq!(refused(&status).0, "review.needed");

    // A change after the approval takes it back.
    let draft = desk.save(desk.written("Wall")).await;
    let in_review = desk.submit(&draft).await.unwrap();
    let approved = desk.decide(&desk.reviewer, decision(&in_review, true, "")).await.unwrap();
    let changed = wire::SaveDraftRequest {
        id: approved.id.clone(),
        version: approved.version,
        ..desk.written("Other")
    };
    let changed = desk.save(changed).await;
    assert_eq!(changed.state, "draft");
    assert_eq!(desk.publish(&desk.editor, &changed).await.unwrap_err().0, "draft.state");
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t34_drafts_of_another_organisation_are_not_there(#[case] place: Place) {
    let desk = Desk::open(place, false).await;
    let draft = desk.save(desk.written("Wall")).await;
    let (id, session) = (draft.id.clone(), desk.stranger.session.as_str());
    let mut client = desk.client();
    let mut codes = vec![
        refused(&client.get(with(session, wire::GetDraftRequest { id: id.clone() })).await.unwrap_err()),
        refused(&client.submit(with(session, step(&draft))).await.unwrap_err()),
        refused(&client.publish(with(session, step(&draft))).await.unwrap_err()),
        refused(&client.discard(with(session, step(&draft))).await.unwrap_err()),
        refused(&client.decide(with(session, decision(&draft, true, ""))).await.unwrap_err()),
        refused(
            &client
                .begin(with(session, wire::BeginDraftRequest { draft: id, ..Default::default() }))
                .await
                .unwrap_err(),
        ),
    ];
    codes.dedup();
    assert_eq!(codes, [("not_found".to_owned(), "id".to_owned())]);
    let listed = client.list(with(session, wire::ListDraftsRequest::default())).await.unwrap().into_inner();
    assert!(listed.drafts.is_empty());
    let listed = client.list(with(&desk.editor.session, wire::ListDraftsRequest::default())).await.unwrap();
    assert_eq!(listed.into_inner().drafts.len(), 1);
    // Nor does a draft come over to an organisation that isn't the writer's.
    let moved = wire::SaveDraftRequest {
        id: draft.id,
        version: draft.version,
        organisation: Vec::new(),
        ..desk.written("Wall")
    };
    let status = client.save(with(&desk.editor.session, moved)).await.unwrap_err();
    assert_eq!(refused(&status), ("permission.denied".to_owned(), "organisation".to_owned()));
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn of_two_who_change_a_draft_the_second_is_told(#[case] place: Place) {
    let desk = Desk::open(place, false).await;
    let draft = desk.save(desk.written("Wall")).await;
    let change = |title| wire::SaveDraftRequest {
        id: draft.id.clone(),
        version: draft.version,
        ..desk.written(title)
    };
    desk.save(change("First")).await;
    let status = desk.client().save(with(&desk.reviewer.session, change("Second"))).await.unwrap_err();
    assert_eq!(refused(&status).0, "draft.changed");
    assert_eq!(desk.submit(&draft).await.unwrap_err().0, "draft.changed");
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn a_draft_with_faults_says_which_and_isnt_handed_in(#[case] place: Place) {
    let desk = Desk::open(place, false).await;
    let mut written = desk.written("");
    written.listing.as_mut().unwrap().starts_on = "2027-02-30".to_owned();
    let draft = desk.save(written).await;
    let fields: Vec<&str> = draft.faults.iter().map(|fault| fault.field.as_str()).collect();
    assert!(fields.contains(&"title") && fields.contains(&"starts_on"), "{fields:?}");
    assert_eq!(desk.submit(&draft).await.unwrap_err().0, "draft.faulty");
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_approved_for_a_later_time_is_published_then(#[case] place: Place) {
    let desk = Desk::open(place, true).await;
    let draft = desk.save(desk.written("Wall")).await;
    let in_review = desk.submit(&draft).await.unwrap();
    let later = wire::DecideDraftRequest { publish_at: NOW + 3_600_000, ..decision(&in_review, true, "") };
    let approved = desk.decide(&desk.reviewer, later).await.unwrap();
    assert_eq!(approved.publish_at, NOW + 3_600_000);
    let context = desk.node.node.context();
    volbridge_node::desk::publish::publish_due(context).await.unwrap();
    assert!(desk.shown(&draft.subject).await.is_none());
    desk.node.clock.advance(3_600_000);
    volbridge_node::desk::publish::publish_due(context).await.unwrap();
    assert_eq!(desk.shown(&draft.subject).await.unwrap().source.unwrap().title, "Wall");
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn the_status_of_many_is_set_at_once_and_translations_stay_fresh(#[case] place: Place) {
    let desk = Desk::open(place, false).await;
    let mut subjects = Vec::new();
    for title in ["One", "Two"] {
        let draft = desk.save(desk.written(title)).await;
        let approved = desk.submit(&draft).await.unwrap();
        assert_eq!(approved.state, "approved");
        desk.publish(&desk.editor, &approved).await.unwrap();
        subjects.push(draft.subject);
    }
    subjects.push(vec![7; 16]);
    let set = wire::SetStatusRequest {
        listings: subjects.clone(),
        status: "paused".to_owned(),
        ..Default::default()
    };
    let changes =
        desk.client().set_status(with(&desk.editor.session, set)).await.unwrap().into_inner().changes;
    let done: Vec<bool> = changes.iter().map(|change| change.published.is_some()).collect();
    assert_eq!(done, [true, true, false]);
    let view = desk.shown(&subjects[0]).await.unwrap();
    assert_eq!(view.source.unwrap().status, "paused");
    assert_eq!(view.texts.len(), 2);
    let own = volbridge_node::views::translations::own(
        &desk.node.node.context().db,
        desk.node.node.context().own.number,
        subjects[0].as_slice().try_into().unwrap(),
    );
    let own = own.await.unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].statement.sources[0].id.to_vec(), view.provenance.unwrap().hash);
    desk.node.node.stop().await;
}
