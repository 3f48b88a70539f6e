use std::fmt;

use serde::Deserialize;
use serde_json::Number;
use time::{Date, macros::format_description};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::CardError;

const CARD_TYPE: &str = "https://smarthealth.cards#health-card";

/// Text about a person: wiped when dropped, shown by nothing but [`expose`](Self::expose), and not to be cloned:
///
/// ```compile_fail,E0308
/// # use verify::Private;
/// fn copy(text: &Private) -> Private {
///     text.clone()
/// }
/// ```
#[derive(PartialEq, Eq, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(..)")
    }
}

/// A day of somebody's life: of birth, of vaccination. Wiped when dropped, shown by nothing but [`expose`](Self::expose), and not
/// to be cloned:
///
/// ```compile_fail,E0308
/// # use verify::PrivateDate;
/// fn copy(date: &PrivateDate) -> PrivateDate {
///     date.clone()
/// }
/// ```
///
/// ```compile_fail,E0507
/// # use verify::{Patient, PrivateDate};
/// fn copy(patient: &Patient) -> PrivateDate {
///     patient.birth_date
/// }
/// ```
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PrivateDate {
    // Numbers can be wiped, a `Date` cannot.
    year: i32,
    day_of_year: u16,
}

impl PrivateDate {
    pub(crate) const fn new(day: Date) -> Self {
        let (year, day_of_year) = day.to_ordinal_date();
        Self { year, day_of_year }
    }

    /// The day itself.
    ///
    /// # Panics
    /// Never: it was a day when it came.
    #[must_use]
    pub fn expose(&self) -> Date {
        let day = Date::from_ordinal_date(self.year, self.day_of_year);
        day.expect("it was taken from a day")
    }
}

impl fmt::Debug for PrivateDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateDate(..)")
    }
}

/// What a health card says.
#[derive(PartialEq, Eq)]
pub struct Card {
    /// The issuer's URL.
    pub issuer: String,
    /// Id of the key that it names.
    pub kid: String,
    /// From when it holds: seconds since 1970, rounded down.
    pub not_before: i64,
    /// Revocation id, to be looked for in `{issuer}/.well-known/crl/{kid}.json`.
    pub rid: Option<String>,
    /// All of `vc.type`.
    pub types: Vec<String>,
    /// The holder.
    pub patient: Patient,
    /// In the order of the bundle.
    pub immunizations: Vec<Immunization>,
}

// A revocation id is one person's.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(..)")
    }
}

/// Whom a card is about.
#[derive(PartialEq, Eq)]
pub struct Patient {
    /// Family name.
    pub family: Option<Private>,
    /// Given names.
    pub given: Vec<Private>,
    /// The same person's further names: in another script, say.
    pub others: Vec<HumanName>,
    /// Birth date.
    pub birth_date: PrivateDate,
}

/// A name.
#[derive(PartialEq, Eq)]
pub struct HumanName {
    /// Family name.
    pub family: Option<Private>,
    /// Given names.
    pub given: Vec<Private>,
}

impl fmt::Debug for HumanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HumanName(..)")
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(..)")
    }
}

/// One dose. No `Clone`:
///
/// ```compile_fail,E0308
/// # use verify::Immunization;
/// fn copy(dose: &Immunization) -> Immunization {
///     dose.clone()
/// }
/// ```
#[derive(PartialEq, Eq)]
pub struct Immunization {
    /// Day of vaccination.
    pub date: PrivateDate,
    /// System of the vaccine's code, for CVX `http://hl7.org/fhir/sid/cvx`.
    pub system: String,
    /// The vaccine's code.
    pub code: Private,
    /// Lot number.
    pub lot: Option<Private>,
    /// Who says so.
    pub performer: Option<Private>,
}

impl fmt::Debug for Immunization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Immunization(..)")
    }
}

/// What a payload states, whenever it holds.
pub(crate) struct Statement {
    pub(crate) issuer: String,
    /// Seconds since 1970, both.
    pub(crate) not_before: f64,
    pub(crate) expiry: Option<f64>,
    pub(crate) rid: Option<String>,
    pub(crate) types: Vec<String>,
    /// Nothing if the bundle names no patient: a laboratory's result, say.
    pub(crate) vaccination: Option<(Patient, Vec<Immunization>)>,
}

