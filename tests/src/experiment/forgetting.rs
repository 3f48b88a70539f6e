//! G3: memory keeps nothing. All of the memory of center and VRS is searched, one second after whatever happened, for a resident's name, address,
//! number and birth date and for the certificate, in every form of `traces`.
//!
//! That a handler panics takes a clock that does: servers as shipped but for it.
//!
//! Control: the same servers with an allocator that does not wipe what is freed, and with their threads' stacks left as they are.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::memory::{Scan, Search};
use super::steps::{Cut, End, STEPS, Step, apply, block_on, issued, issued_with};
use super::traces::Traces;
use super::vocabulary::Vocabulary;
use super::{Report, Size};
use crate::applicant::Applicant;
use crate::process::{Program, poll};
use crate::world::{Options, Programs, World};

/// Whose applications these are: the second's name needs the font with rare kanji.
const PERSONAS: [&str; 2] = ["ordinary", "gaiji"];
const TERMINAL: &str = "kiosk-0001";
/// After the answer.
const LATER: Duration = Duration::from_secs(1);
/// How long an order may take to be followed.
const WITHIN: Duration = Duration::from_secs(10);
/// More looks at the clock than an application takes.
const MOST: usize = 100;
/// How long the center's handlers may take where the record system does not answer. Otherwise it is the usual time, for a busy machine is no failure.
const PATIENCE_MS: i64 = 4000;

/// Runs it.
///
/// # Errors
/// If the programs cannot be run as wanted: nothing is shown then.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let watched = states(Programs::Own, size)?;
    let bytes = watched.tell(&mut report);
    report.told("bytes of memory searched", bytes);
    report.finds(
        "handlers of the center whose time was over",
        watched.timed_out,
    );
    panicked(size, &mut report)?;
    let control = states(Programs::Control(&["--stacks"]), size)?;
    for server in ["center", "vrs"] {
        let all = control.states.iter().flat_map(|state| &state.scans);
        let found = all
            .filter(|(of, _)| *of == server)
            .flat_map(|(_, scan)| scan.found.values());
        report.finds(
            format!("pieces in the memory of {server}, where nothing is wiped"),
            found.sum(),
        );
    }
    Ok(report)
}

/// Handlers of center and VRS panic, one after the other, wherever they look at the clock: in servers as shipped but for that clock.
fn panicked(size: Size, report: &mut Report) -> io::Result<()> {
    let mut watched = Watched::start(Programs::Wiping(&["--panics"]))?;
    let mut panics = BTreeMap::<_, usize>::new();
    for round in 0..size.of(1, 10) {
        for server in ["center", "vrs"] {
            *panics.entry(server).or_default() += watched.panics(server, round)?;
        }
    }
    watched.look("panicked")?;
    // They live on, and said no more than where it was.
    let vocabulary = Vocabulary::load()?;
    for (server, count) in panics {
        report.finds(format!("{server}: handlers that panicked"), count);
        let lines = watched.program(server)?.log.all();
        let faults = lines.iter().filter(|line| vocabulary.fault(line).is_some());
        report.figure(
            format!("{server}, after panics: lines that are no event"),
            faults.count(),
            0,
        );
    }
    watched.tell(report);
    let world = &watched.world;
    let applicant = Applicant::new(world.terminal(TERMINAL));
    let whole = block_on(issued(world, &applicant, PERSONAS[0]))?;
    report.figure("certificates afterwards", usize::from(whole.is_ok()), 1);
    Ok(())
}

/// What a process holds of a persona's holder, in every form of `traces`: kinds, and how many pieces of each.
///
/// # Errors
/// If there is no such persona, or the process cannot be read.
pub fn remains(process: u32, persona: &str) -> io::Result<BTreeMap<&'static str, usize>> {
    let search = Traces::of_holder(persona)?.search();
    Ok(search.process(process)?.found)
}

