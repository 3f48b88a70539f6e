//! G3: memory keeps nothing. All of the memory of center and VRS is searched, one second after whatever happened, for a resident's name, address,
//! number, birth date and passport and for the certificate, in every form of `traces`. One persona applies at a kiosk for use in Japan, the other
//! by an app, and once at a kiosk, for abroad. Both are given up, and meet a record system that stands still or is gone, at every step.
//!
//! A kiosk's core, `pcscd` and browser, and an app that was locked and its browser, are searched in a full one by `tests/browser/forgetting.py` and
//! `app_forgetting.py` (`at_terminal`).
//!
//! That a handler panics takes a clock that does: servers as shipped but for it.
//!
//! Controls, each protection by itself: the same servers with an allocator that does not wipe what is freed; with their threads' stacks left as
//! they are; and as shipped, with bodies that nobody sealed, on connections that stay open. The first two go through every state there is, each
//! time with servers that have handled nobody before, so that what is found is of that state (`controls`).

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::at_terminal::{Terminal, seen_at};
use super::holders::{PERSONAS, passport};
use super::steps::STEPS;
use super::traces::Traces;
use super::vocabulary::Vocabulary;
use super::{Report, Size};
use crate::world::Programs;

mod controls;
mod happenings;
pub mod issued;
mod watched;

use happenings::Happening;
use watched::Watched;

/// Those about memory: what a core that is killed leaves is G4's, and how much it holds no promise.
const TERMINALS: [Terminal; 2] = [
    Terminal {
        name: "kiosk",
        script: "kiosk.py",
        group: Some("forgetting"),
        parts: &[
            "ended_anywhere",
            "unprotected",
            "applied",
            "given_up",
            "abroad",
            "printed",
            "service",
        ],
    },
    Terminal {
        name: "app",
        script: "app.py",
        group: None,
        parts: &["first_start", "forgotten", "forgotten_abroad"],
    },
];
const TERMINAL: &str = "kiosk-0001";
const APP: &str = "apps/app-0001";
/// After the answer.
const LATER: Duration = Duration::from_secs(1);

/// Runs it.
///
/// # Errors
/// If the programs cannot be run as wanted: nothing is shown then.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let mut watched = Watched::start(Programs::Own)?;
    for happening in [
        Happening::Answered,
        Happening::Together,
        Happening::Aborted,
        Happening::Together,
        Happening::TimedOut,
        Happening::WithoutRecords,
    ] {
        watched.goes_through(happening, size)?;
    }
    let bytes = watched.tell(&mut report);
    report.told("bytes of memory searched", bytes);
    report.figure(
        "steps at which requests were given up before they were answered",
        watched.given_up.len(),
        STEPS.len(),
    );
    report.counted("  requests that were", &watched.given_up);
    report.figure(
        "record system standing still: handlers of the center whose time was over",
        watched.timed_out.counted,
        watched.timed_out.asked,
    );
    report.figure(
        "record system gone: requests that the center refused for that",
        watched.without_records.counted,
        watched.without_records.asked,
    );
    panicked(size, &mut report)?;
    controls::unsealed(&watched, &mut report)?;
    drop(watched);
    controls::without(size, &mut report)?;
    if size == Size::Full {
        for terminal in &TERMINALS {
            seen_at(terminal, &mut report)?;
        }
    }
    Ok(report)
}

/// Handlers of center and VRS panic, one after the other, wherever they look at the clock: in servers as shipped but for that clock.
fn panicked(size: Size, report: &mut Report) -> io::Result<()> {
    let mut watched = Watched::start(Programs::Wiping(&["--panics"]))?;
    watched.goes_through(Happening::Panicked, size)?;
    // They live on, and said no more than where it was.
    let vocabulary = Vocabulary::load()?;
    for (server, count) in &watched.panics {
        report.finds(format!("{server}: handlers that panicked"), *count);
        let lines = watched.program(server)?.log.all();
        let faults = lines.iter().filter(|line| vocabulary.fault(line).is_some());
        report.figure(
            format!("{server}, after panics: lines that are no event"),
            faults.count(),
            0,
        );
    }
    watched.tell(report);
    report.figure("certificates afterwards", usize::from(watched.issues()?), 1);
    Ok(())
}

/// What a process holds of a persona's holder, in every form of `traces`: kinds, and how many pieces of each.
///
/// # Errors
/// If there is no such persona, or any of the process cannot be read.
pub fn remains(process: u32, persona: &str) -> io::Result<BTreeMap<&'static str, usize>> {
    let search = Traces::of_holder(persona)?.search();
    search.process(process)?.whole()
}
