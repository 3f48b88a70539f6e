//! What the page may say: one object a press, `{"serial": 7, "intent": "digit", "value": "3"}`.
//!
//! The serial is the one of the screen that the resident saw: a press that crosses the next screen means nothing there.

use issuance_api::problem::Language;
use issuance_api::{CertificateKind, MunicipalityCode, ProgrammeId};
use serde::Deserialize;

use super::wallet::Id;
use crate::web::intent::Digit;

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
    /// Lock the app, and end what is under way; on any screen.
    Lock,
    /// `certificates`: apply for a certificate (発行する).
    Issue,
    /// `certificates`: show this one.
    Open(Id),
    /// `certificates`: take away what is damaged, where something is.
    GiveUp,
    /// `certificates`: look at somebody's certificate.
    Verify,
    /// `service`: a certificate of this programme.
    Programme(ProgrammeId),
    /// `terms`: they are agreed to.
    Agree,
    /// `kinds`: these, one or both.
    Kinds(Vec<CertificateKind>),
    /// `pin`: one digit.
    Digit(Digit),
    /// `pin`: the last digit was none.
    Erase,
    /// `pin`: the digits are entered.
    Enter,
    /// On: what is shown is right, or is to be done (`last-try`, `person`, `passport-check`, `preview`, `delete`).
    Go,
    /// `passport`, `passport-check`: without the certificate for abroad.
    Without,
    /// `municipality`: the records of this one.
    Municipality(MunicipalityCode),
    /// `certificate`: show this of its codes, by its place among them.
    Code(u8),
    /// `certificate`: hide name and birth date, or show them again.
    Hide(bool),
    /// `certificate`: delete it. Asked back.
    Delete,
    /// `certificate`: apply for a new one of the same programme, kind and municipality.
    Again,
    /// `problem`: what was said is understood.
    Understood,
    /// To the step before.
    Back,
    /// End the application.
    Cancel,
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
        for right in [
            r#"{"serial":7,"intent":"kinds","value":["domestic","abroad"]}"#,
            r#"{"serial":7,"intent":"open","value":"00112233445566778899aabbccddeeff"}"#,
            r#"{"serial":7,"intent":"hide","value":true}"#,
            r#"{"serial":7,"intent":"code","value":1}"#,
            r#"{"serial":7,"intent":"lock"}"#,
        ] {
            assert!(press(right).is_ok(), "{right}");
        }
        for wrong in [
            r#"{"serial":7,"intent":"kinds","value":["both"]}"#,
            r#"{"serial":7,"intent":"open","value":"../wallet"}"#,
            r#"{"serial":7,"intent":"pin","value":"1234"}"#,
            r#"{"serial":7,"intent":"municipality","value":"132218"}"#,
            r#"{"intent":"go"}"#,
        ] {
            assert!(press(wrong).is_err(), "{wrong}");
        }
    }
}
