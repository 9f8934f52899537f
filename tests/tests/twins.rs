//! Twins: what a stranger and a visitor are told with a sealed record and without it, with one recipient or another,
//! with this content or that of the same length, withdrawn or not: the same, but for the leaf (threats.md T31, P5).
#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::Future;

use rstest::rstest;
use volbridge_proto::{
    kinds,
    wire::{exchange::v1 as exchange, node::v1 as wire},
};
use volbridge_tests::{
    Database, Partner, Record,
    outlets::{self, Caller, Hints, Seen},
    portal::Portal,
    sealed::sealed_listing,
    stranger::Stranger,
};

/// Rounds in which two pictures may still differ because cosignatures are on their way.
const ROUNDS: u32 = 6;

/// An author, two partners of whom one is a recipient, and their portals.
struct Net {
    partners: [Partner; 3],
    portals: [Portal; 3],
}

impl Net {
    async fn start(database: Database) -> Self {
        let bvf = Partner::start("BVF", database).await;
        let unv = Partner::start("UNV", database).await;
        let avi = Partner::start("AVI", database).await;
        let partners = [bvf, unv, avi];
        for one in &partners {
            for other in &partners {
                if one.id != other.id {
                    one.admit(other, None).await;
                }
            }
        }
        let portals = [
            Portal::start(&partners[0]).await,
            Portal::start(&partners[1]).await,
            Portal::start(&partners[2]).await,
        ];
        let net = Self { partners, portals };
        let organisation = net.author().organisation().await;
        for number in 0..5 {
            net.author().listing(&format!("Open to all {number}"), &organisation).await;
        }
        net.settled().await;
        net
    }

    fn author(&self) -> &Partner {
        &self.partners[0]
    }

    async fn settled(&self) {
        for one in &self.partners {
            for other in &self.partners {
                if one.id != other.id {
                    one.follows(other).await;
                }
            }
        }
    }

    /// A listing that is sealed to one of the partners.
    async fn seal(&self, to: usize, text: &str) -> Record {
        let listing =
            volbridge_proto::wire::record::v1::Listing { summary: text.to_owned(), ..sealed_listing() };
        let to = self.partners[to].id;
        self.author().seal(kinds::listing::KIND, to, &[], &listing, "Listing").await
    }

    /// What visitors of each portal, callers of each API and a partner that nobody seals to are told.
    async fn picture(&self, hints: &Hints) -> Seen {
        let mut seen = Seen::default();
        for (partner, portal) in self.partners.iter().zip(&self.portals) {
            seen.join(outlets::of_portal(portal, partner, hints).await);
            seen.join(outlets::of_api(partner, Caller::Anybody, hints).await);
        }
        seen
    }
}

/// Outlets that hold the log itself: a leaf more is a leaf more there.
fn is_of_the_log(outlet: &str) -> bool {
    let of_log = ["LogsClient.", "/log/", "/policy/", "/api/v1/policy", "proof"];
    of_log.iter().any(|part| outlet.contains(part))
}

/// An answer without what every new entry changes, sealed or not: sizes of logs, moments, who has cosigned so far.
fn alike(outlet: &str, bytes: &[u8]) -> String {
    if is_of_the_log(outlet) {
        return String::new();
    }
    if outlet.contains("Client.") || outlet.contains("Network.") || outlet.contains("Blobs.") {
        return without_sizes(outlet, bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    let text = ["\"root\":", "\"checkpoint\":", "\"cosigners\":", "\"counted_at\":"]
        .iter()
        .fold(without_witnesses(&text), |text, field| without(&text, field));
    let has_root = outlet.contains("/partners/");
    let mut kept = String::new();
    for part in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let number = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if has_root && number.len() == 64 {
            continue;
        }
        // Five listings of one organisation: what counts one more shows.
        kept.push_str(if is_number && !["1", "5"].contains(&number) { "#" } else { part });
    }
    kept
}

/// A message of the API with sizes and moments taken out; everything else as it was told.
fn without_sizes(outlet: &str, bytes: &[u8]) -> String {
    fn read<T: prost::Message + Default + std::fmt::Debug>(bytes: &[u8]) -> String {
        T::decode(bytes).map_or_else(|_| format!("{bytes:?}"), |message| format!("{message:?}"))
    }
    let of = |name: &str| outlet.ends_with(name);
    let told = match () {
        () if of("ListingsClient.list") => read::<wire::ListListingsResponse>(bytes),
        () if of("OrganisationsClient.list") => read::<wire::ListOrganisationsResponse>(bytes),
        () if of("PartnersClient.list") => read::<wire::ListPartnersResponse>(bytes),
        () if of("PartnersClient.get") || of("PartnersClient.self_") => read::<wire::PartnerView>(bytes),
        () if of("RecordsClient.get") => read::<wire::Record>(bytes),
        () => format!("{bytes:?}"),
    };
    ["checkpoint_size: ", "logged_at: ", "cosigners: ", " size: ", "root: ", "checkpoint: "]
        .iter()
        .fold(told, |told, field| without(&told, field))
}

/// A page without the words that say who has witnessed so far.
fn without_witnesses(page: &str) -> String {
    let of_witnesses = |span: &str| span.contains("witness") || span.contains("见证");
    page.split_inclusive("</span>")
        .map(|part| match part.rsplit_once("<span>") {
            Some((before, span)) if of_witnesses(span) => before,
            _ => part,
        })
        .collect()
}

/// A printed message without the values of one field.
fn without(told: &str, field: &str) -> String {
    let mut parts = told.split(field);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = match part.as_bytes().first() {
            Some(b'[') => part.find(']').map(|end| end + 1),
            Some(b'"') => part[1..].find('"').map(|end| end + 2),
            _ => part.find([',', ' ']),
        };
        kept.push_str(field);
        kept.push_str(&part[end.unwrap_or(part.len())..]);
    }
    kept
}

