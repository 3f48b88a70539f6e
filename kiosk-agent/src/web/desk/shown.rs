//! What can stand on the screen, and the digits that are being entered on it.

use std::sync::Arc;

use issuance_api::terminal::{Menu, MunicipalityOffer, Preview};
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProblemCode, ProgrammeId};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::cabinet::Yen;
use crate::ports::{Closed, Ended};
use crate::web::attendant::KEY_LENGTH;

/// What stands on the screen.
#[derive(Debug)]
pub(super) enum Shown {
    Starting,
    Language(Menu),
    Service(Menu),
    Terms(Menu, ProgrammeId),
    PlaceCard,
    Kind(Vec<CertificateKind>),
    /// The card is back with its holder already.
    OtherKind(Vec<CertificateKind>),
    Pin {
        remaining: u8,
        entry: Entry,
    },
    Reading,
    TakeCard,
    Checking,
    CardLeft,
    PaperLeft,
    Municipality(Choice),
    LookingUp,
    /// With the number that is asked for first.
    Copies(Choice, MunicipalityCode, u8),
    Preview(Arc<Preview>),
    Fee {
        due: Yen,
        inserted: Yen,
    },
    Issuing,
    Delivering {
        out: u8,
        of: u8,
    },
    TryAgain,
    TakePaper {
        reported: bool,
    },
    Reporting,
    Done(Ended),
    Problem(Problem),
    OutOfService(Closed),
    AttendantKey {
        entry: Entry,
        wrong: bool,
        before: Box<Shown>,
        /// The time of what stood before.
        until: Option<Instant>,
    },
    Attendant {
        /// The key was right, and the view is not there yet.
        coming: bool,
        leaves: bool,
    },
}

#[derive(Debug)]
pub(super) struct Choice {
    pub(super) offers: Vec<MunicipalityOffer>,
    pub(super) home: Option<MunicipalityCode>,
    pub(super) fee: Option<Yen>,
    pub(super) back: bool,
}

impl Shown {
    /// Whether it stands there for whoever passes by.
    pub(super) const fn is_nobodys(&self) -> bool {
        matches!(
            self,
            Self::OutOfService(_) | Self::CardLeft | Self::PaperLeft
        )
    }

    /// Whether it asks nobody anything, and holds nothing of anybody.
    pub(super) fn needs_nobody(&self) -> bool {
        match self {
            Self::Issuing
            | Self::Delivering { .. }
            | Self::TakePaper { .. }
            | Self::Reporting
            | Self::CardLeft
            | Self::PaperLeft
            | Self::Done(_)
            | Self::OutOfService(_) => true,
            // Nobody has cancelled.
            Self::Problem(problem) => problem.code != ProblemCode::Cancelled,
            _ => false,
        }
    }
}

/// Digits pressed so far.
pub(super) struct Entry(pub(super) Zeroizing<Vec<u8>>);

impl Entry {
    pub(super) fn new() -> Self {
        // Room for all, so that growing leaves no copy behind.
        Self(Zeroizing::new(Vec::with_capacity(*KEY_LENGTH.end())))
    }

    pub(super) fn push(&mut self, digit: u8, most: usize) {
        if self.0.len() < most {
            self.0.push(digit);
        }
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(..)")
    }
}
