//! A card asked one thing after the other, for tools: what [`session`](crate::session) has no need to
//! ask, its purpose being evidence.
//!
//! The rules are the same. Tries are asked before every VERIFY, one [`Secret`] gives at most one VERIFY,
//! nothing repeats one; the transport is owned, and dropping the client powers the card down. What is
//! read is not believed.

mod secret;

use std::fmt;

use zeroize::Zeroizing;

pub use secret::{Change, Secret};

use crate::aid;
use crate::apdu::{Command, EXTENDED_EXPECTED, SHORT_EXPECTED};
use crate::card_manager::DataObject;
use crate::file::Ef;
use crate::ins;
use crate::jpki_ap::{self, Certificates, Device, TokenLabel};
use crate::pin::PinOutcome;
use crate::session::link::Link;
use crate::session::{Connected, SessionError, Step, ask_tries, built, verify};
use crate::status::Status;
use crate::transport::{Lengths, Transport};

/// What is on the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A My Number Card.
    Card,
    /// A phone: it has the JPKI AP alone.
    Phone(Device),
    /// Something else.
    Other,
}

/// How many tries a PIN, password or 照合番号 has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// So many; 0: blocked.
    Left(u8),
    /// It is verified already, and the card does not tell.
    Verified,
    /// The card has none such.
    Absent,
}

/// What a read came to.
#[derive(PartialEq, Eq)]
pub enum Reading {
    /// The content. It may be a person's: wiped on drop.
    Content(Zeroizing<Vec<u8>>),
    /// What opens it was not presented.
    Locked,
    /// The card has none such.
    Absent,
}

impl Reading {
    /// The content, if it could be read.
    #[must_use]
    pub fn content(self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Content(content) => Some(content),
            Self::Locked | Self::Absent => None,
        }
    }

    fn of(result: Result<Zeroizing<Vec<u8>>, SessionError>) -> Result<Self, SessionError> {
        match result {
            Ok(content) => Ok(Self::Content(content)),
            Err(SessionError::Unexpected {
                status: Status::SecurityStatus,
                ..
            }) => Ok(Self::Locked),
            Err(SessionError::Unexpected {
                status: Status::NotFound | Status::ReferenceNotFound,
                ..
            }) => Ok(Self::Absent),
            Err(error) => Err(error),
        }
    }
}

/// A card, and which of its applications is selected.
pub struct Client<T> {
    link: Link<T>,
    selected: Option<&'static [u8]>,
}

impl<T: Transport> Client<T> {
    /// Over this transport, whose reader takes these lengths.
    #[must_use]
    pub const fn new(transport: T, lengths: Lengths) -> Self {
        Self {
            link: Link::new(transport, lengths),
            selected: None,
        }
    }

