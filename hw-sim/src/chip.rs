//! The card: a command in, a response out.
//!
//! What outlives power-off is [`Memory`]. What does not is `Volatile`, and it is cleared
//!
//! | by | selected AP | current EF | what was presented, secure messaging |
//! |---|---|---|---|
//! | power-off | cleared | cleared | cleared |
//! | warm reset, a closed connection | stays | stays | stays |
//! | SELECT of another AP, or of the card manager | new | cleared | cleared |
//! | SELECT of the same AP | stays | cleared | stays |
//! | SELECT of an AP that is not there (6A82) | stays | stays | stays |
//!
//! One module for each kind of command: `select`, `read`, `verify`, `sign`, `messaging`. Where the behaviour of
//! real cards is not known, the assumption is stated at the line that makes it.

use std::collections::BTreeSet;
use std::path::Path;

use card::apdu::{Command, Response};
use card::file::Ef;
use card::ins;
use card::status::Status;
use card::transport::{Transport, TransportError};
use zeroize::Zeroizing;

use crate::addressed::Addressed;
use crate::ap::Ap;
use crate::memory::{Memory, MemoryError};
use messaging::Session;

mod messaging;
mod read;
mod select;
mod sign;
mod verify;

/// Answer to reset, as PC/SC readers make it up for a card of ISO 14443 Type B: historical bytes are
/// the application data, protocol information and buffer length of the ATQB, the last byte a checksum.
/// Programs must not decide anything by it.
pub const ATR: [u8; 13] = [
    0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x33, 0x81, 0x81, 0x00, 0x3A,
];

/// The command does not fit the kind of file (a key is no file to read, a file no key to verify).
const WRONG_KIND_OF_FILE: Status = Status::Other(0x6981);
/// Writing a retry counter or a new PIN failed.
const MEMORY_FAILURE: Status = Status::Other(0x6581);

/// An emulated card.
#[derive(Debug)]
pub struct EmulatedCard {
    memory: Memory,
    volatile: Volatile,
}

/// What power-off clears.
#[derive(Debug, Default)]
struct Volatile {
    powered: bool,
    /// No command came yet since power-on.
    untouched: bool,
    selected: Option<Ap>,
    current: Option<Ef>,
    presented: BTreeSet<Ef>,
    session: Option<Session>,
}

/// A card with power and without a reader: PC/SC's peer.
#[derive(Debug)]
pub struct Powered<'a>(&'a mut EmulatedCard);

impl Transport for Powered<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        Ok(self.0.transmit(command))
    }
}

impl Drop for Powered<'_> {
    fn drop(&mut self) {
        self.0.power_off();
    }
}

type Answer = Result<Response, Status>;

impl EmulatedCard {
    /// A card with this memory, without power.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            volatile: Volatile::default(),
        }
    }

    /// The card in this folder, without power. Its retry counters are kept there from now on.
    ///
    /// # Errors
    /// [`MemoryError`] if there is no card in it.
    pub fn load(folder: &Path) -> Result<Self, MemoryError> {
        Memory::load(folder).map(Self::new)
    }

    /// What outlives power-off.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What outlives power-off, to change it from outside as no command can.
    pub const fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// What is selected now.
    #[must_use]
    pub fn addressed(&self) -> Addressed {
        Addressed::on(self.volatile.selected, self.volatile.current)
    }

    /// Power comes on. A card that has power keeps its state.
    pub const fn power_on(&mut self) {
        if !self.volatile.powered {
            self.volatile.powered = true;
            self.volatile.untouched = true;
        }
    }

    /// Power goes off.
    pub fn power_off(&mut self) {
        self.volatile = Volatile::default();
    }

    /// Warm reset: what was presented stays presented while its AP stays selected.
    pub const fn reset(&mut self) {}

    /// Answers bytes with bytes. What is no command (see [`Command::decode`]) is answered `6700`.
    pub fn transmit(&mut self, command: &[u8]) -> Zeroizing<Vec<u8>> {
        match Command::decode(command) {
            Ok(command) => self.execute(&command),
            Err(_) => Status::WrongLength.into(),
        }
        .encode()
    }

    /// Answers a command.
    pub fn execute(&mut self, command: &Command) -> Response {
        let first = std::mem::take(&mut self.volatile.untouched);
        if first && self.memory.first_command_fails() {
            return Status::NoDiagnosis.into();
        }
        if command.is_extended() && !self.memory.extended_length() {
            return Status::WrongLength.into();
        }
        let answer = match (command.cla, command.ins) {
            (0x00, ins::SELECT) => self.select(command),
            (0x00, ins::READ_BINARY) => self.read_binary(command),
            (0x00, ins::READ_RECORD) => self.read_record(command),
            (0x00, ins::GET_DATA) => self.get_data(command),
            (0x00, ins::VERIFY) => self.verify(command),
            (0x00, ins::CHANGE_REFERENCE_DATA) => self.change_reference_data(command),
            (0x80, ins::COMPUTE_SIGNATURE) => self.compute_signature(command),
            (0x80, ins::SET_SESSION_KEY) => self.set_session_key(command),
            (0x08 | 0x0C, _) => self.secured(command),
            (0x00 | 0x80, _) => Err(Status::UnknownInstruction),
            _ => Err(Status::UnknownClass),
        };
        answer.unwrap_or_else(Response::from)
    }

    /// Gives it power, and takes it away again when the value is dropped: a card without a reader.
    pub fn powered(&mut self) -> Powered<'_> {
        self.power_on();
        Powered(self)
    }
}

/// These bytes, as many of them as Le asks for.
fn as_expected(bytes: &[u8], command: &Command) -> Response {
    let wanted = usize::try_from(command.expected()).unwrap_or(usize::MAX);
    Response::new(&bytes[..wanted.min(bytes.len())], Status::Success)
}
