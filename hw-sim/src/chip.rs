//! The card: a command in, a response out.
//!
//! What outlives power-off is [`Memory`]. What does not is `Volatile`, and it is cleared
//!
//! | by | selected AP | current EF | what was presented |
//! |---|---|---|---|
//! | power-off | cleared | cleared | cleared |
//! | warm reset, a closed connection | stays | stays | stays |
//! | SELECT of another AP, or of the card manager | new | cleared | cleared |
//! | SELECT of the same AP | stays | cleared | stays |
//! | SELECT of an AP that is not there (6A82) | stays | stays | stays |
//!
//! Where the behaviour of real cards is not known, the assumption is stated at the line that makes it.

use std::collections::BTreeSet;
use std::path::Path;

use card::apdu::{Command, Response};
use card::file::Ef;
use card::key::SHA256_DIGEST_INFO;
use card::status::Status;
use card::tlv::Writer;
use card::transport::{Transport, TransportError};
use rsa::Pkcs1v15Sign;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ap::{Ap, Object};
use crate::memory::{Memory, MemoryError};

/// Answer to reset, as PC/SC readers make it up for a card of ISO 14443 Type B: historical bytes are
/// the application data, protocol information and buffer length of the ATQB, the last byte a checksum.
/// Programs must not decide anything by it.
pub const ATR: [u8; 13] = [
    0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x33, 0x81, 0x81, 0x00, 0x3A,
];

const SELECT: u8 = 0xA4;
const READ_BINARY: u8 = 0xB0;
const VERIFY: u8 = 0x20;
const COMPUTE_SIGNATURE: u8 = 0x2A;

/// The default card manager (GlobalPlatform's issuer security domain): leaves the current AP.
const CARD_MANAGER: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];
/// The master file's id, under which it cannot be selected.
const MASTER_FILE: [u8; 2] = [0x3F, 0x00];
/// Wraps a file control information, and the application's id in it.
const FCI: u16 = 0x6F;
const DF_NAME: u16 = 0x84;

