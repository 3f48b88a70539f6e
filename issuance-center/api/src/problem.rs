//! The closed list of problem codes, shared by terminals, center and VRS.
//!
//! On the wire a problem is an RFC 9457 document, `application/problem+json`:
//! `{"type":"urn:shomei:problem:CODE","title":…,"status":…}` and, where a code has them, `remaining` or `character`.
//! No free text crosses a process boundary: the title is the code's English message, and a reader takes the code alone.
//! What each code says to a resident and to an operator stands in `table.rs`.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize, de::Error};

mod table;
pub use table::ProblemCode;

const TYPE_PREFIX: &str = "urn:shomei:problem:";

/// Whether trying again helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same step may be repeated as it was.
    Repeat,
    /// The application has to be started again.
    Restart,
    /// Not without somebody doing something first.
    No,
}

/// One of the four languages of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// 日本語.
    Ja,
    /// English.
    En,
    /// 中文.
    Zh,
    /// 한국어.
    Ko,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ja, Self::En, Self::Zh, Self::Ko];

    /// Its own of four texts in the order of [`ALL`](Self::ALL).
    const fn of(self, [ja, en, zh, ko]: [&'static str; 4]) -> &'static str {
        match self {
            Self::Ja => ja,
            Self::En => en,
            Self::Zh => zh,
            Self::Ko => ko,
        }
    }

    /// Two sentences, one after the other.
    fn joined(self, first: &str, second: &str) -> String {
        match self {
            Self::Ja | Self::Zh => format!("{first}{second}"),
            Self::En | Self::Ko => format!("{first} {second}"),
        }
    }
}

/// What a problem code means.
#[derive(Debug)]
pub struct Meaning {
    /// The code as written.
    pub code: &'static str,
    /// HTTP status, or nothing for what only ever happens inside a terminal.
    pub status: Option<u16>,
    /// Whether trying again helps.
    pub retry: Retry,
    /// What the resident is told has happened: ja, en, zh, ko.
    pub happened: [&'static str; 4],
    /// What the resident can do about it.
    pub advice: [&'static str; 4],
    /// One after the other.
    pub message: [&'static str; 4],
    /// What the operator is told.
    pub operator: &'static str,
}

impl ProblemCode {
    /// The code as written, `no-record`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.meaning().code
    }

    /// What the resident is told, without placeholders filled in.
    #[must_use]
    pub fn message(self, language: Language) -> &'static str {
        language.of(self.meaning().message)
    }

    /// What happened, without placeholders filled in.
    #[must_use]
    pub fn happened(self, language: Language) -> &'static str {
        language.of(self.meaning().happened)
    }

    /// What the resident can do about it.
    #[must_use]
    pub fn advice(self, language: Language) -> &'static str {
        language.of(self.meaning().advice)
    }
}

impl std::str::FromStr for ProblemCode {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownCode)
    }
}

/// Not a code of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known problem code")]
pub struct UnknownCode;

/// A problem that happened, with the little that a code may carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", code.as_str())]
pub struct Problem {
    /// What.
    pub code: ProblemCode,
    /// Tries left, with `pin-wrong`.
    pub remaining: Option<u8>,
    /// The character that cannot be shown, with `character-unsupported`. It stays between center and terminal.
    pub character: Option<char>,
    /// Copies that came out before the rest did not. It stays inside a terminal.
    pub printed: Option<NonZeroU8>,
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self {
            code,
            remaining: None,
            character: None,
            printed: None,
        }
    }
}

impl Problem {
    /// What the resident is told.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        language.joined(&self.happened(language), self.code.advice(language))
    }

    /// What happened, without what to do about it.
    #[must_use]
    pub fn happened(&self, language: Language) -> String {
        let text = self.fill(self.code.happened(language));
        match self.printed {
            Some(printed) => language.joined(&text, &came_out(printed, language)),
            None => text,
        }
    }

    /// A text about it with its tries and its character filled in.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let text = match self.remaining {
            Some(remaining) => text.replace("{remaining}", &remaining.to_string()),
            None => text.to_owned(),
        };
        match self.character {
            Some(character) => {
                let shown = format!("「{character}」(U+{:04X})", u32::from(character));
                text.replace("{character}", &shown)
            }
            None => text,
        }
    }
}

