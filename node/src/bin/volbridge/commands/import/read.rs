//! A file of another program, read to its end: its listings, and all that is wrong with them.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
};

use prost::Message as _;
use volbridge_formats::{
    Entry, Fault, activity, jsonl, schema_org,
    table::{Found, Mapping, Reader, Row as TableRow, Source, csv, xlsx},
};
use volbridge_proto::{Code, SubjectId};

use super::{Args, Row, refusals};
use crate::output::problem::{Outcome, Problem};

/// Larger files are refused where they are held as a whole.
const LARGEST: u64 = 64 << 20;

/// What was read.
#[derive(Default)]
pub struct Rows {
    /// Without a fault.
    pub rows: Vec<Row>,
    pub faults: Vec<Fault>,
    /// With and without faults.
    pub total: usize,
    /// Headers that mean nothing.
    pub unknown: Vec<String>,
}

/// Reads and checks.
pub fn read(args: &Args) -> Outcome<Rows> {
    let end = args.file.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    let mut judge = Judge { args, seen: HashSet::new(), read: Rows::default() };
    match end.as_str() {
        "csv" | "tsv" | "txt" => {
            let source = csv::open(BufReader::new(open(&args.file)?));
            judge.table(source)?;
        }
        "xlsx" => judge.table(xlsx::open(whole(&args.file)?))?,
        "jsonl" | "ndjson" => {
            let mut lines = jsonl::read(BufReader::new(open(&args.file)?));
            while let Some(line) = lines.next() {
                judge.entry(lines.row(), line);
            }
        }
        "json" | "jsonld" => {
            let document = serde_json::from_slice(&whole(&args.file)?)
                .map_err(|error| Problem::saying(Code::InputMalformed, error.to_string()))?;
            let language = args.language.as_deref().unwrap_or_default();
            let found = schema_org::read(&document).into_iter().chain(activity::read(&document, language));
            for (number, entry) in (1..).zip(found) {
                judge.entry(number, Ok(entry));
            }
        }
        _ => {
            let name = args.file.display();
            return Err(Problem::usage(format!("{name}: .csv, .xlsx, .jsonl, .jsonld")));
        }
    }
    if judge.read.total == 0 {
        judge.read.faults.push(Fault::new(1, "", Code::FieldRequired, ""));
    }
    Ok(judge.read)
}

fn open(path: &Path) -> Outcome<File> {
    File::open(path)
        .map_err(|error| Problem::saying(Code::InputMalformed, format!("{}: {error}", path.display())))
}

fn whole(path: &Path) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Problem::saying(Code::InputMalformed, format!("{}: {error}", path.display())))?;
    if bytes.len() as u64 > LARGEST { Err(Problem::new(Code::InputTooLarge)) } else { Ok(bytes) }
}

struct Judge<'a> {
    args: &'a Args,
    /// Keys that have come.
    seen: HashSet<String>,
    read: Rows,
}

impl Judge<'_> {
    fn table<I>(&mut self, source: Result<Source<I>, Fault>) -> Outcome
    where
        I: Iterator<Item = TableRow>,
    {
        let source = match source {
            Ok(source) => source,
            Err(fault) => {
                self.read.total += 1;
                self.read.faults.push(fault);
                return Ok(());
            }
        };
        let mapping = self.mapping(&source.headers)?;
        for mut found in Reader::new(source, mapping.clone()) {
            self.complete(&mut found.entry);
            let faults = faults(&found, &mapping);
            self.judged(found.row, found.entry, faults);
        }
        // What was left out on purpose isn't named.
        let left_out = |header: &&str| self.args.map.iter().any(|wish| wish.trim_end_matches('=') == *header);
        let unknown = mapping.unknown().into_iter().filter(|header| !left_out(header));
        self.read.unknown = unknown.map(str::to_owned).collect();
        Ok(())
    }

    fn mapping(&self, headers: &[String]) -> Outcome<Mapping> {
        let mut mapping = Mapping::guess(headers);
        for wish in &self.args.map {
            let assigned = wish.split_once('=').map(|(header, column)| mapping.assign(header, column));
            if assigned != Some(Ok(())) {
                return Err(Problem::usage(format!("--map {wish}")));
            }
        }
        Ok(mapping)
    }

    fn entry(&mut self, row: u64, read: Result<Entry, Fault>) {
        match read {
            Ok(mut entry) => {
                self.complete(&mut entry);
                let found = entry.refusals();
                let faults = found.iter().map(|refusal| Fault::of(row, refusal)).collect();
                self.judged(row, entry, faults);
            }
            Err(fault) => {
                self.read.total += 1;
                self.read.faults.push(fault);
            }
        }
    }

    /// What the file doesn't say, from the command line.
    fn complete(&self, entry: &mut Entry) {
        entry.tidy();
        if entry.listing.organisation.is_empty() {
            entry.listing.organisation = self.args.organisation.map_or_else(Vec::new, SubjectId::to_vec);
        }
        if entry.listing.language.is_empty() {
            entry.listing.language = self.args.language.clone().unwrap_or_default();
        }
    }

    fn judged(&mut self, number: u64, entry: Entry, mut faults: Vec<Fault>) {
        self.read.total += 1;
        faults.extend(refusals(&entry).iter().map(|refusal| Fault::of(number, refusal)));
        let key = key(&entry, self.args.revise);
        if faults.is_empty() && !self.seen.insert(key.clone()) {
            faults.push(Fault::new(number, "reference", Code::FieldDuplicate, &entry.key()));
        }
        if faults.is_empty() {
            self.read.rows.push(Row { number, entry, key });
        } else {
            self.read.faults.extend(faults);
        }
    }
}

/// What is wrong with the cells, and with what they say together; what couldn't be read isn't missing, too.
fn faults(found: &Found, mapping: &Mapping) -> Vec<Fault> {
    let mut faults = found.faults.clone();
    let unread = |fault: &Fault| {
        found.faults.iter().any(|known| known.column == fault.column && known.row == fault.row)
    };
    faults.extend(found.check(mapping).into_iter().filter(|fault| !unread(fault)));
    faults
}

/// The same for the same listing of the same organisation, however often it is sent. A new revision is another request;
/// so is a listing without an id of its giver's that says something else.
fn key(entry: &Entry, revise: bool) -> String {
    let mut hash = blake3::Hasher::new_derive_key("volbridge import idempotency v1");
    hash.update(&entry.listing.organisation);
    hash.update(&[0]);
    hash.update(entry.key().as_bytes());
    hash.update(&[0]);
    if entry.key().is_empty() || revise {
        hash.update(&entry.listing.encode_to_vec());
    }
    let bytes = hash.finalize();
    format!("import-{}", hex::encode(bytes.as_bytes().get(..16).unwrap_or_default()))
}
