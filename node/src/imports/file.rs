//! The files of imports: `imports/<id>` in the data folder. A file is whole before its import is in the database, so what
//! has no import is what a crash has left.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, File},
    io::AsyncWriteExt as _,
};
use volbridge_proto::Code;

use super::read::LARGEST;
use crate::{
    context::Context,
    error::Error,
    store::imports::{self, ImportId},
};

fn folder(context: &Context) -> PathBuf {
    context.config.path(Path::new("imports"))
}

/// Where the file of an import lies.
pub(super) fn path(context: &Context, id: ImportId) -> PathBuf {
    folder(context).join(hex::encode(id))
}

fn failed(error: io::Error) -> Error {
    let code = if error.kind() == io::ErrorKind::StorageFull { Code::StoreFull } else { Code::StoreFailed };
    Error::new(code).because(error)
}

/// A file that is coming in; gone again if it doesn't come to its end.
pub struct Incoming {
    file: File,
    path: PathBuf,
    size: u64,
    whole: bool,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.whole {
            // What can't be removed now is swept at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Incoming {
    /// Begins the file of an import.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn begin(context: &Context, id: ImportId) -> Result<Self, Error> {
        fs::create_dir_all(folder(context)).await.map_err(failed)?;
        let mut options = File::options();
        options.write(true).create_new(true);
        // What people have written of each other isn't for everybody on this machine.
        #[cfg(unix)]
        options.mode(0o600);
        let path = path(context, id);
        let file = options.open(&path).await.map_err(failed)?;
        Ok(Self { file, path, size: 0, whole: false })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// `input.too_large`; what the disk says.
    pub async fn add(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.size += piece.len() as u64;
        if self.size > LARGEST {
            return Err(Error::new(Code::InputTooLarge).at("data").with("limit", LARGEST));
        }
        self.file.write_all(piece).await.map_err(failed)
    }

    /// All of it is there, and on the disk; gives its size.
    ///
    /// # Errors
    /// `field.required` if nothing came; what the disk says.
    pub async fn finish(mut self) -> Result<u64, Error> {
        if self.size == 0 {
            return Err(Error::new(Code::FieldRequired).at("data"));
        }
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        self.whole = true;
        Ok(self.size)
    }
}

/// Removes the file of an import, if it is there.
///
/// # Errors
/// What the disk says.
pub async fn remove(context: &Context, id: ImportId) -> Result<(), Error> {
    match fs::remove_file(path(context, id)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Removes files whose import isn't waiting for them.
///
/// # Errors
/// What the database or the disk says.
pub async fn sweep(context: &Context) -> Result<(), Error> {
    let mut files = match fs::read_dir(folder(context)).await {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    while let Some(file) = files.next_entry().await.map_err(failed)? {
        let id = hex::decode(file.file_name().as_encoded_bytes()).ok();
        let Some(id) = id.and_then(|id| ImportId::try_from(id).ok()) else { continue };
        if imports::find(&context.db, id).await?.is_none_or(|row| row.state.is_over()) {
            remove(context, id).await?;
        }
    }
    Ok(())
}
