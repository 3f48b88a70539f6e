use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// So many that few of those who come within a window share one.
const PLACES: usize = 1 << 16;

/// How often each comes, without a list of who came: counters in places that a key of this process alone decides. Two may
/// share one, and then share what it allows; nobody can choose whose.
#[derive(Debug)]
pub struct Rate {
    each: u32,
    window: Duration,
    key: RandomState,
    /// When the window began, and what was counted in it.
    counted: Mutex<(Duration, Vec<u32>)>,
}

impl Rate {
    /// So often each within a window. Windows follow each other and are the same for all.
    #[must_use]
    pub fn new(each: u32, window: Duration) -> Self {
        Self {
            each,
            window,
            key: RandomState::new(),
            counted: Mutex::new((Duration::ZERO, vec![0; PLACES])),
        }
    }

    /// Whether this one may come once more within the window; `now` is the time since the process began, or any other that
    /// only goes on.
    pub fn admits<K: Hash>(&self, whose: &K, now: Duration) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let (begun, places) = &mut *counted;
        if now.saturating_sub(*begun) >= self.window {
            *begun = now;
            places.fill(0);
        }
        let place = self.key.hash_one(whose) % (PLACES as u64);
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
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn each_address_has_its_minute() {
        let (begin, window) = (Duration::from_secs(5), Duration::from_secs(60));
        let rate = Rate::new(3, window);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let one = address("192.0.2.1");
        for _ in 0..3 {
            assert!(rate.admits(&one, begin));
        }
        assert!(!rate.admits(&one, Duration::from_secs(59)));
        // One in 65536 shares a place with the first.
        let others =
            (2..=20).filter(|last| rate.admits(&address(&format!("192.0.2.{last}")), begin));
        assert!(others.count() >= 17);
        assert!(rate.admits(&one, begin + window));
    }
}
