//! What can stand on the screen.

use std::sync::Arc;

use card::attributes::{Attributes, BirthDate};
use card::pin::Pin;
use issuance_api::passport::PassportData;
use issuance_api::terminal::{Localized, Menu, MunicipalityOffer, Preview};
use issuance_api::{
    CertificateKind, MunicipalityCode, Personal, Problem, ProblemCode, ProgrammeId,
};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Intent, Taken};
use crate::app::intent::PageIntent;
use crate::app::kinds::Kinds;
use crate::app::screen::Sex;
use crate::app::shelf::{Listed, Opened};
use crate::handover::Mismatch;
use crate::ports::{Closed, Says};
use crate::web::screen::Then;

/// Digits of a PIN.
const PIN_LENGTH: usize = 4;

/// What stands on the screen.
#[derive(Debug)]
pub enum Shown {
    /// Nothing: nobody is let in.
    Locked,
    /// Something is done or asked for.
    Working,
    /// What this device has.
    Certificates {
        /// By person.
        listed: Vec<Listed>,
        /// How many files are damaged.
        damaged: usize,
    },
    /// Choice of the programme.
    Service(Menu),
    /// The terms of a programme.
    Terms {
        /// Which.
        programme: ProgrammeId,
        /// What residents call it.
        name: Localized,
        /// What the center has to say.
        notices: Vec<Localized>,
    },
    /// Choice of the kinds.
    Kinds {
        /// Those offered.
        offered: Kinds,
        /// Those proposed.
        chosen: Option<Kinds>,
    },
    /// The PIN is waited for.
    Pin(PinPad),
    /// The card is waited for.
    TapCard,
    /// The last try is asked for.
    LastTry,
    /// The card is read.
    Reading,
    /// What the card says.
    Person {
        /// All four.
        person: Arc<Person>,
        /// Whether the card still lies there.
        card: bool,
    },
    /// A picture of the passport is waited for.
    Passport {
        /// Whether it goes on without.
        domestic: bool,
    },
    /// It is read.
    PassportReading,
    /// What it says.
    PassportCheck {
        /// What of it is certified.
        passport: Arc<PassportData>,
        /// The holder's birth date.
        birth_date: Personal,
        /// Whether it goes on without.
        domestic: bool,
    },
    /// Choice of the municipality.
    Municipality {
        /// Those offered.
        offers: Vec<MunicipalityOffer>,
        /// The one proposed.
        home: Option<MunicipalityCode>,
    },
    /// What the certificates will say.
    Preview {
        /// One a kind.
        previews: Vec<Arc<Preview>>,
        /// Kinds for which there is none.
        failed: Vec<(CertificateKind, Problem)>,
    },
    /// They are made.
    Issuing,
    /// A certificate.
    Certificate(Face),
    /// Whether it is to be deleted.
    Delete(Arc<Opened>),
    /// Somebody's certificate is waited for.
    Verify,
    /// What is to be said of it.
    Verified {
        /// Of each code in it.
        found: Findings,
        /// Whom this device believes.
        trust: Value,
    },
    /// Something is in the way.
    Problem {
        /// What.
        problem: Problem,
        /// What did not belong, where that is why.
        mismatch: Option<Mismatch>,
        /// Which certificate it stopped, where it stopped one of two.
        kind: Option<CertificateKind>,
        /// What the center says to it.
        says: Option<Says>,
        /// How it goes on.
        then: Then,
    },
}

/// What `verify` says of the codes in something: JSON, with what they say of somebody.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Findings(pub Value);

impl std::fmt::Debug for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Findings(..)")
    }
}

/// The PIN, as it is entered.
pub struct PinPad {
    pub(super) remaining: Option<u8>,
    pub(super) digits: Zeroizing<Vec<u8>>,
}

impl PinPad {
    /// With nothing entered; tries left, where that is known.
    #[must_use]
    pub fn new(remaining: Option<u8>) -> Self {
        // Room for all, so that growing leaves no copy behind.
        let digits = Zeroizing::new(Vec::with_capacity(PIN_LENGTH));
        Self { remaining, digits }
    }
}

impl std::fmt::Debug for PinPad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinPad(..)")
    }
}

/// What the card says of its holder (基本4情報).
#[derive(Debug)]
pub struct Person {
    pub(super) name: Personal,
    pub(super) birth_date: Personal,
    pub(super) sex: Sex,
    pub(super) address: Personal,
}

