//! G7, a recording of a card is worth nothing; and what a kiosk gone bad can do, and what it cannot.
//!
//! Evidence is recorded as it passes, and presented again: on the same connection and another, at the same kiosk and another, for another
//! session, to center and record system, after both were started anew, after its time; whole, with bits otherwise, with files of
//! another card; by a card onto which all files of another were copied; by one card for the files of another.
//!
//! Control: the recordings verify under the challenges they were made for, and so do honest cards; a record system that forgets its nonces
//! believes the recordings once more; and the residual risks the README names are seen: a mixture of two cards of one municipality and
//! one birth date; one of three, where the text AP's answer is that of any card of the municipality and the surface AP's that of a card from
//! anywhere with the birth date; and a card that answers live over a relay.
//!
//! All of that is center and record system as functions, under one clock, between connections whose exporters are drawn by lot. The part that
//! connections, kiosks and new starts have in it is run with real programs, too (`processes`): certificates, TLS's exporters, sealed bodies,
//! and processes that end.
//!
//! **A kiosk gone bad** holds a valid certificate and its session keys, and runs what it likes. It sees what its residents see: PIN, what the
//! card tells, the preview, the certificate; it can print more copies, show what is not so, answer a challenge with the card that lies
//! on it, spend its tries, have the PIN open what else of it takes that PIN, and ask with the ticket it got for that card: three municipalities at
//! most, for ten minutes, one certificate of a programme, municipality and kind. What it cannot, each tried here:
//!
//! | it cannot | since |
//! |---|---|
//! | ask anything about somebody whose card did not answer its own challenge | evidence is over both nonces, terminal, connection and session key |
//! | have a card answer now and use it later, elsewhere, or twice | a nonce counts once, for 60 seconds |
//! | go on with another kiosk's ticket or state, to the hand-over, nor have another go on with its own | both name the terminal, from its certificate |
//! | go on with a ticket whose session key it does not hold | inquiry, issue and delivered are signed by it |
//! | keep a resident: ask or issue when the ticket's ten minutes are over | the ticket says so, to VRS; the state, to the center |
//! | keep them over a new start: a state of the center's, either of VRS's | their keys are the process's |
//! | search: ask a fourth municipality | VRS counts by application |
//! | have two certificates from one presentation of a card | VRS registers one a programme, municipality and kind, and one a state; asked for both at one moment, too, and for abroad |
//! | say what is certified | it sends no content; the state is sealed |
//! | have a certificate for abroad made out to a passport of its choice | one of that passport must have been handed over by app or counter |
//! | keep a certificate alive that it did not report | what is not delivered lapses, and is on the list that the center publishes |
//!
//! Nor can it be another terminal, nor talk to the record system: that is its certificate, and TLS (`tests/integration/terminals.rs`).

mod forgetful;
mod kiosk;
mod listed;
pub(super) mod mixture;
mod moment;
mod processes;
mod recordings;
mod restarts;

use std::io;

use super::{Report, Size};
use crate::simulator::town::Town;
use crate::world::{Ground, Options};

/// Residents, six each born on one day.
const RESIDENTS: usize = 18;

/// G7.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let ground = Ground::unserved(&Options {
        fourth: true,
        ..Options::default()
    })?;
    let town = Town::on(ground, RESIDENTS)?;
    // More than one thread: some requests come at the same moment.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        recordings::presented(&town, size.of(200, 10_000), &mut report).await?;
        forgetful::forgetful(&town, &mut report).await?;
        kiosk::gone_bad(&town, &mut report).await?;
        moment::at_one(&town, size.of(20, 1_000), &mut report).await
    })?;
    processes::run(&runtime, size.of(1, 25), &mut report)?;
    Ok(report)
}
