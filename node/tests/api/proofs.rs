//! What is proven to whoever trusts only the log's keys.

use rstest::rstest;
use volbridge_proto::{
    tlog::{
        checkpoint::Checkpoint, entry::leaf_hash, frontier::Frontier, note::SignedNote, policy::Policy, tile,
        tlog_proof::TlogProof,
    },
    wire::node::v1::{self as wire, logs_client::LogsClient},
};

use crate::{
    node::{TestNode, listing},
    place::{Place, postgres, sqlite},
};

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_proof_verifies_offline_and_no_byte_of_it_can_change(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let published = node.publish(listing("Great Wall", &organisation)).await;
    let hash = published.provenance.unwrap().hash;
    let proof =
        node.records().proof(wire::GetRecordRequest { hash: hash.clone() }).await.unwrap().into_inner();
    assert!(proof.filename.ends_with(".tlog-proof"));
    let policy = Policy::parse(proof.policy.as_bytes()).unwrap();
    let verified = TlogProof::parse(&proof.proof).unwrap().verify(&policy).unwrap();
    assert_eq!(verified.body().id.to_vec(), hash);
    assert!(verified.signed_at().is_some());
    let bytes = proof.proof.as_bytes();
    for place in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1;
        let verdict = String::from_utf8(changed)
            .ok()
            .and_then(|file| TlogProof::parse(&file).ok())
            .map(|proof| proof.verify(&policy).is_ok());
        assert_ne!(verdict, Some(true), "byte {place}");
    }
    // The time of the line that covers it.
    let record = node.record(&hash).await;
    assert_eq!(record.provenance.unwrap().logged_at, crate::node::NOW);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn tiles_give_the_root_that_the_checkpoint_signs(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    for nth in 0..5 {
        node.publish(listing(&format!("No. {nth}"), &organisation)).await;
    }
    let mut logs = LogsClient::new(node.channel.clone());
    let note = logs.checkpoint(wire::LogRequest::default()).await.unwrap().into_inner().note;
    let checkpoint = Checkpoint::parse(SignedNote::parse(&note).unwrap().text()).unwrap();
    let width = u32::try_from(checkpoint.size).unwrap();
    let request = wire::EntryBundleRequest { number: 0, width, ..Default::default() };
    let bundle = logs.entry_bundle(request).await.unwrap().into_inner().data;
    let mut frontier = Frontier::new();
    for leaf in tile::decode_entries(&bundle, width).unwrap() {
        frontier.push(leaf_hash(&leaf));
    }
    assert_eq!(frontier.root(), checkpoint.root);
    let request = wire::TileRequest { width, ..Default::default() };
    let tile = logs.tile(request).await.unwrap().into_inner().data;
    assert_eq!(tile.len(), 32 * usize::try_from(width).unwrap());
    for width in [0, width + 1, 257] {
        assert!(logs.tile(wire::TileRequest { width, ..Default::default() }).await.is_err());
    }
    let verified = logs.verify(node.staff(wire::LogRequest::default())).await.unwrap().into_inner();
    assert_eq!((verified.matches, verified.faults), (true, Vec::new()));
    let entries =
        logs.entries(wire::EntriesRequest { limit: 3, ..Default::default() }).await.unwrap().into_inner();
    assert_eq!(entries.entries.len(), 3);
    assert!(entries.size >= 7);
    node.node.stop().await;
}
