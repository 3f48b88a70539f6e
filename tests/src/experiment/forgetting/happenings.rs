//! What happens to applications before memory is searched.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use issuance_api::ProblemCode;
use issuance_channel::client::CallError;
use rustix::process::Signal;
use tokio::task::JoinSet;

use super::super::Size;
use super::super::steps::{
    Cut, End, STEPS, Step, apply, at_once, block_on, come_to, issued, issued_with, moments,
};
use super::watched::{Tally, Watched, applicant};
use super::{PERSONAS, TERMINAL};
use crate::applicant::{Applicant, problem};
use crate::load::cpu;
use crate::process::{Program, poll};
use crate::world::{limit, set};

/// How long an order may take to be followed.
const WITHIN: Duration = Duration::from_secs(10);
/// More looks at the clock than an application takes.
const MOST: usize = 100;
/// How long the center's handlers may take where the record system does not answer. Otherwise it is the usual time, for a busy machine is no failure.
const PATIENCE_MS: i64 = 4000;
/// More connections to the record system than ask it at once: of one municipality's records a quarter of them.
const CONNECTIONS: i64 = 64;
/// Until all have asked it that ask at once.
const ASKED: Duration = Duration::from_millis(300);
/// What has nothing to do takes no processor's time for so long.
const AT_REST: Duration = Duration::from_millis(200);

/// What leaves servers in a state that is looked at, or in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Answered,
    Together,
    Aborted,
    TimedOut,
    WithoutRecords,
    /// Of programs that have been told that it can (`--panics`).
    Panicked,
}

impl Happening {
    /// Each of them.
    pub(super) const ALL: [Self; 6] = [
        Self::Answered,
        Self::Together,
        Self::Aborted,
        Self::TimedOut,
        Self::WithoutRecords,
        Self::Panicked,
    ];
}

impl Watched {
    /// Lets it happen, and looks.
    pub(super) fn goes_through(&mut self, happening: Happening, size: Size) -> io::Result<()> {
        match happening {
            Happening::Answered => self.whole(size.of(1, 50)),
            Happening::Together => self.together(size.of(6, 40)),
            Happening::Aborted => self.aborted(size.of(1, 10)),
            Happening::TimedOut => self.timed_out(size.of(1, 5)),
            Happening::WithoutRecords => self.without_records(size.of(1, 5)),
            Happening::Panicked => self.panicked(size.of(1, 10)),
        }
    }

    /// Connections stay open and idle as long as their client is there.
    fn whole(&mut self, times: usize) -> io::Result<()> {
        let applicants: Vec<_> = PERSONAS
            .map(|persona| (persona, self.client(persona)))
            .into();
        let at_kiosk = self.world.terminal(TERMINAL);
        let world = &self.world;
        block_on(async {
            for _ in 0..times {
                for (persona, client) in &applicants {
                    issued(world, &applicant(client, persona)?, persona).await?;
                }
                // On the one before, with the passport that VRS holds.
                let again = Applicant::new(at_kiosk.clone()).abroad(None);
                issued(world, &again, PERSONAS[1]).await?;
            }
            Ok::<_, io::Error>(())
        })??;
        self.applications += times * (PERSONAS.len() + 1);
        self.look("answered, connections idle")?;
        drop((applicants, at_kiosk));
        self.look("answered, connections closed")
    }

    /// So many at the same time: what each had then, the others do not soon have again.
    fn together(&mut self, count: usize) -> io::Result<()> {
        let this = &*self;
        let world = &self.world;
        at_once(count, |number| {
            let persona = PERSONAS[number % 2];
            let applicant = this.applicant(persona)?;
            let card = world.ground.card_of(&format!("g3-{number}"), persona)?;
            block_on(issued_with(card, &applicant, persona))?.map(drop)
        })?;
        self.applications += count;
        self.look("answered, many at the same time")
    }

    /// Given up at every step, at several moments, each time until that is before the answer.
    fn aborted(&mut self, times: usize) -> io::Result<()> {
        let this = &*self;
        let mut tries = Vec::new();
        block_on(async {
            for round in 0..times {
                for (number, at) in (round..).zip(STEPS) {
                    for persona in PERSONAS {
                        tries.push((at, this.gives_up(persona, at, number).await?));
                    }
                }
            }
            Ok::<_, io::Error>(())
        })??;
        for (at, (begun, is_unanswered)) in tries {
            self.applications += begun;
            if is_unanswered {
                *self.given_up.entry(at.name()).or_default() += 1;
            }
        }
        self.look("aborted at every step")
    }

    /// Begins applications and gives them up at this step, until one is before its answer: how many, and whether one was.
    async fn gives_up(&self, persona: &str, at: Step, number: usize) -> io::Result<(usize, bool)> {
        let mut begun = 0;
        for after in moments(number) {
            let cut = Cut {
                at,
                after,
                signal: None,
            };
            let applicant = self.applicant(persona)?;
            begun += 1;
            match apply(&self.world, &applicant, persona, Some(cut)).await {
                Err(End::Failed(error)) => return Err(io::Error::other(error)),
                Err(End::Cut { answered: false }) => return Ok((begun, true)),
                Ok(_) | Err(End::Cut { answered: true }) => {}
            }
        }
        Ok((begun, false))
    }

