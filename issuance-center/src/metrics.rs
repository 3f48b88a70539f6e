//! Figures of operation, as Prometheus reads them. Labels are closed: steps and problem codes, nothing from a request.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use issuance_api::ProblemCode;
use issuance_channel::{histogram::Histogram, server};

use crate::event::Listener;

/// A step of an application, as the label `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `POST /v1/menu`.
    Menu,
    /// `POST /v1/challenge`.
    Challenge,
    /// `POST /v1/evidence`.
    Evidence,
    /// `POST /v1/inquiry`.
    Inquiry,
    /// `POST /v1/issue`.
    Issue,
    /// `POST /v1/delivered`.
    Delivered,
    /// `POST /v1/enrolment`.
    Enrolment,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Menu,
        Self::Challenge,
        Self::Evidence,
        Self::Inquiry,
        Self::Issue,
        Self::Delivered,
        Self::Enrolment,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::Challenge => "challenge",
            Self::Evidence => "evidence",
            Self::Inquiry => "inquiry",
            Self::Issue => "issue",
            Self::Delivered => "delivered",
            Self::Enrolment => "enrolment",
        }
    }
}

/// Counters since the start.
pub struct Metrics {
    steps: [Histogram; Step::ALL.len()],
    problems: Vec<AtomicU64>,
    listeners: Mutex<BTreeMap<(Listener, server::Event), u64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            steps: Default::default(),
            problems: ProblemCode::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            listeners: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Counts a step that ended, well or with a problem.
    pub fn count(&self, step: Step, took: Duration, problem: Option<ProblemCode>) {
        let of_step = Step::ALL.iter().zip(&self.steps);
        for (_, steps) in of_step.filter(|(each, _)| **each == step) {
            steps.count(took);
        }
        let of_code = ProblemCode::ALL.iter().zip(&self.problems);
        for (_, counter) in of_code.filter(|(code, _)| Some(**code) == problem) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts what a listener reports.
    pub fn listener(&self, listener: Listener, what: server::Event) {
        let all = self.listeners.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        *all.entry((listener, what)).or_default() += 1;
    }

    /// The text of `/metrics`.
    ///
    /// # Panics
    /// Never: a string takes everything.
    #[must_use]
    pub fn render(&self, signing_stopped: bool) -> String {
        let mut text = String::new();
        self.write(&mut text, signing_stopped)
            .expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String, signing_stopped: bool) -> std::fmt::Result {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        writeln!(text, "# TYPE shomei_center_step_seconds histogram")?;
        for (step, took) in Step::ALL.iter().zip(&self.steps) {
            let label = ("step", step.label());
            took.write(text, "shomei_center_step_seconds", label)?;
        }
        writeln!(text, "# TYPE shomei_center_problems_total counter")?;
        for (code, counter) in ProblemCode::ALL.iter().zip(&self.problems) {
            let (code, count) = (code.as_str(), read(counter));
            writeln!(
                text,
                "shomei_center_problems_total{{code=\"{code}\"}} {count}"
            )?;
        }
        writeln!(text, "# TYPE shomei_center_listener_total counter")?;
        let listeners = self.listeners.lock();
        let listeners = listeners.unwrap_or_else(PoisonError::into_inner);
        for ((listener, event), count) in &*listeners {
            let (listener, event) = (listener.name(), event.name());
            writeln!(
                text,
                "shomei_center_listener_total{{listener=\"{listener}\",event=\"{event}\"}} {count}"
            )?;
        }
        writeln!(text, "# TYPE shomei_center_signing_stopped gauge")?;
        writeln!(
            text,
            "shomei_center_signing_stopped {}",
            u8::from(signing_stopped)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_problems_are_counted_under_their_labels() {
        let metrics = Metrics::default();
        metrics.count(Step::Issue, Duration::from_micros(700), None);
        metrics.count(Step::Issue, Duration::from_secs(6), Some(ProblemCode::Busy));
        let text = metrics.render(false);
        for line in [
            "shomei_center_step_seconds_bucket{step=\"issue\",le=\"0.0005\"} 0",
            "shomei_center_step_seconds_bucket{step=\"issue\",le=\"0.001\"} 1",
            "shomei_center_step_seconds_bucket{step=\"issue\",le=\"5\"} 1",
            "shomei_center_step_seconds_bucket{step=\"issue\",le=\"+Inf\"} 2",
            "shomei_center_step_seconds_sum{step=\"issue\"} 6.000700",
            "shomei_center_step_seconds_count{step=\"menu\"} 0",
            "shomei_center_problems_total{code=\"busy\"} 1",
            "shomei_center_problems_total{code=\"no-record\"} 0",
            "shomei_center_signing_stopped 0",
        ] {
            assert!(text.lines().any(|each| each == line), "{line}\n{text}");
        }
    }
}
