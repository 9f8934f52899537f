//! So many at a time: together, and of one address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Address;

/// Places that are taken and given back.
pub struct Places {
    most: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    together: usize,
    /// Only who has a place stands here: never more than there are places.
    of_each: HashMap<Address, usize>,
}

/// A place; given back when it is dropped.
pub struct Place {
    places: Arc<Places>,
    address: Option<Address>,
}

impl Places {
    pub fn new(most: usize, of_one: usize) -> Self {
        Self { most, of_one, taken: Mutex::default() }
    }

    /// A place, if there is one left. Without an address only the whole counts.
    pub fn take(self: &Arc<Self>, address: Option<Address>) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = address.and_then(|address| taken.of_each.get(&address)).copied().unwrap_or(0);
        if taken.together >= self.most || (address.is_some() && own >= self.of_one) {
            return None;
        }
        taken.together += 1;
        if let Some(address) = address {
            taken.of_each.insert(address, own + 1);
        }
        Some(Place { places: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.together = taken.together.saturating_sub(1);
        let Some(address) = self.address else { return };
        match taken.of_each.get_mut(&address) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.of_each.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn one_address_leaves_places_to_others_and_what_is_given_back_is_free() {
        let at = |last: u8| Some(Address::from(IpAddr::from([192, 0, 2, last])));
        let places = Arc::new(Places::new(4, 2));
        let mut held: Vec<Place> = (0..2).map(|_| places.take(at(1)).unwrap()).collect();
        assert!(places.take(at(1)).is_none());
        held.push(places.take(at(2)).unwrap());
        held.push(places.take(None).unwrap());
        assert!(places.take(None).is_none() && places.take(at(3)).is_none(), "all are taken");
        held.remove(0);
        held.push(places.take(at(1)).unwrap());
        held.clear();
        assert!(places.taken.lock().unwrap().of_each.is_empty());
    }
}
