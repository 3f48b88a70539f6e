//! G10, overload is answered.
//!
//! A center that takes so many requests at once gets five times as many, as fast as they can be sent, while honest kiosks go on: for challenges,
//! and for the preview and the certificate of an application that has both, so that VRS and the signers have work. Measured are how soon a
//! request too many is refused (from when it was to be sent, a new connection for it with it), how soon all is well again once the load is
//! gone, whether an application's certificate is the same whenever it is asked for, and whether the registers hold one for each.
//!
//! Control: the same load at a center without the limit, which refuses nothing; and honest kiosks that get certificates under the load.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use issuance_api::ProblemCode;
use issuance_api::terminal::Challenge;
use issuance_channel::client::{CallError, Client};
use toml::Table;

use super::honest::{Application, Failed, Got, Honest, apply, kiosk, registered, until};
use super::{Report, Size};
use crate::simulator::People;
use crate::world::{Options, World, limit};

/// The limit under trial: small enough for a machine that makes the load as well.
const LIMIT: i64 = 4;
/// Requests at once: five times the limit.
const REQUESTS: usize = 20;
const PEOPLE: usize = 40;
/// How long it is waited for that all is well again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the load asks for.
const ASKED: [&str; 3] = ["challenges", "previews", "certificates"];

/// What became of the load.
#[derive(Default)]
struct Load {
    /// By what was asked for.
    answered: [usize; ASKED.len()],
    refused: Vec<Duration>,
    otherwise: usize,
    /// Certificates that were not the application's first.
    others: usize,
}

/// G10.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let lasts = Duration::from_secs(size.of(2, 60) as u64);
    let limited = World::start(&Options {
        center: |config| admit(config, LIMIT),
        ..Options::default()
    })?;
    let (load, got, recovery) = overload(&limited, lasts, &mut report)?;
    let mut times = load.refused;
    times.sort_unstable();
    let (at_most, well_within) = match size {
        Size::Full => (Duration::from_millis(100), Duration::from_secs(5)),
        // Beside the other integration tests a thread may not get its turn for so long.
        Size::Small => (Duration::from_secs(2), PATIENCE),
    };
    let late = times.iter().filter(|time| **time > at_most).count();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
    };
    let milliseconds = |time: Option<&Duration>| {
        time.map_or_else(String::new, |it| {
            format!("{:.1} ms", it.as_secs_f64() * 1e3)
        })
    };
    report.told(format!("requests at once, at a limit of {LIMIT}"), REQUESTS);
    for (what, answered) in ASKED.into_iter().zip(load.answered) {
        match size {
            Size::Full => report.finds(format!("{what} given"), answered),
            // In two seconds there may be none.
            Size::Small => report.told(format!("{what} given"), answered),
        }
    }
    report.told("refused as busy", times.len());
    let refuses = !times.is_empty();
    report.figure("what is too much is refused", refuses, true);
    report.told(
        "refusals: p50, p99, slowest",
        [at(50), at(99), times.last()].map(milliseconds).join(", "),
    );
    report.figure(format!("refused later than after {at_most:?}"), late, 0);
    report.figure("neither answered nor refused", load.otherwise, 0);
    report.figure("second certificates of an application", load.others, 0);
    let issued = "honest applications meanwhile: certificates";
    match size {
        Size::Full => report.finds(issued, got.issued.len()),
        Size::Small => report.told(issued, got.issued.len()),
    }
    report.told(
        "honest applications meanwhile: given up as busy",
        got.failed.len(),
    );
    let busy = got
        .failed
        .iter()
        .filter(|failed| failed.code != ProblemCode::Busy)
        .count();
    report.figure("honest applications ended by anything else", busy, 0);
    report.told(
        "all well again after",
        recovery.map_or_else(|| "never".to_owned(), |it| format!("{it:.1?}")),
    );
    report.figure(
        format!("all well again within {} s", well_within.as_secs()),
        recovery.is_some_and(|it| it < well_within),
        true,
    );
    drop(limited);

    let unlimited = World::start(&Options {
        center: |config| {
            admit(config, 10_000);
            // Nor by its ways to VRS, which takes so many of one center.
            config["vrs"]["connections"] = 64.into();
        },
        ..Options::default()
    })?;
    let mut unseen = Report::default();
    let (load, ..) = overload(&unlimited, lasts.min(Duration::from_secs(10)), &mut unseen)?;
    let refuses = !load.refused.is_empty();
    report.control(
        "what is too much is refused without the limit",
        refuses,
        false,
    );
    report.finds(
        "answered without the limit",
        load.answered.into_iter().sum(),
    );
    Ok(report)
}

fn admit(config: &mut Table, requests: i64) {
    limit(config, "requests", requests);
    // Half of it is apps', where nothing is said.
    let terminals = config["terminals"].as_table_mut();
    terminals.map(|it| it.remove("app_limits"));
}

