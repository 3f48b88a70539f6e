//! How many connections each identity or address has open, so that one alone cannot take them all.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(super) struct Places<K: Eq + Hash> {
    each: usize,
    /// Nobody is in here with none.
    taken: Mutex<HashMap<K, usize>>,
}

/// One connection's place, given back when dropped.
pub(super) struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    whose: K,
}

/// Whom a connection without a certificate is counted under: an IPv4 address, or the 64 bits of an IPv6 network, all of
/// which one subscriber has.
pub(super) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl<K: Eq + Hash + Clone> Places<K> {
    pub(super) fn new(each: usize) -> Arc<Self> {
        let taken = Mutex::default();
        Arc::new(Self { each, taken })
    }

    /// A place, unless this one has all it may have.
    pub(super) fn take(self: &Arc<Self>, whose: &K) -> Option<Place<K>> {
        let mut all = self.lock();
        let taken = all.get(whose).copied().unwrap_or(0);
        if taken >= self.each {
            return None;
        }
        all.insert(whose.clone(), taken + 1);
        Some(Place {
            places: Arc::clone(self),
            whose: whose.clone(),
        })
    }
}

impl<K: Eq + Hash> Places<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut all = self.places.lock();
        if let Some(taken) = all.get_mut(&self.whose) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    #[test]
    fn an_address_is_counted_with_its_network() {
        let origin = |text: &str| origin(text.parse().unwrap());
        assert_eq!(origin("2001:db8:1:2:3::4"), origin("2001:db8:1:2:ffff::"));
        assert_ne!(origin("2001:db8:1:2::"), origin("2001:db8:1:3::"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
    }

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
