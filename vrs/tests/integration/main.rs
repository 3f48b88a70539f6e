//! One binary for all integration tests of this crate.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod abroad;
mod busy;
mod census;
mod certificates;
mod demo;
mod ended;
mod failing;
mod fixture;
mod import;
mod program;
mod register;
mod service;
mod storage;
mod support;
mod time;
