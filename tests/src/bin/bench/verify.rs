//! `verify`: proof files checked offline, on one core.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use volbridge_proto::{
    tlog::{note::SignedNote, policy::Policy, tlog_proof::TlogProof},
    wire::node::v1::{self as wire, logs_client::LogsClient, records_client::RecordsClient},
};

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    report::{Figure, Report, as_f64, rounded},
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Entries of the log that the proofs are of
    #[arg(long, default_value_t = 10_000)]
    records: u64,
    /// Different proofs
    #[arg(long, default_value_t = 200)]
    proofs: u64,
    /// Seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let node = Author::with(args.records, database).await?.copy(&run)?.serve(&[]).await?;
    let (mut files, mut bodies) = (Vec::new(), 0);
    let mut policy = String::new();
    let (mut logs, mut records) = (LogsClient::new(node.channel()), RecordsClient::new(node.channel()));
    for nth in 0..args.proofs {
        let start = nth * args.records / args.proofs;
        let request = wire::EntriesRequest { log: Some(wire::LogRequest::default()), start, limit: 1 };
        let entry = logs.entries(node.staff(request)).await?.into_inner().entries.pop().ok_or("no entry")?;
        let hash = entry.provenance.unwrap_or_default().hash;
        let file = records.proof(node.staff(wire::GetRecordRequest { hash })).await?.into_inner();
        bodies += entry.body.len() as u64;
        files.push(file.proof);
        policy = file.policy;
    }
    let policy = Policy::parse(policy.as_bytes()).map_err(|refusal| refusal.to_string())?;
    let time = Duration::from_secs(args.seconds);
    let whole = rate(&files, time, |file| {
        TlogProof::parse(file).and_then(|proof| proof.verify(&policy)).map(|record| drop(black_box(record)))
    })?;
    let notes: Vec<String> =
        files.iter().filter_map(|file| file.split_once("\n\n").map(|(_, note)| note.to_owned())).collect();
    let signatures = rate(&notes, time, |note| {
        policy.evaluate(&SignedNote::parse(note)?).map(|approved| drop(black_box(approved)))
    })?;
    let mut report = Report::new("verify", database.name());
    report.figure(Figure { value: whole, unit: "proofs/s a core" });
    report.limit(Figure { value: signatures, unit: "notes/s" }, "the signatures of the same files alone");
    report.set("records", args.records);
    let bytes: usize = files.iter().map(String::len).sum();
    report.set("proof_bytes", rounded(as_f64(bytes as u64) / as_f64(args.proofs)));
    report.set("body_bytes", rounded(as_f64(bodies) / as_f64(args.proofs)));
    Ok(report)
}

/// How many of these files a second pass a check, one after the other.
fn rate(
    files: &[String],
    time: Duration,
    check: impl Fn(&str) -> Result<(), volbridge_proto::Refusal>,
) -> Outcome<f64> {
    let (began, mut checked) = (Instant::now(), 0);
    while began.elapsed() < time {
        for file in files {
            check(file).map_err(|refusal| refusal.to_string())?;
        }
        checked += files.len() as u64;
    }
    Ok(as_f64(checked) / began.elapsed().as_secs_f64())
}
