//! Everything that the nodes of this process log, at the finest level: what of it holds a text.

use std::{
    io,
    sync::{Mutex, Once, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::outlets::spellings;

/// Frames and buffers of HTTP/2 are many lines about lengths.
const LEVELS: &str = "trace,h2=debug,hyper=debug,hyper_util=debug,tower=debug";

static LINES: Mutex<String> = Mutex::new(String::new());
static BEGUN: Once = Once::new();

/// Keeps every line from now on.
pub fn capture() {
    BEGUN.call_once(|| {
        fmt().with_env_filter(EnvFilter::new(LEVELS)).with_ansi(false).with_writer(|| Lines).init();
    });
}

/// The lines that hold these bytes: as they are, in hex, in base64, or as a list of numbers.
pub fn lines_with(needle: &[u8]) -> Vec<String> {
    let mut needles: Vec<String> =
        spellings(needle).into_iter().filter_map(|needle| String::from_utf8(needle).ok()).collect();
    needles.push(format!("{needle:?}"));
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(lines.len() > 10_000, "nothing was logged");
    let mut found = Vec::new();
    for needle in needles {
        if let Some(at) = lines.find(&needle) {
            let line = lines[..at].rfind('\n').map_or(0, |end| end + 1)..;
            found.extend(lines[line].lines().next().map(str::to_owned));
        }
    }
    found
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
