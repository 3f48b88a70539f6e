//! `hw-sim`: emulated My Number Cards on a virtual reader, and the commands to handle them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that answers on its standard output"
)]

use std::error::Error;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use hw_sim::control::{Reply, Request, Server, call};
use hw_sim::persona::PersonaName;
use hw_sim::personalize::personalize;
use hw_sim::vpcd;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Emulated My Number Cards on a virtual PC/SC reader.
#[derive(Parser)]
#[command(name = "hw-sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make cards, their CA and its trust anchors from persona files
    Personalize {
        /// Folder of persona files (NAME.toml)
        #[arg(long)]
        personas: PathBuf,
        /// Folder for authority/, anchors/ and cards/
        #[arg(long)]
        out: PathBuf,
        /// Make cards anew even where the persona has not changed
        #[arg(long)]
        force: bool,
    },
    /// Run the emulator until it is told to end
    Run {
        /// Folder of cards: cards/ of what `personalize` made
        #[arg(long)]
        cards: PathBuf,
        /// Port of the virtual reader's driver
        #[arg(long, default_value_t = vpcd::PORT)]
        port: u16,
        #[command(flatten)]
        control: Control,
    },
    /// Put a persona's card on the reader
    Insert {
        /// Whose card
        persona: PersonaName,
        /// Lift it as soon as it has answered so many APDUs
        #[arg(long)]
        lift_after: Option<NonZeroU32>,
        #[command(flatten)]
        on: OnSlot,
    },
    /// Take the card from the reader
    Remove {
        #[command(flatten)]
        on: OnSlot,
    },
    /// Which card is on the reader, and how many tries are left
    Status {
        #[command(flatten)]
        control: Control,
    },
    /// APDUs that went over the reader: headers, lengths and status words, never data
    Trace {
        /// Go on as they come
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        on: OnSlot,
    },
    /// Give a persona's card its first tries back
    ResetTries {
        /// Whose card
        persona: PersonaName,
        #[command(flatten)]
        control: Control,
    },
}

#[derive(Args)]
struct Control {
    /// Control socket [default: hw-sim.sock in $XDG_RUNTIME_DIR, or here if there is none]
    #[arg(long = "control", value_name = "SOCKET")]
    socket: Option<PathBuf>,
}

#[derive(Args)]
struct OnSlot {
    /// Slot of the reader
    #[arg(long, default_value_t = 0)]
    slot: usize,
    #[command(flatten)]
    control: Control,
}

impl Control {
    fn socket(self) -> PathBuf {
        let default = || {
            std::env::var_os("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .unwrap_or_default()
                .join("hw-sim.sock")
        };
        self.socket.unwrap_or_else(default)
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hw-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Personalize {
            personas,
            out,
            force,
        } => {
            let outcome = personalize(&personas, &out, force)?;
            for (word, names) in [("made", outcome.made), ("kept", outcome.kept)] {
                names.into_iter().for_each(|name| println!("{word} {name}"));
            }
            Ok(())
        }
        Command::Run {
            cards,
            port,
            control,
        } => serve(cards, port, control),
        Command::Insert {
            persona,
            lift_after,
            on,
        } => ask(
            on.control,
            &Request::Insert {
                slot: on.slot,
                persona,
                lift_after,
            },
        ),
        Command::Remove { on } => ask(on.control, &Request::Remove { slot: on.slot }),
        Command::Status { control } => ask(control, &Request::Status),
        Command::Trace { follow, on } => ask(
            on.control,
            &Request::Trace {
                slot: on.slot,
                follow,
            },
        ),
        Command::ResetTries { persona, control } => ask(control, &Request::ResetTries { persona }),
    }
}

fn serve(cards: PathBuf, port: u16, control: Control) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let socket = control.socket();
    let server = Server::bind(&socket, &cards, port)?;
    server.start()?;
    println!("ready control={}", socket.display());
    signals.forever().next();
    Ok(())
}

fn ask(control: Control, request: &Request) -> Result<(), Box<dyn Error>> {
    for reply in call(&control.socket(), request)? {
        match reply? {
            Reply::Done => {}
            Reply::Slot {
                slot,
                persona: None,
                ..
            } => println!("slot {slot}: empty"),
            Reply::Slot {
                slot,
                persona: Some(persona),
                tries,
            } => {
                println!("slot {slot}: {persona}");
                for (ap, tries) in tries {
                    let tries: Vec<_> = tries
                        .iter()
                        .map(|(ef, left)| format!("{ef} {left}"))
                        .collect();
                    println!("  tries left in {ap}: {}", tries.join(", "));
                }
            }
            Reply::Event(event) => println!("{event}"),
            Reply::Refused { because } => return Err(because.into()),
        }
    }
    Ok(())
}
