//! Which database, and how it is opened.

use std::time::Duration;

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
    /// How long SQLite waits for another process that writes.
    pub busy: Duration,
}

impl OpenOptions {
    /// How long SQLite waits for another process; other writers of this one queue for the connection.
    pub const BUSY: Duration = Duration::from_secs(10);

    /// A durable database with a sensible number of readers.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), durable: true, password: None, readers: 8, busy: Self::BUSY }
    }

    /// For tests: no waiting for the disk.
    #[must_use]
    pub fn fast(mut self) -> Self {
        self.durable = false;
        self.readers = 2;
        self
    }
}
