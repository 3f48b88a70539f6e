//! What travels between terminals, the issuance center and the vaccination record system (VRS).
//!
//! Wire types only: this crate opens no socket, reads no file and signs nothing. Terminals and VRS
//! depend on it and never on the center.
//!
//! | module | who talks |
//! |---|---|
//! | [`terminal`] | kiosk or app ↔ center |
//! | [`enrolment`] | app ↔ center, before the app has a certificate |
//! | [`registry`] | center ↔ VRS |
//! | [`passport`] | the machine-readable zone of a passport, parsed |
//! | [`problem`] | everybody: the closed list of problem codes (RFC 9457) |
//!
//! Every type exists only parsed: a [`MunicipalityCode`] has a right check digit, a
//! [`CertificateId`] too. Values about a person are [`Personal`], [`PersonalBytes`] or [`PersonalDate`]: wiped on drop, never
//! printed, not to be cloned.

pub mod attached;
mod certificate_id;
pub mod enrolment;
mod ids;
pub mod passport;
mod personal;
pub mod problem;
pub mod registry;
pub mod terminal;
mod transcript;
mod wire;

pub use certificate_id::{CertificateId, CertificateIdError};
pub use ids::{
    BuildId, CenterId, CertificateKind, Date, IdError, KeyId, MunicipalityCode, ProgrammeId,
    TerminalRole, TerminalUrn, VrsId,
};
pub use personal::{Personal, PersonalBytes, PersonalDate};
pub use problem::{Problem, ProblemCode};
pub use transcript::{IssueIntent, Transcript, inquiry_message, issue_message};
pub use wire::{Array, Blob};
