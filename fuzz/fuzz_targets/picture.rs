#![no_main]
//! See `fuzz-targets`.

shomei_fuzz::target!("picture");
