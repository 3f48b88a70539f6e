//! The shipped programs but for what they are told in code ([`stage::control`]): what is freed is wiped, as there.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    stage::control::main()
}
