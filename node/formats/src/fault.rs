//! What is wrong with what was read, and where; and why something couldn't be written.

use std::fmt;

use volbridge_proto::{Code, Refusal};

/// Characters of a value that a fault repeats.
const SHOWN: usize = 80;

/// One fault of a file, with its place as a person finds it in a spreadsheet or an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1; a table's header is row 1, of other formats it is the line or the item.
    pub row: u64,
    /// The header of the column, or the field's path; empty: the whole row.
    pub column: String,
    /// What is wrong.
    pub code: Code,
    /// The beginning of what stands there.
    pub value: String,
}

impl Fault {
    /// A fault of a field.
    pub fn new(row: u64, column: impl Into<String>, code: Code, value: &str) -> Self {
        let value = value.chars().take(SHOWN).collect();
        Self { row, column: column.into(), code, value }
    }

    /// What a rule refuses about a row.
    pub fn of(row: u64, refusal: &Refusal) -> Self {
        let found = refusal.params.iter().find(|(name, _)| name == "found");
        Self::new(row, &refusal.field, refusal.code, found.map_or("", |(_, value)| value))
    }
}

impl fmt::Display for Fault {
    /// `row 3, column title_en: the field must be given (field.required)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {} ({})", self.code.text(), self.code.as_str())?;
        if self.value.is_empty() { Ok(()) } else { write!(f, ": {:?}", self.value) }
    }
}

impl std::error::Error for Fault {}

/// Why something couldn't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// JSON.
    #[error("as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A table as text.
    #[error("as CSV: {0}")]
    Csv(#[from] csv::Error),
    /// A workbook.
    #[error("as XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// XML.
    #[error("as XML: {0}")]
    Xml(String),
    /// Where it was written to.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
