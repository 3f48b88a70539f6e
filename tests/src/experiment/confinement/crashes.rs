//! Center and VRS end by signals that they do not choose, while somebody applies; many apply at the same time; and all files are searched then.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dev_memory::{Found, Search};
use issuance_api::ProblemCode;
use issuance_api::terminal::IssueAnswer;
use rustix::process::Signal;
use toml::Table;

use super::super::holders::{self, PERSONAS};
use super::super::steps::{
    Cut, End, STEPS, Step, apply, apply_with, at_once, block_on, end, issued, moments,
};
use super::super::traces::Traces;
use super::super::{Report, Size};
use super::{Server, import};
use crate::applicant::problem;
use crate::process::{Program, with_core_files};
use crate::world::{Options, Programs, World, set};

/// Ends that a process does not choose, and what each would leave: a core, a core, nothing.
pub(super) const CRASHES: [Signal; 3] = [Signal::SEGV, Signal::ABORT, Signal::KILL];

/// Center and VRS ended by signals at every step, with core files asked for.
pub(super) fn all(size: Size, report: &mut Report) -> io::Result<()> {
    let mut world = World::start(&Options {
        center: without_quota,
        ..Options::default()
    })?;
    for server in Server::BOTH {
        restart(&mut world, server)?;
    }
    let search = block_on(holders::traces(&world))??.search();
    let (mut ended, mut said) = (0, Found::new());
    for (own, server) in Server::BOTH.into_iter().enumerate() {
        let mut at_work = BTreeMap::new();
        for round in own..own + size.of(1, 6) {
            for (number, at) in (round..).zip(STEPS) {
                let ends = ends(&mut world, server, at, number)?;
                ended += ends.count;
                search.count(&ends.said.join(&b'\n'), &mut said);
                if ends.is_at_work {
                    *at_work.entry(at.name()).or_default() += 1;
                }
            }
        }
        let name = server.name();
        report.figure(
            format!("{name}: steps at which it was ended with a request at work"),
            at_work.len(),
            STEPS.len(),
        );
        report.counted("  ends that were", &at_work);
    }
    load(&world, size, report)?;
    let Files {
        found,
        searched,
        unread,
    } = in_files(&world, &search)?;
    report.told("ends by SIGSEGV, SIGABRT and SIGKILL at every step", ended);
    report.told("pieces searched for", search.pieces());
    report.told("files searched", searched);
    report.figure("files that could not be read", unread, 0);
    report.figure("pieces in lines of servers that were ended", sum(&said), 0);
    report.figure(
        "pieces of holders, passports or certificates in files",
        sum(&found),
        0,
    );
    if sum(&found) > 0 {
        report.counted("  which are", &found);
    }
    let certificates = PERSONAS.map(|persona| {
        let applicant = holders::applicant(&world, persona)?;
        block_on(issued(&world, &applicant, persona))?
    });
    let whole = certificates.iter().filter(|it| it.is_ok()).count();
    report.figure(
        "certificates afterwards, one for abroad",
        whole,
        PERSONAS.len(),
    );

    import::ended(&world, &search, size, report)?;

    let planted = world.ground.path("planted");
    let [upper, lower] = holders::passport(PERSONAS[1])?.lines();
    let [domestic, abroad] = certificates;
    for (what, content) in [
        ("a passport's lines", format!("{upper}\n{lower}").into()),
        ("a VDS-NC", seal_of(abroad?)?),
        ("a page", domestic?.page.as_bytes().to_vec()),
    ] {
        fs::write(&planted, content)?;
        report.finds(
            format!("pieces in a file put there, with {what}"),
            sum(&in_files(&world, &search)?.found),
        );
    }
    drop(world);
    cores_of_control(report)
}

/// One app applies more often than one may.
fn without_quota(center: &mut Table) {
    set(center, "app_quota.applications", 1_000_000);
}

/// Ends of a server at one step.
#[derive(Default)]
struct Ends {
    count: usize,
    /// Whether the last of them came before the answer.
    is_at_work: bool,
    /// All that those wrote who were ended.
    said: Vec<Vec<u8>>,
}

/// Ends a server by a signal, at a step of an application, until that comes before the answer.
fn ends(world: &mut World, server: Server, at: Step, number: usize) -> io::Result<Ends> {
    let crash = CRASHES[number % CRASHES.len()];
    // For use in Japan and for abroad in turn.
    let persona = PERSONAS[number % PERSONAS.len()];
    let mut ends = Ends::default();
    for after in moments(number) {
        let process = server.program(world)?.id();
        let applicant = holders::applicant(world, persona)?;
        let cut = Cut {
            at,
            after,
            signal: Some((process, crash)),
        };
        let how = block_on(apply(world, &applicant, persona, Some(cut)))?;
        let program = server.place(world).as_mut();
        end(program.ok_or(io::ErrorKind::NotFound)?, crash)?;
        ends.count += 1;
        ends.said.extend(restart(world, server)?);
        if matches!(how, Err(End::Cut { answered: false })) {
            ends.is_at_work = true;
            break;
        }
    }
    Ok(ends)
}

