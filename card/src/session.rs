//! Reading a card: a chain of states, each consumed by going on.
//!
//! ```text
//! Connected ─select→ Selected ─ask_tries→ Asked ─verify→ Unlocked ─read→ Read ─answer→ Evidence
//!                       ↑                           └─ Wrong ─┐
//!                       └──────────────────────────────────────┘
//! ```
//! - The tries left are asked before every VERIFY, and one [`Pin`] gives at most one VERIFY: both are
//!   consumed. Nothing here repeats one.
//! - From SELECT to the answer nine APDUs, with extended length: SELECT, tries, VERIFY, five READ
//!   BINARY by short EF id, challenge. Where extended length is refused, files are read on by offset
//!   in pieces of 256 bytes, and the reader's [`Lengths`] remember it.
//! - Each state owns the [`Transport`]: whatever ends the chain, an error, a panic or the answer, drops
//!   it and so powers the card down.

mod link;

use std::fmt;

use crate::aid;
use crate::apdu::{Command, SHORT_EXPECTED};
use crate::certificate::Certificate;
use crate::evidence::{Context, Evidence, TextFiles};
use crate::file::{Ef, FileError};
use crate::ins;
use crate::key::{SHA256_DIGEST_INFO, Signature};
use crate::pin::{Pin, PinOutcome};
use crate::status::Status;
use crate::text_ap::{self, AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use crate::transport::{Lengths, Transport, TransportError};
use crate::trust::ApRole;
use link::Link;

/// What was being done when a session failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// SELECT of an application.
    Select,
    /// Asking for the tries left.
    Tries,
    /// VERIFY.
    Verify,
    /// READ BINARY of a file.
    Read(Ef),
    /// The challenge.
    Challenge,
}

/// Why a session ended without evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// No response.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A phone: it has the JPKI AP alone.
    #[error("a phone, not a card")]
    Phone,
    /// Not a My Number Card.
    #[error("not a My Number Card")]
    WrongCard,
    /// No tries are left, so no VERIFY was sent.
    #[error("PIN is blocked")]
    PinBlocked,
    /// The card answered a step with a status word that does not belong there.
    #[error("unexpected status at {step:?}: {status:?}")]
    Unexpected {
        /// The step.
        step: Step,
        /// What the card answered.
        status: Status,
    },
    /// The card's response has no status word.
    #[error("no status word")]
    NoStatus,
    /// A file, or the answer, is not laid out as it should be.
    #[error("file: {0}")]
    File(#[from] FileError),
}

/// A card is there; nothing was said to it yet.
pub struct Connected<T>(Link<T>);

/// The text AP is selected.
pub struct Selected<T>(Link<T>);

/// The tries left are known, and there are some.
pub struct Asked<T> {
    link: Link<T>,
    remaining: u8,
}

/// The PIN was right.
pub struct Unlocked<T>(Link<T>);

/// The files are read.
pub struct Read<T> {
    link: Link<T>,
    files: TextFiles,
}

/// How one VERIFY ended, and what can follow.
#[derive(Debug)]
pub enum Attempt<T> {
    /// Right.
    Verified(Unlocked<T>),
    /// Wrong. A further attempt takes another entry, and asks for the tries again.
    Wrong {
        /// Tries left; 0: it is blocked now.
        remaining: u8,
        /// From here a further attempt begins.
        again: Selected<T>,
    },
    /// Blocked; nothing was compared.
    Blocked,
}

impl<T> Attempt<T> {
    /// The outcome alone.
    #[must_use]
    pub const fn outcome(&self) -> PinOutcome {
        match self {
            Self::Verified(_) => PinOutcome::Verified,
            Self::Wrong { remaining, .. } => PinOutcome::Wrong {
                remaining: *remaining,
            },
            Self::Blocked => PinOutcome::Blocked,
        }
    }
}

impl<T: Transport> Connected<T> {
    /// Over this transport, whose reader takes these lengths.
    #[must_use]
    pub const fn new(transport: T, lengths: Lengths) -> Self {
        Self(Link::new(transport, lengths))
    }

    /// Selects the text AP.
    ///
    /// # Errors
    /// [`SessionError::Phone`] or [`SessionError::WrongCard`] if the card has none.
    pub fn select(self) -> Result<Selected<T>, SessionError> {
        let Self(mut link) = self;
        let mut status = select(&mut link, &aid::TEXT_AP)?;
        if status == Status::NoDiagnosis {
            // The first APDU after power-up may answer this.
            status = select(&mut link, &aid::TEXT_AP)?;
        }
        if status == Status::Success {
            return Ok(Selected(link));
        }
        let has_jpki = select(&mut link, &aid::JPKI_AP)? == Status::Success;
        Err(match (status, has_jpki) {
            (Status::NotFound, true) => SessionError::Phone,
            (_, true) => SessionError::Unexpected {
                step: Step::Select,
                status,
            },
            (_, false) => SessionError::WrongCard,
        })
    }
}