    /// Selects an application, unless it is selected already: selecting clears what was presented to
    /// another. Whether the card has it.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn enter(&mut self, aid: &'static [u8]) -> Result<bool, SessionError> {
        if self.selected == Some(aid) {
            return Ok(true);
        }
        self.selected = None;
        match self.link.select(aid)? {
            Status::Success => {
                self.selected = Some(aid);
                Ok(true)
            }
            Status::NotFound => Ok(false),
            status => Err(SessionError::Unexpected {
                step: Step::Select,
                status,
            }),
        }
    }

    /// Goes on to a session with the same card. Nothing that was presented here counts there: the session
    /// selects for itself, and where it finds the PIN verified it has the card forget that.
    #[must_use]
    pub fn into_session(self) -> Connected<T> {
        Connected::over(self.link)
    }

    /// What is on the reader, by its applications. Not by its ATR, which readers make up.
    ///
    /// # Errors
    /// [`SessionError`] if it does not answer.
    pub fn kind(&mut self) -> Result<Kind, SessionError> {
        // Cards that are no My Number Card refuse in many ways.
        let mut has = |aid| match self.enter(aid) {
            Err(SessionError::Unexpected { .. }) => Ok(false),
            other => other,
        };
        if has(&aid::TEXT_AP)? {
            return Ok(Kind::Card);
        }
        if !has(&aid::JPKI_AP)? {
            return Ok(Kind::Other);
        }
        let label = self.read(&aid::JPKI_AP, jpki_ap::TOKEN_INFO)?.content();
        let label = label.and_then(|content| TokenLabel::decode(&content).ok());
        Ok(Kind::Phone(
            label.map_or(Device::Unknown, |label| label.device()),
        ))
    }

    /// Asks how many tries are left, spending none.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn tries(&mut self, aid: &'static [u8], reference: Ef) -> Result<Tries, SessionError> {
        if !self.enter(aid)? {
            return Ok(Tries::Absent);
        }
        match ask_tries(&mut self.link, reference)? {
            Status::TriesLeft(left) => Ok(Tries::Left(left)),
            Status::Blocked => Ok(Tries::Left(0)),
            Status::Success => Ok(Tries::Verified),
            Status::NotFound | Status::ReferenceNotFound => Ok(Tries::Absent),
            status => Err(SessionError::Unexpected {
                step: Step::Tries,
                status,
            }),
        }
    }

    /// Presents a secret, once, and only if it has tries left.
    ///
    /// # Errors
    /// [`SessionError`] if the card gives no outcome. Whether a try was spent is then unknown.
    pub fn present(&mut self, secret: Secret) -> Result<PinOutcome, SessionError> {
        let (aid, reference) = (secret.application(), secret.reference());
        match self.tries(aid, reference)? {
            Tries::Left(0) => return Ok(PinOutcome::Blocked),
            // Left verified by somebody: what is presented now has to be judged all the same.
            Tries::Left(_) | Tries::Verified => {}
            Tries::Absent => {
                return Err(SessionError::Unexpected {
                    step: Step::Tries,
                    status: Status::NotFound,
                });
            }
        }
        let status = self.link.send(&verify(reference, secret.expose()))?.status;
        drop(secret);
        match status {
            Status::Success => Ok(PinOutcome::Verified),
            Status::TriesLeft(remaining) => Ok(PinOutcome::Wrong { remaining }),
            Status::Blocked => Ok(PinOutcome::Blocked),
            status => Err(SessionError::Unexpected {
                step: Step::Verify,
                status,
            }),
        }
    }

    /// Presents the old secret, and replaces it by the new one if it was right.
    ///
    /// # Errors
    /// [`SessionError`], with [`Step::Change`] if the card refuses the new one; the old one is in force
    /// then. If there is no answer to that step, which of the two is in force is not known.
    pub fn change(&mut self, change: Change) -> Result<PinOutcome, SessionError> {
        let (current, new) = change.into_secrets();
        let reference = new.reference();
        let outcome = self.present(current)?;
        if outcome != PinOutcome::Verified {
            return Ok(outcome);
        }
        // By the current EF, which it is since VERIFY: the form that programs for cards send.
        self.link.select_file(reference)?;
        let command = Command::new(0x00, ins::CHANGE_REFERENCE_DATA, 0x01, 0x80);
        match self.link.send(&built(command, new.expose(), 0))?.status {
            Status::Success => Ok(PinOutcome::Verified),
            status => Err(SessionError::Unexpected {
                step: Step::Change,
                status,
            }),
        }
    }

    /// A file as it stands, filler and all.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn read(&mut self, aid: &'static [u8], ef: Ef) -> Result<Reading, SessionError> {
        if !self.enter(aid)? {
            return Ok(Reading::Absent);
        }
        Reading::of(self.link.read_all(ef))
    }

    /// A file as long as the one data object it holds, without filler.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn read_object(&mut self, aid: &'static [u8], ef: Ef) -> Result<Reading, SessionError> {
        if !self.enter(aid)? {
            return Ok(Reading::Absent);
        }
        Reading::of(self.link.read_object(ef))
    }

    /// A record of a file.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn record(
        &mut self,
        aid: &'static [u8],
        ef: Ef,
        number: u8,
    ) -> Result<Reading, SessionError> {
        if !self.enter(aid)? {
            return Ok(Reading::Absent);
        }
        let record = self.link.read_record(ef, number)?;
        Ok(record.map_or(Reading::Absent, Reading::Content))
    }

    /// A data object of the card manager.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn data(&mut self, object: DataObject) -> Result<Reading, SessionError> {
        if !self.enter(&aid::CARD_MANAGER)? {
            return Ok(Reading::Absent);
        }
        let [p1, p2] = object.tag().to_be_bytes();
        let get = |expected| built(Command::new(0x00, ins::GET_DATA, p1, p2), &[], expected);
        let mut response = self.link.send(&get(SHORT_EXPECTED))?;
        if response.status == Status::WrongLength {
            // So it is longer.
            response = self.link.send(&get(EXTENDED_EXPECTED))?;
        }
        match response.status {
            Status::Success => Ok(Reading::Content(Zeroizing::new(response.data().to_vec()))),
            // Cards without card manager data know no GET DATA at all.
            Status::ReferenceNotFound | Status::NotFound | Status::UnknownInstruction => {
                Ok(Reading::Absent)
            }
            Status::SecurityStatus => Ok(Reading::Locked),
            status => Err(SessionError::Unexpected {
                step: Step::Data(object),
                status,
            }),
        }
    }

    /// The certificate for authentication and that of its CA: two APDUs, with extended length. Nothing
    /// if the card has none, or wants the PIN for it as phones do.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn certificates(&mut self) -> Result<Option<Certificates>, SessionError> {
        let mut read = |ef| {
            let reading = self.read_object(&aid::JPKI_AP, ef)?;
            Ok::<_, SessionError>(reading.content())
        };
        let holder = read(jpki_ap::AUTHENTICATION_CERTIFICATE)?;
        let ca = read(jpki_ap::AUTHENTICATION_CA_CERTIFICATE)?;
        Ok(holder
            .zip(ca)
            .map(|(holder, ca)| Certificates::new(&holder, &ca)))
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content(_) => "Content(..)",
            Self::Locked => "Locked",
            Self::Absent => "Absent",
        })
    }
}

#[cfg(test)]
mod tests;
