//! The promises (G1 to G14), each with its experiment: `./shomei experiment G4`.
//!
//! An experiment runs the real programs, or center and VRS as libraries in one process (the README says which), prints what it measured beside
//! what is promised, and has a control: the same with the protection taken out, which must fail. It says so when either is not as promised. The full figures are of release builds; the integration tests run
//! the same code with [`Size::Small`].

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use issuance_api::ProblemCode;

use crate::process::lines_of_programs;

mod at_terminal;
pub mod attempt;
pub mod belonging;
pub mod confinement;
pub mod division;
pub mod failure;
pub mod forgetting;
pub mod harm;
mod holders;
mod honest;
pub mod isolation;
pub mod overload;
pub mod parsers;
pub mod proof;
pub mod replay;
pub mod revocation;
pub mod slow;
pub(crate) mod steps;
mod tls;
mod traces;
mod verifier;
pub mod vocabulary;

/// What is so of nobody who comes to a center here: all have records, and live.
const UNTRUE: [ProblemCode; 7] = [
    ProblemCode::NoRecord,
    ProblemCode::NoSuchPerson,
    ProblemCode::Deceased,
    ProblemCode::MovedOut,
    ProblemCode::IssuingStopped,
    ProblemCode::ConfirmationNeeded,
    ProblemCode::PassportNotRegistered,
];

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For the integration tests: minutes of all of them together.
    Small,
    /// For the README's table.
    Full,
}

impl Size {
    /// One of two numbers.
    const fn of(self, small: usize, full: usize) -> usize {
        match self {
            Self::Small => small,
            Self::Full => full,
        }
    }
}

/// A promise, and how it is shown.
pub struct Experiment {
    /// `G1` to `G14`, as in the specification of guarantees.
    pub name: &'static str,
    /// What is promised.
    pub promise: &'static str,
    /// How it is shown.
    run: fn(Size) -> io::Result<Report>,
}

impl Experiment {
    /// Runs it. Whatever center, VRS and kiosk say in it, to their end, is an event of `docs/events.toml` (G5), too.
    ///
    /// # Errors
    /// If it cannot be run as wanted: nothing is shown then.
    pub fn run(&self, size: Size) -> io::Result<Report> {
        let mut report = (self.run)(size)?;
        let (lines, strange) = lines_of_programs();
        if lines > 0 {
            report.told("lines that center, VRS and kiosk said meanwhile", lines);
            report.figure("of these no events", strange.len(), 0);
            if let Some(first) = strange.first() {
                report.told("  the first", first);
            }
        }
        Ok(report)
    }
}

/// All promises.
pub const ALL: [Experiment; 14] = [
    Experiment {
        name: "G1",
        promise: "nobody gets another's certificate",
        run: isolation::run,
    },
    Experiment {
        name: "G2",
        promise: "the kiosk shows and prints only what belongs to this session and this card",
        run: belonging::run,
    },
    Experiment {
        name: "G3",
        promise: "memory keeps nothing",
        run: forgetting::run,
    },
    Experiment {
        name: "G4",
        promise: "disk keeps nothing",
        run: confinement::run,
    },
    Experiment {
        name: "G5",
        promise: "logs have a closed vocabulary",
        run: vocabulary::run,
    },
    Experiment {
        name: "G6",
        promise: "failure is never an answer",
        run: failure::run,
    },
    Experiment {
        name: "G7",
        promise: "a recording of a card is worth nothing",
        run: replay::run,
    },
    Experiment {
        name: "G8",
        promise: "the card is never harmed",
        run: harm::run,
    },
    Experiment {
        name: "G9",
        promise: "no input breaks a parser",
        run: parsers::run,
    },
    Experiment {
        name: "G10",
        promise: "overload is answered",
        run: overload::run,
    },
    Experiment {
        name: "G11",
        promise: "slow clients do not starve others",
        run: slow::run,
    },
    Experiment {
        name: "G12",
        promise: "a revoked kiosk is out",
        run: revocation::run,
    },
    Experiment {
        name: "G13",
        promise: "a municipality sees its own",
        run: division::run,
    },
    Experiment {
        name: "G14",
        promise: "records are released only against proof",
        run: proof::run,
    },
];

/// The experiment of this name, in capitals or not.
#[must_use]
pub fn find(name: &str) -> Option<&'static Experiment> {
    ALL.iter().find(|it| it.name.eq_ignore_ascii_case(name))
}

/// What was measured: the promise's figures, and the control's.
#[derive(Clone, Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
    control: Vec<Figure>,
    /// What this machine has no way to try.
    untried: Vec<String>,
}

/// One measured thing, beside what was expected of it.
#[derive(Clone, Debug)]
struct Figure {
    what: String,
    measured: String,
    expected: String,
    as_expected: bool,
}

