//! G14, records are released only against proof.
//!
//! A center gone bad talks to the record system. It has its certificate and all that passes through it, and no card: it asks for tickets with no
//! evidence, with another's, with evidence of which a field, a file or a bit is otherwise, with a card it made itself; and for records,
//! receipts and hand-overs without a ticket, with another's, or in words that the resident did not sign. What was released is read from
//! the answers, and from the municipalities' own logs of releases by a program that is not ours.
//!
//! It does so at a record system that is a library, under a clock, so that tickets get too old; and over TLS at one that is a program: there it and
//! the center whose name it borrows have certificates, and bodies are sealed.
//!
//! Control, in both: the same with proof is released; and a record system that believes any card releases what was refused.

mod card;
mod processes;
mod simulated;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use hw_sim::authority::{Ca, KeyName};
use issuance_api::registry::Outcome;
use issuance_api::{Array, CenterId, KeyId, ProblemCode, TerminalUrn};
use issuance_center::clock::Clock;
use issuance_center::registry::Registry;
use issuance_center::signing::{KeyFile, Signer as _};
use issuance_channel::client::{CallError, Pinned};

use ::card::trust::ApRole;

use self::card::Way;
use self::words::{Asked, Request};
use super::isolation::register::rows;
use super::{Report, Size};
use crate::again::again;
use crate::applicant::{Applicant, Link};
use crate::random::Random;
use crate::simulator::town::{center_id, kiosk};
use crate::simulator::{People, Resident};
use crate::world::{Ground, reading, run as run_program, set};

/// Residents, six each born on one day.
const RESIDENTS: usize = 18;
/// A center beside the bad one.
const OTHER_CENTER: &str = "center-2";
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
struct Bad<'a, R> {
    people: &'a People,
    ground: &'a Ground,
    /// The record system, as this center reaches it.
    vrs: R,
    /// As another does.
    other: R,
    id: CenterId,
    kid: KeyId,
    /// VRS's.
    clock: &'a dyn Clock,
    random: Random,
}

/// A terminal as the center names it: the record system sees no more of any.
#[derive(Clone)]
struct Named(TerminalUrn);

impl Link for Named {
    type Line = Pinned;

    fn urn(&self) -> String {
        self.0.to_string()
    }

    async fn line(&self) -> Result<Pinned, CallError> {
        Err(CallError::Unreachable)
    }
}

/// A resident at one of its terminals.
struct Application<'a> {
    resident: &'a Resident,
    applicant: Applicant<Named>,
}

impl<'a> Application<'a> {
    fn new(resident: &'a Resident, terminal: usize) -> Self {
        Self {
            resident,
            applicant: Applicant::new(Named(kiosk(terminal))),
        }
    }
}

/// What has to be done was not.
fn refusal(code: ProblemCode) -> io::Error {
    io::Error::other(code.as_str())
}

/// G14.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    simulated::run(&runtime, size.of(2, 100), &mut report)?;
    processes::run(&runtime, size.of(1, 25), &mut report)?;
    Ok(report)
}

impl Tally {
    /// With the municipalities' databases.
    fn report(
        &self,
        how: &str,
        databases: impl Iterator<Item = PathBuf>,
        report: &mut Report,
    ) -> io::Result<()> {
        let what = |what: &str| format!("{how}: {what}");
        report.told(what("asked without proof, or with another's"), self.tried);
        report.counted(what("refused"), &self.refused);
        let answered: Vec<_> = self.answered.keys().copied().collect();
        report.figure(
            what("answered all the same"),
            answered.join(", "),
            String::new(),
        );
        let otherwise = self.refused.iter();
        let otherwise =
            otherwise.filter(|(code, _)| !OF_PROOF.iter().any(|it| it.as_str() == **code));
        let otherwise = otherwise.map(|(_, count)| count).sum();
        report.figure(what("refused for anything but the proof"), otherwise, 0);
        report.figure(what("others' records, for proof"), self.others, 0);
        let (mut logged, mut registered) = (0, 0);
        for database in databases {
            let mut sqlite = reading(&database);
            let sql = "SELECT count(*) FROM operation WHERE event LIKE '%\"released\"%'";
            let count = run_program(sqlite.arg(sql))?;
            let count = String::from_utf8_lossy(&count).trim().parse::<usize>();
            logged += count.map_err(io::Error::other)?;
            registered += rows(&database)?.len();
        }
        report.figure(what("releases, by the logs"), logged, self.released);
        report.figure(
            what("certificates, by the registers"),
            registered,
            self.registered,
        );
        report.finds(what("records released for proof"), self.released);
        report.finds(what("certificates registered for proof"), self.registered);
        Ok(())
    }
}

