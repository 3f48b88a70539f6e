//! G4: disk keeps nothing. Whatever would carry something away is tried from inside center, VRS and a kiosk's core, and refused by the kernel; and
//! when center or VRS is ended by a signal in the middle of an application, no file holds anything of it.
//!
//! Controls: the same attempts in processes that take nothing from themselves all succeed, and one of those leaves its memory in a core file.

mod inside;
mod kiosk;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::attempt::Attempt;
use super::memory::{Found, Search};
use super::steps::{Cut, STEPS, apply, block_on, issued, strike};
use super::traces::Traces;
use super::{Report, Size};
use crate::applicant::Applicant;
use crate::process::{Program, program, with_core_files};
use crate::world::{Options, Programs, World};
use inside::Stage;

/// Whose applications these are.
const PERSONA: &str = "ordinary";
/// Ends that a process does not choose, and what each would leave: a core, a core, nothing.
const CRASHES: [Signal; 3] = [Signal::SEGV, Signal::ABORT, Signal::KILL];

/// Runs it.
///
/// # Errors
/// If the programs cannot be run as wanted: nothing is shown then.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    from_inside(&mut report)?;
    crashes(size, &mut report)?;
    shipped(&mut report)?;
    Ok(report)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    Center,
    Vrs,
}

impl Server {
    const BOTH: [Self; 2] = [Self::Center, Self::Vrs];

    const fn name(self) -> &'static str {
        match self {
            Self::Center => "center",
            Self::Vrs => "vrs",
        }
    }

    fn program(self, world: &World) -> io::Result<&Program> {
        let program = match self {
            Self::Center => &world.center,
            Self::Vrs => &world.vrs,
        };
        program.as_ref().ok_or(io::ErrorKind::NotFound.into())
    }
}

/// Everything forbidden, from inside processes that are confined, and from inside others.
fn from_inside(report: &mut Report) -> io::Result<()> {
    let world = tried_in(&["--attempts"])?;
    for server in Server::BOTH {
        let stage = of_server(&world, server)?;
        stage.refuses(server.program(&world)?, server.name(), report)?;
    }
    // Still at work, or what was refused was so because nothing worked.
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let whole = block_on(issued(&world, &applicant, PERSONA))?;
    report.figure("certificates afterwards", usize::from(whole.is_ok()), 1);
    kiosk::from_inside(&world, report)?;
    drop(world);
    // Each loses its process at the end, and what is tried needs the other's.
    for server in Server::BOTH {
        let world = tried_in(&["--attempts", "--free"])?;
        let stage = of_server(&world, server)?;
        stage.lets(server.program(&world)?, server.name(), report)?;
    }
    Ok(())
}

fn tried_in(switches: &'static [&'static str]) -> io::Result<World> {
    World::start(&Options {
        programs: Programs::Control(switches),
        ..Options::default()
    })
}

/// What a server is to try, with all that has to be there for it to succeed.
fn of_server(world: &World, server: Server) -> io::Result<Stage> {
    let own = |path: &str| world.ground.path(&format!("{}/{path}", server.name()));
    let address = |text: &str| text.parse().map_err(io::Error::other);
    let (other, own_admin, other_admin, key) = match server {
        Server::Center => (
            Server::Vrs,
            address(&world.addresses.admin)?,
            address(&world.addresses.vrs_admin)?,
            own("signing/current.pem"),
        ),
        Server::Vrs => (
            Server::Center,
            address(&world.addresses.vrs_admin)?,
            address(&world.addresses.admin)?,
            own("signing/statement.pem"),
        ),
    };
    let outside = world.ground.path(&format!("outside-{}", server.name()));
    let mut stage = Stage::outside(&outside, other.program(world)?, other_admin)?;
    let listed = own("lists/refused-signers.txt");
    stage.forbid([
        Attempt::ConnectHere(stage.socket()),
        Attempt::Make(own("made")),
        Attempt::Make(own("lists/made")),
        Attempt::Append(listed.clone()),
        Attempt::Read(key),
        Attempt::Connect(own_admin),
    ]);
    stage.allow([Attempt::Read(listed)]);
    match server {
        Server::Center => stage.allow([Attempt::Connect(address(&world.addresses.vrs)?)]),
        Server::Vrs => {
            stage.allow([
                Attempt::Make(own("data/made")),
                Attempt::Append(own("data/made")),
                Attempt::Remove(own("data/made")),
            ]);
            // What it may do to a database it must not do to a key.
            stage.forbid([
                Attempt::Make(own("keys/made")),
                Attempt::Remove(own("keys/132217.epoch")),
                Attempt::MakeLink(own("data/link")),
                Attempt::Connect(address(&world.addresses.terminals)?),
            ]);
        }
    }
    stage.set(own("lists"))?;
    Ok(stage)
}

