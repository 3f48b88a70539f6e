//! The way to a card: bytes of a command there, bytes of a response back.
//!
//! PC/SC readers (feature `pcsc`), emulators and tests are peers under one trait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

/// A card that can be talked to, by one caller alone.
///
/// Dropping it ends the connection **and powers the card down**: the PIN stays verified for as long
/// as the card has power, whoever connects next.
pub trait Transport {
    /// Sends one command APDU and waits for its response APDU, status word included.
    ///
    /// # Errors
    /// [`TransportError`]. What the card did with the command is then unknown.
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError>;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        (**self).transmit(command)
    }
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The smart card service does not run.
    #[error("smart card service is not running")]
    NoService,
    /// No reader, or not this one any more.
    #[error("no reader")]
    NoReader,
    /// No card on the reader.
    #[error("no card")]
    NoCard,
    /// The card was lifted, reset or exchanged since the connection was made.
    #[error("card lifted, reset or exchanged")]
    CardLifted,
    /// Another program holds the card.
    #[error("card in use by another program")]
    InUse,
    /// Reader and card did not understand each other. Readers without extended length may say so to
    /// an extended command.
    #[error("reader and card did not understand each other")]
    Protocol,
}

/// Whether a reader takes extended length, shared by all connections through it: assumed until one
/// is refused, remembered from then on.
#[derive(Clone, Debug, Default)]
pub struct Lengths {
    short_only: Arc<AtomicBool>,
}

impl Lengths {
    /// Whether extended length is (still) worth trying.
    #[must_use]
    pub fn extended(&self) -> bool {
        !self.short_only.load(Ordering::Relaxed)
    }

    /// Remembers that it was refused.
    pub fn refuse_extended(&self) {
        self.short_only.store(true, Ordering::Relaxed);
    }
}
