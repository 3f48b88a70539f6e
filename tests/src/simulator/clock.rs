//! One time for all programs of a simulation. It stands still until it is moved, and the day's time may be set apart from it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// A clock that only moves when told. It begins when the keys of the ground are valid: now.
#[derive(Debug)]
pub struct Clock {
    begin: OffsetDateTime,
    passed: AtomicU64,
    /// Seconds that the day's time was set to later.
    set: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            begin: OffsetDateTime::now_utc(),
            passed: AtomicU64::new(0),
            set: AtomicI64::new(0),
        }
    }
}

impl Clock {
    /// Lets time pass.
    ///
    /// # Panics
    /// If it is more than half a billion years.
    pub fn pass(&self, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).expect("a time that is simulated");
        self.passed.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Takes time back that has passed, as no machine's uptime goes: what programs forgot meanwhile stays forgotten.
    ///
    /// # Panics
    /// If it is more than half a billion years.
    pub fn take_back(&self, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).expect("a time that is simulated");
        self.passed.fetch_sub(milliseconds, Ordering::SeqCst);
    }

    /// Sets the day's time so many seconds later, or earlier if negative, as whoever sets the machines' clocks does: no time passes.
    pub fn set(&self, seconds: i64) {
        self.set.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Since the beginning.
    #[must_use]
    pub fn passed(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let set = time::Duration::seconds(self.set.load(Ordering::SeqCst));
        self.begin + self.passed() + set
    }
}

impl issuance_center::clock::Clock for Clock {
    fn uptime(&self) -> Duration {
        self.passed()
    }

    fn now(&self) -> OffsetDateTime {
        self.now()
    }
}

impl vrs::clock::Clock for Clock {
    fn uptime(&self) -> Duration {
        self.passed()
    }

    fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }
}
