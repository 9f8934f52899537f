//! JSON Lines (<https://jsonlines.org>): one listing a line, with its translations. Loses nothing.
//!
//! `{"reference":"2027-014","listing":{"language":"zh-CN","title":"…",…},"translations":[{"language":"en","fields":{"title":"…"}}]}`
//!
//! Read and written line by line: a file may be larger than memory. Names of fields are those of the protocol.

use std::io::{self, BufRead, Read as _, Write};

use volbridge_proto::Code;

use crate::{Entry, Fault, WriteError};

/// The media type.
pub const MEDIA_TYPE: &str = "application/jsonl";
/// Bytes of a line: a body and its translations into many languages.
const LINE: u64 = 8 << 20;

/// Writes one listing and the end of its line.
pub fn write(to: &mut impl Write, entry: &Entry) -> Result<(), WriteError> {
    serde_json::to_writer(&mut *to, entry)?;
    to.write_all(b"\n")?;
    Ok(())
}

/// Reads listings, or the fault of a line, to the end of the file.
pub fn read<R: BufRead>(from: R) -> Reader<R> {
    Reader { from, row: 0, over: false }
}

/// The lines of a file, one after the other; empty ones are passed over.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    row: u64,
    over: bool,
}

impl<R> Reader<R> {
    /// The number of the line that was read last, from 1.
    pub fn row(&self) -> u64 {
        self.row
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Entry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            let line = match self.line() {
                Ok(line) => line?,
                Err(fault) => return Some(Err(fault)),
            };
            let bytes = line.strip_prefix("\u{feff}".as_bytes()).filter(|_| self.row == 1);
            let bytes = bytes.unwrap_or(&line).trim_ascii();
            if !bytes.is_empty() {
                return Some(self.parse(bytes));
            }
        }
        None
    }
}

impl<R: BufRead> Reader<R> {
    /// The bytes of the next line; `None` at the end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let mut line = Vec::new();
        let read = (&mut self.from).take(LINE + 1).read_until(b'\n', &mut line);
        self.row += 1;
        let read = read.map_err(|error| self.stop(&error))?;
        if read == 0 {
            self.over = true;
            return Ok(None);
        }
        if line.len() as u64 > LINE {
            self.skip().map_err(|error| self.stop(&error))?;
            return Err(Fault::new(self.row, "", Code::FieldTooLong, ""));
        }
        Ok(Some(line))
    }

    /// Passes over the rest of a line that is too long to be held.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.from.fill_buf()?;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (length, done) = end.map_or((bytes.len(), bytes.is_empty()), |end| (end + 1, true));
            self.from.consume(length);
            if done {
                return Ok(());
            }
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Entry, Fault> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(Fault::new(self.row, "", Code::CanonicalUtf8, ""));
        };
        // An array would be taken for the fields in their order.
        if !text.starts_with('{') {
            return Err(Fault::new(self.row, "", Code::FieldInvalid, text));
        }
        let entry = serde_json::from_str(text);
        entry.map_err(|error| Fault::new(self.row, "", Code::FieldInvalid, &error.to_string()))
    }

    /// What can't be read any further.
    fn stop(&mut self, error: &io::Error) -> Fault {
        self.over = true;
        Fault::new(self.row, "", Code::FieldInvalid, &error.to_string())
    }
}
