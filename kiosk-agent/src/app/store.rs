//! What the device keeps: issued certificates, and nothing else (requirement A3).

use std::fmt;
use std::str::FromStr;

use issuance_api::terminal::Preview;
use issuance_api::{Blob, Personal, ProblemCode};
use serde::{Deserialize, Serialize};

/// A certificate as it is kept: all of it is the certificate's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The SMART Health Card: a compact JWS.
    pub jws: Personal,
    /// For abroad: the VDS-NC, as its QR code says it.
    pub seal: Option<Personal>,
    /// The page: one PDF.
    pub page: Blob,
    /// What it says, as it was previewed and checked.
    pub says: Preview,
    /// When it was issued, in seconds since 1970.
    pub issued_at: u64,
}

/// Which of the certificates on this device: random, and of no meaning elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId([u8; 16]);

/// No entry's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 32 hexadecimal digits in lower case")]
pub struct EntryIdError;

impl EntryId {
    /// A fresh one.
    ///
    /// # Panics
    /// If the operating system gives no randomness.
    #[must_use]
    pub fn random() -> Self {
        let mut id = [0; 16];
        getrandom::fill(&mut id).expect("the operating system gives randomness");
        Self(id)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntryId {
    type Err = EntryIdError;

    fn from_str(text: &str) -> Result<Self, EntryIdError> {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(EntryIdError),
        };
        let digits: &[u8; 32] = text.as_bytes().try_into().map_err(|_| EntryIdError)?;
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(id))
    }
}

impl TryFrom<String> for EntryId {
    type Error = EntryIdError;

    fn try_from(text: String) -> Result<Self, EntryIdError> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.to_string()
    }
}

/// Why nothing is kept, found or deleted. Says nothing of what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be written or read.
    #[error("the wallet cannot be written or read")]
    Unavailable,
    /// There is none of this id.
    #[error("no such certificate")]
    Missing,
    /// Its file is not what was written.
    #[error("the certificate's file is damaged")]
    Damaged,
}

impl From<StoreError> for ProblemCode {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable => Self::OutputFailed,
            StoreError::Missing => Self::NotFound,
            StoreError::Damaged => Self::CertificateUnreadable,
        }
    }
}

/// Everything there is.
#[derive(Debug, Default)]
pub struct Listing {
    /// In no order.
    pub certificates: Vec<(EntryId, Kept)>,
    /// Files that are damaged: told, and in nobody's way.
    pub damaged: usize,
}

/// An open wallet. Calls take a moment and block meanwhile.
pub trait Store: Send {
    /// Keeps a certificate: on return it is safely on the disk, whole, or not at all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    fn keep(&mut self, kept: &Kept) -> Result<EntryId, StoreError>;

    /// Everything there is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    fn list(&self) -> Result<Listing, StoreError>;

    /// One certificate.
    ///
    /// # Errors
    /// [`StoreError`]
    fn certificate(&self, id: EntryId) -> Result<Kept, StoreError>;

    /// Deletes one.
    ///
    /// # Errors
    /// [`StoreError`]
    fn delete(&mut self, id: EntryId) -> Result<(), StoreError>;

    /// Whether a certificate could be kept now. Asked before one is issued.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    fn ready(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_does() {
        let id = EntryId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [
            "",
            "00",
            &"0".repeat(33),
            &"A".repeat(32),
            "../../../../../../etc/passwd/etc",
        ] {
            assert_eq!(wrong.parse::<EntryId>(), Err(EntryIdError), "{wrong}");
        }
    }
}
