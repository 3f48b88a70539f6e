//! The TOML of a persona.

use std::collections::BTreeSet;

use card::attributes::{Attributes, BirthDate, Sex};
use card::card_manager::{self, DataObject};
use card::era::{BirthCode, CodeB};
use card::expiry::ExpiryDate;
use card::file::MAX_FILE;
use serde::Deserialize;

use super::{Holder, Person, Persona, PersonaError, Tampering, TriesLeft};
use crate::ap::Ap;
use crate::authority::Ca;
use crate::fault::Fault;
use crate::memory::Settings;

/// How long name and address may be together, in bytes: the longest file that has both is the certificate for signatures, which
/// has some 1,500 bytes besides.
const NAME_AND_ADDRESS: usize = MAX_FILE - 2048;

/// Every data object of the card manager that is known.
const DATA_OBJECTS: [DataObject; 8] = [
    card_manager::ISSUER_KEY,
    card_manager::CARD_ID,
    card_manager::RECOGNITION_DATA,
    card_manager::MUNICIPALITY,
    card_manager::EXPIRY,
    card_manager::INTERMEDIATE_KEY,
    card_manager::UPPER_CERTIFICATE,
    card_manager::LOWER_CERTIFICATE,
];

/// A persona file, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonaFile {
    copy_of: Option<String>,
    ca: Option<Ca>,
    tamper: Option<Tamper>,
    #[serde(default)]
    faults: Vec<Fault>,
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
    expires: String,
    security_code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CardFile {
    applications: Vec<String>,
    data_objects: Option<Vec<String>>,
    pin: String,
    tries_left: u8,
    birth_code_tries_left: u8,
    authentication_pin: String,
    authentication_tries_left: u8,
    signature_password: String,
    signature_tries_left: u8,
    extended_length: bool,
    first_command_fails: bool,
}

impl Default for CardFile {
    fn default() -> Self {
        let Settings {
            extended_length,
            first_command_fails,
        } = Settings::default();
        let TriesLeft {
            pin,
            birth_code,
            authentication,
            signature,
        } = TriesLeft::ALL;
        Self {
            applications: Ap::ALL.map(|ap| ap.name().to_owned()).to_vec(),
            data_objects: None,
            pin: "1234".into(),
            tries_left: pin,
            birth_code_tries_left: birth_code,
            authentication_pin: "1234".into(),
            authentication_tries_left: authentication,
            signature_password: "ABC123".into(),
            signature_tries_left: signature,
            extended_length,
            first_command_fails,
        }
    }
}

/// What on the card is not as it was signed.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tamper {
    Name(String),
    Address(String),
    BirthDate(String),
    Sex(SexName),
    Signature,
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
        let card = file.card;
        Ok(Self {
            holder,
            applications: card.applications()?,
            data_objects: card.data_objects()?,
            tries_left: card.tries_left()?,
            pin: value("pin", card.pin.as_str().try_into())?,
            authentication_pin: value(
                "authentication_pin",
                card.authentication_pin.as_str().try_into(),
            )?,
            signature_password: value(
                "signature_password",
                card.signature_password.as_str().try_into(),
            )?,
            faults: file.faults,
            settings: Settings {
                extended_length: card.extended_length,
                first_command_fails: card.first_command_fails,
            },
        })
    }
}

impl CardFile {
    fn applications(&self) -> Result<BTreeSet<Ap>, PersonaError> {
        let names = self.applications.iter();
        names
            .map(|name| Ap::with_name(name).ok_or(PersonaError::Value("applications")))
            .collect()
    }

    fn data_objects(&self) -> Result<BTreeSet<DataObject>, PersonaError> {
        let Some(tags) = &self.data_objects else {
            // A phone has none of them, nor has another kind of card.
            let is_card = self.applications.iter().any(|name| name == Ap::Text.name());
            return Ok(DATA_OBJECTS.into_iter().filter(|_| is_card).collect());
        };
        let known = |tag: &String| {
            DATA_OBJECTS
                .into_iter()
                .find(|object| format!("{:04X}", object.tag()) == *tag)
                .ok_or(PersonaError::Value("data_objects"))
        };
        tags.iter().map(known).collect()
    }

    fn tries_left(&self) -> Result<TriesLeft, PersonaError> {
        let most = TriesLeft::ALL;
        for (name, left, most) in [
            ("tries_left", self.tries_left, most.pin),
            (
                "birth_code_tries_left",
                self.birth_code_tries_left,
                most.birth_code,
            ),
            (
                "authentication_tries_left",
                self.authentication_tries_left,
                most.authentication,
            ),
            (
                "signature_tries_left",
                self.signature_tries_left,
                most.signature,
            ),
        ] {
            if left > most {
                return Err(PersonaError::Value(name));
            }
        }
        Ok(TriesLeft {
            pin: self.tries_left,
            birth_code: self.birth_code_tries_left,
            authentication: self.authentication_tries_left,
            signature: self.signature_tries_left,
        })
    }
}

impl HolderFile {
    fn parse(self, ca: Ca, tamper: Option<Tamper>) -> Result<Person, PersonaError> {
        let attributes = self.attributes()?;
        let number = value("number", self.number.as_str().try_into())?;
        let municipality = self.municipality.parse()?;
        let expiry = value("expires", ExpiryDate::try_from(self.expires.as_bytes()))?;
        let code_b = self.code_b(attributes.birth(), &expiry)?;
        Ok(Person {
            number,
            attributes,
            municipality,
            expiry,
            ca,
            code_b,
            tampering: tamper.map(|tamper| self.tampering(tamper)).transpose()?,
        })
    }

    fn code_b(
        &self,
        birth: &BirthDate,
        expiry: &ExpiryDate,
    ) -> Result<Option<CodeB>, PersonaError> {
        let wrong = PersonaError::Value("security_code");
        let Ok(security_code) = self.security_code.as_bytes().try_into() else {
            return Err(wrong);
        };
        let Some(birth) = BirthCode::of(birth) else {
            return Ok(None);
        };
        let [year @ .., _, _, _, _] = expiry.to_digits();
        CodeB::new(&birth, &year, security_code)
            .ok_or(wrong)
            .map(Some)
    }

    fn attributes(&self) -> Result<Attributes, PersonaError> {
        if self.name.len() + self.address.len() > NAME_AND_ADDRESS {
            return Err(PersonaError::TooLong);
        }
        let birth = value(
            "birth_date",
            BirthDate::try_from(self.birth_date.as_bytes()),
        )?;
        Ok(Attributes::new(
            self.name.clone(),
            self.address.clone(),
            birth,
            self.sex.into(),
        ))
    }

    fn tampering(mut self, tamper: Tamper) -> Result<Tampering, PersonaError> {
        match tamper {
            Tamper::Name(name) => self.name = name,
            Tamper::Address(address) => self.address = address,
            Tamper::BirthDate(date) => self.birth_date = date,
            Tamper::Sex(sex) => self.sex = sex,
            Tamper::Signature => return Ok(Tampering::Signature),
        }
        self.attributes().map(Tampering::Attributes)
    }
}

fn value<T, E>(name: &'static str, parsed: Result<T, E>) -> Result<T, PersonaError> {
    parsed.map_err(|_| PersonaError::Value(name))
}
