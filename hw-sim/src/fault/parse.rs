//! Reading a fault as it is written.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use card::file::Ef;

use super::{Fault, Kind, Position, Times};
use crate::ap::Ap;

/// Longest delay, in milliseconds: beyond it a program would rather be killed.
const LONGEST_DELAY: u64 = 60_000;

/// Why a word is no fault: which part of it, and what it should have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is no such kind.
    #[error(
        "no fault `{0}`; there are lifted, reset, mute, slow=MS, wrong-sw=SW, truncated, overlong, garbage, bit-flip, \
         duplicate-answer, swapped=PERSONA"
    )]
    Kind(String),
    /// The kind needs a value, or has one that is not of its form.
    #[error("`{kind}` needs a value: {kind}={form}")]
    Value {
        /// The kind.
        kind: &'static str,
        /// What its value looks like.
        form: &'static str,
    },
    /// The kind takes no value.
    #[error("`{0}` takes no value")]
    NoValue(String),
    /// After `@` there is no position.
    #[error("no position `{0}`; there are apdu=NUMBER (from 1), ins=B0, ef=0002 and ef=AP:0002, where AP is {aps}", aps = names())]
    Position(String),
    /// After `,` there is neither a count nor a seed.
    #[error("no option `{0}`; there are times=COUNT (from 1), times=always and seed=NUMBER")]
    Option(String),
    /// Count or seed is there twice.
    #[error("`{0}` is there twice")]
    Twice(&'static str),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(word: &str) -> Result<Self, FaultError> {
        let mut parts = word.split(',');
        let what = parts.next().unwrap_or_default();
        let (kind, position) = match what.split_once('@') {
            Some((kind, position)) => (kind, position_of(position)?),
            None => (what, Position::Next),
        };
        let (mut times, mut seed) = (None, None);
        for part in parts {
            let wrong = || FaultError::Option(part.to_owned());
            let (twice, name) = match part.split_once('=') {
                Some(("times", "always")) => (times.replace(Times::Always).is_some(), "times"),
                Some(("times", count)) => {
                    let count = number(count).and_then(NonZeroU32::new).ok_or_else(wrong)?;
                    (times.replace(Times::Count(count)).is_some(), "times")
                }
                Some(("seed", value)) => (
                    seed.replace(number(value).ok_or_else(wrong)?).is_some(),
                    "seed",
                ),
                _ => return Err(wrong()),
            };
            if twice {
                return Err(FaultError::Twice(name));
            }
        }
        Ok(Self {
            kind: kind_of(kind)?,
            position,
            times: times.unwrap_or(Times::ONCE),
            seed: seed.unwrap_or(0),
        })
    }
}

impl TryFrom<String> for Fault {
    type Error = FaultError;

    fn try_from(word: String) -> Result<Self, FaultError> {
        word.parse()
    }
}

fn kind_of(text: &str) -> Result<Kind, FaultError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let needs = |kind, form| FaultError::Value { kind, form };
    let kind = match name {
        "slow" => {
            return value
                .and_then(number)
                .filter(|late| *late <= LONGEST_DELAY)
                .map(|late| Kind::Slow(Duration::from_millis(late)))
                .ok_or(needs("slow", "MS, milliseconds up to 60000"));
        }
        "wrong-sw" => {
            return value
                .and_then(|value| hex(value, 4))
                .map(Kind::WrongSw)
                .ok_or(needs("wrong-sw", "SW, four hexadecimal digits"));
        }
        "swapped" => {
            return value
                .and_then(|value| value.parse().ok())
                .map(Kind::Swapped)
                .ok_or(needs("swapped", "PERSONA, the name of another card"));
        }
        "lifted" => Kind::Lifted,
        "reset" => Kind::Reset,
        "mute" => Kind::Mute,
        "truncated" => Kind::Truncated,
        "overlong" => Kind::Overlong,
        "garbage" => Kind::Garbage,
        "bit-flip" => Kind::BitFlip,
        "duplicate-answer" => Kind::DuplicateAnswer,
        _ => return Err(FaultError::Kind(name.to_owned())),
    };
    match value {
        None => Ok(kind),
        Some(_) => Err(FaultError::NoValue(name.to_owned())),
    }
}

