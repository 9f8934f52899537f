//! Translations, and agreements.

use rstest::rstest;
use volbridge_proto::wire::{
    node::v1::{
        self as wire, RecordState, agreements_client::AgreementsClient,
        translations_client::TranslationsClient,
    },
    record::v1 as record,
};

use crate::{
    node::{TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

fn translation(field: &str) -> record::Translation {
    record::Translation {
        of: None,
        language: "zh-CN".to_owned(),
        segments: vec![record::Segment {
            field: field.to_owned(),
            text: "长城".to_owned(),
            origin: "human".to_owned(),
            ..Default::default()
        }],
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_translation_is_read_with_its_source_and_goes_with_it(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let source = node.publish(listing("Great Wall", &organisation)).await;
    let hash = source.provenance.unwrap().hash;
    let mut client = TranslationsClient::new(node.channel.clone());
    let request = |field| wire::PublishTranslationRequest {
        translation: Some(translation(field)),
        source: hash.clone(),
        ..Default::default()
    };
    let status = client.publish(node.staff(request("nothing"))).await.unwrap_err();
    assert_eq!(problem(&status).1, "field.unknown");
    let translated = client.publish(node.staff(request("title"))).await.unwrap().into_inner();

    let get = wire::GetSubjectRequest { subject: source.subject, ..Default::default() };
    let view = node.listings().get(get).await.unwrap().into_inner();
    assert_eq!(view.texts.len(), 2);
    let text = &view.texts[1];
    assert_eq!(
        (text.language.as_str(), text.origin.as_str(), text.fields["title"].as_str()),
        ("zh-CN", "human", "长城")
    );
    assert_eq!(text.translator.as_ref().unwrap().id, node.partner.to_vec());
    for query in ["长城", "great"] {
        let request =
            wire::ListListingsRequest { query: query.into(), language: "zh".into(), ..Default::default() };
        assert_eq!(node.listings().list(request).await.unwrap().into_inner().total, 1, "{query}");
    }

    node.withdraw(&hash).await;
    let record = node.record(&translated.provenance.unwrap().hash).await;
    assert!(matches!(record.state(), RecordState::ErasedWithSource | RecordState::Erased), "{record:?}");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn half_an_agreement_is_not_in_force(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let mut client = AgreementsClient::new(node.channel.clone());
    let terms = crate::people::terms(&node.partner.to_vec(), &[9; 32]);
    let message = wire::PublishAgreementRequest { terms: Some(terms.clone()), ..Default::default() };
    let half = client.publish(node.staff(message)).await.unwrap().into_inner();
    let list = client.list(wire::ListAgreementsRequest {}).await.unwrap().into_inner().agreements;
    assert_eq!((list.len(), list[0].in_force, list[0].terms.as_ref()), (1, false, Some(&terms)));
    let end =
        |agreement| wire::EndAgreementRequest { agreement, reason: "moved".into(), ..Default::default() };
    let unknown = client.end(node.staff(end(vec![7; 32]))).await.unwrap_err();
    assert_eq!(problem(&unknown).2, "agreement");
    client.end(node.staff(end(half.provenance.unwrap().hash))).await.unwrap();
    let others = crate::people::terms(&[8; 32], &[9; 32]);
    let message = wire::PublishAgreementRequest { terms: Some(others), ..Default::default() };
    assert_eq!(problem(&client.publish(node.staff(message)).await.unwrap_err()).1, "field.mismatch");
    node.node.stop().await;
}
