//! Everything that a node and its portal tell a caller, call by call: what of it holds a text, and what of it differs
//! from what another was told.

use prost::Message;
use reqwest::header::ACCEPT_LANGUAGE;
use tonic::{Request, Response, Status};
use volbridge_node::store::{changes, entries};
use volbridge_proto::{
    SubjectId,
    tlog::entry::{Class, Leaf},
    wire::node::v1 as wire,
};

use crate::{Partner, portal::Portal};

/// What is asked about.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Ids of records.
    pub records: Vec<Vec<u8>>,
    /// What they are about.
    pub subjects: Vec<Vec<u8>>,
    /// Hashes of files.
    pub blobs: Vec<Vec<u8>>,
    /// Words to search for.
    pub words: Vec<String>,
}

/// Who asks a node's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Without a token.
    Anybody,
    /// With the node's token.
    Staff,
    /// With a token that isn't one.
    Impostor,
}

/// Answers, each by its outlet.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    at: String,
    answers: Vec<(String, Vec<u8>)>,
}

impl Seen {
    /// Nothing as yet, at this place.
    pub fn of(at: &str) -> Self {
        Self { at: at.to_owned(), answers: Vec::new() }
    }

    /// An answer as it came.
    pub fn bytes(&mut self, outlet: &str, bytes: Vec<u8>) {
        self.answers.push((format!("{} {outlet}", self.at), bytes));
    }

    /// An answer or a refusal.
    pub fn answer<T: Message>(&mut self, outlet: &str, answer: Result<Response<T>, Status>) {
        match answer {
            Ok(answer) => self.bytes(outlet, answer.into_inner().encode_to_vec()),
            Err(status) => self.refused(outlet, &status),
        }
    }

    /// A refusal: code, words and details.
    pub fn refused(&mut self, outlet: &str, status: &Status) {
        let mut bytes = format!("{:?} {} ", status.code(), status.message()).into_bytes();
        bytes.extend_from_slice(status.details());
        self.bytes(outlet, bytes);
    }

    /// Joins what was seen elsewhere.
    pub fn join(&mut self, other: Self) {
        self.answers.extend(other.answers);
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// The outlets whose answers hold these bytes: as they are, in hex, or in base64.
    pub fn holding(&self, needle: &[u8]) -> Vec<&str> {
        let needles = spellings(needle);
        let holds = |bytes: &[u8]| needles.iter().any(|needle| contains(bytes, needle));
        self.answers.iter().filter(|(_, bytes)| holds(bytes)).map(|(outlet, _)| outlet.as_str()).collect()
    }

    /// The answers of outlets whose names hold one of these.
    pub fn about(&self, parts: &[&str]) -> impl Iterator<Item = (&str, &[u8])> {
        let named =
            self.answers.iter().filter(move |(outlet, _)| parts.iter().any(|part| outlet.contains(part)));
        named.map(|(outlet, bytes)| (outlet.as_str(), bytes.as_slice()))
    }

    /// The same answers, with what was asked for called otherwise.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        let renamed = |(outlet, bytes): &(String, Vec<u8>)| (outlet.replace(from, to), bytes.clone());
        Self { at: self.at.clone(), answers: self.answers.iter().map(renamed).collect() }
    }

    /// The outlets that answer otherwise here than there, each with both answers; the places' names don't count.
    pub fn differences(&self, other: &Self, alike: impl Fn(&str, &[u8]) -> String) -> Vec<String> {
        let of = |seen: &Self| -> Vec<(String, String)> {
            let short = |outlet: &str| outlet.strip_prefix(seen.at.as_str()).unwrap_or(outlet).to_owned();
            seen.answers.iter().map(|(outlet, bytes)| (short(outlet), alike(outlet, bytes))).collect()
        };
        let (ours, theirs) = (of(self), of(other));
        let mut differences = Vec::new();
        if ours.len() != theirs.len() {
            differences.push(format!("{} answers and {}", ours.len(), theirs.len()));
        }
        for (one, two) in ours.iter().zip(&theirs) {
            if one != two {
                differences.push(format!("{}\n  {}\n  {}", one.0, one.1, two.1));
            }
        }
        differences
    }
}

