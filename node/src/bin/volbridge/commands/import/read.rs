//! A file of another program, read to its end: its listings, and all that is wrong with them.

use std::{fs::File, ops::ControlFlow};

use volbridge_formats::Fault;
use volbridge_node::imports::read::{self, Column, Format, Judged, ReadError, Reading, Sink};
use volbridge_proto::Code;

use super::{Args, Row};
use crate::output::problem::{Outcome, Problem};

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

impl Sink for Rows {
    fn columns(&mut self, columns: Vec<Column>) {
        let unknown = columns.into_iter().filter(|column| column.column.is_none());
        self.unknown = unknown.map(|column| column.header).collect();
    }

    fn listing(&mut self, judged: Judged) -> ControlFlow<()> {
        self.total += 1;
        let Judged { row, entry, key, faults } = judged;
        if faults.is_empty() {
            self.rows.push(Row { number: row, entry, key });
        } else {
            self.faults.extend(faults);
        }
        ControlFlow::Continue(())
    }
}

/// Reads and checks.
pub fn read(args: &Args) -> Outcome<Rows> {
    let name = args.file.display().to_string();
    let format = Format::of_name(&name)
        .ok_or_else(|| Problem::usage(format!("{name}: .csv, .xlsx, .jsonl, .jsonld")))?;
    let mut columns = Vec::new();
    for wish in &args.map {
        let pair = wish.split_once('=').ok_or_else(|| Problem::usage(format!("--map {wish}")))?;
        columns.push((pair.0.to_owned(), pair.1.to_owned()));
    }
    let reading = Reading {
        format,
        organisation: args.organisation,
        language: args.language.clone().unwrap_or_default(),
        columns,
        revise: args.revise,
    };
    let unreadable =
        |error: &dyn std::fmt::Display| Problem::saying(Code::InputMalformed, format!("{name}: {error}"));
    let file = File::open(&args.file).map_err(|error| unreadable(&error))?;
    let mut rows = Rows::default();
    read::read(file, &reading, &mut rows).map_err(|error| match error {
        ReadError::Column(wish) => Problem::usage(format!("--map {wish}")),
        ReadError::TooLarge => Problem::new(Code::InputTooLarge),
        ReadError::Malformed(_) | ReadError::Io(_) => unreadable(&error),
    })?;
    // What was left out on purpose isn't named.
    rows.unknown.retain(|header| !args.map.iter().any(|wish| wish.trim_end_matches('=') == header));
    Ok(rows)
}
