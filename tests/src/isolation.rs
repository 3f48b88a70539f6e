//! G1, nobody gets another's certificate: applications by the million, interleaved, under one clock.
//!
//! Kiosks at two centers take residents as they come; requests and answers are lost, terminals give up and try again, residents go
//! back, cancel or leave without their paper, time jumps. Every certificate that reaches a kiosk is judged outside all programs under
//! test, by `verify` and by what the resident's records say; of some the kiosk's own hand-over check is asked too, which reads the
//! page; and at the end the register of each municipality is compared, by a program that is not ours, with what was handed out.
//!
//! Control: four failures that happened elsewhere ([`Failure`]). With each of them people do get others' certificates, and the
//! kiosk's hand-over check lets none of those through.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::ops::AddAssign;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use issuance_api::terminal::{InquiryAnswer, IssueAnswer, Preview};
use issuance_api::{
    CenterId, CertificateKind, MunicipalityCode, ProblemCode, TerminalUrn, problem::Retry,
};
use issuance_center::center::Center;
use issuance_channel::client::CallError;
use sha2::{Digest, Sha256};
use terminal::handover::{Asked, CardHolder, Issuer};
use vrs::service::Vrs;
use vrs::storage::Division;

use crate::applicant::Applicant;
use crate::random::Random;
use crate::simulator::{
    Clock, Databases, Failure, Failures, Link, Lots, Notes, People, Records, Resident, Works,
};
use crate::world::{Ground, ISSUER, MUNICIPALITIES, Options, run as run_to_end};

/// Centers of a simulation.
const CENTERS: [&str; 2] = ["center-1", "center-2"];
/// Applications until databases and programs are made anew: so long does a register stay small enough to lie in memory.
const ROUND: usize = 20_000;
/// How often a request that may be repeated is sent.
const ATTEMPTS: usize = 4;

/// How much of what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Applications.
    pub applications: usize,
    /// Kiosks, half of them at each center.
    pub kiosks: usize,
    /// Residents, who come again and again.
    pub residents: usize,
    /// One certificate in so many goes through the kiosk's hand-over check, page and all.
    pub checked_in: usize,
    /// Another order for another one.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Applications that were begun.
    pub applications: usize,
    /// Applications that began in the same millisecond as another.
    pub same_tick: usize,
    /// Requests that were sent again.
    pub repeated: usize,
    /// Applications in which the resident went back, cancelled or went away.
    pub left: usize,
    /// Certificates that reached a kiosk.
    pub issued: usize,
    /// Certificates of which the center heard that they were handed over.
    pub delivered: usize,
    /// Certificates that went through the hand-over check.
    pub checked: usize,
    /// Of those, refused by it.
    pub refused: usize,
    /// Previews or certificates that were another's.
    pub crossed: usize,
    /// What the registers say otherwise than the kiosks: another person, two certificates of one application, one that is missing.
    pub register: usize,
    /// Applications that ended without a certificate, by what was said.
    pub problems: BTreeMap<&'static str, usize>,
    /// What the programs said of themselves.
    pub events: BTreeMap<String, usize>,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.applications += other.applications;
        self.same_tick += other.same_tick;
        self.repeated += other.repeated;
        self.left += other.left;
        self.issued += other.issued;
        self.delivered += other.delivered;
        self.checked += other.checked;
        self.refused += other.refused;
        self.crossed += other.crossed;
        self.register += other.register;
        for (code, count) in other.problems {
            *self.problems.entry(code).or_default() += count;
        }
        for (event, count) in other.events {
            *self.events.entry(event).or_default() += count;
        }
    }
}

impl Outcome {
    /// Whether nobody got anything of another's, and nothing was said that nobody may hear.
    #[must_use]
    pub fn holds(&self) -> bool {
        const NEVER: [&str; 3] = ["statement-refused", "signing-stopped", "page-failed"];
        const UNTRUE: [ProblemCode; 3] = [
            ProblemCode::NoRecord,
            ProblemCode::InternalError,
            ProblemCode::ContentMismatch,
        ];
        (self.crossed, self.register, self.refused) == (0, 0, 0)
            && self.issued > self.applications / 2
            && !NEVER.iter().any(|event| self.events.contains_key(*event))
            && !UNTRUE
                .iter()
                .any(|code| self.problems.contains_key(code.as_str()))
    }
}

