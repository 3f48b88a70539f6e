//! All of a process's memory, searched for many things at once.
//!
//! A package of its own, so that a development build has it optimised: most of the time of an experiment about memory passes here.

mod pieces;
mod process;
mod search;

pub use pieces::Pieces;
pub use process::Scan;
pub use search::{Found, Search};

/// Length of what is searched for: whoever keeps no eight bytes of something keeps nothing of it.
pub const WINDOW: usize = 8;
