//! What a front end says, by language: the message catalogue. Problems have their own texts in `issuance_api::problem`.
//!
//! The texts stand in `text/table.rs`, those of the app alone in `text/app.rs`; where the app says something else of a problem than
//! a kiosk, that is in [`home`]. Those marked `spoken` or `named` are also recorded (see `voice/README.md`): the example `catalogue` prints
//! exactly what has to be, [`prompts`].

use std::ops::RangeInclusive;

use issuance_api::ProblemCode;
use issuance_api::problem::Language;
use issuance_api::terminal::Localized;

use prefectures::PREFECTURES;

use crate::handover::Mismatch;

/// A catalogue: one row a text.
macro_rules! texts {
    (@spoken spoken) => { true };
    (@spoken named) => { true };
    (@spoken shown) => { false };
    ($(#[$doc:meta])* pub enum $table:ident; $($kind:ident $name:ident $ja:literal $en:literal $zh:literal $ko:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $table {
            $(#[doc = $en] $name,)*
        }

        impl $table {
            /// Every text.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// In one language.
            #[must_use]
            pub const fn say(self, language: Language) -> &'static str {
                match self {
                    $(Self::$name => match language {
                        Language::Ja => $ja,
                        Language::En => $en,
                        Language::Zh => $zh,
                        Language::Ko => $ko,
                    },)*
                }
            }

            /// Whether it is recorded.
            #[must_use]
            pub const fn is_spoken(self) -> bool {
                match self {
                    $(Self::$name => texts!(@spoken $kind),)*
                }
            }

            /// What it is called by the page and by the recordings.
            #[must_use]
            pub fn key(self) -> String {
                format!("{self:?}")
            }
        }
    };
}

mod app;
pub mod home;
mod prefectures;
mod table;
pub use app::AppText;
pub use table::Text;

/// Tries left that a text is spoken for: a PIN has three.
pub const SPOKEN_TRIES: RangeInclusive<u8> = 1..=3;

/// The placeholders of recorded texts, and the numbers that each is recorded with. Money is said digit by digit.
const SPOKEN_NUMBERS: [(&str, RangeInclusive<u8>); 5] = [
    ("{remaining}", SPOKEN_TRIES),
    ("{count}", 0..=4),
    ("{copies}", 1..=10),
    ("{level}", 1..=5),
    ("{digit}", 0..=9),
];

/// Letters that names of municipalities are spelled with, since nobody can record names that come from the center: kana in Japanese, in all
/// other languages Latin ones, which are recorded in English.
const LETTERS: [(Language, &str); 2] = [
    (
        Language::Ja,
        "あいうえおかきくけこがぎぐげごさしすせそざじずぜぞたちつてとだぢづでどなにぬねのはひふへほばびぶべぼぱぴぷぺぽまみむめもやゆよらりるれろわをん",
    ),
    (Language::En, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
];

/// One recording's key, and its text in each language that it is made in.
pub type Prompt = (String, Vec<(Language, String)>);

/// Everything that is recorded.
#[must_use]
pub fn prompts() -> Vec<Prompt> {
    let spoken = Text::ALL.iter().filter(|text| text.is_spoken());
    let mut prompts: Vec<_> = spoken
        .flat_map(|text| by_number(&text.key(), |language| text.say(language)))
        .collect();
    for code in ProblemCode::ALL.iter().filter(|code| is_spoken(**code)) {
        prompts.extend(by_number(&problem_key(*code), |language| {
            code.message(language)
        }));
    }
    for (language, letters) in LETTERS {
        prompts.extend(letters.chars().map(|letter| {
            let key = format!("Letter/{:x}", u32::from(letter));
            (key, vec![(language, letter.to_string())])
        }));
    }
    prompts
        .extend(prefectures().map(|(key, name, _)| (key, vec![(Language::Ja, name.to_owned())])));
    prompts
}

/// What names are read as, in kana, by the key of their recording: an engine that reads one otherwise is wrong.
pub fn readings() -> impl Iterator<Item = (String, &'static str)> {
    prefectures().map(|(key, _, reading)| (key, reading))
}

/// The prefectures' names, which are said in Japanese alone: key, name and reading.
fn prefectures() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let numbered = (1_u8..).zip(PREFECTURES);
    numbered.map(|(code, (name, reading))| (format!("Prefecture/{code:02}"), name, reading))
}