/// A moment, and what was found then.
struct State {
    what: &'static str,
    applications: usize,
    scans: Vec<(&'static str, Scan)>,
}

struct Watched {
    world: World,
    search: Search,
    applications: usize,
    /// Handlers of the center whose time was over.
    timed_out: usize,
    states: Vec<State>,
}

fn states(programs: Programs, size: Size) -> io::Result<Watched> {
    let mut watched = Watched::start(programs)?;
    watched.whole(size.of(1, 50))?;
    watched.together(size.of(6, 40))?;
    watched.together(size.of(6, 40))?;
    watched.aborted(size.of(1, 10))?;
    if programs != Programs::Own {
        return Ok(watched);
    }
    watched.timed_out()?;
    watched.without_records()?;
    Ok(watched)
}

impl Watched {
    /// Servers that have handled nothing yet.
    fn start(programs: Programs) -> io::Result<Self> {
        let world = World::start(&Options {
            programs,
            ..Options::default()
        })?;
        // What the certificates say is known once there are some; those who made them are started anew before they are looked at.
        let mut traces = Traces::default();
        for persona in PERSONAS {
            let mut own = Traces::of_holder(persona)?;
            let applicant = Applicant::new(world.terminal(TERMINAL));
            own.certificate(&block_on(issued(&world, &applicant, persona))??)?;
            traces = traces.and(own);
        }
        let mut watched = Self {
            world,
            search: traces.search(),
            applications: 0,
            timed_out: 0,
            states: Vec::new(),
        };
        watched.anew()?;
        watched.look("before the first application")?;
        Ok(watched)
    }

    /// Says what was found, and how many bytes were searched.
    fn tell(&self, report: &mut Report) -> usize {
        let mut bytes = 0;
        for state in &self.states {
            for (server, scan) in &state.scans {
                bytes += scan.bytes;
                let kinds: Vec<_> = scan
                    .found
                    .iter()
                    .map(|(kind, count)| format!("{count} of {kind}"))
                    .collect();
                let found: usize = scan.found.values().sum();
                report.figure(
                    format!("{}: pieces in the memory of {server}", state.what),
                    found,
                    0,
                );
                if found > 0 {
                    report.told("  which are", kinds.join(", "));
                    report.told("  among them", scan.places.join("; "));
                }
            }
            report.told(
                format!("{}: applications so far", state.what),
                state.applications,
            );
        }
        bytes
    }

    fn program(&self, server: &str) -> io::Result<&Program> {
        let program = match server {
            "center" => &self.world.center,
            _ => &self.world.vrs,
        };
        program.as_ref().ok_or(io::ErrorKind::NotFound.into())
    }

    /// Applications in which a handler of this server panics at its first look at the clock, its second, and so on, until nothing panics any
    /// more; how many were ended so.
    fn panics(&mut self, server: &str, round: usize) -> io::Result<usize> {
        let mut panics = 0;
        loop {
            self.order(server, panics + 1, round)?;
            let before = self.panicked(server)?;
            let persona = PERSONAS[panics % PERSONAS.len()];
            let applicant = Applicant::new(self.world.terminal(TERMINAL));
            let ended = block_on(apply(&self.world, &applicant, persona, None))?;
            self.applications += 1;
            match ended {
                Ok(_) => break,
                Err(_) if panics == MOST => {
                    return Err(io::Error::other("no application comes to its end"));
                }
                Err(_) => {
                    let told = || self.panicked(server).ok().filter(|count| *count > before);
                    let told = poll(WITHIN, told);
                    told.ok_or_else(|| io::Error::other("an application failed without a panic"))?;
                    panics += 1;
                }
            }
        }
        self.order(server, 0, round)?;
        Ok(panics)
    }

    /// At which look at the clock a handler is to panic; at none where that is 0.
    fn order(&self, server: &str, look: usize, round: usize) -> io::Result<()> {
        let order = self.world.ground.path(&format!("{server}/lists/panic"));
        let text = format!("{look} {round}");
        let draft = order.with_extension("draft");
        fs::write(&draft, &text)?;
        fs::rename(&draft, &order)?;
        let line = format!("panic {text}");
        let taken = poll(WITHIN, || {
            let lines = self.program(server).ok()?.output.all();
            (lines.last() == Some(&line)).then_some(())
        });
        taken.ok_or_else(|| io::Error::other("the order to panic is not followed"))
    }

    /// How many panics it has told of.
    fn panicked(&self, server: &str) -> io::Result<usize> {
        let lines = self.program(server)?.log.all();
        let events = lines.iter().filter(|it| it.contains("\"panicked\""));
        Ok(events.count())
    }

    fn anew(&mut self) -> io::Result<()> {
        (self.world.center, self.world.vrs) = (None, None);
        self.world.start_vrs()?;
        self.world.start_center()
    }

    fn look(&mut self, what: &'static str) -> io::Result<()> {
        thread::sleep(LATER);
        let servers = [("center", &self.world.center), ("vrs", &self.world.vrs)];
        let running = servers
            .into_iter()
            .filter_map(|(name, program)| Some((name, program.as_ref()?.id())));
        let scans: io::Result<Vec<_>> = running
            .map(|(name, process)| Ok((name, self.search.process(process)?)))
            .collect();
        self.states.push(State {
            what,
            applications: self.applications,
            scans: scans?,
        });
        Ok(())
    }

