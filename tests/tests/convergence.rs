//! Who has the same logs gives the same answers (threats.md P8): whatever the order in which the logs came, by which way,
//! in which database, followed live or rebuilt.
#![expect(clippy::unwrap_used, reason = "tests")]

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use rstest::rstest;
use volbridge_proto::wire::node::v1::{
    self as wire, conferences_client::ConferencesClient, listings_client::ListingsClient,
    organisations_client::OrganisationsClient, records_client::RecordsClient,
};
use volbridge_tests::{Database, Partner, Record, desk, portal::Portal};

/// Steps of each author.
const STEPS: usize = 30;

/// What an author has published and not taken back.
#[derive(Default)]
struct Desk {
    organisation: Option<Record>,
    listings: Vec<Record>,
    translations: Vec<Record>,
}

/// Everything that was ever published.
type Archive = Vec<Record>;

async fn publish_listing(author: &Partner, title: String, organisation: &Record, subject: Vec<u8>) -> Record {
    let listing = Some(desk::listing(&title, organisation));
    let message = wire::PublishListingRequest { listing, subject, ..Default::default() };
    let mut client = ListingsClient::new(author.channel());
    client.publish(author.staff(message)).await.unwrap().into_inner().into()
}

/// One thing that an author does; the seed decides which.
async fn step(
    rng: &mut StdRng,
    number: usize,
    author: &Partner,
    desk: &mut Desk,
    others: &[Record],
    archive: &mut Archive,
) {
    let Some(organisation) = desk.organisation.clone() else {
        desk.organisation = Some(author.organisation().await);
        return;
    };
    let name = &author.name;
    match rng.random_range(0..10) {
        0..4 => {
            let listing =
                publish_listing(author, format!("{name} {number}"), &organisation, Vec::new()).await;
            desk.listings.push(listing);
        }
        4 | 5 if !desk.listings.is_empty() => {
            let place = rng.random_range(0..desk.listings.len());
            let subject = desk.listings[place].subject.clone();
            let title = format!("{name} {number}, revised");
            let revised = publish_listing(author, title, &organisation, subject).await;
            // Now and then only the new revision goes, and the one before counts again.
            if rng.random_bool(0.3) {
                author.withdraw(&[&revised]).await;
                archive.push(revised);
            } else {
                archive.push(std::mem::replace(&mut desk.listings[place], revised));
            }
        }
        6 if !desk.listings.is_empty() => {
            let gone = desk.listings.swap_remove(rng.random_range(0..desk.listings.len()));
            author.withdraw(&[&gone]).await;
            archive.push(gone);
        }
        7 if !desk.translations.is_empty() => {
            let gone = desk.translations.swap_remove(rng.random_range(0..desk.translations.len()));
            // It may have gone with its source already.
            let _ = author.try_withdraw(&[&gone]).await;
            archive.push(gone);
        }
        _ => {
            let known = others.iter().chain(&desk.listings).collect::<Vec<_>>();
            let Some(source) = known.choose(rng) else { return };
            let language = *["zh-CN", "en-AU", "de"].choose(rng).unwrap();
            if let Some(translation) =
                author.try_translation(source, language, &format!("{name} {number}")).await
            {
                desk.translations.push(translation);
            }
        }
    }
}

/// Until nobody has anything new to say: withdrawals that are owed and receipts follow on their own.
async fn all_follow(nodes: &[&Partner], authors: &[&Partner]) {
    let mut before = Vec::new();
    loop {
        for node in nodes {
            for author in authors.iter().filter(|author| author.id != node.id) {
                node.follows(author).await;
            }
        }
        let mut sizes = Vec::new();
        for author in authors {
            sizes.push(author.size().await);
        }
        if sizes == before {
            return;
        }
        before = sizes;
    }
}

/// Which checkpoint proves a record, and who cosigned it, is each node's own matter.
fn without_proof(provenance: &mut Option<wire::Provenance>) {
    if let Some(provenance) = provenance {
        (provenance.logged_at, provenance.checkpoint_size) = (0, 0);
        provenance.cosigners.clear();
    }
}

/// Everything that a node answers, as text.
async fn answers(node: &Partner, archive: &[Record]) -> Vec<String> {
    let mut answers = Vec::new();
    for mut view in node.listings().await {
        without_proof(&mut view.provenance);
        for text in &mut view.texts {
            without_proof(&mut text.provenance);
        }
        if let Some(organisation) = &mut view.organisation {
            without_proof(&mut organisation.provenance);
        }
        let texts = std::mem::take(&mut view.texts);
        answers.push(format!("{view:?}"));
        // The fields stand in a map of no order.
        for mut text in texts {
            let fields =
                std::mem::take(&mut text.fields).into_iter().collect::<std::collections::BTreeMap<_, _>>();
            answers.push(format!("{text:?} {fields:?}"));
        }
    }
    let request = wire::ListOrganisationsRequest { limit: 100, ..Default::default() };
    let organisations = OrganisationsClient::new(node.channel()).list(request).await.unwrap().into_inner();
    for mut view in organisations.organisations {
        without_proof(&mut view.provenance);
        answers.push(format!("{view:?}"));
    }
    let request = wire::ListConferencesRequest { limit: 100, ..Default::default() };
    let conferences = ConferencesClient::new(node.channel()).list(request).await.unwrap().into_inner();
    answers.extend(conferences.conferences.into_iter().map(|mut view| {
        without_proof(&mut view.provenance);
        format!("{view:?}")
    }));
    for record in archive {
        // As everybody sees it.
        let request = wire::GetRecordRequest { hash: record.hash.clone() };
        let mut found = RecordsClient::new(node.channel()).get(request).await.unwrap().into_inner();
        without_proof(&mut found.provenance);
        answers.push(format!("{found:?}"));
    }
    answers
}

