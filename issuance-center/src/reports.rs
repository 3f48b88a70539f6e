//! What happens at a listener: counted always, written once a minute of each kind at most. Whoever can come without a
//! certificate decides how often handshakes fail, and must not decide how much is written.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use issuance_channel::server;

use crate::{
    clock::Clock,
    event::{Event, Events, Listener},
    metrics::Metrics,
};

/// Between two lines about the same.
const MINUTE: Duration = Duration::from_secs(60);

/// Of one listener.
pub struct Reports {
    listener: Listener,
    metrics: Arc<Metrics>,
    events: Arc<dyn Events>,
    clock: Arc<dyn Clock>,
    written: Sparse<server::Event>,
}

/// What may be written again, once a minute of each kind.
pub struct Sparse<K>(Mutex<BTreeMap<K, Written>>);

impl<K> Default for Sparse<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// When the last line was written, and how many were not since.
struct Written {
    at: Duration,
    left_out: u64,
}

impl Reports {
    /// To these.
    #[must_use]
    pub fn new(
        listener: Listener,
        metrics: Arc<Metrics>,
        events: Arc<dyn Events>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            listener,
            metrics,
            events,
            clock,
            written: Sparse::default(),
        }
    }

    /// Something happened.
    pub fn report(&self, what: server::Event) {
        self.metrics.listener(self.listener, what);
        let now = self.clock.uptime();
        let Some(left_out) = self.written.is_due(what, now) else {
            return;
        };
        self.events.note(Event::Listener {
            listener: self.listener,
            what,
            left_out,
        });
    }
}

impl<K: Ord> Sparse<K> {
    /// How many were left out, if it is time for a line.
    pub fn is_due(&self, what: K, now: Duration) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        if let Some(written) = all.get_mut(&what) {
            if now < written.at + MINUTE {
                written.left_out += 1;
                return None;
            }
            left_out = written.left_out;
        }
        let written = Written {
            at: now,
            left_out: 0,
        };
        all.insert(what, written);
        Some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::testing::{HandClock, Notes};

    #[test]
    fn all_is_counted_and_little_written() {
        let clock = Arc::new(HandClock::at(datetime!(2026-11-24 03:00 UTC)));
        let (metrics, notes) = (Arc::new(Metrics::default()), Arc::new(Notes::default()));
        let reports = Reports::new(
            Listener::Public,
            Arc::clone(&metrics),
            Arc::clone(&notes) as _,
            Arc::clone(&clock) as _,
        );
        let what = server::Event::HandshakeFailed;
        for _ in 0..1000 {
            reports.report(what);
        }
        reports.report(server::Event::OverLimit);
        clock.pass(MINUTE);
        reports.report(what);
        let line = |what, left_out| Event::Listener {
            listener: Listener::Public,
            what,
            left_out,
        };
        let expected = [
            line(what, 0),
            line(server::Event::OverLimit, 0),
            line(what, 999),
        ];
        assert_eq!(notes.all(), expected);
        let counted =
            "shomei_center_listener_total{listener=\"public\",event=\"handshake-failed\"} 1001";
        let text = metrics.render(false);
        assert!(text.lines().any(|each| each == counted), "{text}");
    }
}