/// Center and VRS ended by signals at every step, with core files asked for.
fn crashes(size: Size, report: &mut Report) -> io::Result<()> {
    let mut world = World::start(&Options::default())?;
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut traces = Traces::of_holder(PERSONA)?;
    for server in Server::BOTH {
        restart(&mut world, server)?;
    }
    let certificate = block_on(issued(&world, &applicant, PERSONA))??;
    traces.certificate(&certificate)?;
    let search = traces.search();
    let mut ended = 0;
    for server in Server::BOTH {
        for round in 0..size.of(1, 6) {
            for (number, at) in (round..).zip(STEPS) {
                let crash = CRASHES[number % CRASHES.len()];
                let process = server.program(&world)?.id();
                let applicant = Applicant::new(world.terminal("kiosk-0001"));
                let cut = Cut {
                    at,
                    after: Duration::from_millis(1 << (number % 5)),
                    signal: Some((process, crash)),
                    waits: false,
                };
                // How far it came is not what is looked at.
                let _ = block_on(apply(&world, &applicant, PERSONA, Some(cut)))?;
                ended += 1;
                restart(&mut world, server)?;
            }
        }
    }
    let Files {
        found,
        searched,
        unread,
    } = in_files(&world, &search)?;
    report.told("ends by SIGSEGV, SIGABRT and SIGKILL at every step", ended);
    report.told("pieces of eight bytes searched for", search.len());
    report.told("files searched", searched);
    report.figure("files that could not be read", unread, 0);
    report.figure(
        "pieces of the holder or the certificate in files",
        sum(&found),
        0,
    );
    let whole = block_on(issued(&world, &applicant, PERSONA))?;
    report.figure("certificates afterwards", usize::from(whole.is_ok()), 1);

    let planted = world.ground.path("planted");
    fs::write(&planted, certificate.jws.expose())?;
    report.finds(
        "pieces in a file put there",
        sum(&in_files(&world, &search)?.found),
    );
    drop(world);
    core_of_control(report)
}

/// A process without protection, ended likewise: its core file holds what it held.
fn core_of_control(report: &mut Report) -> io::Result<()> {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern")?;
    if pattern.starts_with(['|', '/']) {
        report.untried(
            "what a core file of a process without protection holds, for this machine keeps none beside the process",
        );
        return Ok(());
    }
    let mut world = World::start(&Options {
        programs: Programs::Control(&["--free"]),
        ..Options::default()
    })?;
    restart(&mut world, Server::Center)?;
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut traces = Traces::of_holder(PERSONA)?;
    traces.certificate(&block_on(issued(&world, &applicant, PERSONA))??)?;
    let mut center = world.center.take().ok_or(io::ErrorKind::NotFound)?;
    strike(center.id(), Signal::SEGV);
    // On a busy machine two signals may have come as one.
    if center.wait(Duration::from_secs(10)).is_err() {
        strike(center.id(), Signal::SEGV);
        center.wait(Duration::from_secs(30))?;
    }
    let found = in_files(&world, &traces.search())?.found;
    report.finds(
        "pieces in the core file of a center without protection",
        sum(&found),
    );
    Ok(())
}

/// Starts a server again, with core files as large as may be, in a folder of its own.
fn restart(world: &mut World, server: Server) -> io::Result<()> {
    let (program, command) = match server {
        Server::Center => (&mut world.center, world.ground.center()),
        Server::Vrs => (&mut world.vrs, world.ground.serving_vrs()),
    };
    *program = None;
    let folder = world.ground.path("run");
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary)?;
    let mut shell = with_core_files(&command);
    shell.current_dir(&folder).env("TMPDIR", &temporary);
    let (started, mut ready) = Program::serve(server.name(), shell)?;
    *program = Some(started);
    let admin = match server {
        Server::Center => &mut world.addresses.admin,
        Server::Vrs => &mut world.addresses.vrs_admin,
    };
    *admin = ready.remove("admin").unwrap_or_default();
    Ok(())
}

/// What was found in files, in so many, and how many more could not be read.
#[derive(Default)]
struct Files {
    found: Found,
    searched: usize,
    unread: usize,
}

/// What files of the world hold, or are called: everything but the cards, whose content is the holder's. And what the programs said, on
/// either output, and as figures.
fn in_files(world: &World, search: &Search) -> io::Result<Files> {
    let mut files = Files::default();
    let mut folders = vec![world.ground.path(""), PathBuf::from("/dev/shm")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
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
                    // Removed meanwhile: it holds nothing.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => files.unread += 1,
                }
            }
        }
    }
    for server in Server::BOTH {
        let Ok(program) = server.program(world) else {
            continue;
        };
        let admin = match server {
            Server::Center => &world.addresses.admin,
            Server::Vrs => &world.addresses.vrs_admin,
        };
        let metrics = world.metrics(admin)?;
        let lines = program.log.all().into_iter().chain(program.output.all());
        for line in lines.chain([metrics]) {
            search.count(line.as_bytes(), &mut files.found);
        }
    }
    Ok(files)
}