/// Everything that simulations share.
pub struct Isolation {
    works: Works,
    people: Arc<People>,
    issuer: Arc<Issuer>,
    keys: Arc<verify::Jwks>,
}

impl Isolation {
    /// Makes keys, people and cards.
    ///
    /// # Errors
    /// If a program fails or a file cannot be written.
    pub fn prepare(residents: usize) -> io::Result<Self> {
        let ground = Ground::unserved(&Options::default())?;
        let people = People::new(&ground, residents)?;
        let works = Works::new(ground)?;
        let keys = works.published_keys()?;
        let issuer = Issuer::new(ISSUER.to_owned(), &keys).map_err(io::Error::other)?;
        Ok(Self {
            people: Arc::new(people),
            issuer: Arc::new(issuer),
            keys: Arc::new(verify::Jwks::parse(&keys).map_err(io::Error::other)?),
            works,
        })
    }

    /// Runs the plan, on as many threads as there are processors, a round each.
    ///
    /// # Errors
    /// If a simulation cannot be set up.
    pub fn run(&self, plan: &Plan) -> io::Result<Outcome> {
        let rounds = plan.applications.div_ceil(ROUND);
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Outcome::default());
        let work = || -> io::Result<()> {
            loop {
                let round = next.fetch_add(1, Ordering::SeqCst);
                if round >= rounds {
                    return Ok(());
                }
                let applications = ROUND.min(plan.applications - round * ROUND);
                let seed = Random(plan.seed ^ (round as u64) << 32).next();
                let outcome = self.round(
                    &Plan {
                        applications,
                        seed,
                        ..*plan
                    },
                    None,
                )?;
                *all.lock().unwrap_or_else(PoisonError::into_inner) += outcome;
            }
        };
        let threads = std::thread::available_parallelism()?.get().min(rounds);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                let ended = thread.join();
                ended.map_err(|_| io::Error::other("a simulation panicked"))?
            })
        })?;
        Ok(all.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the plan in one round, with a failure in the centers.
    ///
    /// # Errors
    /// If a simulation cannot be set up.
    pub fn with_failure(&self, plan: &Plan, failure: Failure) -> io::Result<Outcome> {
        self.round(plan, Some(failure))
    }

    fn round(&self, plan: &Plan, failure: Option<Failure>) -> io::Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        tokio::task::LocalSet::new().block_on(&runtime, self.simulate(plan, failure))
    }

    async fn simulate(&self, plan: &Plan, failure: Option<Failure>) -> io::Result<Outcome> {
        let clock = Arc::new(Clock::default());
        let databases = Databases::new(&self.people.records, clock.now().unix_timestamp()).await?;
        let notes = Arc::new(Notes::default());
        let lots = Lots::new(plan.seed);
        let ids: Vec<CenterId> = CENTERS
            .iter()
            .map(|id| id.parse())
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let vrs = self.works.vrs(
            databases.folders(),
            ids.clone(),
            clock.clone(),
            notes.clone(),
        )?;
        let vrs = Arc::new(vrs);
        let centers: io::Result<Vec<_>> = ids
            .into_iter()
            .map(|id| {
                let records = Records::far(Arc::clone(&vrs), id.clone(), lots.clone());
                self.works
                    .center(id, records, clock.clone(), notes.clone())
                    .map(Arc::new)
            })
            .collect();
        let centers = centers?;
        let failures = failure.map(|failure| Arc::new(Failures::new(failure, Arc::clone(&clock))));
        let counter = Arc::new(Counter {
            people: Arc::clone(&self.people),
            issuer: Arc::clone(&self.issuer),
            keys: Arc::clone(&self.keys),
            plan: *plan,
            clock: Arc::clone(&clock),
            lots: lots.clone(),
            begun: AtomicUsize::new(0),
            tally: Mutex::default(),
        });
        for kiosk in 0..plan.kiosks {
            let terminal: TerminalUrn = format!("urn:shomei:terminal:kiosk:dev:{kiosk:04}")
                .parse()
                .map_err(io::Error::other)?;
            let ways: Vec<_> = (0..centers.len())
                .map(|n| Link {
                    center: Arc::clone(&centers[(kiosk + n) % centers.len()]),
                    terminal: terminal.clone(),
                    lots: lots.clone(),
                    failures: failures.clone(),
                })
                .collect();
            let counter = Arc::clone(&counter);
            lots.spawn(async move { counter.serve(&ways).await });
        }
        let mut tidied = Duration::ZERO;
        lots.run(async || {
            pass(&lots, &clock);
            if clock.passed() >= tidied + Duration::from_secs(10) {
                tidied = clock.passed();
                tidy(&vrs, &centers).await;
            }
        })
        .await;
        // What was reserved and not delivered lapses.
        clock.pass(Duration::from_secs(3600));
        tidy(&vrs, &centers).await;
        vrs.close().await;
        let Tally {
            mut outcome,
            handed,
            ..
        } = std::mem::take(&mut *counter.tally());
        outcome.register = self.differences(&databases, &handed).await?;
        outcome.events = notes.all();
        Ok(outcome)
    }

    /// What the registers say otherwise than the kiosks.
    async fn differences(
        &self,
        databases: &Databases,
        handed: &HashMap<String, Handed>,
    ) -> io::Result<usize> {
        let mut registered: HashMap<String, (MunicipalityCode, String, String)> = HashMap::new();
        let mut persons: HashMap<(MunicipalityCode, String), usize> = HashMap::new();
        for (municipality, _) in &self.people.records {
            for row in rows(&databases.file(*municipality))? {
                let [id, person, state] = row;
                registered.insert(id, (*municipality, person, state));
            }
            let division = Division::open(&databases.folders(), *municipality).await;
            let division = division.map_err(io::Error::other)?;
            let mut reading = division.read().await.map_err(io::Error::other)?;
            for (n, resident) in self.people.residents.iter().enumerate() {
                if resident.municipality == *municipality {
                    let found = reading
                        .person(&resident.number)
                        .await
                        .map_err(io::Error::other)?;
                    let found = found.ok_or_else(|| io::Error::other("a resident is gone"))?;
                    let person = serde_json::to_string(&found.id)?;
                    persons.insert((*municipality, person), n);
                }
            }
            drop(reading);
            division.close().await;
        }
        let mut differences = 0;
        for (
            id,
            Handed {
                resident, reported, ..
            },
        ) in handed
        {
            let right = registered
                .get(id)
                .is_some_and(|(municipality, person, state)| {
                    let whose = persons.get(&(*municipality, person.clone()));
                    // An answer that was lost on the way to the kiosk may have been a `delivered` that counts.
                    whose == Some(resident)
                        && (!reported || state == "delivered")
                        && state != "reserved"
                });
            differences += usize::from(!right);
        }
        // Two certificates of one application.
        let applications: HashSet<_> = handed.values().map(|it| it.application).collect();
        differences += handed.len() - applications.len();
        // One that is there may not have reached its kiosk; then it lapsed.
        differences += registered
            .iter()
            .filter(|(id, (_, _, state))| {
                !handed.contains_key(*id) && state != "lapsed" && state != "revoked"
            })
            .count();
        Ok(differences)
    }
}

