//! What a kiosk gone bad cannot do, each tried.

use std::io;
use std::time::Duration;

use issuance_api::passport::PassportMrz;
use issuance_api::{Blob, MunicipalityCode, ProblemCode};
use issuance_channel::client::CallError;
use vrs::import;

use super::listed::verdict;
use super::restarts::over_new_starts;
use crate::applicant::{self, Applicant, Line as _, problem};
use crate::experiment::Report;
use crate::experiment::isolation::register::rows;
use crate::simulator::town::{Open, Town, app, kiosk};
use crate::simulator::{Databases, Records, Resident};
use crate::world::{FOURTH, MUNICIPALITIES};

/// What was said, unless it was done.
pub(super) fn code<T>(answer: Result<T, CallError>) -> Option<ProblemCode> {
    answer.err().map(|error| problem(&error))
}

pub(super) async fn ticket<L: applicant::Link>(
    applicant: &Applicant<L>,
    resident: &Resident,
) -> io::Result<Blob> {
    let identified = applicant.identify(resident.card()).await;
    Ok(identified.map_err(io::Error::other)?.ticket)
}

pub(super) async fn gone_bad(town: &Town, report: &mut Report) -> io::Result<()> {
    // The fourth has a database too: a list of what is revoked is of all municipalities, or there is none.
    let mut records = town.people.records.clone();
    records.push((parse(FOURTH), import::header().join(",") + "\n"));
    let open = town.open_in(Databases::new(&records, town.now()).await?)?;
    let mut tried = Tried { report, done: 0 };
    tickets(town, &open, &mut tried).await?;
    certificates(town, &open, &mut tried).await?;
    abroad(town, &open, &mut tried).await?;
    over_new_starts(town, &mut tried).await?;
    time(town, &open, &mut tried).await?;
    // The same kiosk, honestly: all of it works, or nothing was shown.
    let (applicant, resident) = (
        Applicant::new(open.terminal(kiosk(1))),
        &town.people.residents[5],
    );
    let ticket = ticket(&applicant, resident).await?;
    let shown = applicant.inquire(&ticket, resident.municipality).await;
    let shown = shown.map_err(io::Error::other)?;
    applicant
        .issue(&shown.state)
        .await
        .map_err(io::Error::other)?;
    let honest = applicant.delivered(&shown.state).await.is_ok();
    let done = tried.done;
    report.told("things a kiosk gone bad cannot do, tried", done);
    report.control("the same kiosk, as it should", honest, true);
    Ok(())
}

pub(super) struct Tried<'a> {
    report: &'a mut Report,
    done: usize,
}

impl Tried<'_> {
    pub(super) fn refused(&mut self, what: &str, said: Option<ProblemCode>, expected: ProblemCode) {
        self.done += 1;
        let said = said.map_or("done", ProblemCode::as_str);
        self.report
            .figure(what, said.to_owned(), expected.as_str().to_owned());
    }
}

async fn tickets(town: &Town, open: &Open<Records>, tried: &mut Tried<'_>) -> io::Result<()> {
    let resident = &town.people.residents[0];
    let bad = Applicant::new(open.terminal(kiosk(1)));
    let own = ticket(&bad, resident).await?;
    let elsewhere = bad.at(open.terminal(kiosk(2)));
    let said = code(elsewhere.inquire(&own, resident.municipality).await);
    tried.refused("another kiosk's ticket", said, ProblemCode::TicketInvalid);
    let without_key = Applicant::new(open.terminal(kiosk(1)));
    let said = code(without_key.inquire(&own, resident.municipality).await);
    tried.refused(
        "a ticket without its session key",
        said,
        ProblemCode::SessionProofInvalid,
    );
    let mut bytes = own.as_bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let said = code(bad.inquire(&Blob::new(bytes), resident.municipality).await);
    tried.refused("a ticket it made up", said, ProblemCode::TicketInvalid);
    // Evidence of a card that answered, but not to this: kept for somebody who comes later.
    let mut first = bad.challenge().await.map_err(io::Error::other)?;
    let exporter = first.connection.exporter().clone();
    let evidence = bad.answer(&mut resident.card(), &first.challenge, &exporter);
    let mut second = bad.challenge().await.map_err(io::Error::other)?;
    let said = code(bad.send(&mut second, &evidence).await);
    tried.refused(
        "an answer kept for another connection",
        said,
        ProblemCode::CardNotGenuine,
    );
    bad.send(&mut first, &evidence)
        .await
        .map_err(io::Error::other)?;
    let said = code(bad.send(&mut first, &evidence).await);
    tried.refused("an answer used twice", said, ProblemCode::ChallengeExpired);

    // Whose card it has, it asks of everywhere: there is an end to that.
    for municipality in MUNICIPALITIES {
        drop(bad.inquire(&own, parse(municipality)).await);
    }
    let said = code(bad.inquire(&own, parse(FOURTH)).await);
    tried.refused(
        "a fourth municipality",
        said,
        ProblemCode::TooManyMunicipalities,
    );
    let said = code(bad.inquire(&own, parse("011002")).await);
    tried.refused(
        "a municipality that takes no part",
        said,
        ProblemCode::MunicipalityNotTakingPart,
    );
    Ok(())
}

fn parse(municipality: &str) -> MunicipalityCode {
    municipality.parse().expect("a municipality's code")
}

