//! Center, VRS with its imports, and kiosk as no program of ours runs them: what the experiments have instead, to show that they would notice.
//!
//! It is two programs. In `control` nothing is wiped when it is freed, for there is no allocator that does; `wiping` has the allocator of the
//! shipped programs. With `--free` the process takes nothing from itself. With `--stacks` it leaves its threads' stacks as they are. With `--attempts`
//! it tries, from inside and once it serves, what `attempts.json` says, as soon as that is there: in the folder `lists` beside its
//! configuration, or, at a kiosk, beside the services' root. With `--panics` a handler panics where the file `panic` in that folder says.
//! `import` takes nothing from itself in any case.
//! The shipped programs have no such switch: what they serve with is given to them in code, as [`sandbox::Trial`] and as a clock.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to the experiment that started it"
)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::experiment::attempt::{self, Attempt};
use clap::{Args, Parser, Subcommand};
use issuance_api::MunicipalityCode;
use sandbox::{Inside, Trial};
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
    Import(Import),
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
struct Import {
    #[arg(long)]
    config: PathBuf,
    #[arg(long)]
    municipality: MunicipalityCode,
    file: PathBuf,
}

#[derive(Args)]
struct Switches {
    #[arg(long)]
    free: bool,
    #[arg(long)]
    stacks: bool,
    #[arg(long)]
    attempts: bool,
    #[arg(long)]
    panics: bool,
}

impl Switches {
    /// What is otherwise. Attempts lie in this folder, which each can read.
    fn trial(&self, folder: &Path) -> Trial {
        if self.stacks {
            issuance_channel::stack::leave_as_they_are();
        }
        let list = folder.join("attempts.json");
        let order = folder.join("panic");
        let inside: Option<Inside> = match (self.attempts, self.panics) {
            (true, _) => Some(Box::new(move || try_all(&list))),
            (_, true) => Some(Box::new(move || follow_orders(&order))),
            _ => None,
        };
        Trial {
            confined: !self.free,
            inside,
        }
    }
}

/// The programs' entry.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(beside) = terminal::beside::be() {
        return beside;
    }
    let served = match Arguments::parse().program {
        Program::Center(server) => center(&server),
        Program::Vrs(server) => vrs(&server),
        Program::Import(import) => self::import(&import),
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
    let clock = Arc::new(Clock::new(issuance_center::clock::SystemClock::start()));
    Ok(issuance_center::serve::serve(config, clock, trial)?)
}

fn vrs(server: &Server) -> Result<(), Box<dyn Error>> {
    let config = vrs::config::Config::load(&server.config)?;
    let trial = server
        .switches
        .trial(&server.config.with_file_name("lists"));
    let clock = Clock::new(vrs::clock::SystemClock::start());
    Ok(vrs::serve::serve(config, clock, trial)?)
}

fn import(import: &Import) -> Result<(), Box<dyn Error>> {
    let config = vrs::config::Config::load(&import.config)?;
    let clock = vrs::clock::SystemClock::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = vrs::commands::import(&config, import.municipality, &import.file, &clock);
    runtime.block_on(done)?;
    Ok(())
}

/// How often a handler may still look at the clock, and never again after: 0 is as often as it likes.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// A clock that panics when it is told to, with whoever asks it.
struct Clock<C>(C);

impl<C> Clock<C> {
    const fn new(clock: C) -> Self {
        Self(clock)
    }

    /// What is done regularly, on the main thread, is nobody's request.
    fn look(&self) -> &C {
        let is_a_handler = thread::current().name() != Some("main");
        let left = |looks: u64| looks.checked_sub(1);
        let order = (Ordering::SeqCst, Ordering::SeqCst);
        let before = is_a_handler.then(|| LOOKS.fetch_update(order.0, order.1, left));
        assert!(before != Some(Ok(1)), "as it was told to");
        &self.0
    }
}

impl<C: issuance_center::clock::Clock> issuance_center::clock::Clock for Clock<C> {
    fn uptime(&self) -> Duration {
        self.look().uptime()
    }

    fn now(&self) -> time::OffsetDateTime {
        self.look().now()
    }
}

impl<C: vrs::clock::Clock> vrs::clock::Clock for Clock<C> {
    fn uptime(&self) -> Duration {
        self.look().uptime()
    }

    fn unix(&self) -> i64 {
        self.look().unix()
    }
}

/// Each order is a file that replaces the one before: at which look at the clock a handler panics.
fn follow_orders(file: &Path) {
    let mut last = String::new();
    loop {
        let order = fs::read_to_string(file).unwrap_or_default();
        if order != last {
            let looks = order.split(' ').next().unwrap_or_default();
            LOOKS.store(looks.parse().unwrap_or(0), Ordering::SeqCst);
            println!("panic {order}");
            last = order;
        }
        thread::sleep(Duration::from_millis(5));
    }
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
