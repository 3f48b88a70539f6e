//! Time, passed in.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// The two times VRS goes by.
pub trait Clock: Send + Sync + 'static {
    /// Time since this process began: judges nonces and tickets, since nobody can set it back.
    fn uptime(&self) -> Duration;

    /// Unix time in seconds: judges reservations, which outlive the process.
    fn unix(&self) -> i64;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// Starts counting now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix(&self) -> i64 {
        OffsetDateTime::now_utc().unix_timestamp()
    }
}