impl Statement {
    pub(crate) fn read(json: &[u8]) -> Result<Self, CardError> {
        let claims: Claims = serde_json::from_slice(json).map_err(|_| CardError::Payload)?;
        if !claims.iss.starts_with("https://") || claims.iss.ends_with('/') {
            return Err(CardError::Issuer);
        }
        let seconds = |number: &Number| number.as_f64().ok_or(CardError::Payload);
        let not_before = seconds(&claims.nbf)?;
        // Exact for every date there is: such seconds fit into 53 bits.
        if not_before.abs() > 1e12 {
            return Err(CardError::Payload);
        }
        let expiry = claims.exp.as_ref().map(seconds).transpose()?;
        if !claims.vc.r#type.iter().any(|name| name == CARD_TYPE) {
            return Err(CardError::Payload);
        }
        let mut patient = None;
        let mut immunizations = Vec::new();
        for entry in claims.vc.subject.fhir_bundle.entry {
            match entry.resource {
                Resource::Patient(resource) if patient.is_none() => {
                    patient = Some(resource.read()?);
                }
                Resource::Patient(_) => return Err(CardError::Payload),
                Resource::Immunization(resource) => immunizations.push(resource.read()?),
                Resource::Other => {}
            }
        }
        if patient.is_none() && !immunizations.is_empty() {
            return Err(CardError::Payload);
        }
        Ok(Self {
            issuer: claims.iss,
            not_before,
            expiry,
            rid: claims.vc.rid,
            types: claims.vc.r#type,
            vaccination: patient.map(|patient| (patient, immunizations)),
        })
    }

    /// Whether it holds at this time.
    pub(crate) fn at(&self, now: i64) -> Result<(), CardError> {
        #[expect(clippy::cast_precision_loss, reason = "seconds fit into 53 bits")]
        let now = now as f64;
        if self.not_before > now {
            Err(CardError::NotYetValid)
        } else if self.expiry.is_some_and(|expiry| expiry <= now) {
            Err(CardError::Expired)
        } else {
            Ok(())
        }
    }

    /// Whole seconds, rounded down.
    #[expect(clippy::cast_possible_truncation, reason = "bounded when it was read")]
    pub(crate) fn not_before_second(&self) -> i64 {
        self.not_before.floor() as i64
    }

    /// The card, if it is about a patient.
    pub(crate) fn into_card(self, kid: String) -> Option<Card> {
        let not_before = self.not_before_second();
        let (patient, immunizations) = self.vaccination?;
        Some(Card {
            issuer: self.issuer,
            kid,
            not_before,
            rid: self.rid,
            types: self.types,
            patient,
            immunizations,
        })
    }
}

/// The first ten characters: `YYYY-MM-DD`, of a FHIR date or dateTime.
fn day(text: &str) -> Result<PrivateDate, CardError> {
    let day = text.get(..10).ok_or(CardError::Payload)?;
    let format = format_description!("[year]-[month]-[day]");
    Date::parse(day, format)
        .map(PrivateDate::new)
        .map_err(|_| CardError::Payload)
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nbf: Number,
    exp: Option<Number>,
    vc: Credential,
}

#[derive(Deserialize)]
struct Credential {
    r#type: Vec<String>,
    #[serde(rename = "credentialSubject")]
    subject: Subject,
    rid: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    fhir_bundle: Bundle,
}

#[derive(Deserialize)]
struct Bundle {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Resource,
}

#[derive(Deserialize)]
#[serde(tag = "resourceType")]
enum Resource {
    Patient(PatientResource),
    Immunization(ImmunizationResource),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatientResource {
    name: Vec<Name>,
    birth_date: Private,
}

#[derive(Deserialize)]
struct Name {
    family: Option<Private>,
    #[serde(default)]
    given: Vec<Private>,
}

impl PatientResource {
    fn read(self) -> Result<Patient, CardError> {
        let mut names = self.name.into_iter();
        let name = names.next().ok_or(CardError::Payload)?;
        if name.family.is_none() && name.given.is_empty() {
            return Err(CardError::Payload);
        }
        Ok(Patient {
            family: name.family,
            given: name.given,
            others: names
                .map(|Name { family, given }| HumanName { family, given })
                .collect(),
            birth_date: day(self.birth_date.expose())?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImmunizationResource {
    status: String,
    vaccine_code: VaccineCode,
    occurrence_date_time: Private,
    lot_number: Option<Private>,
    #[serde(default)]
    performer: Vec<Performer>,
}

#[derive(Deserialize)]
struct VaccineCode {
    coding: Vec<Coding>,
}

#[derive(Deserialize)]
struct Coding {
    system: String,
    code: Private,
}

#[derive(Deserialize)]
struct Performer {
    actor: Actor,
}

#[derive(Deserialize)]
struct Actor {
    display: Option<Private>,
}

impl ImmunizationResource {
    fn read(self) -> Result<Immunization, CardError> {
        if self.status != "completed" {
            return Err(CardError::Payload);
        }
        let coding = self.vaccine_code.coding.into_iter().next();
        let coding = coding.ok_or(CardError::Payload)?;
        let performer = self.performer.into_iter().next();
        Ok(Immunization {
            date: day(self.occurrence_date_time.expose())?,
            system: coding.system,
            code: coding.code,
            lot: self.lot_number,
            performer: performer.and_then(|performer| performer.actor.display),
        })
    }
}
