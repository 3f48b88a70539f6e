//! Everything of an application but cables and paper in one process, under one clock, in an order drawn by lot: real centers, a real record
//! system over real databases, real cards' answers.
//!
//! ```text
//! kiosk ─ kiosk ─ kiosk …      each a task; who goes next is drawn (lots)
//!   │ line: lost, given up, broken
//! center-1, center-2           issuance_center::center
//!   │ way: lost
//! VRS                          vrs::service, SQLite
//! ```
//! The same seed gives the same order and the same mishaps. Keys and nonces are as random as anywhere.

mod clock;
mod databases;
mod failures;
mod hand;
mod line;
mod lots;
mod people;
mod ports;
mod services;
pub mod town;

pub use clock::Clock;
pub use databases::Databases;
pub use failures::{Failure, Failures};
pub use hand::{CardInHand, Lying, Presented};
pub use line::{Line, Link};
pub use lots::Lots;
pub use people::{People, Resident};
pub use ports::{CountedPaper, LinkedCenter};
pub use services::{Notes, Records, Works};
