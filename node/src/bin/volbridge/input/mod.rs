//! Input files: YAML or JSON, one record or thousands. All of it is read and
//! checked before anything is published, and every fault of every entry goes into
//! one report with file, line and field.

pub mod blob;
pub mod message;
pub mod parse;
pub mod tree;

use std::{
    collections::HashMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use volbridge_proto::{Code, Refusal, kinds, record::ContentVerdict};

use self::{
    parse::Form,
    tree::{Key, Node, Place, Value},
};
use crate::noun::Noun;

/// Larger files are refused: nobody reads a report about them.
const LARGEST_FILE: u64 = 256 << 20;

/// Something wrong in an input file.
#[derive(Clone, Debug)]
pub struct Fault {
    pub file: String,
    pub place: Place,
    /// Which entry of the file, from 1; absent where no entry can be told.
    pub entry: Option<usize>,
    pub refusal: Refusal,
}

/// One record to publish.
#[derive(Clone, Debug)]
pub struct Entry {
    pub file: String,
    /// Which entry of the file, from 1.
    pub number: usize,
    node: Node,
    /// The encoded request, without its idempotency key.
    pub request: Vec<u8>,
    /// The same for the same content, however often it is sent.
    pub key: String,
    /// A file whose bytes go first.
    pub blob: Option<blob::LocalBlob>,
}

impl Entry {
    /// What the node says about a field, at its line in the file.
    pub fn fault(&self, refusal: Refusal) -> Fault {
        let place = self.place_of(&refusal.field);
        Fault { file: self.file.clone(), place, entry: Some(self.number), refusal }
    }

    /// Where the entry begins.
    pub fn place(&self) -> Place {
        self.node.place
    }

    fn place_of(&self, field: &str) -> Place {
        let whole = self.node.place_of(field);
        // The node names fields of its request, too: `listing.title`.
        let inner = field.split_once('.').map_or(whole, |(_, inner)| self.node.place_of(inner));
        whole.max(inner)
    }
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries without a fault.
    pub entries: Vec<Entry>,
    /// In the order in which one reads.
    pub faults: Vec<Fault>,
    /// Entries with and without faults.
    pub total: usize,
}

/// What else the command line says about the entries.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--file`: the document of a material.
    pub file: Option<PathBuf>,
    /// Set: entries that were published before are published again under this name.
    pub run: Option<String>,
}

/// Reads and checks files; `-` is standard input.
pub fn read(noun: Noun, files: &[PathBuf], options: &Options) -> Batch {
    let mut reader = Reader { noun, options, batch: Batch::default(), repeats: HashMap::new() };
    for file in files {
        reader.file(file);
    }
    reader.batch
}