fn position_of(text: &str) -> Result<Position, FaultError> {
    let position = match text.split_once('=') {
        Some(("apdu", value)) => number(value).and_then(NonZeroU32::new).map(Position::Apdu),
        Some(("ins", value)) => hex(value, 2)
            .and_then(|ins| u8::try_from(ins).ok())
            .map(Position::Ins),
        Some(("ef", value)) => match value.split_once(':') {
            Some((name, ef)) => Ap::ALL
                .into_iter()
                .find(|ap| ap.name() == name)
                .zip(hex(ef, 4))
                .map(|(ap, id)| Position::Ef(Some(ap), Ef::new(id))),
            None => hex(value, 4).map(|id| Position::Ef(None, Ef::new(id))),
        },
        _ => None,
    };
    position.ok_or_else(|| FaultError::Position(text.to_owned()))
}

/// Decimal digits alone: `FromStr` of a number would take a sign as well.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn hex(text: &str, digits: usize) -> Option<u16> {
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| u16::from_str_radix(text, 16).ok())?
}

fn names() -> String {
    Ap::ALL.map(Ap::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for word in [
            "lifted",
            "reset@apdu=3",
            "mute@ins=20",
            "slow=300@ins=B0,times=always",
            "wrong-sw=6F00@ef=0002,times=3",
            "truncated@ef=text:0002",
            "overlong,seed=0",
            "garbage@apdu=1,seed=18446744073709551615",
            "bit-flip@ef=0007,times=2,seed=17",
            "duplicate-answer@apdu=4294967295",
            "swapped=gaiji@ins=2A",
        ] {
            let fault: Fault = word.parse().unwrap();
            assert_eq!(fault.to_string(), word);
            let json = serde_json::to_string(&fault).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
        }
        let short: Fault = "bit-flip@ins=b0".parse().unwrap();
        assert_eq!(short.to_string(), "bit-flip@ins=B0,seed=0");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let kinds = "there are lifted, reset, mute, slow=MS, wrong-sw=SW, truncated, overlong, garbage, bit-flip, \
                     duplicate-answer, swapped=PERSONA";
        let cases = [
            ("", format!("no fault ``; {kinds}")),
            ("lift", format!("no fault `lift`; {kinds}")),
            ("Lifted", format!("no fault `Lifted`; {kinds}")),
            (
                "slow",
                "`slow` needs a value: slow=MS, milliseconds up to 60000".into(),
            ),
            (
                "slow=+5",
                "`slow` needs a value: slow=MS, milliseconds up to 60000".into(),
            ),
            (
                "slow=60001",
                "`slow` needs a value: slow=MS, milliseconds up to 60000".into(),
            ),
            (
                "wrong-sw=900",
                "`wrong-sw` needs a value: wrong-sw=SW, four hexadecimal digits".into(),
            ),
            (
                "wrong-sw=0x90",
                "`wrong-sw` needs a value: wrong-sw=SW, four hexadecimal digits".into(),
            ),
            (
                "swapped=../x",
                "`swapped` needs a value: swapped=PERSONA, the name of another card".into(),
            ),
            ("mute=5", "`mute` takes no value".into()),
            (
                "mute,times=0",
                "no option `times=0`; there are times=COUNT (from 1), times=always and seed=NUMBER"
                    .into(),
            ),
            (
                "mute,",
                "no option ``; there are times=COUNT (from 1), times=always and seed=NUMBER".into(),
            ),
            ("mute,times=2,times=3", "`times` is there twice".into()),
            ("mute,seed=2,seed=2", "`seed` is there twice".into()),
        ];
        for (word, said) in cases {
            assert_eq!(
                word.parse::<Fault>().unwrap_err().to_string(),
                said,
                "{word}"
            );
        }
        for position in [
            "",
            "apdu=0",
            "apdu=-1",
            "ins=2",
            "ef=2",
            "ef=jpki2:0001",
            "ef=text:",
            "when=5",
            "apdu=1@apdu=2",
        ] {
            let error = format!("mute@{position}").parse::<Fault>().unwrap_err();
            assert_eq!(error, FaultError::Position(position.into()));
            assert!(
                error.to_string().contains("ef=AP:0002, where AP is text"),
                "{error}"
            );
        }
    }
}
