//! What stands on the app's screen, as a state machine without any input or output: [`Desk::show`] takes what the core shows,
//! [`Desk::press`] what the resident does, [`Desk::screen`] (in `telling`) says what the page is told.
//!
//! What no core has to know lives here alone: the language, the digits of a PIN until there are four, which of a certificate's
//! codes is shown, and whether it shows whose it is.

use std::sync::Arc;

use bytes::Bytes;
use card::pin::Pin;
use issuance_api::problem::Language;
use issuance_api::{MunicipalityCode, ProgrammeId};
use zeroize::Zeroizing;

use super::intent::{PageIntent, Press};
use super::kinds::Kinds;
use super::picture::Picture;
use super::shelf::Opened;
use super::wallet::Id;

mod shown;
mod telling;

pub(super) use shown::written;
pub use shown::{Face, Findings, Person, PinPad, Shown};

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
    /// Take away what is damaged.
    GiveUp,
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
            (Shown::Certificates { damaged: 1.., .. }, PageIntent::GiveUp) => Intent::GiveUp,
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
