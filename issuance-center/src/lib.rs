//! Issuance center (証明書交付センター): checks a card's evidence, asks VRS, signs and sets certificates, and forgets.
//!
//! | module | what |
//! |---|---|
//! | [`center`] | the steps of an application, apart from any transport |
//! | [`state`], [`identifier`] | what a terminal carries for the center; certificate ids |
//! | [`statement`], [`signing`] | VRS's signed findings and receipts; the signer that demands one |
//! | [`registry`], [`revocations`] | VRS, as the center calls it; its revocations, fetched piece by piece |
//! | [`programme`] | what is certified, as data |
//! | [`certificate`] | SMART Health Card, QR symbol, page |
//! | [`terminals`], [`public`], [`admin`], [`reports`] | the other listeners, and what happens there |
//! | [`apps`] | what apps may have, so that kiosks go on |
//! | [`enrolment`] | certificates for apps, against attestation |
//! | [`config`], [`serve`], [`event`], [`metrics`], [`clock`], [`hours`] | the program around it |
//!
//! It has no database, and while it serves it opens no file for writing.

pub mod admin;
pub mod apps;
pub mod center;
pub mod certificate;
pub mod clock;
pub mod config;
pub mod enrolment;
pub mod event;
pub mod hours;
pub mod identifier;
pub mod metrics;
pub mod programme;
pub mod public;
pub mod registry;
pub mod reports;
pub mod revocations;
pub mod serve;
pub mod signing;
pub mod state;
pub mod statement;
pub mod terminals;
#[cfg(test)]
mod testing;

use zeroize::Zeroizing;

/// Randomness of the operating system.
pub(crate) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).expect("the operating system gives randomness");
    bytes
}
