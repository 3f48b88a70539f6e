//! issuance-channel
