//! Which columns a table has, and the rows of a listing in them.

use std::collections::BTreeSet;

use volbridge_proto::wire::record::v1::Role;

use super::{
    cell,
    column::{Column, FIELDS, Field, Names},
    value::print,
};
use crate::Entry;

/// Languages that have columns of their own.
const LANGUAGES: usize = 12;

/// The columns of a table that is written.
#[derive(Clone, Debug)]
pub struct Layout {
    columns: Vec<Column>,
    languages: Vec<String>,
    names: Names,
}

impl Layout {
    /// Columns for texts in these languages, and one for texts in others if `others`.
    pub fn new(languages: impl IntoIterator<Item = String>, others: bool, names: Names) -> Self {
        let languages: Vec<String> = languages.into_iter().collect();
        let mut columns = Vec::new();
        for (field, ..) in FIELDS {
            if !field.is_text() || others {
                columns.push(Column { field: *field, language: None });
            }
            for language in languages.iter().filter(|_| field.is_text()) {
                columns.push(Column { field: *field, language: Some(language.clone()) });
            }
        }
        Self { columns, languages, names }
    }

    /// Columns that hold all that these say; beyond twelve languages, those of the first ones alone.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>, names: Names) -> Self {
        let (mut written, mut other) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            written.insert(entry.listing.language.clone());
            other.extend(entry.translations.iter().map(|text| text.language.clone()));
            other.extend(entry.organisation.iter().map(|name| name.language.clone()));
        }
        // A language that nobody could read again as one has no column: what is written in it has the plain one.
        let named = |tag: &&String| {
            let column = Column { field: Field::Prose("title"), language: Some((*tag).clone()) };
            Column::parse(&column.name(names)) == Some(column)
        };
        let languages: BTreeSet<String> =
            written.iter().chain(other.difference(&written)).filter(named).take(LANGUAGES).cloned().collect();
        let others = !written.is_subset(&languages);
        Self::new(languages, others, names)
    }

    /// The headers.
    pub fn header(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name(self.names)).collect()
    }

    /// The rows of a listing, one a role, at least one; their cells can't be taken for formulas.
    pub fn rows<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = Vec<String>> + 'a {
        let roles = entry.listing.roles.iter().map(Some);
        let first = entry.listing.roles.is_empty().then_some(None);
        roles.chain(first).enumerate().map(move |(at, role)| {
            let cells = self.columns.iter().map(|column| self.cell(entry, role, column, at == 0));
            cells.collect()
        })
    }

    fn cell(&self, entry: &Entry, role: Option<&Role>, column: &Column, first: bool) -> String {
        let field = column.field;
        if !first && !field.is_of_role() {
            let repeated = match field {
                Field::Reference => entry.reference.clone(),
                Field::Subject => print(entry, None, field),
                _ => String::new(),
            };
            return cell::encode(&repeated);
        }
        match field {
            // Numbers of our own printing: a spreadsheet shall take them for what they are.
            Field::Latitude | Field::Longitude => print(entry, role, field),
            Field::Prose(name) => cell::encode(self.text(entry, name, column)),
            Field::RoleProse(part) => {
                let text = role.map(|role| {
                    let source = if part == "title" { &role.title } else { &role.tasks };
                    self.text_or(entry, &format!("roles.{}.{part}", role.number), source, column)
                });
                cell::encode(text.unwrap_or_default())
            }
            Field::OrganisationName => {
                let named =
                    entry.organisation.iter().find(|name| Some(&name.language) == column.language.as_ref());
                cell::encode(named.map_or("", |name| &name.text))
            }
            _ => cell::encode(&print(entry, role, field)),
        }
    }

    fn text<'a>(&self, entry: &'a Entry, name: &str, column: &Column) -> &'a str {
        self.text_or(entry, name, entry.source(name), column)
    }

    /// The source in the column of its language, or in the plain one if it has none.
    fn text_or<'a>(&self, entry: &'a Entry, name: &str, source: &'a str, column: &Column) -> &'a str {
        let own = &entry.listing.language;
        let Some(language) = &column.language else {
            return if self.languages.contains(own) { "" } else { source };
        };
        if language == own {
            return source;
        }
        let found = entry.translations.iter().find(|translation| translation.language == *language);
        found.and_then(|translation| translation.fields.get(name)).map_or("", String::as_str)
    }
}
