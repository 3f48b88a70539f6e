//! How applications ended.

use issuance_api::ProblemCode;

use crate::experiment::Report;

/// How one ended.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// By the terminal, since the card was gone.
    Lifted,
    /// By the terminal, at what the card said.
    Terminal,
    /// By the center, which does not believe it.
    Center,
    /// With the certificate of whom the card belongs to that lies there.
    Own,
    /// With another's.
    Crossed,
    /// By something else.
    Otherwise,
}

impl From<ProblemCode> for End {
    fn from(code: ProblemCode) -> Self {
        match code {
            ProblemCode::CardLifted => Self::Lifted,
            ProblemCode::CardUnreadable
            | ProblemCode::CardExpired
            | ProblemCode::PhoneInsteadOfCard
            | ProblemCode::PinBlocked
            | ProblemCode::WrongCard
            | ProblemCode::Cancelled => Self::Terminal,
            ProblemCode::CardBindingInvalid
            | ProblemCode::CardBindingMissing
            | ProblemCode::CardDataAltered
            | ProblemCode::CardIssuerUnknown
            | ProblemCode::CardNotGenuine => Self::Center,
            _ => Self::Otherwise,
        }
    }
}

/// How those ended in which one thing alone happened to the card, at one command each.
#[derive(Default)]
pub(super) struct Boundaries {
    pub(super) all: usize,
    pub(super) lifted: usize,
    pub(super) ended: usize,
    pub(super) refused: usize,
    pub(super) own: usize,
}

impl Boundaries {
    pub(super) fn count(&mut self, end: End) {
        self.all += 1;
        match end {
            End::Lifted => self.lifted += 1,
            End::Terminal => self.ended += 1,
            End::Center => self.refused += 1,
            End::Own => self.own += 1,
            End::Crossed | End::Otherwise => {}
        }
    }
}

/// Each removal and each swap is noticed, or harms nobody: a swap that comes to a certificate comes to that of whose card lay there.
pub(super) fn at_boundaries(lifted: &Boundaries, swapped: &Boundaries, report: &mut Report) {
    report.figure(
        "removals, one at each command, that ended the application as such",
        lifted.lifted,
        lifted.all,
    );
    let ended = swapped.lifted + swapped.ended;
    report.figure(
        "swaps, one at each command: ended, refused, or the certificate of whose card lay there",
        ended + swapped.refused + swapped.own,
        swapped.all,
    );
    report.told(
        "of the swaps: ended by the terminal, refused by the center, such a certificate",
        format!("{ended}, {}, {}", swapped.refused, swapped.own),
    );
    report.finds("removals tried", lifted.all);
    report.finds("swaps tried", swapped.all);
}
