//! Words for programs that stand beside the sentences: a front end in another language says its own of them.

use crate::document::Unreadable;
use crate::health_card::CardError;
use crate::report::{Note, Revoked, Subject, Tampered, Unchecked, Verdict};
use crate::vds::VdsError;
use crate::x509::signer::SignerError;

/// Every word of [`Verdict::why`]. New ones come with a new [`FORM`](crate::form::FORM).
pub const WHYS: [&str; 14] = [
    "no-list",
    "old-list",
    "document",
    "signer",
    "csca",
    "content",
    "issuer",
    "incomplete",
    "mixed",
    "text",
    "algorithm",
    "version",
    "payload",
    "signer-certificate",
];

/// Every word of [`Note::word`].
pub const NOTES: [&str; 5] = [
    "not-before-fraction",
    "signer-profile",
    "dose-after-signing",
    "dose-in-future",
    "revocations-as-of",
];

impl Verdict {
    /// Why, in one word of [`WHYS`]: whose dates or revocation it was, what does not fit its signature, what of its form is wrong.
    /// Nothing where the verdict's own word says it all.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        Some(match self {
            Self::Valid | Self::UnknownIssuer | Self::Malformed(Unreadable::Unsupported) => {
                return None;
            }
            Self::Unchecked(Unchecked::NoList) => "no-list",
            Self::Unchecked(Unchecked::OldList) => "old-list",
            Self::Revoked(Revoked::Document)
            | Self::Expired(Subject::Document)
            | Self::NotYetValid(Subject::Document) => "document",
            Self::Revoked(Revoked::Signer)
            | Self::Expired(Subject::Signer)
            | Self::NotYetValid(Subject::Signer)
            | Self::Tampered(Tampered::Signer) => "signer",
            Self::Expired(Subject::Csca) | Self::NotYetValid(Subject::Csca) => "csca",
            Self::Tampered(Tampered::Content) => "content",
            Self::Tampered(Tampered::Issuer) => "issuer",
            Self::Malformed(why) => of_form(why),
        })
    }
}

const fn of_form(why: &Unreadable) -> &'static str {
    match why {
        Unreadable::Incomplete { .. } | Unreadable::HealthCard(CardError::Chunked) => "incomplete",
        Unreadable::Mixed => "mixed",
        Unreadable::HealthCard(CardError::Algorithm | CardError::Compression)
        | Unreadable::Vds(
            VdsError::Algorithm | VdsError::Signer(SignerError::Algorithm | SignerError::Key),
        ) => "algorithm",
        Unreadable::Vds(VdsError::Version) => "version",
        Unreadable::Vds(VdsError::Signer(_)) => "signer-certificate",
        Unreadable::HealthCard(CardError::Payload | CardError::Issuer | CardError::Inflate)
        | Unreadable::Vds(VdsError::Message) => "payload",
        Unreadable::HealthCard(_) | Unreadable::Vds(_) | Unreadable::Unsupported => "text",
    }
}

impl Note {
    /// What is odd, in one word of [`NOTES`].
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotBeforeFraction => "not-before-fraction",
            Self::Signer(_) => "signer-profile",
            Self::DoseAfterSigning => "dose-after-signing",
            Self::DoseInFuture => "dose-in-future",
            Self::RevocationsAsOf(_) => "revocations-as-of",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_of_its_list_and_each_list_is_used_up() {
        let verdicts = [
            Verdict::Unchecked(Unchecked::NoList),
            Verdict::Unchecked(Unchecked::OldList),
            Verdict::Revoked(Revoked::Document),
            Verdict::Expired(Subject::Signer),
            Verdict::NotYetValid(Subject::Csca),
            Verdict::Tampered(Tampered::Content),
            Verdict::Tampered(Tampered::Signer),
            Verdict::Tampered(Tampered::Issuer),
            Verdict::Malformed(Unreadable::Incomplete { have: 1, total: 3 }),
            Verdict::Malformed(Unreadable::Mixed),
            Verdict::Malformed(CardError::Digits.into()),
            Verdict::Malformed(CardError::Compression.into()),
            Verdict::Malformed(VdsError::Signer(SignerError::Key).into()),
            Verdict::Malformed(VdsError::Version.into()),
            Verdict::Malformed(CardError::Payload.into()),
            Verdict::Malformed(VdsError::Signer(SignerError::Purpose).into()),
        ];
        let mut said: Vec<_> = verdicts.iter().map(|verdict| verdict.why()).collect();
        said.dedup();
        for word in WHYS {
            assert!(said.contains(&Some(word)), "{word} is never said");
        }
        for word in said {
            assert!(WHYS.contains(&word.unwrap()), "{word:?}");
        }
        for silent in [
            Verdict::Valid,
            Verdict::UnknownIssuer,
            Verdict::Malformed(Unreadable::Unsupported),
        ] {
            assert_eq!(silent.why(), None);
        }
    }
}
