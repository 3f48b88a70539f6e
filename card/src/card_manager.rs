//! The card manager (GlobalPlatform's issuer security domain): what the card answers outside its
//! applications.
//!
//! It is current after power-on, and selecting it leaves the current application and clears what was
//! presented there. (SELECT MF does neither.) It has no files but data objects, `00 CA P1 P2` with the
//! tag in P1-P2, which everybody may get and nobody signs:
//!
//! | tag | value |
//! |---|---|
//! | 0042 | [`KeyId`](crate::key::KeyId) of the issuer, 16 bytes |
//! | 0045 | [`CardId`], ASCII |
//! | 0066 | card recognition data of GlobalPlatform |
//! | 00F0 | [`municipality`], 5 ASCII digits |
//! | 00F2 | the last day the card is valid, 8 ASCII digits `YYYYMMDD` |
//! | 00F7 | [`KeyId`](crate::key::KeyId) of the intermediate, 16 bytes |
//! | 00F8 | card-verifiable certificate of the intermediate, **without** its 7F21 |
//! | 7F21 | card-verifiable certificate under the intermediate, **without** its 7F21 |
//!
//! Which of them a card has varies; for one that it has not it answers `6A88`. A short Le is answered
//! `6700` where the object is longer than 256 bytes.

use std::fmt;

use crate::file::FileError;
use crate::private::Private;

/// Application id.
pub const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];

/// Tag of a data object, as GET DATA carries it in P1-P2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataObject(u16);

impl DataObject {
    /// The data object with this tag.
    #[must_use]
    pub const fn new(tag: u16) -> Self {
        Self(tag)
    }

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> u16 {
        self.0
    }
}

/// 0042: key id of the issuer.
pub const ISSUER_KEY: DataObject = DataObject::new(0x0042);
/// 0045: card identification number.
pub const CARD_ID: DataObject = DataObject::new(0x0045);
/// 0066: card recognition data.
pub const RECOGNITION_DATA: DataObject = DataObject::new(0x0066);
/// 00F0: code of the issuing municipality.
pub const MUNICIPALITY: DataObject = DataObject::new(0x00F0);
/// 00F2: the last day the card is valid.
pub const EXPIRY: DataObject = DataObject::new(0x00F2);
/// 00F7: key id of the intermediate.
pub const INTERMEDIATE_KEY: DataObject = DataObject::new(0x00F7);
/// 00F8: certificate of the intermediate.
pub const UPPER_CERTIFICATE: DataObject = DataObject::new(0x00F8);
/// 7F21: certificate under the intermediate.
pub const LOWER_CERTIFICATE: DataObject = DataObject::new(0x7F21);

/// Reads 00F0, the code of the issuing municipality (全国地方公共団体コード without its check digit):
/// five ASCII digits.
///
/// # Errors
/// [`FileError`] if it is not five ASCII digits.
pub fn municipality(value: &[u8]) -> Result<[u8; 5], FileError> {
    let code: [u8; 5] = value.try_into().map_err(|_| FileError::Length)?;
    if code.iter().all(u8::is_ascii_digit) {
        Ok(code)
    } else {
        Err(FileError::Digits)
    }
}

/// 0045, the card identification number: it tells one card from all others, so it is wiped and never
/// printed. 1 to 32 printable ASCII characters; its inner form is not published.
#[derive(PartialEq, Eq)]
pub struct CardId(Private<Vec<u8>>);

impl CardId {
    /// Most characters that are taken. (Real ones are shorter; how long they can be is not published.)
    pub const LONGEST: usize = 32;

    /// The characters.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl TryFrom<&[u8]> for CardId {
    type Error = FileError;

    fn try_from(value: &[u8]) -> Result<Self, FileError> {
        if !(1..=Self::LONGEST).contains(&value.len()) {
            return Err(FileError::Length);
        }
        if value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            Ok(Self(Private::new(value.to_vec())))
        } else {
            Err(FileError::Text)
        }
    }
}

impl fmt::Debug for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_municipality_is_five_digits() {
        assert_eq!(municipality(b"13221"), Ok(*b"13221"));
        assert_eq!(municipality(b"1322"), Err(FileError::Length));
        assert_eq!(municipality(b"132213"), Err(FileError::Length));
        assert_eq!(municipality(b"1322x"), Err(FileError::Digits));
    }

    #[test]
    fn a_card_id_is_ascii_and_never_printed() {
        let id = CardId::try_from(&b"400000012719843"[..]).unwrap();
        assert_eq!(id.expose(), b"400000012719843");
        assert_eq!(format!("{id:?}"), "CardId(..)");
        assert_eq!(CardId::try_from(&[][..]), Err(FileError::Length));
        assert_eq!(CardId::try_from(&[b'1'; 33][..]), Err(FileError::Length));
        assert_eq!(CardId::try_from(&b"12\n"[..]), Err(FileError::Text));
    }
}
