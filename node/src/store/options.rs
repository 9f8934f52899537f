//! Which database, and how it is opened.

use zeroize::Zeroizing;

/// How to open a database.
#[derive(Clone)]
pub struct OpenOptions {
    /// A path, `sqlite:<path>`, or `postgres://…`.
    pub url: String,
    /// False only in tests: writes may then be lost in a power cut.
    pub durable: bool,
    /// PostgreSQL's password, if it isn't in the address.
    pub password: Option<Zeroizing<String>>,
    /// Connections that read.
    pub readers: u32,
}

impl OpenOptions {
    /// A durable database with a sensible number of readers.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), durable: true, password: None, readers: 8 }
    }

    /// For tests: no waiting for the disk.
    #[must_use]
    pub fn fast(mut self) -> Self {
        self.durable = false;
        self.readers = 2;
        self
    }
}
