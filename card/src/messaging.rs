//! Secure messaging of the text AP, the terminal's half.
//!
//! ```text
//! open      80 AE 00 00 Lc <RSA-OAEP-SHA256 under the key of EF 0006 of A0 22 80 20 <seed, 32 random bytes>>
//! key       the seed's first 16 bytes, AES-128-CBC
//! counter   N = 1, 2, … one for every secured command, refused ones too; none for plain commands
//! IV        AES-128-CBC(key, IV 0) of N as 16 bytes big endian, for the command and for its answer
//! padding   ISO/IEC 7816-4: 80 00 …, always added
//! command   CLA 08; VERIFY and SELECT carry 86 len 01 <ciphertext>, READ BINARY 96 03 00 <Le, 2 bytes>
//!           and extended Le (Le 0000: all there is)
//! answer    86 len 01 <ciphertext>
//! ```
//! What it is worth, plainly:
//! - **The PIN is not protected.** The card takes a session key only after the PIN was verified in the
//!   clear.
//! - **The challenge is not protected**, nor is its answer: COMPUTE SIGNATURE has no secured form here.
//! - **Other applications have none.** What binds a proof to the card reads the birth date from the
//!   surface AP, plain.
//! - **There is no integrity.** The card offers no checksum: who taps the air between card and reader
//!   cannot read names and numbers, and can still garble them. That is what the files' signatures are
//!   for.
//! - Nobody signs the key of EF 0006, so a fake reader in between could give its own.
//!
//! It needs extended length on the way to the card. The session belongs to the card, as the verified
//! PIN does: it ends when another application is selected or the card loses power. A session that broke
//! (`6987`, `6988`, `6882`, from then on `69FC`; an answer that is not what it should be; no answer)
//! stays broken here, and nothing falls back to plain commands by itself.

mod cipher;

use std::fmt;

use sha2::Sha256;
use zeroize::Zeroizing;

use crate::apdu::{Command, EXTENDED_EXPECTED, Response};
use crate::ins;
use crate::key::PublicKey;
use crate::status::Status;
use crate::tlv::{Reader, Tag, Writer};
use cipher::SessionKey;

/// Class of a secured command.
pub const CLASS: u8 = 0x08;
/// Bytes of a seed.
pub const SEED_LENGTH: usize = 32;
/// Bytes of the seed that are the session key.
pub const KEY_LENGTH: usize = 16;
/// Outer tag of what SET SESSION KEY delivers.
pub const KEY_DELIVERY: Tag = 0xA0;
/// Inner tag: a key for encryption.
pub const ENCRYPTION_KEY: Tag = 0x80;
/// Tag of encrypted data.
pub const CRYPTOGRAM: Tag = 0x86;
/// Tag of the length expected.
pub const EXPECTED_LENGTH: Tag = 0x96;
/// What precedes the ciphertext: padded by ISO/IEC 7816-4.
pub const PADDING_INDICATOR: u8 = 0x01;

/// `69FC`: there is no session (any more).
pub const NO_SESSION: Status = Status::Other(0x69FC);
/// `6882`: secure messaging not supported.
pub const NOT_SUPPORTED: Status = Status::Other(0x6882);

/// Seeds tried before giving up: the card answers `6F00` to one it cannot use.
const SEEDS: usize = 4;

/// Protection of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// Commands and answers go plain between card and reader.
    #[default]
    Plain,
    /// Files of the text AP are read by secure messaging, or not at all.
    SecureMessaging,
}

/// Why secure messaging fails. Nothing is sent plain instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessagingError {
    /// The card refuses a session key, with this status.
    #[error("card refuses a session key: {0:?}")]
    Refused(Status),
    /// None of several seeds could be used.
    #[error("card can use no session key")]
    Seeds,
    /// Reader or card take no extended length.
    #[error("secure messaging needs extended length")]
    ExtendedLength,
    /// The card ended the session with this status, or it had been broken before.
    #[error("secure messaging session is broken: {0:?}")]
    Broken(Status),
    /// An answer is not encrypted as it should be.
    #[error("answer is not secured as it should be")]
    Answer,
    /// This command has no secured form.
    #[error("command has no secured form")]
    Command,
    /// The key cannot be encrypted with, or the counter is used up.
    #[error("no session key can be made")]
    Key,
}

/// A session with the card. Its key is wiped on drop.
pub struct Messaging {
    key: SessionKey,
    /// Of the next secured command.
    counter: u32,
    /// With which status it broke.
    broken: Option<Status>,
}

impl Messaging {
    /// Agrees on a session key under the key of EF 0006. The PIN has to have been verified.
    ///
    /// `transmit` sends one command and gives its response.
    ///
    /// # Errors
    /// [`MessagingError`], or what `transmit` says.
    ///
    /// # Panics
    /// If the operating system gives no randomness.
    pub fn establish<E: From<MessagingError>>(
        key: &PublicKey,
        mut transmit: impl FnMut(&Command) -> Result<Response, E>,
    ) -> Result<Self, E> {
        for _ in 0..SEEDS {
            let mut seed = Zeroizing::new([0; SEED_LENGTH]);
            getrandom::fill(&mut seed[..]).expect("the operating system gives randomness");
            let status = transmit(&set_session_key(key, &seed)?)?.status;
            match status {
                Status::Success => return Ok(Self::with_seed(&seed)),
                Status::NoDiagnosis => {}
                Status::WrongLength => return Err(MessagingError::ExtendedLength.into()),
                status => return Err(MessagingError::Refused(status).into()),
            }
        }
        Err(MessagingError::Seeds.into())
    }

