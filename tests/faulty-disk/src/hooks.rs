//! The functions of the C library that this stands before.

use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_long, c_void},
    os::{fd::RawFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
};

use libc::{AT_FDCWD, O_CREAT, O_RDWR, O_WRONLY, iovec, mode_t, off_t, size_t, ssize_t};

use crate::{
    Disk, outside,
    plan::{self, CREATE, OPEN, RENAME, SYNC, TRUNCATE, Verdict, WRITE},
    shadow,
};

/// Fails with a number of `errno.h`.
fn fail<T: From<i8>>(errno: c_int) -> T {
    // SAFETY: the address is this thread's own errno.
    unsafe { *libc::__errno_location() = errno };
    T::from(-1)
}

/// By how much a file of the folder would grow, and what becomes of the write.
fn judge_write(fd: RawFd, at: Option<off_t>, length: usize) -> Verdict {
    let judged = outside(|disk| {
        let path = disk.file(fd)?;
        let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        // SAFETY: asks where the descriptor stands.
        let at = at.unwrap_or_else(|| unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) });
        let end = u64::try_from(at).unwrap_or(0).saturating_add(length as u64);
        let growth = usize::try_from(end.saturating_sub(size)).unwrap_or(usize::MAX);
        Some(plan::judge(disk, WRITE, &path, growth, length))
    });
    judged.unwrap_or(Verdict::Pass)
}

/// Carries out a write of at most `length` bytes as it was judged.
fn written(verdict: Verdict, length: size_t, write: impl FnOnce(size_t) -> c_long) -> ssize_t {
    let done = match verdict {
        Verdict::Fail(errno) => return fail(errno),
        Verdict::Short(fits) => return write(fits.min(length)) as ssize_t,
        Verdict::Pass => return write(length) as ssize_t,
        Verdict::Last => write(length),
    };
    let _ = done;
    plan::die()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    written(judge_write(fd, None, length), length, |length| {
        // SAFETY: the caller's own arguments, or fewer bytes.
        unsafe { libc::syscall(libc::SYS_write, fd, bytes, length) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, bytes: *const c_void, length: size_t, at: off_t) -> ssize_t {
    written(judge_write(fd, Some(at), length), length, |length| {
        // SAFETY: the caller's own arguments, or fewer bytes.
        unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, length, at) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, length: size_t, at: off_t) -> ssize_t {
    // SAFETY: the same function by another name.
    unsafe { pwrite(fd, bytes, length, at) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller says that there are so many.
    let parts_of = unsafe { std::slice::from_raw_parts(parts, usize::try_from(count).unwrap_or(0)) };
    let length = parts_of.iter().map(|part| part.iov_len).sum();
    match judge_write(fd, None, length) {
        Verdict::Pass => {
            // SAFETY: the caller's own arguments.
            unsafe { libc::syscall(libc::SYS_writev, fd, parts, count) as ssize_t }
        }
        Verdict::Fail(errno) => fail(errno),
        Verdict::Short(_) => fail(libc::ENOSPC),
        Verdict::Last => plan::die(),
    }
}

fn synced(fd: c_int, call: c_long) -> c_int {
    let of = outside(|disk| {
        let path = disk.file(fd)?;
        Some((plan::judge(disk, SYNC, &path, 0, 0), disk, path))
    });
    let (verdict, kept) = match of {
        Some((verdict, disk, path)) => (verdict, Some((disk, path))),
        None => (Verdict::Pass, None),
    };
    if let Verdict::Fail(errno) = verdict {
        return fail(errno);
    }
    // SAFETY: the caller's own argument.
    let done = unsafe { libc::syscall(call, fd) } as c_int;
    if let (0, Some((disk, path))) = (done, kept) {
        outside(|_| keep(disk, &path));
    }
    if matches!(verdict, Verdict::Last) {
        plan::die();
    }
    done
}

/// A test whose shadow is wrong must not pass.
fn keep(disk: &Disk, path: &Path) -> Option<()> {
    let kept = disk.shadow.as_ref().map(|shadow| shadow::keep(shadow, path));
    // A file that was deleted has nothing to keep.
    if let Some(Err(error)) = kept
        && error.kind() != std::io::ErrorKind::NotFound
    {
        std::process::abort();
    }
    Some(())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    synced(fd, libc::SYS_fsync)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    synced(fd, libc::SYS_fdatasync)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, length: off_t) -> c_int {
    let judged = outside(|disk| disk.file(fd).map(|path| plan::judge(disk, TRUNCATE, &path, 0, 0)));
    // SAFETY: the caller's own arguments.
    passed(judged, || unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) as c_int })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, length: off_t) -> c_int {
    // SAFETY: the same function by another name.
    unsafe { ftruncate(fd, length) }
}

fn passed(judged: Option<Verdict>, call: impl FnOnce() -> c_int) -> c_int {
    match judged {
        Some(Verdict::Fail(errno)) => fail(errno),
        Some(Verdict::Last) => {
            call();
            plan::die()
        }
        _ => call(),
    }
}

/// A path that a caller names, whole.
///
/// # Safety
/// As for the function that was called with it.
unsafe fn named(path: *const c_char) -> PathBuf {
    // SAFETY: the caller gave a C string.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes();
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Judges a call that names a path.
///
/// # Safety
/// As for the function that was called with it.
unsafe fn judge_path(call: u32, path: *const c_char) -> Option<Verdict> {
    outside(|disk| {
        // SAFETY: passed on.
        let path = unsafe { named(path) };
        disk.holds(&path).then(|| plan::judge(disk, call, &path, 1, 1))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller's own arguments.
    let judged = unsafe { judge_path(RENAME, to) };
    // SAFETY: the caller's own arguments.
    passed(judged, || unsafe { libc::syscall(libc::SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0) as c_int })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller's own argument.
    let judged = unsafe { judge_path(RENAME, path) };
    // SAFETY: the caller's own argument.
    passed(judged, || unsafe { libc::syscall(libc::SYS_unlinkat, AT_FDCWD, path, 0) as c_int })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's own argument.
    let judged = unsafe { judge_path(CREATE, path) };
    // SAFETY: the caller's own arguments.
    passed(judged, || unsafe { libc::syscall(libc::SYS_mkdirat, AT_FDCWD, path, mode) as c_int })
}

/// C declares `...` after the flags; on the machines that this is for, a third argument comes the same way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's own arguments.
    let judged = unsafe { judge_open(path, flags) };
    // SAFETY: the caller's own arguments.
    passed(judged, || unsafe { libc::syscall(libc::SYS_openat, AT_FDCWD, path, flags, mode) as c_int })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the same function by another name.
    unsafe { open(path, flags, mode) }
}

/// # Safety
/// As for `open`.
unsafe fn judge_open(path: *const c_char, flags: c_int) -> Option<Verdict> {
    if flags & (O_WRONLY | O_RDWR | O_CREAT) == 0 {
        return None;
    }
    outside(|disk| {
        // SAFETY: passed on.
        let path = unsafe { named(path) };
        if !disk.holds(&path) {
            return None;
        }
        if flags & O_CREAT != 0 && !path.exists() {
            return Some(plan::judge(disk, CREATE, &path, 1, 1));
        }
        Some(plan::judge(disk, OPEN, &path, 0, 0))
    })
}
