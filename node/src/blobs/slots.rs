//! How many blobs a partner reads at a time. A read that hasn't moved for a while gives its place to a new one: it may
//! be of a connection that has died unnoticed (threats.md T21).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use volbridge_proto::PartnerId;

use super::BlobError;

/// Blobs that one partner reads at the same time.
pub const READS: usize = 4;

/// Who reads how many.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    held: Arc<Mutex<HashMap<PartnerId, Vec<Place>>>>,
    numbers: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Place {
    number: u64,
    moved: Instant,
}

/// One read of one partner.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
    partner: PartnerId,
    number: u64,
}

impl Slots {
    /// A place for one more read of a partner.
    pub(super) fn take(&self, partner: PartnerId, patience: Duration) -> Result<Slot, BlobError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let places = held.entry(partner).or_default();
        if places.len() >= READS {
            let stuck = places.iter().position(|place| place.moved.elapsed() > patience);
            places.swap_remove(stuck.ok_or(BlobError::TooMany)?);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        places.push(Place { number, moved: Instant::now() });
        Ok(Slot { slots: self.clone(), partner, number })
    }
}

impl Slot {
    /// A piece goes out; an error if another read has this one's place by now.
    pub(super) fn moved(&self) -> Result<(), BlobError> {
        let mut held = self.slots.held.lock().unwrap_or_else(PoisonError::into_inner);
        let places = held.get_mut(&self.partner);
        let place = places.and_then(|places| places.iter_mut().find(|place| place.number == self.number));
        place.ok_or(BlobError::Slow)?.moved = Instant::now();
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut held = self.slots.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = held.get_mut(&self.partner) {
            places.retain(|place| place.number != self.number);
            if places.is_empty() {
                held.remove(&self.partner);
            }
        }
    }
}
