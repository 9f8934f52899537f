//! Conferences, their materials, and the bytes.

use rstest::rstest;
use tonic::Code;
use volbridge_proto::wire::{
    node::v1::{
        self as wire, blobs_client::BlobsClient, conferences_client::ConferencesClient,
        materials_client::MaterialsClient,
    },
    record::v1 as record,
};

use crate::{
    node::{TestNode, problem},
    place::{Place, postgres, sqlite},
};

fn conference() -> record::Conference {
    record::Conference {
        language: "en".to_owned(),
        names: vec![record::LocalText { language: "en".to_owned(), text: "Volunteer Forum".to_owned() }],
        starts_on: "2026-12-05".to_owned(),
        ends_on: "2026-12-06".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        ..Default::default()
    }
}

fn material(conference: &[u8], hash: &[u8], size: u64) -> record::Material {
    record::Material {
        language: "en".to_owned(),
        conference: conference.to_vec(),
        title: "Opening".to_owned(),
        kind: "slides".to_owned(),
        licence: "CC-BY-4.0".to_owned(),
        blob: Some(record::Blob {
            hash: hash.to_vec(),
            size,
            media_type: "application/pdf".to_owned(),
            filename: "opening.pdf".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn fetch(
    node: &TestNode,
    hash: &[u8],
    offset: u64,
) -> Result<(wire::FetchBlobResponse, Vec<u8>), tonic::Status> {
    let request = wire::FetchBlobRequest { hash: hash.to_vec(), offset, length: 0 };
    let mut pieces = BlobsClient::new(node.channel.clone()).fetch(request).await?.into_inner();
    let first = pieces.message().await?.unwrap();
    let mut bytes = first.data.clone();
    while let Some(piece) = pieces.message().await? {
        bytes.extend(piece.data);
    }
    Ok((first, bytes))
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_materials_bytes_are_had_while_a_record_names_them(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let message = wire::PublishConferenceRequest { conference: Some(conference()), ..Default::default() };
    let mut conferences = ConferencesClient::new(node.channel.clone());
    let forum = conferences.publish(node.staff(message)).await.unwrap().into_inner();

    let bytes: Vec<u8> =
        [b"%PDF-1.7\n".to_vec(), (0..300_000_u32).map(|n| (n % 251) as u8).collect()].concat();
    let pieces: Vec<_> =
        bytes.chunks(100_000).map(|piece| wire::StoreBlobRequest { data: piece.to_vec() }).collect();
    let request = node.staff(tokio_stream::iter(pieces));
    let stored = BlobsClient::new(node.channel.clone()).store(request).await.unwrap().into_inner();
    assert_eq!(stored.size, bytes.len() as u64);
    assert_eq!(stored.hash, blake3::hash(&bytes).as_bytes());
    // Stored, but nothing names it: nobody may have it.
    assert_eq!(problem(&fetch(&node, &stored.hash, 0).await.unwrap_err()).1, "blob.unknown");

    let mut materials = MaterialsClient::new(node.channel.clone());
    for (hash, size, code) in
        [(vec![3; 32], stored.size, "blob.unknown"), (stored.hash.clone(), 7, "blob.size")]
    {
        let material = material(&forum.subject, &hash, size);
        let message = wire::PublishMaterialRequest { material: Some(material), ..Default::default() };
        assert_eq!(problem(&materials.publish(node.staff(message)).await.unwrap_err()).1, code);
    }
    let message = wire::PublishMaterialRequest {
        material: Some(material(&forum.subject, &stored.hash, stored.size)),
        ..Default::default()
    };
    let published = materials.publish(node.staff(message)).await.unwrap().into_inner();

    let get = wire::GetSubjectRequest { subject: forum.subject.clone(), ..Default::default() };
    let view = conferences.get(get).await.unwrap().into_inner();
    assert!(view.materials[0].held);
    let (first, got) = fetch(&node, &stored.hash, 0).await.unwrap();
    assert_eq!((first.size, first.media_type.as_str()), (stored.size, "application/pdf"));
    assert!(got == bytes);
    let (_, tail) = fetch(&node, &stored.hash, 299_999).await.unwrap();
    assert!(tail == bytes[299_999..]);
    assert_eq!(problem(&fetch(&node, &stored.hash, stored.size + 1).await.unwrap_err()).1, "blob.range");

    node.withdraw(&published.provenance.unwrap().hash).await;
    assert_eq!(problem(&fetch(&node, &stored.hash, 0).await.unwrap_err()).0, Code::NotFound);
    node.node.stop().await;
}