fn is_of_cards(folder: &Path) -> bool {
    folder.ends_with("cards") || folder.ends_with("owners")
}

fn sum(found: &Found) -> usize {
    found.values().sum()
}

/// What the kernel says of the programs themselves, and that they have no way in of their own.
fn shipped(report: &mut Report) -> io::Result<()> {
    let world = World::start(&Options::default())?;
    for server in Server::BOTH {
        let name = server.name();
        let process = server.program(&world)?.id();
        confined(name, process, report)?;
        let writable = written_to(process)?;
        let expected = match server {
            Server::Center => "",
            Server::Vrs => "vrs/data",
        };
        let outside = writable
            .iter()
            .filter(|file| expected.is_empty() || !file.starts_with(world.ground.path(expected)));
        report.figure(
            format!("{name}: files open for writing elsewhere"),
            outside.count(),
            0,
        );
        let told = |word: &str| {
            let lines = server
                .program(&world)
                .map(|it| it.log.all())
                .unwrap_or_default();
            lines
                .iter()
                .any(|line| line.contains("\"confined\"") && line.contains(word))
        };
        report.figure(
            format!("{name}: Landlock"),
            if told("\"landlock\":\"whole\"") {
                "whole"
            } else {
                "in part"
            },
            "whole",
        );
        report.figure(
            format!("{name}: keys read once that could be read again"),
            usize::from(!told("\"keys_within_reach\":0")),
            0,
        );
        report.told(
            format!("{name}: memory"),
            if told("\"memory\":\"locked\"") {
                "locked"
            } else {
                "not locked: RLIMIT_MEMLOCK"
            },
        );
    }
    kiosk::shipped(&world, report)?;
    let own = |name: &str| -> io::Result<(bool, bool)> {
        let mut command = Command::new(program(name));
        match name {
            "issuance-center" => command.arg("serve"),
            "vrs" => command.args(["--config=/nowhere", "serve"]),
            _ => command.arg("--config=/nowhere"),
        };
        let said = command.arg("--free").output()?.stderr;
        let refused = String::from_utf8_lossy(&said).contains("unexpected argument '--free'");
        let text = fs::read(program(name))?;
        let named = text.windows(13).any(|it| it == b"attempts.json");
        Ok((refused, named))
    };
    let switches = ["issuance-center", "vrs", "kiosk"].map(own);
    let mut having = 0;
    for switch in switches {
        let (refused, named) = switch?;
        having += usize::from(!refused || named);
    }
    report.figure("shipped programs with a switch for experiments", having, 0);
    let text = fs::read(program("control"))?;
    let named = text.windows(13).any(|it| it == b"attempts.json");
    report.finds("such a switch in the control", usize::from(named));
    Ok(())
}

/// What the kernel says of a process: its threads, and core files.
fn confined(name: &str, process: u32, report: &mut Report) -> io::Result<()> {
    let (mut threads, mut whole) = (0, 0);
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let status: BTreeMap<_, _> = status
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key, value.trim()))
            .collect();
        threads += 1;
        let confined =
            status.get("Seccomp") == Some(&"2") && status.get("NoNewPrivs") == Some(&"1");
        whole += usize::from(confined);
    }
    report.figure(
        format!("{name}: threads under seccomp and without new privileges"),
        whole,
        threads,
    );
    let limits = fs::read_to_string(format!("/proc/{process}/limits"))?;
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    // One byte, less than any has: that holds for cores that are piped to a program, too. Where they were off before, none.
    let none = cores.is_some_and(|line| {
        line.split_whitespace()
            .filter(|it| matches!(*it, "0" | "1"))
            .count()
            == 2
    });
    report.figure(format!("{name}: core files"), usize::from(!none), 0);
    Ok(())
}

/// Regular files that a process has open for writing.
fn written_to(process: u32) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for descriptor in fs::read_dir(format!("/proc/{process}/fd"))? {
        let descriptor = descriptor?;
        let Ok(target) = fs::read_link(descriptor.path()) else {
            continue;
        };
        let information = format!(
            "/proc/{process}/fdinfo/{}",
            descriptor.file_name().display()
        );
        // One may have been closed meanwhile.
        let Ok(information) = fs::read_to_string(information) else {
            continue;
        };
        let flags = information
            .lines()
            .find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|it| u32::from_str_radix(it.trim(), 8).ok());
        let is_writable = flags.is_none_or(|flags| flags & 3 != 0);
        if target.is_absolute() && target.is_file() && is_writable {
            files.push(target);
        }
    }
    Ok(files)
}
