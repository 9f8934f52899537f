//! `import`: listings from the file of another program, with their translations. All of it is read and checked first, and
//! every fault has its row and column. Each call has a key that the organisation and the giver's own id give, so that the same
//! file can be sent again after a break and publishes nothing twice.

mod read;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::{StreamExt as _, stream};
use prost::Message as _;
use serde_json::{Value, json};
use volbridge_formats::Entry;
use volbridge_node::imports::read::record;
use volbridge_proto::{Code, Refusal, SubjectId, wire::node::v1 as node};

use self::read::Rows;
use super::{pick, publish};
use crate::{
    client::Client,
    input::{Fault, tree::Place},
    lang::{Lang, say},
    noun::Noun,
    output::problem::{Outcome, Problem},
    session::Session,
};

/// `import FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV, XLSX, JSON Lines or JSON-LD, by the ending of its name
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only read and check the file
    #[arg(long)]
    pub dry_run: bool,
    /// What a column means, such as 名称=title_zh-CN; nothing behind the sign: leave it out; may be given several times
    #[arg(long, value_name = "HEADER=COLUMN")]
    pub map: Vec<String>,
    /// The organisation of listings that name none
    #[arg(long, value_name = "ID", value_parser = pick::subject)]
    pub organisation: Option<SubjectId>,
    /// The language of listings that name none
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Publish listings whose ids the file names as new revisions of them
    #[arg(long)]
    pub revise: bool,
    /// Publish the listings without faults although others have some
    #[arg(long)]
    pub keep_going: bool,
    /// Calls that are under way at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallel: u16,
}

/// A listing that can be published.
struct Row {
    number: u64,
    entry: Entry,
    key: String,
}

/// How publishing one ended.
enum Ended {
    Published(Value),
    Refused(Refusal),
    NotSent,
}

pub async fn run(session: &Session, args: Args) -> Outcome {
    let lang = session.lang();
    let file = args.file.display().to_string();
    let (dry_run, keep_going, parallel, revise) = (args.dry_run, args.keep_going, args.parallel, args.revise);
    let read = tokio::task::spawn_blocking(move || read::read(&args)).await;
    let Rows { rows, faults, total, unknown } =
        read.map_err(|error| Problem::saying(Code::Internal, error.to_string()))??;
    if !unknown.is_empty() {
        let names = unknown.join(say_comma(lang));
        let note = say!(lang, "columns that mean nothing here: {names}", "未识别、已忽略的列：{names}");
        session.output.hint(&note);
    }
    let faults: Vec<Fault> = faults.iter().map(|fault| shown(&file, fault)).collect();
    if !faults.is_empty() && (!keep_going || dry_run || rows.is_empty()) {
        return Err(faulty(faults, total - rows.len(), total, lang));
    }
    let good = Noun::Listing.many(rows.len(), lang);
    if dry_run {
        let text = say!(
            lang,
            "{good}: no fault; nothing was published (--dry-run)",
            "{good}：没有错误；未发布（--dry-run）"
        );
        session.output.result(&json!({ "checked": rows.len(), "published": 0 }), || text);
        return Ok(());
    }
    let client = session.connect().await?;
    let sending = Sending { client: &client, revise, keep_going, stopped: AtomicBool::new(false) };
    let report = Report { file, faults, total };
    send(session, &sending, rows, parallel.into(), report).await
}

fn say_comma(lang: Lang) -> &'static str {
    if lang == Lang::Zh { "、" } else { ", " }
}

fn faulty(faults: Vec<Fault>, wrong: usize, total: usize, lang: Lang) -> Problem {
    let count = faults.len();
    let what = say!(
        lang,
        "{count} fault(s); {wrong} of {total} listings can't be published as they are",
        "共 {count} 处错误；{total} 个志愿项目中有 {wrong} 个不能发布"
    );
    Problem { faults, ..Problem::saying(Code::InputMalformed, what) }
        .kept(say!(lang, "Nothing was published.", "没有发布任何内容。"))
        .hint(say!(
            lang,
            "correct the rows above and run the same command again, or publish the others with --keep-going",
            "改正以上各行后重新运行同一命令，或用 --keep-going 先发布其余各个"
        ))
}

