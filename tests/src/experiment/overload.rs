//! G10, overload is answered.
//!
//! A center that takes so many requests at once gets five times as many, as fast as they can be sent, while honest kiosks go on. Measured
//! are how soon a request too many is refused, how soon all is well again once the load is gone, and whether the registers hold each honest
//! certificate once.
//!
//! Control: the same load at a center without the limit, which takes all of it at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use issuance_api::ProblemCode;
use issuance_api::terminal::Challenge;
use issuance_channel::client::{CallError, Client};
use toml::{Table, Value};

use super::honest::{Got, Honest, apply, kiosk, people, registered, until};
use super::{Report, Size};
use crate::world::{Options, World};

/// The limit under trial: small enough for a machine that makes the load as well.
const LIMIT: usize = 4;
/// Requests at once, in parts of the limit.
const TIMES: usize = 5;
const PEOPLE: usize = 40;

/// What became of the load.
#[derive(Default)]
struct Load {
    answered: usize,
    refused: Vec<Duration>,
    otherwise: usize,
    /// The most that were under way at once and answered.
    at_once: usize,
}

/// G10.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let lasts = Duration::from_secs(size.of(4, 60) as u64);
    let limited = World::start(&Options {
        center: |config| limit(config, LIMIT),
        ..Options::default()
    })?;
    let (load, got, recovery) = overload(&limited, lasts, &mut report)?;
    let mut times = load.refused;
    times.sort_unstable();
    let late = times
        .iter()
        .filter(|time| **time > Duration::from_millis(100));
    // Beside the other integration tests a thread may not get its turn for so long.
    let late = match size {
        Size::Full => late.count(),
        Size::Small => late.count().saturating_sub(times.len() / 20),
    };
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
    };
    let milliseconds = |time: Option<&Duration>| {
        time.map_or_else(String::new, |it| {
            format!("{:.1} ms", it.as_secs_f64() * 1e3)
        })
    };
    report.told(
        format!("requests at once, at a limit of {LIMIT}"),
        LIMIT * TIMES,
    );
    report.told("answered", load.answered);
    report.told("refused as busy", times.len());
    report.told(
        "refusals: p50, p99, slowest",
        [at(50), at(99), times.last()].map(milliseconds).join(", "),
    );
    report.figure("refused later than after 100 ms", late, 0);
    report.figure("neither answered nor refused", load.otherwise, 0);
    report.told(
        "honest applications meanwhile: certificates",
        got.issued.len(),
    );
    report.told(
        "honest applications meanwhile: given up as busy",
        got.failed.len(),
    );
    let busy = got
        .failed
        .iter()
        .filter(|code| **code != ProblemCode::Busy)
        .count();
    report.figure("honest applications ended by anything else", busy, 0);
    report.told(
        "all well again after",
        recovery.map_or_else(|| "never".to_owned(), |it| format!("{it:.1?}")),
    );
    report.figure(
        "all well again within 5 s",
        recovery.is_some_and(|it| it < Duration::from_secs(5)),
        true,
    );
    drop(limited);

    let unlimited = World::start(&Options {
        center: |config| limit(config, 10_000),
        ..Options::default()
    })?;
    let mut unseen = Report::default();
    let (load, ..) = overload(&unlimited, lasts.min(Duration::from_secs(10)), &mut unseen)?;
    report.control("refused without the limit", load.refused.len(), 0);
    report.finds(
        "at work at once beyond the limit without it",
        load.at_once.saturating_sub(LIMIT),
    );
    Ok(report)
}

fn limit(config: &mut Table, requests: usize) {
    let requests = Value::Integer(i64::try_from(requests).expect("a limit"));
    let limits = Table::from_iter([("requests".to_owned(), requests)]);
    let terminals = config["terminals"].as_table_mut();
    let terminals = terminals.expect("the example configuration has terminals");
    // Half of it is apps', where nothing is said.
    terminals.remove("app_limits");
    terminals.insert("limits".to_owned(), limits.into());
}

/// The load, what honest kiosks got meanwhile, and how long it took until all was well again.
fn overload(
    world: &World,
    lasts: Duration,
    report: &mut Report,
) -> io::Result<(Load, Got, Option<Duration>)> {
    let people = people(world, PEOPLE)?;
    let before = registered(world, &people)?.len();
    let clients: io::Result<Vec<_>> = (0..LIMIT * TIMES)
        .map(|number| kiosk(world, &format!("load-{number}")))
        .collect();
    let clients = clients?;
    let witness = kiosk(world, "witness")?;
    let honest = Honest::start(world, &people, 2, Duration::from_millis(300))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let load = runtime.block_on(hammer(clients, lasts));
    let keys = std::fs::read_to_string(world.ground.path("center/jwks.json"))?;
    let keys = verify::Jwks::parse(&keys).map_err(io::Error::other)?;
    let resident = &people.residents[0];
    // A whole application that nothing is in the way of, from the moment the load is gone.
    let recovery = runtime.block_on(until(Duration::from_secs(30), async || {
        apply(&witness, resident, &keys).await.is_ok()
    }));
    let got = honest.end()?;
    let all = registered(world, &people)?;
    let doubled = all.len().saturating_sub(before + got.issued.len() + 1);
    // One that was given up as busy after it was registered is there, and lapses.
    let given_up = got.failed.len();
    report.figure(
        "certificates registered twice",
        doubled.saturating_sub(given_up),
        0,
    );
    let lost = got.issued.iter().filter(|(id, _)| {
        !all.iter()
            .any(|(own, state)| own == id && state == "delivered")
    });
    report.figure(
        "certificates handed over and not registered so",
        lost.count(),
        0,
    );
    Ok((load, got, recovery))
}

async fn hammer(clients: Vec<Client>, lasts: Duration) -> Load {
    let over = Arc::new(AtomicBool::new(false));
    let under_way = Arc::new(AtomicUsize::new(0));
    let hammers: Vec<_> = clients
        .into_iter()
        .map(|client| {
            let (over, under_way) = (Arc::clone(&over), Arc::clone(&under_way));
            tokio::spawn(async move {
                let mut load = Load::default();
                while !over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let at_once = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                    let answer = client.post::<Challenge>("/v1/challenge").await;
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    match answer {
                        Ok(_) => {
                            load.answered += 1;
                            load.at_once = load.at_once.max(at_once);
                        }
                        Err(CallError::Problem(problem)) if problem.code == ProblemCode::Busy => {
                            load.refused.push(began.elapsed());
                        }
                        Err(_) => load.otherwise += 1,
                    }
                }
                load
            })
        })
        .collect();
    tokio::time::sleep(lasts).await;
    over.store(true, Ordering::Relaxed);
    let mut all = Load::default();
    for hammer in hammers {
        if let Ok(load) = hammer.await {
            all.answered += load.answered;
            all.refused.extend(load.refused);
            all.otherwise += load.otherwise;
            all.at_once = all.at_once.max(load.at_once);
        } else {
            all.otherwise += 1;
        }
    }
    all
}
