//! What a test waits for that no stream announces.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Partner, partner::PATIENCE};

/// Looks again and again until `holds`.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(25));
    let arrived = async {
        while !holds().await {
            looks.tick().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, arrived).await.is_ok(), "{what}");
}

impl Partner {
    /// Waits until everybody can read a blob here.
    pub async fn blob_arrives(&self, hash: &[u8]) {
        eventually("the blob never came", async || self.blob(hash).await.is_some()).await;
    }

    /// Waits until no file of its folder holds these bytes.
    pub async fn leaves_no_trace(&self, needle: &[u8]) {
        let what = format!("{}: {} stays on the disk", self.name, String::from_utf8_lossy(needle));
        eventually(&what, async || files_with(self.folder(), needle).is_empty()).await;
    }
}

/// Files below a folder that hold these bytes. Files may go while it looks.
pub fn files_with(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
        {
            found.push(path);
        }
    }
    found
}
