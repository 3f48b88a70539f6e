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
//! expires = 2031                 # year, for 照合番号B
//! security_code = "4071"         # four digits, for 照合番号B
//!
//! [card]                         # all of it may be left out
//! pin = "1234"
//! tries_left = 3                 # of the PIN
//! birth_code_tries_left = 10     # of the surface AP's birth code
//! extended_length = true
//! first_command_fails = false
//! ```
//! Instead of `[holder]`, `copy_of = "ordinary"` makes a card from the files of another: it answers
//! every read and no challenge. `ca = "other"` has it signed by a CA that is in no trust anchor, and
//! `tamper = { address = "…" }` changes one attribute after the signature.

use std::fmt;
use std::path::Path;
use std::{fs, io};

use card::attributes::{Attributes, BirthDate, Sex};
use card::era::{BirthCode, CodeB};
use card::number::IndividualNumber;
use card::pin::Pin;
use serde::{Deserialize, Serialize};

use crate::authority::Ca;
use crate::memory::Settings;

/// A persona.
#[derive(Debug)]
pub struct Persona {
    /// Whose data are on the card.
    pub holder: Holder,
    /// The PIN of the text AP.
    pub pin: Pin,
    /// Tries left of that PIN, at most 3. 0: blocked.
    pub tries_left: u8,
    /// Tries left of the surface AP's birth code, at most 10.
    pub birth_code_tries_left: u8,
    /// What kind of card it is.
    pub settings: Settings,
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
    /// What the card says instead, if it was tampered with.
    pub tampered: Option<Attributes>,
    /// Who issued the card.
    pub municipality: Municipality,
    /// Who signed the issuer's certificate.
    pub ca: Ca,
    /// 照合番号B; none for who was born before 明治.
    pub code_b: Option<CodeB>,
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

impl std::str::FromStr for Persona {
    type Err = PersonaError;

    fn from_str(text: &str) -> Result<Self, PersonaError> {
        let file: PersonaFile = toml::from_str(text).map_err(|error| {
            // The error itself would quote the file.
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            let line = before.lines().count().max(1);
            let column = before.lines().last().unwrap_or_default().chars().count() + 1;
            PersonaError::Layout { line, column }
        })?;
        let holder = match (file.holder, file.copy_of) {
            (Some(holder), None) => Holder::Person(Box::new(
                holder.parse(file.ca.unwrap_or_default(), file.tamper)?,
            )),
            (None, Some(_)) if file.ca.is_some() || file.tamper.is_some() => {
                return Err(PersonaError::CopySigned);
            }
            (None, Some(name)) => Holder::CopyOf(name.parse()?),
            _ => return Err(PersonaError::Holder),
        };
        if file.card.tries_left > 3 {
            return Err(PersonaError::Value("tries_left"));
        }
        if file.card.birth_code_tries_left > 10 {
            return Err(PersonaError::Value("birth_code_tries_left"));
        }
        Ok(Self {
            holder,
            pin: file
                .card
                .pin
                .as_str()
                .try_into()
                .map_err(|_| PersonaError::Value("pin"))?,
            tries_left: file.card.tries_left,
            birth_code_tries_left: file.card.birth_code_tries_left,
            settings: Settings {
                extended_length: file.card.extended_length,
                first_command_fails: file.card.first_command_fails,
            },
        })
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

/// A persona file, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonaFile {
    copy_of: Option<String>,
    ca: Option<Ca>,
    tamper: Option<Tamper>,
    holder: Option<HolderFile>,
    #[serde(default)]
    card: CardFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolderFile {
    name: String,
    address: String,
    birth_date: String,
    sex: SexName,
    number: String,
    municipality: String,
    expires: u16,
    security_code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CardFile {
    pin: String,
    tries_left: u8,
    birth_code_tries_left: u8,
    extended_length: bool,
    first_command_fails: bool,
}

impl Default for CardFile {
    fn default() -> Self {
        let Settings {
            extended_length,
            first_command_fails,
        } = Settings::default();
        Self {
            pin: "1234".into(),
            tries_left: 3,
            birth_code_tries_left: 10,
            extended_length,
            first_command_fails,
        }
    }
}

/// Which attribute says something else than what was signed.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tamper {
    Name(String),
    Address(String),
    BirthDate(String),
    Sex(SexName),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SexName {
    Male,
    Female,
    NotApplicable,
}

impl From<SexName> for Sex {
    fn from(name: SexName) -> Self {
        match name {
            SexName::Male => Self::Male,
            SexName::Female => Self::Female,
            SexName::NotApplicable => Self::NotApplicable,
        }
    }
}

impl HolderFile {
    fn parse(self, ca: Ca, tamper: Option<Tamper>) -> Result<Person, PersonaError> {
        let attributes = self.attributes()?;
        let number = self
            .number
            .as_str()
            .try_into()
            .map_err(|_| PersonaError::Value("number"))?;
        let municipality = self.municipality.parse()?;
        let code_b = self.code_b(attributes.birth())?;
        let tampered = tamper
            .map(|tamper| self.tampered(tamper).attributes())
            .transpose()?;
        Ok(Person {
            number,
            attributes,
            tampered,
            municipality,
            ca,
            code_b,
        })
    }

    fn code_b(&self, birth: &BirthDate) -> Result<Option<CodeB>, PersonaError> {
        let expires = self.expires.to_string();
        let expires = expires
            .as_bytes()
            .try_into()
            .map_err(|_| PersonaError::Value("expires"))?;
        let wrong = PersonaError::Value("security_code");
        let Ok(security_code) = self.security_code.as_bytes().try_into() else {
            return Err(wrong);
        };
        let Some(birth) = BirthCode::of(birth) else {
            return Ok(None);
        };
        CodeB::new(&birth, expires, security_code)
            .ok_or(wrong)
            .map(Some)
    }

    fn attributes(&self) -> Result<Attributes, PersonaError> {
        let birth = BirthDate::try_from(self.birth_date.as_bytes())
            .map_err(|_| PersonaError::Value("birth_date"))?;
        Ok(Attributes::new(
            self.name.clone(),
            self.address.clone(),
            birth,
            self.sex.into(),
        ))
    }

    fn tampered(mut self, tamper: Tamper) -> Self {
        match tamper {
            Tamper::Name(name) => self.name = name,
            Tamper::Address(address) => self.address = address,
            Tamper::BirthDate(date) => self.birth_date = date,
            Tamper::Sex(sex) => self.sex = sex,
        }
        self
    }
}
