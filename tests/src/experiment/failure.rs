//! G6, failure is never an answer.
//!
//! Something fails at every call the center makes of the record system in an application, at its signers and its fonts; at each kind of statement by which the record
//! system opens its databases, looks through them and answers, at the marks beside their keys, and at the key it signs with; and in every way of
//! `databases` that a municipality's database can be wrong, while an application is at any of its steps: one at a time, and the calls in pairs, of
//! one's own and across. Of each pair it is seen that both came about. Whatever the terminal is told then
//! is a problem, never a certificate that is not registered, never two, never "no record"; nor is anybody told that there was no earlier
//! certificate for abroad, whatever became of it. What was reserved and not handed over lapses once it is over.
//!
//! So the record system's statements fail, alone and in pairs, while something is to lapse (`lapses`): it does, or somebody is told, and does so
//! once it is over. No revocation is taken back, whatever becomes of asking for them (`revocations`).
//! Nor does anything lapse, or stay, because somebody sets the machines' clocks. The same again with real programs: a record system that is gone, stands still, or answers rubbish.
//!
//! Not here: what an import writes, and what brings an older database to this program's form. Nobody is answered by those.
//!
//! Control: the same with a record system that takes a failure for an answer; what is handed over in time; and the judge is shown two certificates of one application.

mod across;
mod calls;
mod careless;
mod clocks;
mod databases;
mod faults;
mod inside;
mod lapses;
mod pairs;
mod processes;
mod revocations;
mod tally;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use issuance_api::terminal::IssueAnswer;
use issuance_api::{Personal, ProblemCode};
use issuance_channel::client::CallError;

use super::isolation::register::rows;
use super::{Report, Size};
use crate::applicant::{self, Applicant, Line, Link as Way};
use crate::simulator::town::{Open, Town, app, kiosk};
use crate::simulator::{Link, Resident};
use crate::world::{Ground, Options, set};
use tally::{
    CROSSED, DAMAGED, NOT_LAPSED, RESTED, SLOW, STOPPED, STUCK, TWICE, Tally, UNREGISTERED, UNTRUE,
    VOID,
};

/// One of them has a name for which the font of names is read.
const RESIDENTS: usize = 6;
/// How often a request that may be repeated is sent.
const ATTEMPTS: u32 = 3;
/// Longer than any reservation.
const LAPSED: Duration = Duration::from_secs(1300);

/// Before which step of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Challenge,
    Evidence,
    Inquiry,
    Issue,
    Delivered,
}

impl Moment {
    const ALL: [Self; 5] = [
        Self::Challenge,
        Self::Evidence,
        Self::Inquiry,
        Self::Issue,
        Self::Delivered,
    ];
}

/// What an application came to.
#[derive(Debug, Default)]
struct Outcome {
    issued: Option<IssueAnswer>,
    delivered: bool,
    repeated: usize,
    problem: Option<ProblemCode>,
}

/// Why an application ended early.
enum End {
    /// The resident went away.
    Away,
    Problem(ProblemCode),
    /// What was to fail could not be made to.
    NotTried(io::Error),
}

impl From<CallError> for End {
    fn from(error: CallError) -> Self {
        Self::Problem(applicant::problem(&error))
    }
}

/// G6.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let town = town()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut calls = Tally::at(&town.ground)?;
    runtime.block_on(calls::trials(&town, size, &mut calls))?;
    calls.report("at calls, signers and fonts", &mut report);
    let mut damaged = Tally::at(&town.ground)?;
    runtime.block_on(databases::trials(&town, size, &mut damaged))?;
    damaged.report("databases", &mut report);
    let mut own = Tally::at(&town.ground)?;
    runtime.block_on(inside::trials(&town, size, &mut own))?;
    own.report("calls of the record system's own", &mut report);
    let mut both = Tally::at(&town.ground)?;
    runtime.block_on(across::trials(&town, size, &mut both))?;
    both.report(
        "a call of the center and one of the record system's own",
        &mut report,
    );
    let mut lapsing = Tally::at(&town.ground)?;
    runtime.block_on(lapses::trials(&town, size, &mut lapsing))?;
    lapsing.report("of its own when something lapses", &mut report);
    runtime.block_on(lapses::control(&town, &mut report))?;
    runtime.block_on(revocations::trials(&town, &mut report))?;
    runtime.block_on(clocks::trials(&town, &mut report))?;
    let processes = processes::run(size)?;
    processes.report("real programs", &mut report);
    runtime.block_on(control(&town, &mut report))?;
    Ok(report)
}

fn town() -> io::Result<Town> {
    let ground = Ground::unserved(&Options {
        center: |config| set(config, "fonts.names", NAMES),
        ..Options::default()
    })?;
    put_font(&ground.path("center").join(NAMES))?;
    Town::on(ground, RESIDENTS)
}

/// The font of names, in a file of its own: the center holds it open and reads outlines when a name needs them.
const NAMES: &str = "names.ttf";

fn put_font(font: &Path) -> io::Result<()> {
    std::fs::copy("/usr/share/fonts/truetype/ipamj/ipamjm.ttf", font).map(drop)
}

/// Whatever it was: once it is over, the resident gets one, and what nobody got lapses.
async fn over<R>(
    town: &Town,
    open: &Open<R>,
    resident: &Resident,
    tally: &mut Tally,
) -> io::Result<()> {
    let center = town.center_over(open, |records| records, |_, key| key)?;
    let again = Applicant::new(Link::near(center, kiosk(1)));
    let healed = undisturbed(&again, resident).await?;
    tally.note(STUCK, !healed.delivered);
    open.clock.pass(LAPSED);
    open.vrs.tidy().await;
    let rows = rows(&open.databases.file(resident.municipality))?;
    tally.note(
        NOT_LAPSED,
        rows.iter().any(|[.., state]| state == "reserved"),
    );
    Ok(())
}

