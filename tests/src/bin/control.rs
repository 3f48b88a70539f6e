//! What experiments compare with ([`stage::control`]): nothing here is wiped when it is freed.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::control::main()
}
