//! What the program is told.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use hw_sim::fault::Fault;
use hw_sim::persona::PersonaName;
use hw_sim::vpcd;

use crate::hand;

/// Emulated My Number Cards on a virtual PC/SC reader.
#[derive(Parser)]
#[command(name = "hw-sim", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
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
        /// With --dump: descriptor with the PIN it shall have on a line, as in: --pin-fd 3 3< FILE [default: the PIN is 1234]
        #[arg(long, value_name = "FD", requires = "dump")]
        pin_fd: Option<u32>,
        /// Lift it as soon as it has answered so many APDUs
        #[arg(long)]
        lift_after: Option<NonZeroU32>,
        /// What goes wrong with it, as KIND[=VALUE][@POSITION][,times=COUNT][,seed=SEED]: bit-flip@ef=0002. May be repeated
        #[arg(long = "fault", value_name = "FAULT")]
        faults: Vec<Fault>,
        #[command(flatten)]
        wait: Wait,
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
        wait: Wait,
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
    /// Play the keystore of a phone
    Keystore {
        #[command(subcommand)]
        command: Keystore,
    },
    #[command(flatten)]
    Cabinet(hand::Command),
}

#[derive(Subcommand)]
pub(crate) enum Keystore {
    /// Make those who vouch for phones: keys, roots.pem, status.json
    Make {
        /// Folder for them; what is there already stays
        #[arg(long)]
        out: PathBuf,
    },
    /// Run a phone's keystore until it is told to end
    Run {
        /// Folder of what `make` made
        #[arg(long)]
        authority: PathBuf,
        /// What kind of phone it is: a file of devices/
        #[arg(long)]
        device: PathBuf,
        /// Socket to listen on
        #[arg(long)]
        socket: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Control {
    /// Control socket [default: hw-sim.sock in $XDG_RUNTIME_DIR, or here if there is none]
    #[arg(long = "control", value_name = "SOCKET")]
    socket: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Wait {
    /// Do not wait until the reader has noticed it
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Args)]
pub(crate) struct OnSlot {
    /// Slot of the reader: 0 or 1
    #[arg(long, default_value_t = 0)]
    pub(crate) slot: usize,
    #[command(flatten)]
    pub(crate) control: Control,
}

impl Control {
    pub(crate) fn socket(self) -> PathBuf {
        let default = || {
            std::env::var_os("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .unwrap_or_default()
                .join("hw-sim.sock")
        };
        self.socket.unwrap_or_else(default)
    }
}
