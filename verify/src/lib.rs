//! Reads and checks vaccination certificates of any issuer: SMART Health Cards and ICAO's VDS-NC.

mod card;
mod countries;
mod document;
mod health_card;
mod json;
mod jwks;
mod report;
mod revoked_cards;
#[cfg(feature = "scan")]
pub mod scan;
mod trust;
mod vds;
mod x509;

pub use card::{Card, HumanName, Immunization, Patient, Private};
pub use document::{Document, Kind, Unreadable, read};
pub use health_card::{CardError, check, jws_of};
pub use json::JsonError;
pub use jwks::{Jwks, JwksError};
pub use report::{Content, Note, Report, Revoked, Signer, Subject, Tampered, Unchecked, Verdict};
pub use revoked_cards::{RevokedCards, RevokedCardsError};
pub use trust::{CardIssuer, Country, TrustError, TrustList};
pub use vds::{Dose, Holder, Vaccination, Vaccine, Vds, VdsError};
pub use x509::csca::{Csca, CscaError};
pub use x509::revoked::{CrlError, RevokedSigners};
pub use x509::signer::{Deviation, SignerError};
