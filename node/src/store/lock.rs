//! One process per data folder (threats.md F21): an advisory lock on `<data>/lock`, which the system releases
//! when the process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use super::StoreError;

/// Held as long as the node runs.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
    path: PathBuf,
}

impl DataLock {
    /// Takes the folder for this process, or says that another has it.
    pub fn take(data: &Path) -> Result<Self, StoreError> {
        let path = data.join("lock");
        let failed = |source| StoreError::File { path: path.clone(), source };
        std::fs::create_dir_all(data).map_err(failed)?;
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path }),
            Err(TryLockError::Error(source)) => return Err(StoreError::File { path, source }),
        }
        // Only for people who look into the folder; the lock is what counts.
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file, path })
    }

    /// The lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f21_a_second_process_is_refused_until_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::take(folder.path()).unwrap();
        assert!(matches!(DataLock::take(folder.path()), Err(StoreError::InUse { .. })));
        drop(first);
        DataLock::take(folder.path()).unwrap();
    }
}
