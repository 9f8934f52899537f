//! The four shapes of record go from partner to partner: BVF and AVI know each other
//! only through UNV, which relays their logs and carries what is sealed.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use volbridge_proto::wire::node::v1::RecordState;
use volbridge_tests::{Database, Partner, partner::PATIENCE};

/// BVF — UNV — AVI.
struct Chain {
    bvf: Partner,
    unv: Partner,
    avi: Partner,
}

impl Chain {
    async fn start(database: Database) -> Self {
        let unv = Partner::start("UNV", database).await;
        let carriers = format!("[\"{}\"]", unv.id);
        let bvf = Partner::start_with("BVF", database, &[("exchange.carriers", &carriers)]).await;
        let avi = Partner::start_with("AVI", database, &[("exchange.carriers", &carriers)]).await;
        for (one, other) in [(&bvf, &unv), (&unv, &bvf), (&unv, &avi), (&avi, &unv)] {
            one.admit(other, None).await;
        }
        for (one, other) in [(&bvf, &avi), (&avi, &bvf)] {
            one.admit(other, Some("")).await;
        }
        let chain = Self { bvf, unv, avi };
        chain.settled().await;
        chain
    }

    async fn settled(&self) {
        for one in [&self.bvf, &self.unv, &self.avi] {
            for other in [&self.bvf, &self.unv, &self.avi] {
                if one.id != other.id {
                    one.follows(other).await;
                }
            }
        }
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn four_shapes_of_record_reach_a_partner_that_is_known_through_another(#[case] database: Database) {
    let Chain { bvf, unv, avi } = Chain::start(database).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("长城向导", &organisation).await;
    let conference = bvf.conference().await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|byte| (byte % 251) as u8).collect();
    let (_, blob) = bvf.material(&conference, &bytes).await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;

    let translation = avi.translation(&listing, "en-AU", "Great Wall guide").await;
    let (profile, _) = bvf.profile(&avi, "CANARY").await;
    bvf.follows(&avi).await;
    unv.follows(&bvf).await;
    avi.follows(&bvf).await;

    // Another partner's translation, with its origin.
    let seen = bvf.listings().await;
    let text = &seen[0].texts[1];
    assert_eq!((text.language.as_str(), text.fields["title"].as_str()), ("en-AU", "Great Wall guide"));
    assert_eq!(text.translator.as_ref().unwrap().id, avi.id.to_vec());
    assert_eq!(text.provenance.as_ref().unwrap().hash, translation.hash);

    // A blob, read where it was not published.
    let arrives = async {
        let mut changes = avi.node().context().changes.subscribe();
        loop {
            if let Some(held) = avi.blob(&blob).await {
                return held;
            }
            changes.changed().await.unwrap();
        }
    };
    let held = tokio::time::timeout(PATIENCE, arrives).await.expect("the blob never came");
    assert_eq!(held, bytes);

    // Sealed to one host: it opens; who carried it can't; both see one leaf.
    assert_eq!(avi.open(&profile).await.unwrap().name, "CANARY");
    assert!(unv.open(&profile).await.is_err());
    assert_ne!(unv.record(&profile.hash).await.state(), RecordState::Live);
    for one in [&unv, &avi] {
        assert!(one.verifies(&bvf).await, "{}", one.name);
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn t37_what_is_withdrawn_is_gone_from_every_holders_disk(#[case] database: Database) {
    let Chain { mut bvf, mut unv, mut avi } = Chain::start(database).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("CANARY-LISTING", &organisation).await;
    let conference = bvf.conference().await;
    let (material, blob) = bvf.material(&conference, b"%PDF-1.4 CANARY-BLOB").await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    let translation = avi.translation(&listing, "zh-CN", "CANARY-TRANSLATION").await;
    let (profile, consent) = bvf.profile(&avi, "CANARY-PERSON").await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    assert_eq!(avi.open(&profile).await.unwrap().name, "CANARY-PERSON");
    let sealed = avi.record(&profile.hash).await.body;
    assert!(sealed.len() > 1_000);

    bvf.withdraw(&[&listing, &material, &profile, &consent]).await;
    unv.follows(&bvf).await;
    avi.follows(&bvf).await;
    for (one, record) in [(&avi, &listing), (&avi, &profile), (&unv, &listing), (&bvf, &profile)] {
        assert_eq!(one.record(&record.hash).await.state(), RecordState::Erased, "{}", one.name);
    }
    // Made from what is gone: gone too, and its author says so itself.
    bvf.follows(&avi).await;
    unv.follows(&avi).await;
    for one in [&bvf, &unv, &avi] {
        let state = one.record(&translation.hash).await.state();
        assert!(
            matches!(state, RecordState::Erased | RecordState::ErasedWithSource),
            "{}: {state:?}",
            one.name
        );
        assert!(one.listings().await.is_empty());
        assert_eq!(one.blob(&blob).await, None);
        assert!(one.verifies(&bvf).await, "{}", one.name);
    }
    // Everybody who had it has signed for it.
    for _ in 0..600 {
        let owed = bvf.erasures(&profile.hash).await;
        if owed.len() == 2 && owed.iter().all(|erasure| erasure.erased) {
            break;
        }
        bvf.follows(&avi).await;
        bvf.follows(&unv).await;
        tokio::task::yield_now().await;
    }
    let erasures = bvf.erasures(&profile.hash).await;
    let holders: Vec<_> =
        erasures.iter().map(|erasure| erasure.partner.as_ref().unwrap().id.clone()).collect();
    for partner in [&unv, &avi] {
        assert!(holders.contains(&partner.id.to_vec()), "{} isn't among {erasures:#?}", partner.name);
    }
    assert!(erasures.iter().all(|erasure| erasure.erased), "{erasures:#?}");

    for partner in [&mut bvf, &mut unv, &mut avi] {
        partner.stop().await;
        if database == Database::Sqlite {
            let traces = ["CANARY-LISTING", "CANARY-BLOB", "CANARY-TRANSLATION", "CANARY-PERSON"];
            for needle in traces.iter().map(|text| text.as_bytes()).chain([&sealed[200..400]]) {
                let found = files_with(partner.folder(), needle);
                assert!(found.is_empty(), "{}: {found:?} {}", partner.name, String::from_utf8_lossy(needle));
            }
        }
    }
}

/// Files below a folder that hold these bytes.
fn files_with(folder: &std::path::Path, needle: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle) {
            found.push(path);
        }
    }
    found
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn p8_a_node_that_followed_late_and_one_that_was_rebuilt_answer_alike(#[case] database: Database) {
    use volbridge_proto::wire::node::v1::{RebuildViewsRequest, maintenance_client::MaintenanceClient};
    let bvf = Partner::start("BVF", database).await;
    let live = Partner::start("UNV", database).await;
    bvf.admit(&live, None).await;
    live.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    let mut listings = Vec::new();
    for number in 0..300 {
        listings.push(bvf.listing(&format!("Listing {number}"), &organisation).await);
    }
    let taken_back: Vec<_> = listings.iter().step_by(7).collect();
    bvf.withdraw(&taken_back).await;
    live.follows(&bvf).await;
    let late = Partner::start("AVI", database).await;
    bvf.admit(&late, None).await;
    late.admit(&bvf, None).await;
    late.follows(&bvf).await;
    let titles = |views: Vec<volbridge_proto::wire::node::v1::ListingView>| -> Vec<_> {
        views.into_iter().map(|view| (view.subject, view.source.unwrap().title)).collect()
    };
    let expected = titles(bvf.listings().await);
    assert_eq!(expected.len(), 300 - taken_back.len());
    assert_eq!(titles(live.listings().await), expected);
    assert_eq!(titles(late.listings().await), expected);
    MaintenanceClient::new(late.channel()).rebuild_views(late.staff(RebuildViewsRequest {})).await.unwrap();
    assert_eq!(titles(late.listings().await), expected);
    assert!(late.verifies(&bvf).await);
}