async fn tidy(vrs: &Vrs, centers: &[Arc<Center<Records>>]) {
    for center in centers {
        center.tidy();
    }
    vrs.tidy().await;
}

/// Mostly none; now and then a jump over what tickets, states and challenges last.
fn pass(lots: &Lots, clock: &Clock) {
    let milliseconds = lots.decide(|random| match random.below(20_000) {
        0 => 60_000 + random.below(700_000),
        1..=200 => random.below(2_000),
        201..=2_000 => random.below(15),
        _ => 0,
    });
    clock.pass(Duration::from_millis(milliseconds as u64));
}

/// Certificates of a register: id, person, state. Read by a program that is not ours.
fn rows(database: &Path) -> io::Result<Vec<[String; 3]>> {
    let mut sqlite = Command::new("sqlite3");
    sqlite.arg("-readonly").arg(database);
    let rows = run_to_end(sqlite.arg("SELECT certificate_id, person, state FROM certificate"))?;
    let rows = String::from_utf8_lossy(&rows).into_owned();
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::to_owned);
        let mut next = || cells.next().ok_or(io::ErrorKind::InvalidData);
        Ok([next()?, next()?, next()?])
    };
    rows.lines().map(row).collect()
}

/// A certificate that reached a kiosk.
struct Handed {
    resident: usize,
    application: usize,
    reported: bool,
    digest: [u8; 32],
}

