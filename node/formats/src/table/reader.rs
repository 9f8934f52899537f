//! Rows to listings: as many rows as belong together at a time, so that a table may be larger than memory.

use std::collections::{BTreeMap, HashSet};

use volbridge_proto::{
    Code, Refusal,
    wire::record::v1::{LocalText, Role},
};

use super::{
    cell,
    column::{FIELDS, Field},
    mapping::Mapping,
    value,
};
use crate::{
    Entry, Fault, Translation,
    entry::{PROSE, is_near, prose_mut},
};

/// A row with its number in the table, or why it can't be read.
pub type Row = Result<(u64, Vec<String>), Fault>;

/// The rows of a table below its header, each with its number in the table.
#[derive(Debug)]
pub struct Source<I> {
    /// Row 1.
    pub headers: Vec<String>,
    pub(crate) rows: I,
}

impl<I: Iterator<Item = Row>> Source<I> {
    /// The first rows that can be read, so that somebody sees what stands under each header, and the whole table again.
    pub fn peek(mut self, count: usize) -> (Vec<Vec<String>>, Source<impl Iterator<Item = Row>>) {
        let first: Vec<Row> = self.rows.by_ref().take(count).collect();
        let seen = first.iter().flatten().map(|(_, cells)| cells.clone()).collect();
        (seen, Source { headers: self.headers, rows: first.into_iter().chain(self.rows) })
    }
}

/// Listings of a table, one after the other.
#[derive(Debug)]
pub struct Reader<I> {
    rows: I,
    mapping: Mapping,
    draft: Option<Draft>,
    seen: HashSet<String>,
}

/// A listing that was found, with the faults of its cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Its first row.
    pub row: u64,
    /// What could be read.
    pub entry: Entry,
    /// What couldn't.
    pub faults: Vec<Fault>,
    /// The row of each role.
    roles: Vec<u64>,
}

impl Found {
    /// All that an author would be refused about it as it is now, with rows and headers; whoever reads fills in before
    /// what the table doesn't say, such as the organisation.
    pub fn check(&self, mapping: &Mapping) -> Vec<Fault> {
        self.entry.refusals().iter().map(|refusal| self.place(refusal, mapping)).collect()
    }

    fn place(&self, refusal: &Refusal, mapping: &Mapping) -> Fault {
        let role = refusal.field.strip_prefix("roles[").and_then(|rest| rest.split_once(']'));
        let index = role.and_then(|(number, _)| number.parse::<usize>().ok());
        let row = index.and_then(|index| self.roles.get(index)).copied().unwrap_or(self.row);
        let path = role.map_or(refusal.field.as_str(), |(_, rest)| rest.trim_start_matches('.'));
        let whole = path.split('[').next().unwrap_or_default();
        let known = FIELDS
            .iter()
            .find(|(field, of, _)| field.is_of_role() == index.is_some() && (*of == path || *of == whole));
        let language = self.entry.listing.language.as_str();
        let place = known.and_then(|(field, ..)| {
            let own = mapping.place(*field, Some(language)).or_else(|| mapping.place(*field, None));
            let near = || mapping.languages().find(|tag| is_near(tag, language));
            own.or_else(|| mapping.place(*field, near()))
        });
        let column = place.map_or(refusal.field.as_str(), |at| mapping.header(at));
        Fault { column: column.to_owned(), ..Fault::of(row, refusal) }
    }
}

impl<I: Iterator<Item = Row>> Reader<I> {
    /// Reads rows with what their headers mean.
    pub fn new(source: Source<I>, mapping: Mapping) -> Self {
        Self { rows: source.rows, mapping, draft: None, seen: HashSet::new() }
    }

    /// What the headers mean.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn begin(&mut self, row: u64, cells: Vec<String>) {
        let mut draft = Draft::new(row, cells, &self.mapping);
        let key = draft.key(&self.mapping);
        if !key.is_empty() && !self.seen.insert(key.clone()) {
            let at = self.mapping.place(Field::Reference, None).or(self.mapping.place(Field::Subject, None));
            let header = at.map_or("", |at| self.mapping.header(at));
            draft.found.faults.push(Fault::new(row, header, Code::FieldDuplicate, &key));
        }
        self.draft = Some(draft);
    }
}

