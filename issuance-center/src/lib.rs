//! issuance-center
