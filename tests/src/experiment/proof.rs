//! G14, records are released only against proof.
//!
//! A center gone bad talks to the record system. It has its certificate and all that passes through it, and no card: it asks for tickets with no
//! evidence, with another's, with evidence of which a field, a file or a bit is otherwise, with a card it made itself; and for records,
//! receipts and hand-overs without a ticket, with another's, or in words that the resident did not sign. What was released is read from
//! the answers, and from the municipalities' own logs of releases by a program that is not ours.
//!
//! Control: the same with proof is released; and a record system that believes any card releases what was refused.

mod card;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::time::Duration;

use hw_sim::authority::{Ca, KeyName};
use issuance_api::registry::Outcome;
use issuance_api::{Array, CenterId, ProblemCode};
use vrs::service::Vrs;

use ::card::trust::ApRole;

use self::card::Way;
use self::words::{Asked, Request};
use super::isolation::register::rows;
use super::{Report, Size};
use crate::again::again;
use crate::applicant::Applicant;
use crate::random::Random;
use crate::simulator::town::{Open, Town, center_id, kiosk};
use crate::simulator::{Clock, Link, Records, Resident, Works};
use crate::world::{run as run_program, set};

/// Residents, six each born on one day.
const RESIDENTS: usize = 18;
/// What the center says is the exporter of its connection to the terminal.
const EXPORTER: Array<32> = Array::new([9; 32]);
/// What is refused for the proof's sake.
const OF_PROOF: [ProblemCode; 11] = [
    ProblemCode::CardBindingMissing,
    ProblemCode::CardBindingInvalid,
    ProblemCode::CardDataAltered,
    ProblemCode::CardIssuerUnknown,
    ProblemCode::CardNotGenuine,
    ProblemCode::ChallengeExpired,
    ProblemCode::EvidenceMalformed,
    ProblemCode::RecordChanged,
    ProblemCode::SessionProofInvalid,
    ProblemCode::TicketExpired,
    ProblemCode::TicketInvalid,
];

/// What became of it all.
#[derive(Default)]
struct Tally {
    tried: usize,
    /// By what was tried: answered all the same.
    answered: BTreeMap<&'static str, usize>,
    refused: BTreeMap<&'static str, usize>,
    /// Records and receipts that were given for proof.
    released: usize,
    registered: usize,
    /// Of those, another's.
    others: usize,
}

impl Tally {
    fn tried<T>(&mut self, what: &'static str, answer: Result<T, ProblemCode>) {
        self.tried += 1;
        match answer {
            Ok(_) => *self.answered.entry(what).or_default() += 1,
            Err(code) => *self.refused.entry(code.as_str()).or_default() += 1,
        }
    }
}

/// A center gone bad.
struct Bad<'a> {
    town: &'a Town,
    vrs: &'a Vrs,
    id: CenterId,
    /// VRS's: hours pass in it.
    clock: &'a Clock,
    random: Random,
}

/// A resident at one of its terminals.
struct Application<'a> {
    resident: &'a Resident,
    applicant: Applicant<Link>,
}

impl<'a> Application<'a> {
    fn new(open: &Open<Records>, resident: &'a Resident, terminal: usize) -> Self {
        Self {
            resident,
            applicant: Applicant::new(open.terminal(kiosk(terminal))),
        }
    }
}

/// G14.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let town = Town::prepare(RESIDENTS)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(trials(&town, size.of(2, 100), &mut report))?;
    Ok(report)
}

async fn trials(town: &Town, rounds: usize, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    let mut bad = Bad {
        town,
        vrs: &open.vrs,
        id: center_id(),
        clock: &open.clock,
        random: Random::new(14),
    };
    let mut tally = Tally::default();
    for round in 0..rounds {
        let resident = &town.people.residents[round % RESIDENTS];
        let application = Application::new(&open, resident, round);
        for way in Way::ALL {
            let ticket = bad.present(way, &application)?;
            tally.tried(way.name(), ticket);
        }
        bad.words(&open, &application, &mut tally).await?;
    }
    report.told("asked without proof, or with another's", tally.tried);
    report.counted("refused", &tally.refused);
    let answered: Vec<_> = tally.answered.keys().copied().collect();
    report.figure("answered all the same", answered.join(", "), String::new());
    let otherwise = tally.refused.iter();
    let otherwise = otherwise.filter(|(code, _)| !OF_PROOF.iter().any(|it| it.as_str() == **code));
    let otherwise = otherwise.map(|(_, count)| count).sum();
    report.figure("refused for anything but the proof", otherwise, 0);
    report.figure("others' records, for proof", tally.others, 0);
    let (mut logged, mut registered) = (0, 0);
    for (municipality, _) in &town.people.records {
        let database = open.databases.file(*municipality);
        let mut sqlite = Command::new("sqlite3");
        sqlite.arg("-readonly").arg(&database);
        let sql = "SELECT count(*) FROM operation WHERE event LIKE '%\"released\"%'";
        let count = run_program(sqlite.arg(sql))?;
        let count = String::from_utf8_lossy(&count).trim().parse::<usize>();
        logged += count.map_err(io::Error::other)?;
        registered += rows(&database)?.len();
    }
    report.figure("releases, by the logs", logged, tally.released);
    report.figure(
        "certificates, by the registers",
        registered,
        tally.registered,
    );
    report.finds("records released for proof", tally.released);
    report.finds("certificates registered for proof", tally.registered);
    open.vrs.close().await;
    let believed = credulous(town, &open).await?;
    report.finds(
        "records released by a record system that believes any card",
        believed,
    );
    Ok(())
}