impl<I: Iterator<Item = Row>> Iterator for Reader<I> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let Some(next) = self.rows.next() else { return self.draft.take().map(Draft::finish) };
            let (row, cells) = match next {
                Ok((_, cells)) if cells.iter().all(|cell| cell.trim().is_empty()) => continue,
                Ok(row) => row,
                // A row that can't be read at all stands for itself.
                Err(fault) => {
                    let broken = Draft {
                        found: Found { row: fault.row, faults: vec![fault], ..Found::default() },
                        ..Draft::default()
                    };
                    match self.draft.replace(broken) {
                        Some(before) => return Some(before.finish()),
                        None => continue,
                    }
                }
            };
            match &mut self.draft {
                Some(draft) if draft.continues(&cells, &self.mapping) => {
                    draft.go_on(row, &cells, &self.mapping);
                }
                _ => {
                    let before = self.draft.take();
                    self.begin(row, cells);
                    if let Some(before) = before {
                        return Some(before.finish());
                    }
                }
            }
        }
    }
}

/// A listing whose rows are being read.
#[derive(Debug, Default)]
struct Draft {
    found: Found,
    first: Vec<String>,
    /// Texts by language and field; without a language as it was written.
    texts: BTreeMap<Option<String>, BTreeMap<String, String>>,
}

impl Draft {
    fn new(row: u64, cells: Vec<String>, mapping: &Mapping) -> Self {
        let mut draft = Self { found: Found { row, ..Found::default() }, ..Self::default() };
        for (at, text) in filled(&cells) {
            let Some(column) = mapping.column(at).filter(|column| !column.field.is_of_role()) else {
                continue;
            };
            let read = match (column.field, &column.language) {
                (Field::Prose(name), language) => {
                    draft.text(language.as_deref(), name.to_owned(), text);
                    Ok(())
                }
                (Field::OrganisationName, language) => {
                    let language = language.clone().unwrap_or_default();
                    draft.found.entry.organisation.push(LocalText { language, text: text.to_owned() });
                    Ok(())
                }
                (field, _) => value::read(&mut draft.found.entry, field, text),
            };
            draft.note(row, at, text, read, mapping);
        }
        draft.role(row, &cells, mapping);
        if cells.len() > mapping.width() {
            let extra = cells.get(mapping.width()).map_or("", String::as_str);
            let column = (mapping.width() + 1).to_string();
            draft.found.faults.push(Fault::new(row, column, Code::FieldUnexpected, extra));
        }
        draft.first = cells;
        draft
    }

    /// Its reference or subject as it stands in the table.
    fn key(&self, mapping: &Mapping) -> String {
        key(&self.first, mapping)
    }

    /// Whether a row is of the same listing: the same reference, or none and nothing but a role.
    fn continues(&self, cells: &[String], mapping: &Mapping) -> bool {
        let next = key(cells, mapping);
        if !next.is_empty() {
            return next == self.key(mapping);
        }
        let of_role = |at: usize| mapping.column(at).is_none_or(|column| column.field.is_of_role());
        !self.first.is_empty() && filled(cells).all(|(at, _)| of_role(at))
    }

    fn go_on(&mut self, row: u64, cells: &[String], mapping: &Mapping) {
        for (at, text) in filled(cells) {
            let of_listing = mapping.column(at).is_some_and(|column| !column.field.is_of_role());
            let before = self.first.get(at).map_or("", |cell| cell::decode(cell));
            if of_listing && text != before {
                self.note(row, at, text, Err(Code::FieldMismatch), mapping);
            }
        }
        self.role(row, cells, mapping);
    }

