//! Transcripts: commands and the answers they get, as text that a person can read, write and run.
//!
//! ```text
//! card NAME               a new card of this persona; power is on
//! power off | power on    what the reader does
//! reset                   warm reset
//! reinsert                the emulator ends and starts again, with the same card
//! COMMAND => ANSWER       in hexadecimal; spaces mean nothing
//! ```
//! In an answer `..` stands for any bytes and `<17>` for any 17 bytes; `-` alone is no answer at all. `<4>` in a command are four
//! bytes that were not recorded: such a line tells what happened and cannot be run. What follows `#` is a remark.
//!
//! A transcript recorded with data says so in its first line ([`PERSONAL`]).

use card::Private;
use zeroize::Zeroizing;

use crate::persona::PersonaName;

mod fits;
mod write;

use fits::fits;
pub use write::line;

/// First line of a transcript recorded with data.
pub const PERSONAL: &str =
    "# PERSONAL DATA: all that the card was told and all that it answered, PIN included.";

/// Last line of a recording that does not go on because its lines were not taken: what came after them is missing.
pub const CUT_OFF: &str = "# cut off: the lines were not taken in time";

/// A transcript.
#[derive(Debug)]
pub struct Transcript {
    lines: Vec<Line>,
    personal: bool,
}

/// A line that says what to do.
#[derive(Debug)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: usize,
    /// What to do.
    pub step: Step,
}

/// What a line says.
#[derive(Debug)]
pub enum Step {
    /// A new card of this persona, with power.
    Card(PersonaName),
    /// Power on.
    PowerOn,
    /// Power off.
    PowerOff,
    /// Warm reset.
    Reset,
    /// The emulator starts again with the same card.
    Reinsert,
    /// A command and its answer.
    Exchange(Sent, Answer),
}

/// A command in a transcript. It may hold a PIN.
#[derive(Debug)]
pub enum Sent {
    /// All of it.
    Whole(Private<Vec<u8>>),
    /// Not all of it was recorded.
    Masked,
}

/// An answer in a transcript. It may hold a person's data.
#[derive(Debug)]
pub struct Answer(Option<Vec<Part>>);

#[derive(Debug)]
enum Part {
    Exactly(Private<Vec<u8>>),
    Any(usize),
    AnyNumber,
}

/// Why a text is no transcript. Quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TranscriptError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// After `card` there is no persona's name.
    #[error("no persona's name")]
    Persona,
    /// Neither a step nor a command with its answer.
    #[error("neither a step nor COMMAND => ANSWER")]
    Step,
    /// A word is not hexadecimal, or has half a byte.
    #[error("not hexadecimal bytes")]
    Hex,
    /// Between `<` and `>` there is no number.
    #[error("no number between < and >")]
    Count,
    /// `..` in a command, or `-` beside other words.
    #[error(".. belongs into an answer, and - stands alone")]
    Pattern,
}

impl Transcript {
    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether it says of itself that it holds personal data.
    #[must_use]
    pub const fn is_personal(&self) -> bool {
        self.personal
    }
}

impl std::str::FromStr for Transcript {
    type Err = TranscriptError;

    fn from_str(text: &str) -> Result<Self, TranscriptError> {
        let mut lines = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let said = line.split('#').next().unwrap_or_default().trim();
            if said.is_empty() {
                continue;
            }
            let step = step(said).map_err(|problem| TranscriptError {
                line: number,
                problem,
            })?;
            lines.push(Line { number, step });
        }
        Ok(Self {
            lines,
            personal: text.starts_with(PERSONAL),
        })
    }
}

