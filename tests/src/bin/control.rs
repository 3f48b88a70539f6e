//! Center and VRS as no program of ours runs them: what the experiments have instead, to show that they would notice.
//!
//! Nothing is wiped here when it is freed, for there is no allocator that does. With `--free` the process takes nothing from itself. With
//! `--stacks` it leaves its threads' stacks as they are. With `--attempts` it tries, from inside and once it serves, what
//! `lists/attempts.json` beside its configuration says, as soon as that is there.
//! The shipped programs have no such switch: what they serve with is given to [`sandbox::Trial`] in code.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to the experiment that started it"
)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use sandbox::{Inside, Trial};
use stage::experiment::attempt::{self, Attempt};

#[derive(Parser)]
struct Arguments {
    server: Server,
    #[arg(long)]
    config: PathBuf,
    #[arg(long)]
    free: bool,
    #[arg(long)]
    stacks: bool,
    #[arg(long)]
    attempts: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Server {
    Center,
    Vrs,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("control: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let list = arguments.config.with_file_name("lists");
    let list = list.join("attempts.json");
    let trial = Trial {
        confined: !arguments.free,
        inside: arguments
            .attempts
            .then(|| Box::new(move || try_all(&list)) as Inside),
    };
    if arguments.stacks {
        issuance_channel::stack::leave_as_they_are();
    }
    match arguments.server {
        Server::Center => {
            let config = issuance_center::config::Config::load(&arguments.config)?;
            Ok(issuance_center::serve::serve(config, trial)?)
        }
        Server::Vrs => {
            let config = vrs::config::Config::load(&arguments.config)?;
            Ok(vrs::serve::serve(
                config,
                vrs::clock::SystemClock::start(),
                trial,
            )?)
        }
    }
}

fn try_all(list: &Path) {
    let attempts: Vec<Attempt> = loop {
        // It is put there in one step, by renaming.
        match fs::read(list) {
            Ok(text) => break serde_json::from_slice(&text).expect("the experiment wrote it"),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    };
    println!("attempt begin");
    for attempt in attempts {
        println!("{}", attempt::line(&attempt, &attempt.run()));
    }
    println!("attempt end");
}