/// One prompt, or one for each number that its placeholder can stand for.
fn by_number(key: &str, say: impl Fn(Language) -> &'static str) -> Vec<Prompt> {
    let says = Language::ALL.map(say);
    let in_each = |fill: &dyn Fn(&str) -> String| {
        let texts = Language::ALL.into_iter().zip(says);
        texts
            .map(|(language, text)| (language, fill(text)))
            .collect()
    };
    let placed = SPOKEN_NUMBERS
        .iter()
        .find(|(name, _)| says[0].contains(name));
    let Some((placeholder, numbers)) = placed else {
        return vec![(key.to_owned(), in_each(&str::to_owned))];
    };
    let filled = |number: u8| in_each(&|text| fill(text, placeholder, &number.to_string()));
    numbers
        .clone()
        .map(|number| (numbered_key(key, number), filled(number)))
        .collect()
}

/// The key of a recorded problem message.
#[must_use]
pub fn problem_key(code: ProblemCode) -> String {
    format!("problem/{}", code.as_str())
}

/// The key of a recording that says a number.
#[must_use]
pub fn numbered_key(key: &str, number: u8) -> String {
    format!("{key}/{number}")
}

/// What only an app is ever told, and a kiosk never: it does not enrol, and keeps nothing.
const OF_APPS: [ProblemCode; 12] = [
    ProblemCode::IssuerKeyUnknown,
    ProblemCode::WalletFull,
    ProblemCode::CertificateGone,
    ProblemCode::KeystoreUnavailable,
    ProblemCode::EnrolmentExpired,
    ProblemCode::EnrolmentProofInvalid,
    ProblemCode::AttestationInvalid,
    ProblemCode::AttestationRevoked,
    ProblemCode::AttestationUnavailable,
    ProblemCode::KeystoreNotHardware,
    ProblemCode::DeviceModified,
    ProblemCode::AppNotGenuine,
];

/// Whether a problem's message is recorded: one that names a character is not the same each time.
#[must_use]
pub fn is_spoken(code: ProblemCode) -> bool {
    !code.message(Language::Ja).contains("{character}") && !OF_APPS.contains(&code)
}

/// What is said of something that did not belong: to an attendant, and to whoever has the app.
#[must_use]
pub const fn mismatch(mismatch: Mismatch) -> Text {
    match mismatch {
        Mismatch::Name => Text::Name,
        Mismatch::BirthDate => Text::BirthDate,
        Mismatch::Passport => Text::MismatchPassport,
        Mismatch::Request => Text::MismatchRequest,
        Mismatch::Signature => Text::MismatchSignature,
        Mismatch::Seal => Text::MismatchSeal,
        Mismatch::Issuer => Text::MismatchIssuer,
        Mismatch::Doses => Text::Doses,
        Mismatch::Page => Text::MismatchPage,
    }
}

/// A text with one placeholder filled in.
#[must_use]
pub fn fill(text: &str, placeholder: &str, value: &str) -> String {
    text.replace(placeholder, value)
}

/// The center's words in one language.
#[must_use]
pub fn localized(text: &Localized, language: Language) -> &str {
    match language {
        Language::Ja => &text.ja,
        Language::En => &text.en,
        Language::Zh => &text.zh,
        Language::Ko => &text.ko,
    }
}

#[cfg(test)]
mod problems;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_every_language_with_the_same_placeholders() {
        let placeholders = |text: &str| {
            let mut found: Vec<_> = text
                .split('{')
                .skip(1)
                .map(|rest| rest.split('}').next().map(str::to_owned))
                .collect();
            found.sort();
            found
        };
        let kiosks = Text::ALL
            .iter()
            .map(|text| (text.key(), Language::ALL.map(|language| text.say(language))));
        let apps = AppText::ALL
            .iter()
            .map(|text| (text.key(), Language::ALL.map(|language| text.say(language))));
        let mut keys = std::collections::HashSet::new();
        for (key, says) in kiosks.chain(apps) {
            assert!(keys.insert(key.clone()), "{key} is there twice");
            for said in says {
                assert!(!said.is_empty(), "{key}");
                assert_eq!(placeholders(said), placeholders(says[0]), "{key}");
            }
        }
    }

    #[test]
    fn what_is_spoken_has_no_placeholder_left() {
        let prompts = prompts();
        assert!(prompts.iter().any(|(key, _)| key == "problem/pin-wrong/2"));
        for (key, texts) in prompts {
            assert!(texts.iter().all(|(_, text)| !text.contains('{')), "{key}");
        }
    }
}
