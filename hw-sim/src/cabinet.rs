//! The rest of a kiosk: a card slot's sensor, an output tray's sensor and a payment unit, behind one Unix socket.
//!
//! The kiosk's side of the socket is a protocol of its own, which a vendor's driver would speak; in this repository it stands
//! in `docs/cabinet.md`. The other side is the operator's and the resident's hand, [`Request`], a device named `hand`:
//! ```text
//! → {"request":"hello","protocol":"shomei-cabinet","version":1,"device":"hand"}
//! ← {"reply":"hello","version":1}
//! → {"request":"coin","yen":100}
//! ← {"reply":"coin","taken":true}
//! → {"request":"fault","fault":"tray-stuck"}
//! ← {"reply":"done"}
//! → {"request":"look"}
//! ← {"reply":"look","slot":"clear","tray":"occupied","jammed":false,"inserted":100,"kept":0,"returned":0,"held":100,"owed":0}
//! ```
//! The slot's sensor knows nothing of the card reader: on a contactless one the card lies in a slot of its own.

mod sensor;
mod server;
mod unit;

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use sensor::{Sensor, State};
pub use server::Server;
pub use unit::{Coin, CoinUnit, Failed, Faults, Ledger, TAKEN, Why};

/// What both sides call the protocol.
const PROTOCOL: &str = "shomei-cabinet";
/// Its version.
const VERSION: u32 = 1;
/// Longest line, in bytes.
const LONGEST: u64 = 1024;

/// What goes wrong with the cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The next coin gets stuck, and with it what was inserted before
    Jam,
    /// The next change or refund gets stuck
    PayoutJam,
    /// The next coin is refused, whatever it is
    RefuseCoin,
    /// There is no change
    NoChange,
    /// The payment unit's connection drops with the next coin that is inserted while it collects
    Drop,
    /// The slot's sensor goes on to say what it says now
    SlotStuck,
    /// The slot's sensor cannot tell any more
    SlotFails,
    /// The tray's sensor goes on to say what it says now
    TrayStuck,
    /// The tray's sensor cannot tell any more
    TrayFails,
}

/// A place that something can lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The card's.
    Slot,
    /// The paper's.
    Tray,
}

/// What a hand does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Puts a coin or a note into the payment unit.
    Coin {
        /// Its value.
        yen: u32,
    },
    /// Puts something there.
    Put {
        /// Where.
        place: Place,
    },
    /// Takes everything away.
    Take {
        /// Where.
        place: Place,
    },
    /// Breaks something.
    Fault {
        /// What.
        fault: Fault,
    },
    /// Mends everything, and gives out what was stuck.
    Mend,
    /// Looks at it all.
    Look,
}

/// What a hand feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// It is done.
    Done,
    /// A coin was put in.
    Coin {
        /// It did not fall through.
        taken: bool,
    },
    /// How everything is.
    Look(Look),
}

/// How everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// What the slot's sensor says.
    pub slot: State,
    /// What the tray's sensor says.
    pub tray: State,
    /// Whether something is stuck in the payment unit.
    pub jammed: bool,
    /// Where the money is.
    #[serde(flatten)]
    pub money: Ledger,
}

#[derive(Serialize)]
#[serde(tag = "request", rename = "hello")]
struct Hello {
    protocol: &'static str,
    version: u32,
    device: &'static str,
}

/// Does something to a running cabinet.
///
/// # Errors
/// If there is none behind the socket, or it does not take this.
pub fn call(socket: &Path, request: &Request) -> io::Result<Reply> {
    let stream = UnixStream::connect(socket)?;
    let hello = Hello {
        protocol: PROTOCOL,
        version: VERSION,
        device: "hand",
    };
    write_line(&stream, &hello)?;
    write_line(&stream, request)?;
    let mut lines = BufReader::new(stream).lines();
    let mut line = || lines.next().ok_or(io::ErrorKind::UnexpectedEof)?;
    line()?;
    Ok(serde_json::from_str(&line()?)?)
}

fn write_line(mut stream: &UnixStream, object: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(object)?;
    line.push(b'\n');
    stream.write_all(&line)
}
