//! Organisations at the desk: applied for by their own administrators, checked by the partner, never above themselves; and
//! the templates that listings begin with.

use rstest::rstest;
use tonic::transport::Channel;
use volbridge_proto::wire::{
    node::v1::{
        self as wire, OrganisationCheckState, checks_client::ChecksClient, desk_client::DeskClient,
        organisations_client::OrganisationsClient,
    },
    record::v1 as record,
};

use crate::{
    accounts::{Person, person, role, with},
    node::{TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

const DAY: i64 = 86_400_000;

fn named(name: &str) -> record::Organisation {
    record::Organisation {
        language: "en".to_owned(),
        names: vec![record::LocalText { language: "en".to_owned(), text: name.to_owned() }],
        level: "district".to_owned(),
        ..Default::default()
    }
}

fn refused(status: &tonic::Status) -> (String, String) {
    let (_, code, field) = problem(status);
    (code, field)
}

/// A node with an organisation, its administrator, and a reviewer of the whole partner.
struct Desk {
    node: TestNode,
    organisation: Vec<u8>,
    own: Person,
    reviewer: Person,
}

impl Desk {
    async fn open(place: Place) -> Self {
        let node = TestNode::start(place, "BVF").await;
        let organisation = node.organisation().await;
        let own = person(&node, "own", vec![role("administrator", &organisation)]).await;
        let reviewer = person(&node, "reviewer", vec![role("reviewer", &[])]).await;
        Self { node, organisation, own, reviewer }
    }

    fn client(&self) -> DeskClient<Channel> {
        DeskClient::new(self.node.channel.clone())
    }

    fn checks(&self) -> ChecksClient<Channel> {
        ChecksClient::new(self.node.channel.clone())
    }

    async fn shown(&self, subject: &[u8]) -> wire::OrganisationView {
        let get = wire::GetSubjectRequest { subject: subject.to_vec(), ..Default::default() };
        OrganisationsClient::new(self.node.channel.clone()).get(get).await.unwrap().into_inner()
    }

    async fn due(&self, unchecked: bool) -> Vec<Vec<u8>> {
        let request = wire::ListChecksRequest { unchecked, limit: 1, cursor: String::new() };
        let (mut request, mut found) = (request, Vec::new());
        loop {
            let page = self.checks().list(self.node.staff(request.clone())).await.unwrap().into_inner();
            found.extend(page.organisations.into_iter().map(|view| view.subject));
            if page.next_cursor.is_empty() {
                return found;
            }
            request.cursor = page.next_cursor;
        }
    }

    fn note(&self, what: &str, seen_on: &str) -> wire::NoteCheckRequest {
        wire::NoteCheckRequest {
            organisation: self.organisation.clone(),
            what: what.to_owned(),
            note: "CANARY licence 1234, shown by its head".to_owned(),
            seen_on: seen_on.to_owned(),
        }
    }

    fn check(&self, valid_until: &str) -> wire::PublishCheckRequest {
        wire::PublishCheckRequest {
            organisation: self.organisation.clone(),
            valid_until: valid_until.to_owned(),
            idempotency_key: String::new(),
        }
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_its_administrator_writes_of_an_organisation_is_decided_by_the_partner(#[case] place: Place) {
    let desk = Desk::open(place).await;
    let save = wire::SaveDraftRequest {
        organisation: desk.organisation.clone(),
        // Neither is the writer's to say.
        record_of_organisation: Some(record::Organisation {
            parent: vec![7; 16],
            checked: Some(record::OrganisationCheck {
                checked_on: "2026-11-01".to_owned(),
                valid_until: "2027-11-01".to_owned(),
                by: vec!["visit".to_owned()],
            }),
            ..named("Harbour Youth")
        }),
        ..Default::default()
    };
    let own = desk.own.session.as_str();
    let draft = desk.client().save(with(own, save)).await.unwrap().into_inner();
    assert!(draft.faults.is_empty() && draft.may_edit && !draft.may_review, "{draft:?}");
    let step = |draft: &wire::Draft| wire::DraftStep { id: draft.id.clone(), version: draft.version };
    let draft = desk.client().submit(with(own, step(&draft))).await.unwrap().into_inner();
    assert_eq!(draft.state, "in_review", "it is reviewed, though listings aren't here");
    let approve = wire::DecideDraftRequest {
        id: draft.id.clone(),
        version: draft.version,
        approved: true,
        ..Default::default()
    };
    let status = desk.client().decide(with(own, approve.clone())).await.unwrap_err();
    assert_eq!(refused(&status).0, "permission.denied");
    let reviewer = desk.reviewer.session.as_str();
    let draft = desk.client().decide(with(reviewer, approve)).await.unwrap().into_inner();
    let status = desk.client().publish(with(own, step(&draft))).await.unwrap_err();
    assert_eq!(refused(&status).0, "permission.denied");
    let published = desk.client().publish(with(reviewer, step(&draft))).await.unwrap().into_inner();
    let view = desk.shown(&published.listing.unwrap().subject).await;
    assert_eq!(view.source.unwrap().checked, None);
    assert_eq!(view.parent.unwrap().subject, desk.organisation);

    // The next revision of what is published, of which there is one; and no listing out of it.
    let begin = wire::BeginDraftRequest { organisation: desk.organisation.clone(), ..Default::default() };
    let revision = desk.client().begin(with(own, begin.clone())).await.unwrap().into_inner();
    assert!(revision.revises && revision.record_of_organisation.is_some());
    let same = desk.client().begin(with(own, begin.clone())).await.unwrap().into_inner();
    assert_eq!(same.id, revision.id);
    let status = desk.client().begin(with(reviewer, begin)).await.unwrap_err();
    assert_eq!(refused(&status).0, "permission.denied");
    let copy = wire::BeginDraftRequest { draft: revision.id.clone(), copy: true, ..Default::default() };
    let status = desk.client().begin(with(own, copy)).await.unwrap_err();
    assert_eq!(refused(&status).0, "field.mismatch");
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_check_rests_on_what_was_noted_is_renewed_in_time_and_shown_as_run_out(#[case] place: Place) {
    let desk = Desk::open(place).await;
    let reviewer = desk.reviewer.session.as_str();
    assert_eq!(desk.due(true).await, std::slice::from_ref(&desk.organisation));
    let status = desk.checks().publish(with(reviewer, desk.check("2027-11-30"))).await.unwrap_err();
    assert_eq!(refused(&status).0, "check.nothing_seen");
    let own = desk.own.session.as_str();
    let status = desk.checks().note(with(own, desk.note("visit", "2026-11-20"))).await.unwrap_err();
    assert_eq!(refused(&status).0, "permission.denied");
    for (what, day, field) in [
        ("rumour", "2026-11-20", "what"),
        ("visit", "2026-11-25", "seen_on"),
        ("visit", "2026-02-30", "seen_on"),
        ("visit", "2026-01-01", "seen_on"),
    ] {
        let status = desk.checks().note(with(reviewer, desk.note(what, day))).await.unwrap_err();
        assert_eq!(refused(&status).1, field);
    }
    desk.checks().note(with(reviewer, desk.note("visit", "2026-11-20"))).await.unwrap();
    let noted = desk.checks().note(with(reviewer, desk.note("documents", "2026-11-02"))).await.unwrap();
    let noted = noted.into_inner();
    let notes: Vec<_> = noted.notes.iter().map(|note| (note.what.as_str(), note.by.as_str())).collect();
    assert_eq!(notes, [("visit", "林薇"), ("documents", "林薇")]);
    for (until, code) in [("2028-01-01", "field.out_of_range"), ("2026-11-24", "field.out_of_range")] {
        let status = desk.checks().publish(with(reviewer, desk.check(until))).await.unwrap_err();
        assert_eq!(refused(&status), (code.to_owned(), "valid_until".to_owned()));
    }
    desk.checks().publish(with(reviewer, desk.check("2027-11-30"))).await.unwrap();
    let view = desk.shown(&desk.organisation).await;
    assert_eq!(view.check(), OrganisationCheckState::Valid);
    let record = desk.node.record(&view.provenance.unwrap().hash).await;
    assert!(!format!("{record:?}").contains("CANARY"), "what was seen stays at home");
    let checked = view.source.unwrap().checked.unwrap();
    assert_eq!((checked.checked_on.as_str(), checked.by.join(" ")), ("2026-11-20", "documents visit".into()));

    // Nothing to renew for months; then it is on the list, also when it has run out.
    assert!(desk.due(true).await.is_empty() && desk.due(false).await.is_empty());
    desk.node.clock.advance(310 * DAY);
    assert!(desk.due(false).await.is_empty());
    desk.node.clock.advance(10 * DAY);
    assert_eq!(desk.due(false).await, std::slice::from_ref(&desk.organisation));
    assert_eq!(desk.shown(&desk.organisation).await.check(), OrganisationCheckState::Valid);
    desk.node.clock.advance(60 * DAY);
    assert_eq!(desk.shown(&desk.organisation).await.check(), OrganisationCheckState::RunOut);
    assert_eq!(desk.due(false).await, std::slice::from_ref(&desk.organisation));
    desk.node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_organisation_is_never_above_itself(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let mut client = OrganisationsClient::new(node.channel.clone());
    let (one, other) = (node.organisation().await, node.organisation().await);
    let mut revise = async |subject: &Vec<u8>, parent: &Vec<u8>| {
        let request = wire::PublishOrganisationRequest {
            organisation: Some(record::Organisation { parent: parent.clone(), ..named("Harbour") }),
            subject: subject.clone(),
            ..Default::default()
        };
        client.publish(node.staff(request)).await.map(drop).map_err(|status| refused(&status))
    };
    let circle = Err(("field.invalid".to_owned(), "organisation.parent".to_owned()));
    assert_eq!(revise(&one, &one).await, circle);
    assert_eq!(revise(&one, &other).await, Ok(()));
    assert_eq!(revise(&other, &one).await, circle);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_draft_is_kept_as_a_template_and_others_begin_with_it(#[case] place: Place) {
    let desk = Desk::open(place).await;
    let other = desk.node.organisation().await;
    let stranger = person(&desk.node, "stranger", vec![role("editor", &other)]).await;
    let own = desk.own.session.as_str();
    let save = wire::SaveDraftRequest {
        organisation: desk.organisation.clone(),
        listing: Some(listing("Weekend guide", &desk.organisation)),
        ..Default::default()
    };
    let draft = desk.client().save(with(own, save)).await.unwrap().into_inner();
    let keep = |name: &str, whole| wire::SaveTemplateRequest {
        draft: draft.id.clone(),
        name: name.to_owned(),
        whole,
    };
    let status = desk.client().save_template(with(own, keep("For all", true))).await.unwrap_err();
    assert_eq!(refused(&status), ("permission.denied".to_owned(), "whole".to_owned()));
    for _ in 0..2 {
        desk.client().save_template(with(own, keep("Weekends", false))).await.unwrap();
    }
    desk.client().save_template(desk.node.staff(keep("For all", true))).await.unwrap();

    let list = |session: &str| with(session, wire::ListTemplatesRequest {});
    let of_own = desk.client().list_templates(list(own)).await.unwrap().into_inner().templates;
    assert_eq!(of_own.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["For all", "Weekends"]);
    let session = stranger.session.as_str();
    let of_others = desk.client().list_templates(list(session)).await.unwrap().into_inner().templates;
    assert_eq!(of_others.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["For all"]);

    let begin = |id: &Vec<u8>| wire::BeginDraftRequest { template: id.clone(), ..Default::default() };
    let fresh = desk.client().begin(with(session, begin(&of_others[0].id))).await.unwrap().into_inner();
    assert_eq!(fresh.organisation, other);
    let begun = fresh.listing.unwrap();
    assert_eq!((begun.title.as_str(), begun.organisation), ("Weekend guide", other));
    let weekends = &of_own[1].id;
    let remove = |id: &Vec<u8>| wire::RemoveTemplateRequest { id: id.clone() };
    for status in [
        desk.client().begin(with(session, begin(weekends))).await.unwrap_err(),
        desk.client().remove_template(with(session, remove(weekends))).await.unwrap_err(),
        desk.client().remove_template(with(session, remove(&of_others[0].id))).await.unwrap_err(),
    ] {
        assert_eq!(refused(&status), ("not_found".to_owned(), "template".to_owned()));
    }
    desk.client().remove_template(with(own, remove(weekends))).await.unwrap();
    let left = desk.client().list_templates(list(own)).await.unwrap().into_inner().templates;
    assert_eq!(left.len(), 1);
    desk.node.node.stop().await;
}