    /// The record system stops answering, with applications in its hands, and goes on later.
    fn timed_out(&mut self, times: usize) -> io::Result<()> {
        const OVER: &str = "\"handler-timed-out\"";
        self.world.ground.edit("center/center.toml", |config| {
            limit(config, "handler_ms", PATIENCE_MS);
            set(config, "vrs.connections", CONNECTIONS);
        })?;
        self.world.center = None;
        self.world.start_center()?;
        for _ in 0..times {
            let vrs = self.program("vrs")?;
            // So many connections lead to it then, and on each the center knows whom to seal to: whatever is asked next is in its hands at once.
            let evidence = STEPS.map(|_| Step::Evidence);
            let answers = block_on(self.ask(&evidence, vrs, Signal::STOP, Some(ASKED)))??;
            if let Some(error) = answers.into_iter().find_map(Result::err) {
                return Err(io::Error::other(error));
            }
            let before = self.counted(OVER)?;
            let answers = block_on(self.ask(&STEPS, vrs, Signal::STOP, None))??;
            vrs.signal(Signal::CONT)?;
            rests(vrs)?;
            let over = self.counted(OVER)? - before;
            self.applications += evidence.len() * PERSONAS.len() + answers.len();
            self.timed_out += Tally {
                asked: answers.len(),
                counted: over,
            };
        }
        self.look("timed out at every step that asks the record system")
    }

    /// The record system is gone, at every step that asks it, with applications in the center's hands. Evidence alone would show nothing: its
    /// types wipe themselves before the record system is asked, so that without either of the other protections nothing was found of it.
    fn without_records(&mut self, times: usize) -> io::Result<()> {
        for round in 0..times {
            if round > 0 {
                self.world.start_vrs()?;
            }
            let vrs = self.program("vrs")?;
            let answers = block_on(self.ask(&STEPS, vrs, Signal::KILL, None))??;
            let refused = answers.iter().filter(|answer| {
                let error = answer.as_ref().err();
                error.map(problem) == Some(ProblemCode::RecordsUnavailable)
            });
            let refused = refused.count();
            self.applications += answers.len();
            self.without_records += Tally {
                asked: answers.len(),
                counted: refused,
            };
            self.world.vrs = None;
        }
        self.look("record system gone at every step that asks it")?;
        self.world.start_vrs()
    }

    /// Both personas come to each of these steps and ask for all of them at the same time, of a center whose record system has got a signal
    /// then; what each is answered. A record system that stands still goes on `until` then, or is left so.
    async fn ask(
        &self,
        steps: &[Step],
        vrs: &Program,
        what: Signal,
        until: Option<Duration>,
    ) -> io::Result<Vec<Result<(), CallError>>> {
        let mut ready = Vec::new();
        // Challenges are good for the shortest time: they come last.
        for at in steps.iter().rev() {
            for persona in PERSONAS {
                let asking = come_to(&self.world, self.applicant(persona)?, persona, *at).await;
                ready.push(asking.map_err(io::Error::other)?);
            }
        }
        vrs.signal(what)?;
        let asking: JoinSet<_> = ready.into_iter().collect();
        if let Some(until) = until {
            tokio::time::sleep(until).await;
            vrs.signal(Signal::CONT)?;
        }
        Ok(asking.join_all().await)
    }

    /// How much of this the center has counted since it began.
    fn counted(&self, code: &str) -> io::Result<usize> {
        let metrics = self.world.center_metrics()?;
        let lines = metrics.lines().filter(|line| line.contains(code));
        Ok(lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
            .sum())
    }

    /// Handlers of both panic, wherever they look at the clock.
    fn panicked(&mut self, times: usize) -> io::Result<()> {
        for round in 0..times {
            for server in ["center", "vrs"] {
                *self.panics.entry(server).or_default() += self.panics(server, round)?;
            }
        }
        self.look("panicked")
    }

    /// Applications in which a handler of this server panics at its first look at the clock, its second, and so on, until nothing panics any
    /// more; how many were ended so.
    fn panics(&mut self, server: &str, round: usize) -> io::Result<usize> {
        let mut panics = 0;
        loop {
            self.order(server, panics + 1, round)?;
            let before = self.told_of(server)?;
            let persona = PERSONAS[panics % PERSONAS.len()];
            let applicant = self.applicant(persona)?;
            let ended = block_on(apply(&self.world, &applicant, persona, None))?;
            self.applications += 1;
            match ended {
                Ok(_) => break,
                Err(_) if panics == MOST => {
                    return Err(io::Error::other("no application comes to its end"));
                }
                Err(_) => {
                    let told = || self.told_of(server).ok().filter(|count| *count > before);
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
    fn told_of(&self, server: &str) -> io::Result<usize> {
        let lines = self.program(server)?.log.all();
        let events = lines.iter().filter(|it| it.contains("\"panicked\""));
        Ok(events.count())
    }
}

/// Until a server has nothing to do any more: what was given up at the other end, it may still be at.
fn rests(server: &Program) -> io::Result<()> {
    let rests = poll(WITHIN, || {
        let before = cpu(server.id()).ok()?;
        thread::sleep(AT_REST);
        (cpu(server.id()).ok()? == before).then_some(())
    });
    rests.ok_or_else(|| io::Error::other("a server does not come to rest"))
}
