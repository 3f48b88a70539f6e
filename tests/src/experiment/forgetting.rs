//! G3: memory keeps nothing. All of the memory of center and VRS is searched, one second after whatever happened, for a resident's name, address,
//! number, birth date and passport and for the certificate, in every form of `traces`. One persona applies at a kiosk for use in Japan, the other
//! by an app, and once at a kiosk, for abroad.
//!
//! That a handler panics takes a clock that does: servers as shipped but for it.
//!
//! Controls, each protection by itself: the same servers with an allocator that does not wipe what is freed; with their threads' stacks left as
//! they are; and as shipped, with bodies that nobody sealed, on connections that stay open. Each has to find something in each server.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use issuance_channel::client::Client;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::memory::{Scan, Search};
use super::steps::{Cut, End, STEPS, Step, apply, block_on, issued, issued_with};
use super::tls::{connector, handshake};
use super::traces::{OF_PAGES, Printed, Traces};
use super::vocabulary::Vocabulary;
use super::{Report, Size};
use crate::applicant::Applicant;
use crate::judges::page;
use crate::passport::Passport;
use crate::persona::Persona;
use crate::process::{Program, poll};
use crate::world::{Options, Programs, World, set};

/// Whose applications these are: the second's name needs the font with rare kanji.
const PERSONAS: [&str; 2] = ["ordinary", "gaiji"];
const TERMINAL: &str = "kiosk-0001";
const APP: &str = "apps/app-0001";
/// Numbers of their passports: nobody else's, and of more than three characters.
const PASSPORTS: [&str; 2] = ["TR3857264", "TK7041935"];
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
    watched.unsealed(&mut report)?;
    for (protection, programs) in [
        ("what is freed is not wiped", Programs::Control(&[])),
        (
            "stacks are left as they are",
            Programs::Wiping(&["--stacks"]),
        ),
    ] {
        states(programs, size)?.notice(protection, &mut report);
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
    let applicant = watched.applicant(PERSONAS[0])?;
    let whole = block_on(issued(&watched.world, &applicant, PERSONAS[0]))?;
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

fn passport(persona: &str) -> io::Result<Passport> {
    let number = PERSONAS.iter().position(|it| *it == persona);
    let holder = Persona::load(persona)?;
    let passport = number.zip(Passport::of(&holder));
    let (number, passport) = passport.ok_or(io::ErrorKind::NotFound)?;
    Ok(Passport {
        number: PASSPORTS[number].to_owned(),
        ..passport
    })
}

/// The first persona applies at a kiosk, for use in Japan; the second by an app, for abroad.
fn applicant(client: &Client, persona: &str) -> io::Result<Applicant> {
    let applicant = Applicant::new(client.clone());
    match persona == PERSONAS[0] {
        true => Ok(applicant),
        false => Ok(applicant.abroad(Some(passport(persona)?.mrz()))),
    }
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
    watched.aborted(size.of(1, 10))?;
    if programs != Programs::Own {
        return Ok(watched);
    }
    watched.together(size.of(6, 40))?;
    watched.timed_out()?;
    watched.without_records()?;
    Ok(watched)
}

impl Watched {
    /// Servers that have handled nothing yet.
    fn start(programs: Programs) -> io::Result<Self> {
        let world = World::start(&Options {
            programs,
            center: |config| set(config, "app_quota.applications", 1_000_000),
            ..Options::default()
        })?;
        let mut watched = Self {
            world,
            search: Traces::default().search(),
            applications: 0,
            timed_out: 0,
            states: Vec::new(),
        };
        // What the certificates say is known once there are some; those who made them are started anew before they are looked at.
        let of_both = PERSONAS.map(|persona| watched.certificates(persona));
        let [first, second] = of_both;
        let (first, second) = (first?, second?);
        let mut all = Traces::default();
        let both = [(&first, &second), (&second, &first)];
        for (persona, (own, other)) in PERSONAS.iter().zip(both) {
            let mut traces = Traces::of_holder(persona)?;
            traces.passport(&passport(persona)?);
            traces.certificates(own, other)?;
            all = all.and(traces);
        }
        watched.search = all.search();
        watched.anew()?;
        // A center that has handled nobody and has no database has nothing of anybody: parts of what it sets pages with are no part of a person.
        let scan = watched.search.process(watched.program("center")?.id())?;
        watched.search = watched.search.less(&OF_PAGES, &scan);
        watched.look("before the first application")?;
        Ok(watched)
    }

    /// One of each kind, whoever asks for it elsewhere.
    fn certificates(&self, persona: &str) -> io::Result<[Printed; 2]> {
        let kiosk = Applicant::new(self.world.terminal(TERMINAL));
        let app = Applicant::new(self.world.client_of_center(APP));
        let app = app.abroad(Some(passport(persona)?.mrz()));
        let print = |applicant: &Applicant| {
            let issued = block_on(issued(&self.world, applicant, persona))??;
            let file = self.world.ground.path("page.pdf");
            fs::write(&file, issued.page.as_bytes())?;
            let text = page::text(&file)?;
            fs::remove_file(&file)?;
            io::Result::Ok(Printed {
                id: issued.certificate_id.to_string(),
                jws: issued.jws.expose().to_owned(),
                seal: issued.vds_nc.map(|seal| seal.expose().to_owned()),
                page: issued.page.as_bytes().to_vec(),
                text,
            })
        };
        Ok([print(&kiosk)?, print(&app)?])
    }

    /// On connections of its own.
    fn applicant(&self, persona: &str) -> io::Result<Applicant> {
        applicant(&self.client(persona), persona)
    }

    fn client(&self, persona: &str) -> Client {
        match persona == PERSONAS[0] {
            true => self.world.terminal(TERMINAL),
            false => self.world.client_of_center(APP),
        }
    }

    /// Says what was found, and how many bytes were searched.
    fn tell(&self, report: &mut Report) -> usize {
        let mut bytes = 0;
        for state in &self.states {
            for (server, scan) in &state.scans {
                bytes += scan.bytes;
                let unread: usize = scan.unread.values().sum();
                report.figure(
                    format!("{}: bytes of {server} that could not be read", state.what),
                    unread,
                    0,
                );
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

    /// Says what was found where a protection is off: something, in one server or the other.
    fn notice(&self, protection: &str, report: &mut Report) {
        let mut all = 0;
        let mut of_servers = Vec::new();
        for server in ["center", "vrs"] {
            let mut moments = BTreeMap::<_, usize>::new();
            for state in &self.states {
                let of_server = state.scans.iter().filter(|(of, _)| *of == server);
                let found = of_server.flat_map(|(_, scan)| scan.found.values());
                *moments.entry(state.what).or_default() += found.sum::<usize>();
            }
            all += moments.values().sum::<usize>();
            of_servers.push((server, moments));
        }
        report.finds(format!("where {protection}: pieces in memory"), all);
        for (server, moments) in of_servers {
            report.noticed(format!("  in that of {server}"), &moments);
        }
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
            let applicant = self.applicant(persona)?;
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
                        let applicant = this.applicant(persona)?;
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

    /// Whoever does not seal leaves it where TLS and HTTP had it, as long as the connection is open, whatever is answered.
    fn unsealed(&self, report: &mut Report) -> io::Result<()> {
        let passport = passport(PERSONAS[1])?;
        let [upper, lower] = passport.lines();
        let body = format!(r#"{{"passport":{{"line1":"{upper}","line2":"{lower}"}}}}"#);
        let as_center = self.world.addresses.vrs.clone();
        for (server, certificate, address, path) in [
            (
                "center",
                APP,
                &self.world.addresses.terminals,
                "/v1/inquiry",
            ),
            ("vrs", "services/center", &as_center, "/v1/findings"),
        ] {
            let process = self.program(server)?.id();
            let tls = connector(&self.world, certificate)?;
            let found = block_on(async {
                let stream = TcpStream::connect(address).await?;
                let mut stream = handshake(&tls, stream).await?;
                let length = body.len();
                let request = format!(
                    "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(request.as_bytes()).await?;
                let mut answer = [0; 512];
                let _ = stream.read(&mut answer).await?;
                tokio::time::sleep(LATER).await;
                let scan = self.search.process(process);
                drop(stream);
                scan
            })??;
            report.finds(
                format!(
                    "where a body is not sealed, connection idle: pieces in the memory of {server}"
                ),
                found.found.values().sum(),
            );
            report.noticed("  which are", &found.found);
        }
        Ok(())
    }
}
