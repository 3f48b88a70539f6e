//! Android Key Attestation: what a device's keystore says of a key it made, and whether that is to be believed.
//!
//! ```text
//! root (configured) ── intermediates ── leaf: the attested key, with the extension 1.3.6.1.4.1.11129.2.1.17
//!                                                └ KeyDescription: levels, challenge, what hardware enforces, …
//! ```
//! | module | what |
//! |---|---|
//! | `der` | one checked reader of DER |
//! | [`description`] | the extension: [`KeyDescription`] |
//! | [`chain`] | certificates, from the key to a configured root |
//! | [`status`] | which attestation keys are revoked, and how old that knowledge is |
//! | [`policy`] | what is demanded: [`Policy::verify`] |
//!
//! The format is that of the Android documentation ("Verify hardware-backed key pairs with key attestation",
//! "Key and ID attestation"); names are its names. Knows nothing of the rest of this repository, and keeps nothing
//! of what it judges.

pub mod chain;
mod der;
pub mod description;
pub mod policy;
pub mod status;

pub use chain::{Roots, RootsError};
pub use der::Malformed;
pub use description::KeyDescription;
pub use policy::{AttestedKey, Policy, Refused};
pub use status::{StatusFile, StatusList};
