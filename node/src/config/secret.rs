//! A secret that stands in a file of its own.

use std::{io, path::PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use zeroize::Zeroizing;

/// `{ file = "keys/api-token" }`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretFile {
    /// Relative to the data folder.
    pub file: PathBuf,
}

impl SecretFile {
    /// The file's text without the line end; `data_dir` is where relative paths start.
    pub fn read(&self, data_dir: &std::path::Path) -> io::Result<Zeroizing<String>> {
        let text = Zeroizing::new(std::fs::read_to_string(data_dir.join(&self.file))?);
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected { file = \"…\" }")]
enum Written {
    File(SecretFile),
    Text(String),
}

/// A secret's file. The error doesn't repeat what stands there.
pub(super) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<SecretFile, D::Error> {
    match Written::deserialize(from)? {
        Written::File(file) => Ok(file),
        Written::Text(_) => {
            Err(D::Error::custom("a secret doesn't stand here, but in a file: { file = \"…\" }"))
        }
    }
}

/// A secret's file, or "" for none.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretFile>, D::Error> {
    match Written::deserialize(from)? {
        Written::Text(text) if text.is_empty() => Ok(None),
        Written::File(file) => Ok(Some(file)),
        Written::Text(_) => {
            Err(D::Error::custom("a secret doesn't stand here, but in a file: { file = \"…\" }"))
        }
    }
}
