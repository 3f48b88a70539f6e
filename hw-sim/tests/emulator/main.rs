//! The emulator as its users meet it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod faults;
mod issued;
mod reader;
mod session;
mod slots;
mod transcripts;
