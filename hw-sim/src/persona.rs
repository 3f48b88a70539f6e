//! Personas: people who do not exist, and the cards they carry. One TOML file each.
//!
//! ```toml
//! [holder]
//! name = "青葉　さくら"
//! address = "東京都清瀬市…"
//! birth_date = "19850412"        # as on the card; zeros for an unknown month or day
//! sex = "female"                 # male | female | not-applicable
//! number = "201112304512"        # individual number with its check digit
//! municipality = "132217"        # six digits, the last a check digit: who issued the card
//! expires = "20350412"           # the last day the card is valid; its year is in 照合番号B
//! security_code = "4071"         # four digits, for 照合番号B
//!
//! [card]                         # all of it may be left out
//! applications = ["text", "surface", "common", "jpki"]
//! data_objects = ["0042", "0045", "0066", "00F0", "00F2", "00F7", "00F8", "7F21"]   # of the card manager
//! pin = "1234"                   # of the text AP
//! tries_left = 3                 # of that PIN
//! birth_code_tries_left = 10     # of the surface AP's birth code
//! authentication_pin = "1234"    # of the JPKI AP
//! authentication_tries_left = 3
//! signature_password = "ABC123"  # of the JPKI AP
//! signature_tries_left = 5
//! extended_length = true
//! first_command_fails = false
//! ```
//! With `applications = ["jpki"]` it is a phone, with none another kind of card; neither has data objects
//! unless the file names them. `faults = ["slow=300@ins=B0,times=always"]`, before all tables, has the card come
//! with [faults](crate::fault).
//!
//! Instead of `[holder]`, `copy_of = "ordinary"` makes a card from the files of another: it answers
//! every read and no challenge. `ca = "other"` has it signed by a CA that is in no trust anchor.
//! `tamper = { address = "…" }` changes one attribute after the signature, `tamper = "signature"` the signature itself.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::{fs, io};

use card::attributes::Attributes;
use card::card_manager::DataObject;
use card::era::CodeB;
use card::expiry::ExpiryDate;
use card::jpki_ap::{AUTHENTICATION_TRIES, AuthenticationPin, SIGNATURE_TRIES, SignaturePassword};
use card::number::IndividualNumber;
use card::pin::Pin;
use serde::{Deserialize, Serialize};

use crate::ap::Ap;
use crate::authority::Ca;
use crate::fault::Fault;
use crate::memory::Settings;

mod file;

/// A persona.
#[derive(Debug)]
pub struct Persona {
    /// Whose data are on the card.
    pub holder: Holder,
    /// The applications on the card.
    pub applications: BTreeSet<Ap>,
    /// The data objects of its card manager.
    pub data_objects: BTreeSet<DataObject>,
    /// The PIN of the text AP.
    pub pin: Pin,
    /// The PIN of the JPKI AP.
    pub authentication_pin: AuthenticationPin,
    /// The password of the JPKI AP.
    pub signature_password: SignaturePassword,
    /// Tries left of each.
    pub tries_left: TriesLeft,
    /// What kind of card it is.
    pub settings: Settings,
    /// What goes wrong with it, each time it is inserted.
    pub faults: Vec<Fault>,
}

/// Tries left on a card that was used before. 0: blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TriesLeft {
    /// Of the text AP's PIN.
    pub pin: u8,
    /// Of the surface AP's birth code.
    pub birth_code: u8,
    /// Of the JPKI AP's PIN.
    pub authentication: u8,
    /// Of the JPKI AP's password.
    pub signature: u8,
}

impl TriesLeft {
    /// All tries.
    pub const ALL: Self = Self {
        pin: 3,
        birth_code: 10,
        authentication: AUTHENTICATION_TRIES,
        signature: SIGNATURE_TRIES,
    };
}

/// Whose data are on a card.
#[derive(Debug)]
pub enum Holder {
    /// A person's, signed for this person.
    Person(Box<Person>),
    /// Those of another card: all its files, none of its keys.
    CopyOf(PersonaName),
}

