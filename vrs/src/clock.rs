//! Time, passed in.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use time::OffsetDateTime;

/// The two times VRS goes by.
pub trait Clock: Send + Sync + 'static {
    /// Time since this process began: judges nonces and tickets, since nobody can set it back.
    fn uptime(&self) -> Duration;

    /// Unix time in seconds: what day it is, and what logs say. Whoever sets the machine's clock sets it.
    fn unix(&self) -> i64;
}

/// Unix time as it was when a process began, counted on by its uptime: judges reservations, which outlive the process. Whoever sets the
/// machine's clock meanwhile makes none lapse, and keeps none.
#[derive(Debug)]
pub struct Steady {
    unix: i64,
    uptime: Duration,
    /// By how many seconds the clock was ahead when that was told last.
    told: Mutex<i64>,
}

/// How far the clock may go apart from uptime before it is told.
const APART: u64 = 60;

impl Steady {
    /// Begins now.
    #[must_use]
    pub fn start(clock: &dyn Clock) -> Self {
        Self {
            unix: clock.unix(),
            uptime: clock.uptime(),
            told: Mutex::default(),
        }
    }

    /// Seconds, once so much is [`counted`](Self::counted).
    #[must_use]
    pub fn after(&self, counted: Duration) -> i64 {
        let counted = i64::try_from(counted.as_secs());
        self.unix
            .saturating_add(counted.expect("no process runs for half a billion years"))
    }

    /// Since it began.
    #[must_use]
    pub fn counted(&self, clock: &dyn Clock) -> Duration {
        clock.uptime().saturating_sub(self.uptime)
    }

    /// By how many seconds the clock was set since that was told last, if by more than a minute: to later if positive.
    #[must_use]
    pub fn was_set(&self, clock: &dyn Clock) -> Option<i64> {
        let counted = self.after(self.counted(clock));
        let ahead = clock.unix().saturating_sub(counted);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let set = ahead.saturating_sub(*told);
        if set.unsigned_abs() <= APART {
            return None;
        }
        *told = ahead;
        Some(set)
    }
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
