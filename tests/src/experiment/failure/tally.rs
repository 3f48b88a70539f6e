//! What came of all applications, and what must never come of one.

use std::collections::BTreeMap;
use std::io;

use super::pairs::Pairs;
use super::{Outcome, Report};
use crate::experiment;
use crate::experiment::verifier::Verifier;
use crate::simulator::Resident;
use crate::world::Ground;

/// All that was judged.
pub(super) struct Tally {
    verifier: Verifier,
    trials: usize,
    issued: usize,
    repeated: usize,
    pub(super) pairs: Pairs,
    refused: BTreeMap<&'static str, usize>,
    /// What must never be: how often it was looked for, and how often it was so.
    never: BTreeMap<&'static str, [usize; 2]>,
}

pub(super) const UNREGISTERED: &str = "certificates that are not registered";
pub(super) const TWICE: &str = "two of one application";
pub(super) const CROSSED: &str = "others' or altered";
pub(super) const UNTRUE: &str = "told that there is no record, or what else is not so";
/// An old copy and a missing mark among them: what an old copy says was right once, so nobody would see it in a certificate.
pub(super) const DAMAGED: &str =
    "certificates of a municipality whose records were damaged before the start";
pub(super) const STOPPED: &str =
    "certificates after issuing was stopped and older rows were put back";
pub(super) const RESTED: &str =
    "certificates for abroad whose earlier one is gone from the register";
pub(super) const NOT_LAPSED: &str = "reserved, not handed over, and not lapsed";
pub(super) const HELD: &str = "handed over though their reservation was over";
pub(super) const UNSAID: &str = "not lapsed, and nothing said of it";
pub(super) const SHORTER: &str = "told a list that is not the one there is, or a shorter one";
pub(super) const MISTOLD: &str = "revocations that are not as the municipality was told";
pub(super) const NOT_ONCE: &str = "void and not on the list once, or on it and not void";
pub(super) const UNPUBLISHED: &str = "not published once it is over";
pub(super) const UNWELL: &str = "not whole, or nothing revoked, once it is over";
pub(super) const STUCK: &str = "no certificate once it is over";
pub(super) const SLOW: &str = "without an answer in time";
/// Then nothing was shown.
pub(super) const VOID: &str = "faults alone that never came about";

impl Tally {
    /// Of what is issued on this ground.
    pub(super) fn at(ground: &Ground) -> io::Result<Self> {
        Ok(Self {
            verifier: Verifier::at(ground)?,
            trials: 0,
            issued: 0,
            repeated: 0,
            pairs: Pairs::default(),
            refused: BTreeMap::new(),
            never: BTreeMap::new(),
        })
    }

    /// What is registered is given as it was when the application ended, and how much was there before it began.
    pub(super) fn judge(
        &mut self,
        outcome: &Outcome,
        resident: &Resident,
        registered: &[[String; 3]],
        before: usize,
    ) {
        self.trials += 1;
        self.repeated += outcome.repeated;
        self.note(TWICE, registered.len() > before + 1);
        let problem = outcome.problem.as_ref();
        let untrue = problem.is_some_and(|code| experiment::UNTRUE.contains(code));
        self.note(UNTRUE, untrue);
        if let Some(code) = outcome.problem {
            *self.refused.entry(code.as_str()).or_default() += 1;
        }
        if let Some(issued) = &outcome.issued {
            self.issued += 1;
            let id = issued.certificate_id.to_string();
            self.note(UNREGISTERED, !registered.iter().any(|[own, ..]| *own == id));
            // Since when its health card holds is not asked.
            let own = self.verifier.is_of(issued, resident, i64::MAX);
            self.note(CROSSED, !own);
        }
    }

    /// One more look for what must never be.
    pub(super) fn note(&mut self, what: &'static str, is_so: bool) {
        let [looked, so] = self.never.entry(what).or_default();
        *looked += 1;
        *so += usize::from(is_so);
    }

    pub(super) fn so(&self, what: &'static str) -> usize {
        self.never.get(what).map_or(0, |[_, so]| *so)
    }

    pub(super) fn report(&self, what: &str, report: &mut Report) {
        report.told(
            format!("{what}: applications in which something failed"),
            self.trials,
        );
        report.told(format!("{what}: requests repeated"), self.repeated);
        report.told(format!("{what}: certificates all the same"), self.issued);
        report.counted(format!("{what}: refused"), &self.refused);
        self.pairs.report(what, report);
        // What nobody looked for is no figure.
        for (name, [looked, so]) in &self.never {
            report.figure(format!("{what}: {name}, of {looked}"), *so, 0);
        }
    }
}
