//! Load: applications by the thousand from terminals of their own, against the real center and record system.
//!
//! ```text
//! N terminals, each with its own certificate and connection ── center ── VRS
//! CPU of a program  = (utime + stime after − before) of /proc/PID/stat
//! application       = evidence sent … page received (two more calls in between; nobody reads the preview)
//! ```
//! The cards answer in this process: their time, and that of checking what was issued, is the generator's and counted
//! nowhere. A certificate that does not verify, or that says another's name, ends the run.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use issuance_channel::client::Pinned;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::persona::Persona;
use crate::process::Program;
use crate::world::{Options, World};

mod proc;
mod report;
mod terminal;

use proc::Resident;
pub(crate) use proc::cpu;
pub use report::{Latencies, Latency, Memory, Report, Run};
use terminal::Terminal;

/// Whose certificates are issued, one after the other.
pub(crate) const PERSONAS: [&str; 2] = ["ordinary", "seven-doses"];
/// Whose name needs the font with the personal-name kanji.
const RARE_NAME: &str = "gaiji";
/// Applications with that name.
const RARE: usize = 20;
/// Applications before anything is measured: fonts, caches and the allocator's arenas come to rest.
const WARM_UP: usize = 20;

/// How much of what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Terminals that apply at the same time.
    pub terminals: usize,
    /// Applications under load.
    pub applications: usize,
    /// Applications one after the other at one terminal, for latency on a quiet machine.
    pub quiet: usize,
    /// Terminals that are merely connected.
    pub idle: usize,
    /// No application begins later than this after the first.
    pub within: Duration,
}

/// Runs the plan in a world of its own.
///
/// # Errors
/// If the world does not start, an application fails, or a certificate is not right.
pub fn run(plan: &Plan) -> io::Result<Report> {
    allow_open_files()?;
    let world = World::start(&Options::default())?;
    let stage = Stage::prepare(world, plan.terminals.max(plan.idle).max(1))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(stage.run(plan))
}

/// Applications one after the other at each of a few terminals, and nothing else: what they take.
///
/// # Errors
/// As [`run`].
pub fn rate(world: World, applications: usize) -> io::Result<Run> {
    const TERMINALS: usize = 4;
    const WITHIN: Duration = Duration::from_secs(600);
    let stage = Stage::prepare(world, TERMINALS)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let stage = Arc::new(stage);
            stage.measure(&PERSONAS, 1, WARM_UP, WITHIN).await?;
            stage
                .measure(&PERSONAS, TERMINALS, applications, WITHIN)
                .await
        })
}

/// A connection takes a descriptor here and one in the center, which inherits the limit.
pub(crate) fn allow_open_files() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    Ok(setrlimit(Resource::Nofile, all)?)
}

struct Stage {
    world: World,
    keys: verify::Jwks,
    terminals: Vec<String>,
}

impl Stage {
    fn prepare(world: World, terminals: usize) -> io::Result<Self> {
        let keys = String::from_utf8(world.published_keys()?).map_err(io::Error::other)?;
        let keys = verify::Jwks::parse(&keys).map_err(io::Error::other)?;
        let terminals = (0..terminals).map(|number| {
            let name = format!("load-{number:05}");
            world.certify(&name).map(|_| name)
        });
        let terminals: io::Result<_> = terminals.collect();
        Ok(Self {
            terminals: terminals?,
            keys,
            world,
        })
    }

    async fn run(self, plan: &Plan) -> io::Result<Report> {
        let stage = Arc::new(self);
        let at_rest = stage.memory()?;
        stage.measure(&PERSONAS, 1, WARM_UP, plan.within).await?;
        let quiet = stage.measure(&PERSONAS, 1, plan.quiet, plan.within).await?;
        let loaded = stage
            .measure(&PERSONAS, plan.terminals, plan.applications, plan.within)
            .await?;
        let after_load = stage.memory()?;
        let connected = stage.connect(plan.idle).await?;
        let with_idle = stage.memory()?;
        let idle_terminals = connected.len();
        let rare_name = stage.measure(&[RARE_NAME], 1, RARE, plan.within).await?;
        let after_rare_name = stage.memory()?;
        drop(connected);
        let memory = |of: fn(&(Resident, Resident)) -> Resident| Memory {
            at_rest: of(&at_rest).now,
            after_load: of(&after_load).now,
            with_idle_terminals: of(&with_idle).now,
            after_rare_name: of(&after_rare_name).now,
            peak: of(&after_rare_name).peak,
        };
        Ok(Report {
            quiet,
            loaded,
            rare_name,
            center: memory(|(center, _)| *center),
            vrs: memory(|(_, vrs)| *vrs),
            idle_terminals,
        })
    }

    /// Lets terminals apply until so many certificates are handed over.
    async fn measure(
        self: &Arc<Self>,
        personas: &[&str],
        terminals: usize,
        applications: usize,
        within: Duration,
    ) -> io::Result<Run> {
        let personas: io::Result<Vec<_>> =
            personas.iter().map(|name| Persona::load(name)).collect();
        let personas = Arc::new(personas?);
        let begun = Arc::new(AtomicUsize::new(0));
        let at_work: io::Result<Vec<_>> = self
            .terminals
            .iter()
            .take(terminals)
            .map(|name| Terminal::new(&self.world, name, &personas))
            .collect();
        let (center, vrs) = self.programs()?;
        let before = (cpu(center)?, cpu(vrs)?);
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for mut terminal in at_work? {
            let (stage, personas, begun) =
                (Arc::clone(self), Arc::clone(&personas), Arc::clone(&begun));
            tasks.spawn(async move {
                let mut times = Vec::new();
                loop {
                    let next = begun.fetch_add(1, Ordering::Relaxed);
                    if next >= applications || start.elapsed() >= within {
                        return Ok::<_, io::Error>(times);
                    }
                    let persona = &personas[next % personas.len()];
                    times.push(terminal.apply(persona, &stage.keys).await?);
                }
            });
        }
        let mut times = Vec::with_capacity(applications);
        while let Some(done) = tasks.join_next().await {
            times.extend(done.map_err(io::Error::other)??);
        }
        let lasted = start.elapsed();
        let after = (cpu(center)?, cpu(vrs)?);
        let used = (after.0 - before.0, after.1 - before.1);
        Run::of(terminals, lasted, used, &times)
            .ok_or_else(|| io::Error::other("no application fitted into the time"))
    }

    /// Terminals with an open connection each, and nothing to do.
    async fn connect(&self, count: usize) -> io::Result<Vec<Pinned>> {
        let mut connected = Vec::with_capacity(count);
        for name in self.terminals.iter().take(count) {
            let client = self.world.terminal(name);
            connected.push(client.pinned().await.map_err(io::Error::other)?);
        }
        Ok(connected)
    }

    fn programs(&self) -> io::Result<(u32, u32)> {
        let gone = || io::Error::other("a program is not running");
        let id = |program: &Option<Program>| program.as_ref().map(Program::id).ok_or_else(gone);
        Ok((id(&self.world.center)?, id(&self.world.vrs)?))
    }

    fn memory(&self) -> io::Result<(Resident, Resident)> {
        let (center, vrs) = self.programs()?;
        Ok((Resident::of(center)?, Resident::of(vrs)?))
    }
}
