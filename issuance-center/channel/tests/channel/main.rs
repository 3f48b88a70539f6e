//! The channel over real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod anonymous;
mod exchange;
mod handshakes;
mod limits;
mod queue;
mod refusals;
mod stage;