    /// The role of a row, if it has one.
    fn role(&mut self, row: u64, cells: &[String], mapping: &Mapping) {
        let of_role = |at: &usize| mapping.column(*at).is_some_and(|column| column.field.is_of_role());
        let cells: Vec<(usize, &str)> = filled(cells).filter(|(at, _)| of_role(at)).collect();
        if cells.is_empty() {
            return;
        }
        let last = self.found.entry.listing.roles.iter().map(|role| role.number).max().unwrap_or(0);
        let mut role = Role { number: last.saturating_add(1), ..Role::default() };
        let mut texts = Vec::new();
        for (at, text) in cells {
            let Some(column) = mapping.column(at) else { continue };
            let read = match column.field {
                Field::RoleProse(part) => {
                    texts.push((column.language.clone(), part, text));
                    Ok(())
                }
                field => value::read_role(&mut role, field, text),
            };
            let again = self.found.entry.listing.roles.iter().any(|known| known.number == role.number);
            let doubled = column.field == Field::RoleNumber && again;
            self.note(row, at, text, if doubled { Err(Code::FieldDuplicate) } else { read }, mapping);
        }
        for (language, part, text) in texts {
            self.text(language.as_deref(), format!("roles.{}.{part}", role.number), text);
        }
        self.found.entry.listing.roles.push(role);
        self.found.roles.push(row);
    }

    fn text(&mut self, language: Option<&str>, field: String, text: &str) {
        self.texts.entry(language.map(str::to_owned)).or_default().insert(field, text.to_owned());
    }

    fn note(&mut self, row: u64, at: usize, text: &str, read: Result<(), Code>, mapping: &Mapping) {
        if let Err(code) = read {
            self.found.faults.push(Fault::new(row, mapping.header(at), code, text));
        }
    }

    /// Puts the texts where they belong, now that the language of the listing is known.
    fn finish(mut self) -> Found {
        let entry = &mut self.found.entry;
        let own = source(&mut entry.listing.language, &self.texts);
        for (field, text) in self.texts.remove(&own).unwrap_or_default() {
            if let Some(place) = prose_mut(&mut entry.listing, &field) {
                *place = text;
            }
        }
        for (language, fields) in self.texts {
            // The plain column, beside one of the listing's own language: what that one left out.
            let Some(language) = language else {
                for (field, text) in fields {
                    if let Some(place) =
                        prose_mut(&mut entry.listing, &field).filter(|place| place.is_empty())
                    {
                        *place = text;
                    }
                }
                continue;
            };
            entry.translations.push(Translation { language, fields, ..Translation::default() });
        }
        for name in &mut entry.organisation {
            if name.language.is_empty() {
                name.language.clone_from(&entry.listing.language);
            }
        }
        self.found
    }
}

/// Which column holds the texts as they were written; names the language if the table doesn't.
fn source(
    language: &mut String,
    texts: &BTreeMap<Option<String>, BTreeMap<String, String>>,
) -> Option<String> {
    let titled = |fields: &BTreeMap<String, String>| PROSE.iter().any(|name| fields.contains_key(*name));
    // Plain columns may hold roles alone, beside titles that say their language.
    let plain = texts.get(&None).is_some_and(titled);
    if language.is_empty() && !plain {
        // Of several, the one that says most: who translates, translates a part.
        let named = texts.iter().filter(|(tag, fields)| tag.is_some() && titled(fields));
        if let Some((Some(tag), _)) = named.max_by_key(|(_, fields)| fields.len()) {
            language.clone_from(tag);
        }
    }
    let exact = Some(language.clone());
    if texts.contains_key(&exact) {
        return exact;
    }
    if plain {
        return None;
    }
    texts.keys().flatten().find(|tag| is_near(tag, language)).cloned()
}

/// Cells in which something stands, as it was meant.
fn filled(cells: &[String]) -> impl Iterator<Item = (usize, &str)> {
    cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(at, cell)| (at, cell::decode(cell)))
}

fn key(cells: &[String], mapping: &Mapping) -> String {
    let cell = |field| {
        let at = mapping.place(field, None)?;
        cells.get(at).map(|cell| cell::decode(cell)).filter(|text| !text.is_empty())
    };
    cell(Field::Reference).or_else(|| cell(Field::Subject)).unwrap_or_default().to_owned()
}
