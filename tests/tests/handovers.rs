//! An organisation moves with its listings from one partner to another, before the eyes of a third: real nodes, their logs,
//! their portals.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use volbridge_proto::wire::node::v1::{
    self as wire, RecordState, handovers_client::HandoversClient, listings_client::ListingsClient,
    maintenance_client::MaintenanceClient, organisations_client::OrganisationsClient,
    records_client::RecordsClient, search_client::SearchClient,
};
use volbridge_tests::{Database, Partner, Record, desk, portal::Portal};

struct Three {
    bvf: Partner,
    unv: Partner,
    avi: Partner,
}

impl Three {
    async fn start(database: Database) -> Self {
        let bvf = Partner::start("BVF", database).await;
        let unv = Partner::start("UNV", database).await;
        let avi = Partner::start("AVI", database).await;
        for one in [&bvf, &unv, &avi] {
            for other in [&bvf, &unv, &avi] {
                if one.id != other.id {
                    one.admit(other, None).await;
                }
            }
        }
        let three = Self { bvf, unv, avi };
        three.settled().await;
        three
    }

    fn all(&self) -> [&Partner; 3] {
        [&self.bvf, &self.unv, &self.avi]
    }

    async fn settled(&self) {
        for one in self.all() {
            for other in self.all() {
                if one.id != other.id {
                    one.follows(other).await;
                }
            }
            one.indexes().await;
        }
    }
}

async fn offer(from: &Partner, organisation: &Record, to: &Partner) -> Result<Vec<u8>, tonic::Status> {
    let until = from.now().date().to_string();
    let request = wire::OfferHandoverRequest {
        organisation: organisation.subject.clone(),
        to: to.id.to_vec(),
        until,
        idempotency_key: String::new(),
    };
    let published = HandoversClient::new(from.channel()).offer(from.staff(request)).await?.into_inner();
    Ok(published.provenance.unwrap().hash)
}

async fn accept(by: &Partner, from: &Partner, first: &[u8]) -> Result<wire::AcceptedHandover, tonic::Status> {
    let request = wire::AcceptHandoverRequest { partner: from.id.to_vec(), first: first.to_vec() };
    Ok(HandoversClient::new(by.channel()).accept(by.staff(request)).await?.into_inner())
}

async fn organisation(at: &Partner, subject: &[u8]) -> wire::OrganisationView {
    let request = wire::GetSubjectRequest { subject: subject.to_vec(), partner: Vec::new() };
    OrganisationsClient::new(at.channel()).get(request).await.unwrap().into_inner()
}

async fn listing(at: &Partner, subject: &[u8]) -> wire::ListingView {
    let request = wire::GetSubjectRequest { subject: subject.to_vec(), partner: Vec::new() };
    ListingsClient::new(at.channel()).get(request).await.unwrap().into_inner()
}

/// How many listings the index has of a partner.
async fn found(at: &Partner, of: &Partner) -> u64 {
    at.indexes().await;
    let query = wire::ListingQuery { partners: vec![of.id.to_vec()], ..Default::default() };
    let request = wire::SearchListingsRequest { query: Some(query), ..Default::default() };
    SearchClient::new(at.channel()).listings(request).await.unwrap().into_inner().total
}

fn id(partner: Option<&wire::PartnerName>) -> Vec<u8> {
    partner.unwrap().id.clone()
}

