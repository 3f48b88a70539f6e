//! G1, nobody gets another's certificate: applications by the million, interleaved, under one clock.
//!
//! Kiosks at two centers take residents as they come; requests and answers are lost, terminals give up and try again, residents go
//! back, cancel or leave without their paper, time jumps. Every certificate that reaches a kiosk is judged outside all programs under
//! test, by `verify` and by what the resident's records say; of some the kiosk's own hand-over check is asked too, which reads the
//! page; and at the end the register of each municipality is compared, by a program that is not ours, with what was handed out.
//!
//! Control: four failures that happened elsewhere ([`Failure`]). With each of them people do get others' certificates, and the
//! kiosk's hand-over check lets none of those through.

mod counter;
mod processes;
mod register;
mod simulated;

use std::collections::BTreeMap;
use std::ops::AddAssign;

use issuance_api::ProblemCode;

pub use processes::with_processes;
pub use simulated::Isolation;

/// Centers, at which the kiosks are in equal shares.
const CENTERS: [&str; 2] = ["center-1", "center-2"];

/// How much of what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Applications.
    pub applications: usize,
    /// Kiosks, half of them at each center.
    pub kiosks: usize,
    /// Residents, who come again and again.
    pub residents: usize,
    /// One certificate in so many goes through the kiosk's hand-over check, page and all.
    pub checked_in: usize,
    /// Another order for another one.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Applications that were begun.
    pub applications: usize,
    /// Applications that began in the same millisecond as another.
    pub same_tick: usize,
    /// Requests that were sent again.
    pub repeated: usize,
    /// Applications in which the resident went back, cancelled or went away.
    pub left: usize,
    /// Certificates that reached a kiosk.
    pub issued: usize,
    /// Certificates of which the center heard that they were handed over.
    pub delivered: usize,
    /// Certificates that went through the hand-over check.
    pub checked: usize,
    /// Of those, refused by it.
    pub refused: usize,
    /// Previews or certificates that were another's.
    pub crossed: usize,
    /// What the registers say otherwise than the kiosks: another person, two certificates of one application, one that is missing.
    pub register: usize,
    /// Applications that ended without a certificate, by what was said.
    pub problems: BTreeMap<&'static str, usize>,
    /// What the programs said of themselves.
    pub events: BTreeMap<String, usize>,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.applications += other.applications;
        self.same_tick += other.same_tick;
        self.repeated += other.repeated;
        self.left += other.left;
        self.issued += other.issued;
        self.delivered += other.delivered;
        self.checked += other.checked;
        self.refused += other.refused;
        self.crossed += other.crossed;
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
    /// Whether nobody got anything of another's, and nothing was said that nobody may hear.
    #[must_use]
    pub fn holds(&self) -> bool {
        const NEVER: [&str; 3] = ["statement-refused", "signing-stopped", "page-failed"];
        const UNTRUE: [ProblemCode; 3] = [
            ProblemCode::NoRecord,
            ProblemCode::InternalError,
            ProblemCode::ContentMismatch,
        ];
        (self.crossed, self.register, self.refused) == (0, 0, 0)
            && self.issued > self.applications / 2
            && !NEVER.iter().any(|event| self.events.contains_key(*event))
            && !UNTRUE
                .iter()
                .any(|code| self.problems.contains_key(code.as_str()))
    }
}
