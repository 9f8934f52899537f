//! A disk that fails as a test wants (threats.md F02 to F05, F19): this library is loaded with `LD_PRELOAD` below a real
//! node and stands before `write`, `fsync`, `rename` and the like. Calls about files outside of one folder pass untouched.
//!
//! `FAULTY_DISK_FOLDER` is that folder. `FAULTY_DISK_CONTROL` is a file with one line (see `plan`) that says what
//! fails; it may change at any time, and `<control>.hits` gets a line for each call that failed. `FAULTY_DISK_SHADOW` is
//! a folder for what would be left after a power cut (see `shadow`).
//!
//! Linux only. The real calls go by `syscall`, so that nothing is looked up and nothing is entered twice.

mod hooks;
mod plan;
mod shadow;

use std::{
    cell::Cell,
    os::fd::RawFd,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// What the test asked for when it started this process.
struct Disk {
    folder: PathBuf,
    control: PathBuf,
    shadow: Option<PathBuf>,
}

thread_local! {
    /// This library's own calls, and those of the standard library for it, pass.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn disk() -> Option<&'static Disk> {
    static DISK: OnceLock<Option<Disk>> = OnceLock::new();
    let read = || {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        let (folder, control) = (path("FAULTY_DISK_FOLDER")?, path("FAULTY_DISK_CONTROL")?);
        Some(Disk { folder, control, shadow: path("FAULTY_DISK_SHADOW") })
    };
    DISK.get_or_init(read).as_ref()
}

/// Runs `work` unless this is a call of this library's own.
fn outside<T>(work: impl FnOnce(&'static Disk) -> Option<T>) -> Option<T> {
    if INSIDE.replace(true) {
        return None;
    }
    let done = disk().and_then(work);
    INSIDE.set(false);
    done
}

impl Disk {
    /// The file behind a descriptor, if it is one of the folder's.
    fn file(&self, fd: RawFd) -> Option<PathBuf> {
        let path = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
        self.holds(&path).then_some(path)
    }

    fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.folder)
    }
}
