//! One time for all programs of a simulation. It stands still until it is moved.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// A clock that only moves when told. It begins when the keys of the ground are valid: now.
#[derive(Debug)]
pub struct Clock {
    begin: OffsetDateTime,
    passed: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            begin: OffsetDateTime::now_utc(),
            passed: AtomicU64::new(0),
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

    /// Since the beginning.
    #[must_use]
    pub fn passed(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.begin + self.passed()
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
