use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};
use zeroize::{Zeroize, Zeroizing};

use crate::{Blob, Date, IdError};

/// A `Debug` that shows nothing.
macro_rules! opaque {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
pub(crate) use opaque;

opaque!(Personal PersonalDate);

/// Text about a person: wiped when dropped, its `Debug` shows nothing and there is no `Display`.
///
/// Reading it takes an explicit [`expose`](Personal::expose), so every place that does can be found. There is no `Clone`:
///
/// ```compile_fail,E0599
/// # use issuance_api::Personal;
/// let name = Personal::new("架空　花子".to_owned());
/// let copy = name.clone();
/// ```
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(String);

impl Personal {
    /// Takes the text over.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Personal {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Bytes about a person: a card's evidence, a certificate's page. As a [`Blob`] on the wire, and wiped as one; its `Debug` shows how
/// many there are. There is no `Clone`:
///
/// ```compile_fail,E0599
/// # use issuance_api::PersonalBytes;
/// let page = PersonalBytes::new(b"%PDF-1.7".to_vec());
/// let copy = page.clone();
/// ```
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonalBytes(Blob);

impl PersonalBytes {
    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(Blob::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for PersonalBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonalBytes({} bytes)", self.as_bytes().len())
    }
}

/// A day of somebody's life: of birth, of vaccination. As a [`Date`] on the wire; wiped when dropped, its `Debug` shows nothing and
/// there is no `Display`. There is no `Clone`, and it is not `Copy`:
///
/// ```compile_fail,E0599
/// # use issuance_api::PersonalDate;
/// let birth: PersonalDate = "1985-04-02".parse()?;
/// let copy = birth.clone();
/// # Ok::<(), issuance_api::IdError>(())
/// ```
///
/// ```compile_fail,E0382
/// # use issuance_api::PersonalDate;
/// let birth: PersonalDate = "1985-04-02".parse()?;
/// let (one, other) = (birth, birth);
/// # Ok::<(), issuance_api::IdError>(())
/// ```
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonalDate {
    // Numbers can be wiped, a `time::Date` cannot.
    year: i32,
    day_of_year: u16,
}

impl PersonalDate {
    /// Takes the day over.
    #[must_use]
    pub const fn new(day: Date) -> Self {
        let (year, day_of_year) = day.get().to_ordinal_date();
        Self { year, day_of_year }
    }

    /// The day itself.
    ///
    /// # Panics
    /// Never: it was a day when it came.
    #[must_use]
    pub fn expose(&self) -> Date {
        let day = time::Date::from_ordinal_date(self.year, self.day_of_year);
        day.expect("it was taken from a day").into()
    }

    /// The same day once more: a copy that somebody asked for.
    #[must_use]
    pub const fn again(&self) -> Self {
        let Self { year, day_of_year } = *self;
        Self { year, day_of_year }
    }
}

impl From<Date> for PersonalDate {
    fn from(day: Date) -> Self {
        Self::new(day)
    }
}

impl FromStr for PersonalDate {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self::new)
    }
}

impl Drop for PersonalDate {
    fn drop(&mut self) {
        self.year.zeroize();
        self.day_of_year.zeroize();
    }
}

impl Serialize for PersonalDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(String::from(self.expose())))
    }
}

impl<'de> Deserialize<'de> for PersonalDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = PersonalDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day")
            }

            // From the input itself: no copy is left of it.
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PersonalDate, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<PersonalDate, E> {
                self.visit_str(&Zeroizing::new(text))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_travel_as_dates_and_are_in_their_order() {
        let days = ["1899-12-31", "1985-04-02", "2024-02-29", "2024-12-31"];
        let days = days.map(|text| (text, text.parse::<PersonalDate>().unwrap()));
        for (text, day) in &days {
            let json = serde_json::to_string(day).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<PersonalDate>(&json).unwrap(), *day);
            assert_eq!(String::from(day.expose()), *text);
            assert_eq!(day.again(), *day);
        }
        assert!(days.windows(2).all(|two| two[0].1 < two[1].1));
        for wrong in ["\"2023-02-29\"", "\"19850402\"", "\"\"", "19850402"] {
            assert!(
                serde_json::from_str::<PersonalDate>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
