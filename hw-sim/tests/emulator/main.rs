//! The emulator as its users meet it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cabinet;
mod client;
mod common;
mod faults;
mod issued;
mod messaging;
mod panel;
mod program;
mod reader;
mod session;
mod slots;
mod transcripts;
