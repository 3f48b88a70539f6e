//! How many connections each identity has open, so that one certificate alone cannot take them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::Identity;

pub(super) struct Places {
    each: usize,
    /// Nobody is in here with none.
    taken: Mutex<HashMap<Identity, usize>>,
}

/// One connection's place, given back when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    identity: Identity,
}

impl Places {
    pub(super) fn new(each: usize) -> Arc<Self> {
        let taken = Mutex::default();
        Arc::new(Self { each, taken })
    }

    /// A place, unless the identity has all it may have.
    pub(super) fn take(self: &Arc<Self>, identity: &Identity) -> Option<Place> {
        let mut all = self.lock();
        let taken = all.get(identity).copied().unwrap_or(0);
        if taken >= self.each {
            return None;
        }
        all.insert(identity.clone(), taken + 1);
        Some(Place {
            places: Arc::clone(self),
            identity: identity.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Identity, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.places.lock();
        if let Some(taken) = all.get_mut(&self.identity) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_has_its_places_and_leaves_nothing_behind() {
        let places = Places::new(2);
        let one: Identity = "urn:shomei:center:center-1".parse().unwrap();
        let other: Identity = "urn:shomei:center:center-2".parse().unwrap();
        let first = places.take(&one);
        let second = places.take(&one);
        assert!(first.is_some() && second.is_some());
        assert!(places.take(&one).is_none());
        let others = places.take(&other);
        assert!(others.is_some());
        drop(first);
        let third = places.take(&one);
        assert!(third.is_some() && places.take(&one).is_none());
        drop((second, third, others));
        assert!(places.lock().is_empty());
    }
}