impl From<&Attributes> for Person {
    fn from(attributes: &Attributes) -> Self {
        let text = |text: &String| Personal::new(text.clone());
        Self {
            name: text(attributes.name().expose()),
            birth_date: written(attributes.birth()),
            sex: attributes.sex().into(),
            address: text(attributes.address().expose()),
        }
    }
}

/// `YYYY-MM-DD`; 00 for what is not known.
pub(in crate::app) fn written(birth: &BirthDate) -> Personal {
    let (year, month, day) = (birth.year(), birth.month(), birth.day());
    Personal::new(format!("{year:04}-{month:02}-{day:02}"))
}

/// A certificate as it is shown to others.
#[derive(Debug)]
pub struct Face {
    pub(super) opened: Arc<Opened>,
    /// Whether the center knows of it, where it was just issued or lapses.
    pub(super) reported: Option<bool>,
    pub(super) shown: u8,
    pub(super) hidden: bool,
}

impl Face {
    /// With its first code, and name and birth date.
    #[must_use]
    pub const fn new(opened: Arc<Opened>, reported: Option<bool>) -> Self {
        Self {
            opened,
            reported,
            shown: 0,
            hidden: false,
        }
    }
}

impl Shown {
    /// How an application, or something else, ended that cannot go on.
    #[must_use]
    pub fn end(closed: Closed) -> Self {
        Self::Problem {
            problem: closed.problem,
            mismatch: None,
            kind: None,
            says: closed.says,
            then: Then::Start,
        }
    }

    /// What is in the way of a step that can be tried again.
    #[must_use]
    pub const fn obstacle(problem: Problem, kind: Option<CertificateKind>) -> Self {
        Self::Problem {
            problem,
            mismatch: None,
            kind,
            says: None,
            then: Then::On,
        }
    }

    /// With what did not belong, if it is shown for that.
    #[must_use]
    pub fn since(mut self, found: Option<Mismatch>) -> Self {
        if let Self::Problem {
            problem, mismatch, ..
        } = &mut self
            && problem.code == ProblemCode::ContentMismatch
        {
            *mismatch = found;
        }
        self
    }

    pub(super) const fn has_back(&self) -> bool {
        matches!(
            self,
            Self::Service(_)
                | Self::Terms { .. }
                | Self::Kinds { .. }
                | Self::Pin(_)
                | Self::TapCard
                | Self::LastTry
                | Self::PassportCheck { .. }
                | Self::Preview { .. }
                | Self::Certificate(_)
                | Self::Delete(_)
                | Self::Verify
                | Self::Verified { .. }
        )
    }

    pub(super) const fn can_cancel(&self) -> bool {
        matches!(
            self,
            Self::Working
                | Self::Service(_)
                | Self::Terms { .. }
                | Self::Kinds { .. }
                | Self::Pin(_)
                | Self::TapCard
                | Self::LastTry
                | Self::Person { .. }
                | Self::Passport { .. }
                | Self::PassportReading
                | Self::PassportCheck { .. }
                | Self::Municipality { .. }
                | Self::Preview { .. }
                | Self::Problem { then: Then::On, .. }
        )
    }
}

impl PinPad {
    pub(super) fn press(&mut self, intent: &PageIntent) -> Taken {
        match intent {
            PageIntent::Digit(digit) if self.digits.len() < PIN_LENGTH => {
                self.digits.push(digit.expose());
            }
            PageIntent::Digit(_) => {}
            PageIntent::Erase => drop(self.digits.pop()),
            // What is no PIN never spends a try.
            PageIntent::Enter => {
                if let Ok(pin) = Pin::try_from(&self.digits[..]) {
                    *self = Self::new(self.remaining);
                    return Taken::For(Intent::Pin(pin));
                }
            }
            _ => return Taken::Ignored,
        }
        Taken::Here
    }
}

impl Face {
    pub(super) fn press(&mut self, intent: &PageIntent) -> Taken {
        match *intent {
            PageIntent::Code(shown) if usize::from(shown) < self.opened.codes.len() => {
                self.shown = shown;
                Taken::Here
            }
            PageIntent::Hide(hidden) if self.opened.hides() => {
                self.hidden = hidden;
                Taken::Here
            }
            PageIntent::Delete => Taken::For(Intent::Delete),
            PageIntent::Again => Taken::For(Intent::Again),
            _ => Taken::Ignored,
        }
    }
}
