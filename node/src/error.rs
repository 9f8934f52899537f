//! The one error that leaves this crate: a code of the protocol, the field it is
//! about, and what caused it. The cause goes to the node's own log, never to a caller.

use std::{error::Error as StdError, fmt};

use volbridge_proto::{Code, Refusal};

use crate::{blobs::BlobError, store::StoreError};

/// Why the node didn't do what was asked.
#[derive(Debug)]
pub struct Error {
    /// The reason, stable.
    pub code: Code,
    /// Path of the field in wire names; empty: the whole request.
    pub field: String,
    /// What belongs to the reason: limits, values.
    pub params: Vec<(String, String)>,
    /// What caused it; logged, never sent.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error without field or cause.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, field: String::new(), params: Vec::new(), source: None }
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Adds what belongs to the reason.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.params.push((key.into(), value.to_string()));
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(self.code.text())?;
        for (key, value) in &self.params {
            write!(f, ", {key} {value}")?;
        }
        write!(f, " ({})", self.code)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code, field: refusal.field, params: refusal.params, source: None }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        Self::new(error.code()).because(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::new(error.code()).because(error)
    }
}
