//! The folder `search/`: one folder for each index that was begun, and the file `current` with the name of the one that
//! answers. A new one takes over by one rename; whatever `current` doesn't name is left over from a crash.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use tantivy::TantivyError;

use super::index::{Live, Progress};
use crate::failpoint;

/// Where the node's indexes are.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// In this data folder.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self(data.join("search"))
    }

    /// The index that answers; none if there is none of this version, or it is damaged.
    pub fn open(&self) -> Option<Live> {
        let folder = self.0.join(self.current()?);
        let opened = Live::open(&folder).and_then(|live| Ok((live, Live::is_sound(&folder)?)));
        match opened {
            Ok((live, true)) => live,
            Ok((_, false)) => {
                tracing::error!("files of the search index are damaged: it is built anew");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the search index can't be opened: it is built anew");
                None
            }
        }
    }

    /// Removes all indexes and begins a new one, which answers at once.
    ///
    /// # Errors
    /// When the disk doesn't let it.
    pub fn begin(&self, progress: Progress) -> Result<Live, TantivyError> {
        if self.0.exists() {
            fs::remove_dir_all(&self.0)?;
        }
        let (name, live) = self.begin_next(progress)?;
        self.switch(&name)?;
        Ok(live)
    }

    /// Begins a new one beside the one that answers.
    ///
    /// # Errors
    /// As above.
    pub fn begin_next(&self, progress: Progress) -> Result<(String, Live), TantivyError> {
        fs::create_dir_all(&self.0)?;
        self.clean()?;
        let number = self.current().and_then(|name| name.parse::<u64>().ok()).unwrap_or(0);
        let name = number.wrapping_add(1).to_string();
        let live = Live::create(&self.0.join(&name), progress)?;
        Ok((name, live))
    }

    /// Lets one answer, and removes the others.
    ///
    /// # Errors
    /// As above.
    pub fn switch(&self, name: &str) -> io::Result<()> {
        failpoint::pass("index.switch");
        let (written, current) = (self.0.join("current.new"), self.0.join("current"));
        let mut file = fs::File::create(&written)?;
        file.write_all(name.as_bytes())?;
        file.sync_all()?;
        fs::rename(&written, current)?;
        fs::File::open(&self.0)?.sync_all()?;
        self.clean()
    }

    /// Removes what `current` doesn't name.
    ///
    /// # Errors
    /// As above.
    pub fn clean(&self) -> io::Result<()> {
        let current = self.current();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() && name.to_str() != current.as_deref() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn current(&self) -> Option<String> {
        let name = fs::read_to_string(self.0.join("current")).ok()?;
        name.parse::<u64>().ok().map(|number| number.to_string())
    }
}
