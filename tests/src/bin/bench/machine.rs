//! The machine on which it is measured, and its own limits.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::report::{as_f64, percentile, rounded};

/// Cores, processor, memory, system.
pub fn facts() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after_colon = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory = after_colon(&read("/proc/meminfo"), "MemTotal");
    let kib: u64 = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "processor": after_colon(&read("/proc/cpuinfo"), "model name"),
        "memory_gib": rounded(as_f64(kib) / 1_048_576.0),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}

/// How long the disk takes to make 4 KiB durable at the end of a file.
#[derive(Clone, Debug)]
pub struct Fsync {
    /// How many in a second, one after the other.
    pub per_second: f64,
    /// Half take less, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 take less.
    pub p99_ms: f64,
}

impl Fsync {
    /// Measured for so long in this folder.
    pub fn measure(folder: &Path, time: Duration) -> io::Result<Self> {
        let path = folder.join("fsync");
        let mut file = fs::File::create(&path)?;
        let (began, mut times) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            file.write_all(&[7; 4096])?;
            let before = Instant::now();
            file.sync_data()?;
            times.push(before.elapsed().as_secs_f64() * 1_000.0);
        }
        let per_second = as_f64(times.len() as u64) / began.elapsed().as_secs_f64();
        times.sort_by(f64::total_cmp);
        fs::remove_file(path)?;
        Ok(Self { per_second, p50_ms: percentile(&times, 0.5), p99_ms: percentile(&times, 0.99) })
    }

    /// For the report.
    pub fn to_json(&self) -> Value {
        json!({
            "per_second": rounded(self.per_second),
            "p50_ms": rounded(self.p50_ms),
            "p99_ms": rounded(self.p99_ms),
        })
    }
}
