//! Servers that are watched, and what was found in them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::AddAssign;
use std::thread;

use dev_memory::{Scan, Search};
use issuance_channel::client::Client;

use super::super::Report;
use super::super::steps::{block_on, issued};
use super::super::traces::{OF_PAGES, Printed, Traces};
use super::{APP, LATER, PERSONAS, TERMINAL, passport};
use crate::applicant::Applicant;
use crate::judges::page;
use crate::process::Program;
use crate::world::{Options, Programs, World, set};

/// What begins every search: nobody was there yet.
pub(super) const BEFORE: &str = "before the first application";

/// A moment, and what was found then.
pub(super) struct State {
    pub(super) what: &'static str,
    applications: usize,
    pub(super) scans: Vec<(&'static str, Scan)>,
}

/// How many asked, and of these how many came to what was to be.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) asked: usize,
    pub(super) counted: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.asked += other.asked;
        self.counted += other.counted;
    }
}

/// The first persona applies at a kiosk, for use in Japan; the second by an app, for abroad.
pub(super) fn applicant(client: &Client, persona: &str) -> io::Result<Applicant> {
    let applicant = Applicant::new(client.clone());
    match persona == PERSONAS[0] {
        true => Ok(applicant),
        false => Ok(applicant.abroad(Some(passport(persona)?.mrz()))),
    }
}

pub(super) struct Watched {
    pub(super) world: World,
    pub(super) search: Search,
    pub(super) applications: usize,
    /// Requests given up before they were answered, by step.
    pub(super) given_up: BTreeMap<&'static str, usize>,
    /// While the record system stood still: handlers of the center whose time was over.
    pub(super) timed_out: Tally,
    /// While it was gone: requests that the center refused for that.
    pub(super) without_records: Tally,
    /// Handlers of each server that panicked.
    pub(super) panics: BTreeMap<&'static str, usize>,
    pub(super) states: Vec<State>,
}

impl Watched {
    /// Servers that have handled nothing yet.
    pub(super) fn start(programs: Programs) -> io::Result<Self> {
        let world = World::start(&Options {
            programs,
            center: |config| set(config, "app_quota.applications", 1_000_000),
            ..Options::default()
        })?;
        let mut watched = Self {
            world,
            search: Traces::default().search(),
            applications: 0,
            given_up: BTreeMap::new(),
            timed_out: Tally::default(),
            without_records: Tally::default(),
            panics: BTreeMap::new(),
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
        watched.look(BEFORE)?;
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

    /// Whether they issue one.
    pub(super) fn issues(&self) -> io::Result<bool> {
        let applicant = self.applicant(PERSONAS[0])?;
        Ok(block_on(issued(&self.world, &applicant, PERSONAS[0]))?.is_ok())
    }

    /// On connections of its own.
    pub(super) fn applicant(&self, persona: &str) -> io::Result<Applicant> {
        applicant(&self.client(persona), persona)
    }

    pub(super) fn client(&self, persona: &str) -> Client {
        match persona == PERSONAS[0] {
            true => self.world.terminal(TERMINAL),
            false => self.world.client_of_center(APP),
        }
    }

    /// Says what was found, and how many bytes were searched.
    pub(super) fn tell(&self, report: &mut Report) -> usize {
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

    pub(super) fn program(&self, server: &str) -> io::Result<&Program> {
        let program = match server {
            "center" => &self.world.center,
            _ => &self.world.vrs,
        };
        program.as_ref().ok_or(io::ErrorKind::NotFound.into())
    }

    /// Both begin anew.
    pub(super) fn anew(&mut self) -> io::Result<()> {
        (self.world.center, self.world.vrs) = (None, None);
        self.world.start_vrs()?;
        self.world.start_center()
    }

    /// Searches those that run, a moment from now.
    pub(super) fn look(&mut self, what: &'static str) -> io::Result<()> {
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
}
