//! What the demonstration remembers between two starts, so that the second
//! publishes nothing twice and is ready in seconds.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use volbridge_proto::{PartnerId, RecordId, SubjectId};

use super::layout::{Ports, write_whole};

/// Where something that was published stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub subject: SubjectId,
    pub hash: RecordId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct KnownPorts {
    api: u16,
    exchange: u16,
}

/// A listing that the running demonstration added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fed {
    pub partner: String,
    pub subject: SubjectId,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// When the demonstration began, Unix milliseconds: consents were given then.
    begun_at: i64,
    /// Who carries for the others.
    carrier: Option<PartnerId>,
    ports: BTreeMap<String, KnownPorts>,
    published: BTreeMap<String, Done>,
    fed: Vec<Fed>,
    round: u64,
}

/// The file `demo.json`.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    kept: Kept,
}

impl State {
    /// Reads it; a new one begins now.
    pub fn load(dir: &Path, now: i64) -> io::Result<Self> {
        let path = dir.join("demo.json");
        let mut kept: Kept = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(error),
        };
        if kept.begun_at == 0 {
            kept.begun_at = now;
        }
        Ok(Self { path, kept })
    }

    pub fn save(&self) -> io::Result<()> {
        write_whole(&self.path, &serde_json::to_string_pretty(&self.kept)?)
    }

    pub fn begun_at(&self) -> i64 {
        self.kept.begun_at
    }

    pub fn carrier(&self) -> Option<PartnerId> {
        self.kept.carrier
    }

    pub fn set_carrier(&mut self, carrier: PartnerId) {
        self.kept.carrier = Some(carrier);
    }

    pub fn ports(&self) -> Vec<(String, Ports)> {
        let known = |(key, ports): (&String, &KnownPorts)| {
            (key.clone(), Ports { portal: 0, api: ports.api, exchange: ports.exchange })
        };
        self.kept.ports.iter().map(known).collect()
    }

    pub fn set_ports(&mut self, key: &str, ports: Ports) {
        let Ports { api, exchange, .. } = ports;
        self.kept.ports.insert(key.to_owned(), KnownPorts { api, exchange });
    }

    /// What was published under a name.
    pub fn done(&self, name: &str) -> Option<Done> {
        self.kept.published.get(name).copied()
    }

    pub fn set_done(&mut self, name: &str, done: Done) {
        self.kept.published.insert(name.to_owned(), done);
    }

    /// The number of the next listing that is added while the demonstration runs.
    pub fn next_round(&mut self) -> u64 {
        self.kept.round += 1;
        self.kept.round
    }

    pub fn fed(&mut self) -> &mut Vec<Fed> {
        &mut self.kept.fed
    }
}