#[derive(Default)]
struct Tally {
    outcome: Outcome,
    handed: HashMap<String, Handed>,
    /// Pages, each of which belongs to one certificate.
    pages: HashMap<[u8; 32], String>,
    began: BTreeSet<Duration>,
}

/// All kiosks' residents, and what is judged.
struct Counter {
    people: Arc<People>,
    issuer: Arc<Issuer>,
    keys: Arc<verify::Jwks>,
    plan: Plan,
    clock: Arc<Clock>,
    lots: Lots,
    begun: AtomicUsize,
    tally: Mutex<Tally>,
}

/// How an application ended without everything.
enum End {
    /// The resident had enough.
    Left,
    /// Something was in the way.
    Problem(ProblemCode),
}

impl From<CallError> for End {
    fn from(error: CallError) -> Self {
        Self::Problem(match error {
            CallError::Problem(problem) => problem.code,
            CallError::Unreachable | CallError::Busy => ProblemCode::CenterUnreachable,
            CallError::Untrusted => ProblemCode::AnswerUntrusted,
        })
    }
}

impl Counter {
    /// A kiosk's day.
    async fn serve(&self, ways: &[Link]) {
        loop {
            self.lots.point().await;
            let number = self.begun.fetch_add(1, Ordering::SeqCst);
            if number >= self.plan.applications {
                return;
            }
            {
                let mut tally = self.tally();
                tally.outcome.applications += 1;
                let first = tally.began.insert(self.clock.passed());
                tally.outcome.same_tick += usize::from(!first);
            }
            let resident = self
                .lots
                .decide(|random| random.below(self.people.residents.len()));
            match self.apply(number, resident, ways).await {
                Ok(()) => {}
                Err(End::Left) => self.tally().outcome.left += 1,
                Err(End::Problem(code)) => {
                    *self
                        .tally()
                        .outcome
                        .problems
                        .entry(code.as_str())
                        .or_default() += 1;
                }
            }
        }
    }

    fn once_in(&self, times: usize) -> bool {
        self.lots.decide(|random| random.once_in(times))
    }

    /// The resident may cancel before every step.
    fn stays(&self) -> Result<(), End> {
        if self.once_in(60) {
            Err(End::Left)
        } else {
            Ok(())
        }
    }

