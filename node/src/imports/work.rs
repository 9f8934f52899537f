//! Going through a file, batch by batch: a thread reads, a task judges and publishes, and what a batch came to is stored in
//! one transaction. If somebody changed the import meanwhile (cancelled it, said something else of its columns), the
//! transaction finds another version and the work ends there.

use std::{fs::File, ops::ControlFlow, sync::Arc};

use futures::{FutureExt as _, StreamExt as _, stream};
use prost::Message as _;
use tokio::sync::mpsc;
use volbridge_formats::Fault;
use volbridge_proto::{
    Code, SubjectId,
    error::Fault as Kind,
    wire::node::v1::{DraftTranslation, ImportColumn, ImportPreview, ImportRow as PreviewRow, ImportSetting},
};

use super::{
    State, file,
    publish::{Outcome, publish},
    read::{self, Column, Format, Judged, ReadError, Reading, Sink},
    rights::Asked,
};
use crate::{
    context::Context,
    error::Error,
    store::imports::{self, Counts, FaultRow, ImportRow, ListingRow},
};

/// Listings of a batch, and their bytes at most.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 4 << 20;
/// Batches that are read ahead.
const AHEAD: usize = 2;
/// Listings that are published at the same time.
const PARALLEL: usize = 32;
/// Listings that are shown before anything is published, and their bytes at most.
const SHOWN: usize = 20;
const SHOWN_BYTES: usize = 512 << 10;
/// Faults that are kept; further ones are counted.
const FAULTS: u64 = 10_000;

/// Goes through the file of an import that is checked or published. False: to be tried again later.
///
/// # Errors
/// What the database or the disk says; what wasn't done is done when it is tried again.
pub async fn work(context: &Arc<Context>, row: ImportRow) -> Result<bool, Error> {
    let running = row.state == State::Running;
    let reading = reading(&row)?;
    let mut job = Job { context, running, asked: Asked::default(), preview: ImportPreview::default(), row };
    if running {
        job.preview = preview(&job.row)?;
    } else {
        job.row.counts = Counts::default();
    }
    // Each row is judged from the beginning: what was found before is found again.
    let begins = job.row.counts.done == 0;
    if begins && !job.store(Change { clear: true, ..Change::default() }).await? {
        return Ok(true);
    }
    let (sender, mut pieces) = mpsc::channel(AHEAD);
    let (path, skip) = (file::path(context, job.row.id), job.row.counts.done);
    let reader = tokio::task::spawn_blocking(move || -> Result<(), ReadError> {
        let mut batches = Batches { to: sender, skip, listings: Vec::new(), bytes: 0 };
        read::read(File::open(path)?, &reading, &mut batches)?;
        let _ = batches.send();
        Ok(())
    });
    while let Some(piece) = pieces.recv().await {
        if context.is_stopping() {
            return Ok(false);
        }
        match piece {
            Piece::Columns(columns) if !running => {
                job.preview.columns = columns.into_iter().map(column).collect();
            }
            Piece::Columns(_) => {}
            Piece::Listings(listings) => {
                if !job.batch(listings).await? {
                    return Ok(true);
                }
            }
        }
    }
    let read: Result<(), ReadError> =
        reader.await.map_err(|error| Error::new(Code::Internal).because(error))?;
    job.end(read).await?;
    Ok(true)
}

/// What an import says of its file.
pub(super) fn reading(row: &ImportRow) -> Result<Reading, Error> {
    let setting = ImportSetting::decode(row.setting.as_slice())
        .map_err(|error| Error::new(Code::StoreCorrupt).because(error))?;
    let format =
        setting.format.parse::<Format>().map_err(|error| Error::new(Code::StoreCorrupt).because(error))?;
    Ok(Reading {
        format,
        organisation: row.organisation,
        language: setting.language,
        columns: setting.columns.into_iter().map(|meaning| (meaning.header, meaning.column)).collect(),
        revise: false,
    })
}

fn preview(row: &ImportRow) -> Result<ImportPreview, Error> {
    ImportPreview::decode(row.preview.as_slice())
        .map_err(|error| Error::new(Code::StoreCorrupt).because(error))
}