/// What is said of a print that stopped half-way.
fn came_out(copies: NonZeroU8, language: Language) -> String {
    match language {
        Language::Ja => format!("{copies}部は印刷できています。"),
        Language::En if copies == NonZeroU8::MIN => "One copy has come out.".to_owned(),
        Language::En => format!("{copies} copies have come out."),
        Language::Zh => format!("已打印{copies}份。"),
        Language::Ko => format!("{copies}부는 인쇄되었습니다."),
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    r#type: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remaining: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    character: Option<char>,
}

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document {
            r#type: format!("{TYPE_PREFIX}{}", self.code.as_str()),
            title: self.code.message(Language::En).to_owned(),
            status: self.code.meaning().status,
            remaining: self.remaining,
            character: self.character,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(deserializer)?;
        let code = document
            .r#type
            .strip_prefix(TYPE_PREFIX)
            .ok_or_else(|| D::Error::custom("not a problem type of ours"))?
            .parse()
            .map_err(D::Error::custom)?;
        Ok(Self {
            code,
            remaining: document.remaining,
            character: document.character,
            printed: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for (index, code) in ProblemCode::ALL.iter().enumerate() {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(
                !ProblemCode::ALL[..index]
                    .iter()
                    .any(|other| other.as_str() == code.as_str())
            );
        }
    }

    #[test]
    fn every_code_speaks_four_languages_and_no_two_codes_say_the_same() {
        for language in Language::ALL {
            let mut seen = std::collections::HashSet::new();
            for code in ProblemCode::ALL {
                let message = code.message(language);
                assert!(
                    message.chars().count() >= 10,
                    "{} is too short",
                    code.as_str()
                );
                assert!(seen.insert(message), "{} repeats a message", code.as_str());
            }
        }
        for code in ProblemCode::ALL {
            assert!(!code.meaning().operator.is_empty());
            let has = |mark: &str| Language::ALL.map(|l| code.message(l).contains(mark));
            for mark in ["{remaining}", "{character}"] {
                assert!(
                    has(mark) == [true; 4] || has(mark) == [false; 4],
                    "{}",
                    code.as_str()
                );
            }
        }
    }

    /// Hours are configuration: a message that states some is wrong somewhere.
    #[test]
    fn no_message_states_a_time_of_day() {
        for code in ProblemCode::ALL {
            for language in Language::ALL {
                let message = code.message(language);
                let digits = |text: &str| text.ends_with(|last: char| last.is_ascii_digit());
                let mut before = message.match_indices([':', '时', '時', '시']);
                assert!(
                    !before.any(|(place, _)| digits(&message[..place])),
                    "{}: {message}",
                    code.as_str()
                );
            }
        }
    }

    #[test]
    fn copies_that_came_out_are_told_in_every_language() {
        let problem = Problem {
            printed: NonZeroU8::new(2),
            ..Problem::from(ProblemCode::PrinterOutOfPaper)
        };
        for language in Language::ALL {
            let happened = problem.happened(language);
            let rest = happened.strip_prefix(problem.code.happened(language));
            assert!(rest.unwrap().contains('2'), "{happened}");
            let message = problem.message(language);
            assert!(message.starts_with(&happened), "{message}");
            assert!(message.ends_with(problem.code.advice(language)));
        }
        let one = Problem {
            printed: NonZeroU8::new(1),
            ..problem
        };
        let happened = one.happened(Language::En);
        assert!(happened.ends_with(" One copy has come out."), "{happened}");
        assert!(!serde_json::to_string(&one).unwrap().contains("printed"));
    }

    #[test]
    fn a_problem_is_a_problem_document() {
        let problem = Problem {
            remaining: Some(2),
            ..Problem::from(ProblemCode::PinWrong)
        };
        let json = serde_json::to_string(&problem).unwrap();
        assert!(
            json.starts_with(r#"{"type":"urn:shomei:problem:pin-wrong","title":"#),
            "{json}"
        );
        assert!(json.ends_with(r#","remaining":2}"#), "{json}");
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
        assert!(problem.message(Language::Ja).contains("あと2回"));
        assert!(serde_json::from_str::<Problem>(r#"{"type":"about:blank","title":""}"#).is_err());
    }
}
