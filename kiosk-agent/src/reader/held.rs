//! What a terminal does with a card that it holds, over any transport: asks, presents a PIN, reads.

use card::expiry::Day;
use card::messaging::Protection;
use card::pin::Pin;
use card::session::{Asked, Attempt, Connected, SessionError, Step};
use card::transport::{Transport, TransportError};
use issuance_api::ProblemCode;

use crate::ports::{Question, Reading};

/// A card whose 券面事項入力補助AP is selected, with a try left at least, and no PIN presented.
#[derive(Debug)]
pub struct Held<T>(Asked<T>);

impl<T: Transport> Held<T> {
    /// Lets no card pass that has expired, and asks it for the tries left, spending none.
    ///
    /// # Errors
    /// See [`SessionError`]; `Expired` among them.
    pub fn select(card: Connected<T>, today: Day) -> Result<Self, SessionError> {
        let card = card.unexpired(today)?.select()?.ask_tries()?;
        Ok(Self(card))
    }

    /// Tries left, at least one.
    #[must_use]
    pub const fn remaining(&self) -> u8 {
        self.0.remaining()
    }

    /// Presents the PIN once. Reads and lets the card answer if it was right; holds it on if it was wrong and a try is left.
    ///
    /// # Errors
    /// A problem of reader or card; `pin-blocked` if no try is left.
    pub fn present(
        self,
        pin: Pin,
        question: &Question,
        protection: Protection,
    ) -> Result<(Reading, Option<Self>), ProblemCode> {
        match self.0.verify(pin).map_err(problem)? {
            Attempt::Verified(card) => {
                let read = card
                    .with_protection(protection)
                    .read()
                    .and_then(|card| card.answer(&question.context())?.bind());
                // Whether a card that could not be bound is believed is for the center to say.
                let evidence = read.map_err(problem)?.into_evidence();
                Ok((Reading::Read(Box::new(evidence)), None))
            }
            Attempt::Wrong { remaining: 0, .. } | Attempt::Blocked => Err(ProblemCode::PinBlocked),
            Attempt::Wrong { again, .. } => {
                let held = Self(again.ask_tries().map_err(problem)?);
                let remaining = held.remaining();
                Ok((Reading::Wrong { remaining }, Some(held)))
            }
        }
    }
}

/// As a resident is told.
pub fn problem(error: SessionError) -> ProblemCode {
    match error {
        SessionError::Transport(error) => match error {
            TransportError::NoService => ProblemCode::ReaderServiceUnavailable,
            TransportError::NoReader => ProblemCode::NoReader,
            TransportError::NoCard => ProblemCode::NoCard,
            TransportError::CardLifted => ProblemCode::CardLifted,
            TransportError::InUse => ProblemCode::CardInUse,
            TransportError::Protocol => ProblemCode::CardUnreadable,
        },
        SessionError::Phone => ProblemCode::PhoneInsteadOfCard,
        SessionError::WrongCard => ProblemCode::WrongCard,
        SessionError::Expired => ProblemCode::CardExpired,
        SessionError::PinBlocked => ProblemCode::PinBlocked,
        // It reads like a card and cannot sign like one: a copy of somebody's files.
        SessionError::Unexpected {
            step: Step::Challenge,
            ..
        } => ProblemCode::CardNotGenuine,
        SessionError::Unexpected { .. }
        | SessionError::NoStatus
        | SessionError::File(_)
        | SessionError::Messaging(_) => ProblemCode::CardUnreadable,
    }
}