fn code(status: &tonic::Status) -> String {
    <wire::Problem as prost::Message>::decode(status.details()).unwrap().code
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_moves_with_its_listings_once_both_have_said_so(#[case] database: Database) {
    let three = Three::start(database).await;
    let Three { bvf, unv, avi } = &three;
    let harbour = bvf.organisation().await;
    let guide = bvf.listing("Harbour guide", &harbour).await;
    let boat = bvf.listing("Boat hand", &harbour).await;
    bvf.translation(&guide, "zh-CN", "港口向导").await;
    three.settled().await;

    // One side alone.
    let first = offer(bvf, &harbour, unv).await.unwrap();
    three.settled().await;
    for at in three.all() {
        let seen = organisation(at, &harbour.subject).await;
        assert_eq!((id(seen.partner.as_ref()), seen.moved), (bvf.id.to_vec(), None), "{}", at.name);
        assert_eq!((found(at, bvf).await, found(at, unv).await), (2, 0), "{}", at.name);
    }
    // A third partner has nothing to take over, and nothing is offered twice.
    assert_eq!(code(&accept(avi, bvf, &first).await.unwrap_err()), "not_found");
    assert_eq!(code(&offer(bvf, &harbour, avi).await.unwrap_err()), "already_exists");

    // The other side: a second click goes on where the first ended.
    let taken = accept(unv, bvf, &first).await.unwrap();
    assert_eq!(taken.listings, 2);
    let again = accept(unv, bvf, &first).await.unwrap();
    assert_eq!((again.organisation, again.listings), (taken.organisation.clone(), 0));
    three.settled().await;
    for at in three.all() {
        let seen = organisation(at, &harbour.subject).await;
        assert_eq!(seen.subject, taken.organisation, "{}: the old link leads to the new one", at.name);
        assert_eq!(id(seen.partner.as_ref()), unv.id.to_vec());
        let moved = seen.moved.unwrap();
        assert_eq!((id(moved.from.as_ref()), id(moved.to.as_ref())), (bvf.id.to_vec(), unv.id.to_vec()));
        assert_eq!(moved.moved_on, unv.now().date().to_string());
        assert_eq!(moved.first, first);
        let seen = listing(at, &guide.subject).await;
        assert_ne!(seen.subject, guide.subject);
        assert_eq!(id(seen.partner.as_ref()), unv.id.to_vec());
        assert_eq!(seen.organisation.unwrap().subject, taken.organisation);
        assert_eq!(seen.texts[1].fields["title"], "港口向导");
        // Each once, as the new partner's, in lists and in the index.
        let titles: Vec<_> = at.listings().await.into_iter().map(|view| id(view.partner.as_ref())).collect();
        assert_eq!(titles, [unv.id.to_vec(), unv.id.to_vec()], "{}", at.name);
        assert_eq!((found(at, bvf).await, found(at, unv).await), (0, 2), "{}", at.name);
        // What was said before is there, as it was signed.
        for old in [&harbour, &guide, &boat] {
            assert_eq!(at.record(&old.hash).await.state(), RecordState::Live);
            let request = wire::GetRecordRequest { hash: old.hash.clone() };
            RecordsClient::new(at.channel()).proof(request).await.unwrap();
        }
        assert!(at.verifies(bvf).await && at.verifies(unv).await);
    }

    // Who had it changes it no longer, and doesn't give it away again.
    let request = wire::PublishListingRequest {
        listing: Some(desk::listing("Mine again", &harbour)),
        subject: guide.subject.clone(),
        ..Default::default()
    };
    let refused = ListingsClient::new(bvf.channel()).publish(bvf.staff(request)).await.unwrap_err();
    assert_eq!(code(&refused), "organisation.moved");
    assert_eq!(code(&offer(bvf, &harbour, avi).await.unwrap_err()), "already_exists");

    // Who has it does; the old link goes on to lead there.
    let new = listing(unv, &guide.subject).await;
    let source = volbridge_proto::wire::record::v1::Listing {
        title: "Harbour guide, evenings".to_owned(),
        ..new.source.unwrap()
    };
    let request = wire::PublishListingRequest {
        listing: Some(source),
        subject: new.subject.clone(),
        ..Default::default()
    };
    ListingsClient::new(unv.channel()).publish(unv.staff(request)).await.unwrap();
    avi.follows(unv).await;
    let seen = listing(avi, &guide.subject).await;
    assert_eq!(seen.source.unwrap().title, "Harbour guide, evenings");

    // A node that comes late and hears the receiving partner first sees the same; so does one that derives all anew.
    let late = Partner::start("Late", database).await;
    for other in [unv, bvf] {
        late.admit(other, None).await;
        other.admit(&late, None).await;
        late.follows(other).await;
    }
    assert_eq!(listing(&late, &guide.subject).await.subject, new.subject);
    assert_eq!((found(&late, bvf).await, found(&late, unv).await), (0, 2));
    let before = organisation(avi, &harbour.subject).await;
    let mut maintenance = MaintenanceClient::new(avi.channel());
    maintenance.rebuild_views(avi.staff(wire::RebuildViewsRequest::default())).await.unwrap();
    let after = organisation(avi, &harbour.subject).await;
    assert_eq!((after.subject, after.moved), (before.subject, before.moved));

    // What is taken back there is seen again as it was, with who has it now.
    let hash = listing(unv, &boat.subject).await.provenance.unwrap().hash;
    let copy = Record { hash, ..boat.clone() };
    unv.withdraw(&[&copy]).await;
    avi.follows(unv).await;
    let seen = listing(avi, &boat.subject).await;
    assert_eq!(seen.subject, boat.subject);
    assert_eq!(id(seen.moved.unwrap().to.as_ref()), unv.id.to_vec());
    assert_eq!((found(avi, bvf).await, found(avi, unv).await), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_address_leads_to_the_new_page_which_says_where_it_came_from() {
    let three = Three::start(Database::Sqlite).await;
    let Three { bvf, unv, avi } = &three;
    let harbour = bvf.organisation().await;
    let guide = bvf.listing("Harbour guide", &harbour).await;
    three.settled().await;
    let first = offer(bvf, &harbour, unv).await.unwrap();
    three.settled().await;
    accept(unv, bvf, &first).await.unwrap();
    three.settled().await;

    let portal = Portal::start(avi).await;
    let name = |record: &Record| {
        volbridge_proto::SubjectId::try_from(record.subject.as_slice()).unwrap().to_string()
    };
    // Whoever comes second finds it done.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let browser = reqwest::Client::new();
    for (path, language, said) in [
        (format!("/organisations/{}?lang=en", name(&harbour)), "lang=en", "Moved from BVF to UNV on"),
        (format!("/listings/{}?lang=zh-CN", name(&guide)), "lang=zh-CN", "由BVF移交UNV"),
        (format!("/api/v1/organisations/{}", name(&harbour)), "", "\"moved\":{\"from\""),
        (format!("/api/v1/listings/{}", name(&guide)), "", "\"moved\":{\"from\""),
    ] {
        let answer = browser.get(portal.at(&path)).send().await.unwrap().error_for_status().unwrap();
        let address = answer.url().to_string();
        assert!(!address.contains(&path) && address.ends_with(language), "{path}: {address}");
        let text = answer.text().await.unwrap();
        // Fluent sets what it fills in apart by invisible marks.
        let text = text.replace(['\u{2068}', '\u{2069}'], "");
        assert!(text.contains(said), "{path}: {text}");
    }
}