/// What the thread hands over.
enum Piece {
    Columns(Vec<Column>),
    Listings(Vec<Judged>),
}

/// Gathers listings; waits while the batches before are worked on, and ends when nobody takes them any more.
struct Batches {
    to: mpsc::Sender<Piece>,
    /// Listings that were dealt with before.
    skip: u64,
    listings: Vec<Judged>,
    bytes: usize,
}

impl Batches {
    fn send(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let listings = std::mem::take(&mut self.listings);
        if listings.is_empty() || self.to.blocking_send(Piece::Listings(listings)).is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

impl Sink for Batches {
    fn columns(&mut self, columns: Vec<Column>) {
        // Nobody takes them: the first listing will find out.
        let _ = self.to.blocking_send(Piece::Columns(columns));
    }

    fn listing(&mut self, judged: Judged) -> ControlFlow<()> {
        if self.skip > 0 {
            self.skip -= 1;
            return ControlFlow::Continue(());
        }
        let texts = judged.entry.translations.iter().flat_map(|text| text.fields.values().map(String::len));
        self.bytes += judged.entry.listing.encoded_len() + texts.sum::<usize>();
        self.listings.push(judged);
        if self.listings.len() >= BATCH || self.bytes >= BATCH_BYTES {
            return self.send();
        }
        ControlFlow::Continue(())
    }
}

fn column(column: Column) -> ImportColumn {
    let Column { header, column, examples } = column;
    ImportColumn { header, column: column.unwrap_or_default(), examples }
}

/// What is stored beside the import itself.
#[derive(Default)]
struct Change {
    clear: bool,
    faults: Vec<FaultRow>,
    listings: Vec<ListingRow>,
}

struct Job<'a> {
    context: &'a Arc<Context>,
    running: bool,
    asked: Asked,
    preview: ImportPreview,
    row: ImportRow,
}

impl Job<'_> {
    /// Stores what has become of it. False: somebody has changed it meanwhile.
    async fn store(&mut self, change: Change) -> Result<bool, Error> {
        self.row.version += 1;
        self.row.changed_at = self.context.now();
        let row = self.row.clone();
        let stored = self.context.db.write(move |tx| {
            async move {
                if !imports::update(tx, &row).await? {
                    return Ok::<_, Error>(false);
                }
                if change.clear {
                    imports::clear(tx, row.id).await?;
                }
                imports::add_faults(tx, row.id, change.faults).await?;
                imports::add_listings(tx, row.id, change.listings).await?;
                Ok(true)
            }
            .boxed()
        });
        stored.await
    }