    /// Connections stay open and idle as long as their client is there.
    fn whole(&mut self, times: usize) -> io::Result<()> {
        let applicants: Vec<_> = PERSONAS
            .map(|persona| (persona, self.world.terminal(TERMINAL)))
            .into();
        let world = &self.world;
        block_on(async {
            for _ in 0..times {
                for (persona, client) in &applicants {
                    issued(world, &Applicant::new(client.clone()), persona).await?;
                }
            }
            Ok::<_, io::Error>(())
        })??;
        self.applications += times * PERSONAS.len();
        self.look("answered, connections idle")?;
        drop(applicants);
        self.look("answered, connections closed")
    }

    /// So many at the same time: what each had then, the others do not soon have again.
    fn together(&mut self, count: usize) -> io::Result<()> {
        let world = &self.world;
        thread::scope(|scope| {
            let one = |number: usize| {
                let applicant = Applicant::new(world.terminal(TERMINAL));
                let persona = PERSONAS[number % 2];
                let card = world.ground.card_of(&format!("g3-{number}"), persona)?;
                block_on(issued_with(card, &applicant, persona))?.map(drop)
            };
            let all: Vec<_> = (0..count)
                .map(|number| scope.spawn(move || one(number)))
                .collect();
            all.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("an application panicked")))
            })
        })?;
        self.applications += count;
        self.look("answered, many at the same time")
    }

    /// Given up at every step, at several moments.
    fn aborted(&mut self, times: usize) -> io::Result<()> {
        let world = &self.world;
        let mut count = 0;
        block_on(async {
            for round in 0..times {
                for (number, at) in (round..).zip(STEPS) {
                    for persona in PERSONAS {
                        let cut = Cut {
                            at,
                            after: Duration::from_millis(1 << (number % 5)),
                            signal: None,
                            waits: false,
                        };
                        let applicant = Applicant::new(world.terminal(TERMINAL));
                        match apply(world, &applicant, persona, Some(cut)).await {
                            Err(End::Failed(error)) => return Err(io::Error::other(error)),
                            Ok(_) | Err(End::Cut) => count += 1,
                        }
                    }
                }
            }
            Ok(())
        })??;
        self.applications += count;
        self.look("aborted at every step")
    }

    /// The record system stops answering, with the application in its hands, and goes on later.
    fn timed_out(&mut self) -> io::Result<()> {
        self.world.ground.edit("center/center.toml", |config| {
            let terminals = config["terminals"].as_table_mut();
            let limits = terminals.and_then(|it| it["limits"].as_table_mut());
            if let Some(limits) = limits {
                limits.insert("handler_ms".to_owned(), PATIENCE_MS.into());
            }
        })?;
        self.world.center = None;
        self.world.start_center()?;
        for at in [Step::Evidence, Step::Inquiry, Step::Issue] {
            let Some(vrs) = &self.world.vrs else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let applicant = Applicant::new(self.world.terminal(TERMINAL));
            let stopped = Cut {
                at,
                after: Duration::ZERO,
                signal: Some((vrs.id(), Signal::STOP)),
                waits: true,
            };
            // It is in the center's hands, and on its way to the record system, until the center gives it up.
            let world = &self.world;
            let waited = block_on(apply(world, &applicant, PERSONAS[0], Some(stopped)))?;
            if let Err(End::Failed(error)) = waited {
                return Err(io::Error::other(error));
            }
            self.applications += 1;
            vrs.signal(Signal::CONT)?;
        }
        let metrics = self.world.center_metrics()?;
        let counted = metrics
            .lines()
            .filter(|line| line.contains("handler-timed-out"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
        self.timed_out = counted.sum();
        self.look("timed out at every step that asks the record system")
    }

    fn without_records(&mut self) -> io::Result<()> {
        let client = self.world.terminal(TERMINAL);
        let applicant = Applicant::new(client);
        let world = &self.world;
        let mut challenged = block_on(applicant.challenge())?.map_err(io::Error::other)?;
        let evidence = applicant.evidence(world.ground.card(PERSONAS[0]), &challenged);
        self.world
            .vrs
            .take()
            .as_mut()
            .map(Program::end)
            .transpose()?;
        let refused = block_on(applicant.send(&mut challenged, &evidence))?.is_err();
        self.applications += 1;
        if !refused {
            return Err(io::Error::other(
                "evidence was believed without a record system",
            ));
        }
        self.look("record system gone")?;
        self.world.start_vrs()
    }
}
