//! Whether a resident's money went in, as far as views tell: what ends an application does not say it of itself.

use issuance_api::{Problem, ProblemCode};

use crate::ports::View;

/// Follows one application after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Money {
    /// The fee is asked for.
    asked: bool,
    inserted: bool,
}

impl Money {
    /// Takes in what is shown.
    pub(crate) fn follow(&mut self, view: &View<'_>) {
        match view {
            // How it ended says itself what became of the money.
            View::Menu(_) | View::Done(_) => *self = Self::default(),
            View::Fee { inserted, .. } => {
                self.asked = true;
                self.inserted |= inserted.get() > 0;
            }
            _ => {
                // What is paid with one coin may never have been shown.
                self.inserted |= self.asked && matches!(view, View::Issuing);
                self.asked = false;
            }
        }
    }

    /// Whether a problem that ends an application has to be told with the money's return: where there was some, and the problem's own
    /// words do not say where it is.
    pub(crate) const fn returned_with(self, problem: &Problem) -> bool {
        self.inserted
            && !matches!(
                problem.code,
                ProblemCode::PaymentNoChange
                    | ProblemCode::PaymentFailed
                    | ProblemCode::PaymentNotReturned
                    | ProblemCode::PaymentUnitUnavailable
            )
    }
}
