//! The stage: development PKI, personas, and the real programs around them.
//!
//! The demo, the integration tests and the load program all set up the same [`world`](crate): `pcscd` with the virtual
//! reader, the card emulator, VRS and the center, each a process of its own, each with a certificate of its own.

pub mod again;
pub mod app_page;
pub mod app_stand;
pub mod applicant;
pub mod around;
pub mod browser;
pub mod control;
pub mod cost;
pub mod device;
pub mod experiment;
pub mod held;
pub mod judges;
pub mod kiosk;
pub mod last_apdu;
pub mod load;
pub mod machine;
pub mod passport;
pub mod pcscd;
pub mod persona;
pub mod phone;
pub mod printer;
pub mod process;
pub mod random;
pub mod reader;
pub mod round_trip;
pub mod simulator;
pub mod stand;
pub mod transcripts;
pub mod world;
