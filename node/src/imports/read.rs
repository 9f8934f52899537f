//! A file of another program, read to its end: each listing with all that is wrong with it, one after the other, so that a
//! file may hold more of them than memory would. The command line and the node read with the same code.

use std::{
    collections::HashSet,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    str::FromStr,
};

use prost::Message as _;
use volbridge_formats::{
    Entry, Fault, Translation, activity, jsonl, schema_org,
    table::{Found, Mapping, Names, Reader, Row, Source, csv, xlsx},
};
use volbridge_proto::{
    Code, Refusal, SubjectId,
    kinds::{listing::prose, translation},
    wire::record::v1::{Listing, Segment, Subject, Translation as Record},
};

/// Bytes of a file.
pub const LARGEST: u64 = 64 << 20;
/// Of one that is held as a whole, as a tree many times its size.
const LARGEST_TREE: u64 = 16 << 20;
/// Listings of a file: each takes some bytes while it is read, to find those that come twice.
const MOST: u64 = 500_000;
/// Columns of a table: more than there are in twelve languages.
const WIDTH: usize = 1_024;
/// Cells of a column that are shown, letters of each, and rows that are looked through for them.
const EXAMPLES: usize = 3;
const EXAMPLE: usize = 80;
const PEEKED: usize = 20;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table as text.
    Csv,
    /// A workbook.
    Xlsx,
    /// One listing a line.
    Jsonl,
    /// JSON-LD, of schema.org or of the British standard.
    Jsonld,
}

impl Format {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Csv, Self::Xlsx, Self::Jsonl, Self::Jsonld];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
            Self::Jsonld => "jsonld",
        }
    }

    /// By the ending of a file's name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "json" | "jsonld" => Some(Self::Jsonld),
            _ => None,
        }
    }
}

/// No format has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no format has this name")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name).ok_or(UnknownFormat)
    }
}

/// What somebody says of a file that it doesn't say itself.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How it is written.
    pub format: Format,
    /// Of listings that name none.
    pub organisation: Option<SubjectId>,
    /// Of listings that name none.
    pub language: String,
    /// What headers mean; an empty column leaves the header out.
    pub columns: Vec<(String, String)>,
    /// The key of a listing follows from all that it says, not from its giver's id alone.
    pub revise: bool,
}

/// A header of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As it stands there.
    pub header: String,
    /// The column's English name; none: left out, or not understood.
    pub column: Option<String>,
    /// The beginning of what stands below.
    pub examples: Vec<String>,
}

/// A listing of the file.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its first row.
    pub row: u64,
    /// What could be read.
    pub entry: Entry,
    /// By which it is known again.
    pub key: String,
    /// Why it can't be published.
    pub faults: Vec<Fault>,
}

/// Who takes what is read.
pub trait Sink {
    /// The headers, if it is a table: once, before any listing.
    fn columns(&mut self, columns: Vec<Column>);
    /// A listing; breaks if no more are wanted.
    fn listing(&mut self, judged: Judged) -> ControlFlow<()>;
}

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What was said of a header can't be: the table has none of this name, or no column has that name.
    #[error("{0}")]
    Column(String),
    /// It is larger than can be held.
    #[error("the file is too large")]
    TooLarge,
    /// It isn't what its name says.
    #[error("{0}")]
    Malformed(String),
    /// The disk.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl ReadError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Column(_) => Code::FieldUnknown,
            Self::TooLarge => Code::InputTooLarge,
            Self::Malformed(_) => Code::InputMalformed,
            Self::Io(_) => Code::StoreFailed,
        }
    }
}

/// Reads all of it, or until no more is wanted. A file without listings has a fault in its first row.
///
/// # Errors
/// When it can't be read at all.
pub fn read(file: impl Read, reading: &Reading, to: &mut impl Sink) -> Result<(), ReadError> {
    let mut judge = Judge { reading, to, seen: HashSet::new(), total: 0 };
    let flow = match reading.format {
        Format::Csv => judge.table(csv::open(BufReader::new(file)))?,
        Format::Xlsx => judge.table(xlsx::open(whole(file, LARGEST)?))?,
        Format::Jsonl => judge.lines(jsonl::read(BufReader::new(file))),
        Format::Jsonld => {
            let document = serde_json::from_slice(&whole(file, LARGEST_TREE)?)
                .map_err(|error| ReadError::Malformed(error.to_string()))?;
            let found =
                schema_org::read(&document).into_iter().chain(activity::read(&document, &reading.language));
            (1..).zip(found).try_for_each(|(number, entry)| judge.entry(number, Ok(entry)))
        }
    };
    if flow.is_continue() && judge.total == 0 {
        let _ = judge.broken(Fault::new(1, "", Code::FieldRequired, ""));
    }
    if judge.total > MOST { Err(ReadError::TooLarge) } else { Ok(()) }
}

