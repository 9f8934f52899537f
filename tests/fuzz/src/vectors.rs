//! The protocol's vectors (`proto/vectors`), from which targets have their keys and their first inputs.

use std::{fs, path::Path};

use serde_json::Value;

/// One file of vectors.
pub struct Vectors(Value);

impl Vectors {
    /// That of a rule; empty if it can't be read, which a test notices by the seeds that are missing.
    pub fn of(rule: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/vectors").join(format!("{rule}.json"));
        let text = fs::read_to_string(path).unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    /// What all cases share.
    pub fn shared(&self, field: &str) -> &Value {
        &self.0["shared"][field]
    }

    /// All cases: accepted, then refused.
    pub fn cases(&self) -> impl Iterator<Item = &Value> {
        let list = |name| self.0[name].as_array().into_iter().flatten();
        list("accepted").chain(list("refused"))
    }

    /// One value of each case that has one.
    pub fn each(&self, seed: impl Fn(&Value) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
        self.cases().filter_map(seed).collect()
    }
}

/// A text's bytes.
pub fn text(value: &Value) -> Option<Vec<u8>> {
    Some(value.as_str()?.as_bytes().to_vec())
}

/// Bytes that stand as hex.
pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?).ok()
}
