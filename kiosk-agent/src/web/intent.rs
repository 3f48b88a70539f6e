//! What the page may say: one object a press, `{"serial": 7, "intent": "digit", "value": "3"}`.
//!
//! The serial is the one of the screen that the resident saw: a press that crosses the next screen means nothing there.

use issuance_api::problem::Language;
use issuance_api::{CertificateKind, MunicipalityCode, ProgrammeId};
use serde::Deserialize;

/// A press.
#[derive(Debug, Deserialize)]
pub struct Press {
    /// Which screen it was made on.
    pub serial: u64,
    /// What it means.
    #[serde(flatten)]
    pub intent: PageIntent,
}

/// What a press means.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "intent", content = "value")]
pub enum PageIntent {
    /// Speak this language; on any screen.
    Language(Language),
    /// A certificate of this programme.
    Programme(ProgrammeId),
    /// The terms are agreed to.
    Agree,
    /// This kind of certificate.
    Kind(CertificateKind),
    /// One digit of a PIN, or of the attendant's key.
    Digit(Digit),
    /// The last digit was none.
    Erase,
    /// The digits are entered.
    Enter,
    /// The records of this municipality.
    Municipality(MunicipalityCode),
    /// So many copies.
    Copies(u8),
    /// On: what is shown is right, or is to be tried again.
    Go,
    /// To the step before.
    Back,
    /// End the application.
    Cancel,
    /// More time.
    MoreTime,
    /// What was said is understood.
    Understood,
    /// The attendant wants in.
    Attendant,
}

/// A decimal digit. It may be one of a PIN, so nothing shows it.
#[derive(Clone, Copy)]
pub struct Digit(u8);

impl Digit {
    /// As it is written, ASCII.
    #[must_use]
    pub const fn expose(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Digit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match char::deserialize(deserializer)? {
            digit @ '0'..='9' => Ok(Self(digit as u8)),
            _ => Err(serde::de::Error::custom("a digit")),
        }
    }
}

impl std::fmt::Debug for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digit(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_one_of_the_list_and_shows_no_digit() {
        let press = |text: &str| serde_json::from_str::<Press>(text);
        let digit = press(r#"{"serial":7,"intent":"digit","value":"3"}"#).unwrap();
        assert_eq!(
            format!("{digit:?}"),
            "Press { serial: 7, intent: Digit(Digit(..)) }"
        );
        assert!(matches!(digit.intent, PageIntent::Digit(digit) if digit.expose() == b'3'));
        assert!(press(r#"{"serial":7,"intent":"more-time"}"#).is_ok());
        assert!(press(r#"{"serial":7,"intent":"municipality","value":"132217"}"#).is_ok());
        for wrong in [
            r#"{"serial":7,"intent":"digit","value":"33"}"#,
            r#"{"serial":7,"intent":"digit","value":"x"}"#,
            r#"{"serial":7,"intent":"pin","value":"1234"}"#,
            r#"{"serial":7,"intent":"municipality","value":"132218"}"#,
            r#"{"intent":"go"}"#,
        ] {
            assert!(press(wrong).is_err(), "{wrong}");
        }
    }
}
