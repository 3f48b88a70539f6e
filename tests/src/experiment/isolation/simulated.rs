//! Many rounds of one process each, on as many threads as there are processors.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use issuance_api::{CenterId, TerminalUrn};
use issuance_center::center::Center;
use terminal::handover::Issuer;
use vrs::service::Vrs;

use super::counter::{Counter, Surroundings, Tally};
use super::register::differences;
use super::{CENTERS, Outcome, Plan};
use crate::experiment::verifier::Verifier;
use crate::random::Random;
use crate::simulator::town::{Town, app, kiosk};
use crate::simulator::{Clock, Databases, Failure, Failures, Link, Lots, Notes, Records};

/// Applications until databases and programs are made anew: so long does a register stay small enough to lie in memory.
const ROUND: usize = 20_000;

/// Everything that simulations share.
pub(super) struct Isolation {
    town: Town,
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
}

impl Isolation {
    /// Makes keys, people and cards.
    ///
    /// # Errors
    /// If a program fails or a file cannot be written.
    pub(super) fn prepare(residents: usize) -> io::Result<Self> {
        let town = Town::prepare(residents)?;
        Ok(Self {
            issuer: Arc::new(town.issuer()?),
            verifier: Arc::new(Verifier::at(&town.ground)?),
            town,
        })
    }

    /// Runs the plan, on as many threads as there are processors, a round each.
    ///
    /// # Errors
    /// If a simulation cannot be set up.
    pub(super) fn run(&self, plan: &Plan) -> io::Result<Outcome> {
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
                let seed = Random::new(plan.seed ^ (round as u64) << 32).next();
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
    pub(super) fn with_failure(&self, plan: &Plan, failure: Failure) -> io::Result<Outcome> {
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
        let databases =
            Databases::new(&self.town.people.records, clock.now().unix_timestamp()).await?;
        let notes = Arc::new(Notes::default());
        let lots = Lots::new(plan.seed);
        let ids: Vec<CenterId> = CENTERS
            .iter()
            .map(|id| id.parse())
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let vrs = self.town.works.vrs(
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
                self.town
                    .works
                    .center(id, records, clock.clone(), notes.clone())
                    .map(Arc::new)
            })
            .collect();
        let centers = centers?;
        let failures = failure.map(|failure| Arc::new(Failures::new(failure, Arc::clone(&clock))));
        let counter = Arc::new(Counter::new(
            Arc::clone(&self.town.people),
            Arc::clone(&self.issuer),
            Arc::clone(&self.verifier),
            *plan,
            Simulated {
                lots: lots.clone(),
                clock: Arc::clone(&clock),
            },
        ));
        for number in 0..plan.kiosks {
            let way = |terminal: &TerminalUrn, n: usize| Link {
                center: Arc::clone(&centers[(number + n) % centers.len()]),
                terminal: terminal.clone(),
                lots: Some(lots.clone()),
                failures: failures.clone(),
            };
            let ways = |terminal: TerminalUrn| [0, 1].map(|n| way(&terminal, n));
            let (kiosk, app) = (ways(kiosk(number)), ways(app(number)));
            let (counter, abroad_in) = (Arc::clone(&counter), plan.abroad_in);
            lots.spawn(async move {
                let abroad = abroad_in.map(|times| (times, app.each_ref()));
                counter.serve(kiosk.each_ref(), abroad).await;
            });
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
        outcome.register = differences(&self.town.people, &databases.folders(), &handed).await?;
        outcome.events = notes.all();
        Ok(outcome)
    }
}

/// Chance and time of a simulation.
struct Simulated {
    lots: Lots,
    clock: Arc<Clock>,
}

impl Surroundings for Simulated {
    fn decide<T>(&self, by: impl FnOnce(&mut Random) -> T) -> T {
        self.lots.decide(by)
    }

    fn now(&self) -> i64 {
        let now = self.clock.now().unix_timestamp_nanos() / 1_000_000;
        i64::try_from(now).expect("a time of this millennium")
    }

    async fn wait(&self) {
        self.lots.point().await;
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
