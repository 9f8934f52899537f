//! What fails: the line in the control file.
//!
//! ```text
//! 3 2 5 1 5 0 -1 .db-wal
//! │ │ │ │ │ │ │  └ only files whose path ends so; `*` for all
//! │ │ │ │ │ │ └ bytes by which files may still grow; -1: no end
//! │ │ │ │ │ └ milliseconds that each such call takes longer
//! │ │ │ │ └ the error's number; 0: none; -1: the process dies before the call, -2: after it
//! │ │ │ └ how many fail; 0: all from then on
//! │ │ └ the first such call that fails
//! │ └ which calls: the sum of `WRITE`, `SYNC`, …
//! └ a new number for each new line: counting begins anew
//! ```

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::Disk;

/// Bytes into a file.
pub const WRITE: u32 = 1;
/// What was written is to last.
pub const SYNC: u32 = 2;
/// A name for a file, or none.
pub const RENAME: u32 = 4;
/// A new file or folder.
pub const CREATE: u32 = 8;
/// Another length.
pub const TRUNCATE: u32 = 16;
/// A file is opened to be written.
pub const OPEN: u32 = 32;

/// The process dies before the call that would have failed.
pub const DIE_BEFORE: i32 = -1;
/// It dies when that call is done.
pub const DIE_AFTER: i32 = -2;

#[derive(Clone, Default)]
struct Plan {
    generation: u64,
    calls: u32,
    from: u64,
    times: u64,
    errno: i32,
    delay: u64,
    space: i64,
    ending: String,
}

#[derive(Default)]
struct Count {
    generation: u64,
    calls: u64,
    grown: i64,
}

static COUNT: Mutex<Count> = Mutex::new(Count { generation: 0, calls: 0, grown: 0 });

/// What becomes of a call.
pub enum Verdict {
    /// It passes.
    Pass,
    /// It fails with this number.
    Fail(i32),
    /// A write of that many bytes only: what still had room.
    Short(usize),
    /// It passes, and then the process dies.
    Last,
}

/// The search index is made from records and can be lost at any time: a write of it that fails is not the one that a
/// test of what was acknowledged waits for.
fn is_derived(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "search")
}

/// Judges a call about a file; `growth` is by how much it would grow, of `length` bytes that are written.
pub fn judge(disk: &Disk, call: u32, path: &Path, growth: usize, length: usize) -> Verdict {
    let Some(plan) = read(&disk.control) else { return Verdict::Pass };
    if plan.ending != "*" && !path.to_string_lossy().ends_with(&plan.ending) {
        return Verdict::Pass;
    }
    let mut count = COUNT.lock().unwrap_or_else(PoisonError::into_inner);
    if count.generation != plan.generation {
        *count = Count { generation: plan.generation, ..Count::default() };
    }
    if let Some(verdict) = without_room(disk, &plan, &mut count, call, path, growth, length) {
        return verdict;
    }
    if plan.calls & call == 0 || is_derived(path) {
        return Verdict::Pass;
    }
    count.calls += 1;
    let nth = count.calls;
    drop(count);
    if plan.delay > 0 {
        std::thread::sleep(Duration::from_millis(plan.delay));
    }
    let hit = nth >= plan.from && (plan.times == 0 || nth < plan.from + plan.times);
    if !hit || plan.errno == 0 {
        return Verdict::Pass;
    }
    note(disk, call, path, nth);
    match plan.errno {
        DIE_BEFORE => die(),
        DIE_AFTER => Verdict::Last,
        errno => Verdict::Fail(errno),
    }
}

fn without_room(
    disk: &Disk,
    plan: &Plan,
    count: &mut Count,
    call: u32,
    path: &Path,
    growth: usize,
    length: usize,
) -> Option<Verdict> {
    if plan.space < 0 || call & (WRITE | CREATE) == 0 {
        return None;
    }
    let growth = i64::try_from(growth).unwrap_or(i64::MAX);
    let left = plan.space - count.grown;
    if growth > 0 && growth <= left {
        count.grown += growth;
    }
    if growth <= left && left > 0 || growth == 0 && call == WRITE {
        return None;
    }
    note(disk, call, path, 0);
    // What fits is written first, as disks do.
    let fits = length.saturating_sub(usize::try_from(growth - left).unwrap_or(0));
    if call == WRITE && left > 0 && fits > 0 {
        count.grown = plan.space;
        return Some(Verdict::Short(fits));
    }
    Some(Verdict::Fail(libc::ENOSPC))
}

/// `kill -9` by its own hand: nothing is flushed or told.
pub fn die() -> ! {
    std::process::abort()
}

fn read(control: &Path) -> Option<Plan> {
    let line = fs::read_to_string(control).ok()?;
    let mut words = line.split_whitespace();
    let mut number = || words.next()?.parse::<i64>().ok();
    Some(Plan {
        generation: u64::try_from(number()?).ok()?,
        calls: u32::try_from(number()?).ok()?,
        from: u64::try_from(number()?).ok()?,
        times: u64::try_from(number()?).ok()?,
        errno: i32::try_from(number()?).ok()?,
        delay: u64::try_from(number()?).ok()?,
        space: number()?,
        ending: words.next()?.to_owned(),
    })
}

fn note(disk: &Disk, call: u32, path: &Path, nth: u64) {
    let name = path.strip_prefix(&disk.folder).unwrap_or(path).display();
    let hits = OpenOptions::new().create(true).append(true).open(disk.control.with_extension("hits"));
    let _ = hits.and_then(|mut hits| writeln!(hits, "{call} {nth} {name}"));
}
