//! The real processes, driven from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated_card;
