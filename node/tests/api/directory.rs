//! Listings: published, found, revised, withdrawn.

use rstest::rstest;
use tonic::Code;
use volbridge_proto::wire::node::v1::{
    self as wire, RecordState, maintenance_client::MaintenanceClient, network_client::NetworkClient,
    partners_client::PartnersClient,
};

use crate::{
    node::{NOW, TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_listing_is_published_found_revised_and_withdrawn(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let published = node.publish(listing("Great Wall", &organisation)).await;
    let provenance = published.provenance.clone().unwrap();
    assert_eq!((provenance.revision, provenance.epoch), (1, 1));

    let request = wire::ListListingsRequest { query: "great WALL".to_owned(), ..Default::default() };
    let page = node.listings().list(request.clone()).await.unwrap().into_inner();
    assert_eq!((page.total, page.listings.len(), page.next_cursor.as_str()), (1, 1, ""));
    let found = &page.listings[0];
    assert_eq!((found.subject.clone(), found.slots), (published.subject.clone(), 3));
    assert_eq!(found.state(), RecordState::Live);
    assert_eq!(found.organisation.as_ref().unwrap().subject, organisation);
    assert_eq!(found.partner.as_ref().unwrap().names[0].text, "BVF");
    assert_eq!(found.texts[0].fields["roles.1.title"], "Guide");
    assert!(found.provenance.as_ref().unwrap().demonstration);

    let message = wire::PublishListingRequest {
        listing: Some(listing("Old Town", &organisation)),
        subject: published.subject.clone(),
        ..Default::default()
    };
    let revised = node.listings().publish(node.staff(message)).await.unwrap().into_inner();
    assert_eq!(revised.provenance.as_ref().unwrap().revision, 2);
    assert_eq!(node.listings().list(request).await.unwrap().into_inner().total, 0);
    assert_eq!(node.record(&provenance.hash).await.state(), RecordState::Superseded);

    let message = wire::WithdrawRequest { subject: published.subject.clone(), ..Default::default() };
    node.records().withdraw(node.staff(message)).await.unwrap();
    let gone = wire::GetSubjectRequest { subject: published.subject, ..Default::default() };
    assert_eq!(problem(&node.listings().get(gone).await.unwrap_err()).0, Code::NotFound);
    for hash in [provenance.hash, revised.provenance.unwrap().hash] {
        let record = node.record(&hash).await;
        assert_eq!(
            (record.state(), record.body, record.json.as_str()),
            (RecordState::Erased, Vec::new(), "")
        );
    }
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_expired_listing_is_shown_as_expired_by_the_readers_clock(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let message = wire::PublishListingRequest {
        listing: Some(listing("Great Wall", &organisation)),
        expires_at: NOW + 60_000,
        ..Default::default()
    };
    let published = node.listings().publish(node.staff(message)).await.unwrap().into_inner();
    for (total, state) in [(1, RecordState::Live), (0, RecordState::Expired)] {
        let list = node.listings().list(wire::ListListingsRequest::default()).await.unwrap().into_inner();
        assert_eq!(list.total, total);
        let get = wire::GetSubjectRequest { subject: published.subject.clone(), ..Default::default() };
        assert_eq!(node.listings().get(get).await.unwrap().into_inner().state(), state);
        assert_eq!(node.record(&published.provenance.as_ref().unwrap().hash).await.state(), state);
        node.clock.advance(60_000);
    }
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_request_that_comes_twice_publishes_once(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let request = |title: &str| wire::PublishListingRequest {
        listing: Some(listing(title, &organisation)),
        idempotency_key: "k-1".to_owned(),
        ..Default::default()
    };
    let first = node.listings().publish(node.staff(request("One"))).await.unwrap().into_inner();
    let again = node.listings().publish(node.staff(request("One"))).await.unwrap().into_inner();
    assert_eq!(first.subject, again.subject);
    assert_eq!(first.provenance.unwrap().hash, again.provenance.unwrap().hash);
    let status = node.listings().publish(node.staff(request("Two"))).await.unwrap_err();
    assert_eq!(problem(&status).1, "idempotency.conflict");
    assert_eq!(
        node.listings().list(wire::ListListingsRequest::default()).await.unwrap().into_inner().total,
        1
    );
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_wrong_is_named_by_code_and_field(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let mut wrong = listing("x", &organisation);
    wrong.roles[0].title.clear();
    let message = wire::PublishListingRequest { listing: Some(wrong), ..Default::default() };
    let status = node.listings().publish(node.staff(message)).await.unwrap_err();
    let expected = (Code::InvalidArgument, "field.required".to_owned(), "roles[0].title".to_owned());
    assert_eq!(problem(&status), expected);
    for (request, code, field) in [
        (wire::ListListingsRequest { limit: 101, ..Default::default() }, "field.out_of_range", "limit"),
        (
            wire::ListListingsRequest { cursor: "' OR 1=1".into(), ..Default::default() },
            "cursor.invalid",
            "cursor",
        ),
        (
            wire::ListListingsRequest { country: "'; --".into(), ..Default::default() },
            "field.invalid",
            "country",
        ),
        (
            wire::ListListingsRequest { language: "%".into(), ..Default::default() },
            "text.language",
            "language",
        ),
        (wire::ListListingsRequest { partner: vec![1], ..Default::default() }, "field.length", "partner"),
        (
            wire::ListListingsRequest { query: "x".repeat(10_000), ..Default::default() },
            "field.too_long",
            "query",
        ),
    ] {
        let status = node.listings().list(request).await.unwrap_err();
        assert_eq!(problem(&status), (Code::InvalidArgument, code.to_owned(), field.to_owned()));
    }
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn who_watches_sees_a_listing_come_and_a_rebuild_changes_nothing(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let mut network = NetworkClient::new(node.channel.clone());
    let mut changes = network.watch_changes(wire::WatchChangesRequest::default()).await.unwrap().into_inner();
    let published = node.publish(listing("Great Wall", &organisation)).await;
    let change = changes.message().await.unwrap().unwrap();
    assert_eq!(
        (change.action.as_str(), change.subject.as_slice()),
        ("published", published.subject.as_slice())
    );
    assert_eq!(change.hash, published.provenance.unwrap().hash);

    let before = node.listings().list(wire::ListListingsRequest::default()).await.unwrap().into_inner();
    let mut maintenance = MaintenanceClient::new(node.channel.clone());
    let rebuilt = maintenance.rebuild_views(node.staff(wire::RebuildViewsRequest {})).await.unwrap();
    assert!(rebuilt.into_inner().entries >= 3);
    let after = node.listings().list(wire::ListListingsRequest::default()).await.unwrap().into_inner();
    assert_eq!(before.listings[0].source, after.listings[0].source);
    let fsck = maintenance.fsck(node.staff(wire::FsckRequest::default())).await.unwrap().into_inner();
    assert_eq!(fsck.faults, Vec::<String>::new());
    assert!(fsck.entries >= 3 && fsck.bodies >= 3);

    let own =
        PartnersClient::new(node.channel.clone()).self_(wire::SelfRequest {}).await.unwrap().into_inner();
    assert_eq!((own.own, own.listings, own.organisations), (true, 1, 1));
    assert_eq!(own.log.unwrap().vkeys.len(), 2);
    node.node.stop().await;
}
