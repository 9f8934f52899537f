//! One at a time works on the files of a blob: who stores it, who receives it, who deletes it. Between a look into the
//! database and what follows from it on the disk, nobody else comes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;
use volbridge_proto::BlobHash;

/// Who works on which blob.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Arc<Mutex<HashMap<BlobHash, Signals>>>);

#[derive(Clone, Debug, Default)]
struct Signals {
    /// Another needs it more.
    give_up: CancellationToken,
    /// It is free again.
    free: CancellationToken,
}

/// Until it is dropped, its holder alone works on a blob's files.
#[derive(Debug)]
pub(super) struct Mark {
    marks: Marks,
    hash: BlobHash,
    signals: Signals,
}

impl Marks {
    /// Unless somebody has it.
    pub(super) fn try_take(&self, hash: BlobHash) -> Option<Mark> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(&hash) {
            return None;
        }
        let signals = Signals::default();
        held.insert(hash, signals.clone());
        drop(held);
        Some(Mark { marks: self.clone(), hash, signals })
    }

    /// As soon as it is free; who receives it gives up.
    pub(super) async fn take(&self, hash: BlobHash) -> Mark {
        loop {
            if let Some(mark) = self.try_take(hash) {
                return mark;
            }
            let holder = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
            if let Some(holder) = holder {
                holder.give_up.cancel();
                holder.free.cancelled().await;
            }
        }
    }
}

impl Mark {
    /// Which blob.
    pub(super) fn hash(&self) -> BlobHash {
        self.hash
    }

    /// Cancelled when another waits for it.
    pub(super) fn give_up(&self) -> CancellationToken {
        self.signals.give_up.clone()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.marks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.hash);
        self.signals.free.cancel();
    }
}
