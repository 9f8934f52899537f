//! What nodes in this process log, at every level, for tests that read it.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged since `keep`, by all nodes of this process.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<u8>>>);

/// Begins to keep the log; the second time it is the same one.
pub fn keep() -> Journal {
    static JOURNAL: OnceLock<Journal> = OnceLock::new();
    let begin = || {
        let journal = Journal::default();
        let levels = tracing_subscriber::EnvFilter::new("warn,volbridge_node=trace");
        let writer = tracing_subscriber::fmt().json().with_env_filter(levels).with_writer(journal.clone());
        writer.init();
        journal
    };
    JOURNAL.get_or_init(begin).clone()
}

impl Journal {
    /// One line an event.
    pub fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }
}

impl io::Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
