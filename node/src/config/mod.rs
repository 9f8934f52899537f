//! The node's configuration: one TOML file, then the environment, then the command line, each over the one before.
//!
//! A key that is wrong is named with its file and line (or variable, or argument) and with what is allowed there; all
//! of them at once. Secrets stand in files of their own: `{ file = "…" }`. This is the only module that reads the environment.

mod accounts;
mod api;
mod blobs;
mod database;
mod desk;
mod exchange;
pub mod feeds;
mod gateway;
mod layer;
mod log;
mod mail;
mod node;
pub mod oidc;
mod secret;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use self::{
    accounts::AccountsConfig, api::ApiConfig, blobs::BlobsConfig, database::DatabaseConfig, desk::DeskConfig,
    exchange::ExchangeConfig, feeds::FeedsConfig, gateway::GatewayConfig, log::LogConfig, mail::MailConfig,
    node::NodeConfig, oidc::OidcConfig, secret::SecretFile,
};

/// All settings with their defaults and explanations, as `volbridge init` writes them.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// What stands before section and key in a variable's name.
const PREFIX: &str = "VOLBRIDGE_";

/// The whole configuration, checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node itself.
    pub node: NodeConfig,
    /// Its database.
    pub database: DatabaseConfig,
    /// Its own API.
    pub api: ApiConfig,
    /// Where and how it meets partners.
    pub exchange: ExchangeConfig,
    /// Portal and REST API.
    pub gateway: GatewayConfig,
    /// Its log.
    pub log: LogConfig,
    /// Files.
    pub blobs: BlobsConfig,
    /// Who works here.
    pub accounts: AccountsConfig,
    /// Accounts that they have elsewhere.
    pub oidc: OidcConfig,
    /// How listings are written.
    pub desk: DeskConfig,
    /// How mail is sent.
    pub mail: MailConfig,
    /// Whose listings are passed on.
    pub feeds: FeedsConfig,
}

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; without one, defaults apply.
    pub file: Option<PathBuf>,
    /// Variables, name and value; others than `VOLBRIDGE_<SECTION>_<KEY>` are passed over.
    pub environment: Vec<(String, String)>,
    /// Arguments: `exchange.listen` and its value.
    pub arguments: Vec<(String, String)>,
}

impl Sources {
    /// This file, this process's environment, and no arguments.
    #[must_use]
    pub fn system(file: Option<PathBuf>) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok().filter(|name| name.starts_with(PREFIX))?,
                value.into_string().ok()?,
            ))
        });
        Self { file, environment: variables.collect(), arguments: Vec::new() }
    }
}

/// One wrong setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// `volbridge.toml:12`, `VOLBRIDGE_LOG_…`, `--set log.…`
    pub place: String,
    /// `log.checkpoint_interval_ms`, or empty if the file as a whole is wrong.
    pub key: String,
    /// What is wrong.
    pub why: String,
    /// What the key means and what it may be.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.why)?;
        if !self.allowed.is_empty() {
            write!(f, "\n    {}", self.allowed)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// What a section's own check found: the key, and what is wrong with its value.
type Faults = Vec<(&'static str, String)>;

impl Config {
    /// Reads and checks all sources.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut layers = layer::Layers::defaults();
        if let Some(path) = &sources.file {
            layers.file(path);
        }
        layers.environment(&sources.environment);
        layers.arguments(&sources.arguments);
        layers.finish()
    }

    /// Reads and checks the text of a file, over the defaults alone.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let mut layers = layer::Layers::defaults();
        layers.text(name, text);
        layers.finish()
    }

    /// All wrong values that are right by their type.
    fn faults(&self) -> Vec<(String, String)> {
        let sections = [
            ("node", self.node.faults()),
            ("database", self.database.faults()),
            ("api", self.api.faults()),
            ("exchange", self.exchange.faults()),
            ("gateway", self.gateway.faults()),
            ("log", self.log.faults()),
            ("blobs", self.blobs.faults()),
            ("accounts", self.accounts.faults()),
            ("oidc", self.oidc.faults()),
            ("mail", self.mail.faults()),
            ("feeds", self.feeds.faults()),
        ];
        let named = |section, faults: Faults| {
            faults.into_iter().map(move |(key, why)| (format!("{section}.{key}"), why))
        };
        sections.into_iter().flat_map(|(section, faults)| named(section, faults)).collect()
    }

    /// A path of the configuration: relative ones start at the data folder.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.node.data_dir.join(path)
    }

    /// The folder of the node's keys.
    #[must_use]
    pub fn keys_dir(&self) -> PathBuf {
        self.path(Path::new("keys"))
    }

    /// The folder of the node's files.
    #[must_use]
    pub fn blobs_dir(&self) -> PathBuf {
        self.path(Path::new("blobs"))
    }
}

/// A number that lies outside its bounds.
fn bounded(key: &'static str, value: u64, bounds: std::ops::RangeInclusive<u64>, faults: &mut Faults) {
    if !bounds.contains(&value) {
        faults.push((key, format!("{value} is not from {} to {}", bounds.start(), bounds.end())));
    }
}

/// A place to listen, or "" for none.
fn listening(key: &'static str, text: &str, faults: &mut Faults) {
    if !text.is_empty() && text.parse::<std::net::SocketAddr>().is_err() {
        faults.push((key, format!("\"{text}\" is not an address with a port")));
    }
}

#[cfg(test)]
mod tests;
