//! Vaccination record system (ワクチン接種記録システム, VRS).
//!
//! Records by municipality, released against a card's proof; a register of the certificates issued.
//!
//! | module | what |
//! |---|---|
//! | [`record`], [`import`] | the record items of 別添1 and the CSV files they come in |
//! | [`storage`] | one database and key per municipality; all SQL; the sentinel |
//! | [`divisions`] | the municipalities served |
//! | [`nonce`], [`ticket`], [`asked`] | what an application is bound to, none of it kept longer than it holds |
//! | [`service`] | the steps of an application, apart from any transport |
//! | [`statement`] | the key that signs findings and receipts |
//! | [`serve`], [`metrics`] | the listeners for centers and for the operator |
//! | [`config`], [`commands`], [`event`], [`clock`] | the program around them |
//!
//! It knows nothing of certificates' formats, and writes nothing personal but into a municipality's own sealed rows.

pub mod asked;
pub mod clock;
pub mod commands;
pub mod config;
pub mod divisions;
pub mod event;
pub mod import;
pub mod metrics;
pub mod nonce;
pub mod record;
pub mod serve;
pub mod service;
pub mod statement;
pub mod storage;
pub mod ticket;
