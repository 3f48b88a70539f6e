//! The same over real connections: center and record system are programs, kiosks have certificates of their own, bodies are sealed. What an
//! answer of the card is bound to is TLS's exporter and the name in the certificate, and a new start is a new process.
//!
//! What is refused elsewhere is then presented where it belongs, and believed: the same evidence, the same signed request, the same state. An
//! issue may be repeated, at the same kiosk, over whatever connection, signed for that one: it gives the same certificate, and registers none.

mod recording;
mod tally;
mod words;

use std::io;

use issuance_api::{Blob, ProblemCode};
use tokio::runtime::Runtime;

use super::kiosk::{code, ticket};
use crate::applicant::Applicant;
use crate::experiment::Report;
use crate::experiment::honest::registered;
use crate::simulator::{People, Resident};
use crate::world::{Options, World};
use recording::{Recording, evidence, passed_on};
use tally::Tally;
use words::words;

/// The kiosk at which the card lies.
const OWN: &str = "own";
/// Another.
const OTHER: &str = "other";

const RESIDENTS: usize = 6;

/// So many times, each with a new start of either program.
pub(super) fn run(runtime: &Runtime, times: usize, report: &mut Report) -> io::Result<()> {
    let mut world = World::start(&Options::default())?;
    let people = People::imported(&world.ground, RESIDENTS)?;
    for kiosk in [OWN, OTHER] {
        world.certify(kiosk)?;
    }
    let mut tally = Tally::at(&world.ground)?;
    for resident in people.residents.iter().cycle().take(times) {
        let kept = runtime.block_on(before(&world, resident, &mut tally))?;
        world.center = None;
        world.start_center()?;
        let kept = runtime.block_on(after_center(&world, resident, kept, &mut tally))?;
        world.vrs = None;
        world.start_vrs()?;
        runtime.block_on(after_vrs(&world, resident, kept, &mut tally))?;
    }
    tally.report(registered(&world, &people)?.len(), report);
    Ok(())
}

/// What was kept when a program ended.
struct Kept {
    recording: Recording,
    applicant: Applicant,
    ticket: Blob,
    state: Blob,
    /// An application that has its certificate already, and its ticket.
    served: Option<(Applicant, Blob)>,
}

impl Kept {
    async fn of(world: &World, resident: &Resident, tally: &mut Tally) -> io::Result<Self> {
        let recording = Recording::of(world, resident, tally).await?;
        let applicant = Applicant::new(world.terminal(OWN));
        let ticket = ticket(&applicant, resident).await?;
        let shown = applicant.inquire(&ticket, resident.municipality).await;
        let state = shown.map_err(io::Error::other)?.state;
        Ok(Self {
            recording,
            applicant,
            ticket,
            state,
            served: None,
        })
    }
}

async fn before(world: &World, resident: &Resident, tally: &mut Tally) -> io::Result<Kept> {
    evidence(world, resident, tally).await?;
    passed_on(world, resident, tally).await?;
    let served = words(world, resident, tally).await?;
    Ok(Kept {
        served: Some(served),
        ..Kept::of(world, resident, tally).await?
    })
}

/// The center began anew: its nonces and states are void, the record system's tickets are not. Kept again is what the record system's end is to void.
async fn after_center(
    world: &World,
    resident: &Resident,
    kept: Kept,
    tally: &mut Tally,
) -> io::Result<Kept> {
    let said = kept.recording.over(world.terminal(OWN), tally).await?;
    tally.refused(
        "a recording after the center began anew",
        said,
        ProblemCode::CardNotGenuine,
    );
    let link = world.terminal(OWN);
    let said = kept.recording.as_it_was(link, false, tally).await?;
    tally.refused(
        "the same request after the center began anew",
        said,
        ProblemCode::ChallengeExpired,
    );
    let anew = kept.applicant.at(world.terminal(OWN));
    let said = code(anew.issue(&kept.state).await);
    tally.refused(
        "a state after the center began anew",
        said,
        ProblemCode::StateInvalid,
    );
    let said = code(anew.delivered(&kept.state).await);
    tally.refused(
        "a state handed over after the center began anew",
        said,
        ProblemCode::StateInvalid,
    );
    let what = "the ticket of before at the center that began anew: their certificate";
    finish(&anew, &kept.ticket, resident, what, tally).await?;

    // Nor is that a way to a second certificate.
    if let Some((served, ticket)) = kept.served {
        let served = served.at(world.terminal(OWN));
        let shown = served.inquire(&ticket, resident.municipality).await;
        let state = shown.map_err(io::Error::other)?.state;
        tally.refused(
            "a second certificate of a center that began anew",
            code(served.issue(&state).await),
            ProblemCode::RegistrationConflict,
        );
    }
    Kept::of(world, resident, tally).await
}

/// The record system began anew, and the center's connections to kiosks are as they were.
async fn after_vrs(
    world: &World,
    resident: &Resident,
    mut kept: Kept,
    tally: &mut Tally,
) -> io::Result<()> {
    let said = kept.recording.over(world.terminal(OWN), tally).await?;
    tally.refused(
        "a recording after the record system began anew",
        said,
        ProblemCode::CardNotGenuine,
    );
    let center = world.as_center();
    let nonce = kept.recording.vrs_nonce();
    let said = kept.recording.passed_on(&center, nonce).await;
    tally.refused(
        "a recording passed on to the record system that began anew",
        said,
        ProblemCode::ChallengeExpired,
    );
    // The center believes it: it was made for this connection and this challenge.
    let said = kept.recording.send().await;
    tally.refused(
        "a recording on its own connection after the record system began anew",
        said,
        ProblemCode::ChallengeExpired,
    );
    let own = kept.applicant;
    for (what, said) in [
        (
            "a ticket after the record system began anew",
            code(own.inquire(&kept.ticket, resident.municipality).await),
        ),
        (
            "a state after the record system began anew",
            code(own.issue(&kept.state).await),
        ),
        (
            "a state handed over after the record system began anew",
            code(own.delivered(&kept.state).await),
        ),
    ] {
        tally.refused(what, said, ProblemCode::TicketInvalid);
    }
    let next = Applicant::new(world.terminal(OWN));
    let ticket = ticket(&next, resident).await?;
    let what = "the card once more after both began anew: their certificate";
    finish(&next, &ticket, resident, what, tally).await
}

/// From ticket to hand-over.
async fn finish(
    applicant: &Applicant,
    ticket: &Blob,
    resident: &Resident,
    what: &'static str,
    tally: &mut Tally,
) -> io::Result<()> {
    let shown = applicant.inquire(ticket, resident.municipality).await;
    let state = shown.map_err(io::Error::other)?.state;
    let issued = applicant.issue(&state).await.map_err(io::Error::other)?;
    tally.certified(what, resident, &issued);
    let delivered = applicant.delivered(&state).await;
    delivered.map(drop).map_err(io::Error::other)
}