fn step(line: &str) -> Result<Step, Problem> {
    if let Some(name) = line.strip_prefix("card ") {
        return name
            .trim()
            .parse()
            .map(Step::Card)
            .map_err(|_| Problem::Persona);
    }
    match line {
        "power on" => return Ok(Step::PowerOn),
        "power off" => return Ok(Step::PowerOff),
        "reset" => return Ok(Step::Reset),
        "reinsert" => return Ok(Step::Reinsert),
        _ => {}
    }
    let (command, answer) = line.split_once("=>").ok_or(Problem::Step)?;
    let command = match &parts(command)?[..] {
        [] => return Err(Problem::Step),
        parts if parts.iter().any(|part| matches!(part, Part::AnyNumber)) => {
            return Err(Problem::Pattern);
        }
        parts => whole(parts).map_or(Sent::Masked, |bytes| Sent::Whole(Private::new(bytes))),
    };
    Ok(Step::Exchange(command, answer.parse()?))
}

/// What the words of one side stand for. Bytes may be split between words anywhere.
fn parts(text: &str) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    let mut words = text.split_whitespace();
    loop {
        let word = words.next();
        let part = match word {
            Some("..") => Some(Part::AnyNumber),
            Some(word) if word.starts_with('<') => {
                let count = word
                    .strip_prefix('<')
                    .and_then(|rest| rest.strip_suffix('>'));
                let count = count.and_then(|count| count.parse().ok());
                Some(Part::Any(count.ok_or(Problem::Count)?))
            }
            Some(word) => {
                digits.push_str(word);
                continue;
            }
            None => None,
        };
        if !digits.is_empty() {
            parts.push(Part::Exactly(Private::new(hex(&digits)?)));
            digits.clear();
        }
        match part {
            Some(part) => parts.push(part),
            None => return Ok(parts),
        }
    }
}

fn whole(parts: &[Part]) -> Option<Vec<u8>> {
    match parts {
        [Part::Exactly(bytes)] => Some(bytes.expose().clone()),
        _ => None,
    }
}

fn hex(digits: &str) -> Result<Vec<u8>, Problem> {
    let nibble = |byte: &u8| char::from(*byte).to_digit(16);
    if !digits.len().is_multiple_of(2) {
        return Err(Problem::Hex);
    }
    let bytes = digits.as_bytes().chunks_exact(2).map(|pair| {
        let byte = nibble(&pair[0])? << 4 | nibble(&pair[1])?;
        u8::try_from(byte).ok()
    });
    bytes.collect::<Option<_>>().ok_or(Problem::Hex)
}

impl std::str::FromStr for Answer {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text == "-" {
            return Ok(Self(None));
        }
        if text.split_whitespace().any(|word| word == "-") {
            return Err(Problem::Pattern);
        }
        parts(text).map(Some).map(Self)
    }
}

impl Answer {
    /// Whether this is it; nothing is no answer.
    #[must_use]
    pub fn fits(&self, answer: Option<&[u8]>) -> bool {
        match (&self.0, answer) {
            (Some(parts), Some(bytes)) => fits(parts, bytes),
            (None, None) => true,
            _ => false,
        }
    }

    /// The answer, if there is exactly one that fits.
    #[must_use]
    pub fn whole(&self) -> Option<Zeroizing<Vec<u8>>> {
        whole(self.0.as_ref()?).map(Zeroizing::new)
    }