/// The load, what honest kiosks got meanwhile, and how long it took until all was well again.
fn overload(
    world: &World,
    lasts: Duration,
    report: &mut Report,
) -> io::Result<(Load, Got, Option<Duration>)> {
    let people = Arc::new(People::imported(&world.ground, PEOPLE)?);
    let clients: io::Result<Vec<_>> = (0..REQUESTS)
        .map(|number| kiosk(world, &format!("load-{number}")))
        .collect();
    let clients = clients?;
    let witness = kiosk(world, "witness")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let keys = std::fs::read_to_string(world.ground.path("center/jwks.json"))?;
    let keys = verify::Jwks::parse(&keys).map_err(io::Error::other)?;
    let applied = runtime.block_on(applications(&clients, &people, &keys))?;
    let honest = Honest::start(world, &people, 2, Duration::from_millis(300))?;
    let (load, applied) = runtime.block_on(hammer(clients, applied, lasts))?;
    let resident = &people.residents[0];
    // A whole application that nothing is in the way of, from the moment the load is gone.
    let (mut witnessed, mut failed) = (None, Vec::new());
    let recovery = runtime.block_on(until(PATIENCE, async || {
        match apply(&witness, resident, &keys).await {
            Ok(issued) => witnessed = Some(issued),
            Err(ended) => failed.push(ended),
        }
        witnessed.is_some()
    }));
    let got = honest.end()?;
    let of_load = runtime.block_on(hand_over(applied))?;
    let handed_over = got.issued.iter().chain(&witnessed).chain(&of_load);
    let handed_over: BTreeSet<_> = handed_over.map(|(id, _)| id.clone()).collect();
    let rows = registered(world, &people)?;
    // What was given up after its certificate was asked for may be registered.
    let given_up = got.failed.iter().chain(&failed);
    let given_up = given_up.filter(|failed| failed.is_asked_for).count();
    let asked_for = handed_over.len() + given_up;
    let delivered = rows.iter().filter(|(_, state)| state == "delivered");
    let registered: BTreeSet<_> = delivered.map(|(id, _)| id.clone()).collect();
    report.figure(
        "certificates registered beyond one for each application",
        rows.len().saturating_sub(asked_for),
        0,
    );
    report.figure(
        "certificates handed over and not registered so",
        handed_over.difference(&registered).count(),
        0,
    );
    // What was given up as busy after it was registered is there too, and lapses.
    report.figure(
        "certificates registered as handed over that nobody got",
        registered.difference(&handed_over).count(),
        0,
    );
    Ok((load, got, recovery))
}

/// One of each kiosk, up to its certificate.
async fn applications(
    kiosks: &[Client],
    people: &People,
    keys: &verify::Jwks,
) -> io::Result<Vec<Application>> {
    let mut all = Vec::new();
    // They are there by municipality, and each has its part of the center's ways to VRS.
    let residents = people.residents.iter().step_by(PEOPLE / REQUESTS);
    for (client, resident) in kiosks.iter().zip(residents) {
        let application = Application::issued(client, resident, keys).await;
        all.push(application.map_err(ended)?);
    }
    Ok(all)
}

async fn hand_over(applications: Vec<Application>) -> io::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for application in applications {
        all.push(application.hand_over().await.map_err(ended)?);
    }
    Ok(all)
}

fn ended(failed: Failed) -> io::Error {
    io::Error::other(format!("an application of the load's ended: {failed:?}"))
}

async fn hammer(
    clients: Vec<Client>,
    applications: Vec<Application>,
    lasts: Duration,
) -> io::Result<(Load, Vec<Application>)> {
    let over = Arc::new(AtomicBool::new(false));
    let hammers: Vec<_> = clients
        .into_iter()
        .zip(applications)
        .map(|(client, application)| {
            let over = Arc::clone(&over);
            tokio::spawn(async move {
                let mut load = Load::default();
                while !over.load(Ordering::Relaxed) {
                    let challenge = async || client.post::<Challenge>("/v1/challenge").await;
                    load.ask(0, challenge).await;
                    load.ask(1, async || application.inquire_again().await)
                        .await;
                    let same = load.ask(2, async || application.issue_again().await).await;
                    load.others += usize::from(same == Some(false));
                }
                (load, application)
            })
        })
        .collect();
    tokio::time::sleep(lasts).await;
    over.store(true, Ordering::Relaxed);
    let mut all = Load::default();
    let mut applications = Vec::new();
    for hammer in hammers {
        let (load, application) = hammer.await.map_err(io::Error::other)?;
        for (all, own) in all.answered.iter_mut().zip(load.answered) {
            *all += own;
        }
        all.refused.extend(load.refused);
        all.otherwise += load.otherwise;
        all.others += load.others;
        applications.push(application);
    }
    Ok((all, applications))
}

impl Load {
    /// Asks for one of [`ASKED`] once, and keeps what became of it.
    async fn ask<T>(
        &mut self,
        what: usize,
        request: impl AsyncFnOnce() -> Result<T, CallError>,
    ) -> Option<T> {
        let began = Instant::now();
        match request().await {
            Ok(answer) => {
                self.answered[what] += 1;
                return Some(answer);
            }
            Err(CallError::Problem(problem)) if problem.code == ProblemCode::Busy => {
                self.refused.push(began.elapsed());
            }
            Err(_) => self.otherwise += 1,
        }
        None
    }
}