/// The command does not fit the kind of file (a key is no file to read, a file no key to verify).
const WRONG_KIND_OF_FILE: Status = Status::Other(0x6981);
/// Writing a retry counter failed.
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
            (0x00, SELECT) => self.select(command),
            (0x00, READ_BINARY) => self.read_binary(command),
            (0x00, VERIFY) => self.verify(command),
            (0x80, COMPUTE_SIGNATURE) => self.compute_signature(command),
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

    fn select(&mut self, command: &Command) -> Answer {
        match (command.p1, command.p2, command.data()) {
            (0x04, 0x00 | 0x0C, aid @ [_, ..]) if aid.len() <= 16 => {
                self.select_application(command, aid)
            }
            (0x04, 0x00 | 0x0C, _) => Err(Status::WrongLength),
            (0x02, 0x0C, &[high, low]) => {
                let ef = Ef::new(u16::from_be_bytes([high, low]));
                let ap = self.volatile.selected.ok_or(Status::NotFound)?;
                self.make_current(ap, ef)?;
                Ok(Status::Success.into())
            }
            (0x02, 0x0C, _) => Err(Status::WrongLength),
            // SELECT MF does not select: refused after power-on, without effect in an application.
            (0x00, 0x00 | 0x0C, []) if self.volatile.selected.is_some() => {
                Ok(Status::Success.into())
            }
            (0x00, 0x00 | 0x0C, file) if file == MASTER_FILE => Err(Status::NotFound),
            _ => Err(Status::WrongParameters),
        }
    }

    fn select_application(&mut self, command: &Command, aid: &[u8]) -> Answer {
        let selected = if aid == CARD_MANAGER {
            None
        } else {
            // Whole ids only. (ISO allows to select by their beginning; whether the card does is not known.)
            let ap = Ap::with_aid(aid).filter(|ap| self.memory.has(*ap));
            Some(ap.ok_or(Status::NotFound)?)
        };
        if self.volatile.selected != selected {
            self.volatile.presented.clear();
        }
        self.volatile.selected = selected;
        self.volatile.current = None;
        if command.p2 == 0x00 && command.expected() > 0 {
            // What else a real card's FCI holds is not known.
            let name = Writer::new().tlv(DF_NAME, aid).into_bytes();
            let information = Writer::new().tlv(FCI, &name).into_bytes();
            return Ok(as_expected(&information, command));
        }
        Ok(Status::Success.into())
    }

    fn read_binary(&mut self, command: &Command) -> Answer {
        if !command.data().is_empty() || command.expected() == 0 {
            return Err(Status::WrongLength);
        }
        // P1 = 80|SFI, P2 = offset; or P1-P2 = offset of 15 bits in the current EF.
        let (reference, offset) = if command.p1 & 0x80 == 0 {
            (
                0x80,
                usize::from(u16::from_be_bytes([command.p1, command.p2])),
            )
        } else {
            (command.p1, usize::from(command.p2))
        };
        let (ap, ef, object) = self.referred(reference)?;
        let Object::File(access) = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        if !access.is_open(|ef| self.volatile.presented.contains(&ef)) {
            return Err(Status::SecurityStatus);
        }
        let file = self.memory.file(ap, ef).ok_or(Status::NotFound)?;
        let rest = file
            .get(offset..)
            .filter(|rest| !rest.is_empty())
            .ok_or(Status::WrongOffset)?;
        Ok(as_expected(rest, command))
    }

    fn verify(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 || command.p2 & 0x80 == 0 {
            return Err(Status::WrongParameters);
        }
        if command.expected() > 0 {
            return Err(Status::WrongLength);
        }
        let (ap, ef, object) = self.referred(command.p2)?;
        let Object::Reference { tries } = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        let left = self.memory.tries_left(ap, ef);
        if command.data().is_empty() {
            return Err(Status::TriesLeft(left));
        }
        let after = left.checked_sub(1).ok_or(Status::Blocked)?;
        // The try is spent before the comparison, so that pulling the card out in between gains nothing.
        self.count(ap, ef, after)?;
        // Data of another length is wrong data, and costs a try. (Not known of real cards; the harsher way.)
        if self.memory.matches(ap, ef, command.data()) {
            self.count(ap, ef, tries)?;
            self.volatile.presented.insert(ef);
            Ok(Status::Success.into())
        } else {
            // Being wrong takes back what being right gave. (Not known of real cards; the harsher way.)
            self.volatile.presented.remove(&ef);
            Err(Status::TriesLeft(after))
        }
    }

    /// `80 2A 00 00 33 <DigestInfo of SHA-256> 00`: PKCS#1 v1.5 with the key of the application.
    fn compute_signature(&self, command: &Command) -> Answer {
        let Some(ap) = self.volatile.selected else {
            // Outside an application the card manager answers, which does not know the command.
            return Err(Status::UnknownInstruction);
        };
        if (command.p1, command.p2) != (0, 0) {
            return Err(Status::WrongParameters);
        }
        if command.expected() < 256 {
            return Err(Status::WrongLength);
        }
        let (ef, access) = ap
            .objects()
            .find_map(|(ef, object)| match object {
                Object::SigningKey(access) => Some((ef, access)),
                _ => None,
            })
            .ok_or(Status::ReferenceNotFound)?;
        if !access.is_open(|ef| self.volatile.presented.contains(&ef)) {
            return Err(Status::SecurityStatus);
        }
        let digest = command
            .data()
            .strip_prefix(&SHA256_DIGEST_INFO)
            .filter(|digest| digest.len() == 32)
            .ok_or(Status::WrongData)?;
        let key = self
            .memory
            .signing_key(ap, ef)
            .ok_or(Status::ReferenceNotFound)?;
        let signature = key
            .sign(Pkcs1v15Sign::new::<Sha256>(), digest)
            .map_err(|_| Status::NoDiagnosis)?;
        Ok(Response::new(&signature, Status::Success))
    }

    /// The object that `80|SFI` refers to; `80` alone is the current EF. It becomes the current EF.
    fn referred(&mut self, reference: u8) -> Result<(Ap, Ef, Object), Status> {
        // Short ids are 1 to 30.
        if reference & 0x60 != 0 || reference == 0x9F {
            return Err(Status::WrongParameters);
        }
        let ap = self.volatile.selected;
        let ef = match reference & 0x1F {
            0 => self.volatile.current.ok_or(Status::NoCurrentEf)?,
            short => ap
                .and_then(|ap| ap.with_short_id(short))
                .ok_or(Status::NotFound)?,
        };
        let ap = ap.ok_or(Status::NotFound)?;
        let object = self.make_current(ap, ef)?;
        Ok((ap, ef, object))
    }

    fn make_current(&mut self, ap: Ap, ef: Ef) -> Result<Object, Status> {
        let object = ap
            .object(ef)
            .filter(|_| self.memory.holds(ap, ef))
            .ok_or(Status::NotFound)?;
        self.volatile.current = Some(ef);
        Ok(object)
    }

    fn count(&mut self, ap: Ap, ef: Ef, left: u8) -> Result<(), Status> {
        self.memory
            .set_tries(ap, ef, left)
            .map_err(|_| MEMORY_FAILURE)
    }
}

/// These bytes, as many of them as Le asks for.
fn as_expected(bytes: &[u8], command: &Command) -> Response {
    let wanted = usize::try_from(command.expected()).unwrap_or(usize::MAX);
    Response::new(&bytes[..wanted.min(bytes.len())], Status::Success)
}