/// A person and how their card was signed.
#[derive(Debug)]
pub struct Person {
    /// Individual number.
    pub number: IndividualNumber,
    /// What was signed.
    pub attributes: Attributes,
    /// What on the card is not so any more.
    pub tampering: Option<Tampering>,
    /// Who issued the card.
    pub municipality: Municipality,
    /// The last day the card is valid.
    pub expiry: ExpiryDate,
    /// Who signed the issuer's certificate.
    pub ca: Ca,
    /// 照合番号B; none for who was born before 明治.
    pub code_b: Option<CodeB>,
}

/// What of the text AP was changed after the municipality had signed.
#[derive(Debug)]
pub enum Tampering {
    /// The attributes: these are there instead.
    Attributes(Attributes),
    /// The signature of EF 0003: one bit of it.
    Signature,
}

/// Why a persona file is not one. Quotes nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum PersonaError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not TOML, or a key is missing, unknown, or of another type. Line and column, counted from 1.
    #[error("line {line}, column {column}: not as a persona is laid out")]
    Layout {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// This value is not of its form.
    #[error("{0} is not of its form")]
    Value(&'static str),
    /// Name and address together are longer than a card holds.
    #[error("name and address are longer than a card holds")]
    TooLong,
    /// The file is not UTF-8.
    #[error("not UTF-8")]
    Text,
    /// Neither or both of `holder` and `copy_of`.
    #[error("a persona has either a holder or is a copy_of another")]
    Holder,
    /// `ca` or `tamper` for a copy, which is not signed anew.
    #[error("a copy has neither ca nor tamper")]
    CopySigned,
}

impl Persona {
    /// Reads a persona file.
    ///
    /// # Errors
    /// [`PersonaError`] if it is not one.
    pub fn load(path: &Path) -> Result<Self, PersonaError> {
        fs::read_to_string(path)?.parse()
    }
}

/// The name of a persona: lower-case ASCII letters, digits and hyphens. It names a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonaName(String);

impl PersonaName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PersonaName {
    type Err = PersonaError;

    fn from_str(name: &str) -> Result<Self, PersonaError> {
        name.to_owned().try_into()
    }
}

impl TryFrom<String> for PersonaName {
    type Error = PersonaError;

    fn try_from(name: String) -> Result<Self, PersonaError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(PersonaError::Value("persona name"))
        }
    }
}

impl From<PersonaName> for String {
    fn from(name: PersonaName) -> Self {
        name.0
    }
}

impl fmt::Display for PersonaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A municipality's code (全国地方公共団体コード): six digits, the last
/// `(11 − (6a + 5b + 4c + 3d + 2e) mod 11) mod 10` of the five before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Municipality([u8; 5]);

impl Municipality {
    /// The five ASCII digits before the check digit: what is in a signer's key id.
    #[must_use]
    pub const fn prefix(&self) -> &[u8; 5] {
        &self.0
    }
}

impl std::str::FromStr for Municipality {
    type Err = PersonaError;

    fn from_str(code: &str) -> Result<Self, PersonaError> {
        let wrong = PersonaError::Value("municipality");
        let Ok([five @ .., check]) = <[u8; 6]>::try_from(code.as_bytes()) else {
            return Err(wrong);
        };
        let digits: Option<Vec<u32>> = five
            .iter()
            .map(|digit| char::from(*digit).to_digit(10))
            .collect();
        let Some(digits) = digits else {
            return Err(wrong);
        };
        let sum: u32 = digits
            .iter()
            .zip([6, 5, 4, 3, 2])
            .map(|(digit, weight)| digit * weight)
            .sum();
        if char::from(check).to_digit(10) == Some((11 - sum % 11) % 10) {
            Ok(Self(five))
        } else {
            Err(wrong)
        }
    }
}
