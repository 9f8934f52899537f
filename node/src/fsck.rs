//! Whether what is stored is what was verified: leaves against root and checkpoint, bodies against leaves, blobs
//! against their hashes, views against entries (threats.md F12, F13). Reads everything, changes nothing.

use futures::StreamExt as _;
use volbridge_proto::{
    BlobHash, Refusal,
    identity::rotation::KeyHistory,
    record_id,
    tlog::{
        checkpoint::VerifiedCheckpoint,
        entry::{Hash, leaf_hash},
        frontier::Frontier,
    },
};

use crate::{
    blobs::BlobError,
    context::Context,
    error::Error,
    ingest,
    store::{
        Query, StoreError,
        blobs::{self as blob_rows, BlobName},
        derived as rows,
        entries::{self, State},
        logs::{self, LogRow},
        tiles,
    },
};

/// Entries read at a time.
const STEP: u64 = 1_024;

/// Faults of one log that are named; a log in ruins needs no list.
const NAMED: usize = 100;

/// What was found in one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// The root over the stored leaves.
    pub root: Hash,
    /// How many leaves.
    pub entries: u64,
    /// How many bodies.
    pub bodies: u64,
    /// What is wrong, readable; empty: nothing.
    pub faults: Vec<String>,
}

/// What was found in the whole node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Leaves of all logs.
    pub entries: u64,
    /// Bodies held.
    pub bodies: u64,
    /// Blobs held.
    pub blobs: u64,
    /// What is wrong, readable; empty: nothing.
    pub faults: Vec<String>,
}

/// Recomputes a log's root from its entries, and each body's id.
///
/// # Errors
/// When the database can't be read.
pub async fn log(on: &impl Query, log: &LogRow, history: &KeyHistory) -> Result<LogReport, StoreError> {
    let mut report = LogReport { root: Frontier::new().root(), entries: 0, bodies: 0, faults: Vec::new() };
    let mut frontier = Frontier::new();
    let mut hashes = Vec::new();
    let mut covered = None;
    let mut start = 0;
    while start < log.size {
        let end = log.size.min(start + STEP);
        for entry in entries::range(on, log.number, start..end).await? {
            if entry.index != frontier.size() {
                report.fault(log, &format!("entry {} is missing", frontier.size()));
                return Ok(report);
            }
            hashes.push(leaf_hash(&entry.leaf));
            frontier.push(leaf_hash(&entry.leaf));
            if frontier.size() == log.checkpoint_size {
                covered = Some(frontier.root());
            }
            report.entries += 1;
            report.bodies += u64::from(entry.body.is_some());
            let fits = entry.body.as_deref().is_none_or(|body| Some(record_id(body)) == entry.id());
            if !fits {
                report.fault(log, &format!("entry {}: the body is damaged", entry.index));
            }
            if entry.body.is_some() != (entry.state == State::Held) {
                report.fault(log, &format!("entry {}: state and body contradict each other", entry.index));
            }
        }
        start = end;
    }
    report.root = frontier.root();
    if frontier != log.frontier {
        report.fault(log, "the entries don't give the stored tree");
    }
    if let Err(which) = tiles::check(on, log.number, hashes).await? {
        report.fault(log, &which);
    }
    if let Err(why) = checkpoint(log, history, covered) {
        report.fault(log, &format!("checkpoint: {why}"));
    }
    Ok(report)
}

impl LogReport {
    fn fault(&mut self, log: &LogRow, what: &str) {
        if self.faults.len() < NAMED {
            self.faults.push(format!("{}: {what}", log.origin));
        }
    }
}

fn checkpoint(log: &LogRow, history: &KeyHistory, covered: Option<Hash>) -> Result<(), String> {
    if log.checkpoint.is_empty() {
        return if log.size == 0 { Ok(()) } else { Err("there is none".to_owned()) };
    }
    let readable = |refusal: Refusal| refusal.to_string();
    let checkpoint = VerifiedCheckpoint::verify(&log.checkpoint, history).map_err(readable)?;
    if Some(*checkpoint.root()) == covered {
        Ok(())
    } else {
        Err("the entries don't give its root".to_owned())
    }
}

/// Checks every log, body and blob; if they are sound, what is derived from them.
///
/// # Errors
/// When the database can't be read.
pub async fn node(context: &Context) -> Result<Report, Error> {
    let on = context.db.snapshot().await?;
    let mut report = Report::default();
    for row in logs::all(&on).await? {
        let history = context.key_history(&on, &row).await?;
        let found = log(&on, &row, &history).await?;
        report.entries += found.entries;
        report.bodies += found.bodies;
        report.faults.extend(found.faults);
    }
    drop(on);
    blobs(context, &mut report).await?;
    if report.faults.is_empty() {
        report.faults = derived(context).await?;
    }
    Ok(report)
}

/// The tables that aren't what the entries give: derived anew in a transaction that never commits. Nothing is published
/// meanwhile.
///
/// # Errors
/// When the database can't be read.
pub async fn derived(context: &Context) -> Result<Vec<String>, Error> {
    let mut tx = context.db.begin().await?;
    let stored = rows::rows(&tx).await?;
    ingest::rebuild(&mut tx, &context.reader()).await?;
    let given = rows::rows(&tx).await?;
    tx.rollback().await;
    let differ = |table: &&'static str| stored.get(*table) != given.get(*table);
    let tables = given.keys().copied().filter(differ);
    Ok(tables.map(|table| format!("table {table}: not what the entries give")).collect())
}

async fn blobs(context: &Context, report: &mut Report) -> Result<(), Error> {
    let mut after = None;
    while let Some((blob, read)) = next_blob(context, after).await? {
        after = Some(blob.hash);
        report.blobs += 1;
        if let Err(why) = read {
            report.faults.push(format!("blob {}: {why}", blob.hash));
        }
    }
    Ok(())
}

/// The blobs that are held and damaged.
///
/// # Errors
/// When the database can't be read.
pub async fn damaged_blobs(context: &Context) -> Result<Vec<BlobName>, Error> {
    let (mut after, mut damaged) = (None, Vec::new());
    while let Some((blob, read)) = next_blob(context, after).await? {
        after = Some(blob.hash);
        if read.is_err() {
            damaged.push(blob);
        }
    }
    Ok(damaged)
}

/// Reads the next blob that is held, which verifies it.
async fn next_blob(
    context: &Context,
    after: Option<BlobHash>,
) -> Result<Option<(BlobName, Result<(), BlobError>)>, Error> {
    let Some(blob) = blob_rows::all_held(&context.db, after, 1).await?.pop() else { return Ok(None) };
    Ok(Some((blob, whole(context, blob).await)))
}

async fn whole(context: &Context, blob: BlobName) -> Result<(), BlobError> {
    let mut pieces = Box::pin(context.blobs.read(blob.hash, 0, blob.size)?);
    while let Some(piece) = pieces.next().await {
        piece?;
    }
    Ok(())
}
