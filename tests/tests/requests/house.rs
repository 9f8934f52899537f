//! A node with something of each kind, its portal, and what asks them.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use reqwest::{Client, Method, StatusCode};
use volbridge_node::store::{Query as _, args};
use volbridge_proto::SubjectId;
use volbridge_tests::{Database, Partner, Record, partner::PATIENCE, portal::Portal, tables};

/// Endless answers are read to here.
const ENOUGH: usize = 4 << 20;

pub struct House {
    pub node: Partner,
    pub portal: Portal,
    pub http: Client,
    pub organisation: Record,
    pub listing: Record,
    pub conference: Record,
    pub material: Record,
    pub blob: Vec<u8>,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub media_type: String,
    pub body: Vec<u8>,
}

/// One request: method, path with query, headers, body.
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

impl Ask {
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, headers: Vec::new(), body: None }
    }

    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl House {
    pub async fn start(database: Database) -> Self {
        let node = Partner::start("BVF", database).await;
        let organisation = node.organisation().await;
        node.listing("Plain", &organisation).await;
        let listing = node.listing("100% a_b it's c\\d", &organisation).await;
        node.translation(&listing, "zh-CN", "百分之百").await;
        let conference = node.conference().await;
        let (material, blob) = node.material(&conference, b"%PDF-1.4 words").await;
        let portal = Portal::start(&node).await;
        // The client wants one, also where nothing is encrypted; a second one is refused and does no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // A connection each time: one that is kept may be closed just when the next request goes out on it.
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
        let http = http.build().unwrap();
        Self { node, portal, http, organisation, listing, conference, material, blob }
    }

    /// Asks the portal, and reads what comes as far as it is to come at all.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let path = ask.path.clone();
        let answer = self.try_ask(ask).await;
        assert!(answer.is_some(), "no answer: {path}");
        answer.unwrap()
    }

    /// The same, where the portal may hang up before all is said.
    pub async fn try_ask(&self, ask: Ask) -> Option<Answer> {
        let mut request = self.http.request(ask.method, self.portal.at(&ask.path));
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        if let Some(body) = ask.body {
            request = request.body(body);
        }
        let response = tokio::time::timeout(PATIENCE, request.send()).await.unwrap().ok()?;
        let status = response.status();
        let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        // Events go on for ever.
        while !media_type.starts_with("text/event-stream") {
            let Some(piece) = tokio::time::timeout(PATIENCE, pieces.next()).await.unwrap() else { break };
            body.extend(piece.unwrap());
            assert!(body.len() < ENOUGH, "{}", ask.path);
        }
        Some(Answer { status, media_type, body })
    }

    /// What fits where a parameter or a field of this name is asked for.
    pub fn fitting(&self, name: &str, place: &str) -> Vec<u8> {
        let record = if place.contains("Profiles") { &self.material } else { &self.listing };
        match name {
            "hash" if place.contains("Blobs") => self.blob.clone(),
            "hash" => record.hash.clone(),
            "partner" => self.node.id.to_vec(),
            "conference" => self.conference.subject.clone(),
            "subject" if place.contains("Organisations") => self.organisation.subject.clone(),
            "subject" if place.contains("Conferences") => self.conference.subject.clone(),
            "subject" if place.contains("Materials") => self.material.subject.clone(),
            "subject" => self.listing.subject.clone(),
            "purpose" => b"placement".to_vec(),
            _ => Vec::new(),
        }
    }

    /// A path with something that is there in each of its places.
    pub fn path(&self, route: &str) -> String {
        let subject = |record: &Record| SubjectId::try_from(record.subject.as_slice()).unwrap().to_string();
        let id = match route {
            _ if route.contains("/partners") || route.contains("{partner}") => self.node.id.to_string(),
            _ if route.contains("/organisations") => subject(&self.organisation),
            _ if route.contains("/conferences") => subject(&self.conference),
            _ if route.contains("/materials") => subject(&self.material),
            _ => subject(&self.listing),
        };
        let hash: String = self.listing.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        route
            .replace("{id}", &id)
            .replace("{partner}", &self.node.id.to_string())
            .replace("{hash}", &hash)
            .replace("{epoch}", "1")
            .replace("{*path}", "checkpoint")
            .replace("{name}", "style.css")
    }

    /// How many rows each table has; but the node signs its log by the clock, asked or not.
    pub async fn counted(&self) -> BTreeMap<String, i64> {
        let mut counts = tables::counts(&self.node.node().context().db).await;
        counts.remove("signed_size");
        counts
    }

    /// Openings of people's data that were noted.
    pub async fn openings(&self) -> i64 {
        let db = &self.node.node().context().db;
        let (count,): (i64,) = db.row("SELECT count(*) FROM access", args![]).await.unwrap();
        count
    }
}

/// `%41` for each byte.
pub fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}
