//! `hw-sim`: emulated My Number Cards on a virtual reader, and the commands to handle them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that answers on its standard output"
)]

#[path = "main/hand.rs"]
mod hand;

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::num::NonZeroU32;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use hw_sim::cabinet;
use hw_sim::control::{self, Reply, Request, Server, call};
use hw_sim::fault::Fault;
use hw_sim::panel::Panel;
use hw_sim::persona::PersonaName;
use hw_sim::personalize::personalize;
use hw_sim::reader::Player;
use hw_sim::replay::Replayed;
use hw_sim::trace::Trace;
use hw_sim::transcript::{PERSONAL, Transcript};
use hw_sim::vpcd;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use zeroize::Zeroizing;

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
    /// Run the emulator, with two slots, until it is told to end
    Run {
        /// Folder of cards: cards/ of what `personalize` made
        #[arg(long)]
        cards: PathBuf,
        /// Port of the virtual reader's driver for the first slot; the second has the next
        #[arg(long, default_value_t = vpcd::PORT)]
        port: u16,
        /// Play a kiosk's sensors and payment unit too, on this socket
        #[arg(long, value_name = "SOCKET")]
        cabinet: Option<PathBuf>,
        /// With --cabinet: folder that a printer puts its paper into as files; they lie in the tray until `tray take`
        #[arg(long, value_name = "DIR", requires = "cabinet")]
        paper: Option<PathBuf>,
        #[command(flatten)]
        control: Control,
    },
    /// Serve a web page on loopback that handles the emulator: cards, faults, trace
    Panel {
        /// Port of the page [default: one that is free]
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Run the emulator as well, with this folder of cards
        #[arg(long)]
        cards: Option<PathBuf>,
        /// With --cards: port of the virtual reader's driver for the first slot
        #[arg(long, requires = "cards", default_value_t = vpcd::PORT)]
        reader_port: u16,
        #[command(flatten)]
        control: Control,
    },
    /// Put a persona's card on the reader
    Insert {
        /// Whose card
        #[arg(required_unless_present = "dump")]
        persona: Option<PersonaName>,
        /// Instead: folder of a dump, as `card dump` writes it; the card answers reads and no challenge
        #[arg(long, value_name = "DIR", conflicts_with_all = ["persona", "lift_after", "faults"])]
        dump: Option<PathBuf>,
        /// With --dump: the PIN it shall have
        #[arg(long, requires = "dump", default_value = "1234")]
        pin: String,
        /// Lift it as soon as it has answered so many APDUs
        #[arg(long)]
        lift_after: Option<NonZeroU32>,
        /// What goes wrong with it, as KIND[=VALUE][@POSITION][,times=COUNT][,seed=SEED]: bit-flip@ef=0002. May be repeated
        #[arg(long = "fault", value_name = "FAULT")]
        faults: Vec<Fault>,
        #[command(flatten)]
        on: OnSlot,
    },
    /// Have things go wrong with the card on the reader
    ///
    /// A fault is KIND[=VALUE][@POSITION][,times=COUNT][,seed=SEED]. Kinds: lifted, reset, mute, slow=MS, wrong-sw=SW,
    /// truncated, overlong, garbage, bit-flip, duplicate-answer, swapped=PERSONA. Positions: apdu=NUMBER, ins=INS, ef=EF,
    /// ef=AP:EF; without one it is the next command. COUNT is a number or `always`.
    Fault {
        /// Faults to come
        #[arg(value_name = "FAULT", required_unless_present = "clear")]
        faults: Vec<Fault>,
        /// Forget the faults to come first
        #[arg(long)]
        clear: bool,
        #[command(flatten)]
        on: OnSlot,
    },
    /// Take the card from the reader
    Remove {
        #[command(flatten)]
        on: OnSlot,
    },
    /// Which cards are on the reader, how many tries are left, and which faults are to come
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
    /// Record what goes over the reader into a new file, until told to end
    Record {
        /// The file
        file: PathBuf,
        /// With all data, PIN included, so that it can be replayed; the file says so
        #[arg(long)]
        with_data: bool,
        #[command(flatten)]
        on: OnSlot,
    },
    /// Put a card on the reader that answers as recorded with data, until told to end
    Replay {
        /// The file
        file: PathBuf,
        /// Port of the virtual reader's driver for the slot
        #[arg(long, default_value_t = vpcd::PORT)]
        port: u16,
    },
    /// Give a persona's card its first tries back
    ResetTries {
        /// Whose card
        persona: PersonaName,
        #[command(flatten)]
        control: Control,
    },
    #[command(flatten)]
    Cabinet(hand::Command),
}

#[derive(Args)]
struct Control {
    /// Control socket [default: hw-sim.sock in $XDG_RUNTIME_DIR, or here if there is none]
    #[arg(long = "control", value_name = "SOCKET")]
    socket: Option<PathBuf>,
}

#[derive(Args)]
struct OnSlot {
    /// Slot of the reader: 0 or 1
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
                None => None,
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
            pin,
            lift_after,
            faults,
            on: OnSlot { slot, control },
        } => {
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
                    pin,
                },
                (None, None) => return Err("neither a persona nor a dump".into()),
            };
            ask(control, &request)
        }
        Command::Fault {
            faults,
            clear,
            on: OnSlot { slot, control },
        } => {
            let add = faults;
            ask(control, &Request::Fault { slot, clear, add })
        }
        Command::Remove { on } => ask(on.control, &Request::Remove { slot: on.slot }),
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
            let text = Zeroizing::new(fs::read_to_string(&file)?);
            let card = Replayed::try_from(&text.parse::<Transcript>()?)?;
            until_told(|| {
                let player = Player::insert(card, port, &Trace::default())?;
                println!("ready port={port}");
                Ok(player)
            })
        }
        Command::ResetTries { persona, control } => ask(control, &Request::ResetTries { persona }),
        Command::Cabinet(command) => hand::run(command),
    }
}

/// Starts something and keeps it until the program is told to end.
fn until_told<T>(start: impl FnOnce() -> Result<T, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let running = start()?;
    signals.forever().next();
    drop(running);
    Ok(())
}

/// Each line is in the file before the next is awaited, so that being told to end leaves whole lines.
fn record(file: &Path, with_data: bool, on: OnSlot) -> Result<(), Box<dyn Error>> {
    let socket = on.control.socket();
    let lines = control::record(&socket, on.slot, with_data)?;
    let mut open = OpenOptions::new();
    // An older file may be open to others, and would be lost.
    let file = open.write(true).create_new(true).mode(0o600).open(file)?;
    let mut file = BufWriter::new(file);
    if with_data {
        writeln!(file, "{PERSONAL}")?;
    }
    file.flush()?;
    println!("ready");
    for line in lines {
        let line = line?;
        writeln!(file, "{}", *line)?;
        file.flush()?;
    }
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
                faults,
            } => {
                println!("slot {slot}: {persona}");
                for (ap, tries) in tries {
                    let tries: Vec<_> = tries
                        .iter()
                        .map(|(ef, left)| format!("{ef} {left}"))
                        .collect();
                    println!("  tries left in {ap}: {}", tries.join(", "));
                }
                for fault in faults {
                    println!("  to come: {fault}");
                }
            }
            Reply::Card { persona, remark } => println!("{persona}: {remark}"),
            Reply::Event(event) => println!("{event}"),
            Reply::Refused { because } => return Err(because.into()),
        }
    }
    Ok(())
}
