//! `listing publish` and its like. Everything is read and checked first; then many
//! calls are under way at once, each with a key that the entry's content gives, so
//! that the same file can be sent again after a break and publishes nothing twice.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use backon::{ExponentialBuilder, Retryable as _};
use futures::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use volbridge_proto::{Code, Fault, Refusal, wire::node::v1 as node};

use super::upload;
use crate::{
    client::Client,
    input::{self, Batch, Entry},
    lang::{Lang, say},
    noun::Noun,
    output::{
        json,
        problem::{Outcome, Problem, refusal_of},
    },
    session::Session,
};

/// `publish FILES`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// YAML (documents or a list), JSON or JSON Lines; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Publish the entries without faults although others have some
    #[arg(long)]
    pub keep_going: bool,
    /// Only read and check the files
    #[arg(long)]
    pub dry_run: bool,
    /// The document of a material whose entry names none
    #[arg(long, value_name = "DOCUMENT")]
    pub file: Option<PathBuf>,
    /// Publish again what was published before, under another name of this run
    #[arg(long, value_name = "NAME")]
    pub run: Option<String>,
    /// Calls that are under way at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallel: u16,
}

/// How publishing one entry ended.
enum Ended {
    Published(Value),
    Refused(Refusal),
    /// Another one was refused before.
    NotSent,
}

pub async fn run(session: &Session, noun: Noun, args: Args) -> Outcome {
    let lang = session.lang();
    let options = input::Options { file: args.file, run: args.run };
    let files = args.files;
    let batch = tokio::task::spawn_blocking(move || input::read(noun, &files, &options))
        .await
        .map_err(|error| Problem::saying(Code::Internal, error.to_string()))?;
    if !batch.faults.is_empty() && (!args.keep_going || args.dry_run || batch.entries.is_empty()) {
        return Err(faulty(batch, lang));
    }
    if args.dry_run {
        let good = noun.many(batch.entries.len(), lang);
        let text = say!(
            lang,
            "{good}: no fault; nothing was published (--dry-run)",
            "{good}：没有错误；未发布（--dry-run）"
        );
        session.output.result(&json!({ "checked": batch.entries.len(), "published": 0 }), || text);
        return Ok(());
    }
    let client = session.connect().await?;
    send(session, &client, noun, batch, args.parallel.into(), args.keep_going).await
}

/// The report of files with faults.
fn faulty(batch: Batch, lang: Lang) -> Problem {
    let Batch { entries, faults, total } = batch;
    let (count, wrong) = (faults.len(), total - entries.len());
    let what = say!(
        lang,
        "{count} fault(s); {wrong} of {total} entries can't be published as they are",
        "共 {count} 处错误；{total} 条中有 {wrong} 条不能发布"
    );
    Problem { faults, ..Problem::saying(Code::InputMalformed, what) }
        .kept(say!(lang, "Nothing was published.", "没有发布任何内容。"))
        .hint(say!(
            lang,
            "correct the lines above and run the same command again, or publish the others with --keep-going",
            "改正以上各行后重新运行同一命令，或用 --keep-going 先发布其余各条"
        ))
}

async fn send(
    session: &Session,
    client: &Client,
    noun: Noun,
    batch: Batch,
    parallel: usize,
    keep_going: bool,
) -> Outcome {
    let Batch { entries, mut faults, total } = batch;
    let bar = progress(entries.len());
    let stopped = AtomicBool::new(false);
    let stopped = &stopped;
    let sending = stream::iter(&entries).map(|entry| async move {
        if stopped.load(Ordering::Relaxed) {
            return (entry, Ended::NotSent);
        }
        let ended = publish(client, noun, entry).await;
        if matches!(ended, Ended::Refused(_)) && !keep_going {
            stopped.store(true, Ordering::Relaxed);
        }
        (entry, ended)
    });
    let mut sending = sending.buffered(parallel);
    let (mut published, mut unsent) = (0, 0);
    while let Some((entry, ended)) = sending.next().await {
        bar.inc(1);
        match ended {
            Ended::Published(value) => {
                published += 1;
                bar.suspend(|| session.output.result(&value, || line(&value)));
            }
            Ended::Refused(refusal) => faults.push(entry.fault(refusal)),
            Ended::NotSent => unsent += 1,
        }
    }
    bar.finish_and_clear();
    let lang = session.lang();
    let done = noun.many(published, lang);
    if faults.is_empty() {
        session.output.hint(&say!(lang, "{done} published", "已发布{done}"));
        return Ok(());
    }
    Err(partly(faults, &done, total - published, unsent, lang))
}

