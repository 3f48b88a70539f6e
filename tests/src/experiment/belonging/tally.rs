//! What became of lies, counted and reported.

use std::collections::BTreeMap;

use issuance_api::ProblemCode;

use super::super::Report;
use super::lie::Swap;

/// What became of one swapped or forged answer.
pub(super) struct Told {
    pub(super) swap: Swap,
    /// How the application ended.
    pub(super) ended: Result<(), ProblemCode>,
    /// The center was lied to, refused, and was asked again.
    pub(super) asked_again: bool,
    pub(super) shown: usize,
    /// Pages, but for the resident's own after an honest answer.
    pub(super) printed: usize,
    /// What a terminal that takes what it gets would have shown.
    pub(super) would_show: usize,
    /// And whether it would have printed: what verifies under the published keys.
    pub(super) would_print: bool,
    /// Afterwards.
    pub(super) in_service: bool,
}

/// What became of all.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) swapped: usize,
    shown: usize,
    printed: usize,
    asked_again: usize,
    /// Swaps and forgeries that nobody but the terminal sees, on pages that read.
    owed: usize,
    latched: usize,
    latched_as_owed: usize,
    refused_by_center: usize,
    unread: usize,
    /// Another's, or forged, under a key or a CSCA that is not known.
    under_unknown: usize,
    under_unknown_latched: usize,
    /// Nothing but the key or the CSCA is not as it should be.
    key_alone: usize,
    /// And refused for that alone, with the terminal in service.
    refused_alone: usize,
    in_service: usize,
    /// Previews with another's doses under the right name: nothing on the card tells, and the certificate does.
    doses_shown: usize,
    would_show: usize,
    would_print: usize,
    of_kind: BTreeMap<&'static str, usize>,
    unnoticed: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub(super) fn count(&mut self, told: &Told) {
        let Told {
            swap, asked_again, ..
        } = *told;
        let key_alone = swap.is_of_the_key_alone();
        let under_unknown = swap.is_wrong_under_unknown_key();
        // The center knows its own states, and a page that is cut off may not read at all.
        let owed = !(asked_again || key_alone || matches!(swap, Swap::State | Swap::PageCut));
        self.swapped += 1;
        self.asked_again += usize::from(asked_again);
        self.owed += usize::from(owed);
        self.key_alone += usize::from(key_alone);
        self.under_unknown += usize::from(under_unknown);
        *self.of_kind.entry(swap.name()).or_default() += 1;
        if swap == Swap::PreviewDoses {
            self.doses_shown += told.shown;
        } else {
            self.shown += told.shown;
        }
        self.printed += told.printed;
        self.would_show += told.would_show;
        self.would_print += usize::from(told.would_print);
        match told.ended {
            Err(ProblemCode::ContentMismatch) => {
                self.latched += 1;
                self.latched_as_owed += usize::from(owed);
                self.under_unknown_latched += usize::from(under_unknown);
                self.in_service += usize::from(told.in_service);
            }
            Err(ProblemCode::CertificateUnreadable) => self.unread += 1,
            Err(ProblemCode::AnswerUntrusted) if key_alone => {
                self.refused_alone += usize::from(told.in_service);
            }
            Err(_) => self.refused_by_center += 1,
            Ok(()) if asked_again => {}
            Ok(()) => *self.unnoticed.entry(swap.name()).or_default() += 1,
        }
    }

    /// Of so many lies that were to be told.
    pub(super) fn report(&self, count: usize, report: &mut Report) {
        report.figure("swapped or forged answers", self.swapped, count);
        report.told(
            "after which the terminal took itself out of service",
            self.latched,
        );
        report.figure(
            "of those that only it can see",
            self.latched_as_owed,
            self.owed,
        );
        report.told(
            "of these, under a key or a CSCA that is not known",
            format!("{} of {}", self.under_unknown_latched, self.under_unknown),
        );
        report.told(
            "stopped by the center, which was asked with another's state",
            self.refused_by_center,
        );
        report.told(
            "refused by the center, since another's passport would be named, and answered honestly when asked again",
            self.asked_again,
        );
        report.told(
            "pages on which nothing reads, which end the application alone",
            self.unread,
        );
        report.figure(
            "right but for a key or a CSCA that is not known, which end the application alone",
            self.refused_alone,
            self.key_alone,
        );
        report.figure(
            "others' content shown, but for doses in a preview",
            self.shown,
            0,
        );
        report.figure("printed", self.printed, 0);
        report.figure("still in service afterwards", self.in_service, 0);
        let unnoticed: Vec<_> = self.unnoticed.keys().copied().collect();
        report.figure(
            "ended as if nothing had happened",
            unnoticed.join(", "),
            String::new(),
        );
        let kinds = self.of_kind.len();
        report.figure("kinds of swaps and forgeries", kinds, Swap::ALL.len());
        report.finds(
            "others' content shown by a terminal that takes what it gets",
            self.would_show,
        );
        report.finds("printed by it", self.would_print);
        report.finds(
            "residual: another's doses in a preview under the right name, shown before the certificate gave them away",
            self.doses_shown,
        );
    }
}

/// What no kiosk can tell, and that it is so.
pub(super) struct Residual {
    swap: Swap,
    told: usize,
    shown: usize,
    printed: usize,
}

impl Residual {
    pub(super) const fn of(swap: Swap) -> Self {
        Self {
            swap,
            told: 0,
            shown: 0,
            printed: 0,
        }
    }

    /// One application in which it was told: what was shown and printed.
    pub(super) fn count(&mut self, shown: usize, printed: usize) {
        self.told += 1;
        self.shown += usize::from(shown > 0);
        self.printed += usize::from(printed > 0);
    }

    /// One that is noticed is no residual any more, and has to be said otherwise.
    pub(super) fn report(&self, report: &mut Report) {
        report.finds(
            format!("residual, at a kiosk: {}", self.swap.name()),
            self.told,
        );
        let shown = if self.swap.is_on_screens() {
            self.told
        } else {
            0
        };
        report.control(
            "  shown, printed",
            format!("{}, {}", self.shown, self.printed),
            format!("{shown}, {}", self.told),
        );
    }
}
