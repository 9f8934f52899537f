//! What a node's process takes from the machine at a moment, as Linux tells it.

use std::{fs, path::Path, time::Duration};

use crate::Partner;

/// At one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Seconds since the beginning.
    pub at: f64,
    /// Resident memory, MiB.
    pub memory: f64,
    /// Open files and sockets.
    pub handles: f64,
    /// The write-ahead log, MiB.
    pub wal: f64,
    /// Files that somebody is still writing, or has forgotten.
    pub unfinished: f64,
}

impl Sample {
    /// Of a node in a process of its own.
    ///
    /// # Panics
    /// When it has none, or has ended.
    #[must_use]
    pub fn of(node: &Partner, at: Duration) -> Self {
        let process = Path::new("/proc").join(node.pid().to_string());
        let status = fs::read_to_string(process.join("status")).expect("the node runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u32>().ok());
        let wal = fs::metadata(node.folder().join("node.db-wal")).map_or(0, |file| file.len());
        Self {
            at: at.as_secs_f64(),
            memory: f64::from(resident.expect("its memory")) / 1024.0,
            handles: count(&process.join("fd")),
            wal: mebibytes(wal),
            unfinished: count(&node.folder().join("blobs/tmp")),
        }
    }
}

/// Entries of a folder; none if it isn't there.
fn count(folder: &Path) -> f64 {
    let entries = fs::read_dir(folder).map_or(0, Iterator::count);
    f64::from(u32::try_from(entries).unwrap_or(u32::MAX))
}

fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}
