//! Programs of others, asked what they make of the emulated card and of issued certificates.

pub mod myna;
pub mod opensc;
pub mod page;

use std::path::PathBuf;

use crate::process::program;

/// The Python that has what they need: `./shomei` puts it beside the build's folders.
#[must_use]
pub fn python() -> PathBuf {
    program("").join("../judges/bin/python")
}