/// The first page of the REST API, with what each node proves in its own way left out.
async fn rest(node: &Partner) -> serde_json::Value {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let portal = Portal::start(node).await;
    let answer = reqwest::get(format!("{}/api/v1/listings?limit=100", portal.address)).await.unwrap();
    let mut json: serde_json::Value =
        serde_json::from_str(&answer.text().await.unwrap().replace(&portal.address, "")).unwrap();
    drop_keys(&mut json, &["checkpoint_size", "cosigners", "logged_at", "proof"]);
    json
}

fn drop_keys(json: &mut serde_json::Value, keys: &[&str]) {
    match json {
        serde_json::Value::Object(map) => {
            map.retain(|key, _| !keys.contains(&key.as_str()));
            map.values_mut().for_each(|value| drop_keys(value, keys));
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| drop_keys(value, keys)),
        _ => {}
    }
}

async fn both_admit(one: &Partner, other: &Partner) {
    one.admit(other, None).await;
    other.admit(one, None).await;
}

/// `node` knows `author` only through others.
async fn knows(node: &Partner, author: &Partner) {
    node.admit(author, Some("")).await;
    author.admit(node, Some("")).await;
}

#[rstest]
#[case::sqlite_first(Database::Sqlite, Database::Postgres, 1)]
#[case::postgres_first(Database::Postgres, Database::Sqlite, 2)]
#[tokio::test(flavor = "multi_thread")]
async fn p8_the_same_logs_give_the_same_answers_in_any_order_by_any_way(
    #[case] one: Database,
    #[case] other: Database,
    #[case] seed: u64,
) {
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    // BVF — UNV — AVI: the outer two know each other through the middle one.
    let bvf = Partner::start("BVF", one).await;
    let unv = Partner::start("UNV", other).await;
    let avi = Partner::start("AVI", one).await;
    let authors = [&bvf, &unv, &avi];
    both_admit(&bvf, &unv).await;
    both_admit(&unv, &avi).await;
    knows(&bvf, &avi).await;
    // Live and directly; and live, all through AVI.
    let direct = Partner::start("DIRECT", other).await;
    let relayed = Partner::start("RELAYED", other).await;
    for author in authors {
        direct.admit(author, None).await;
        author.admit(&direct, Some("")).await;
        if author.id == avi.id {
            relayed.admit(author, None).await;
            author.admit(&relayed, Some("")).await;
        } else {
            knows(&relayed, author).await;
        }
    }
    let (mut desks, mut archive) = ([Desk::default(), Desk::default(), Desk::default()], Archive::new());
    for number in 0..STEPS {
        let place = rng.random_range(0..3);
        let others: Vec<Record> = desks
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .flat_map(|(_, desk)| desk.listings.clone())
            .collect();
        step(&mut rng, number, authors[place], &mut desks[place], &others, &mut archive).await;
        if rng.random_bool(0.1) {
            all_follow(&authors, &authors).await;
        }
    }
    archive.extend(desks.iter().flat_map(|desk| desk.listings.iter().chain(&desk.translations)).cloned());
    all_follow(&[&bvf, &unv, &avi, &direct, &relayed], &authors).await;

    // After everything, one log after the other: translations before their sources and after them.
    let mut late = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0]] {
        let node = Partner::start(&format!("LATE{}{}", order[0], order[1]), one).await;
        for place in order {
            node.admit(authors[place], None).await;
            authors[place].admit(&node, Some("")).await;
            node.follows(authors[place]).await;
        }
        late.push(node);
    }
    let mut nodes = vec![&bvf, &unv, &avi, &direct, &relayed];
    nodes.extend(&late);
    all_follow(&nodes, &authors).await;

    let expected = answers(&bvf, &archive).await;
    let expected_rest = rest(&bvf).await;
    assert!(expected.len() > archive.len(), "nothing is shown");
    for node in &nodes {
        same(&answers(node, &archive).await, &expected, &node.name);
        assert_eq!(rest(node).await, expected_rest, "{}", node.name);
        node.rebuild().await;
        same(&answers(node, &archive).await, &expected, &format!("{}, rebuilt", node.name));
        assert!(node.faults().await.is_empty(), "{}", node.name);
    }
}

/// The first difference instead of two walls of text.
fn same(found: &[String], expected: &[String], whose: &str) {
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    if let Some(place) = differs {
        assert_eq!(found[place], expected[place], "{whose}: answer {place}");
    }
    assert_eq!(found.len(), expected.len(), "{whose}");
}
