//! Honest kiosks at work while something is done to the center: what they got, and what became of their applications.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use issuance_api::terminal::IssueAnswer;
use issuance_api::{Blob, MunicipalityCode, ProblemCode};
use issuance_channel::client::{CallError, Client};

use crate::applicant::{self, Applicant};
use crate::simulator::{People, Resident};
use crate::world::World;

/// How often a request that may be repeated is sent, as the terminal's core does.
const ATTEMPTS: u32 = 4;
/// Before the first repetition; doubled before each further one.
const PAUSE: Duration = Duration::from_millis(250);

/// What honest kiosks got.
#[derive(Clone, Debug, Default)]
pub(super) struct Got {
    /// Certificates that were handed over, by their ids and the keys they are signed with.
    pub(super) issued: Vec<(String, String)>,
    /// Applications that ended otherwise.
    pub(super) failed: Vec<Failed>,
}

/// An application that ended without its certificate handed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub(super) code: ProblemCode,
    /// Its certificate was asked for: it may be registered.
    pub(super) is_asked_for: bool,
}

impl Failed {
    const fn before(code: ProblemCode) -> Self {
        Self {
            code,
            is_asked_for: false,
        }
    }

    const fn after(code: ProblemCode) -> Self {
        Self {
            code,
            is_asked_for: true,
        }
    }
}

/// Kiosks that go on until they are told to end.
pub(super) struct Honest {
    over: Arc<AtomicBool>,
    kiosks: Vec<JoinHandle<io::Result<Got>>>,
}

/// A client with a certificate of its own, which lasts a day.
pub(super) fn kiosk(world: &World, name: &str) -> io::Result<Client> {
    world.certify(name)?;
    Ok(world.terminal(name))
}

impl Honest {
    /// Sets so many to work, each in a thread of its own, with so long between two applications.
    pub(super) fn start(
        world: &World,
        people: &Arc<People>,
        kiosks: usize,
        between: Duration,
    ) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let keys = std::fs::read_to_string(world.ground.path("center/jwks.json"))?;
        let kiosks: io::Result<Vec<_>> = (0..kiosks)
            .map(|number| {
                let client = kiosk(world, &format!("honest-{number}"))?;
                let (over, people, keys) = (Arc::clone(&over), Arc::clone(people), keys.clone());
                Ok(std::thread::spawn(move || {
                    work(&client, &people, number, &keys, between, &over)
                }))
            })
            .collect();
        Ok(Self {
            over,
            kiosks: kiosks?,
        })
    }

    /// Ends them, each after its application.
    pub(super) fn end(self) -> io::Result<Got> {
        self.over.store(true, Ordering::SeqCst);
        let mut all = Got::default();
        for kiosk in self.kiosks {
            let got = kiosk.join();
            let got = got.map_err(|_| io::Error::other("a kiosk panicked"))??;
            all.issued.extend(got.issued);
            all.failed.extend(got.failed);
        }
        Ok(all)
    }
}

fn work(
    client: &Client,
    people: &People,
    number: usize,
    keys: &str,
    between: Duration,
    over: &AtomicBool,
) -> io::Result<Got> {
    let keys = verify::Jwks::parse(keys).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut got = Got::default();
        let residents = people.residents.iter().cycle().skip(number * 5);
        for resident in residents {
            if over.load(Ordering::SeqCst) {
                break;
            }
            match apply(client, resident, &keys).await {
                Ok(issued) => got.issued.push(issued),
                Err(failed) => got.failed.push(failed),
            }
            tokio::time::sleep(between).await;
        }
        Ok(got)
    })
}

/// One application, with repetitions as at a kiosk; the certificate's id and its key's.
pub(super) async fn apply(
    client: &Client,
    resident: &Resident,
    keys: &verify::Jwks,
) -> Result<(String, String), Failed> {
    let application = Application::issued(client, resident, keys).await?;
    application.hand_over().await
}

/// An application whose certificate has come and is not handed over yet: all that was asked for may be asked for again.
pub(super) struct Application {
    applicant: Applicant,
    ticket: Blob,
    municipality: MunicipalityCode,
    state: Blob,
    issued: IssueAnswer,
    kid: String,
}

impl Application {
    /// With repetitions as at a kiosk.
    pub(super) async fn issued(
        client: &Client,
        resident: &Resident,
        keys: &verify::Jwks,
    ) -> Result<Self, Failed> {
        let applicant = Applicant::new(client.clone());
        let municipality = resident.municipality;
        // At a kiosk the resident would be asked to try again.
        let identified = repeated(async || applicant.identify(resident.card()).await).await;
        let ticket = identified.map_err(Failed::before)?.ticket;
        let shown = repeated(async || applicant.inquire(&ticket, municipality).await).await;
        let shown = shown.map_err(Failed::before)?;
        let issued = repeated(async || applicant.issue(&shown.state).await).await;
        let issued = issued.map_err(Failed::after)?;
        let other = Failed::after(ProblemCode::ContentMismatch);
        let card = verify::check(issued.jws.expose(), keys, i64::MAX).map_err(|_| other)?;
        if !resident.is_certified_by(&card) {
            return Err(other);
        }
        Ok(Self {
            applicant,
            ticket,
            municipality,
            state: shown.state,
            issued,
            kid: card.kid,
        })
    }

    /// Asks for the records once more, once.
    pub(super) async fn inquire_again(&self) -> Result<(), CallError> {
        let shown = self.applicant.inquire(&self.ticket, self.municipality);
        shown.await.map(|_| ())
    }

    /// Asks for the certificate once more, once: whether it is the same, byte by byte.
    pub(super) async fn issue_again(&self) -> Result<bool, CallError> {
        let issued = self.applicant.issue(&self.state).await?;
        Ok(issued == self.issued)
    }

    /// With repetitions as at a kiosk; the certificate's id and its key's.
    pub(super) async fn hand_over(self) -> Result<(String, String), Failed> {
        let delivered = repeated(async || self.applicant.delivered(&self.state).await).await;
        delivered.map_err(Failed::after)?;
        Ok((self.issued.certificate_id.to_string(), self.kid))
    }
}

async fn repeated<T>(request: impl AsyncFn() -> Result<T, CallError>) -> Result<T, ProblemCode> {
    let wait = async |before| tokio::time::sleep(PAUSE * 2u32.pow(before)).await;
    applicant::repeated(ATTEMPTS, request, wait).await
}

/// What the registers of all municipalities hold: id and state.
pub(super) fn registered(world: &World, people: &People) -> io::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for (municipality, _) in &people.records {
        let file = world.ground.path("vrs/data").join(municipality.as_str());
        let rows = super::isolation::register::rows(&file.with_extension("sqlite"))?;
        all.extend(rows.into_iter().map(|[id, _, state]| (id, state)));
    }
    Ok(all)
}

/// Waits until something is so; how long that took.
pub(super) async fn until(within: Duration, mut so: impl AsyncFnMut() -> bool) -> Option<Duration> {
    let began = Instant::now();
    while began.elapsed() < within {
        if so().await {
            return Some(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}
