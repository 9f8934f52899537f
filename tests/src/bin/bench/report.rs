//! What a measure says: one JSON object a run, or the same in lines for people.

use std::io::{self, Write as _};

use serde_json::{Map, Value, json};

use crate::{machine, usage::Used};

/// A number and what it counts.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// How much.
    pub value: f64,
    /// Of what: `records/s`.
    pub unit: &'static str,
}

/// The result of one measure.
pub struct Report(Map<String, Value>);

impl Report {
    /// Of this measure, on this database.
    pub fn new(what: &str, database: &str) -> Self {
        let mut report = Self(Map::new());
        report.set("what", what);
        report.set("database", database);
        report.set("profile", if cfg!(debug_assertions) { "debug" } else { "release" });
        report.set("machine", machine::facts());
        report
    }

    /// One more field.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// The figure.
    pub fn figure(&mut self, figure: Figure) {
        self.set("figure", rounded(figure.value));
        self.set("unit", figure.unit);
    }

    /// The machine's own limit in the same run, and how much of it the figure is.
    pub fn limit(&mut self, limit: Figure, how: &str) {
        self.set("limit", rounded(limit.value));
        self.set("limit_unit", limit.unit);
        self.set("limit_is", how);
        if let Some(figure) = self.0.get("figure").and_then(Value::as_f64)
            && limit.value > 0.0
        {
            self.set("ratio", rounded(figure / limit.value));
        }
    }

    /// What the processes used, by their names.
    pub fn used(&mut self, used: &[(&str, Used)]) {
        let processes = used.iter().map(|(name, used)| ((*name).to_owned(), used.to_json()));
        self.set("processes", Value::Object(processes.collect()));
    }

    /// Bytes a record that went over the wire and that lie on the disk, beside the records' own.
    pub fn bytes(&mut self, records: u64, own: u64, wire: u64, disk: u64) {
        let per_record = |bytes: u64| rounded(as_f64(bytes) / as_f64(records.max(1)));
        self.set("record_bytes", per_record(own));
        self.set("wire_bytes_per_record", per_record(wire));
        self.set("disk_bytes_per_record", per_record(disk));
        self.set("disk_ratio", rounded(as_f64(disk) / as_f64(own.max(1))));
    }

    /// Says it, to whoever started this.
    pub fn say(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if as_json {
            return writeln!(out, "{}", Value::Object(self.0.clone()));
        }
        for (key, value) in &self.0 {
            match value {
                Value::String(text) => writeln!(out, "{key:24}{text}")?,
                value => writeln!(out, "{key:24}{value}")?,
            }
        }
        Ok(())
    }
}

/// Says how far it is, where it doesn't disturb the result.
pub fn progress(text: &str) {
    // Nobody needs to hear it.
    let _ = writeln!(io::stderr(), "bench: {text}");
}

/// Four significant digits: more would be noise.
pub fn rounded(value: f64) -> Value {
    if value == 0.0 || !value.is_finite() {
        return json!(0);
    }
    let scale = 10_f64.powf(3.0 - value.abs().log10().floor());
    let rounded = (value * scale).round() / scale;
    if value.abs() >= 1_000.0 { json!(rounded.round()) } else { json!(rounded) }
}

/// A count as a number to divide.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Of sorted values, the one below which this share lies.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of the slice")]
    let place = (as_f64(sorted.len() as u64) * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
