//! Figures for the operator, in Prometheus' text format. Every label is of a closed list.

use std::{collections::BTreeMap, fmt::Write, sync::Mutex, time::Duration};

use issuance_api::{MunicipalityCode, ProblemCode};
use issuance_channel::{histogram::Histogram, server};

use crate::storage::Unavailable;

/// A step that a center can ask for, as the label `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `POST /v1/nonce`.
    Nonce,
    /// `POST /v1/evidence`.
    Evidence,
    /// `POST /v1/inquiry`.
    Inquiry,
    /// `POST /v1/register`.
    Register,
    /// `POST /v1/delivered`.
    Delivered,
    /// `POST /v1/revocations`.
    Revocations,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Nonce,
        Self::Evidence,
        Self::Inquiry,
        Self::Register,
        Self::Delivered,
        Self::Revocations,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Nonce => "nonce",
            Self::Evidence => "evidence",
            Self::Inquiry => "inquiry",
            Self::Register => "register",
            Self::Delivered => "delivered",
            Self::Revocations => "revocations",
        }
    }
}

/// Counters since start.
#[derive(Default)]
pub struct Metrics {
    /// By step and outcome.
    answers: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    /// By step.
    took: [Histogram; Step::ALL.len()],
    /// By what the listener reports.
    transport: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    /// Counts an answer; `ok` where there is no problem.
    pub fn answered(&self, step: Step, took: Duration, problem: Option<ProblemCode>) {
        let outcome = problem.map_or("ok", ProblemCode::as_str);
        count(&self.answers, (step.label(), outcome));
        let of_step = Step::ALL.iter().zip(&self.took);
        for (_, steps) in of_step.filter(|(each, _)| **each == step) {
            steps.count(took);
        }
    }

    /// Counts an event of the listener.
    pub fn transport(&self, event: server::Event) {
        count(&self.transport, event.name());
    }

    /// All of them, and whether each municipality's sentinel is found.
    #[must_use]
    pub fn text(&self, health: &[(MunicipalityCode, Result<(), Unavailable>)]) -> String {
        let mut text = String::from("# TYPE vrs_answers_total counter\n");
        for ((step, outcome), count) in &*lock(&self.answers) {
            line(
                &mut text,
                format_args!("vrs_answers_total{{step=\"{step}\",outcome=\"{outcome}\"}} {count}"),
            );
        }
        text.push_str("# TYPE vrs_step_seconds histogram\n");
        for (step, took) in Step::ALL.iter().zip(&self.took) {
            took.write(&mut text, "vrs_step_seconds", ("step", step.label()))
                .expect("a string takes any text");
        }
        text.push_str("# TYPE vrs_transport_total counter\n");
        for (event, count) in &*lock(&self.transport) {
            line(
                &mut text,
                format_args!("vrs_transport_total{{event=\"{event}\"}} {count}"),
            );
        }
        text.push_str("# TYPE vrs_sentinel_found gauge\n");
        for (municipality, found) in health {
            let found = u8::from(found.is_ok());
            line(
                &mut text,
                format_args!("vrs_sentinel_found{{municipality=\"{municipality}\"}} {found}"),
            );
        }
        text
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes any text");
}

fn count<K: Ord>(counters: &Mutex<BTreeMap<K, u64>>, key: K) {
    *lock(counters).entry(key).or_default() += 1;
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("nothing panics while it holds this lock")
}