struct Reader<'a> {
    noun: Noun,
    options: &'a Options,
    batch: Batch,
    /// How often the same content has come.
    repeats: HashMap<[u8; 32], u32>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match text_of(path) {
            Ok(text) => text,
            Err(refusal) => {
                let place = Place { line: 1, column: 1 };
                return self.batch.faults.push(Fault { file: name, place, entry: None, refusal });
            }
        };
        self.text(path, &text);
    }

    /// The text of a file of this name; paths in it start at the file's folder.
    fn text(&mut self, path: &Path, text: &str) {
        let name = path.display().to_string();
        let mut number = 0;
        for document in parse::documents(text, Form::of(&name, text)) {
            match document {
                Err((place, refusal)) => {
                    self.batch.faults.push(Fault { file: name.clone(), place, entry: None, refusal });
                }
                Ok(Node { value: Value::List(nodes), .. }) => {
                    for node in nodes {
                        number += 1;
                        self.entry(path, &name, number, node);
                    }
                }
                Ok(node) => {
                    number += 1;
                    self.entry(path, &name, number, node);
                }
            }
        }
        if number == 0 && self.batch.faults.last().is_none_or(|fault| fault.file != name) {
            let refusal = Refusal::new(Code::InputMalformed).with("detail", "the file holds no entry");
            self.batch.faults.push(Fault {
                file: name,
                place: Place { line: 1, column: 1 },
                entry: None,
                refusal,
            });
        }
    }

    fn entry(&mut self, path: &Path, file: &str, number: usize, node: Node) {
        self.batch.total += 1;
        let mut faults = Vec::new();
        let entry = self.encode(path, file, number, node, &mut faults);
        if faults.is_empty() {
            self.batch.entries.push(entry);
        } else {
            faults.sort_by_key(|(place, _)| *place);
            let entry = Some(number);
            let faults = faults.into_iter().map(|(place, refusal)| Fault {
                file: file.to_owned(),
                place,
                entry,
                refusal,
            });
            self.batch.faults.extend(faults);
        }
    }

    fn encode(
        &mut self,
        path: &Path,
        file: &str,
        number: usize,
        mut record: Node,
        faults: &mut Vec<message::Fault>,
    ) -> Entry {
        let envelope: Vec<(Key, Node)> =
            self.noun.envelope().iter().filter_map(|name| record.take(name)).collect();
        let envelope = Node { place: record.place, value: Value::Map(envelope) };
        let mut request = message::encode(self.noun.request(), &envelope, faults);
        let blob = if self.noun == Noun::Material {
            blob::replace_file(&mut record, path, self.options.file.as_deref(), faults)
        } else {
            None
        };
        let no_file = faults.iter().any(|(_, refusal)| refusal.field == "file");
        let readable = faults.len();
        let payload = message::encode(self.noun.message(), &record, faults);
        let mut unreadable: Vec<String> =
            faults.iter().skip(readable).map(|(_, refusal)| refusal.field.clone()).collect();
        unreadable.extend(no_file.then(|| "blob".to_owned()));
        for refusal in validate(self.noun, &payload) {
            // What couldn't be read isn't missing, too.
            if !unreadable.iter().any(|field| within(&refusal.field, field)) {
                faults.push((record.place_of(&refusal.field), refusal));
            }
        }
        if let (Value::Map(fields), Value::Map(around)) = (&mut record.value, envelope.value) {
            fields.extend(around);
        }
        prost::encoding::bytes::encode(1, &payload, &mut request);
        let key = self.key(&request);
        Entry { file: file.to_owned(), number, node: record, request, key, blob }
    }

    /// The same entries give the same keys, in whatever order; the same entry twice, two.
    fn key(&mut self, request: &[u8]) -> String {
        let mut hash = blake3::Hasher::new_derive_key("volbridge cli idempotency v1");
        hash.update(self.noun.word().as_bytes());
        hash.update(&[0]);
        hash.update(self.options.run.as_deref().unwrap_or_default().as_bytes());
        hash.update(&[0]);
        hash.update(request);
        let content = *hash.finalize().as_bytes();
        let nth = self.repeats.entry(content).or_default();
        *nth += 1;
        hash.update(&nth.to_be_bytes());
        format!("file-{}", hex::encode(&hash.finalize().as_bytes()[..16]))
    }
}

/// Whether `field` is `outer` or a part of it.
fn within(field: &str, outer: &str) -> bool {
    field.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// All faults that can be told without the node.
fn validate(noun: Noun, payload: &[u8]) -> Vec<Refusal> {
    let (payload, outer) = match noun {
        Noun::Agreement => {
            let mut outer = Vec::new();
            prost::encoding::bytes::encode(1, &payload.to_vec(), &mut outer);
            (outer, "terms.")
        }
        _ => (payload.to_vec(), ""),
    };
    let ContentVerdict::Invalid(mut refusals) = kinds::validate(noun.kind(), &payload) else {
        return Vec::new();
    };
    // The node takes it from the entry's `source`.
    refusals.retain(|refusal| {
        noun != Noun::Translation || (refusal.code, refusal.field.as_str()) != (Code::FieldRequired, "of")
    });
    for refusal in &mut refusals {
        if let Some(inner) = refusal.field.strip_prefix(outer) {
            refusal.field = inner.to_owned();
        }
    }
    refusals
}

fn text_of(path: &Path) -> Result<String, Refusal> {
    let unreadable = |error: std::io::Error| Refusal::new(Code::InputMalformed).with("detail", error);
    let mut bytes = Vec::new();
    let mut from: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).map_err(unreadable)?)
    };
    from.by_ref().take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Refusal::new(Code::InputTooLarge).with("limit", "256 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        Refusal::new(Code::InputMalformed).with("detail", format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests;