/// From now on the ground's record system is one that believes cards without their binding, and of a CA that is nobody's.
fn believe_anybody(ground: &Ground) -> io::Result<()> {
    let anchors = ground.path("cards/anchors-of-anybody");
    std::fs::create_dir(&anchors)?;
    for entry in ground.path("cards/anchors").read_dir()? {
        let entry = entry?;
        std::fs::copy(entry.path(), anchors.join(entry.file_name()))?;
    }
    for role in [ApRole::Text, ApRole::Surface] {
        let authority = ground.path("cards/authority");
        let ca = KeyName::Ca(Ca::Other, role).load(&authority);
        let anchor = ca.map_err(io::Error::other)?.anchor_file(role);
        std::fs::write(anchors.join(format!("{role:?}-other.pem")), anchor)?;
    }
    ground.edit("vrs/vrs.toml", |config| {
        set(config, "trust.accept_unbound_cards", true);
        set(config, "trust.anchors", "../cards/anchors-of-anybody");
    })
}

impl<'a, R: Registry> Bad<'a, R> {
    /// At the record system as it and another center reach it.
    fn new(
        people: &'a People,
        ground: &'a Ground,
        [vrs, other]: [R; 2],
        clock: &'a dyn Clock,
        seed: u64,
    ) -> io::Result<Self> {
        let key = KeyFile::load(&ground.path("center/signing/current.pem"));
        Ok(Self {
            people,
            ground,
            vrs,
            other,
            id: center_id(),
            kid: key.map_err(io::Error::other)?.public().kid().clone(),
            clock,
            random: Random::new(seed),
        })
    }

    /// Everything there is to try, about one resident.
    async fn trial(&mut self, round: usize, tally: &mut Tally) -> io::Result<()> {
        let resident = &self.people.residents[round % RESIDENTS];
        let application = Application::new(resident, round);
        for way in Way::ALL {
            let ticket = self.present(way, &application).await?;
            tally.tried(way.name(), ticket);
        }
        self.words(&application, tally).await
    }

    /// Everything that is asked under a ticket, first otherwise than the resident signed, then as they did.
    async fn words(&mut self, application: &Application<'_>, tally: &mut Tally) -> io::Result<()> {
        let ticket = self.ticket(application).await?;
        let other = &self.people.residents[(self.random.below(RESIDENTS - 1) + 1) % RESIDENTS];
        let other = Application::new(other, 500);
        let asked = Asked {
            ticket: self.ticket(&other).await?,
            applicant: &other.applicant,
            resident: application.resident,
        };
        let inquiry = self.inquiry(application, &ticket);
        let early = self.registration(application, &ticket, 1);
        tally.tried(
            "a receipt before anything was asked",
            self.vrs.register(&early).await,
        );
        self.edited(&Request::Inquiry(again(&inquiry)), &asked, tally)
            .await;
        let found = self.vrs.inquiry(&inquiry).await.map_err(refusal)?;
        let Outcome::Records(records) = found.outcome else {
            return Err(io::Error::other("a resident without records"));
        };
        tally.released += 1;
        let lots = records.doses.iter().map(|dose| dose.lot.expose());
        let own = records.holder.name.expose() == application.resident.name
            && lots.eq(&application.resident.lots);
        tally.others += usize::from(!own);

        let registration = self.registration(application, &ticket, records.record_version);
        self.edited(&Request::Register(again(&registration)), &asked, tally)
            .await;
        let receipt = self.vrs.register(&registration).await;
        receipt.map_err(refusal)?;
        tally.registered += 1;
        let delivered = self.hand_over(application, &ticket, &registration);
        self.edited(&Request::Delivered(delivered), &asked, tally)
            .await;
        Ok(())
    }

    /// How many records are released for a card without its binding, and for one of its own making.
    async fn believed(&mut self) -> io::Result<usize> {
        let application = Application::new(&self.people.residents[0], 1);
        let mut released = 0;
        for way in [Way::WithoutBinding, Way::ForgedCard] {
            let Ok(ticket) = self.present(way, &application).await? else {
                continue;
            };
            let inquiry = self.inquiry(&application, &ticket.ticket);
            let found = self.vrs.inquiry(&inquiry).await;
            released +=
                usize::from(found.is_ok_and(|it| matches!(it.outcome, Outcome::Records(_))));
        }
        Ok(released)
    }
}
