//! G6, failure is never an answer.
//!
//! Something fails at every call the center makes of the record system, at its signer and its fonts, at every call the record system makes
//! itself (each kind of statement of its databases, the marks beside their keys, the key it signs with), and in every way a municipality's
//! database can be wrong, while an application is at any of its steps; one at a time, and the calls in pairs, of one's own and across: of each
//! pair it is seen that both came about. Whatever the terminal is told then
//! is a problem, never a certificate that is not registered, never two, never "no record"; what was reserved and not handed over lapses, and no
//! revocation is taken back; nor is anybody told that there was no earlier certificate for abroad, whatever became of it. The same again with real programs: a record system that is gone, stands still, or answers rubbish.
//!
//! Control: the same with a record system that takes a failure for an answer; and the judge is shown two certificates of one application.

mod across;
mod calls;
mod careless;
mod databases;
mod faults;
mod inside;
mod pairs;
mod processes;
mod revocations;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use issuance_api::ProblemCode;
use issuance_api::terminal::IssueAnswer;
use issuance_channel::client::CallError;

use super::isolation::register::rows;
use super::{Report, Size};
use crate::applicant::{self, Applicant, Line, Link};
use crate::simulator::Resident;
use crate::simulator::town::{Open, Town, kiosk};
use crate::world::{Ground, Options, set};
use pairs::Pairs;

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

/// All that was judged.
#[derive(Debug, Default)]
struct Tally {
    trials: usize,
    issued: usize,
    repeated: usize,
    pairs: Pairs,
    refused: BTreeMap<&'static str, usize>,
    /// What must never be: how often it was looked for, and how often it was so.
    never: BTreeMap<&'static str, [usize; 2]>,
}

const UNREGISTERED: &str = "certificates that are not registered";
const TWICE: &str = "two of one application";
const CROSSED: &str = "others' or altered";
const UNTRUE: &str = "told that there is no record, or what else is not so";
const STOPPED: &str = "certificates after issuing was stopped and older rows were put back";
const RESTED: &str = "certificates for abroad whose earlier one is gone from the register";
const NOT_LAPSED: &str = "reserved, not handed over, and not lapsed";
const STUCK: &str = "no certificate once it is over";
const SLOW: &str = "without an answer in time";
/// Then nothing was shown.
const VOID: &str = "faults alone that never came about";

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
    let mut calls = Tally::default();
    runtime.block_on(calls::trials(&town, size, &mut calls))?;
    calls.report("at calls, signer and fonts", &mut report);
    let mut damaged = Tally::default();
    runtime.block_on(databases::trials(&town, size, &mut damaged))?;
    damaged.report("databases", &mut report);
    let mut own = Tally::default();
    runtime.block_on(inside::trials(&town, size, &mut own))?;
    own.report("calls of the record system's own", &mut report);
    let mut both = Tally::default();
    runtime.block_on(across::trials(&town, size, &mut both))?;
    both.report(
        "a call of the center and one of the record system's own",
        &mut report,
    );
    runtime.block_on(revocations::trials(&town, &mut report))?;
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
    let again = Applicant::new(center_again(town, open)?);
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

fn center_again<R>(town: &Town, open: &Open<R>) -> io::Result<crate::simulator::Link> {
    town.center_over(open, |records| records, town.works.signing_key()?)
}

/// An application, to the end it comes to. Before each step is asked whether the resident goes on.
async fn apply<L: Link>(
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
async fn undisturbed<L: Link>(
    applicant: &Applicant<L>,
    resident: &Resident,
) -> io::Result<Outcome> {
    apply(applicant, resident, async |_| Ok(true)).await
}

async fn steps<L: Link>(
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

impl Tally {
    /// What is registered is given as it was when the application ended, and how much was there before it began.
    fn judge(
        &mut self,
        outcome: &Outcome,
        resident: &Resident,
        keys: &str,
        registered: &[[String; 3]],
        before: usize,
    ) {
        self.trials += 1;
        self.repeated += outcome.repeated;
        self.note(TWICE, registered.len() > before + 1);
        // All of them have records, and live.
        let untrue = matches!(
            outcome.problem,
            Some(
                ProblemCode::NoRecord
                    | ProblemCode::NoSuchPerson
                    | ProblemCode::Deceased
                    | ProblemCode::MovedOut
                    | ProblemCode::IssuingStopped
                    | ProblemCode::ConfirmationNeeded
                    | ProblemCode::PassportNotRegistered
            )
        );
        self.note(UNTRUE, untrue);
        if let Some(code) = outcome.problem {
            *self.refused.entry(code.as_str()).or_default() += 1;
        }
        if let Some(issued) = &outcome.issued {
            self.issued += 1;
            let id = issued.certificate_id.to_string();
            self.note(UNREGISTERED, !registered.iter().any(|[own, ..]| *own == id));
            let own = verify::Jwks::parse(keys).is_ok_and(|keys| {
                let card = verify::check(issued.jws.expose(), &keys, i64::MAX);
                card.is_ok_and(|card| resident.is_certified_by(&card))
            });
            self.note(CROSSED, !own);
        }
    }

    /// One more look for what must never be.
    fn note(&mut self, what: &'static str, is_so: bool) {
        let [looked, so] = self.never.entry(what).or_default();
        *looked += 1;
        *so += usize::from(is_so);
    }

    fn so(&self, what: &'static str) -> usize {
        self.never.get(what).map_or(0, |[_, so]| *so)
    }

    fn report(&self, what: &str, report: &mut Report) {
        report.told(
            format!("{what}: applications in which something failed"),
            self.trials,
        );
        report.told(format!("{what}: requests repeated"), self.repeated);
        report.told(format!("{what}: certificates all the same"), self.issued);
        report.counted(format!("{what}: refused"), &self.refused);
        self.pairs.report(what, report);
        // What nobody looked for is no figure.
        for (name, [looked, so]) in &self.never {
            report.figure(format!("{what}: {name}, of {looked}"), *so, 0);
        }
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
    let mut judged = Tally::default();
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let outcome = undisturbed(&applicant, resident).await?;
    // As if the register had two.
    let registered = rows(&database)?;
    let two: Vec<_> = registered.iter().chain(&registered).cloned().collect();
    judged.judge(&outcome, resident, &town.keys, &two, 0);
    report.finds(
        "two of one application, shown to the judge",
        judged.so(TWICE),
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
