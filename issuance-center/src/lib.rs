//! issuance-center

pub mod certificate;
pub mod programme;
