//! Programs of others, asked what they make of the emulated card and of issued certificates.

pub mod myna;
pub mod opensc;
pub mod page;
