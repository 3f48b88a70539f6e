//! Faults: what goes wrong with a card on a reader, on purpose.
//!
//! A fault is written in one word, the same on the command line, in a persona's file, on the control socket and in a trace:
//! ```text
//! fault    = KIND [@ POSITION] [,times=COUNT] [,seed=SEED]
//! KIND     = lifted | reset | mute | slow=MS | wrong-sw=SW | truncated | overlong | garbage | bit-flip
//!          | duplicate-answer | swapped=PERSONA
//! POSITION = apdu=NUMBER | ins=INS | ef=EF | ef=AP:EF        left out: the next command
//! COUNT    = a number from 1, or always                     left out: once
//! SEED     = a number                                       left out: 0
//! ```
//! SW, INS and EF are hexadecimal (`6F00`, `B0`, `0002`), AP is an application's name (`text`); all other numbers are
//! decimal. `apdu=4` is the fourth command since the card was inserted. `ef=0002` is a command that reads or presents this
//! EF, whether it names it by short id or has selected it before; its SELECT is not meant. So `bit-flip@ef=0002` flips a bit
//! of the first piece that is read of that file, and `slow=300@ins=B0,times=always` makes each READ BINARY last.
//!
//! | kind | what happens at that command |
//! |---|---|
//! | `lifted` | the card carries it out and is gone before it has answered |
//! | `reset` | just before it the card loses power for a moment, and nobody is told |
//! | `mute` | the card carries it out and never answers it; a reader then switches it off and on again |
//! | `slow` | the answer comes so many milliseconds late |
//! | `wrong-sw` | the card carries it out; the answer is this status word and nothing else |
//! | `truncated` | the second half of the data is missing; of an answer without data, the second half of the status word |
//! | `overlong` | 256 bytes that nobody asked for are between data and status word |
//! | `garbage` | the answer is so many random bytes, its status word too |
//! | `bit-flip` | one bit of the answer is the other one |
//! | `duplicate-answer` | the answer to the command before comes again, in place of this one's (at the first command: nothing) |
//! | `swapped` | just before it another persona's card takes this one's place, and nobody is told; the next time they change back |
//!
//! What is random is taken from SHA-256 of the seed and the command's number, so the same fault does the same again.
//! [`Faulty`] is a card with faults to come; [`single_faults`] gives every fault at every command of a run.

use std::fmt;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use card::file::Ef;
use serde::{Deserialize, Serialize};

use crate::ap::Ap;
use crate::persona::PersonaName;

mod faulty;
mod generator;
mod parse;

pub use faulty::{Answered, Faulty, NotThere, Outcome, Powered};
pub use generator::single_faults;
pub use parse::FaultError;

/// A fault to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// At which command.
    pub position: Position,
    /// How many times.
    pub times: Times,
    /// What random bytes and bits are made of.
    pub seed: u64,
}

/// What goes wrong; see the [module](self) for what each does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The card is gone before it has answered.
    Lifted,
    /// It loses power for a moment.
    Reset,
    /// It does not answer.
    Mute,
    /// It answers late.
    Slow(Duration),
    /// It answers with this status word alone.
    WrongSw(u16),
    /// Half of the answer is missing.
    Truncated,
    /// The answer is longer than it is.
    Overlong,
    /// The answer is random.
    Garbage,
    /// One bit of it is wrong.
    BitFlip,
    /// It is the answer to the command before.
    DuplicateAnswer,
    /// This persona's card is there instead.
    Swapped(PersonaName),
}

/// The command at which a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Whatever comes next.
    Next,
    /// The command with this number, counted from 1 since the card was inserted.
    Apdu(NonZeroU32),
    /// A command with this instruction byte.
    Ins(u8),
    /// A command that reads or presents this EF; of this application, or of any.
    Ef(Option<Ap>, Ef),
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// So many times.
    Count(NonZeroU32),
    /// Whenever it can.
    Always,
}

impl Times {
    /// Once.
    pub const ONCE: Self = Self::Count(NonZeroU32::MIN);

    /// What is left after one more time; nothing if that was the last.
    const fn less_one(self) -> Option<Self> {
        match self {
            Self::Always => Some(Self::Always),
            Self::Count(count) => match NonZeroU32::new(count.get() - 1) {
                Some(left) => Some(Self::Count(left)),
                None => None,
            },
        }
    }
}

impl Fault {
    /// This, at the next command, once, with seed 0.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            position: Position::Next,
            times: Times::ONCE,
            seed: 0,
        }
    }

    /// The same, there.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = position;
        self
    }

    /// The faults that a card's persona comes with: `faults = ["…"]` in the `persona.toml` of its folder. A card without
    /// that file has none.
    ///
    /// # Errors
    /// If the file is there and cannot be read as one.
    pub fn of_card(folder: &Path) -> std::io::Result<Vec<Self>> {
        #[derive(Deserialize)]
        struct Persona {
            #[serde(default)]
            faults: Vec<Fault>,
        }
        match fs::read_to_string(folder.join("persona.toml")) {
            Ok(text) => toml::from_str(&text)
                .map(|persona: Persona| persona.faults)
                // What the parser has to say would quote the file.
                .map_err(|_| std::io::ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Kind {
    /// Its name, without a value.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lifted => "lifted",
            Self::Reset => "reset",
            Self::Mute => "mute",
            Self::Slow(_) => "slow",
            Self::WrongSw(_) => "wrong-sw",
            Self::Truncated => "truncated",
            Self::Overlong => "overlong",
            Self::Garbage => "garbage",
            Self::BitFlip => "bit-flip",
            Self::DuplicateAnswer => "duplicate-answer",
            Self::Swapped(_) => "swapped",
        }
    }

    /// Whether anything about it is random.
    const fn is_random(&self) -> bool {
        matches!(self, Self::Overlong | Self::Garbage | Self::BitFlip)
    }
}

impl fmt::Display for Fault {
    /// The word it is written in. The seed is there wherever it matters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match &self.kind {
            Kind::Slow(late) => write!(f, "={}", late.as_millis())?,
            Kind::WrongSw(word) => write!(f, "={word:04X}")?,
            Kind::Swapped(persona) => write!(f, "={persona}")?,
            _ => {}
        }
        match self.position {
            Position::Next => {}
            Position::Apdu(number) => write!(f, "@apdu={number}")?,
            Position::Ins(ins) => write!(f, "@ins={ins:02X}")?,
            Position::Ef(None, ef) => write!(f, "@ef={:04X}", ef.id())?,
            Position::Ef(Some(ap), ef) => write!(f, "@ef={}:{:04X}", ap.name(), ef.id())?,
        }
        match self.times {
            Times::ONCE => {}
            Times::Count(count) => write!(f, ",times={count}")?,
            Times::Always => f.write_str(",times=always")?,
        }
        if self.seed != 0 || self.kind.is_random() {
            write!(f, ",seed={}", self.seed)?;
        }
        Ok(())
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.to_string()
    }
}
