//! Certificates for abroad that were issued around a kiosk, and what its processes hold of whoever has them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dev_memory::{Found, Scan, Search};
use serde_json::Value;
use tempfile::TempDir;

use super::super::holders::{by_app, passport, print};
use super::super::steps::{block_on, issued};
use super::super::traces::{OF_PAGES, Printed, Traces};
use crate::judges::page;
use crate::world::World;

/// Dots to an inch, at which both codes of a page can be read.
const DOTS_PER_INCH: u32 = 300;

/// Certificates by an app, by the persona they were issued to.
#[derive(Default)]
pub struct Issued {
    certificates: BTreeMap<String, Vec<Printed>>,
    /// What a browser has that has seen nobody.
    nobodys: Scan,
    /// What was searched for last, and for whom: one place after the other is searched for the same, which takes long to set up.
    latest: Option<(Wanted, Search)>,
}

/// A persona, and a sheet of theirs.
type Wanted = (String, Option<PathBuf>);

impl Issued {
    /// An app issues a persona one, with their passport.
    ///
    /// # Errors
    /// If the persona has no passport of its own, or there is no certificate.
    pub fn by_app(&mut self, world: &World, persona: &str) -> io::Result<()> {
        let app = by_app(world, persona)?;
        let issued = block_on(issued(world, &app, persona))??;
        let all = self.certificates.entry(persona.to_owned()).or_default();
        all.push(print(issued)?);
        self.latest = None;
        Ok(())
    }

    /// Takes what these processes hold of words on a persona's certificates for words of nobody's: nobody was there yet. What they hold of
    /// anything else of the person is told, as in [`remains`](Self::remains).
    ///
    /// # Errors
    /// As [`remains`](Self::remains).
    pub fn nobodys(&mut self, processes: &[u32], persona: &str) -> io::Result<Found> {
        let scan = scan(&self.traces(persona, None)?.search(), processes)?;
        let mut found = scan.found.clone();
        found.retain(|kind, _| !OF_PAGES.contains(kind));
        self.nobodys = scan;
        self.latest = None;
        Ok(found)
    }

    /// What processes hold of a persona's holder, their passport and certificates, with the one on a sheet, in every form of `traces`: kinds, and
    /// how many pieces of each. Not searched are files that a process can only read. A process that has ended holds nothing.
    ///
    /// # Errors
    /// If there is nobody else's certificate, whose words are nobody's; if the sheet cannot be read, or none of the processes, or not all of one.
    pub fn remains(
        &mut self,
        processes: &[u32],
        persona: &str,
        sheet: Option<&Path>,
    ) -> io::Result<Found> {
        let wanted = (persona.to_owned(), sheet.map(Path::to_owned));
        let search = match self.latest.take() {
            Some((latest, search)) if latest == wanted => search,
            _ => {
                let search = self.traces(persona, sheet)?.search();
                search.less(&OF_PAGES, &self.nobodys)
            }
        };
        let (_, search) = self.latest.insert((wanted, search));
        scan(search, processes)?.whole()
    }

    fn traces(&self, persona: &str, sheet: Option<&Path>) -> io::Result<Traces> {
        let of = |is_wanted: fn(&str, &str) -> bool| {
            let all = self.certificates.iter();
            let wanted = all.filter(move |(whose, _)| is_wanted(whose, persona));
            wanted.flat_map(|(_, printed)| printed).cloned()
        };
        let mut own: Vec<_> = of(|whose, persona| whose == persona).collect();
        let others: Vec<_> = of(|whose, persona| whose != persona).collect();
        if others.is_empty() {
            return Err(io::Error::other("nobody else has a certificate"));
        }
        if let Some(sheet) = sheet {
            own.push(read(sheet)?);
        }
        // What stands in a certificate too counts as what it is of the person.
        let mut traces = Traces::default();
        traces.certificates(&own, &others)?;
        let mut of_passport = Traces::default();
        of_passport.passport(&passport(persona)?);
        Ok(traces.and(Traces::of_holder(persona)?).and(of_passport))
    }
}

fn scan(search: &Search, processes: &[u32]) -> io::Result<Scan> {
    let mut all = Scan::default();
    for process in processes {
        match search.without_files(*process) {
            Err(_) if !has_memory(*process) => {}
            scan => all.add(scan?),
        }
    }
    match all.bytes {
        0 => Err(io::Error::other("none of these processes is there")),
        _ => Ok(all),
    }
}

fn has_memory(process: u32) -> bool {
    fs::read(format!("/proc/{process}/maps")).is_ok_and(|maps| !maps.is_empty())
}

/// A certificate for abroad, as its sheet has it.
fn read(sheet: &Path) -> io::Result<Printed> {
    let broken = || io::Error::other("not the sheet of a certificate for abroad");
    // The picture goes beside it.
    let folder = TempDir::new()?;
    let copy = folder.path().join("sheet.pdf");
    fs::copy(sheet, &copy)?;
    let codes = page::zbar(&page::rasterise(&copy, DOTS_PER_INCH)?)?;
    let jws = codes.iter().find_map(|code| verify::jws_of(code).ok());
    let seal = codes.iter().find(|code| code.starts_with('{'));
    let (jws, seal) = jws.zip(seal).ok_or_else(broken)?;
    let text = page::text(&copy)?;
    let said: Value = serde_json::from_str(seal)?;
    // The seal has it without its hyphens.
    let bare = said["data"]["msg"]["uvci"].as_str();
    let id = text
        .split_whitespace()
        .find(|word| Some(word.replace('-', "").as_str()) == bare);
    Ok(Printed {
        id: id.ok_or_else(broken)?.to_owned(),
        jws: jws.to_string(),
        seal: Some(seal.clone()),
        page: fs::read(&copy)?,
        text,
    })
}
