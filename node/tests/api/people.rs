//! Profiles: under an agreement and a consent, to one host, and opened with a line in the access log.

use rstest::rstest;
use volbridge_node::store::access;
use volbridge_proto::wire::{
    node::v1::{
        self as wire, RecordState, agreements_client::AgreementsClient, profiles_client::ProfilesClient,
    },
    record::v1 as record,
};

use crate::{
    node::{NOW, TestNode, problem},
    place::{Place, postgres, sqlite},
};

/// Terms between two partners.
pub fn terms(one: &[u8], other: &[u8]) -> record::AgreementTerms {
    let mut parties = vec![one.to_vec(), other.to_vec()];
    parties.sort();
    record::AgreementTerms {
        parties,
        purposes: vec!["placement".to_owned()],
        categories: vec!["contact".to_owned(), "profile".to_owned()],
        legal_basis: "consent".to_owned(),
        retention_days: 365,
        starts_on: "2026-01-01".to_owned(),
        ends_on: "2027-12-31".to_owned(),
        language: "en".to_owned(),
        text: "We exchange profiles for placements.".to_owned(),
        ..Default::default()
    }
}

fn profile_to(recipient: &TestNode) -> wire::PublishProfileRequest {
    wire::PublishProfileRequest {
        profile: Some(record::VolunteerProfile {
            language: "en".to_owned(),
            name: "CANARY Li".to_owned(),
            contact: "li@canary.example".to_owned(),
            ..Default::default()
        }),
        recipient: recipient.partner.to_vec(),
        consent: Some(wire::ConsentTerms {
            categories: vec!["contact".to_owned(), "profile".to_owned()],
            notice_language: "en".to_owned(),
            notice: "Your profile goes to AVI.".to_owned(),
            given_by: "attested".to_owned(),
            given_at: NOW,
            expires_at: NOW + 86_400_000,
            how_to_withdraw: "Tell us.".to_owned(),
        }),
        purpose: "placement".to_owned(),
        idempotency_key: "p-1".to_owned(),
        ..Default::default()
    }
}

async fn agree(node: &TestNode, terms: &record::AgreementTerms) {
    let message = wire::PublishAgreementRequest { terms: Some(terms.clone()), ..Default::default() };
    AgreementsClient::new(node.channel.clone()).publish(node.staff(message)).await.unwrap();
}

#[rstest]
#[case::sqlite(sqlite(), sqlite())]
#[case::postgres(postgres(), postgres())]
#[tokio::test]
async fn a_profile_goes_to_one_host_and_leaves_a_line_when_it_is_opened(
    #[case] one: Place,
    #[case] other: Place,
) {
    let home = TestNode::start(one, "BVF").await;
    let host = TestNode::start(other, "AVI").await;
    home.add(&host).await;
    host.add(&home).await;
    home.follows(&host).await;
    let mut profiles = ProfilesClient::new(home.channel.clone());
    let status = profiles.publish(home.staff(profile_to(&host))).await.unwrap_err();
    assert_eq!(problem(&status).1, "agreement.none");

    let terms = terms(&home.partner.to_vec(), &host.partner.to_vec());
    agree(&home, &terms).await;
    agree(&host, &terms).await;
    home.follows(&host).await;
    host.follows(&home).await;
    let published = profiles.publish(home.staff(profile_to(&host))).await.unwrap().into_inner();
    let again = profiles.publish(home.staff(profile_to(&host))).await.unwrap().into_inner();
    let hash = published.profile.clone().unwrap().provenance.unwrap().hash;
    assert_eq!(hash, again.profile.unwrap().provenance.unwrap().hash);

    host.follows(&home).await;
    let mut at_host = ProfilesClient::new(host.channel.clone());
    let list = at_host.list(host.staff(wire::ListProfilesRequest::default())).await.unwrap().into_inner();
    assert_eq!(list.profiles.len(), 1);
    assert!(!format!("{list:?}").contains("CANARY"));
    assert_eq!(list.profiles[0].home.as_ref().unwrap().id, home.partner.to_vec());

    let request = |purpose: &str| wire::GetProfileRequest { hash: hash.clone(), purpose: purpose.to_owned() };
    assert_eq!(problem(&at_host.get(host.staff(request(" "))).await.unwrap_err()).2, "purpose");
    let db = host.node.context().db.clone();
    assert_eq!(access::newest(&db, None, 9).await.unwrap(), []);
    let view = at_host.get(host.staff(request("interview"))).await.unwrap().into_inner();
    assert_eq!(view.profile.unwrap().name, "CANARY Li");
    let lines = access::newest(&db, None, 9).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].1.purpose.as_str(), lines[0].1.actor.as_str()), ("interview", "operator"));

    // The other way to any record doesn't open it.
    let record = host.record(&hash).await;
    assert_eq!((record.state(), record.class, record.json.as_str()), (RecordState::Live, 2, ""));
    let public = wire::GetRecordRequest { hash: hash.clone() };
    let record = host.records().get(public).await.unwrap().into_inner();
    assert_eq!((record.state(), record.kind.as_str(), record.body.len()), (RecordState::NotForUs, "", 0));

    home.withdraw(&hash).await;
    host.follows(&home).await;
    assert!(at_host.get(host.staff(request("again"))).await.is_err());
    assert_eq!(host.record(&hash).await.state(), RecordState::Erased);
    home.node.stop().await;
    host.node.stop().await;
}
