//! Tables as CSV (RFC 4180): UTF-8 with a mark at the beginning, by which Excel knows it; every cell in quotes.

use std::io::{Read, Write};

use volbridge_proto::Code;

use super::{Layout, Row, Source, cell};
use crate::{Entry, Fault, WriteError};

/// The media type.
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8";
const MARK: &str = "\u{feff}";

/// A table that is written row by row.
pub struct Writer<W: Write> {
    rows: csv::Writer<W>,
    layout: Layout,
}

impl<W: Write> Writer<W> {
    /// Begins with the header.
    pub fn new(mut to: W, layout: Layout) -> Result<Self, WriteError> {
        to.write_all(MARK.as_bytes())?;
        let mut table = Self::further(to, layout);
        table.rows.write_record(table.layout.header())?;
        Ok(table)
    }

    /// Goes on with a table whose header is written.
    pub fn further(to: W, layout: Layout) -> Self {
        let mut builder = csv::WriterBuilder::new();
        builder.quote_style(csv::QuoteStyle::Always).terminator(csv::Terminator::CRLF);
        Self { rows: builder.from_writer(to), layout }
    }

    /// The rows of a listing.
    pub fn write(&mut self, entry: &Entry) -> Result<(), WriteError> {
        for row in self.layout.rows(entry) {
            self.rows.write_record(row)?;
        }
        Ok(())
    }

    /// All that was written, to its end.
    pub fn finish(self) -> Result<W, WriteError> {
        self.rows.into_inner().map_err(|error| WriteError::Io(error.into_error()))
    }
}

/// A table of other texts, such as a list of faults: with the same mark, and no cell that could be taken for a formula.
pub fn texts_as_table(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, WriteError> {
    let mut builder = csv::WriterBuilder::new();
    builder.quote_style(csv::QuoteStyle::Always).terminator(csv::Terminator::CRLF);
    let mut table = builder.from_writer(MARK.as_bytes().to_vec());
    for row in rows {
        table.write_record(row.iter().map(|text| cell::encode(text)))?;
    }
    table.into_inner().map_err(|error| WriteError::Io(error.into_error()))
}

/// Reads the header, and the rows as they are asked for. Commas, semicolons or tabs between cells, as the header has.
pub fn open<R: Read>(mut from: R) -> Result<Source<impl Iterator<Item = Row>>, Fault> {
    let unreadable = |error: &std::io::Error| Fault::new(1, "", Code::FieldInvalid, &error.to_string());
    let mut start = vec![0; 8 * 1024];
    let mut length = 0;
    while let Some(free) = start.get_mut(length..).filter(|free| !free.is_empty()) {
        match from.read(free).map_err(|error| unreadable(&error))? {
            0 => break,
            read => length += read,
        }
    }
    start.truncate(length);
    let marked = start.strip_prefix(MARK.as_bytes()).unwrap_or(&start).to_vec();
    let delimiter = delimiter(&marked);
    let from = std::io::Cursor::new(marked).chain(from);
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter);
    let mut records = builder.from_reader(from).into_byte_records();
    let headers = match records.next() {
        Some(Ok(record)) => texts(1, &record)?,
        Some(Err(error)) => return Err(Fault::new(1, "", Code::FieldInvalid, &error.to_string())),
        None => return Err(Fault::new(1, "", Code::FieldRequired, "")),
    };
    let rows = (2..).zip(records).map(|(row, record)| {
        let record = record.map_err(|error| Fault::new(row, "", Code::FieldInvalid, &error.to_string()))?;
        Ok((row, texts(row, &record)?))
    });
    Ok(Source { headers, rows })
}

fn texts(row: u64, record: &csv::ByteRecord) -> Result<Vec<String>, Fault> {
    let cells = record.iter().enumerate().map(|(at, cell)| {
        let text = std::str::from_utf8(cell).map(str::to_owned);
        text.map_err(|_| Fault::new(row, (at + 1).to_string(), Code::CanonicalUtf8, ""))
    });
    cells.collect()
}

/// What stands between cells: of the signs in the first line, outside quotes, the most frequent.
fn delimiter(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in start {
        quoted ^= *byte == b'"';
        if *byte == b'\n' && !quoted {
            break;
        }
        for (sign, count) in &mut counts {
            *count += i32::from(!quoted && sign == byte);
        }
    }
    // Of equal ones the first: max_by_key takes the last.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign)
}
