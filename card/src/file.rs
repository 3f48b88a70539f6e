//! What all elementary files (EF) have in common.

use crate::attributes::BirthDateError;
use crate::key::{KeyError, KeyIdError, SignatureLengthError};
use crate::tlv::TlvError;

/// Longest EF that is read or taken as evidence, in bytes. The card's own are below 1,000; what grows
/// is the address.
pub const MAX_FILE: usize = 8192;

/// The two bytes that name an elementary file of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ef(u16);

impl Ef {
    /// The EF with this id.
    #[must_use]
    pub const fn new(id: u16) -> Self {
        Self(id)
    }

    /// Its two bytes, as SELECT carries them.
    #[must_use]
    pub const fn id(self) -> u16 {
        self.0
    }

    /// `80|SFI`: its short id as READ BINARY carries it in P1 and VERIFY in P2. The short id is the
    /// low five bits of the id.
    #[must_use]
    pub const fn short_reference(self) -> u8 {
        let [_, low] = self.0.to_be_bytes();
        0x80 | (low & 0x1F)
    }
}

/// Why a file's content is not laid out as it should be. Says which rule, never the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A data object is missing, cut off, or one too many.
    #[error("data objects: {0}")]
    Tlv(#[from] TlvError),
    /// Not as long as this file always is.
    #[error("wrong length")]
    Length,
    /// Longer than [`MAX_FILE`].
    #[error("longer than any file of the card")]
    TooLong,
    /// What should be ASCII digits is not.
    #[error("not digits")]
    Digits,
    /// What should be UTF-8 is not.
    #[error("not UTF-8")]
    Text,
    /// The birth date is no date.
    #[error("no birth date")]
    BirthDate,
    /// The expiry date is no date.
    #[error("no expiry date")]
    ExpiryDate,
    /// A key id is not of its form.
    #[error("no key id")]
    KeyId,
    /// A key is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A signature has not 256 bytes.
    #[error("signature is not of 256 bytes")]
    Signature,
}

impl From<KeyIdError> for FileError {
    fn from(_: KeyIdError) -> Self {
        Self::KeyId
    }
}

impl From<SignatureLengthError> for FileError {
    fn from(_: SignatureLengthError) -> Self {
        Self::Signature
    }
}

impl From<BirthDateError> for FileError {
    fn from(_: BirthDateError) -> Self {
        Self::BirthDate
    }
}