/// What a record system releases that believes cards without their binding, and of a CA that is nobody's.
async fn credulous(town: &Town, open: &Open<Records>) -> io::Result<usize> {
    let anchors = town.ground.path("cards/anchors-of-anybody");
    std::fs::create_dir(&anchors)?;
    for entry in town.ground.path("cards/anchors").read_dir()? {
        let entry = entry?;
        std::fs::copy(entry.path(), anchors.join(entry.file_name()))?;
    }
    for role in [ApRole::Text, ApRole::Surface] {
        let authority = town.ground.path("cards/authority");
        let ca = KeyName::Ca(Ca::Other, role).load(&authority);
        let anchor = ca.map_err(io::Error::other)?.anchor_file(role);
        std::fs::write(anchors.join(format!("{role:?}-other.pem")), anchor)?;
    }
    town.ground.edit("vrs/vrs.toml", |config| {
        set(config, "trust.accept_unbound_cards", true);
        set(config, "trust.anchors", "../cards/anchors-of-anybody");
    })?;
    let works = Works::new(&town.ground)?;
    let (clock, notes) = (open.clock.clone(), open.notes.clone());
    let vrs = works.vrs(open.databases.folders(), vec![center_id()], clock, notes)?;
    let mut bad = Bad {
        town,
        vrs: &vrs,
        id: center_id(),
        clock: &open.clock,
        random: Random::new(15),
    };
    let mut released = 0;
    for way in [Way::WithoutBinding, Way::ForgedCard] {
        let application = Application::new(open, &town.people.residents[0], 1);
        let Ok(ticket) = bad.present(way, &application)? else {
            continue;
        };
        let inquiry = bad.inquiry(&application, &ticket.ticket);
        let found = vrs.inquiry(&bad.id, &inquiry).await;
        released += usize::from(found.is_ok_and(|it| matches!(it.outcome, Outcome::Records(_))));
    }
    vrs.close().await;
    Ok(released)
}

impl Bad<'_> {
    /// Everything that is asked under a ticket, first otherwise than the resident signed, then as they did.
    async fn words(
        &mut self,
        open: &Open<Records>,
        application: &Application<'_>,
        tally: &mut Tally,
    ) -> io::Result<()> {
        let ticket = self.ticket(application)?;
        let other = &self.town.people.residents[(self.random.below(RESIDENTS - 1) + 1) % RESIDENTS];
        let other = Application::new(open, other, 500);
        let asked = Asked {
            ticket: self.ticket(&other)?,
            applicant: &other.applicant,
            resident: application.resident,
        };
        let inquiry = self.inquiry(application, &ticket);
        let early = self.registration(application, &ticket, 1)?;
        tally.tried(
            "a receipt before anything was asked",
            self.vrs.register(&self.id, &early).await,
        );
        self.edited(&Request::Inquiry(again(&inquiry)), &asked, tally)
            .await;
        let found = self.vrs.inquiry(&self.id, &inquiry).await;
        let found = found.map_err(|code| io::Error::other(code.as_str()))?;
        let Outcome::Records(records) = found.outcome else {
            return Err(io::Error::other("a resident without records"));
        };
        tally.released += 1;
        let lots = records.doses.iter().map(|dose| dose.lot.expose());
        let own = records.holder.name.expose() == application.resident.name
            && lots.eq(&application.resident.lots);
        tally.others += usize::from(!own);

        let registration = self.registration(application, &ticket, records.record_version)?;
        self.edited(&Request::Register(again(&registration)), &asked, tally)
            .await;
        let receipt = self.vrs.register(&self.id, &registration).await;
        receipt.map_err(|code| io::Error::other(code.as_str()))?;
        tally.registered += 1;
        let delivered = self.hand_over(application, &ticket, &registration);
        self.edited(&Request::Delivered(delivered), &asked, tally)
            .await;

        let late = self.ticket(application)?;
        let late = self.inquiry(application, &late);
        open.clock.pass(Duration::from_secs(601));
        tally.tried(
            "a ticket after its time",
            self.vrs.inquiry(&self.id, &late).await,
        );
        Ok(())
    }
}