/// The report when some were published and others weren't.
pub fn partly(mut faults: Vec<input::Fault>, done: &str, left: usize, unsent: usize, lang: Lang) -> Problem {
    faults.sort_by(|a, b| (&a.file, a.place).cmp(&(&b.file, b.place)));
    let code = faults.first().map_or(Code::InputMalformed, |fault| fault.refusal.code);
    let what = say!(
        lang,
        "{left} of the entries were not published ({unsent} of them not tried)",
        "有 {left} 条没有发布（其中 {unsent} 条未尝试）"
    );
    Problem { faults, ..Problem::saying(code, what) }
        .kept(say!(lang, "{done} published and durable.", "已发布并落盘：{done}。"))
        .hint(say!(
            lang,
            "correct what is named above and run the same command again: what was published is not published twice",
            "改正以上问题后重新运行同一命令：已发布的不会重复发布"
        ))
}

/// One entry: its bytes first, then its record.
async fn publish(client: &Client, noun: Noun, entry: &Entry) -> Ended {
    let whole = async {
        if let Some(blob) = &entry.blob {
            upload::store(client, blob).await?;
        }
        call_patiently(client, noun, &entry.request, &entry.key).await
    };
    match whole.await {
        Ok(value) => Ended::Published(located(value, noun, entry)),
        Err(refusal) => Ended::Refused(refusal),
    }
}

/// Calls again after a break; the key makes that safe.
pub async fn call_patiently(
    client: &Client,
    noun: Noun,
    request: &[u8],
    key: &str,
) -> Result<Value, Refusal> {
    let attempt = || call(client, noun, request, key);
    let passing = |refusal: &Refusal| matches!(refusal.fault(), Fault::Unavailable | Fault::Exhausted);
    attempt.retry(ExponentialBuilder::default().with_jitter().with_max_times(5)).when(passing).await
}

/// Calls the service of a kind with an encoded request.
async fn call(client: &Client, noun: Noun, request: &[u8], key: &str) -> Result<Value, Refusal> {
    macro_rules! through {
        ($service:ident, $request:ident) => {{
            let mut request = decode::<node::$request>(request)?;
            key.clone_into(&mut request.idempotency_key);
            client
                .$service()
                .publish(request)
                .await
                .map(|answer| json::node("Published", &answer.into_inner()))
        }};
    }
    let answer = match noun {
        Noun::Listing => through!(listings, PublishListingRequest),
        Noun::Organisation => through!(organisations, PublishOrganisationRequest),
        Noun::Conference => through!(conferences, PublishConferenceRequest),
        Noun::Material => through!(materials, PublishMaterialRequest),
        Noun::Agreement => through!(agreements, PublishAgreementRequest),
        Noun::Translation => through!(translations, PublishTranslationRequest),
        Noun::Profile => {
            let mut request = decode::<node::PublishProfileRequest>(request)?;
            key.clone_into(&mut request.idempotency_key);
            client.profiles().publish(request).await.map(|answer| profile_value(&answer.into_inner()))
        }
    };
    answer.map_err(|status| refusal_of(&status))
}

/// The profile's own record, with its consent beside it.
fn profile_value(answer: &node::PublishProfileResponse) -> Value {
    let part = |part: &Option<node::Published>| part.as_ref().map(|part| json::node("Published", part));
    let mut value = part(&answer.profile).unwrap_or_else(|| json!({}));
    value["consent"] = part(&answer.consent).unwrap_or_default();
    value
}

fn decode<M: prost::Message + Default>(request: &[u8]) -> Result<M, Refusal> {
    M::decode(request).map_err(|error| Refusal::new(Code::Internal).with("detail", error))
}

fn located(mut value: Value, noun: Noun, entry: &Entry) -> Value {
    value["kind"] = json!(noun.word());
    value["file"] = json!(entry.file);
    value["line"] = json!(entry.place().line);
    value["entry"] = json!(entry.number);
    value["hash"] = value["record"]["hash"].clone();
    value
}

fn line(value: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}  {}  {}:{}", text(&value["id"]), text(&value["hash"]), text(&value["file"]), value["line"])
}

/// A bar for so many entries.
pub fn progress(length: usize) -> ProgressBar {
    if length < 2 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {per_sec}  {eta}") {
        bar.set_style(style);
    }
    bar
}
