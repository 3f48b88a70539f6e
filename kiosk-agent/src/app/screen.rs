//! What the page is told: one JSON object a screen, pushed whole (`docs/app.md` has them all).

use std::sync::Arc;

use issuance_api::problem::Language;
use issuance_api::terminal::{Authority, Dose, Holder, Localized, MunicipalityOffer, Preview};
use issuance_api::{CertificateKind, Date, MunicipalityCode, Personal, ProgrammeId};
use serde::Serialize;

use super::desk::Findings;
use super::wallet::Id;
use crate::handover::Mismatch;
use crate::ports::Says;
use crate::web::screen::{Programme, Then};

/// Steps of an application, for "3/7": terms, kinds, PIN, card, person and passport, municipality, review.
pub const STEPS: u8 = 7;

/// A screen.
#[derive(Debug, Serialize)]
pub struct Screen<'a> {
    /// Grows with each screen; a press names it.
    pub serial: u64,
    /// Language of the texts.
    pub language: Language,
    /// Which step of [`STEPS`], if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u8>,
    /// Whether there is a step to go back to.
    pub back: bool,
    /// Whether there is an application to cancel.
    pub cancel: bool,
    /// What it shows.
    #[serde(flatten)]
    pub content: Content<'a>,
}

/// What a screen shows. The variant's name is the screen's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "screen")]
pub enum Content<'a> {
    /// It locked itself, or was: the secret lets nobody in any more, and nothing follows.
    Locked,
    /// Something is being done, or asked for, that takes a moment.
    Working,
    /// The certificates of this device, by person.
    Certificates {
        /// Whoever has one here.
        people: Vec<Person<'a>>,
        /// Files that are damaged.
        damaged: usize,
    },
    /// Choice of the programme.
    Service {
        /// Those offered.
        programmes: Vec<Programme<'a>>,
        /// What the center has to say.
        notices: &'a [Localized],
    },
    /// The terms.
    Terms {
        /// Of which programme.
        programme: Programme<'a>,
        /// What the center has to say.
        notices: &'a [Localized],
    },
    /// Choice of the kinds.
    Kinds {
        /// Those offered.
        kinds: &'a [CertificateKind],
        /// Those proposed: of the certificate that is issued again.
        chosen: &'a [CertificateKind],
    },
    /// The PIN is waited for.
    Pin {
        /// Digits entered.
        entered: usize,
        /// Tries left, after a wrong one.
        #[serde(skip_serializing_if = "Option::is_none")]
        remaining: Option<u8>,
    },
    /// The card is waited for.
    TapCard,
    /// The card has one try left: it is read only if the resident says so.
    LastTry,
    /// The card is read.
    Reading,
    /// What the card says, once.
    Person {
        /// Name.
        name: &'a Personal,
        /// Birth date, `YYYY-MM-DD`; month and day are 00 where they are not known.
        birth_date: &'a Personal,
        /// Sex.
        sex: Sex,
        /// Address.
        address: &'a Personal,
        /// Whether the card still lies there: nothing goes on until it is gone.
        card: bool,
    },
    /// A picture of the passport is waited for.
    Passport {
        /// Whether a domestic certificate is applied for too, so that it goes on without the passport.
        domestic: bool,
    },
    /// The picture is read.
    PassportReading,
    /// What the passport says.
    PassportCheck {
        /// Name in Latin letters.
        romanised_name: &'a Personal,
        /// Passport number.
        number: &'a Personal,
        /// Birth date, as on the card too.
        birth_date: &'a Personal,
        /// Nationality.
        nationality: &'a Personal,
        /// Whether a domestic certificate is applied for too.
        domestic: bool,
    },
    /// Choice of the municipality.
    Municipality {
        /// Those offered.
        offers: &'a [MunicipalityOffer],
        /// The one proposed: of the certificate that is issued again, or of the card's address.
        home: Option<MunicipalityCode>,
    },
    /// What the certificates will say.
    Preview {
        /// All of it, a certificate each.
        previews: &'a [Arc<Preview>],
        /// Kinds for which there is none.
        failed: Vec<Failed>,
    },
    /// They are made.
    Issuing,
    /// A certificate.
    Certificate(Certificate<'a>),
    /// Whether it is really to be deleted.
    Delete {
        /// Which.
        entry: Entry<'a>,
        /// Whose.
        holder: &'a Holder,
    },
    /// A certificate of anybody is waited for, to look at.
    Verify,
    /// What it is.
    Verified {
        /// What `verify --json` calls `codes`.
        found: &'a Findings,
        /// What `verify --show-trust --json` says, and when the center was asked.
        trust: &'a serde_json::Value,
    },
    /// Something is in the way.
    Problem {
        /// Its code.
        code: &'static str,
        /// What the resident is told has happened.
        happened: Personal,
        /// What the resident can do about it.
        advice: &'static str,
        /// What did not belong, where that is why.
        #[serde(skip_serializing_if = "Option::is_none")]
        mismatch: Option<Mismatch>,
        /// Which certificate it stopped, where it stopped one of two.
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<CertificateKind>,
        /// What the center says to it.
        #[serde(skip_serializing_if = "Option::is_none")]
        says: Option<&'a Says>,
        /// How it goes on.
        then: Then,
    },
}

