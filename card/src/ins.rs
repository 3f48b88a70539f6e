//! Instruction bytes the card knows. Class `00`, but for the two that say `80`.

/// VERIFY; without data it asks for the tries left.
pub const VERIFY: u8 = 0x20;
/// CHANGE REFERENCE DATA; the old value has to be verified before.
pub const CHANGE_REFERENCE_DATA: u8 = 0x24;
/// COMPUTE DIGITAL SIGNATURE, class `80`.
pub const COMPUTE_SIGNATURE: u8 = 0x2A;
/// SELECT.
pub const SELECT: u8 = 0xA4;
/// SET SESSION KEY (secure messaging of the text AP), class `80`.
pub const SET_SESSION_KEY: u8 = 0xAE;
/// READ BINARY.
pub const READ_BINARY: u8 = 0xB0;
/// READ RECORD.
pub const READ_RECORD: u8 = 0xB2;
/// GET RESPONSE: what is left of an answer.
pub const GET_RESPONSE: u8 = 0xC0;
/// GET DATA.
pub const GET_DATA: u8 = 0xCA;
