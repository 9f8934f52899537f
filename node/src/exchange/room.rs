//! Room for what is verified and waits for the disk, of all peers together: however many send, memory stays bounded
//! (promise P9). Who has something in it may overstep it once; nobody reads on until there is room again.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::watch;

/// Bytes of leaves and bodies. What they are parsed into takes some three times as much.
const BYTES: usize = 32 << 20;

/// How much is taken, and a signal when some is given back.
#[derive(Debug, Default)]
pub struct Room {
    taken: AtomicUsize,
    freed: watch::Sender<()>,
}

impl Room {
    /// Takes so much, until it is dropped.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Taken {
        self.taken.fetch_add(bytes, Ordering::AcqRel);
        Taken { room: Arc::clone(self), bytes }
    }

    /// Whether anybody may read on.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.taken.load(Ordering::Acquire) < BYTES
    }

    /// Wakes when some is given back.
    pub fn freed(&self) -> watch::Receiver<()> {
        self.freed.subscribe()
    }
}

/// A part of it.
#[derive(Debug)]
pub struct Taken {
    room: Arc<Room>,
    /// How much.
    pub bytes: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let before = self.room.taken.fetch_sub(self.bytes, Ordering::AcqRel);
        // Only who waits for room wants to know.
        if before >= BYTES && before - self.bytes < BYTES {
            self.room.freed.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_there_for_all() {
        let room = Arc::new(Room::default());
        let mut freed = room.freed();
        let (one, other) = (room.take(BYTES - 1), room.take(2));
        assert!(!room.is_left() && !freed.has_changed().unwrap());
        drop(other);
        assert!(room.is_left() && freed.has_changed().unwrap());
        freed.mark_unchanged();
        drop(one);
        assert!(!freed.has_changed().unwrap(), "nobody was waiting");
    }
}
