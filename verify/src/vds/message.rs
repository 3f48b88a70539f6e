//! The message of `icao.vacc`, version 1. Members that it does not know are signed and skipped, as the report asks of readers.

use std::fmt;

use time::Date;
use time::macros::format_description;

use crate::card::{Private, PrivateDate};
use crate::json::{Object, Value};

/// Longest text of a member: three times what the report allows its longest.
const MAX_TEXT: usize = 240;

/// A proof of vaccination, `icao.vacc`.
#[derive(PartialEq, Eq)]
pub struct Vaccination {
    /// The certificate's own identifier, `uvci`.
    pub id: Private,
    /// Whom it is about, `pid`.
    pub holder: Holder,
    /// `ve`, at least one.
    pub vaccines: Vec<Vaccine>,
}

impl fmt::Debug for Vaccination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vaccination(..)")
    }
}

/// `pid`: a name, and a birth date or a travel document's number or both.
#[derive(PartialEq, Eq)]
pub struct Holder {
    /// `n`, as in the machine-readable zone of the travel document.
    pub name: Private,
    /// `dob`.
    pub birth_date: Option<PrivateDate>,
    /// `i`, number of the travel document.
    pub document: Option<Private>,
    /// `ai`, another number, at the issuer's discretion.
    pub other_number: Option<Private>,
    /// `sex`: `M`, `F` or `X`.
    pub sex: Option<Private>,
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder(..)")
    }
}

/// An entry of `ve`. No `Clone`:
///
/// ```compile_fail,E0308
/// # use verify::Vaccine;
/// fn copy(vaccine: &Vaccine) -> Vaccine {
///     vaccine.clone()
/// }
/// ```
#[derive(PartialEq, Eq)]
pub struct Vaccine {
    /// `des`, the vaccine as an extension code of ICD-11.
    pub code: Private,
    /// `nam`, the product.
    pub name: Private,
    /// `dis`, the disease as a code of ICD-11.
    pub disease: Option<Private>,
    /// `vd`, at least one.
    pub doses: Vec<Dose>,
}

impl fmt::Debug for Vaccine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vaccine(..)")
    }
}

/// An entry of `vd`. No `Clone`:
///
/// ```compile_fail,E0308
/// # use verify::Dose;
/// fn copy(dose: &Dose) -> Dose {
///     dose.clone()
/// }
/// ```
#[derive(PartialEq, Eq)]
pub struct Dose {
    /// `dvc`, day of vaccination.
    pub date: PrivateDate,
    /// `seq`, counted from 1.
    pub number: u32,
    /// `ctr`, three letters of the country of vaccination.
    pub country: Private,
    /// `adm`, who administered it.
    pub center: Option<Private>,
    /// `lot`.
    pub lot: Option<Private>,
    /// `dvn`, day of the next one.
    pub next: Option<PrivateDate>,
}

impl fmt::Debug for Dose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dose(..)")
    }
}

impl Vaccination {
    pub(super) fn read(message: &Object) -> Option<Self> {
        let holder = message.get("pid")?.object()?;
        let holder = Holder {
            name: private(required(holder, "n")?),
            birth_date: date(holder, "dob")?,
            document: optional(holder, "i")?.map(private),
            other_number: optional(holder, "ai")?.map(private),
            sex: optional(holder, "sex")?.map(private),
        };
        if holder.birth_date.is_none() && holder.document.is_none() {
            return None;
        }
        Some(Self {
            id: private(required(message, "uvci")?),
            holder,
            vaccines: list(message, "ve", Vaccine::read)?,
        })
    }
}

impl Vaccine {
    fn read(entry: &Object) -> Option<Self> {
        Some(Self {
            code: private(required(entry, "des")?),
            name: private(required(entry, "nam")?),
            disease: optional(entry, "dis")?.map(private),
            doses: list(entry, "vd", Dose::read)?,
        })
    }
}

impl Dose {
    fn read(entry: &Object) -> Option<Self> {
        // Some issuers write the number as a text.
        let number = match entry.get("seq")? {
            Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()?
            }
            value => value.count()?,
        };
        Some(Self {
            date: date(entry, "dvc")??,
            number,
            country: private(required(entry, "ctr")?),
            center: optional(entry, "adm")?.map(private),
            lot: optional(entry, "lot")?.map(private),
            next: date(entry, "dvn")?,
        })
    }
}

/// A text that says something.
fn text(value: &Value) -> Option<&str> {
    let text = value.text()?;
    let shown = !text.trim().is_empty() && !text.chars().any(char::is_control);
    (shown && text.len() <= MAX_TEXT).then_some(text)
}

fn required<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    text(object.get(name)?)
}

/// Nothing if it is malformed. An empty text says as little as a missing one.
fn optional<'a>(object: &'a Object, name: &str) -> Option<Option<&'a str>> {
    match object.get(name) {
        None => Some(None),
        Some(value) if value.text() == Some("") => Some(None),
        Some(value) => text(value).map(Some),
    }
}

/// `YYYY-MM-DD`; nothing if it is malformed.
fn date(object: &Object, name: &str) -> Option<Option<PrivateDate>> {
    let Some(text) = optional(object, name)? else {
        return Some(None);
    };
    let format = format_description!("[year]-[month]-[day]");
    let day = Date::parse(text, format).ok()?;
    Some(Some(PrivateDate::new(day)))
}

fn list<T>(object: &Object, name: &str, read: fn(&Object) -> Option<T>) -> Option<Vec<T>> {
    let items = object.get(name)?.array()?;
    let items = items.iter().map(|item| read(item.object()?));
    let items: Vec<T> = items.collect::<Option<_>>()?;
    (!items.is_empty()).then_some(items)
}

fn private(text: &str) -> Private {
    Private::new(text)
}
