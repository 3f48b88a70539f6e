//! What did not belong, in a word: operator and attendant are told it, and the mark of a kiosk out of service keeps it.

use serde::{Deserialize, Serialize};

/// What did not belong. Says which comparison, never the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Mismatch {
    /// Another name than the card's, or than the passport's.
    #[error("name")]
    Name,
    /// Another birth date than the card's.
    #[error("birth-date")]
    BirthDate,
    /// Another passport than the one read, or one where none belongs.
    #[error("passport")]
    Passport,
    /// Not what was asked for: programme, kind, municipality or one of its names, or copies.
    #[error("request")]
    Request,
    /// Not signed by the key that it names, or what was signed is no health card.
    #[error("signature")]
    Signature,
    /// The seal of a certificate for abroad is missing, is there where none belongs, is not signed by whom it names, or says something else.
    #[error("seal")]
    Seal,
    /// Another issuer.
    #[error("issuer")]
    Issuer,
    /// Other doses than the preview's.
    #[error("doses")]
    Doses,
    /// The page is not built as ours are, or one of its QR codes is not exactly this JWS or this seal.
    #[error("page")]
    Page,
}

impl Mismatch {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::BirthDate,
        Self::Passport,
        Self::Request,
        Self::Signature,
        Self::Seal,
        Self::Issuer,
        Self::Doses,
        Self::Page,
    ];

    /// The one that this word stands for.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.to_string() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_word_wherever_it_is_told() {
        for mismatch in Mismatch::ALL {
            let word = mismatch.to_string();
            assert_eq!(serde_json::to_value(mismatch).unwrap(), word.as_str());
            assert_eq!(Mismatch::of(&word), Some(mismatch));
        }
        assert_eq!(Mismatch::of(""), None);
        assert_eq!(Mismatch::of("Name"), None);
    }
}