    /// Whether there is none at all.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The status word it ends with, if that is written out.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.0.as_ref()?.last()? {
            Part::Exactly(bytes) => bytes.expose().last_chunk().copied().map(u16::from_be_bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFY: [u8; 9] = [0x00, 0x20, 0x00, 0x91, 4, b'8', b'6', b'4', b'2'];

    #[test]
    fn a_response_that_differs_does_not_fit() {
        let fits =
            |pattern: &str, bytes: &[u8]| pattern.parse::<Answer>().unwrap().fits(Some(bytes));
        assert!(fits(
            "FF20 .. DF <2> 9000",
            &[0xFF, 0x20, 1, 2, 0xDF, 3, 4, 0x90, 0x00]
        ));
        for wrong in [
            &[0x90, 0x01][..],
            &[0x90],
            &[0, 0x90, 0x00],
            &[0x90, 0x00, 0],
        ] {
            assert!(!fits("9000", wrong));
            assert!(!fits("<3> 9000", wrong));
            assert!(!fits("-", wrong));
        }
        assert!("-".parse::<Answer>().unwrap().fits(None));
        assert!(fits("..", &[]) && fits(".. ..", &[1]) && !fits(".. <2>", &[1]));
        assert!(fits("0102 .. 0201", &[1, 2, 2, 1]) && !fits("0102 .. 0201", &[1, 2, 1]));
        assert!(fits(".. 01 <1> 01 ..", &[1, 1, 2, 1, 3, 1]));
        assert!(!fits(
            "<18446744073709551615> <2> .. <18446744073709551615> 01",
            &[1]
        ));
    }

    #[test]
    fn many_gaps_do_not_multiply() {
        let gaps: Answer = ".. 00 ".repeat(1000).parse().unwrap();
        let mut answer = vec![0; 60_000];
        assert!(gaps.fits(Some(&answer)));
        answer.push(1);
        assert!(!gaps.fits(Some(&answer)));
    }

    #[test]
    fn a_line_without_data_has_none_and_with_data_it_is_the_same_command_again() {
        let answer = [0x12, 0x34, 0x90, 0x00];
        assert_eq!(
            *line(&VERIFY, Some(&answer), false),
            "0020009104 <4> => <2> 9000"
        );
        assert_eq!(
            *line(&VERIFY, Some(&answer), true),
            "0020009104 38363432 => 1234 9000"
        );
        for (command, masked) in [
            (
                &[0x00, 0xB0, 0x82, 0x00, 0x00, 0x00, 0x00][..],
                "00B08200000000 => -",
            ),
            (&[0x80, 0x2A, 0, 0, 1, 7, 0], "802A000001 <1> 00 => -"),
            (
                &[0x80, 0x2A, 0, 0, 0, 0, 1, 7, 0, 0],
                "802A0000000001 <1> 0000 => -",
            ),
            (&[0x00, 0x20, 0x00], "<3> => -"),
        ] {
            assert_eq!(*line(command, None, false), masked);
            let written = line(command, Some(&[0x90]), true);
            let transcript: Transcript = written.parse().unwrap();
            let [
                Line {
                    number: 1,
                    step: Step::Exchange(Sent::Whole(sent), answer),
                },
            ] = transcript.lines()
            else {
                panic!("{transcript:?}")
            };
            assert_eq!(
                (sent.expose().as_slice(), answer.whole().unwrap().as_slice()),
                (command, &[0x90][..])
            );
        }
    }

    #[test]
    fn what_is_no_transcript_is_refused_without_being_quoted() {
        for (text, error) in [
            ("card ../x", "line 1: no persona's name"),
            ("power up", "line 1: neither a step nor COMMAND => ANSWER"),
            (
                "power on\n=> 9000",
                "line 2: neither a step nor COMMAND => ANSWER",
            ),
            ("0G => 9000", "line 1: not hexadecimal bytes"),
            ("00A => 9000", "line 1: not hexadecimal bytes"),
            ("00A4 => <x> 9000", "line 1: no number between < and >"),
            (
                "00A4 .. => 9000",
                "line 1: .. belongs into an answer, and - stands alone",
            ),
            (
                "00A4 => - 9000",
                "line 1: .. belongs into an answer, and - stands alone",
            ),
        ] {
            assert_eq!(text.parse::<Transcript>().unwrap_err().to_string(), error);
        }
        let masked: Transcript = "0020009104 <4> => 9000".parse().unwrap();
        assert!(matches!(
            masked.lines(),
            [Line {
                step: Step::Exchange(Sent::Masked, _),
                ..
            }]
        ));
        assert!(!masked.is_personal());
        assert!(
            format!("{PERSONAL}\ncard ordinary\n")
                .parse::<Transcript>()
                .unwrap()
                .is_personal()
        );
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let transcript: Transcript = line(&VERIFY, Some(&[0x47, 0x11, 0x90, 0x00]), true)
            .parse()
            .unwrap();
        let shown = format!("{transcript:?}");
        assert!(
            !shown.contains("56, 54") && !shown.contains("71, 17"),
            "{shown}"
        );
    }
}
