//! Which header of somebody's table is which column: guessed by name, corrected by who knows better.

use volbridge_proto::Code;

use super::column::{Column, Field, Names};

/// The headers of a table and what each means.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    headers: Vec<String>,
    columns: Vec<Option<Column>>,
}

impl Mapping {
    /// What the headers seem to mean; of two that mean the same, the first counts.
    pub fn guess(headers: &[String]) -> Self {
        let mut columns: Vec<Option<Column>> = Vec::new();
        for header in headers {
            let column = Column::parse(header);
            let column = column.filter(|column| !columns.iter().flatten().any(|known| known == column));
            columns.push(column);
        }
        Self { headers: headers.to_vec(), columns }
    }

    /// Says what a header means, by the name of a column in either language; an empty name leaves the header out.
    /// Whatever meant the same before means nothing now.
    pub fn assign(&mut self, header: &str, column: &str) -> Result<(), Code> {
        let place =
            self.headers.iter().position(|known| known.trim() == header.trim()).ok_or(Code::FieldUnknown)?;
        let column = if column.trim().is_empty() {
            None
        } else {
            Some(Column::parse(column).ok_or(Code::FieldInvalid)?)
        };
        for (at, known) in self.columns.iter_mut().enumerate() {
            if at == place {
                known.clone_from(&column);
            } else if column.is_some() && *known == column {
                *known = None;
            }
        }
        Ok(())
    }

    /// Headers and the names of their columns, `None`: not understood or left out.
    pub fn columns(&self, names: Names) -> impl Iterator<Item = (&str, Option<String>)> {
        let named = move |column: &Option<Column>| column.as_ref().map(|column| column.name(names));
        self.headers.iter().map(String::as_str).zip(self.columns.iter().map(named))
    }

    /// Headers that mean nothing.
    pub fn unknown(&self) -> Vec<&str> {
        self.columns(Names::English)
            .filter(|(_, column)| column.is_none())
            .map(|(header, _)| header)
            .collect()
    }

    pub(crate) fn column(&self, at: usize) -> Option<&Column> {
        self.columns.get(at)?.as_ref()
    }

    pub(crate) fn width(&self) -> usize {
        self.headers.len()
    }

    pub(crate) fn header(&self, at: usize) -> &str {
        self.headers.get(at).map_or("", String::as_str)
    }

    pub(crate) fn place(&self, field: Field, language: Option<&str>) -> Option<usize> {
        let is = |column: &Option<Column>| {
            column
                .as_ref()
                .is_some_and(|column| column.field == field && column.language.as_deref() == language)
        };
        self.columns.iter().position(is)
    }

    /// The languages that have a column.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flatten().filter_map(|column| column.language.as_deref())
    }
}