    async fn batch(&mut self, mut listings: Vec<Judged>) -> Result<bool, Error> {
        // Roles may have changed since the last one.
        self.asked = Asked::default();
        for judged in listings.iter_mut().filter(|judged| judged.faults.is_empty()) {
            let organisation = &judged.entry.listing.organisation;
            let by = if self.running { self.row.started_by } else { self.row.brought_by };
            if !self.asked.may(self.context, by, organisation, self.running).await? {
                let value = SubjectId::try_from(organisation.as_slice()).map(|one| one.to_string());
                judged.faults.push(Fault::new(
                    judged.row,
                    "organisation",
                    Code::PermissionDenied,
                    &value.unwrap_or_default(),
                ));
            }
        }
        let outcomes = if self.running { self.publish(&listings).await } else { Vec::new() };
        let mut outcomes = outcomes.into_iter();
        let mut change = Change::default();
        for judged in listings {
            match outcomes.next().unwrap_or(Ok(None)) {
                Ok(outcome) => self.count(judged, outcome, &mut change),
                Err(error) if matches!(error.code, Code::LogFrozen | Code::LogFull) => {
                    self.fail(error.code).await?;
                    return Ok(false);
                }
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) => {
                    let fault = Fault::new(judged.row, error.field, error.code, "");
                    self.count(Judged { faults: vec![fault], ..judged }, None, &mut change);
                }
            }
        }
        self.store(change).await
    }

    async fn publish(&self, listings: &[Judged]) -> Vec<Result<Option<(SubjectId, Outcome)>, Error>> {
        // Boxed: a future over a borrowed one of many can't be shown to be `Send`.
        let calls: Vec<_> = listings.iter().map(|judged| self.one(judged).boxed()).collect();
        stream::iter(calls).buffered(PARALLEL).collect().await
    }

    async fn one(&self, judged: &Judged) -> Result<Option<(SubjectId, Outcome)>, Error> {
        if !judged.faults.is_empty() {
            return Ok(None);
        }
        let (by, since) = (self.row.started_by, self.row.started_at);
        publish(self.context, &judged.entry, &judged.key, by, since).await.map(Some)
    }

    fn count(&mut self, judged: Judged, outcome: Option<(SubjectId, Outcome)>, change: &mut Change) {
        if !self.running {
            self.show(&judged);
        }
        let counts = &mut self.row.counts;
        if self.running {
            counts.done += 1;
        } else {
            counts.total += 1;
        }
        if let Some((subject, outcome)) = outcome {
            let number = counts.published + counts.revised + counts.unchanged;
            let (row, reference) = (judged.row, judged.entry.reference);
            let outcome_name = outcome.as_str().to_owned();
            change.listings.push(ListingRow { number, row, reference, subject, outcome: outcome_name });
            match outcome {
                Outcome::Published => counts.published += 1,
                Outcome::Revised => counts.revised += 1,
                Outcome::Unchanged => counts.unchanged += 1,
            }
        }
        if judged.faults.is_empty() {
            counts.good += u64::from(!self.running);
        } else {
            counts.faulty += 1;
        }
        for fault in judged.faults {
            add(counts, fault, change);
        }
    }

    /// Keeps one of the first for whoever looks before it is published.
    fn show(&mut self, judged: &Judged) {
        let row = PreviewRow {
            row: judged.row,
            reference: judged.entry.reference.clone(),
            listing: Some(judged.entry.listing.clone()),
            translations: judged
                .entry
                .translations
                .iter()
                .map(|text| DraftTranslation { language: text.language.clone(), fields: text.fields.clone() })
                .collect(),
            faulty: !judged.faults.is_empty(),
        };
        let room =
            self.preview.rows.len() < SHOWN && self.preview.encoded_len() + row.encoded_len() <= SHOWN_BYTES;
        if room {
            self.preview.rows.push(row);
        }
    }

    async fn end(&mut self, read: Result<(), ReadError>) -> Result<(), Error> {
        let mut change = Change::default();
        match read {
            Ok(()) => {}
            // What was said of the columns can be said otherwise.
            Err(ReadError::Column(said)) if !self.running => {
                self.preview.columns = preview(&self.row)?.columns;
                add(&mut self.row.counts, Fault::new(1, said, Code::FieldUnknown, ""), &mut change);
            }
            Err(error) => {
                tracing::warn!(%error, "the file of an import can't be read");
                return self.fail(error.code()).await;
            }
        }
        self.row.state = if self.running { State::Done } else { State::Ready };
        self.row.preview = self.preview.encode_to_vec();
        if self.store(change).await? && self.running {
            file::remove(self.context, self.row.id).await?;
        }
        Ok(())
    }

    async fn fail(&mut self, code: Code) -> Result<(), Error> {
        self.row.state = State::Failed;
        code.as_str().clone_into(&mut self.row.reason);
        if self.store(Change::default()).await? {
            file::remove(self.context, self.row.id).await?;
        }
        Ok(())
    }
}

fn add(counts: &mut Counts, fault: Fault, change: &mut Change) {
    let number = counts.faults;
    counts.faults += 1;
    if number < FAULTS {
        change.faults.push(FaultRow {
            number,
            row: fault.row,
            column: fault.column,
            code: fault.code.as_str().to_owned(),
            value: fault.value,
        });
    }
}

/// Whether it isn't the listing's fault: it may go when it is tried again.
fn is_ours(error: &Error) -> bool {
    matches!(error.code.fault(), Kind::Internal | Kind::Unavailable | Kind::Late)
}
