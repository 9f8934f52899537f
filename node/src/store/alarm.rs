//! Raised when a write to disk has failed, in the database or beside it (threats.md F03). The kernel may have dropped
//! what it could not write, and a second `fsync` then says that all is well: so nothing is tried again, nothing more
//! is acknowledged, and only a restart, which reads what is really there, ends it.

use std::{io, path::Path};

use tokio_util::sync::CancellationToken;

/// Whether it was raised; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Alarm(CancellationToken);

impl Alarm {
    /// From now on nothing is written.
    pub(crate) fn raise(&self, error: &dyn std::fmt::Display) {
        if !self.0.is_cancelled() {
            tracing::error!(%error, "a write to disk failed: nothing more is written until the node is restarted");
        }
        self.0.cancel();
    }

    /// The same, if that is what an error of a file means.
    pub(crate) fn hear(&self, path: &Path, error: &io::Error) {
        if is_broken(error) {
            self.raise(&format_args!("{}: {error}", path.display()));
        }
    }

    /// Was it?
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Resolves when it is.
    pub async fn raised(&self) {
        self.0.cancelled().await;
    }
}

/// Whether the disk itself failed, or can't be written any more. A full one isn't a broken one, and neither is a process
/// that has too many files open.
pub(crate) fn is_broken(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    const EUCLEAN: i32 = 117;
    error.kind() == io::ErrorKind::ReadOnlyFilesystem || matches!(error.raw_os_error(), Some(EIO | EUCLEAN))
}

/// Whether there was no room, on the disk or in the quota of whom the node runs as.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_only_a_broken_disk_raises_it() {
        let raised_by = |errno| {
            let alarm = Alarm::default();
            alarm.hear(Path::new("file"), &io::Error::from_raw_os_error(errno));
            alarm.is_raised()
        };
        // EIO, EROFS, EUCLEAN; ENOENT, EACCES, EMFILE, ENOSPC, EDQUOT.
        assert_eq!([5, 30, 117].map(raised_by), [true; 3]);
        assert_eq!([2, 13, 24, 28, 122].map(raised_by), [false; 5]);
    }
}
