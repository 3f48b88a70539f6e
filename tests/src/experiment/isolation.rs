//! G1, nobody gets another's certificate: applications by the million, interleaved, under one clock.
//!
//! Kiosks at two centers take residents as they come; requests and answers are lost, terminals give up and try again, residents go
//! back, cancel or leave without their paper, time jumps. Under one clock some want a certificate for abroad: by an app that reads their passport,
//! or at a kiosk, where it rests on an earlier one by an app. Every certificate that reaches a terminal is judged outside all programs under
//! test, by `verify` and by what the resident's records and passport say; of some the terminal's own hand-over check is asked too, which reads the
//! page; and at the end the register of each municipality is compared, by a program that is not ours, with what was handed out. (The passports
//! in it, which are sealed, VRS reads: those of apps' certificates.)
//!
//! Control: of all that could cross them something came about; and four failures that happened elsewhere ([`Failure`]). With each of these
//! people do get others' certificates, and the kiosk's hand-over check lets none of those through. The same of a fifth, with which their own
//! certificates for abroad have others' second codes.

mod counter;
mod processes;
pub(super) mod register;
mod simulated;

use std::collections::BTreeMap;
use std::io;
use std::ops::AddAssign;

use issuance_api::ProblemCode;
use issuance_center::event::Event;

use simulated::Isolation;

use super::{Report, Size, UNTRUE};
use crate::simulator::{Failure, Notes};

/// Centers, at which the kiosks are in equal shares.
const CENTERS: [&str; 2] = ["center-1", "center-2"];

/// How often a resident goes away before a step: once in so many times.
const LEAVES_IN: usize = 60;

/// One application in so many is for abroad: there are a million, and second code and page take milliseconds more.
const ABROAD_IN: usize = 8;

/// G1: under one clock and in an order drawn by lot; with real processes; and each failure as a control.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let plan = Plan {
        applications: size.of(100, 1_000_000),
        kiosks: size.of(16, 200),
        residents: size.of(30, 600),
        // Where there are few, more of them, so that some come about.
        checked_in: size.of(5, 100),
        leaves_in: size.of(20, LEAVES_IN),
        abroad_in: Some(size.of(3, ABROAD_IN)),
        seed: 6,
    };
    let isolation = Isolation::prepare(plan.residents)?;
    let simulated = isolation.run(&plan)?;
    simulated.report("simulated", true, &mut report);
    for (what, count) in [
        ("by an app", simulated.by_app),
        ("at a kiosk, on an earlier one", simulated.at_kiosk),
        ("put through the hand-over check", simulated.checked_abroad),
    ] {
        report.finds(format!("simulated: for abroad, {what}"), count);
    }
    let processes = processes::run(&Plan {
        applications: size.of(60, 20_000),
        kiosks: size.of(30, 200),
        checked_in: size.of(5, 20),
        abroad_in: None,
        ..plan
    })?;
    processes.report("real processes", size == Size::Full, &mut report);
    let historic = Failure::ALL.map(|failure| (failure, None));
    let fifth = (Failure::SealBySecond, Some(1));
    for (failure, abroad_in) in historic.into_iter().chain([fifth]) {
        let plan = Plan {
            leaves_in: LEAVES_IN,
            abroad_in,
            ..plan
        };
        let name = failure.name();
        let unchecked = Plan {
            applications: size.of(40, 2_000),
            checked_in: usize::MAX,
            ..plan
        };
        let crossed = isolation.with_failure(&unchecked, failure)?;
        report.finds(format!("{name}: others' certificates"), crossed.crossed);
        let checked = Plan {
            applications: size.of(40, 400),
            checked_in: 1,
            ..plan
        };
        let caught = isolation.with_failure(&checked, failure)?;
        report.finds(format!("{name}: stopped by the kiosk"), caught.refused);
        report.control(format!("{name}: others' handed over"), caught.crossed, 0);
    }
    Ok(report)
}

/// How much of what.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Applications.
    applications: usize,
    /// Kiosks, half of them at each center.
    kiosks: usize,
    /// Residents, who come again and again.
    residents: usize,
    /// One certificate in so many goes through the kiosk's hand-over check, page and all.
    checked_in: usize,
    /// Before each step one resident in so many goes away.
    leaves_in: usize,
    /// One application in so many is for abroad, where any is.
    abroad_in: Option<usize>,
    /// Another order for another one.
    seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