    /// Sends a request until it is answered by something that a repetition would not change.
    async fn repeated<T>(&self, request: impl AsyncFn() -> Result<T, CallError>) -> Result<T, End> {
        let mut attempt = 1;
        loop {
            let end = match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) => End::from(error),
            };
            let again = matches!(&end, End::Problem(code) if code.meaning().retry == Retry::Repeat);
            if attempt == ATTEMPTS || !again {
                return Err(end);
            }
            self.tally().outcome.repeated += 1;
            attempt += 1;
        }
    }

    async fn apply(&self, number: usize, who: usize, ways: &[Link]) -> Result<(), End> {
        let resident = &self.people.residents[who];
        let applicant = Applicant::new(ways[0].clone());
        applicant.menu().await?;
        self.stays()?;
        let mut challenged = applicant.challenge().await?;
        let mut card = resident.card();
        let exporter = crate::applicant::Line::exporter(&challenged.connection).clone();
        let evidence = applicant.answer(&mut card, &challenged.challenge, &exporter);
        let holder = CardHolder::read(evidence.files().attributes.attributes());
        let ticket = applicant.send(&mut challenged, &evidence).await?.ticket;
        drop(challenged);
        self.stays()?;
        if self.once_in(30) {
            // Not where the records are.
            let others = MUNICIPALITIES
                .iter()
                .filter(|it| **it != resident.municipality.as_str());
            for other in others {
                let other = other.parse().expect("a municipality's code");
                drop(applicant.inquire(&ticket, other).await);
            }
        }
        let ask = async || applicant.inquire(&ticket, resident.municipality).await;
        let mut shown = self.repeated(ask).await?;
        if self.once_in(30) {
            // Back from the preview, and again.
            shown = self.repeated(ask).await?;
        }
        self.judge_preview(resident, &shown);
        self.stays()?;
        if self.once_in(100) {
            // By mistake to the other center, which cannot know it.
            let elsewhere = applicant.at(ways[1].clone());
            if elsewhere.issue(&shown.state).await.is_ok() {
                self.tally().outcome.crossed += 1;
            }
        }
        let issued = self
            .repeated(async || applicant.issue(&shown.state).await)
            .await?;
        self.judge(number, who, &issued);
        if self.once_in(self.plan.checked_in) {
            self.check(&holder, &shown, issued.clone())?;
        }
        if self.once_in(30) {
            // The same again is the same.
            let again = self
                .repeated(async || applicant.issue(&shown.state).await)
                .await?;
            self.judge(number, who, &again);
        }
        self.stays()?;
        self.repeated(async || applicant.delivered(&shown.state).await)
            .await?;
        let mut tally = self.tally();
        tally.outcome.delivered += 1;
        if let Some(handed) = tally.handed.get_mut(&issued.certificate_id.to_string()) {
            handed.reported = true;
        }
        Ok(())
    }

    fn judge_preview(&self, resident: &Resident, shown: &InquiryAnswer) {
        let Preview {
            holder,
            doses,
            authority,
            ..
        } = &shown.preview;
        let lots = doses.iter().map(|dose| &dose.lot);
        let own = holder.name.expose() == resident.name
            && String::from(holder.birth_date).replace('-', "") == resident.birth_date
            && authority.code == resident.municipality
            && lots.eq(&resident.lots);
        self.tally().outcome.crossed += usize::from(!own);
    }

    /// Whether this certificate is this resident's, and this application's alone.
    fn judge(&self, application: usize, who: usize, issued: &IssueAnswer) {
        let resident = &self.people.residents[who];
        let now = self.clock.now().unix_timestamp();
        let own = verify::check(issued.jws.expose(), &self.keys, now).is_ok_and(|card| {
            let patient = &card.patient;
            let parts: Vec<_> = patient
                .family
                .iter()
                .chain(&patient.given)
                .map(verify::Private::expose)
                .collect();
            let lots = card
                .immunizations
                .iter()
                .map(|dose| dose.lot.as_deref().unwrap_or_default());
            parts.join("\u{3000}") == resident.name
                && patient.birth_date.to_string().replace('-', "") == resident.birth_date
                && lots.eq(resident.lots.iter())
        });
        let page: [u8; 32] = Sha256::digest(issued.page.as_bytes()).into();
        let mut all = Sha256::new_with_prefix(page);
        all.update(issued.jws.expose());
        let digest: [u8; 32] = all.finalize().into();
        let id = issued.certificate_id.to_string();
        let mut tally = self.tally();
        let own_page = *tally.pages.entry(page).or_insert_with(|| id.clone()) == id;
        let first = !tally.handed.contains_key(&id);
        let handed = tally.handed.entry(id).or_insert(Handed {
            resident: who,
            application,
            reported: false,
            digest,
        });
        let same =
            (handed.resident, handed.application, handed.digest) == (who, application, digest);
        tally.outcome.issued += usize::from(first);
        tally.outcome.crossed += usize::from(!(own && own_page && same));
    }

    /// Has the kiosk's own check look at it, from what the kiosk has.
    fn check(
        &self,
        holder: &CardHolder,
        shown: &InquiryAnswer,
        issued: IssueAnswer,
    ) -> Result<(), End> {
        let programme = "covid-19".parse().expect("a programme's id");
        let asked = Asked {
            programme: &programme,
            kind: CertificateKind::Domestic,
            municipality: shown.preview.authority.code,
            copies: 1,
            passport: None,
        };
        let good = holder.check_preview(&asked, &shown.preview).is_ok()
            && self.issuer.check(holder, &shown.preview, issued).is_ok();
        let mut tally = self.tally();
        tally.outcome.checked += 1;
        if good {
            return Ok(());
        }
        tally.outcome.refused += 1;
        Err(End::Left)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