async fn certificates(town: &Town, open: &Open<Records>, tried: &mut Tried<'_>) -> io::Result<()> {
    let resident = &town.people.residents[3];
    let bad = Applicant::new(open.terminal(kiosk(1)));
    let own = ticket(&bad, resident).await?;
    let shown = bad.inquire(&own, resident.municipality).await;
    let shown = shown.map_err(io::Error::other)?;
    let elsewhere = bad.at(open.terminal(kiosk(2)));
    let said = code(elsewhere.issue(&shown.state).await);
    tried.refused("another kiosk's state", said, ProblemCode::StateInvalid);
    let without_key = Applicant::new(open.terminal(kiosk(1)));
    let said = code(without_key.issue(&shown.state).await);
    tried.refused(
        "a state without its session key",
        said,
        ProblemCode::SessionProofInvalid,
    );
    for at in [0, 20, shown.state.as_bytes().len() - 1] {
        let mut bytes = shown.state.as_bytes().to_vec();
        bytes[at] ^= 1;
        let said = code(bad.issue(&Blob::new(bytes)).await);
        tried.refused(
            "other content than was previewed",
            said,
            ProblemCode::StateInvalid,
        );
    }
    let issued = bad.issue(&shown.state).await.map_err(io::Error::other)?;
    let said = code(elsewhere.delivered(&shown.state).await);
    tried.refused(
        "another kiosk's state handed over",
        said,
        ProblemCode::StateInvalid,
    );
    let said = code(without_key.delivered(&shown.state).await);
    tried.refused(
        "a state handed over without its session key",
        said,
        ProblemCode::SessionProofInvalid,
    );
    let what = "a second certificate";
    once_more((&bad, &own), resident.municipality, what, (open, tried)).await?;

    // A passport of its choice, with the resident's birth date: at a kiosk one has to have been handed over with it before.
    let mut passport = resident.passport();
    passport.number = "ZZ9999999".to_owned();
    let mrz: PassportMrz = passport.mrz();
    let said = code(
        bad.inquire_abroad(&own, resident.municipality, Some(mrz))
            .await,
    );
    tried.refused(
        "a passport of its choice",
        said,
        ProblemCode::PassportNotRegistered,
    );
    let said = code(bad.inquire_abroad(&own, resident.municipality, None).await);
    tried.refused(
        "a certificate for abroad without an earlier one",
        said,
        ProblemCode::PassportNotRegistered,
    );

    // It reports nothing: the certificate it kept for itself ends on the list.
    let good = verdict(town, open, issued.jws.expose()).await?;
    tried.report.control(
        "a certificate it did not report yet, to verify with the center's list",
        good.word(),
        "valid",
    );
    open.clock.pass(Duration::from_secs(601));
    open.vrs.tidy().await;
    let id = issued.certificate_id.to_string();
    let state = rows(&open.databases.file(resident.municipality))?;
    let state = state.into_iter().find(|[own, ..]| *own == id);
    let state = state.map_or_else(String::new, |[_, _, state]| state);
    tried.report.figure(
        "a certificate it did not report",
        state,
        "lapsed".to_owned(),
    );
    let listed = verdict(town, open, issued.jws.expose()).await?;
    tried.report.figure(
        "a certificate it did not report, to verify with the center's list",
        listed.word(),
        "revoked",
    );
    tried.done += 1;
    Ok(())
}

/// One from each presentation of a card, for abroad as well. An app handed one over before.
async fn abroad(town: &Town, open: &Open<Records>, tried: &mut Tried<'_>) -> io::Result<()> {
    let resident = &town.people.residents[6];
    earlier_abroad(open, resident).await?;
    let bad = Applicant::new(open.terminal(kiosk(1))).abroad(None);
    let own = ticket(&bad, resident).await?;
    let shown = bad.inquire(&own, resident.municipality).await;
    let shown = shown.map_err(io::Error::other)?;
    bad.issue(&shown.state).await.map_err(io::Error::other)?;
    let what = "a second certificate for abroad";
    once_more((&bad, &own), resident.municipality, what, (open, tried)).await
}

/// Another preview of the same is another state, and no second certificate.
async fn once_more<L: applicant::Link>(
    (bad, own): (&Applicant<L>, &Blob),
    home: MunicipalityCode,
    what: &'static str,
    (open, tried): (&Open<Records>, &mut Tried<'_>),
) -> io::Result<()> {
    open.clock.pass(Duration::from_secs(2));
    let again = bad.inquire(own, home).await;
    let again = again.map_err(io::Error::other)?;
    let said = code(bad.issue(&again.state).await);
    tried.refused(what, said, ProblemCode::RegistrationConflict);
    Ok(())
}

/// An app hands over a certificate for abroad: what a kiosk's rests on.
pub(super) async fn earlier_abroad(open: &Open<Records>, resident: &Resident) -> io::Result<()> {
    let passport = resident.passport().mrz();
    let with_passport = Applicant::new(open.terminal(app(1))).abroad(Some(passport));
    let issued = with_passport.certificate(resident.card(), resident.municipality);
    issued.await.map(drop).map_err(io::Error::other)
}

async fn time(town: &Town, open: &Open<Records>, tried: &mut Tried<'_>) -> io::Result<()> {
    let resident = &town.people.residents[4];
    let bad = Applicant::new(open.terminal(kiosk(1)));
    let own = ticket(&bad, resident).await?;
    let shown = bad.inquire(&own, resident.municipality).await;
    let shown = shown.map_err(io::Error::other)?;
    open.clock.pass(Duration::from_secs(601));
    let said = code(bad.inquire(&own, resident.municipality).await);
    tried.refused(
        "a ticket after ten minutes",
        said,
        ProblemCode::TicketExpired,
    );
    let said = code(bad.issue(&shown.state).await);
    tried.refused("a state after ten minutes", said, ProblemCode::StateExpired);
    open.clock.pass(Duration::from_secs(2000));
    let said = code(bad.issue(&shown.state).await);
    tried.refused(
        "a state whose key is wiped",
        said,
        ProblemCode::StateExpired,
    );
    Ok(())
}
