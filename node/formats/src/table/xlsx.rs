//! Tables as a workbook (ECMA-376): one sheet, every cell a string and never a formula.
//!
//! A workbook is held in memory as a whole, both ways: its format allows nothing else. Read are the values that stand
//! in it, of the first sheet alone; formulas aren't computed. It can't carry a cell of more than 32,767 UTF-16 units:
//! a longer text is cut and ends in `…`, for one listing must not keep all others from being written.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use calamine::{DataRef, Reader as _, Xlsx};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};
use volbridge_proto::Code;

use super::{Layout, Row, Source};
use crate::{Entry, Fault, WriteError};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// UTF-16 units of a cell (ECMA-376 18.3.1.96 and Excel's own limit).
const CELL: usize = 32_767;
/// Bytes of a workbook's parts once they are unpacked: what is small on the way may be large here.
const UNPACKED: u64 = 256 << 20;
/// Cells of a row that are looked at: more than there are columns in twelve languages.
const WIDTH: u32 = 1_024;

/// A table that is written row by row and handed out at the end.
pub struct Writer {
    book: Workbook,
    layout: Layout,
    row: u32,
}

impl Writer {
    /// Begins with the header.
    pub fn new(layout: Layout) -> Result<Self, WriteError> {
        let mut book = Workbook::new();
        // The same table has the same bytes, whenever it is written.
        let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let sheet = book.add_worksheet();
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, name) in (0..).zip(layout.header()) {
            sheet.write_string_with_format(0, column, &name, &bold)?;
        }
        Ok(Self { book, layout, row: 1 })
    }

    /// The rows of a listing.
    pub fn write(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let sheet = self.book.worksheet_from_index(0)?;
        for row in self.layout.rows(entry) {
            for (column, cell) in (0..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
                sheet.write_string(self.row, column, fitting(cell))?;
            }
            self.row += 1;
        }
        Ok(())
    }

    /// The bytes of the workbook.
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        Ok(self.book.save_to_buffer()?)
    }
}

/// Reads the first sheet.
pub fn open(bytes: Vec<u8>) -> Result<Source<impl Iterator<Item = Row>>, Fault> {
    let broken = |error: &calamine::XlsxError| Fault::new(1, "", Code::FieldInvalid, &error.to_string());
    unpacks(&bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let first = book.sheet_names().first().cloned().unwrap_or_default();
    let mut cells = book.worksheet_cells_reader(&first).map_err(|error| broken(&error))?;
    // Cell by cell: a sheet with one cell in its last corner would be gigabytes as a rectangle.
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        let (row, column) = cell.get_position();
        let text = text(cell.get_value());
        if text.is_empty() || column >= WIDTH {
            continue;
        }
        let (cells, column) = (rows.entry(row).or_default(), column as usize);
        cells.resize(cells.len().max(column + 1), String::new());
        if let Some(place) = cells.get_mut(column) {
            *place = text;
        }
    }
    let headers = rows.remove(&0).ok_or_else(|| Fault::new(1, "", Code::FieldRequired, ""))?;
    Ok(Source { headers, rows: rows.into_iter().map(|(row, cells)| Ok((u64::from(row) + 1, cells))) })
}

/// Whether its parts can be unpacked in memory. What they say of their sizes counts for nothing.
fn unpacks(bytes: &[u8]) -> Result<(), Fault> {
    let broken = |error: &dyn std::fmt::Display| Fault::new(1, "", Code::FieldInvalid, &error.to_string());
    let mut left = UNPACKED;
    let mut book = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    for part in 0..book.len() {
        let part = book.by_index(part).map_err(|error| broken(&error))?;
        let size = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let size = size.map_err(|error| broken(&error))?;
        left = left.checked_sub(size).ok_or_else(|| Fault::new(1, "", Code::InputTooLarge, ""))?;
    }
    Ok(())
}

/// A text as far as a cell holds it.
fn fitting(cell: String) -> String {
    if cell.encode_utf16().nth(CELL).is_none() {
        return cell;
    }
    let mut units = 0;
    let fits = |sign: &char| {
        units += sign.len_utf16();
        units < CELL
    };
    let mut cut: String = cell.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// A value as a person sees it: days as days, whole numbers without a point.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}