    fn with_seed(seed: &[u8; SEED_LENGTH]) -> Self {
        Self {
            key: SessionKey::of(seed),
            counter: 1,
            broken: None,
        }
    }

    /// Whether the session broke: from then on every exchange is refused.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Sends a plain command secured, and gives its answer as if it had been sent plain.
    ///
    /// # Errors
    /// [`MessagingError::Broken`] if the session is, or the card says that it is now;
    /// [`MessagingError::Answer`] if an answer cannot be opened, which breaks it as well;
    /// [`MessagingError::Command`] if the command is neither VERIFY nor SELECT with data nor READ
    /// BINARY; or what `transmit` says.
    pub fn exchange<E: From<MessagingError>>(
        &mut self,
        command: &Command,
        transmit: impl FnOnce(&Command) -> Result<Response, E>,
    ) -> Result<Response, E> {
        if let Some(status) = self.broken {
            return Err(MessagingError::Broken(status).into());
        }
        let secured = self.protect(command)?;
        let number = self.counter;
        self.counter = number.checked_add(1).ok_or(MessagingError::Key)?;
        // Whatever ends this early leaves a session whose counter nobody knows.
        self.broken = Some(NO_SESSION);
        let response = transmit(&secured)?;
        let answer = self.open(number, &response)?;
        self.broken = None;
        Ok(answer)
    }

    fn protect(&self, command: &Command) -> Result<Command, MessagingError> {
        let Command { ins, p1, p2, .. } = *command;
        let secured = Command::new(CLASS, ins, p1, p2);
        match (command.cla, ins, command.data()) {
            (0x00, ins::VERIFY | ins::SELECT, data @ [_, ..]) if command.expected() == 0 => {
                let cryptogram = self.key.encrypt(self.counter, data);
                let value = [&[PADDING_INDICATOR][..], &cryptogram].concat();
                secured.with_data(&Writer::new().tlv(CRYPTOGRAM, &value).into_bytes())
            }
            (0x00, ins::READ_BINARY, []) if command.expected() > 0 => {
                // 65,536 is written as 0000, which is all there is.
                let [.., high, low] = command.expected().to_be_bytes();
                let length = Writer::new().tlv(EXPECTED_LENGTH, &[0x00, high, low]);
                secured
                    .with_data(&length.into_bytes())
                    .and_then(|command| command.expecting(EXTENDED_EXPECTED))
            }
            _ => return Err(MessagingError::Command),
        }
        .map_err(|_| MessagingError::Command)
    }

    fn open(&mut self, number: u32, response: &Response) -> Result<Response, MessagingError> {
        let status = response.status;
        match status {
            Status::SecureMessagingMissing
            | Status::SecureMessagingIncorrect
            | NOT_SUPPORTED
            | NO_SESSION => {
                self.broken = Some(status);
                Err(MessagingError::Broken(status))
            }
            // Refused commands, and those that answer nothing, have nothing to hide.
            _ if response.data().is_empty() => Ok(status.into()),
            Status::Success | Status::EndOfFile => {
                let plain = self.key.decrypt(number, cryptogram(response.data())?)?;
                Ok(Response::new(&plain, status))
            }
            _ => Err(MessagingError::Answer),
        }
    }
}

impl fmt::Debug for Messaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messaging(..)")
    }
}

/// SET SESSION KEY with this seed.
fn set_session_key(key: &PublicKey, seed: &[u8; SEED_LENGTH]) -> Result<Command, MessagingError> {
    let inner = Zeroizing::new(Writer::new().tlv(ENCRYPTION_KEY, seed).into_bytes());
    let message = Zeroizing::new(Writer::new().tlv(KEY_DELIVERY, &inner).into_bytes());
    let delivery = key
        .rsa()
        .oaep_encrypt::<Sha256>(&message)
        .map_err(|_| MessagingError::Key)?;
    Command::new(0x80, ins::SET_SESSION_KEY, 0x00, 0x00)
        .with_data(&delivery)
        .map_err(|_| MessagingError::Key)
}

/// The ciphertext of an answer, which is exactly one data object.
fn cryptogram(answer: &[u8]) -> Result<&[u8], MessagingError> {
    let parse = || {
        let mut reader = Reader::new(answer);
        let mut value = Reader::new(reader.expect(CRYPTOGRAM)?.value);
        reader.finish()?;
        let [indicator] = *value.array()?;
        Ok::<_, crate::tlv::TlvError>((indicator, value.rest()))
    };
    match parse() {
        Ok((PADDING_INDICATOR, ciphertext)) => Ok(ciphertext),
        _ => Err(MessagingError::Answer),
    }
}

#[cfg(test)]
mod tests;
