//! What stands on the app's screen, as a state machine without any input or output: [`Desk::show`] takes what the core shows,
//! [`Desk::press`] what the resident does, [`Desk::screen`] (in `telling`) says what the page is told.
//!
//! What no core has to know lives here alone: the language, the digits of a PIN until there are four, which of a certificate's
//! codes is shown, and whether it shows whose it is.

use std::sync::Arc;

use bytes::Bytes;
use card::attributes::{Attributes, BirthDate};
use card::pin::Pin;
use issuance_api::passport::PassportData;
use issuance_api::problem::Language;
use issuance_api::terminal::{Localized, Menu, MunicipalityOffer, Preview};
use issuance_api::{CertificateKind, MunicipalityCode, Personal, Problem, ProgrammeId};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::intent::{PageIntent, Press};
use super::kinds::Kinds;
use super::picture::Picture;
use super::screen::Sex;
use super::shelf::{Listed, Opened};
use super::wallet::Id;
use crate::ports::{Closed, Says};
use crate::web::screen::Then;

mod telling;

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
        person: Box<Person>,
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
        passport: Box<PassportData>,
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
        previews: Vec<Preview>,
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
    remaining: Option<u8>,
    digits: Zeroizing<Vec<u8>>,
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
#[derive(Clone, Debug)]
pub struct Person {
    name: Personal,
    birth_date: Personal,
    sex: Sex,
    address: Personal,
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
pub(super) fn written(birth: &BirthDate) -> Personal {
    let (year, month, day) = (birth.year(), birth.month(), birth.day());
    Personal::new(format!("{year:04}-{month:02}-{day:02}"))
}

/// A certificate as it is shown to others.
#[derive(Debug)]
pub struct Face {
    opened: Arc<Opened>,
    /// Whether the center knows of it, where it was just issued.
    reported: Option<bool>,
    shown: u8,
    hidden: bool,
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

/// What stands on the screen.
#[derive(Debug)]
pub struct Desk {
    language: Language,
    serial: u64,
    shown: Shown,
}

/// What a press led to.
#[derive(Debug)]
pub enum Taken {
    /// Nothing: it was made on another screen, or means nothing on this one.
    Ignored,
    /// It was all this module's business; the screen may have changed.
    Here,
    /// The app is to be locked.
    Lock,
    /// The core has to know.
    For(Intent),
}

/// What the resident wants: what fits the screen that stands there, and nothing else.
#[derive(Debug)]
pub enum Intent {
    /// Apply for a certificate.
    Issue,
    /// Show this one.
    Open(Id),
    /// Look at somebody's certificate.
    Verify,
    /// A certificate of this programme of the menu.
    Programme(ProgrammeId),
    /// The terms are agreed to.
    Agree,
    /// These of the kinds offered.
    Kinds(Kinds),
    /// The PIN, well-formed.
    Pin(Pin),
    /// A picture, of a passport or of what is to be verified.
    Picture(Picture),
    /// What was shown is right, or is to be done.
    Go,
    /// Without the certificate for abroad.
    Without,
    /// Records of this municipality of those offered.
    Municipality(MunicipalityCode),
    /// Delete this certificate.
    Delete,
    /// Issue this certificate again.
    Again,
    /// What was said is understood.
    Understood,
    /// To the step before.
    Back,
    /// End the application.
    Cancel,
}

impl Desk {
    /// Locked.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            language: Language::Ja,
            serial: 0,
            shown: Shown::Locked,
        }
    }

    /// Shows this instead of what was shown before.
    pub fn show(&mut self, shown: Shown) {
        self.shown = shown;
        self.serial += 1;
    }

    /// Speaks this language from now on.
    pub const fn speak(&mut self, language: Language) {
        self.language = language;
    }

