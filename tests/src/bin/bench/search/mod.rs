//! `search`: the judged listings among N others; the same questions to the node, to SQLite's FTS5 and to PostgreSQL, for
//! time and for quality; and to the node's portal by many readers at once. `found` and `pages` stand beside it.

mod collection;
mod distractors;
mod documents;
pub mod found;
mod fts5;
pub mod pages;
mod portal;
mod postgres;
mod questions;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::ValueEnum;
use reqwest::Url;
use serde_json::{Value, json};
use volbridge_proto::{
    SubjectId,
    wire::node::v1::{self as wire, search_client::SearchClient},
};

use self::{
    collection::{Filled, members},
    fts5::Fts5,
    postgres::Postgres,
    questions::{Asked, Engine, Questions, TOP},
};
use crate::{
    Database, Outcome,
    authors::Run,
    nodes::Running,
    postgres::Server,
    report::{Figure, Report, as_f64, progress, rounded},
    sync::Usage,
    usage,
};

/// The index in a node's folder.
const INDEX: &str = "data/search";

/// How long an index may take.
const PATIENCE: Duration = Duration::from_secs(7_200);

/// Settings of a portal that isn't to refuse a crowd from one address.
const CROWD: &[(&str, &str)] =
    &[("gateway.requests_per_second", "100000"), ("gateway.request_burst", "1000000")];

/// How it is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Listings, the judged ones among them
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Seconds for each engine's questions
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Readers at the portal
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Which are asked
    #[arg(long, value_enum, value_delimiter = ',', default_value = "node,fts5,postgres")]
    engines: Vec<Asking>,
    /// How many of the questions answered worst are named
    #[arg(long, default_value_t = 30)]
    worst: usize,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Asking {
    /// The node and its portal.
    Node,
    /// SQLite's own full text.
    Fts5,
    /// PostgreSQL's, with trigrams.
    Postgres,
}

/// Measures.
pub async fn measure(args: &Args, database: Database) -> Outcome<Report> {
    let mut report = Report::new("search", database.name());
    let (questions, time) = (Questions::load(), Duration::from_secs(args.seconds));
    let alone = u64::min(args.records, members(0).count() as u64);
    report.set("records", args.records.max(alone));
    report.set("judged", json!({ "listings": alone, "questions": questions.judged.len() }));
    report.set("alone", quality_alone(&questions, alone, &args.engines).await?);
    let run = Run::new()?;
    for engine in &args.engines {
        match engine {
            Asking::Node => node(args, database, &run, &questions, &mut report).await?,
            Asking::Fts5 => {
                progress("SQLite FTS5, trigram");
                report.set("fts5", fts5(&run, &questions, args.records, time).await?);
            }
            Asking::Postgres => {
                progress("PostgreSQL full text and pg_trgm");
                report.set("postgres", postgres(&run, &questions, args.records, time).await?);
            }
        }
    }
    Ok(report)
}

/// nDCG of each engine over the judged listings alone: what it understands, without what it has to leave out.
async fn quality_alone(questions: &Questions, alone: u64, engines: &[Asking]) -> Outcome<Value> {
    let (run, once) = (Run::new()?, Duration::ZERO);
    let mut quality = serde_json::Map::new();
    for engine in engines {
        let (name, asked) = match engine {
            Asking::Node => {
                let filled = Filled::with(alone, Database::Sqlite).await?;
                let node = filled.copy(&run)?.serve(&[]).await?;
                until_indexed(&node, alone).await?;
                ("node", questions.ask(&Node::new(&node, &filled, false), once).await?)
            }
            Asking::Fts5 => {
                let fts5 = Fts5::fill(&run.folder("fts5.db"), members(alone)).await?;
                ("fts5", questions.ask(&fts5, once).await?)
            }
            Asking::Postgres => {
                let server = Server::start(&run.folder("pg-search"), &[])?;
                let postgres = Postgres::fill(&server, members(alone)).await?;
                ("postgres", questions.ask(&postgres, once).await?)
            }
        };
        quality.insert(name.to_owned(), questions.quality(&asked));
        quality.insert(format!("{name}_worst"), questions.worst(&asked, 30));
    }
    Ok(Value::Object(quality))
}

async fn node(
    args: &Args,
    database: Database,
    run: &Run,
    questions: &Questions,
    report: &mut Report,
) -> Outcome<()> {
    let filled = Filled::with(args.records, database).await?;
    let site = filled.copy(run)?;
    let folder = site.folder().to_owned();
    let _ = fs::remove_dir_all(folder.join(INDEX));
    progress("the node builds its index");
    let (node, address) = site.serve_with_portal_at(CROWD).await?;
    let began = Instant::now();
    until_indexed(&node, filled.records).await?;
    let seconds = began.elapsed().as_secs_f64();
    report.set("index_build_s", rounded(seconds));
    report.set("indexed_per_second", rounded(as_f64(filled.records) / seconds));
    report.set("index_mib", mib(bytes_of(&folder.join(INDEX))?));
    let time = Duration::from_secs(args.seconds);
    progress("questions to the node");
    let plain = questions.ask(&Node::new(&node, &filled, false), time).await?;
    let counted = questions.ask(&Node::new(&node, &filled, true), time).await?;
    of_node(report, questions, &plain, &counted, args.worst);
    progress("questions to its portal");
    let load = Duration::from_secs(args.seconds);
    let mut through = serde_json::Map::new();
    for (name, path) in [("api", "/api/v1/search"), ("listings", "/listings")] {
        let read = portal::read(searches(questions, &address, path)?, args.clients, load).await?;
        through.insert(name.to_owned(), read.to_json());
    }
    report.set("clients", args.clients as u64);
    report.set("through_the_portal", through);
    report.set("anonymous_mib", mib(usage::anonymous_bytes(node.pid)?));
    report.used(&Usage::of(&[("node", &node)])?.all());
    node.stop().await?;
    Ok(())
}

