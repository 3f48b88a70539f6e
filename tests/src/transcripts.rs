//! The transcripts of the emulator, run against a card on a PC/SC reader: a real one, if there is one.
//!
//! Whatever a transcript says, a run sends **at most one VERIFY, with the PIN that its holder typed**. A part of a transcript (from one
//! `card` line to the next) that would send another, or any command that is not known to be harmless, is skipped with the reason.
//! Before the VERIFY the card is asked for the tries left, and with fewer than two it is not sent.
//!
//! What differs is told by line, status word and length, never by content: a real card's files are its holder's.

use std::fmt;

use card::apdu::Command;
use card::ins;
use card::pin::Pin;
use card::text_ap;
use card::transport::{Transport, TransportError};
use hw_sim::addressed::Addressed;
use hw_sim::ap::Ap;
use hw_sim::transcript::{Answer, Line, Sent, Step, Transcript};

/// The persona whose parts are run; nobody else's card is like a real one.
const ORDINARY: &str = "ordinary";
/// Its PIN: where it is presented, the holder's takes its place.
const ITS_PIN: &[u8] = b"1234";
/// With fewer tries left the PIN is not presented: the last one is the holder's.
const TRIES_NEEDED: u8 = 2;
/// Commands that change nothing and spend nothing, whatever their parameters are. VERIFY is looked at by itself.
const HARMLESS: [(u8, u8); 6] = [
    (0x00, ins::SELECT),
    (0x00, ins::READ_BINARY),
    (0x00, ins::READ_RECORD),
    (0x00, ins::GET_DATA),
    (0x00, ins::VERIFY),
    (0x80, ins::COMPUTE_SIGNATURE),
];

/// Why a part is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// It is about another persona's card.
    #[error("about the card of {0}")]
    Persona(String),
    /// PC/SC gives no warm reset here.
    #[error("line {0}: a warm reset")]
    Reset(usize),
    /// The command was recorded without data.
    #[error("line {0}: recorded without data")]
    Masked(usize),
    /// The command is none, or not known to be harmless.
    #[error("line {0}: not known to be harmless")]
    Unknown(usize),
    /// It presents something that is not the right PIN.
    #[error("line {0}: presents something else than the right PIN")]
    Wrong(usize),
    /// It presents the PIN, and that was done once.
    #[error("line {0}: a second VERIFY")]
    Second(usize),
    /// It presents the PIN, and there is none.
    #[error("line {0}: no PIN was typed")]
    NoPin(usize),
}

/// A line on which the card was not as the transcript says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line.
    pub line: usize,
    /// Status word and bytes before it; nothing if there was no answer.
    pub got: Option<(u16, usize)>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.got {
            Some((status, 0)) => write!(f, "line {}: {status:04X}", self.line),
            Some((status, bytes)) => write!(f, "line {}: {bytes} bytes, {status:04X}", self.line),
            None => write!(f, "line {}: no answer", self.line),
        }
    }
}

/// How the run of a part ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was run to its end.
    Run {
        /// Commands sent.
        commands: usize,
        /// Where the card differed.
        differences: Vec<Difference>,
    },
    /// It was not begun.
    Skipped(Skipped),
    /// It was given up before the VERIFY on this line: the card did not tell at least two tries.
    TooFewTries(usize),
    /// It was given up: the card cannot be reached.
    Gone(TransportError),
}

/// What the holder typed, to be presented once.
pub struct Once(Option<Pin>);

impl Once {
    /// This PIN, or none.
    #[must_use]
    pub const fn new(pin: Option<Pin>) -> Self {
        Self(pin)
    }
}

/// Parts of a transcript: each begins with a card.
pub fn parts(transcript: &Transcript) -> impl Iterator<Item = &[Line]> {
    let is_card = |line: &Line| matches!(line.step, Step::Card(_));
    let parts = transcript.lines().chunk_by(move |_, next| !is_card(next));
    parts.filter(move |part| part.first().is_some_and(is_card))
}

/// The line of the one VERIFY with data, if a part may be run at all.
///
/// # Errors
/// [`Skipped`] if it may not.
pub fn examine(part: &[Line]) -> Result<Option<usize>, Skipped> {
    let mut addressed = Addressed::default();
    let mut presents = None;
    for Line { number, step } in part {
        let number = *number;
        match step {
            Step::Card(persona) if persona.as_str() != ORDINARY => {
                return Err(Skipped::Persona(persona.to_string()));
            }
            Step::Card(_) | Step::PowerOn => {}
            Step::PowerOff | Step::Reinsert => addressed.power_off(),
            Step::Reset => return Err(Skipped::Reset(number)),
            Step::Exchange(Sent::Masked, _) => return Err(Skipped::Masked(number)),
            Step::Exchange(Sent::Whole(bytes), answer) => {
                let command =
                    Command::decode(bytes.expose()).map_err(|_| Skipped::Unknown(number))?;
                if !HARMLESS.contains(&(command.cla, command.ins)) {
                    return Err(Skipped::Unknown(number));
                }
                if presents_something(&command) {
                    let right = is_pin(addressed, &command)
                        && command.data() == ITS_PIN
                        && answer.status() == Some(0x9000);
                    if !right {
                        return Err(Skipped::Wrong(number));
                    }
                    if presents.replace(number).is_some() {
                        return Err(Skipped::Second(number));
                    }
                }
                addressed.note(&command, answer.status());
            }
        }
    }
    Ok(presents)
}

