//! `hw-sim`: emulated My Number Cards on a virtual reader, and the commands to handle them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that answers on its standard output"
)]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use hw_sim::cabinet;
use hw_sim::control::{Refusal, Request, Server, call};
use hw_sim::keystore::{Keystore, authority::Authority, device::Device};
use hw_sim::panel::Panel;
use hw_sim::personalize::personalize;
use hw_sim::reader::Player;
use hw_sim::replay::Replayed;
use hw_sim::trace::Trace;
use hw_sim::transcript::Transcript;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use zeroize::Zeroizing;

use arguments::{Arguments, Command, OnSlot};
use client::{ask, ask_and_wait, pin_from, reach, record};

mod arguments;
mod client;
mod hand;

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
            cabinet,
            paper,
            control,
        } => until_told(|| {
            let socket = control.socket();
            let server = Server::bind(&socket, &cards, port)?;
            server.start()?;
            let cabinet = cabinet
                .map(|socket| cabinet::Server::bind(&socket, paper))
                .transpose()?;
            cabinet.iter().try_for_each(cabinet::Server::start)?;
            println!("ready control={}", socket.display());
            Ok((server, cabinet))
        }),
        Command::Panel {
            port,
            cards,
            reader_port,
            control,
        } => until_told(|| {
            let socket = control.socket();
            let server = match cards {
                Some(cards) => {
                    let server = Server::bind(&socket, &cards, reader_port)?;
                    server.start()?;
                    Some(server)
                }
                None => {
                    reach(&socket, |socket| call(socket, &Request::Status).map(drop))
                        .map_err(|error| format!("{error}, and so does --cards here"))?;
                    None
                }
            };
            let panel = Panel::bind(port, &socket)?;
            println!(
                "ready panel={} control={}",
                panel.address(),
                socket.display()
            );
            panel.start()?;
            Ok((panel, server))
        }),
        Command::Insert {
            persona,
            dump,
            pin_fd,
            lift_after,
            faults,
            wait,
            on,
        } => {
            let slot = on.slot;
            let request = match (persona, dump) {
                (Some(persona), _) => Request::Insert {
                    slot,
                    persona,
                    lift_after,
                    faults,
                },
                // The emulator may run elsewhere.
                (None, Some(dump)) => Request::InsertDump {
                    slot,
                    dump: std::path::absolute(dump)?,
                    pin: pin_fd.map_or_else(|| Ok("1234".try_into()?), pin_from)?,
                },
                (None, None) => return Err("neither a persona nor a dump".into()),
            };
            ask_and_wait(on, &wait, &request)
        }
        Command::Fault {
            faults,
            clear,
            on: OnSlot { slot, control },
        } => {
            let add = faults;
            ask(control, &Request::Fault { slot, clear, add })
        }
        Command::Remove { wait, on } => {
            let slot = on.slot;
            ask_and_wait(on, &wait, &Request::Remove { slot })
        }
        Command::Status { control } => ask(control, &Request::Status),
        Command::Trace {
            follow,
            on: OnSlot { slot, control },
        } => ask(control, &Request::Trace { slot, follow }),
        Command::Record {
            file,
            with_data,
            on,
        } => record(&file, with_data, on),
        Command::Replay { file, port } => {
            let card = recorded(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            until_told(|| {
                let player =
                    Player::insert(card, port, &Trace::default()).map_err(|_| Refusal::NoReader)?;
                if !player.wait_until_noticed() {
                    return Err(Refusal::Unnoticed.into());
                }
                println!("ready port={port}");
                Ok(player)
            })
        }
        Command::Keystore { command } => keystore(command),
        Command::Cabinet(command) => hand::run(command),
        Command::ResetTries { persona, control } => ask(control, &Request::ResetTries { persona }),
    }
}

fn keystore(command: arguments::Keystore) -> Result<(), Box<dyn Error>> {
    match command {
        arguments::Keystore::Make { out } => {
            if !out.join("roots.pem").exists() {
                Authority::generate()?.save(&out)?;
            }
            Ok(())
        }
        arguments::Keystore::Run {
            authority,
            device,
            socket,
        } => until_told(|| {
            let (device, authority) = (Device::load(&device)?, Authority::load(&authority)?);
            let keystore = Keystore::new(device, authority);
            let server = hw_sim::keystore::server::Server::bind(&socket, keystore)?;
            server.start()?;
            println!("ready keystore={}", socket.display());
            Ok(server)
        }),
    }
}

fn recorded(file: &Path) -> Result<Replayed, Box<dyn Error>> {
    let text = Zeroizing::new(fs::read_to_string(file)?);
    Ok(Replayed::try_from(&text.parse::<Transcript>()?)?)
}

/// Starts something and keeps it until the program is told to end.
fn until_told<T>(start: impl FnOnce() -> Result<T, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let running = start()?;
    signals.forever().next();
    drop(running);
    Ok(())
}