impl<T: Transport> Selected<T> {
    /// Asks how many tries the PIN has left, spending none.
    ///
    /// # Errors
    /// [`SessionError::PinBlocked`] if none are.
    pub fn ask_tries(self) -> Result<Asked<T>, SessionError> {
        let Self(mut link) = self;
        let mut status = ask_tries(&mut link)?;
        if status == Status::Success {
            // Somebody left the PIN verified. Selecting another application clears that.
            select(&mut link, &aid::JPKI_AP)?;
            select(&mut link, &aid::TEXT_AP)?;
            status = ask_tries(&mut link)?;
        }
        match status {
            Status::TriesLeft(0) | Status::Blocked => Err(SessionError::PinBlocked),
            Status::TriesLeft(remaining) => Ok(Asked { link, remaining }),
            status => Err(SessionError::Unexpected {
                step: Step::Tries,
                status,
            }),
        }
    }
}

impl<T: Transport> Asked<T> {
    /// Tries left, at least one.
    #[must_use]
    pub const fn remaining(&self) -> u8 {
        self.remaining
    }

    /// Presents the PIN, once.
    ///
    /// # Errors
    /// [`SessionError`] if the card gives no outcome. Whether a try was spent is then unknown.
    pub fn verify(self, pin: Pin) -> Result<Attempt<T>, SessionError> {
        let Self { mut link, .. } = self;
        let status = link.send(&verify(pin.expose()))?.status;
        drop(pin);
        match status {
            Status::Success => Ok(Attempt::Verified(Unlocked(link))),
            Status::TriesLeft(remaining) => Ok(Attempt::Wrong {
                remaining,
                again: Selected(link),
            }),
            Status::Blocked => Ok(Attempt::Blocked),
            status => Err(SessionError::Unexpected {
                step: Step::Verify,
                status,
            }),
        }
    }
}

impl<T: Transport> Unlocked<T> {
    /// Reads EF 0001 to 0004 and 0007.
    ///
    /// # Errors
    /// [`SessionError`] if one cannot be read, or is not laid out as it should be.
    pub fn read(self) -> Result<Read<T>, SessionError> {
        let Self(mut link) = self;
        let files = TextFiles {
            // As long as it physically is: its digest covers the filler.
            number: NumberFile::decode(&link.read(text_ap::NUMBER)?)?,
            attributes: AttributesFile::decode(&link.read_object(text_ap::ATTRIBUTES)?)?,
            integrity: IntegrityFile::decode(&link.read_object(text_ap::INTEGRITY)?)?,
            certificate: Certificate::decode(&link.read_object(text_ap::CERTIFICATE)?)?,
            card_key: CardKeyFile::decode(&link.read_object(text_ap::CARD_KEY)?)?,
        };
        Ok(Read { link, files })
    }
}

impl<T: Transport> Read<T> {
    /// What was read. Nothing vouches for it yet.
    #[must_use]
    pub const fn files(&self) -> &TextFiles {
        &self.files
    }

    /// Has the card sign this context with all files, and powers it down.
    ///
    /// # Errors
    /// [`SessionError`] if the card does not answer with a signature.
    pub fn answer(self, context: &Context<'_>) -> Result<Evidence, SessionError> {
        let Self { mut link, files } = self;
        let digest = context.digest(ApRole::Text, files.named());
        let info = [&SHA256_DIGEST_INFO[..], &digest].concat();
        let command = Command::new(0x80, ins::COMPUTE_SIGNATURE, 0x00, 0x00);
        let response = link.send(&built(command, &info, SHORT_EXPECTED))?;
        match response.status {
            Status::Success => {
                let answer = Signature::try_from(response.data()).map_err(FileError::from)?;
                Ok(Evidence::new(files, answer, None))
            }
            status => Err(SessionError::Unexpected {
                step: Step::Challenge,
                status,
            }),
        }
    }
}

fn select<T: Transport>(link: &mut Link<T>, aid: &[u8]) -> Result<Status, SessionError> {
    let command = Command::new(0x00, ins::SELECT, 0x04, 0x0C);
    Ok(link.send(&built(command, aid, 0))?.status)
}

fn ask_tries<T: Transport>(link: &mut Link<T>) -> Result<Status, SessionError> {
    Ok(link.send(&verify(&[]))?.status)
}

/// VERIFY of the PIN by its short EF id; without data it asks for the tries left.
fn verify(digits: &[u8]) -> Command {
    let command = Command::new(0x00, ins::VERIFY, 0x00, text_ap::PIN.short_reference());
    built(command, digits, 0)
}

fn built(command: Command, data: &[u8], expected: u32) -> Command {
    command
        .with_data(data)
        .and_then(|command| command.expecting(expected))
        .expect("what a session sends fits a short APDU")
}

macro_rules! opaque {
    ($($state:ident)*) => {$(
        impl<T> fmt::Debug for $state<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($state), "(..)"))
            }
        }
    )*};
}
opaque!(Connected Selected Asked Unlocked Read);

#[cfg(test)]
mod tests;
