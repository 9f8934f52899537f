//! Bits that flip in what is stored: no outlet serves them, everything else goes on, `fsck` names them, and what
//! partners hold comes back from them (threats.md F12, F13).
#![expect(clippy::unwrap_used, reason = "tests")]

use futures::FutureExt as _;
use rstest::rstest;
use volbridge_node::{
    publish::Draft,
    store::{Query as _, StoreError, Value, args, entries},
};
use volbridge_proto::{
    Code, kinds,
    record::canonical,
    wire::node::v1::{
        FsckRequest, FsckResponse, LogRequest, PublishListingRequest, RecordState, TileRequest,
        listings_client::ListingsClient, logs_client::LogsClient, maintenance_client::MaintenanceClient,
    },
};
use volbridge_tests::{
    Database, Partner, Record, desk,
    outlets::{self, Caller, Hints},
    portal::Portal,
    stranger::Stranger,
};

async fn pair(database: Database) -> (Partner, Partner) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    unv.follows(&bvf).await;
    bvf.follows(&unv).await;
    (bvf, unv)
}

/// Flips one bit in the middle of a column of bytes.
async fn flip(node: &Partner, select: &'static str, update: &'static str, key: Vec<Value>) {
    let flipped = node.node().context().db.write(move |tx| {
        async move {
            let (mut bytes,): (Vec<u8>,) = tx.row(select, key.clone()).await?;
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            let mut values = vec![Value::from(bytes)];
            values.extend(key);
            assert_eq!(tx.execute(update, values).await?, 1);
            Ok::<_, StoreError>(())
        }
        .boxed()
    });
    flipped.await.unwrap();
}

/// The log's number at a node.
fn number(node: &Partner, log: &Partner) -> i64 {
    node.node().context().heads.newest(&log.id).unwrap().number
}

async fn flip_body(node: &Partner, log: &Partner, record: &Record) {
    flip(
        node,
        "SELECT body FROM entry WHERE log = $1 AND entry_index = $2",
        "UPDATE entry SET body = $1 WHERE log = $2 AND entry_index = $3",
        args![number(node, log), record.index],
    )
    .await;
}

async fn fsck(node: &Partner, repair: bool) -> FsckResponse {
    let mut client = MaintenanceClient::new(node.channel());
    client.fsck(node.staff(FsckRequest { repair })).await.unwrap().into_inner()
}

fn hints(records: &[&Record]) -> Hints {
    Hints {
        records: records.iter().map(|record| record.hash.clone()).collect(),
        subjects: records.iter().map(|record| record.subject.clone()).collect(),
        words: vec!["CANARY".to_owned()],
        ..Hints::default()
    }
}

