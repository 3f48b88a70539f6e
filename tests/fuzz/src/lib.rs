//! What is fuzzed, as plain functions of bytes: each returns if all is well and panics if not.
//!
//! ```text
//!                       ┌─ fuzz/ (cargo-fuzz, libFuzzer): as long as one likes, guided by coverage
//! Target: body, seeds ──┼─ tests/short.rs: a fixed number of mutations, in `./shomei test`
//!   mutate(Shape)       └─ program fuzz-targets: writes seeds, replays inputs, counts lines covered
//! ```
//! An input has a [`Shape`], along which [`mutate()`] changes it: data objects keep lengths that fit,
//! so that a change gets past the outermost check.

mod inputs;
pub mod mutate;
pub mod seeds;
mod targets;

pub use inputs::Inputs;
pub use mutate::{Shape, mutate};
pub use targets::{PLANTED, TARGETS, Target, find};
