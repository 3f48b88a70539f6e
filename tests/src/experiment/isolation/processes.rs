//! The same residents against real processes: two centers and a record system, and kiosks with certificates and connections of their own.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use issuance_api::{Array, PersonalBytes};
use issuance_channel::client::{CallError, Client, Pinned};
use serde::Serialize;
use serde::de::DeserializeOwned;
use terminal::handover::Issuer;
use time::OffsetDateTime;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};
use toml::Value;
use vrs::storage::Folders;

use super::counter::{Counter, Surroundings, Tally};
use super::register::differences;
use super::{CENTERS, Outcome, Plan};
use crate::applicant::{Line, Link};
use crate::experiment::honest::{registered, until};
use crate::experiment::verifier::Verifier;
use crate::load::allow_open_files;
use crate::process::Lines;
use crate::random::Random;
use crate::simulator::People;
use crate::world::{ISSUER, Options, World};

/// Before a request is sent again.
const PAUSE: Duration = Duration::from_millis(100);
/// What is reserved and not delivered lapses after so many seconds.
const RESERVATION: i64 = 15;
/// So much later at most, on a machine that has much else to do.
const LAPSES_WITHIN: Duration = Duration::from_secs(60);

/// Runs the plan.
///
/// # Errors
/// If a program does not start or a file cannot be written.
pub(super) fn run(plan: &Plan) -> io::Result<Outcome> {
    allow_open_files()?;
    let mut world = World::start(&Options {
        vrs: |config| {
            let centers: Vec<Value> = CENTERS.iter().map(|id| (*id).into()).collect();
            config.insert("centers".to_owned(), centers.into());
            let lifetimes = config["lifetimes"].as_table_mut();
            let lifetimes = lifetimes.expect("the example configuration has lifetimes");
            lifetimes.insert("reservation_seconds".to_owned(), RESERVATION.into());
        },
        ..Options::default()
    })?;
    let people = People::imported(&world.ground, plan.residents)?;
    let second = world.start_beside(CENTERS[1])?;
    let keys = world.ground.path("center/jwks.json");
    let keys = std::fs::read_to_string(keys)?;
    let counter = Arc::new(Counter::new(
        Arc::new(people),
        Arc::new(Issuer::new(ISSUER.to_owned(), &keys).map_err(io::Error::other)?),
        Arc::new(Verifier::at(&world.ground)?),
        *plan,
        Real(Arc::new(Mutex::new(Random::new(plan.seed)))),
    ));
    let kiosks: io::Result<Vec<_>> = (0..plan.kiosks)
        .map(|number| {
            let name = format!("x{number:04}");
            world.certify(&name)?;
            let chance = counter.surroundings.0.clone();
            let hasty = |client| Hasty {
                client,
                chance: Arc::clone(&chance),
            };
            let mut ways = [
                hasty(world.terminal(&name)),
                hasty(second.terminal(&world, &name)),
            ];
            ways.rotate_left(number % CENTERS.len());
            Ok(ways)
        })
        .collect();
    let kiosks = kiosks?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut open = JoinSet::new();
        for ways in kiosks {
            let counter = Arc::clone(&counter);
            open.spawn_local(async move { counter.serve(ways.each_ref(), None).await });
        }
        while let Some(closed) = open.join_next().await {
            closed.map_err(io::Error::other)?;
        }
        let lapse = u64::try_from(RESERVATION).map_err(io::Error::other)?;
        sleep(Duration::from_secs(lapse + 3)).await;
        let lapsed = async || {
            let rows = registered(&world, &counter.people);
            rows.is_ok_and(|rows| rows.iter().all(|(_, state)| state != "reserved"))
        };
        // What is reserved still when that is over counts.
        until(LAPSES_WITHIN, lapsed).await;
        Ok::<_, io::Error>(())
    })?;
    let programs = [
        Some(&second.program),
        world.center.as_ref(),
        world.vrs.as_ref(),
    ];
    let logs = programs.map(|it| it.map(|program| program.log.clone()));
    drop(second);
    world.center = None;
    world.vrs = None;
    let Tally {
        mut outcome,
        handed,
        ..
    } = std::mem::take(&mut *counter.tally());
    let folders = Folders {
        data: world.ground.path("vrs/data"),
        keys: world.ground.path("vrs/keys"),
    };
    let comparing = differences(&counter.people, &folders, &handed);
    outcome.register = runtime.block_on(comparing)?;
    for line in logs.iter().flatten().flat_map(Lines::all) {
        let line: serde_json::Value = serde_json::from_str(&line)?;
        let event = line["event"].as_str().unwrap_or_default();
        *outcome.events.entry(event.to_owned()).or_default() += 1;
    }
    Ok(outcome)
}

/// Chance, and the machine's time.
struct Real(Arc<Mutex<Random>>);

impl Surroundings for Real {
    fn decide<T>(&self, by: impl FnOnce(&mut Random) -> T) -> T {
        by(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> i64 {
        let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        i64::try_from(now).expect("a time of this millennium")
    }

    async fn wait(&self) {
        sleep(PAUSE).await;
    }
}

/// A terminal that gives up now and then, and then leaves the connection.
#[derive(Clone)]
struct Hasty {
    client: Client,
    chance: Arc<Mutex<Random>>,
}

struct HastyLine {
    line: Option<Pinned>,
    exporter: Array<32>,
    chance: Arc<Mutex<Random>>,
}

impl Link for Hasty {
    type Line = HastyLine;

    fn urn(&self) -> String {
        Link::urn(&self.client)
    }

    async fn line(&self) -> Result<HastyLine, CallError> {
        let line = self.client.pinned().await?;
        Ok(HastyLine {
            exporter: line.exporter().clone(),
            line: Some(line),
            chance: Arc::clone(&self.chance),
        })
    }
}

impl HastyLine {
    async fn hasty<R>(
        &mut self,
        call: impl AsyncFnOnce(&mut Pinned) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let line = self.line.as_mut().ok_or(CallError::Unreachable)?;
        let patience = {
            let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
            chance.once_in(15).then(|| chance.below(80) as u64)
        };
        let Some(patience) = patience else {
            return call(line).await;
        };
        let answer = timeout(Duration::from_millis(patience), call(line)).await;
        if answer.is_err() {
            self.line = None;
        }
        answer.map_err(|_| CallError::Unreachable)?
    }
}

impl Line for HastyLine {
    fn exporter(&self) -> &Array<32> {
        &self.exporter
    }

    async fn post<R: DeserializeOwned>(&mut self, path: &str) -> Result<R, CallError> {
        self.hasty(async |line| line.post(path).await).await
    }

    async fn post_sealed<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<R, CallError> {
        self.hasty(async |line| line.post_sealed(path, body).await)
            .await
    }

    async fn post_sealed_for_bytes<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<(R, PersonalBytes), CallError> {
        self.hasty(async |line| line.post_sealed_for_bytes(path, body).await)
            .await
    }
}
