//! `card`: reads, checks and looks after a My Number Card on a PC/SC reader. `card --help` says how.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that answers on its standard output"
)]

mod arguments;
mod change;
mod desk;
mod diagnose;
mod dump;
mod entry;
mod failure;
mod machine;
mod output;
mod read;
mod readers;
mod status;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, PinCommand};
use failure::Failure;

/// Wipes memory when it is freed: what is printed was a copy of somebody's data.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("card: {failure}");
            if let Some(next) = failure.next_step() {
                eprintln!("      {next}");
            }
            ExitCode::from(failure.code())
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Readers(json) => readers::run(&json),
        Command::Status { on, json } => status::run(&on, &json),
        Command::Read(arguments) => read::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Diagnose { on, json } => diagnose::run(&on, &json),
        Command::Pin {
            command: PinCommand::Change(arguments),
        } => change::run(&arguments),
    }
}
