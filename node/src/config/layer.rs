//! Layers of settings: each is a list of single keys with the place where it stands. Each key is tried alone, so that
//! all wrong ones are found, each with its place.

use std::{collections::BTreeMap, path::Path};

use toml::{Table, Value};

use super::{Config, ConfigError, DEFAULT_TOML, PREFIX, Problem};

/// Settings as they are gathered.
pub(super) struct Layers {
    table: Table,
    /// Where a key that isn't the default's stands.
    places: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl Layers {
    /// Only the defaults.
    pub(super) fn defaults() -> Self {
        // The embedded file is read by a test.
        let table = DEFAULT_TOML.parse().unwrap_or_default();
        Self { table, places: BTreeMap::new(), problems: Vec::new() }
    }

    /// What stands in a file.
    pub(super) fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => self.text(&name, &text),
            Err(error) => self.problem(name, String::new(), error.to_string()),
        }
    }

    /// The text of a file with this name.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let (spans, table) = match (toml::de::DeTable::parse(text), text.parse::<Table>()) {
            (Ok(spans), Ok(table)) => (spans, table),
            (Err(error), _) | (_, Err(error)) => {
                let place = format!("{name}:{}", line(text, error.span()));
                return self.problem(place, String::new(), error.message().to_owned());
            }
        };
        let place = |span| format!("{name}:{}", line(text, Some(span)));
        for (section, keys) in spans.get_ref() {
            let section_place = place(section.span());
            let section: &str = section.get_ref().as_ref();
            let (Some(spans), Some(Value::Table(values))) = (keys.get_ref().as_table(), table.get(section))
            else {
                self.problem(section_place, section.to_owned(), "is not in a section".to_owned());
                continue;
            };
            if !self.table.contains_key(section) {
                self.problem(section_place, section.to_owned(), self.unknown_section());
                continue;
            }
            for key in spans.keys() {
                let key_place = place(key.span());
                let key: &str = key.get_ref().as_ref();
                let Some(value) = values.get(key) else { continue };
                self.set(section, key, std::slice::from_ref(value), key_place);
            }
        }
    }

    /// What stands in variables.
    pub(super) fn environment(&mut self, variables: &[(String, String)]) {
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
            let Some((section, key)) = rest.split_once('_') else { continue };
            // Others use the prefix too; only a known section makes it a setting.
            if self.table.contains_key(section) {
                self.set(section, key, &readings(value), name.clone());
            }
        }
    }

    /// What stands in arguments.
    pub(super) fn arguments(&mut self, arguments: &[(String, String)]) {
        for (name, value) in arguments {
            let place = format!("--set {name}");
            match name.split_once('.') {
                Some((section, key)) if self.table.contains_key(section) => {
                    self.set(section, key, &readings(value), place);
                }
                _ => self.problem(place, name.clone(), self.unknown_section()),
            }
        }
    }

    /// The whole, if nothing is wrong.
    pub(super) fn finish(mut self) -> Result<Config, ConfigError> {
        match self.table.clone().try_into::<Config>() {
            Ok(config) => {
                for (key, why) in config.faults() {
                    let place = self.places.get(&key).cloned().unwrap_or_else(|| "default".to_owned());
                    self.problem(place, key, why);
                }
                if self.problems.is_empty() {
                    return Ok(config);
                }
            }
            Err(error) => self.problem("default".to_owned(), String::new(), error.message().to_owned()),
        }
        Err(ConfigError { problems: self.problems })
    }

    /// Takes the first of the `readings` that the key can have.
    fn set(&mut self, section: &str, key: &str, readings: &[Value], place: String) {
        let full = format!("{section}.{key}");
        let mut why = String::new();
        for value in readings {
            let mut table = self.table.clone();
            if let Some(Value::Table(keys)) = table.get_mut(section) {
                keys.insert(key.to_owned(), value.clone());
            }
            match table.clone().try_into::<Config>() {
                Ok(_) => {
                    self.table = table;
                    self.places.insert(full, place);
                    return;
                }
                Err(error) => why = error.message().to_owned(),
            }
        }
        self.problem(place, full, why);
    }

    fn unknown_section(&self) -> String {
        let sections: Vec<_> = self.table.keys().map(String::as_str).collect();
        format!("there is no such section; there are {}", sections.join(", "))
    }

    fn problem(&mut self, place: String, key: String, why: String) {
        let allowed = explanation(&key);
        self.problems.push(Problem { place, key, why, allowed });
    }
}

/// A text from outside a file: as it is, or read as TOML (`true`, `7`, `["a"]`).
fn readings(text: &str) -> Vec<Value> {
    let mut readings = vec![Value::String(text.to_owned())];
    if let Some(value) = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v")) {
        readings.push(value);
    }
    readings
}

fn line(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start);
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}

/// The comment that stands above a key in the defaults.
pub(super) fn explanation(key: &str) -> String {
    let Some((section, key)) = key.split_once('.') else { return String::new() };
    let mut comment: Vec<&str> = Vec::new();
    let mut here = false;
    let mut after_key = false;
    for text in DEFAULT_TOML.lines() {
        if let Some(name) = text.strip_prefix('[') {
            here = name.trim_end_matches(']') == section;
            comment.clear();
        } else if let Some(words) = text.strip_prefix("# ") {
            // A comment stands above one key or several; the next one begins anew.
            if std::mem::take(&mut after_key) {
                comment.clear();
            }
            comment.push(words);
        } else if let Some((name, _)) = text.split_once(" = ") {
            after_key = true;
            if here && name == key {
                return comment.join(" ");
            }
        }
    }
    String::new()
}
