//! The program `kiosk`: see [`terminal::kiosk`].

use std::process::ExitCode;

use clap::Parser;
use sandbox::Trial;
use terminal::beside;
use terminal::kiosk::{self, Arguments};

/// Memory is wiped when it is freed: buffers of TLS, HTTP and the rasteriser hold what the types here cannot wipe.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    beside::be().unwrap_or_else(|| kiosk::main(Arguments::parse(), Trial::default()))
}