fn of_node(report: &mut Report, questions: &Questions, plain: &Asked, counted: &Asked, worst: usize) {
    let (p50, p99) = counted.p50_and_p99();
    report.figure(Figure { value: p50, unit: "ms, p50 with facets" });
    report.set("p99_ms", rounded(p99));
    report.set("node", json!({ "without_facets": plain.times(), "with_facets": counted.times() }));
    report.set("quality", questions.quality(plain));
    report.set("worst", questions.worst(plain, worst));
}

async fn fts5(run: &Run, questions: &Questions, records: u64, time: Duration) -> Outcome<Value> {
    let (file, began) = (run.folder("fts5.db"), Instant::now());
    let engine = Fts5::fill(&file, members(records)).await?;
    let seconds = began.elapsed().as_secs_f64();
    let asked = questions.ask(&engine, time).await?;
    let bytes = fs::metadata(&file)?.len();
    Ok(beside(questions, &asked, seconds, bytes))
}

async fn postgres(run: &Run, questions: &Questions, records: u64, time: Duration) -> Outcome<Value> {
    let server =
        Server::start(&run.folder("pg-search"), &["shared_buffers=512MB", "maintenance_work_mem=512MB"])?;
    let began = Instant::now();
    let engine = Postgres::fill(&server, members(records)).await?;
    let seconds = began.elapsed().as_secs_f64();
    let asked = questions.ask(&engine, time).await?;
    Ok(beside(questions, &asked, seconds, Postgres::disk_bytes(&server)?))
}

fn beside(questions: &Questions, asked: &Asked, seconds: f64, bytes: u64) -> Value {
    json!({
        "times": asked.times(),
        "quality": questions.quality(asked),
        "filled_s": rounded(seconds),
        "mib": mib(bytes),
    })
}

/// The search of a node.
struct Node<'a> {
    node: &'a Running,
    client: SearchClient<tonic::transport::Channel>,
    subjects: &'a BTreeMap<SubjectId, String>,
    facets: bool,
}

impl<'a> Node<'a> {
    fn new(node: &'a Running, filled: &'a Filled, facets: bool) -> Self {
        Self { node, client: SearchClient::new(node.channel()), subjects: &filled.subjects, facets }
    }
}

impl Engine for Node<'_> {
    async fn ask(&self, question: &str) -> Outcome<Vec<String>> {
        let query = wire::ListingQuery { text: question.to_owned(), ..Default::default() };
        let request = wire::SearchListingsRequest {
            query: Some(query),
            limit: u32::try_from(TOP)?,
            facets: self.facets,
            ..Default::default()
        };
        let answer = self.client.clone().listings(self.node.staff(request)).await?.into_inner();
        let id = |hit: &wire::ListingHit| {
            let subject = SubjectId::try_from(hit.listing.as_ref()?.subject.as_slice()).ok()?;
            self.subjects.get(&subject).cloned()
        };
        Ok(answer.hits.iter().map(|hit| id(hit).unwrap_or_default()).collect())
    }
}

/// Waits until the index holds so many listings, and says that it lacks none.
async fn until_indexed(node: &Running, records: u64) -> Outcome<()> {
    let mut client = SearchClient::new(node.channel());
    let began = Instant::now();
    let mut total = 0;
    while began.elapsed() < PATIENCE {
        let request = wire::SearchListingsRequest { limit: 1, ..Default::default() };
        match client.listings(node.staff(request)).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                total = answer.total;
                if !answer.incomplete && total >= records {
                    return Ok(());
                }
            }
            // It isn't open yet.
            Err(status) if status.code() == tonic::Code::Unavailable => {}
            Err(status) => return Err(status.into()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("the index stays at {total} of {records} listings").into())
}

/// All questions as addresses.
fn searches(questions: &Questions, portal: &str, path: &str) -> Outcome<Vec<Url>> {
    let texts = questions.judged.iter().map(|query| &query.text).chain(&questions.broad);
    let address = |text: &String| {
        let mut parameters = vec![("q", text.as_str())];
        if path != "/listings" {
            parameters.push(("facets", "true"));
        }
        Ok(Url::parse_with_params(&format!("{portal}{path}"), parameters)?)
    };
    texts.map(address).collect()
}

fn bytes_of(folder: &Path) -> Outcome<u64> {
    let (mut bytes, mut folders): (u64, Vec<PathBuf>) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => bytes += found.len(),
                // A merge took it away meanwhile.
                Err(_) => {}
            }
        }
    }
    Ok(bytes)
}

fn mib(bytes: u64) -> Value {
    rounded(as_f64(bytes) / 1_048_576.0)
}
