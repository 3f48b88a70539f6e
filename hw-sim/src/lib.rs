//! An emulated My Number Card (個人番号カード) that any PC/SC program can read.
//!
//! ```text
//! PC/SC program ── pcscd ── driver of vsmartcard ══TCP══ reader::Slot ── chip::EmulatedCard
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`ap`] | the applications: which EF and key there is, and what opens it |
//! | [`memory`] | what outlives power-off: files, keys, PINs, retry counters; a folder on disk, or a dump |
//! | [`chip`] | the card itself: commands in, status words out; what power-off clears |
//! | [`vpcd`], [`reader`] | the protocol of the virtual reader; a slot to insert cards into and to lift them from |
//! | [`fault`] | what goes wrong with a card on purpose, and at which command |
//! | [`trace`] | what went over the slot: headers, lengths, status words, never data |
//! | [`queue`] | what waits for those who follow a trace or record |
//! | [`transcript`], [`replay`] | what was sent and answered, as text; a card that answers as another was recorded |
//! | [`persona`], [`authority`], [`personalize`](mod@personalize) | people who do not exist, CAs that vouch for them, and how they get cards |
//! | [`keystore`] | a phone's keystore, with attestation |
//! | [`cabinet`] | the rest of a kiosk: slot and tray sensor, payment unit |
//! | [`control`] | the control socket of the program `hw-sim`: server and client |
//! | [`panel`] | a web page on loopback that is another client of it |
//!
//! The emulator shares codec and vocabulary with the crate `card` (APDU, status words, TLV, the
//! layout of files), and nothing of how a card is read. It knows nothing about what a card is read
//! *for*.
//!
//! A test puts a card on a reader of its own like this:
//! ```no_run
//! use hw_sim::chip::EmulatedCard;
//! use hw_sim::reader::{Slot, Stay};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut slot = Slot::new(35963);
//! let card = EmulatedCard::load("out/cards/ordinary".as_ref())?;
//! slot.insert(card, Stay::UntilRemoved)?;
//! // … read it over PC/SC …
//! slot.remove();
//! # Ok(())
//! # }
//! ```

pub mod addressed;
pub mod ap;
pub mod authority;
pub mod cabinet;
pub mod chip;
pub mod control;
pub mod fault;
pub mod keystore;
pub mod memory;
pub mod panel;
pub mod persona;
pub mod personalize;
pub mod queue;
pub mod reader;
pub mod replay;
pub mod trace;
pub mod transcript;
pub mod vpcd;

mod files;
mod own_socket;
mod recording;