/// Runs a part. `connect` gives the card with fresh power each time.
pub fn run<T: Transport>(
    part: &[Line],
    pin: &mut Once,
    mut connect: impl FnMut() -> Result<T, TransportError>,
) -> Outcome {
    let presents = match examine(part) {
        Ok(presents) => presents,
        Err(reason) => return Outcome::Skipped(reason),
    };
    // Taken before anything is sent: from here on it is spent, whatever happens.
    let pin = match (presents, pin.0.take()) {
        (None, kept) => {
            pin.0 = kept;
            None
        }
        (Some(line), None) => return Outcome::Skipped(Skipped::NoPin(line)),
        (Some(_), typed) => typed,
    };
    let mut card = Powered {
        transport: None,
        addressed: Addressed::default(),
        pin,
        commands: 0,
    };
    let mut differences = Vec::new();
    for Line { number, step } in part {
        let (command, answer) = match step {
            Step::Exchange(Sent::Whole(bytes), answer) => (bytes.expose(), answer),
            Step::PowerOff | Step::Reinsert => {
                card.power_off();
                continue;
            }
            _ => continue,
        };
        if card.transport.is_none() {
            match connect() {
                Ok(transport) => card.transport = Some(transport),
                Err(error) => return Outcome::Gone(error),
            }
        }
        match card.send(command, answer) {
            Ok(None) => {}
            Ok(Some(got)) => differences.push(Difference { line: *number, got }),
            Err(TooFewTries) => return Outcome::TooFewTries(*number),
        }
    }
    Outcome::Run {
        commands: card.commands,
        differences,
    }
}

struct TooFewTries;

struct Powered<T> {
    transport: Option<T>,
    addressed: Addressed,
    pin: Option<Pin>,
    commands: usize,
}

impl<T: Transport> Powered<T> {
    fn power_off(&mut self) {
        self.transport = None;
        self.addressed.power_off();
    }

    /// Sends a command and gives what came back if that is not the answer.
    fn send(
        &mut self,
        bytes: &[u8],
        answer: &Answer,
    ) -> Result<Option<Option<(u16, usize)>>, TooFewTries> {
        let Ok(mut command) = Command::decode(bytes) else {
            return Ok(Some(None));
        };
        if presents_something(&command) {
            // What this card said so far decides, not what the transcript expects.
            if !is_pin(self.addressed, &command) {
                return Err(TooFewTries);
            }
            self.ask_tries()?;
            let pin = self.pin.take().ok_or(TooFewTries)?;
            command = Command::new(command.cla, command.ins, command.p1, command.p2)
                .with_data(pin.expose())
                .map_err(|_| TooFewTries)?;
        }
        let response = self.transmit(&command.encode());
        let got = response.as_ref().and_then(|bytes| {
            let (data, word) = bytes.split_last_chunk()?;
            Some((u16::from_be_bytes(*word), data.len()))
        });
        self.addressed.note(&command, got.map(|(status, _)| status));
        let fits = answer.fits(response.as_ref().map(|bytes| bytes.as_slice()));
        Ok((!fits).then_some(got))
    }

    fn ask_tries(&mut self) -> Result<(), TooFewTries> {
        let question = [0x00, ins::VERIFY, 0x00, text_ap::PIN.short_reference()];
        match self.transmit(&question).as_deref().map(Vec::as_slice) {
            Some([0x63, left]) if *left >= 0xC0 | TRIES_NEEDED => Ok(()),
            _ => Err(TooFewTries),
        }
    }

    fn transmit(&mut self, bytes: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        self.commands += 1;
        self.transport.as_mut()?.transmit(bytes).ok()
    }
}

fn presents_something(command: &Command) -> bool {
    command.ins == ins::VERIFY && !command.data().is_empty()
}

fn is_pin(addressed: Addressed, command: &Command) -> bool {
    command.p1 == 0
        && addressed.ap() == Some(Ap::Text)
        && addressed
            .ef(command)
            .is_some_and(|reference| reference.is(text_ap::PIN))
}
