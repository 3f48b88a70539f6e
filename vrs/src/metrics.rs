//! Figures for the operator, in Prometheus' text format. Every label is of a closed list.

use std::{collections::BTreeMap, fmt::Write, sync::Mutex};

use issuance_api::{MunicipalityCode, ProblemCode};
use issuance_channel::server;

use crate::storage::Unavailable;

/// Counters since start.
#[derive(Default)]
pub struct Metrics {
    /// By step and outcome.
    answers: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    /// By what the listener reports.
    transport: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    /// Counts an answer; `ok` where there is no problem.
    pub fn answered(&self, step: &'static str, problem: Option<ProblemCode>) {
        let outcome = problem.map_or("ok", ProblemCode::as_str);
        count(&self.answers, (step, outcome));
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
