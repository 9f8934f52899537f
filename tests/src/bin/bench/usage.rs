//! What processes use, as Linux tells it: memory, processor time, bytes on the wire and on the disk.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    Outcome,
    report::{as_f64, rounded},
};

/// Ticks a second of the times in `/proc`: a constant of Linux's interface to programs.
const TICKS: f64 = 100.0;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// The most memory that it had at once (VmHWM).
    pub peak_bytes: u64,
    /// What it has now.
    pub now_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_seconds: f64,
}

impl Used {
    /// Of a running process.
    pub fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kibibytes = |key: &str| field(&status, key).unwrap_or_default() * 1024;
        let (own, _) = cpu(pid)?;
        Ok(Self { peak_bytes: kibibytes("VmHWM:"), now_bytes: kibibytes("VmRSS:"), cpu_seconds: own })
    }

    /// Of a process and those that it started: a PostgreSQL server. What they share is counted once.
    pub fn of_family(parent: u32) -> io::Result<Self> {
        let (own, of_the_dead) = cpu(parent)?;
        let mut used = Self { cpu_seconds: own + of_the_dead, ..Self::default() };
        let mut shared = 0;
        for pid in children(parent).into_iter().chain([parent]) {
            // It may have ended meanwhile.
            let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
            used.now_bytes += field(&status, "RssAnon:").unwrap_or_default() * 1024;
            shared = shared.max(field(&status, "RssShmem:").unwrap_or_default() * 1024);
            if pid != parent {
                used.cpu_seconds += cpu(pid).map(|(own, _)| own).unwrap_or_default();
            }
        }
        used.now_bytes += shared;
        used.peak_bytes = used.now_bytes;
        Ok(used)
    }

    /// The same with the processor time since an earlier moment.
    pub fn since(self, before: Self) -> Self {
        Self { cpu_seconds: self.cpu_seconds - before.cpu_seconds, ..self }
    }

    /// For the report.
    pub fn to_json(self) -> Value {
        let mib = |bytes: u64| rounded(as_f64(bytes) / 1_048_576.0);
        json!({
            "peak_mib": mib(self.peak_bytes),
            "now_mib": mib(self.now_bytes),
            "cpu_seconds": rounded(self.cpu_seconds),
        })
    }
}

/// Memory of a process that isn't pages of files: what a mapped index takes beyond it, the system can take back.
pub fn anonymous_bytes(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(field(&status, "RssAnon:").unwrap_or_default() * 1024)
}

/// The number after a key in a file of `/proc`.
fn field(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
}

/// Seconds of a process itself, and of its children that have ended.
fn cpu(pid: u32) -> io::Result<(f64, f64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name may hold blanks; it ends at the last bracket.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: Vec<u64> = rest.split_whitespace().skip(11).take(4).filter_map(|n| n.parse().ok()).collect();
    match ticks.as_slice() {
        [user, system, dead_user, dead_system] => {
            Ok((as_f64(user + system) / TICKS, as_f64(dead_user + dead_system) / TICKS))
        }
        _ => Err(io::Error::other(format!("/proc/{pid}/stat: {stat}"))),
    }
}

fn children(parent: u32) -> Vec<u32> {
    let lists = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = lists.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Bytes that went over the loopback interface so far: TCP and IP headers and both ways included, and what anybody
/// else on this machine sends over it.
pub fn wire_bytes() -> io::Result<u64> {
    let table = fs::read_to_string("/proc/net/dev")?;
    let line = table.lines().find_map(|line| line.trim().strip_prefix("lo:"));
    let received = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    received.ok_or_else(|| io::Error::other("/proc/net/dev: no loopback interface"))
}

/// Writes everything out that the system still holds back, so that it doesn't disturb what is measured next.
pub fn settle() {
    let _ = Command::new("sync").stdin(Stdio::null()).status();
}

/// Copies a folder with owners and times.
pub fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status()?;
    if copied.success() { Ok(()) } else { Err(format!("can't copy {}", from.display()).into()) }
}
