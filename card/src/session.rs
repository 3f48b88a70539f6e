//! Reading a card: a chain of states, each consumed by going on.
//!
//! ```text
//! Connected ─select→ Selected ─ask_tries→ Asked ─verify→ Unlocked ─read→ Read ─answer→ Answered ─bind→ Proof
//!  └↺ unexpired         ↑                           └─ Wrong ─┐
//!                       └──────────────────────────────────────┘
//! ```
//! - The tries left are asked before every VERIFY, and one [`Pin`] gives at most one VERIFY: both are
//!   consumed. Nothing here repeats one.
//! - What the text AP proves is bound to the card by the surface AP, where the card has one that goes
//!   along ([`Answered::bind`]). That it does not is told with the reason, and is no error: whoever
//!   asked for the proof decides.
//! - 15 APDUs in all, with extended length. From SELECT to the text AP's answer nine: SELECT, tries,
//!   VERIFY, five READ BINARY by short EF id, challenge. For the binding six: SELECT, tries, VERIFY, two
//!   READ BINARY, challenge. The expiry date takes two more, SELECT and READ RECORD. Where extended
//!   length is refused, files are read on by offset in pieces of 256 bytes, and the reader's
//!   [`Lengths`] remember it.
//! - [`Unlocked::with_protection`] has the text AP's files read by secure messaging: two APDUs to open
//!   it and one more a file.
//! - The first APDU after power-up may answer `6F00`: then, and only then, it is sent again, whichever
//!   SELECT it is.
//! - Each state owns the [`Transport`]: whatever ends the chain, an error, a panic or the answer, drops
//!   it and so powers the card down.

mod binding;
pub(crate) mod link;

use std::fmt;