impl Report {
    /// Of the programs as they are: has to be exactly this.
    fn figure<T: PartialEq + fmt::Display>(
        &mut self,
        what: impl Into<String>,
        measured: T,
        expected: T,
    ) {
        let as_expected = measured == expected;
        self.figures.push(Figure {
            what: what.into(),
            measured: measured.to_string(),
            expected: expected.to_string(),
            as_expected,
        });
    }

    /// Of the programs as they are: a figure beside which nothing is promised.
    fn told(&mut self, what: impl Into<String>, measured: impl fmt::Display) {
        self.figures.push(Figure {
            what: what.into(),
            measured: measured.to_string(),
            expected: String::new(),
            as_expected: true,
        });
    }

    /// As [`told`](Self::told): how often what was said.
    fn counted(&mut self, what: impl Into<String>, counts: &BTreeMap<&'static str, usize>) {
        let counts = counts.iter().map(|(code, count)| format!("{code} {count}"));
        let counts: Vec<_> = counts.collect();
        self.told(what, counts.join(", "));
    }

    /// Of the control: how much of what it noticed.
    fn noticed(&mut self, what: impl Into<String>, counts: &BTreeMap<&'static str, usize>) {
        let counts = counts.iter().map(|(kind, count)| format!("{count} {kind}"));
        let counts: Vec<_> = counts.collect();
        self.control.push(Figure {
            what: what.into(),
            measured: counts.join(", "),
            expected: String::new(),
            as_expected: true,
        });
    }

    /// Of the control: has to be exactly this.
    fn control<T: PartialEq + fmt::Display>(
        &mut self,
        what: impl Into<String>,
        measured: T,
        expected: T,
    ) {
        let as_expected = measured == expected;
        self.control.push(Figure {
            what: what.into(),
            measured: measured.to_string(),
            expected: expected.to_string(),
            as_expected,
        });
    }

    /// Of the control: has to be something.
    fn finds(&mut self, what: impl Into<String>, measured: usize) {
        self.control.push(Figure {
            what: what.into(),
            measured: measured.to_string(),
            expected: "some".to_owned(),
            as_expected: measured > 0,
        });
    }

    /// What cannot be tried on this machine: the verdict says so.
    fn untried(&mut self, what: impl Into<String>) {
        self.untried.push(what.into());
    }

    /// Whether everything is as promised, and the control noticed. Without a control nothing is shown.
    #[must_use]
    pub fn holds(&self) -> bool {
        let all = |figures: &[Figure]| figures.iter().all(|figure| figure.as_expected);
        !self.figures.is_empty()
            && !self.control.is_empty()
            && all(&self.figures)
            && all(&self.control)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, figures) in [("figure ", &self.figures), ("control", &self.control)] {
            for figure in figures {
                write!(f, "  {kind}  {}: {}", figure.what, figure.measured)?;
                if !figure.as_expected {
                    write!(f, " INSTEAD OF {}", figure.expected)?;
                } else if !figure.expected.is_empty() && figure.expected != figure.measured {
                    write!(f, " (expected: {})", figure.expected)?;
                }
                writeln!(f)?;
            }
        }
        let verdict = match self.holds() {
            true => "as promised",
            false => "NOT AS PROMISED",
        };
        for what in &self.untried {
            writeln!(f, "  untried  {what}")?;
        }
        write!(f, "  verdict  {verdict}")?;
        match self.untried.len() {
            0 => Ok(()),
            count => write!(f, ", but for {count} that could not be tried here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_the_fourteen_in_their_order() {
        for (number, experiment) in (1..).zip(&ALL) {
            assert_eq!(experiment.name, format!("G{number}"));
        }
        assert_eq!(find("g4").map(|it| it.name), Some("G4"));
        assert!(find("G15").is_none());
    }

    #[test]
    fn nothing_holds_without_its_control_or_with_one_that_noticed_nothing() {
        let mut report = Report::default();
        report.figure("left", 0, 0);
        assert!(!report.holds());
        report.finds("left without the protection", 3);
        assert!(report.holds());
        report.finds("left without another", 0);
        assert!(!report.holds());
        let mut report = Report::default();
        report.finds("left without the protection", 3);
        report.figure("left", 1, 0);
        assert!(!report.holds());
        assert!(report.to_string().contains("1 INSTEAD OF 0"));
    }

    #[test]
    fn what_was_not_tried_stands_in_the_verdict() {
        let mut report = Report::default();
        report.figure("left", 0, 0);
        report.finds("left without the protection", 3);
        report.untried("cores");
        assert!(report.holds());
        assert!(
            report
                .to_string()
                .ends_with("verdict  as promised, but for 1 that could not be tried here")
        );
    }
}
