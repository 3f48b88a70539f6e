//! One time for all programs of a simulation. It stands still until it is moved.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;

/// When every simulation begins: noon in Japan.
const BEGIN: OffsetDateTime = datetime!(2026-11-24 03:00 UTC);

/// A clock that only moves when told.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// Lets time pass.
    ///
    /// # Panics
    /// If it is more than half a billion years.
    pub fn pass(&self, time: Duration) {
        let milliseconds = u64::try_from(time.as_millis()).expect("a time that is simulated");
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Since the beginning.
    #[must_use]
    pub fn passed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        BEGIN + self.passed()
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