use crate::aid;
use crate::apdu::{Command, SHORT_EXPECTED};
use crate::card_manager::DataObject;
use crate::certificate::Certificate;
use crate::common_ap::{self, CardRecord};
use crate::evidence::{Context, FileName, TextFiles};
use crate::expiry::Day;
use crate::file::{Ef, FileError};
use crate::ins;
use crate::key::{SHA256_DIGEST_INFO, Signature};
use crate::messaging::{MessagingError, Protection};
use crate::pin::{Pin, PinOutcome};
use crate::status::Status;
use crate::text_ap::{self, AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use crate::transport::{Lengths, Transport, TransportError};
use crate::trust::ApRole;
pub use binding::{Answered, BIRTH_CODE_TRIES, Proof, Unbound};
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
    /// CHANGE REFERENCE DATA.
    Change,
    /// GET DATA.
    Data(DataObject),
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
    /// Its last day is over.
    #[error("card has expired")]
    Expired,
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
    /// Secure messaging was demanded and fails. Nothing was read plain instead.
    #[error(transparent)]
    Messaging(#[from] MessagingError),
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
pub struct Unlocked<T> {
    link: Link<T>,
    protection: Protection,
}

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
        Self::over(Link::new(transport, lengths))
    }

    /// Over a link on which something may have been said, and nothing presented.
    pub(crate) const fn over(link: Link<T>) -> Self {
        Self(link)
    }

    /// Reads the record of the common AP: who issued the card, and until when it is valid. `None` if the
    /// card has no such record, or one that is laid out otherwise.
    ///
    /// # Errors
    /// [`SessionError`] only if the card does not answer at all.
    pub fn card_record(&mut self) -> Result<Option<CardRecord>, SessionError> {
        let Self(link) = self;
        if link.select(&aid::COMMON_AP)? != Status::Success {
            return Ok(None);
        }
        let record = link.read_record(common_ap::CARD_RECORD, common_ap::RECORD)?;
        Ok(record.and_then(|record| CardRecord::decode(&record).ok()))
    }

    /// Lets a card pass unless its last day is over. It is asked before anything else, so that nobody
    /// enters a PIN for a card that is of no use.
    ///
    /// A card that does not tell its expiry date passes: the date is not signed, so it proves nothing, and
    /// whether the card is a My Number Card at all is for [`select`](Self::select) to say.
    ///
    /// # Errors
    /// [`SessionError::Expired`].
    pub fn unexpired(mut self, today: Day) -> Result<Self, SessionError> {
        match self.card_record()? {
            Some(record) if record.expiry().has_passed(today) => Err(SessionError::Expired),
            _ => Ok(self),
        }
    }

    /// Selects the text AP.
    ///
    /// # Errors
    /// [`SessionError::Phone`] or [`SessionError::WrongCard`] if the card has none.
    pub fn select(self) -> Result<Selected<T>, SessionError> {
        let Self(mut link) = self;
        let status = link.select(&aid::TEXT_AP)?;
        if status == Status::Success {
            return Ok(Selected(link));
        }
        let has_jpki = link.select(&aid::JPKI_AP)? == Status::Success;
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
        let mut status = ask_tries(&mut link, text_ap::PIN)?;
        if status == Status::Success {
            // Somebody left the PIN verified. Selecting another application clears that.
            link.select(&aid::JPKI_AP)?;
            let selected = link.select(&aid::TEXT_AP)?;
            if selected != Status::Success {
                // Another application is selected now: its PINs are none of this session's.
                return Err(SessionError::Unexpected {
                    step: Step::Select,
                    status: selected,
                });
            }
            status = ask_tries(&mut link, text_ap::PIN)?;
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
        let status = link.send(&verify(text_ap::PIN, pin.expose()))?.status;
        drop(pin);
        match status {
            Status::Success => Ok(Attempt::Verified(Unlocked {
                link,
                protection: Protection::Plain,
            })),
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
    /// How the files are to be read; [`Protection::Plain`] if nobody says. What
    /// [secure messaging](crate::messaging) protects and what not is told there.
    #[must_use]
    pub fn with_protection(self, protection: Protection) -> Self {
        Self { protection, ..self }
    }

    /// Reads EF 0001 to 0004 and 0007.
    ///
    /// # Errors
    /// [`SessionError`] if one cannot be read, or is not laid out as it should be;
    /// [`SessionError::Messaging`] if they cannot be read protected as demanded.
    pub fn read(self) -> Result<Read<T>, SessionError> {
        let Self {
            mut link,
            protection,
        } = self;
        if protection == Protection::SecureMessaging {
            link.secure()?;
        }
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

    /// Has the text AP sign this context with all files.
    ///
    /// # Errors
    /// [`SessionError`] if the card does not answer with a signature.
    pub fn answer<'c>(self, context: &Context<'c>) -> Result<Answered<'c, T>, SessionError> {
        let Self { mut link, files } = self;
        let answer = challenge(&mut link, context, ApRole::Text, files.named())?;
        Ok(Answered::new(link, *context, files, answer))
    }
}

/// Has the selected application sign the context with these files.
fn challenge<'f, T: Transport>(
    link: &mut Link<T>,
    context: &Context<'_>,
    ap: ApRole,
    files: impl IntoIterator<Item = (FileName, &'f [u8])>,
) -> Result<Signature, SessionError> {
    let info = [&SHA256_DIGEST_INFO[..], &context.digest(ap, files)].concat();
    let command = Command::new(0x80, ins::COMPUTE_SIGNATURE, 0x00, 0x00);
    let response = link.send(&built(command, &info, SHORT_EXPECTED))?;
    match response.status {
        Status::Success => Ok(Signature::try_from(response.data()).map_err(FileError::from)?),
        status => Err(SessionError::Unexpected {
            step: Step::Challenge,
            status,
        }),
    }
}

pub(crate) fn ask_tries<T: Transport>(
    link: &mut Link<T>,
    reference: Ef,
) -> Result<Status, SessionError> {
    Ok(link.send(&verify(reference, &[]))?.status)
}

/// VERIFY of reference data by its short EF id; without data it asks for the tries left.
pub(crate) fn verify(reference: Ef, digits: &[u8]) -> Command {
    let command = Command::new(0x00, ins::VERIFY, 0x00, reference.short_reference());
    built(command, digits, 0)
}

pub(crate) fn built(command: Command, data: &[u8], expected: u32) -> Command {
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
