//! Figures through the API: live ones that follow the listings, and those that a node signs when a month is over.

use rstest::rstest;
use tonic::{Code, Request, transport::Channel};
use volbridge_node::upkeep;
use volbridge_proto::wire::{
    node::v1::{self as wire, statistics_client::StatisticsClient},
    record::v1 as record,
};

use crate::{
    node::{TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn statistics(node: &TestNode) -> StatisticsClient<Channel> {
    StatisticsClient::new(node.channel.clone())
}

async fn now(node: &TestNode) -> wire::StatisticsView {
    statistics(node).get(wire::GetStatisticsRequest {}).await.unwrap().into_inner()
}

async fn months(node: &TestNode) -> Vec<wire::StatisticsMonth> {
    statistics(node).months(wire::StatisticsMonthsRequest {}).await.unwrap().into_inner().months
}

async fn publish(node: &TestNode, month: &str) -> wire::PublishStatisticsResponse {
    let message = wire::PublishStatisticsRequest { month: month.to_owned() };
    statistics(node).publish(node.staff(message)).await.unwrap().into_inner()
}

fn project(organisation: &[u8], slots: u32, filled: u32) -> record::Listing {
    let mut listing = listing("Guide", organisation);
    listing.roles[0].slots = slots;
    listing.roles[0].filled = filled;
    listing
}

fn told(counts: Option<&record::StatisticsCounts>) -> (u64, u64, Option<u64>) {
    let counts = counts.unwrap();
    let filled = (!counts.filled_hidden).then_some(counts.filled_slots);
    (counts.listings, counts.open_slots, filled)
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn live_figures_follow_what_is_published_and_withdrawn(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    assert_eq!(now(&node).await.groups, []);
    let organisation = node.organisation().await;
    let few = node.publish(project(&organisation, 12, 3)).await;
    let view = now(&node).await;
    assert_eq!(told(view.total.as_ref()), (1, 9, None), "three people are told nowhere");
    assert!(view.groups.iter().all(|group| told(group.counts.as_ref()).2.is_none()));
    node.publish(project(&organisation, 30, 20)).await;
    let view = now(&node).await;
    assert_eq!(told(view.total.as_ref()), (2, 19, Some(23)));
    assert_eq!(view.partners.len(), 1);
    node.withdraw(&few.provenance.unwrap().hash).await;
    assert_eq!(told(now(&node).await.total.as_ref()), (1, 10, Some(20)));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_month_is_signed_once_and_added_up_over_the_network(#[case] place: Place) {
    let (bvf, unv) = (TestNode::start(place, "BVF").await, TestNode::start(sqlite(), "UNV").await);
    for (node, filled) in [(&bvf, 20), (&unv, 4)] {
        let organisation = node.organisation().await;
        node.publish(project(&organisation, 30, filled)).await;
    }
    // November isn't over, and in October there was nothing.
    let early = wire::PublishStatisticsRequest { month: "2026-11".to_owned() };
    let error = statistics(&bvf).publish(bvf.staff(early)).await.unwrap_err();
    assert_eq!(problem(&error), (Code::InvalidArgument, "field.out_of_range".into(), "month".into()));
    let nothing = publish(&bvf, "").await;
    assert_eq!((nothing.subject, nothing.published), (Vec::new(), false));
    assert_eq!(months(&bvf).await, []);
    for node in [&bvf, &unv] {
        node.clock.advance(10 * DAY);
    }
    // What comes in December doesn't count for November.
    let organisation = bvf.organisation().await;
    bvf.publish(project(&organisation, 100, 100)).await;
    // The node does it by itself, and a second round not again.
    upkeep::round(unv.node.context(), false).await.unwrap();
    let size = unv.node.context().own_size();
    upkeep::round(unv.node.context(), false).await.unwrap();
    assert_eq!(unv.node.context().own_size(), size);
    assert!(publish(&bvf, "2026-11").await.published);
    let again = publish(&bvf, "").await;
    assert!(!again.published && again.subject.len() == 16);
    bvf.add(&unv).await;
    unv.add(&bvf).await;
    bvf.follows(&unv).await;
    let november = wire::StatisticsMonth {
        month: "2026-11".to_owned(),
        partners: 2,
        listings: 2,
        open_slots: 36,
        filled_slots: 20,
        hidden: 1,
    };
    assert_eq!(months(&bvf).await, [november]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn only_the_operator_signs_figures_and_a_month_has_one_spelling(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let asked = wire::PublishStatisticsRequest { month: "2026-10".to_owned() };
    let error = statistics(&node).publish(Request::new(asked)).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    let asked = wire::PublishStatisticsRequest { month: "October".to_owned() };
    let error = statistics(&node).publish(node.staff(asked)).await.unwrap_err();
    assert_eq!(problem(&error), (Code::InvalidArgument, "date.malformed".into(), "month".into()));
}
