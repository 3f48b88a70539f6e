//! Who applies.

use card::pin::Pin;
use issuance_api::terminal::Preview;
use issuance_api::{CertificateKind, ProblemCode};
use terminal::ports::{FrontEnd, Intent, View};

use crate::simulator::Resident;

/// A resident who knows what to do, and remembers what was on the screen.
pub(in crate::experiment) struct Hand<'a> {
    pub(super) resident: &'a Resident,
    kind: CertificateKind,
    next: Option<Intent>,
    pub(super) shown_of_others: usize,
    pub(super) problems: Vec<ProblemCode>,
}

impl<'a> Hand<'a> {
    pub(in crate::experiment) const fn of(resident: &'a Resident, kind: CertificateKind) -> Self {
        Self {
            resident,
            kind,
            next: None,
            shown_of_others: 0,
            problems: Vec::new(),
        }
    }

    fn is_own(&self, preview: &Preview) -> bool {
        self.resident.is_previewed_by(preview) && preview.kind == self.kind && preview.copies == 1
    }
}

impl FrontEnd for Hand<'_> {
    fn show(&mut self, view: &View<'_>) {
        self.next = match view {
            View::Menu(_) => "covid-19".parse().ok().map(Intent::Apply),
            View::Kind(_) => Some(Intent::Kind(self.kind)),
            View::Pin { .. } => Pin::try_from("1234").ok().map(Intent::Pin),
            View::Passport => Some(Intent::Passport(self.resident.passport().mrz())),
            View::Municipality { .. } => Some(Intent::Municipality {
                code: self.resident.municipality,
                copies: 1,
            }),
            View::Preview(preview) => {
                self.shown_of_others += usize::from(!self.is_own(preview));
                Some(Intent::Go)
            }
            View::TryAgain => Some(Intent::Cancel),
            View::Problem(problem) | View::Over(problem) => {
                self.problems.push(problem.code);
                Some(Intent::Cancel)
            }
            View::OutOfService(closed) => {
                self.problems.push(closed.problem.code);
                Some(Intent::Cancel)
            }
            _ => None,
        };
    }

    async fn intent(&mut self) -> Intent {
        match self.next.take() {
            Some(intent) => intent,
            None => std::future::pending().await,
        }
    }
}