fn whole(file: impl Read, largest: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest { Err(ReadError::TooLarge) } else { Ok(bytes) }
}

struct Judge<'a, S> {
    reading: &'a Reading,
    to: &'a mut S,
    /// Hashes of the keys that have come.
    seen: HashSet<[u8; 16]>,
    total: u64,
}

impl<S: Sink> Judge<'_, S> {
    fn table<I>(&mut self, source: Result<Source<I>, Fault>) -> Result<ControlFlow<()>, ReadError>
    where
        I: Iterator<Item = Row>,
    {
        let source = match source {
            Ok(source) => source,
            Err(fault) if fault.code == Code::InputTooLarge => return Err(ReadError::TooLarge),
            Err(fault) => return Ok(self.broken(fault)),
        };
        if source.headers.len() > WIDTH {
            return Ok(self.broken(Fault::new(1, "", Code::FieldTooMany, "")));
        }
        let mut mapping = Mapping::guess(&source.headers);
        for (header, column) in &self.reading.columns {
            let assigned = mapping.assign(header, column);
            assigned.map_err(|_| ReadError::Column(format!("{header}={column}")))?;
        }
        let (first, source) = source.peek(PEEKED);
        self.to.columns(columns(&mapping, &first));
        for mut found in Reader::new(source, mapping.clone()) {
            self.complete(&mut found.entry);
            let faults = faults(&found, &mapping);
            if self.judged(found.row, found.entry, faults).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn lines<R: io::BufRead>(&mut self, mut lines: jsonl::Reader<R>) -> ControlFlow<()> {
        while let Some(line) = lines.next() {
            self.entry(lines.row(), line)?;
        }
        ControlFlow::Continue(())
    }

    fn entry(&mut self, row: u64, read: Result<Entry, Fault>) -> ControlFlow<()> {
        match read {
            Ok(mut entry) => {
                self.complete(&mut entry);
                let faults = entry.refusals().iter().map(|refusal| Fault::of(row, refusal)).collect();
                self.judged(row, entry, faults)
            }
            Err(fault) => self.broken(fault),
        }
    }

    /// What can't be read as a listing at all.
    fn broken(&mut self, fault: Fault) -> ControlFlow<()> {
        self.total += 1;
        self.to.listing(Judged {
            row: fault.row,
            entry: Entry::default(),
            key: String::new(),
            faults: vec![fault],
        })
    }

    /// What the file doesn't say.
    fn complete(&self, entry: &mut Entry) {
        entry.tidy();
        if entry.listing.organisation.is_empty() {
            entry.listing.organisation = self.reading.organisation.map_or_else(Vec::new, SubjectId::to_vec);
        }
        if entry.listing.language.is_empty() && !self.reading.language.is_empty() {
            entry.listing.language.clone_from(&self.reading.language);
            own_texts(entry);
        }
    }

    fn judged(&mut self, row: u64, entry: Entry, mut faults: Vec<Fault>) -> ControlFlow<()> {
        self.total += 1;
        if self.total > MOST {
            return ControlFlow::Break(());
        }
        faults.extend(refusals(&entry).iter().map(|refusal| Fault::of(row, refusal)));
        let hash = hash(&entry, self.reading.revise);
        if faults.is_empty() && !self.seen.insert(hash) {
            faults.push(Fault::new(row, "reference", Code::FieldDuplicate, &entry.key()));
        }
        self.to.listing(Judged { row, entry, key: format!("import-{}", hex::encode(hash)), faults })
    }
}

fn columns(mapping: &Mapping, rows: &[Vec<String>]) -> Vec<Column> {
    let columns = mapping.columns(Names::English).enumerate().map(|(at, (header, column))| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.trim());
        let mut examples: Vec<String> = Vec::new();
        for cell in cells.filter(|cell| !cell.is_empty()) {
            let example: String = cell.chars().take(EXAMPLE).collect();
            if examples.len() < EXAMPLES && !examples.contains(&example) {
                examples.push(example);
            }
        }
        Column { header: header.to_owned(), column, examples }
    });
    columns.collect()
}

