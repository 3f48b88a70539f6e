//! What happens to applications before memory is searched.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::super::Size;
use super::super::steps::{Cut, End, STEPS, Step, apply, block_on, issued, issued_with};
use super::watched::{Watched, applicant};
use super::{PERSONAS, TERMINAL};
use crate::applicant::Applicant;
use crate::process::poll;

/// How long an order may take to be followed.
const WITHIN: Duration = Duration::from_secs(10);
/// More looks at the clock than an application takes.
const MOST: usize = 100;
/// How long the center's handlers may take where the record system does not answer. Otherwise it is the usual time, for a busy machine is no failure.
const PATIENCE_MS: i64 = 4000;

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
            Happening::TimedOut => self.timed_out(),
            Happening::WithoutRecords => self.without_records(),
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
        thread::scope(|scope| {
            let one = |number: usize| {
                let persona = PERSONAS[number % 2];
                let applicant = this.applicant(persona)?;
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
        let this = &*self;
        let world = &self.world;
        let (mut count, mut unanswered) = (0, 0);
        block_on(async {
            for round in 0..times {
                for (number, at) in (round..).zip(STEPS) {
                    for persona in PERSONAS {
                        let cut = Cut {
                            at,
                            after: Duration::from_micros(250 << (number % 5)),
                            signal: None,
                            waits: false,
                        };
                        let applicant = this.applicant(persona)?;
                        match apply(world, &applicant, persona, Some(cut)).await {
                            Err(End::Failed(error)) => return Err(io::Error::other(error)),
                            Ok(_) => count += 1,
                            Err(End::Cut { answered }) => {
                                count += 1;
                                unanswered += usize::from(!answered);
                            }
                        }
                    }
                }
            }
            Ok(())
        })??;
        self.applications += count;
        self.given_up += unanswered;
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
        for (at, persona) in [Step::Evidence, Step::Inquiry, Step::Issue]
            .into_iter()
            .zip(PERSONAS.into_iter().rev().cycle())
        {
            let Some(vrs) = &self.world.vrs else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let applicant = self.applicant(persona)?;
            let stopped = Cut {
                at,
                after: Duration::ZERO,
                signal: Some((vrs.id(), Signal::STOP)),
                waits: true,
            };
            // It is in the center's hands, and on its way to the record system, until the center gives it up.
            let world = &self.world;
            let waited = block_on(apply(world, &applicant, persona, Some(stopped)))?;
            if let Err(End::Failed(error)) = waited {
                return Err(io::Error::other(error));
            }
            self.applications += 1;
            vrs.signal(Signal::CONT)?;
        }
        self.timed_out += self.counted("\"handler-timed-out\"")?;
        self.look("timed out at every step that asks the record system")
    }

    /// The record system is gone, at every step that asks it, with the application in the center's hands. Evidence alone would show nothing: its
    /// types wipe themselves before the record system is asked, so that without either of the other protections nothing was found of it.
    fn without_records(&mut self) -> io::Result<()> {
        const REFUSED: &str = "\"records-unavailable\"";
        let steps = &STEPS[1..];
        let before = self.counted(REFUSED)?;
        for (number, (at, persona)) in steps.iter().zip(PERSONAS.into_iter().cycle()).enumerate() {
            if number > 0 {
                self.world.start_vrs()?;
            }
            let applicant = self.applicant(persona)?;
            let gone = Cut {
                at: *at,
                after: Duration::ZERO,
                signal: Some((self.program("vrs")?.id(), Signal::KILL)),
                waits: true,
            };
            let waited = block_on(apply(&self.world, &applicant, persona, Some(gone)))?;
            if let Err(End::Failed(error)) = waited {
                return Err(io::Error::other(error));
            }
            self.applications += 1;
            self.world.vrs = None;
        }
        if self.counted(REFUSED)? - before != steps.len() {
            return Err(io::Error::other(
                "the center answers without a record system",
            ));
        }
        self.look("record system gone at every step that asks it")?;
        self.world.start_vrs()
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
