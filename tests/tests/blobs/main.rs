//! Files between real nodes, to portals and to callers: what liars, cuts, slow readers
//! and damaged disks do to them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod damaging;
mod fetching;
mod reading;

use tokio::time::timeout;
use volbridge_tests::{Partner, partner::PATIENCE};

/// Bytes in which no two groups are alike.
fn bytes(name: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// Waits until a node gives everybody the bytes of a blob, and checks them.
async fn arrives(at: &Partner, expected: &[u8]) {
    let mut changes = at.node().context().changes.subscribe();
    let arrived = timeout(PATIENCE, async {
        loop {
            if let Some(bytes) = at.blob(&hash(expected)).await {
                return bytes;
            }
            changes.changed().await.unwrap();
        }
    });
    let arrived = arrived.await.unwrap_or_else(|_| format!("{}: it never arrived", at.name).into_bytes());
    assert!(arrived == expected, "{}", String::from_utf8_lossy(&arrived[..arrived.len().min(100)]));
}

/// How many bytes the files of a partner's blobs have, and their names.
fn on_disk(partner: &Partner) -> (u64, Vec<String>) {
    let mut folders = vec![partner.folder().join("blobs")];
    let (mut bytes, mut names) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                bytes += path.metadata().map_or(0, |metadata| metadata.len());
                names.push(path.display().to_string());
            }
        }
    }
    (bytes, names)
}
