//! What this process has of the machine's memory.

/// A line of `/proc/self/status`, in KiB.
///
/// # Panics
/// When there is no such line: not on Linux.
pub fn line(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process knows its memory");
    let line = status.lines().find_map(|known| known.strip_prefix(name)).expect("a line of that name");
    line.trim().trim_end_matches(" kB").parse().expect("a number of kB")
}

/// How much it grew while `work` ran, at the worst moment, in KiB.
pub async fn growth(work: impl Future<Output = ()>) -> u64 {
    // Forgets the worst moment until now.
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may measure itself");
    let before = line("VmRSS:");
    work.await;
    line("VmHWM:").saturating_sub(before)
}