/// A fault as the report shows it: the row as line, the column's header as field.
fn shown(file: &str, fault: &volbridge_formats::Fault) -> Fault {
    let mut refusal = Refusal::new(fault.code).at(&fault.column);
    if !fault.value.is_empty() {
        refusal = refusal.with("found", &fault.value);
    }
    let line = usize::try_from(fault.row).unwrap_or(usize::MAX);
    Fault { file: file.to_owned(), place: Place { line, column: 1 }, entry: None, refusal }
}

/// What is known before anything is sent.
struct Report {
    file: String,
    faults: Vec<Fault>,
    /// Listings with and without faults.
    total: usize,
}

struct Sending<'a> {
    client: &'a Client,
    revise: bool,
    keep_going: bool,
    stopped: AtomicBool,
}

async fn send(
    session: &Session,
    sending: &Sending<'_>,
    rows: Vec<Row>,
    parallel: usize,
    report: Report,
) -> Outcome {
    let Report { file, mut faults, total } = report;
    let bar = publish::progress(rows.len());
    let calls = stream::iter(&rows).map(|row| async move { (row, sending.one(row).await) });
    let mut calls = calls.buffered(parallel);
    let (mut published, mut unsent) = (0, 0);
    while let Some((row, ended)) = calls.next().await {
        bar.inc(1);
        match ended {
            Ended::Published(value) => {
                published += 1;
                bar.suspend(|| session.output.result(&value, || line(&value)));
            }
            Ended::Refused(refusal) => {
                let line = usize::try_from(row.number).unwrap_or(usize::MAX);
                let place = Place { line, column: 1 };
                faults.push(Fault { file: file.clone(), place, entry: None, refusal });
            }
            Ended::NotSent => unsent += 1,
        }
    }
    bar.finish_and_clear();
    let lang = session.lang();
    let done = Noun::Listing.many(published, lang);
    if faults.is_empty() {
        session.output.hint(&say!(lang, "{done} published", "已发布{done}"));
        return Ok(());
    }
    Err(publish::partly(faults, &done, total - published, unsent, lang))
}

fn line(value: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}  {}  {}", text(&value["id"]), text(&value["record"]["hash"]), text(&value["reference"]))
}

impl Sending<'_> {
    async fn one(&self, row: &Row) -> Ended {
        if self.stopped.load(Ordering::Relaxed) {
            return Ended::NotSent;
        }
        match self.publish(row).await {
            Ok(value) => Ended::Published(value),
            Err(refusal) => {
                self.stopped.fetch_or(!self.keep_going, Ordering::Relaxed);
                Ended::Refused(refusal)
            }
        }
    }

    /// The listing first, then each translation of just this revision.
    async fn publish(&self, row: &Row) -> Result<Value, Refusal> {
        let subject = row.entry.subject.filter(|_| self.revise);
        let request = node::PublishListingRequest {
            listing: Some(row.entry.listing.clone()),
            subject: subject.map_or_else(Vec::new, SubjectId::to_vec),
            ..Default::default()
        };
        let request = request.encode_to_vec();
        let mut value = publish::call_patiently(self.client, Noun::Listing, &request, &row.key).await?;
        let hash = value["record"]["hash"].as_str().and_then(|hash| hex::decode(hash).ok());
        let source = hash.ok_or_else(|| Refusal::new(Code::Internal).at("record.hash"))?;
        for translation in &row.entry.translations {
            let request = node::PublishTranslationRequest {
                translation: Some(record(&row.entry, translation)),
                source: source.clone(),
                ..Default::default()
            };
            let key = format!("{}-{}", row.key, translation.language);
            let request = request.encode_to_vec();
            publish::call_patiently(self.client, Noun::Translation, &request, &key).await?;
        }
        value["row"] = json!(row.number);
        value["reference"] = json!(row.entry.reference);
        value["translations"] = json!(row.entry.translations.len());
        Ok(value)
    }
}
