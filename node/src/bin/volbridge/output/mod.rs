//! What the command line says: results on stdout, as text or JSON; progress, hints
//! and errors for people on stderr.

pub mod code;
mod code_zh;
pub mod json;
pub mod pretty;
pub mod problem;
pub mod table;

use std::{
    io::{self, IsTerminal, Write},
    process,
};

use serde_json::Value;

use crate::lang::Lang;

/// Where and how results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
    pub lang: Lang,
}

impl Output {
    /// One result: a line of JSON, or text.
    pub fn result(self, json: &Value, text: impl FnOnce() -> String) {
        if self.json { line(&mut io::stdout().lock(), &json.to_string()) } else { self.text(&text()) }
    }

    /// Many results of one kind: a JSON line each, or a table.
    pub fn rows(self, json: &[Value], headings: &[&str], rows: &[Vec<String>], empty: &str) {
        if self.json {
            let mut out = io::stdout().lock();
            json.iter().for_each(|value| line(&mut out, &value.to_string()));
        } else if rows.is_empty() {
            self.hint(empty);
        } else {
            self.text(&table::table(headings, rows, terminal_width()));
        }
    }

    /// Text on stdout, whatever the format.
    pub fn text(self, text: &str) {
        line(&mut io::stdout().lock(), text.trim_end_matches('\n'));
    }

    /// A line for people, beside the result.
    pub fn hint(self, text: &str) {
        if !text.is_empty() {
            line(&mut io::stderr().lock(), text);
        }
    }
}

/// Whoever reads may close early (`| head`): then there is no one left to tell.
fn line(out: &mut impl Write, text: &str) {
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        process::exit(0);
    }
}

fn terminal_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(usize::from(columns)).filter(|_| io::stdout().is_terminal())
}
