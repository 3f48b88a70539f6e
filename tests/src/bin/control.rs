//! Center, VRS and kiosk as no program of ours runs them: what the experiments have instead, to show that they would notice.
//!
//! Nothing is wiped here when it is freed, for there is no allocator that does. With `--free` the process takes nothing from itself. With
//! `--stacks` it leaves its threads' stacks as they are. With `--attempts` it tries, from inside and once it serves, what
//! `attempts.json` says, as soon as that is there: in the folder `lists` beside its configuration, or, at a kiosk, beside the services' root.
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

use clap::{Args, Parser, Subcommand};
use sandbox::{Inside, Trial};
use stage::experiment::attempt::{self, Attempt};
use terminal::kiosk;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    program: Program,
}

#[derive(Subcommand)]
enum Program {
    Center(Server),
    Vrs(Server),
    Kiosk {
        #[command(flatten)]
        switches: Switches,
        #[command(flatten)]
        kiosk: kiosk::Arguments,
    },
}

#[derive(Args)]
struct Server {
    #[command(flatten)]
    switches: Switches,
    #[arg(long)]
    config: PathBuf,
}

#[derive(Args)]
struct Switches {
    #[arg(long)]
    free: bool,
    #[arg(long)]
    stacks: bool,
    #[arg(long)]
    attempts: bool,
}

impl Switches {
    /// What is otherwise. Attempts lie in this folder, which each can read.
    fn trial(&self, folder: &Path) -> Trial {
        if self.stacks {
            issuance_channel::stack::leave_as_they_are();
        }
        let list = folder.join("attempts.json");
        Trial {
            confined: !self.free,
            inside: self
                .attempts
                .then(|| Box::new(move || try_all(&list)) as Inside),
        }
    }
}

fn main() -> ExitCode {
    if let Some(beside) = terminal::beside::be() {
        return beside;
    }
    let served = match Arguments::parse().program {
        Program::Center(server) => center(&server),
        Program::Vrs(server) => vrs(&server),
        Program::Kiosk { switches, kiosk } => return at_kiosk(&switches, kiosk),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("control: {error}");
            ExitCode::FAILURE
        }
    }
}

fn center(server: &Server) -> Result<(), Box<dyn Error>> {
    let config = issuance_center::config::Config::load(&server.config)?;
    let trial = server
        .switches
        .trial(&server.config.with_file_name("lists"));
    Ok(issuance_center::serve::serve(config, trial)?)
}

fn vrs(server: &Server) -> Result<(), Box<dyn Error>> {
    let config = vrs::config::Config::load(&server.config)?;
    let trial = server
        .switches
        .trial(&server.config.with_file_name("lists"));
    let clock = vrs::clock::SystemClock::start();
    Ok(vrs::serve::serve(config, clock, trial)?)
}

fn at_kiosk(switches: &Switches, arguments: kiosk::Arguments) -> ExitCode {
    // Beside the certificates that are read again.
    let config = terminal::config::Config::load(arguments.config());
    let roots = config.map(|config| config.center.tls.roots);
    let trial = switches.trial(roots.unwrap_or_default().parent().unwrap_or(Path::new("")));
    kiosk::main(arguments, trial)
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
