//! What the page is told: one JSON object a screen, pushed whole.

use issuance_api::problem::Language;
use issuance_api::terminal::{Hours, Localized, MunicipalityOffer, Preview, ProgrammeOffer};
use issuance_api::{CertificateKind, MunicipalityCode, Personal, ProgrammeId};
use serde::Serialize;

use crate::ports::{Ended, Says};

/// A screen.
#[derive(Debug, Serialize)]
pub struct Screen<'a> {
    /// Grows with each screen; a press names it.
    pub serial: u64,
    /// Language of the texts.
    pub language: Language,
    /// Which step of [`STEPS`](crate::ports::STEPS), if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u8>,
    /// Milliseconds that are left for it, if it has a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// Whether there is a step to go back to.
    pub back: bool,
    /// Whether there is an application to cancel.
    pub cancel: bool,
    /// Recordings to play, in order.
    pub speak: Vec<String>,
    /// What follows again and again until the screen changes: something was forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<&'static str>,
    /// What it shows.
    #[serde(flatten)]
    pub content: Content<'a>,
}

/// What a screen shows. The variant's name is the screen's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "screen")]
pub enum Content<'a> {
    /// The terminal is starting.
    Starting,
    /// Choice of the language: the first screen.
    Language {
        /// When applications are taken.
        hours: &'a Hours,
        /// What the center has to say.
        notices: &'a [Localized],
    },
    /// Choice of the programme.
    Service {
        /// Those offered.
        programmes: Vec<Programme<'a>>,
        /// When applications are taken.
        hours: &'a Hours,
        /// What the center has to say, now in the resident's language.
        notices: &'a [Localized],
    },
    /// The terms.
    Terms,
    /// A card is waited for.
    PlaceCard,
    /// Choice of the kind.
    Kind {
        /// Those offered.
        kinds: &'a [CertificateKind],
    },
    /// The PIN is waited for.
    Pin {
        /// Tries left.
        remaining: u8,
        /// Digits entered.
        entered: usize,
    },
    /// The card is read.
    Reading,
    /// The card has to be taken.
    TakeCard,
    /// As [`View::Checking`](crate::ports::View::Checking).
    Checking,
    /// A card was forgotten.
    CardLeft,
    /// A certificate was forgotten.
    PaperLeft,
    /// Choice of the municipality.
    Municipality {
        /// Those offered.
        offers: &'a [MunicipalityOffer],
        /// The one of the card's address.
        home: Option<MunicipalityCode>,
    },
    /// Choice of the number of copies.
    Copies {
        /// As many as were asked for before, or one.
        copies: u8,
        /// Most copies there can be.
        most: u8,
        /// What one costs, in yen, if anything is paid.
        fee: Option<u32>,
    },
    /// As [`View::LookingUp`](crate::ports::View::LookingUp).
    LookingUp,
    /// What the certificate will say.
    Preview {
        /// All of it.
        preview: &'a Preview,
    },
    /// The fee is waited for.
    Fee {
        /// All of it, in yen.
        due: u32,
        /// What is there by now.
        inserted: u32,
    },
    /// The paper has to be taken.
    TakePaper,
    /// It is made.
    Issuing,
    /// It is printed.
    Delivering {
        /// Copies that are out.
        printed: u8,
        /// All of them.
        copies: u8,
    },
    /// Printing can be tried again.
    TryAgain,
    /// As [`View::Reporting`](crate::ports::View::Reporting).
    Reporting,
    /// It is over, and a certificate came out.
    Done(Ended),
    /// Something is in the way.
    Problem {
        /// Its code.
        code: &'static str,
        /// What the resident is told has happened.
        happened: Personal,
        /// What the resident can do about it.
        advice: &'static str,
        /// What the center says to it.
        #[serde(skip_serializing_if = "Option::is_none")]
        says: Option<&'a Says>,
        /// Whether something was paid: it has come out again.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        returned: bool,
        /// How it goes on.
        then: Then,
    },
    /// The attendant's key is waited for.
    AttendantKey {
        /// Digits entered.
        entered: usize,
        /// Whether the last entry was wrong.
        wrong: bool,
    },
    /// The attendant's view.
    Attendant(&'a super::attendant::Health),
}

/// How it goes on after a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Where the resident was.
    On,
    /// From the start: the application is over.
    Start,
    /// By itself, when it is mended.
    Wait,
}

/// A programme as offered.
#[derive(Debug, Serialize)]
pub struct Programme<'a> {
    id: &'a ProgrammeId,
    name: &'a Localized,
}

impl<'a> Programme<'a> {
    /// Of this name.
    pub(crate) const fn new(id: &'a ProgrammeId, name: &'a Localized) -> Self {
        Self { id, name }
    }
}

impl<'a> From<&'a ProgrammeOffer> for Programme<'a> {
    fn from(offer: &'a ProgrammeOffer) -> Self {
        Self {
            id: &offer.id,
            name: &offer.name,
        }
    }
}