struct Outcome {
    /// Applications that were begun.
    applications: usize,
    /// Applications that began in the same millisecond as another.
    same_tick: usize,
    /// Requests that were sent again.
    repeated: usize,
    /// Applications in which the resident went back, cancelled or went away.
    left: usize,
    /// Certificates that reached a kiosk.
    issued: usize,
    /// Of those, for abroad by an app.
    by_app: usize,
    /// For abroad at a kiosk, on an earlier one.
    at_kiosk: usize,
    /// Certificates of which the center heard that they were handed over.
    delivered: usize,
    /// Certificates that went through the hand-over check.
    checked: usize,
    /// Of those, for abroad.
    checked_abroad: usize,
    /// Of all of them, refused by it.
    refused: usize,
    /// Previews or certificates that were another's.
    crossed: usize,
    /// Certificates that were the resident's own, and of another application of theirs, or not the same again.
    mixed: usize,
    /// What the registers say otherwise than the kiosks: another person, two certificates of one application, one that is missing.
    register: usize,
    /// Applications that ended without a certificate, by what was said.
    problems: BTreeMap<&'static str, usize>,
    /// What the programs said of themselves.
    events: BTreeMap<String, usize>,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.applications += other.applications;
        self.same_tick += other.same_tick;
        self.repeated += other.repeated;
        self.left += other.left;
        self.issued += other.issued;
        self.by_app += other.by_app;
        self.at_kiosk += other.at_kiosk;
        self.delivered += other.delivered;
        self.checked += other.checked;
        self.checked_abroad += other.checked_abroad;
        self.refused += other.refused;
        self.crossed += other.crossed;
        self.mixed += other.mixed;
        self.register += other.register;
        for (code, count) in other.problems {
            *self.problems.entry(code).or_default() += count;
        }
        for (event, count) in other.events {
            *self.events.entry(event).or_default() += count;
        }
    }
}

impl Outcome {
    /// `repeats` says whether there were so many that requests must have been sent again.
    fn report(&self, how: &str, repeats: bool, report: &mut Report) {
        const NEVER: [Event; 3] = [
            Event::StatementRefused,
            Event::SigningStopped,
            Event::PageFailed,
        ];
        const WRONG: [ProblemCode; 2] = [ProblemCode::InternalError, ProblemCode::ContentMismatch];
        let mut told = |what: &str, count: usize| report.told(format!("{how}: {what}"), count);
        told("applications", self.applications);
        told("certificates", self.issued);
        if !repeats {
            told("requests repeated", self.repeated);
        }
        report.counted(format!("{how}: ended by a problem"), &self.problems);
        report.told(
            format!("{how}: events that center and VRS told"),
            self.events.values().sum::<usize>(),
        );
        let never = NEVER.map(|event| Notes::name(&event));
        let alarms = self.events.iter();
        let alarms = alarms.filter(|(event, _)| never.contains(event));
        let untrue = UNTRUE.iter().chain(&WRONG);
        let untrue = untrue.filter_map(|code| self.problems.get(code.as_str()));
        let mut none = |what: &str, count| report.figure(format!("{how}: {what}"), count, 0);
        none("others' previews or certificates", self.crossed);
        none("their own of another application", self.mixed);
        none("registered otherwise, twice or not at all", self.register);
        none("refused by the hand-over check", self.refused);
        none(
            "alarms of center and VRS",
            alarms.map(|(_, count)| count).sum(),
        );
        none("told what is not so", untrue.sum());
        let enough = self.issued * 2 > self.applications;
        report.figure(format!("{how}: more than half got theirs"), enough, true);
        // All that could have crossed them came about.
        let mut some = |what: &str, count| report.finds(format!("{how}: {what}"), count);
        some("begun in the same millisecond as another", self.same_tick);
        if repeats {
            some("requests repeated", self.repeated);
        }
        some("left or cancelled", self.left);
        some("handed over, as the center confirmed", self.delivered);
        some("put through the kiosk's hand-over check", self.checked);
    }
}
