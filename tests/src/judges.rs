//! Programs of others, asked what they make of the emulated card.

pub mod myna;
pub mod opensc;