/// All that a node tells anybody and its own staff, on every way.
async fn told(node: &Partner, portal: &Portal, hints: &Hints) -> outlets::Seen {
    node.indexes().await;
    let mut seen = outlets::of_portal(portal, node, hints).await;
    seen.join(outlets::of_api(node, Caller::Anybody, hints).await);
    seen.join(outlets::of_api(node, Caller::Staff, hints).await);
    let mut stranger = Stranger::at(node).await;
    seen.join(stranger.everything(node, &[], &hints.blobs).await);
    seen
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f12_a_damaged_body_goes_out_nowhere_and_comes_back_from_a_partner(#[case] database: Database) {
    let (bvf, unv) = pair(database).await;
    let organisation = bvf.organisation().await;
    let one = bvf.listing("ONECANARY", &organisation).await;
    let two = bvf.listing("TWOCANARY", &organisation).await;
    let three = bvf.listing("SIXCANARY", &organisation).await;
    unv.follows(&bvf).await;
    let portal = Portal::start(&bvf).await;
    let hints = hints(&[&one, &two, &three]);
    let seen = told(&bvf, &portal, &hints).await;
    let outlets = |title: &str| seen.holding(title.as_bytes()).len();
    let before = [outlets("ONECANARY"), outlets("TWOCANARY"), outlets("SIXCANARY")];
    assert!(before.iter().all(|count| *count > 10), "{before:?} outlets");

    flip_body(&bvf, &bvf, &two).await;
    // The other may show for half a minute what it drew of the sound body.
    let new_portal = Portal::start(&bvf).await;
    let seen = told(&bvf, &new_portal, &hints).await;
    assert_eq!(seen.holding(b"TWOCANARY"), Vec::<&str>::new());
    for (title, before) in [("ONECANARY", before[0]), ("SIXCANARY", before[2])] {
        assert_eq!(seen.holding(title.as_bytes()).len(), before, "{title}");
    }
    let faults = fsck(&bvf, false).await.faults;
    assert!(faults.len() == 1 && faults[0].ends_with(&format!("entry {}: the body is damaged", two.index)));

    // Who comes now gets everything else, and that from whoever has it.
    let late = Partner::start("AVI", database).await;
    bvf.admit(&late, Some("")).await;
    late.admit(&bvf, None).await;
    late.follows(&bvf).await;
    let of_bvf = late.log_of(bvf.id).await.unwrap();
    assert_eq!((of_bvf.withheld, of_bvf.refused), (1, 0));
    assert_eq!(late.listings().await.len(), 2);

    let repaired = fsck(&bvf, true).await;
    assert!(repaired.faults.is_empty() && repaired.repaired.len() == 1, "{repaired:?}");
    bvf.listing("After it", &organisation).await;
    let own = bvf.id.to_vec();
    bvf.until("the body didn't come back", |status| {
        status
            .logs
            .iter()
            .any(|log| log.withheld == 0 && log.partner.as_ref().is_some_and(|partner| partner.id == own))
    })
    .await;
    assert_eq!(told(&bvf, &portal, &hints).await.holding(b"TWOCANARY").len(), before[1]);
    assert!(fsck(&bvf, false).await.faults.is_empty());
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f12_a_damaged_sealed_record_isnt_opened_and_comes_back_from_its_author(#[case] database: Database) {
    let (bvf, unv) = pair(database).await;
    bvf.agree(&unv).await;
    unv.agree(&bvf).await;
    bvf.follows(&unv).await;
    let (profile, _) = bvf.profile(&unv, "CANARY").await;
    unv.follows(&bvf).await;
    assert_eq!(unv.open(&profile).await.unwrap().name, "CANARY");
    flip_body(&unv, &bvf, &profile).await;
    assert!(unv.open(&profile).await.is_err());
    let shown = unv.record(&profile.hash).await;
    assert!(shown.body.is_empty() && shown.kind.is_empty(), "{shown:?}");

    assert_eq!(fsck(&unv, true).await.repaired.len(), 1);
    bvf.organisation().await;
    unv.follows(&bvf).await;
    let id = bvf.id.to_vec();
    unv.until("the body didn't come back", |status| {
        status
            .logs
            .iter()
            .any(|log| log.withheld == 0 && log.partner.as_ref().is_some_and(|partner| partner.id == id))
    })
    .await;
    assert_eq!(unv.open(&profile).await.unwrap().name, "CANARY");
    let of_bvf = unv.log_of(bvf.id).await.unwrap();
    assert_eq!((of_bvf.missing, of_bvf.refused), (0, 0));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f12_a_damaged_right_edge_or_leaf_ends_publishing_until_it_is_put_right(#[case] database: Database) {
    let (bvf, unv) = pair(database).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("CANARY", &organisation).await;
    unv.follows(&bvf).await;
    let log = number(&bvf, &bvf);
    let publish = || async {
        let listing = Some(desk::listing("Another", &organisation));
        let message = PublishListingRequest { listing, ..Default::default() };
        ListingsClient::new(bvf.channel()).publish(bvf.staff(message)).await
    };

    // P3: signed on top of it, there would be two histories.
    flip(
        &bvf,
        "SELECT frontier FROM log WHERE number = $1",
        "UPDATE log SET frontier = $1 WHERE number = $2",
        args![log],
    )
    .await;
    assert!(publish().await.is_err());
    assert!(fsck(&bvf, false).await.faults.iter().any(|fault| fault.ends_with("the stored tree")));
    assert!(fsck(&bvf, true).await.faults.is_empty());
    publish().await.unwrap();

    flip(
        &bvf,
        "SELECT leaf FROM entry WHERE log = $1 AND entry_index = $2",
        "UPDATE entry SET leaf = $1 WHERE log = $2 AND entry_index = $3",
        args![log, listing.index],
    )
    .await;
    let mut logs = LogsClient::new(bvf.channel());
    let width = u32::try_from(bvf.node().context().own_size().unwrap()).unwrap();
    let tile = TileRequest { log: Some(LogRequest::default()), level: 0, number: 0, width };
    assert_eq!(logs.tile(tile.clone()).await.unwrap_err().message(), Code::StoreCorrupt.text());
    let bundle =
        volbridge_proto::wire::node::v1::EntryBundleRequest { log: tile.log.clone(), number: 0, width };
    assert_eq!(logs.entry_bundle(bundle).await.unwrap_err().message(), Code::StoreCorrupt.text());
    // A follower is told that the log can't be served now; it blames nobody's signature.
    let mut stranger = Stranger::at(&bvf).await;
    let own = volbridge_proto::wire::exchange::v1::Log { partner: bvf.id.to_vec(), epoch: 1 };
    let answers = stranger.follow(&own, 1, &[]).await.unwrap();
    assert!(format!("{answers:?}").contains(Code::StoreCorrupt.as_str()), "{answers:?}");
    let named = format!("entry {}: the body is damaged", listing.index);
    assert!(fsck(&bvf, false).await.faults.iter().any(|fault| fault.ends_with(&named)));
    assert!(fsck(&bvf, true).await.faults.is_empty());
    logs.tile(tile).await.unwrap();
    publish().await.unwrap();
    unv.follows(&bvf).await;
    assert!(unv.verifies(&bvf).await && bvf.verifies(&bvf).await);
    assert_eq!(bvf.record(&listing.hash).await.state(), RecordState::Live);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f12_a_damaged_tile_is_served_to_nobody_and_written_anew(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await;
    let payload = canonical::encode(&desk::listing("One of many", &organisation), "Listing").unwrap();
    let drafts = vec![Draft::public(kinds::listing::KIND, payload); 300];
    bvf.node().context().publish(drafts, None).await.unwrap();
    let last = bvf.listing("CANARY", &organisation).await;
    flip(
        &bvf,
        "SELECT hashes FROM tile WHERE log = $1 AND level = 1 AND number = 0",
        "UPDATE tile SET hashes = $1 WHERE log = $2 AND level = 1 AND number = 0",
        args![number(&bvf, &bvf)],
    )
    .await;
    let tile = TileRequest { log: Some(LogRequest::default()), level: 1, number: 0, width: 1 };
    let mut logs = LogsClient::new(bvf.channel());
    assert_eq!(logs.tile(tile.clone()).await.unwrap_err().message(), Code::StoreCorrupt.text());
    let seen = outlets::of_api(&bvf, Caller::Anybody, &hints(&[&last])).await;
    assert_eq!(seen.holding(b"c2sp.org/tlog-proof"), Vec::<&str>::new());
    assert!(seen.holding(b"CANARY").len() > 2);

    // What it isn't needed for is served: a follower begins.
    let late = Partner::start("UNV", database).await;
    bvf.admit(&late, None).await;
    late.admit(&bvf, None).await;
    let id = bvf.id.to_vec();
    late.until("nobody is told", |status| {
        status.refusals.iter().any(|refusal| {
            refusal.code == Code::StoreCorrupt.as_str()
                && refusal.partner.as_ref().is_some_and(|partner| partner.id == id)
        })
    })
    .await;
    let faults = fsck(&bvf, false).await.faults;
    assert!(faults.len() == 1 && faults[0].ends_with("tile 1/0 is damaged"), "{faults:?}");
    assert!(fsck(&bvf, true).await.faults.is_empty());
    logs.tile(tile).await.unwrap();
    late.admit(&bvf, None).await;
    late.follows(&bvf).await;
    assert!(late.verifies(&bvf).await);
    assert_eq!(late.listings().await.len(), 301);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f13_a_damaged_file_goes_out_nowhere_and_comes_back_from_a_partner(#[case] database: Database) {
    let (bvf, unv) = pair(database).await;
    let conference = bvf.conference().await;
    let (material, hash) = bvf.material(&conference, b"%PDF-1.4 CANARY-FILE").await;
    unv.follows(&bvf).await;
    let mut changes = unv.node().context().changes.subscribe();
    while unv.blob(&hash).await.is_none() {
        changes.changed().await.unwrap();
    }
    let portal = Portal::start(&bvf).await;
    let hints = Hints { blobs: vec![hash.clone()], ..hints(&[&material]) };
    let before = told(&bvf, &portal, &hints).await.holding(b"CANARY-FILE").len();
    assert!(before > 3, "{before}");

    let file = outlets::files_with(bvf.folder(), b"CANARY-FILE").pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[2] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(told(&bvf, &portal, &hints).await.holding(b"CANARY-FILE"), Vec::<&str>::new());
    assert!(fsck(&bvf, false).await.faults[0].starts_with("blob "));
    assert!(fsck(&bvf, true).await.faults.is_empty());
    let mut changes = bvf.node().context().changes.subscribe();
    bvf.organisation().await;
    while bvf.blob(&hash).await.is_none() {
        changes.changed().await.unwrap();
    }
    assert_eq!(told(&bvf, &portal, &hints).await.holding(b"CANARY-FILE").len(), before);
    let stored = entries::at(&bvf.node().context().db, number(&bvf, &bvf), material.index).await.unwrap();
    assert!(stored.unwrap().sound_body().is_some());
}