/// Takes pictures until one is like the first; what still differs in the last is what is told too much.
async fn same<F: Future<Output = Seen>>(first: &Seen, mut again: impl FnMut() -> F) {
    let mut differences = Vec::new();
    for _ in 0..ROUNDS {
        differences = first.differences(&again().await, alike);
        if differences.is_empty() {
            return;
        }
        tokio::task::yield_now().await;
    }
    unreachable!("{} outlets tell:\n{}", differences.len(), differences.join("\n"));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t31_with_a_sealed_record_and_without_it_everybody_is_told_the_same(#[case] database: Database) {
    let net = Net::start(database).await;
    let hints = Hints {
        words: vec!["CANARYWORDS".to_owned(), "Open".to_owned()],
        subjects: vec![vec![9; 16]],
        ..Hints::default()
    };
    let stranger = |at: usize| Stranger::at(&net.partners[at]);
    let mut strangers = [stranger(0).await, stranger(1).await, stranger(2).await];
    let mut before = Vec::new();
    for (at, stranger) in strangers.iter_mut().enumerate() {
        before.push(told(stranger, &net.partners[at], net.author()).await);
    }

    let without = net.picture(&hints).await;
    let sealed = net.seal(2, "for AVI").await;
    net.settled().await;
    same(&without, || net.picture(&hints)).await;
    for (at, stranger) in strangers.iter_mut().enumerate() {
        let after = told(stranger, &net.partners[at], net.author()).await;
        let (mut leaves, bodies) = after;
        let leaf = leaves.pop().unwrap();
        assert_eq!(leaf, [&[1, 2], sealed.hash.as_slice()].concat());
        assert_eq!((leaves, bodies), before[at]);
    }

    // Its id in a list without a reason, and everybody's receipts: no view knows either.
    net.author().withdraw(&[&sealed]).await;
    net.settled().await;
    same(&without, || net.picture(&hints)).await;
}

/// The author's log as a stranger gets it at one node: leaves, and the bodies of either call.
async fn told(
    stranger: &mut Stranger,
    node: &Partner,
    author: &Partner,
) -> (Vec<Vec<u8>>, Vec<(u64, Vec<u8>)>) {
    let log = exchange::Log { partner: author.id.to_vec(), epoch: 1 };
    let size = node.node().context().heads.newest(&author.id).unwrap().size;
    let everybody = [node.id.to_vec(), author.id.to_vec()];
    let (mut leaves, mut bodies) = (Vec::new(), Vec::new());
    for answer in stranger.follow(&log, size, &everybody).await.unwrap() {
        if let Some(exchange::follow_response::Response::Tail(tail)) = answer.response {
            leaves.extend(tail.leaves);
            for body in tail.bodies {
                assert!(body.deliver_for.is_empty() && body.blobs.is_empty());
                bodies.push((body.index, body.body));
            }
        }
    }
    let fetched = stranger.bodies(&log, size).await.unwrap();
    assert_eq!(fetched.into_iter().map(|body| (body.index, body.body)).collect::<Vec<_>>(), bodies);
    let asked = exchange::Head { log: Some(log), ..Default::default() };
    let heads = stranger.client.heads(exchange::HeadsRequest { heads: vec![asked] }).await.unwrap();
    assert!(heads.into_inner().heads.iter().all(|head| head.nth == 0));
    (leaves, bodies)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t31_t33_whom_a_record_is_sealed_to_and_what_it_says_shows_nowhere(#[case] database: Database) {
    let net = Net::start(database).await;
    // One to each of two partners, and one more with other words of the same bucket.
    let records = [net.seal(1, "short").await, net.seal(2, "short").await, net.seal(2, "longer words").await];
    net.settled().await;
    let mut sizes = Vec::new();
    for record in &records {
        let body = net.author().record(&record.hash).await.body;
        // T33: no id of anybody but the author's own, which the log says anyway.
        for partner in &net.partners[1..] {
            assert!(!outlets::contains(&body, partner.id.as_bytes()));
        }
        assert!(!outlets::contains(&body, &record.subject) && !outlets::contains(&body, b"listing"));
        sizes.push(body.len());
    }
    assert_eq!(sizes, [sizes[0]; 3], "lengths show what was padded");
    pairs_are_alike(&net, &records).await;
    // Withdrawn: alike again, at the recipient's node as at others'.
    net.author().withdraw(&records.iter().collect::<Vec<_>>()).await;
    net.settled().await;
    pairs_are_alike(&net, &records).await;
}

/// What each node's API tells about each record, but for its id, place and moment.
async fn pairs_are_alike(net: &Net, records: &[Record]) {
    let mut told: Option<String> = None;
    for partner in &net.partners {
        for record in records {
            let hints = Hints {
                records: vec![record.hash.clone()],
                subjects: vec![record.subject.clone()],
                ..Hints::default()
            };
            let answers = about(&outlets::of_api(partner, Caller::Anybody, &hints).await, record);
            assert!(answers.lines().count() >= 4, "{answers}");
            // The three nodes answer alike, too: author, recipient, neither.
            assert_eq!(*told.get_or_insert_with(|| answers.clone()), answers, "{}", partner.name);
        }
    }
}

/// The answers about a record and its subject, with its own id and numbers taken out.
fn about(seen: &Seen, record: &Record) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let subject = volbridge_proto::SubjectId::try_from(record.subject.as_slice()).unwrap().to_string();
    let mut text = String::new();
    for (outlet, bytes) in seen.about(&[&hex(&record.hash), &subject, "RecordsClient.", "ProfilesClient.get"])
    {
        let plain = String::from_utf8_lossy(bytes);
        let plain = plain.replace(&hex(&record.hash), "HASH").replace(&subject, "SUBJECT");
        let answer = match outlet.contains("Client.") {
            true => without(&alike(outlet, bytes), "index: "),
            false => alike(outlet, plain.as_bytes()),
        };
        let outlet = outlet.replace(&hex(&record.hash), "HASH").replace(&subject, "SUBJECT");
        let outlet = outlet.split_once(' ').map_or(outlet.as_str(), |(_, outlet)| outlet);
        text.push_str(&format!("{outlet}: {answer}\n"));
    }
    text = text.replace(&hex(&record.hash)[..8], "HASH");
    text.replace(&format!("{:?}", record.hash), "HASH")
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t31_what_isnt_there_and_what_isnt_for_you_are_refused_alike(#[case] database: Database) {
    let net = Net::start(database).await;
    let sealed = net.seal(2, "for AVI").await;
    let elsewhere = net.author().seal_all_without_people(&net.partners[2]).await;
    net.settled().await;
    let nothing = Record { hash: vec![7; 32], subject: vec![7; 16], index: 0 };
    let hidden: Vec<&Record> = elsewhere.iter().chain([&sealed]).collect();
    for (partner, portal) in net.partners.iter().zip(&net.portals) {
        let blob = elsewhere_blob(net.author()).await;
        let of = |record: &Record, blob: Vec<u8>| Hints {
            subjects: vec![record.subject.clone()],
            blobs: vec![blob],
            ..Hints::default()
        };
        let refused = of(&nothing, vec![7; 32]);
        let (api, pages) = (
            outlets::of_api(partner, Caller::Anybody, &refused).await,
            outlets::of_portal(portal, partner, &refused).await,
        );
        for record in &hidden {
            let hints = of(record, blob.clone());
            let subject =
                volbridge_proto::SubjectId::try_from(record.subject.as_slice()).unwrap().to_string();
            let none = volbridge_proto::SubjectId::try_from(nothing.subject.as_slice()).unwrap().to_string();
            let plain = |outlet: &str, bytes: &[u8]| {
                if outlet.contains("Client.") {
                    return alike(outlet, bytes);
                }
                let text =
                    String::from_utf8_lossy(bytes).replace(&subject, "SUBJECT").replace(&none, "SUBJECT");
                alike(outlet, text.as_bytes())
            };
            let found = outlets::of_api(partner, Caller::Anybody, &hints).await;
            assert_eq!(api.differences(&found, plain), Vec::<String>::new(), "{}", partner.name);
            let found = outlets::of_portal(portal, partner, &hints).await;
            let differences =
                pages.renamed(&none, "SUBJECT").differences(&found.renamed(&subject, "SUBJECT"), plain);
            assert_eq!(differences, Vec::<String>::new(), "{}", partner.name);
        }
        // To a partner's program, too: a file that isn't for it is a file that isn't there.
        let mut stranger = Stranger::at(partner).await;
        let (there, not_there) = (stranger.blob(&blob).await, stranger.blob(&[7; 32]).await);
        let told = |answer: Result<Vec<u8>, tonic::Status>| {
            let status = answer.unwrap_err();
            (status.code(), status.message().to_owned(), status.details().to_vec())
        };
        assert_eq!(told(there), told(not_there));
    }
}

/// The hash of the file that a sealed material names.
async fn elsewhere_blob(author: &Partner) -> Vec<u8> {
    use volbridge_node::store::{Query as _, args};
    let db = &author.node().context().db;
    let (hash,): (Vec<u8>,) = db.row("SELECT hash FROM blob", args![]).await.unwrap();
    hash
}
