//! Time, passed in.

use std::time::{Duration, Instant};

use time::{OffsetDateTime, UtcOffset};

/// The two times the center goes by.
pub trait Clock: Send + Sync + 'static {
    /// Time since this process began: judges challenges and sealed states, since nobody can set it back.
    fn uptime(&self) -> Duration;

    /// The time of day, UTC: for opening hours, dates of issue and `nbf`.
    fn now(&self) -> OffsetDateTime;
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

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Local time of Japan: nine hours ahead of UTC all year.
#[must_use]
pub fn japan(at: OffsetDateTime) -> OffsetDateTime {
    let offset = UtcOffset::from_hms(9, 0, 0).expect("nine hours is an offset");
    at.to_offset(offset)
}
