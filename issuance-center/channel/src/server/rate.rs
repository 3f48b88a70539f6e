//! How often each address comes, without a list of addresses: counters in places that a key of this process alone
//! decides. Two addresses may share one, and then share what it allows; nobody can choose whose.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many that few of the addresses of a busy minute share one.
const PLACES: u16 = 4096;
const WINDOW: Duration = Duration::from_secs(60);

pub(super) struct Rate {
    each: u32,
    key: RandomState,
    counted: Mutex<(Instant, Vec<u32>)>,
}

impl Rate {
    pub(super) fn new(each: u32, now: Instant) -> Self {
        let places = vec![0; usize::from(PLACES)];
        Self {
            each,
            key: RandomState::new(),
            counted: Mutex::new((now, places)),
        }
    }

    /// Whether this address may come once more within the minute.
    pub(super) fn admits(&self, address: &IpAddr, now: Instant) -> bool {
        let place = self.key.hash_one(address) % u64::from(PLACES);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let (begun, places) = &mut *counted;
        if now.duration_since(*begun) >= WINDOW {
            *begun = now;
            places.fill(0);
        }
        let count = usize::try_from(place)
            .ok()
            .and_then(|it| places.get_mut(it));
        count.is_some_and(|count| {
            let admitted = *count < self.each;
            *count = count.saturating_add(u32::from(admitted));
            admitted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_minute() {
        let begin = Instant::now();
        let rate = Rate::new(3, begin);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let one = address("192.0.2.1");
        for _ in 0..3 {
            assert!(rate.admits(&one, begin));
        }
        assert!(!rate.admits(&one, begin + Duration::from_secs(59)));
        // One in 4096 shares a place with the first.
        let others =
            (2..=20).filter(|last| rate.admits(&address(&format!("192.0.2.{last}")), begin));
        assert!(others.count() >= 17);
        assert!(rate.admits(&one, begin + WINDOW));
    }
}