/// Whether `needle` stands anywhere in `bytes`.
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    match std::str::from_utf8(needle) {
        // The library's search is fast in tests, too.
        Ok(text) if text.is_ascii() => String::from_utf8_lossy(bytes).contains(text),
        _ => bytes.windows(needle.len()).any(|window| window == needle),
    }
}

/// A text as it may be spelt: raw, hex, and base64 whatever stands before it.
pub fn spellings(needle: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = needle.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![needle.to_vec(), hex.into_bytes()];
    for skipped in 0..3 {
        // Whole groups of three bytes are spelt alike wherever they begin.
        let groups = needle.get(skipped..).unwrap_or_default();
        let whole = &groups[..groups.len() - groups.len() % 3];
        if whole.len() >= 6 {
            all.push(base64(whole).into_bytes());
        }
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks_exact(3) {
        let number = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for place in (0..4).rev() {
            text.push(char::from(LETTERS[(number >> (6 * place) & 63) as usize]));
        }
    }
    text
}

/// Every reading method of a node's API.
pub async fn of_api(node: &Partner, caller: Caller, hints: &Hints) -> Seen {
    let mut seen = Seen::of(&node.name);
    for record in &hints.records {
        of_record(node, caller, record, &mut seen).await;
    }
    for subject in &hints.subjects {
        of_subject(node, caller, subject, &mut seen).await;
    }
    of_lists(node, caller, hints, &mut seen).await;
    of_logs(node, caller, &mut seen).await;
    for hash in &hints.blobs {
        let mut client = wire::blobs_client::BlobsClient::new(node.channel());
        let request = wire::FetchBlobRequest { hash: hash.clone(), ..Default::default() };
        match client.fetch(ask(node, caller, request)).await {
            Err(status) => seen.refused("Blobs.Fetch", &status),
            Ok(answer) => {
                let mut answer = answer.into_inner();
                while let Ok(Some(piece)) = answer.message().await {
                    seen.bytes("Blobs.Fetch", piece.encode_to_vec());
                }
            }
        }
    }
    of_changes(node, caller, &mut seen).await;
    seen
}

fn ask<T>(node: &Partner, caller: Caller, message: T) -> Request<T> {
    match caller {
        Caller::Anybody => Request::new(message),
        Caller::Staff => node.staff(message),
        Caller::Impostor => {
            let mut request = Request::new(message);
            let token = "Bearer 00000000000000000000000000000000".parse().expect("ASCII");
            request.metadata_mut().insert("authorization", token);
            request
        }
    }
}

/// Calls a method of a service and keeps what it answers.
macro_rules! call {
    ($node:ident, $caller:ident, $seen:ident, $module:ident :: $client:ident . $method:ident ( $message:expr )) => {{
        let mut client = wire::$module::$client::new($node.channel());
        let answer = client.$method(ask($node, $caller, $message)).await;
        $seen.answer(concat!(stringify!($client), ".", stringify!($method)), answer);
    }};
}

async fn of_record(node: &Partner, caller: Caller, hash: &[u8], seen: &mut Seen) {
    let record = || wire::GetRecordRequest { hash: hash.to_vec() };
    call!(node, caller, seen, records_client::RecordsClient.get(record()));
    call!(node, caller, seen, records_client::RecordsClient.proof(record()));
    let erasures = wire::ErasuresRequest { hash: hash.to_vec() };
    call!(node, caller, seen, records_client::RecordsClient.erasures(erasures));
    let profile = wire::GetProfileRequest { hash: hash.to_vec(), purpose: "placement".to_owned() };
    call!(node, caller, seen, profiles_client::ProfilesClient.get(profile));
}

async fn of_subject(node: &Partner, caller: Caller, subject: &[u8], seen: &mut Seen) {
    let subject = || wire::GetSubjectRequest { subject: subject.to_vec(), partner: Vec::new() };
    call!(node, caller, seen, listings_client::ListingsClient.get(subject()));
    call!(node, caller, seen, organisations_client::OrganisationsClient.get(subject()));
    call!(node, caller, seen, conferences_client::ConferencesClient.get(subject()));
    call!(node, caller, seen, materials_client::MaterialsClient.get(subject()));
    let of_conference = wire::ListMaterialsRequest { conference: subject().subject, ..Default::default() };
    call!(node, caller, seen, materials_client::MaterialsClient.list(of_conference));
}

async fn of_lists(node: &Partner, caller: Caller, hints: &Hints, seen: &mut Seen) {
    let mut searches = vec![wire::ListListingsRequest { limit: 100, ..Default::default() }];
    for word in &hints.words {
        searches.push(wire::ListListingsRequest { query: word.clone(), ..Default::default() });
    }
    for language in ["en", "zh-CN", "fr"] {
        searches.push(wire::ListListingsRequest { language: language.to_owned(), ..Default::default() });
    }
    searches.push(wire::ListListingsRequest { limit: 1, ..Default::default() });
    for search in searches {
        call!(node, caller, seen, listings_client::ListingsClient.list(search));
    }
    let organisations = wire::ListOrganisationsRequest::default();
    call!(node, caller, seen, organisations_client::OrganisationsClient.list(organisations));
    let conferences = wire::ListConferencesRequest::default();
    call!(node, caller, seen, conferences_client::ConferencesClient.list(conferences));
    let materials = wire::ListMaterialsRequest::default();
    call!(node, caller, seen, materials_client::MaterialsClient.list(materials));
    let agreements = wire::ListAgreementsRequest {};
    call!(node, caller, seen, agreements_client::AgreementsClient.list(agreements));
    call!(node, caller, seen, partners_client::PartnersClient.list(wire::ListPartnersRequest {}));
    call!(node, caller, seen, partners_client::PartnersClient.self_(wire::SelfRequest {}));
    let profiles = wire::ListProfilesRequest::default();
    call!(node, caller, seen, profiles_client::ProfilesClient.list(profiles));
    call!(node, caller, seen, network_client::NetworkClient.status(wire::StatusRequest {}));
}

async fn of_logs(node: &Partner, caller: Caller, seen: &mut Seen) {
    for head in node.node().context().heads.all() {
        let log = || wire::LogRequest { partner: head.log.partner.to_vec(), epoch: head.log.epoch };
        let partner = wire::GetPartnerRequest { partner: head.log.partner.to_vec() };
        call!(node, caller, seen, partners_client::PartnersClient.get(partner));
        call!(node, caller, seen, logs_client::LogsClient.checkpoint(log()));
        call!(node, caller, seen, logs_client::LogsClient.policy(log()));
        let width = u32::try_from(head.size.min(256)).unwrap_or(256);
        let tile = wire::TileRequest { log: Some(log()), level: 0, number: 0, width };
        call!(node, caller, seen, logs_client::LogsClient.tile(tile));
        let bundle = wire::EntryBundleRequest { log: Some(log()), number: 0, width };
        call!(node, caller, seen, logs_client::LogsClient.entry_bundle(bundle));
        let entries = wire::EntriesRequest { log: Some(log()), start: 0, limit: 100 };
        call!(node, caller, seen, logs_client::LogsClient.entries(entries));
    }
}

/// As many changes as a caller is to be told: one more would keep it waiting.
async fn of_changes(node: &Partner, caller: Caller, seen: &mut Seen) {
    let expected = match caller {
        Caller::Anybody => public_changes(node).await.len(),
        Caller::Staff => changes::since(&node.node().context().db, 0, u32::MAX).await.expect("changes").len(),
        Caller::Impostor => 0,
    };
    let mut client = wire::network_client::NetworkClient::new(node.channel());
    let request = ask(node, caller, wire::WatchChangesRequest { cursor: "0".to_owned() });
    match client.watch_changes(request).await {
        Err(status) => seen.refused("Network.WatchChanges", &status),
        Ok(answer) => {
            let mut answer = answer.into_inner();
            for _ in 0..expected {
                let change = answer.message().await.expect("a change").expect("the node runs");
                seen.bytes("Network.WatchChanges", change.encode_to_vec());
            }
        }
    }
}

/// The kinds of the changes that are everybody's.
async fn public_changes(node: &Partner) -> Vec<String> {
    let db = &node.node().context().db;
    let mut public = Vec::new();
    for (_, change) in changes::since(db, 0, u32::MAX).await.expect("changes") {
        let entry = entries::at(db, change.log, change.index).await.expect("a database").expect("an entry");
        if Leaf::parse(&entry.leaf).is_some_and(|leaf| leaf.class == Class::Public) {
            public.push(change.kind);
        }
    }
    public
}

/// Everything that a portal shows to a visitor from elsewhere, in both languages.
pub async fn of_portal(portal: &Portal, node: &Partner, hints: &Hints) -> Seen {
    let mut seen = Seen::of(&format!("{}'s portal", node.name));
    // The client wants one, also where nothing is encrypted; a second one is refused and does no harm.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::new();
    for language in ["en", "zh-CN"] {
        for path in paths(node, hints) {
            // As a proxy passes a visitor on: nobody of this machine.
            let request = http.get(portal.at(&path)).header("x-forwarded-for", "203.0.113.9");
            let answer = request.header(ACCEPT_LANGUAGE, language).send().await.expect("an answer");
            let mut bytes = format!("{} ", answer.status().as_u16()).into_bytes();
            bytes.extend(answer.bytes().await.expect("the whole answer"));
            // A tile of nine is the outlet that had one of eight.
            let outlet = path.split(".p/").next().unwrap_or_default();
            seen.bytes(&format!("{outlet} {language}"), bytes);
        }
    }
    of_events(portal, node, &http, &mut seen).await;
    seen
}

fn paths(node: &Partner, hints: &Hints) -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let fixed = [
        "/",
        "/listings",
        "/partners",
        "/conferences",
        "/listings.csv",
        "/listings.jsonl",
        "/listings.jsonld",
        "/listings.atom",
        "/listings.ics",
        "/sitemap.xml",
        "/feeds/rpde",
        "/statistics",
        "/statistics.csv?by=country",
        "/verify",
        "/network",
        "/network/part",
        "/metrics",
        "/healthz",
        "/readyz",
        "/api/v1/listings",
        "/api/v1/listings?limit=1",
        "/match?skills=teaching",
        "/api/v1/search?facets=true",
        "/api/v1/facets",
        "/api/v1/match?skills=teaching",
        "/api/v1/partners",
        "/api/v1/conferences",
        "/api/v1/statistics",
        "/api/v1/openapi.json",
        "/api/v1/policy",
    ];
    let mut paths: Vec<String> = fixed.iter().map(|path| (*path).to_owned()).collect();
    for word in &hints.words {
        paths.extend([format!("/listings?q={word}"), format!("/api/v1/listings?q={word}")]);
        paths.extend([format!("/api/v1/search?q={word}"), format!("/api/v1/suggest?q={word}")]);
    }
    for record in hints.records.iter().map(|record| hex(record)) {
        paths.extend([format!("/records/{record}"), format!("/api/v1/records/{record}")]);
        paths.push(format!("/api/v1/records/{record}/proof"));
    }
    for subject in &hints.subjects {
        let subject = SubjectId::try_from(subject.as_slice()).expect("16 bytes");
        for place in
            ["/listings", "/conferences", "/organisations", "/api/v1/listings", "/api/v1/conferences"]
        {
            paths.push(format!("{place}/{subject}"));
        }
        paths.extend([format!("/listings/{subject}/card"), format!("/materials/{subject}/file")]);
    }
    for head in node.node().context().heads.all() {
        let (partner, epoch, width) = (head.log.partner, head.log.epoch, head.size.min(255));
        paths.extend([format!("/partners/{partner}"), format!("/api/v1/partners/{partner}")]);
        paths.extend([format!("/policy/{partner}"), format!("/log/{partner}/{epoch}/checkpoint")]);
        paths.push(format!("/log/{partner}/{epoch}/tile/0/000.p/{width}"));
        paths.push(format!("/log/{partner}/{epoch}/tile/entries/000.p/{width}"));
    }
    paths
}

/// The events about listings that everybody gets.
async fn of_events(portal: &Portal, node: &Partner, http: &reqwest::Client, seen: &mut Seen) {
    let expected = public_changes(node).await.iter().filter(|kind| *kind == "volbridge.listing.v1").count();
    let request = http.get(portal.at("/events/changes")).header("last-event-id", "0");
    let mut answer = request.send().await.expect("events");
    let mut bytes = Vec::new();
    while String::from_utf8_lossy(&bytes).matches("data:").count() < expected {
        bytes.extend(answer.chunk().await.expect("events").expect("they don't end"));
    }
    seen.bytes("/events/changes", bytes);
}

/// Files below a folder that hold these bytes.
pub fn files_with(folder: &std::path::Path, needle: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if std::fs::read(&path).is_ok_and(|bytes| contains(&bytes, needle)) {
            found.push(path);
        }
    }
    found
}