    /// Language of the texts.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Whether the screen of this serial stands there and takes pictures of this kind.
    pub(super) const fn takes(&self, serial: u64, content: &Content) -> Takes {
        if serial != self.serial {
            return Takes::Other;
        }
        match (&self.shown, content) {
            (Shown::Passport { .. }, Content::Picture(_)) => Takes::It,
            (Shown::Passport { .. }, _) => Takes::NotThis,
            (Shown::Verify, _) => Takes::It,
            _ => Takes::Other,
        }
    }

    /// The certificate shown.
    #[must_use]
    pub fn opened(&self) -> Option<Arc<Opened>> {
        match &self.shown {
            Shown::Certificate(face) => Some(Arc::clone(&face.opened)),
            _ => None,
        }
    }

    /// What the resident does.
    pub fn press(&mut self, press: Press) -> Taken {
        match press.intent {
            PageIntent::Language(language) => {
                self.language = language;
                return Taken::Here;
            }
            PageIntent::Lock => return Taken::Lock,
            _ if press.serial != self.serial => return Taken::Ignored,
            PageIntent::Back if self.shown.has_back() => return Taken::For(Intent::Back),
            PageIntent::Cancel if self.shown.can_cancel() => return Taken::For(Intent::Cancel),
            _ => {}
        }
        let intent = match (&mut self.shown, press.intent) {
            (Shown::Certificates { .. }, PageIntent::Issue) => Intent::Issue,
            (Shown::Certificates { .. }, PageIntent::Verify) => Intent::Verify,
            (Shown::Certificates { listed, .. }, PageIntent::Open(id))
                if listed.iter().any(|it| it.id() == id) =>
            {
                Intent::Open(id)
            }
            (Shown::Service(menu), PageIntent::Programme(id))
                if menu.programmes.iter().any(|offer| offer.id == id) =>
            {
                Intent::Programme(id)
            }
            (Shown::Terms { .. }, PageIntent::Agree) => Intent::Agree,
            (Shown::Kinds { offered, .. }, PageIntent::Kinds(kinds)) => {
                match Kinds::of(&kinds).filter(|kinds| kinds.are_in(*offered)) {
                    Some(kinds) => Intent::Kinds(kinds),
                    None => return Taken::Ignored,
                }
            }
            (Shown::Pin(pad), intent) => return pad.press(&intent),
            (
                Shown::LastTry
                | Shown::Person { card: false, .. }
                | Shown::PassportCheck { .. }
                | Shown::Preview { .. }
                | Shown::Delete(_),
                PageIntent::Go,
            ) => Intent::Go,
            (
                Shown::Passport { domestic: true } | Shown::PassportCheck { domestic: true, .. },
                PageIntent::Without,
            ) => Intent::Without,
            (Shown::Municipality { offers, .. }, PageIntent::Municipality(code))
                if offers.iter().any(|offer| offer.code == code) =>
            {
                Intent::Municipality(code)
            }
            (Shown::Certificate(face), intent) => return face.press(&intent),
            (Shown::Problem { .. }, PageIntent::Understood) => Intent::Understood,
            _ => return Taken::Ignored,
        };
        Taken::For(intent)
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Shown {
    /// How an application, or something else, ended that cannot go on.
    #[must_use]
    pub fn end(closed: Closed) -> Self {
        Self::Problem {
            problem: closed.problem,
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
            kind,
            says: None,
            then: Then::On,
        }
    }

    const fn has_back(&self) -> bool {
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

    const fn can_cancel(&self) -> bool {
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
    fn press(&mut self, intent: &PageIntent) -> Taken {
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
    fn press(&mut self, intent: &PageIntent) -> Taken {
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

/// What came as a picture.
pub(super) enum Content {
    /// A JPEG or PNG file.
    Picture(Bytes),
    /// A PDF file.
    Document(Bytes),
    /// A text.
    Text(Zeroizing<String>),
}

impl Content {
    /// The file.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Picture(file) | Self::Document(file) => file,
            Self::Text(text) => text.as_bytes(),
        }
    }
}

/// Whether a picture is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// It is.
    It,
    /// Another screen stands there.
    Other,
    /// The screen takes pictures, and none of this kind.
    NotThis,
}

#[cfg(test)]
mod tests;