/// Somebody, and their certificates.
#[derive(Debug, Serialize)]
pub struct Person<'a> {
    /// Who.
    pub holder: &'a Holder,
    /// The newest first.
    pub certificates: Vec<Entry<'a>>,
}

/// A certificate in the list.
#[derive(Clone, Debug, Serialize)]
pub struct Entry<'a> {
    /// Which.
    pub id: Id,
    /// Programme.
    pub programme: &'a ProgrammeId,
    /// What residents call it.
    pub name: &'a Localized,
    /// Kind.
    pub kind: CertificateKind,
    /// The municipality that certifies.
    pub authority: &'a Authority,
    /// Date of issue.
    pub issued_on: Date,
    /// How many doses.
    pub doses: usize,
    /// Whether there is a newer one of the same programme, kind and municipality.
    pub older: bool,
    /// Whether it lapses, for the center may not know that it is here.
    pub lapses: bool,
}

/// A certificate in full.
#[derive(Debug, Serialize)]
pub struct Certificate<'a> {
    /// What the list says.
    #[serde(flatten)]
    pub entry: Entry<'a>,
    /// Whose; nothing while hidden.
    pub holder: Option<&'a Holder>,
    /// For abroad: the passport it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passport: Option<&'a issuance_api::passport::PassportData>,
    /// For abroad: its id, as the page has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<&'a str>,
    /// Doses in order of date.
    pub all_doses: &'a [Dose],
    /// Its QR codes: the SMART Health Card's, and for abroad the VDS-NC's.
    pub codes: &'a [Code],
    /// Which of them is shown.
    pub shown: u8,
    /// Whether name and birth date are hidden.
    pub hidden: bool,
    /// Whether they can be: on the domestic one.
    pub hides: bool,
    /// Whether the center knows that it is here. If not, it lapses. Nothing for what was not issued just now and does not lapse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<bool>,
}

/// A QR code.
#[derive(Serialize)]
pub struct Code {
    /// Which.
    pub name: CodeName,
    /// Its modules by rows, `1` dark and `0` light, without the quiet zone: four modules on each side.
    pub rows: Vec<String>,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

/// What a QR code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeName {
    /// SMART Health Card.
    HealthCard,
    /// ICAO VDS-NC.
    VdsNc,
}

/// A kind for which there is no certificate, and why.
#[derive(Debug, Serialize)]
pub struct Failed {
    /// Which.
    pub kind: CertificateKind,
    /// The problem's code.
    pub code: &'static str,
    /// What the resident is told has happened.
    pub happened: Personal,
    /// What the resident can do about it.
    pub advice: &'static str,
}

/// Sex, as the card codes it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// Anything else.
    Other,
}

impl std::fmt::Debug for Sex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sex(..)")
    }
}

impl From<card::attributes::Sex> for Sex {
    fn from(sex: card::attributes::Sex) -> Self {
        match sex {
            card::attributes::Sex::Male => Self::Male,
            card::attributes::Sex::Female => Self::Female,
            _ => Self::Other,
        }
    }
}
