//! `[database]`

use std::{path::Path, time::Duration};

use serde::Deserialize;

use super::{Faults, SecretFile, bounded, secret};
use crate::store::OpenOptions;

/// The node's database.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// A path, or `postgres://…`.
    pub url: String,
    /// PostgreSQL's password.
    #[serde(deserialize_with = "secret::optional")]
    pub password: Option<SecretFile>,
    /// Connections that read.
    pub readers: u32,
    /// No setting: false only in tests, whose databases may be lost in a power cut.
    #[serde(skip, default = "always")]
    pub durable: bool,
    /// No setting: shorter only in tests. How long SQLite waits for another process that writes.
    #[serde(skip, default = "patience")]
    pub busy: Duration,
}

fn always() -> bool {
    true
}

fn patience() -> Duration {
    OpenOptions::BUSY
}

impl DatabaseConfig {
    fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres://") || self.url.starts_with("postgresql://")
    }

    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        bounded("readers", self.readers.into(), 1..=100, &mut faults);
        if self.url.is_empty() {
            faults.push(("url", "is empty".to_owned()));
        } else if self.url.contains("://") && !self.is_postgres() {
            faults.push(("url", format!("\"{}\" is neither a path nor postgres://…", self.url)));
        }
        if self.password.is_some() && !self.is_postgres() {
            faults.push(("password", "only PostgreSQL takes one".to_owned()));
        }
        faults
    }

    /// As the store wants it; a path is one below `data_dir`.
    pub fn options(&self, data_dir: &Path) -> std::io::Result<OpenOptions> {
        let url = if self.is_postgres() {
            self.url.clone()
        } else {
            let path = self.url.strip_prefix("sqlite:").unwrap_or(&self.url);
            data_dir.join(path).display().to_string()
        };
        let mut options = OpenOptions::new(url);
        options.readers = self.readers;
        options.durable = self.durable;
        options.busy = self.busy;
        options.password = self.password.as_ref().map(|secret| secret.read(data_dir)).transpose()?;
        Ok(options)
    }
}