/// Many apply at the same time. Some may be told that others are too many.
fn load(world: &World, size: Size, report: &mut Report) -> io::Result<()> {
    let count = size.of(24, 60);
    let issued = at_once(count, |number| {
        let persona = PERSONAS[number % PERSONAS.len()];
        let applicant = holders::applicant(world, persona)?;
        let card = world.ground.card_of(&format!("load-{number}"), persona)?;
        match block_on(apply_with(card, &applicant, persona, None))? {
            Ok(_) => Ok(true),
            Err(End::Failed(error)) if problem(&error) == ProblemCode::Busy => Ok(false),
            Err(End::Failed(error)) => Err(io::Error::other(error)),
            Err(End::Cut { .. }) => Err(io::Error::other("cut off, which nobody asked for")),
        }
    })?;
    let issued = issued.into_iter().filter(|it| *it).count();
    report.told("applications at the same time, after that", count);
    report.finds("of those that end with a certificate", issued);
    Ok(())
}

fn seal_of(issued: IssueAnswer) -> io::Result<Vec<u8>> {
    let seal = issued.vds_nc.ok_or(io::ErrorKind::NotFound)?;
    Ok(seal.expose().as_bytes().to_vec())
}

/// Processes without protection, ended likewise: their core files hold what they held.
fn cores_of_control(report: &mut Report) -> io::Result<()> {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern")?;
    if pattern.starts_with(['|', '/']) {
        report.untried(
            "what core files of processes without protection hold, for this machine keeps none beside a process",
        );
        return Ok(());
    }
    let mut world = World::start(&Options {
        programs: Programs::Control(&["--free"]),
        center: without_quota,
        ..Options::default()
    })?;
    // Of certificates nothing: a core file has all of a program, and pieces of a page stand there with nobody's on it.
    let mut traces = Traces::default();
    for persona in PERSONAS {
        let mut holder = Traces::of_holder(persona)?;
        holder.passport(&holders::passport(persona)?);
        traces = traces.and(holder);
    }
    let search = traces.search();
    let folder = world.ground.path("run");
    for server in Server::BOTH {
        restart(&mut world, server)?;
        let mut found = Found::new();
        // SIGKILL leaves none, at one step in the first round and at another in the second.
        for round in 0..2 {
            for (number, at) in (round..).zip(STEPS) {
                ends(&mut world, server, at, number)?;
                take_cores(&folder, &search, &mut found)?;
            }
        }
        tell_cores(server.name(), &found, report);
    }
    let mut found = Found::new();
    import::ended_without_protection(&world, Signal::SEGV)?;
    take_cores(&folder, &search, &mut found)?;
    tell_cores("import", &found, report);
    Ok(())
}

fn tell_cores(name: &str, found: &Found, report: &mut Report) {
    let what = format!("{name} without protection: pieces in core files");
    report.finds(what, sum(found));
}

/// Adds what core files hold in the folder that no other files lie in, and removes them: the next is another process's.
fn take_cores(folder: &Path, search: &Search, found: &mut Found) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            search.count(&fs::read(entry.path())?, found);
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Starts a server again, with core files as large as may be, in a folder of its own; all that the one before wrote.
fn restart(world: &mut World, server: Server) -> io::Result<Vec<Vec<u8>>> {
    let command = match server {
        Server::Center => world.ground.center(),
        Server::Vrs => world.ground.serving_vrs(),
    };
    let mut said = Vec::new();
    if let Some(mut before) = server.place(world).take() {
        before.end()?;
        said.extend(before.log.raw().into_iter().chain(before.output.raw()));
    }
    let folder = world.ground.path("run");
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary)?;
    let mut shell = with_core_files(&command);
    shell.current_dir(&folder).env("TMPDIR", &temporary);
    let (started, mut ready) = Program::serve(server.name(), shell)?;
    *server.place(world) = Some(started);
    let admin = match server {
        Server::Center => &mut world.addresses.admin,
        Server::Vrs => &mut world.addresses.vrs_admin,
    };
    *admin = ready.remove("admin").unwrap_or_default();
    Ok(said)
}

/// What was found in files, in so many, and how many more could not be read.
#[derive(Default)]
pub(super) struct Files {
    pub(super) found: Found,
    searched: usize,
    pub(super) unread: usize,
}

/// What files of the world hold, or are called: everything but the cards, whose content is the holder's. And what the programs said, on
/// either output, and as figures.
pub(super) fn in_files(world: &World, search: &Search) -> io::Result<Files> {
    let mut files = Files::default();
    let mut folders = vec![world.ground.path(""), PathBuf::from("/dev/shm")];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            // Removed meanwhile: it holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            search.count(path.as_os_str().as_encoded_bytes(), &mut files.found);
            let kind = entry.file_type()?;
            if kind.is_dir() && !is_of_cards(&path) {
                folders.push(path);
            } else if kind.is_file() {
                match fs::read(path) {
                    Ok(content) => {
                        files.searched += 1;
                        search.count(&content, &mut files.found);
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => files.unread += 1,
                }
            }
        }
    }
    for server in Server::BOTH {
        let program = server.program(world)?;
        let admin = match server {
            Server::Center => &world.addresses.admin,
            Server::Vrs => &world.addresses.vrs_admin,
        };
        let metrics = world.metrics(admin)?;
        for written in [program.log.raw(), program.output.raw()] {
            search.count(&written.join(&b'\n'), &mut files.found);
        }
        search.count(metrics.as_bytes(), &mut files.found);
    }
    Ok(files)
}

fn is_of_cards(folder: &Path) -> bool {
    folder.ends_with("cards") || folder.ends_with("owners")
}

pub(super) fn sum(found: &Found) -> usize {
    found.values().sum()
}
