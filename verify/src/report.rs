//! What a document is, who signed it, and whether it holds.

use std::sync::Arc;

use time::Date;

use crate::card::Card;
use crate::document::{Kind, Unreadable};
use crate::vds::Vaccination;
use crate::x509::signer::Deviation;

/// What is to be said of a document.
#[derive(Debug)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Who it says issued it, verified or not: a URL, or three letters of a state. Never to be shown without the verdict.
    pub claimed: Option<String>,
    /// Who signed it. Nothing unless a key on the trust list did.
    pub signer: Option<Signer>,
    /// What was signed. Nothing unless a key on the trust list did.
    pub content: Option<Content>,
    /// What is odd about it, without being wrong.
    pub notes: Vec<Note>,
}

/// Whether a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Signed by an issuer on the trust list, in force, and not revoked as far as the issuer publishes revocations.
    Valid,
    /// As valid, but whether it was revoked cannot be told.
    Unchecked(Unchecked),
    /// Signed, and revoked since.
    Revoked(Revoked),
    /// Signed, and no longer in force.
    Expired(Subject),
    /// Signed, and not in force yet.
    NotYetValid(Subject),
    /// Signed by nobody on the trust list.
    UnknownIssuer,
    /// Something was changed, or is not by whom it says.
    Tampered(Tampered),
    /// Not in the form that its specification demands, or none that is verified here.
    Malformed(Unreadable),
}

/// Whose dates or revocation decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The document's own.
    Document,
    /// Its signer's certificate.
    Signer,
    /// The CSCA's certificate.
    Csca,
}

/// Why a revocation cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unchecked {
    /// The issuer publishes a list, and the trust list has none.
    #[error("no list of what was revoked")]
    NoList,
    /// The list there is, is older than the newest one that is known of, or than it says it may be.
    #[error("the list of what was revoked is out of date")]
    OldList,
}

/// What was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Revoked {
    /// The document.
    #[error("the document was revoked")]
    Document,
    /// The certificate of its signer.
    #[error("the signer's certificate was revoked")]
    Signer,
}

/// What is not as it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tampered {
    /// The signature is not by the signer's key over this content.
    #[error("the content is not what was signed")]
    Content,
    /// The signer's certificate names a CSCA on the trust list, which did not sign it.
    #[error("the signer's certificate is not by the CSCA that it names")]
    Signer,
    /// A key on the trust list signed it in the name of another issuer.
    #[error("signed by the key of another issuer")]
    Issuer,
}

/// Who signed a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Of a SMART Health Card.
    CardIssuer {
        /// The issuer's URL.
        url: String,
        /// As the trust list calls it.
        name: Option<String>,
        /// Id of the key: its thumbprint.
        kid: String,
    },
    /// Of a VDS-NC.
    Country {
        /// Three letters of the state, as in the document.
        code: String,
        /// As the trust list calls it.
        name: Option<String>,
        /// The signer's certificate's subject.
        subject: String,
        /// Its serial number, in hexadecimal digits.
        serial: String,
        /// First and last second of its validity, since 1970.
        validity: (i64, i64),
        /// Subject of the CSCA that signed it.
        csca: String,
        /// SHA-256 of that CSCA's certificate, in hexadecimal digits.
        csca_fingerprint: String,
    },
}

/// What was signed.
#[derive(Debug)]
pub enum Content {
    /// Of a SMART Health Card about a patient.
    Card(Card),
    /// Of a SMART Health Card about something else, of these types.
    OtherCard {
        /// All of `vc.type`.
        types: Vec<String>,
    },
    /// Of a proof of vaccination.
    Vaccination(Arc<Vaccination>),
    /// Of a seal of this type, whose message is not read here.
    OtherSeal {
        /// `hdr.t`.
        kind: String,
    },
}

/// What is odd about a document, without being wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Note {
    /// `nbf` has a fraction: some verifiers refuse the card for it.
    #[error("nbf is not a whole number of seconds")]
    NotBeforeFraction,
    /// Where the signer's certificate departs from the profile.
    #[error("the signer's certificate {0}")]
    Signer(#[from] Deviation),
    /// A dose was given after the time in which the signer's key signs.
    #[error("a dose is later than the signer's key was used")]
    DoseAfterSigning,
    /// A dose lies in the future.
    #[error("a dose lies in the future")]
    DoseInFuture,
    /// What the list of revocations says is as old as this day, on which it was fetched.
    #[error("revocations as of {0}")]
    RevocationsAsOf(Date),
}

impl Verdict {
    /// One word for programs: `valid`, `unchecked`, `revoked`, `expired`, `not-yet-valid`, `unknown-issuer`, `tampered`,
    /// `malformed` or `unsupported`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Unchecked(_) => "unchecked",
            Self::Revoked(_) => "revoked",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not-yet-valid",
            Self::UnknownIssuer => "unknown-issuer",
            Self::Tampered(_) => "tampered",
            Self::Malformed(Unreadable::Unsupported) => "unsupported",
            Self::Malformed(_) => "malformed",
        }
    }

    /// Why, in a sentence for a person; nothing where the word says it all.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let whose = |subject: &Subject| match subject {
            Subject::Document => "the document's own dates",
            Subject::Signer => "the dates of its signer's certificate",
            Subject::Csca => "the dates of the CSCA's certificate",
        };
        match self {
            Self::Valid => None,
            Self::Unchecked(why) => Some(why.to_string()),
            Self::Revoked(what) => Some(what.to_string()),
            Self::Expired(subject) | Self::NotYetValid(subject) => Some(whose(subject).to_owned()),
            Self::UnknownIssuer => Some("signed by nobody on the trust list".to_owned()),
            Self::Tampered(what) => Some(what.to_string()),
            Self::Malformed(why) => Some(why.to_string()),
        }
    }
}
