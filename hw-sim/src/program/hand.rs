//! The commands that handle a kiosk's cabinet.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use hw_sim::cabinet::{Fault, Look, Place, Reply, Request, State, call};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Put a coin or a note into the payment unit
    Coin {
        /// Its value in yen: it takes 10, 50, 100, 500 and 1000
        yen: u32,
        #[command(flatten)]
        on: Socket,
    },
    /// Let paper drop into the output tray, or take what lies there
    Tray {
        action: TrayAction,
        #[command(flatten)]
        on: Socket,
    },
    /// Put a card into the card slot, or take it: for its sensor alone, the reader knows nothing of it
    Slot {
        action: SlotAction,
        #[command(flatten)]
        on: Socket,
    },
    /// The cabinet as a whole
    Cabinet {
        #[command(subcommand)]
        action: Action,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TrayAction {
    Drop,
    Take,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SlotAction {
    Put,
    Take,
}

#[derive(Subcommand)]
pub(crate) enum Action {
    /// What the sensors say, and where the money is
    Status {
        #[command(flatten)]
        on: Socket,
    },
    /// Break something
    Fault {
        #[arg(required = true)]
        faults: Vec<Fault>,
        #[command(flatten)]
        on: Socket,
    },
    /// Mend everything, and give out what was stuck
    Mend {
        #[command(flatten)]
        on: Socket,
    },
}

#[derive(Args)]
pub(crate) struct Socket {
    /// Socket of the cabinet [default: hw-sim-cabinet.sock in $XDG_RUNTIME_DIR, or here if there is none]
    #[arg(long, value_name = "SOCKET")]
    cabinet: Option<PathBuf>,
}

impl Socket {
    fn path(self) -> PathBuf {
        let default = || {
            std::env::var_os("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .unwrap_or_default()
                .join("hw-sim-cabinet.sock")
        };
        self.cabinet.unwrap_or_else(default)
    }
}

pub(crate) fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Coin { yen, on } => ask(&on.path(), &Request::Coin { yen }),
        Command::Tray { action, on } => {
            let place = Place::Tray;
            ask(
                &on.path(),
                &match action {
                    TrayAction::Drop => Request::Put { place },
                    TrayAction::Take => Request::Take { place },
                },
            )
        }
        Command::Slot { action, on } => {
            let place = Place::Slot;
            ask(
                &on.path(),
                &match action {
                    SlotAction::Put => Request::Put { place },
                    SlotAction::Take => Request::Take { place },
                },
            )
        }
        Command::Cabinet { action } => match action {
            Action::Status { on } => ask(&on.path(), &Request::Look),
            Action::Mend { on } => ask(&on.path(), &Request::Mend),
            Action::Fault { faults, on } => {
                let socket = on.path();
                let mut faults = faults.into_iter();
                faults.try_for_each(|fault| ask(&socket, &Request::Fault { fault }))
            }
        },
    }
}

fn ask(socket: &Path, request: &Request) -> Result<(), Box<dyn Error>> {
    match call(socket, request)? {
        Reply::Done | Reply::Coin { taken: true } => Ok(()),
        Reply::Coin { taken: false } => Err("the coin fell through".into()),
        Reply::Look(Look {
            slot,
            tray,
            jammed,
            money,
        }) => {
            println!("slot: {}", word(slot));
            println!("tray: {}", word(tray));
            println!("payment: {}", if jammed { "jammed" } else { "ready" });
            println!(
                "  yen inserted {}, kept {}, returned {}, held {}, owed {}",
                money.inserted, money.kept, money.returned, money.held, money.owed
            );
            Ok(())
        }
    }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Occupied => "occupied",
        State::Clear => "clear",
        State::Failed => "failed",
    }
}