/// An application, to the end it comes to. Before each step is asked whether the resident goes on.
async fn apply<L: Way>(
    applicant: &Applicant<L>,
    resident: &Resident,
    goes_on: impl AsyncFnMut(Moment) -> io::Result<bool>,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    match steps(applicant, resident, goes_on, &mut outcome).await {
        Ok(()) => outcome.delivered = true,
        Err(End::Away) => {}
        Err(End::Problem(code)) => outcome.problem = Some(code),
        Err(End::NotTried(error)) => return Err(error),
    }
    Ok(outcome)
}

/// [`apply`], with nothing in the way.
async fn undisturbed<L: Way>(applicant: &Applicant<L>, resident: &Resident) -> io::Result<Outcome> {
    apply(applicant, resident, async |_| Ok(true)).await
}

async fn steps<L: Way>(
    applicant: &Applicant<L>,
    resident: &Resident,
    mut goes_on: impl AsyncFnMut(Moment) -> io::Result<bool>,
    outcome: &mut Outcome,
) -> Result<(), End> {
    let mut before = async |moment| match goes_on(moment).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(End::Away),
        Err(error) => Err(End::NotTried(error)),
    };
    // A challenge is of one connection, and of no use to another: the resident would begin again.
    before(Moment::Challenge).await?;
    let mut challenged = applicant.challenge().await?;
    let exporter = challenged.connection.exporter().clone();
    let evidence = applicant.answer(&mut resident.card(), &challenged.challenge, &exporter);
    before(Moment::Evidence).await?;
    let ticket = applicant.send(&mut challenged, &evidence).await?.ticket;
    before(Moment::Inquiry).await?;
    let ask = async || applicant.inquire(&ticket, resident.municipality).await;
    let shown = outcome.repeated(ask).await?;
    before(Moment::Issue).await?;
    let issue = async || applicant.issue(&shown.state).await;
    outcome.issued = Some(outcome.repeated(issue).await?);
    before(Moment::Delivered).await?;
    let report = async || applicant.delivered(&shown.state).await;
    outcome.repeated(report).await.map(drop)
}

impl Outcome {
    /// Whether something was in its way.
    const fn is_hindered(&self) -> bool {
        self.problem.is_some() || self.repeated > 0
    }

    /// Sends a request again where that may help.
    async fn repeated<T>(
        &mut self,
        request: impl AsyncFn() -> Result<T, CallError>,
    ) -> Result<T, End> {
        let count = async |_| self.repeated += 1;
        let answer = applicant::repeated(ATTEMPTS, request, count).await;
        answer.map_err(End::Problem)
    }
}

/// The same where the protection is taken out; and the judge, shown what must never be.
async fn control(town: &Town, report: &mut Report) -> io::Result<()> {
    let careless = careless::trials(town).await?;
    report.finds(
        "a certificate that is not registered, where a failure is taken for a receipt",
        careless.so(UNREGISTERED),
    );
    report.finds(
        "a failure told as \"no record\", where it is taken for a finding",
        careless.so(UNTRUE),
    );
    let open = town.open().await?;
    let resident = &town.people.residents[0];
    let database = open.databases.file(resident.municipality);
    let mut judged = Tally::at(&town.ground)?;
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let outcome = undisturbed(&applicant, resident).await?;
    // As if the register had two.
    let registered = rows(&database)?;
    let two: Vec<_> = registered.iter().chain(&registered).cloned().collect();
    judged.judge(&outcome, resident, &two, 0);
    report.finds(
        "two of one application, shown to the judge",
        judged.so(TWICE),
    );
    let mut altered = Tally::at(&town.ground)?;
    let app = Link::near(Arc::clone(&open.center), app(1));
    let applicant = Applicant::new(app).abroad(Some(resident.passport().mrz()));
    let mut outcome = undisturbed(&applicant, resident).await?;
    altered.judge(&outcome, resident, &rows(&database)?, registered.len());
    let was_good = altered.so(CROSSED) == 0;
    let seal = outcome.issued.as_mut().and_then(|it| it.vds_nc.as_mut());
    if let Some(seal) = seal.filter(|_| was_good) {
        *seal = Personal::new(with_another_signature(seal.expose()));
    }
    altered.judge(&outcome, resident, &rows(&database)?, registered.len());
    report.finds(
        "a barcode whose signature is altered, shown to the judge",
        altered.so(CROSSED),
    );
    // Nobody looks after what lapses.
    let left = Applicant::new(open.terminal(kiosk(2)));
    let until_handed_over = async |moment| Ok(moment != Moment::Delivered);
    apply(&left, resident, until_handed_over).await?;
    open.clock.pass(LAPSED);
    let reserved = rows(&database)?
        .into_iter()
        .filter(|[_, _, state]| state == "reserved");
    report.finds(
        "still reserved where nothing lets it lapse",
        reserved.count(),
    );
    Ok(())
}

/// A barcode's text, with its signature's first character another one.
fn with_another_signature(text: &str) -> String {
    const BEFORE: &str = "\"sigvl\":\"";
    let (rest, signature) = text.split_once(BEFORE).unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let signature: String = signature.chars().skip(1).collect();
    format!("{rest}{BEFORE}{first}{signature}")
}