/// What is wrong with the cells, and with what they say together: of a cell once, with what stands there if that is
/// known.
fn faults(found: &Found, mapping: &Mapping) -> Vec<Fault> {
    let mut faults = found.faults.clone();
    for fault in found.check(mapping) {
        match faults.iter_mut().find(|known| known.column == fault.column && known.row == fault.row) {
            None => faults.push(fault),
            Some(known) if known.value.is_empty() => *known = fault,
            Some(_) => {}
        }
    }
    faults
}

/// The same for the same listing of the same organisation, however often it is sent. A new revision is another request;
/// so is a listing without an id of its giver's that says something else.
fn hash(entry: &Entry, revise: bool) -> [u8; 16] {
    let mut hash = blake3::Hasher::new_derive_key("volbridge import idempotency v1");
    hash.update(&entry.listing.organisation);
    hash.update(&[0]);
    hash.update(entry.key().as_bytes());
    hash.update(&[0]);
    if entry.key().is_empty() || revise {
        hash.update(&entry.listing.encode_to_vec());
    }
    let mut short = [0; 16];
    hash.finalize_xof().fill(&mut short);
    short
}

/// Texts in a listing's own language, as far as that wasn't known when they were read, are no translation: `zh` and
/// `zh-CN` are both its own.
fn own_texts(entry: &mut Entry) {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let own = primary(&entry.listing.language);
    let listing = &mut entry.listing;
    for own in entry.translations.extract_if(.., |text| primary(&text.language) == own) {
        for (field, text) in own.fields {
            if let Some(place) = prose_of(listing, &field).filter(|place| place.is_empty()) {
                *place = text;
            }
        }
    }
}

/// A text of a listing by its field, as `kinds::listing::prose` names it.
fn prose_of<'a>(listing: &'a mut Listing, field: &str) -> Option<&'a mut String> {
    match field {
        "title" => Some(&mut listing.title),
        "summary" => Some(&mut listing.summary),
        "description" => Some(&mut listing.description),
        "requirements" => Some(&mut listing.requirements),
        "how_to_apply" => Some(&mut listing.how_to_apply),
        "safety" => Some(&mut listing.safety),
        "costs" => Some(&mut listing.costs),
        "accessibility" => Some(&mut listing.accessibility),
        "selection" => Some(&mut listing.selection),
        _ => role_text(listing, field),
    }
}

/// `roles.3.tasks`
fn role_text<'a>(listing: &'a mut Listing, field: &str) -> Option<&'a mut String> {
    let (number, part) = field.strip_prefix("roles.")?.split_once('.')?;
    let role = listing.roles.iter_mut().find(|role| role.number.to_string() == number)?;
    match part {
        "title" => Some(&mut role.title),
        "tasks" => Some(&mut role.tasks),
        _ => None,
    }
}

/// A translation as a record; whoever says nothing of how it came about has written it.
#[must_use]
pub fn record(entry: &Entry, translation: &Translation) -> Record {
    let known = prose(&entry.listing);
    let segments =
        translation.fields.iter().filter(|(field, _)| known.iter().any(|(name, _)| name == *field));
    let origin = if translation.origin.is_empty() { "human" } else { &translation.origin };
    let segment = |(field, text): (&String, &String)| Segment {
        field: field.clone(),
        text: text.clone(),
        origin: origin.to_owned(),
        engine: translation.engine.clone(),
        ..Segment::default()
    };
    Record { of: None, language: translation.language.clone(), segments: segments.map(segment).collect() }
}

/// What a translator would be refused.
fn refusals(entry: &Entry) -> Vec<Refusal> {
    let judged = |translated: &Translation| {
        // The node says of what it is one.
        let of = Some(Subject { subject: vec![1; 16], ..Subject::default() });
        translation::validate(&Record { of, ..record(entry, translated) })
    };
    entry.translations.iter().flat_map(judged).collect()
}
