//! What a power cut would leave: of each file the bytes that it had at its last `fsync`, of each folder the names that it
//! had at its own. Both are kept by inode number, since a name may come to stand for another file.
//!
//! `<shadow>/<inode>` holds a file's bytes, or a folder's lines: `inode name`.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{DirEntryExt as _, FileExt as _, MetadataExt as _},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Keeps what has just become durable.
pub fn keep(shadow: &Path, path: &Path) -> io::Result<()> {
    static TURN: Mutex<()> = Mutex::new(());
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    // Whole or not at all, also when the process is killed now.
    let part = shadow.join(format!("new-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let mut to = File::create(&part)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            writeln!(to, "{} {}", entry.ino(), entry.file_name().to_string_lossy())?;
        }
    } else {
        let mut buffer = vec![0; 1 << 20];
        let mut at = 0;
        loop {
            // Not `seek`: SQLite's own descriptor has its own place, and so does this one.
            let read = file.read_at(&mut buffer, at)?;
            if read == 0 {
                break;
            }
            to.write_all(buffer.get(..read).unwrap_or_default())?;
            at += read as u64;
        }
    }
    fs::rename(part, shadow.join(metadata.ino().to_string()))
}
