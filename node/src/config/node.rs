//! `[node]`

use std::path::PathBuf;

use serde::Deserialize;

use super::Faults;

/// The node itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Folder of the database, the keys and the files.
    pub data_dir: PathBuf,
    /// What the operator calls it.
    pub name: String,
    /// An invented network.
    pub demo: bool,
}

impl NodeConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        if self.data_dir.as_os_str().is_empty() {
            faults.push(("data_dir", "is empty".to_owned()));
        }
        if self.name.chars().count() > 100 || self.name.chars().any(char::is_control) {
            faults.push(("name", "is too long or not a line of text".to_owned()));
        }
        faults
    }
}
