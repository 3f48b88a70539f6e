//! G4: disk keeps nothing. Whatever would carry something away is tried from inside center, VRS and a kiosk's core, and refused by the kernel; and
//! when center or VRS is ended by a signal in the middle of an application, or an import while it reads, or many apply at the same time, no file
//! holds anything of it.
//!
//! Controls: the same attempts in processes that take nothing from themselves all succeed, and each of those leaves its memory in a core file.

mod crashes;
mod import;
mod inside;
mod kiosk;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::mm::{MlockAllFlags, mlockall, munlockall};
use rustix::process::{Resource, getrlimit};

use super::at_terminal::{Terminal, seen_at};
use super::attempt::Attempt;
use super::steps::{block_on, issued};
use super::{Report, Size};
use crate::applicant::Applicant;
use crate::process::{Program, poll, program};
use crate::world::{Options, Programs, World};
use inside::Stage;

/// Longer than a program takes to say so on a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// What the kernel adds to the name of an open file that has none any more, or never had.
const DELETED: &[u8] = b" (deleted)";

/// Whose applications these are.
const PERSONA: &str = "ordinary";

/// A kiosk whose core is killed at each point by each signal, with a resident there.
const KILLED: Terminal = Terminal {
    name: "kiosk",
    script: "kiosk.py",
    group: Some("forgetting"),
    parts: &["killed_anywhere", "dumped"],
};

/// Runs it.
///
/// # Errors
/// If the programs cannot be run as wanted: nothing is shown then.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    from_inside(&mut report)?;
    crashes::all(size, &mut report)?;
    shipped(&mut report)?;
    if size == Size::Full {
        seen_at(&KILLED, &mut report)?;
    }
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

    const fn place(self, world: &mut World) -> &mut Option<Program> {
        match self {
            Self::Center => &mut world.center,
            Self::Vrs => &mut world.vrs,
        }
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
        Attempt::ModeOpened(listed.clone()),
        Attempt::OwnerOpened(listed.clone()),
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
                Attempt::OpenToOverwrite(own("keys/marks/132217.epoch")),
            ]);
            // What it may do to a database it must not do to a key, nor what it may do to a mark.
            stage.forbid([
                Attempt::Make(own("keys/made")),
                Attempt::OpenToOverwrite(own("keys/132217.key")),
                Attempt::ModeOpened(own("keys/132217.key")),
                Attempt::OwnerOpened(own("keys/132217.key")),
                Attempt::Remove(own("keys/marks/132217.epoch")),
                Attempt::MakeLink(own("data/link")),
                Attempt::Connect(address(&world.addresses.terminals)?),
            ]);
        }
    }
    stage.set(own("lists"))?;
    Ok(stage)
}

/// What the kernel says of the programs themselves, and that they have no way in of their own.
fn shipped(report: &mut Report) -> io::Result<()> {
    let world = World::start(&Options::default())?;
    let may_lock = may_lock_memory();
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
        told(name, server.program(&world)?, may_lock, report);
    }
    nameless(report)?;
    if !may_lock {
        report.untried("that memory is kept off the swap, for processes here may not lock theirs");
    }
    kiosk::shipped(&world, may_lock, report)?;
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

/// What a program says itself of how far it is confined.
fn told(name: &str, program: &Program, may_lock: bool, report: &mut Report) {
    let line = poll(TOLD_WITHIN, || {
        let mut lines = program.log.all().into_iter();
        lines.find(|line| line.contains("\"confined\""))
    });
    let told = |word: &str| line.as_ref().is_some_and(|line| line.contains(word));
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
    let memory = match told("\"memory\":\"locked\"") {
        true => "locked",
        false => "not locked",
    };
    match may_lock {
        true => report.figure(format!("{name}: memory"), memory, "locked"),
        false => report.told(format!("{name}: memory"), memory),
    }
}

/// Whether the kernel lets this process, and whatever it starts, lock all of its memory, without a limit to come to.
fn may_lock_memory() -> bool {
    let limit = getrlimit(Resource::Memlock).current;
    // Beneath what this process has mapped already, a limit that is kept to refuses.
    let is_no_limit = limit.is_none_or(|bytes| bytes <= 16 << 20);
    let locked = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::ONFAULT);
    let unlocked = munlockall();
    is_no_limit && locked.is_ok() && unlocked.is_ok()
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

/// Regular files that a process has open for writing, whether they have a name or not. Of those without one the folder is not told: they lie
/// in none any more.
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
        // One may have been closed meanwhile. It is the open file that is asked, not what has its name now.
        let Ok(information) = fs::read_to_string(information) else {
            continue;
        };
        let is_file = match fs::metadata(descriptor.path()) {
            Ok(file) => file.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let flags = information
            .lines()
            .find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|it| u32::from_str_radix(it.trim(), 8).ok());
        let is_writable = flags.is_none_or(|flags| flags & 3 != 0);
        if target.is_absolute() && is_file && is_writable {
            let is_nameless = target.as_os_str().as_encoded_bytes().ends_with(DELETED);
            let bare = target.file_name().filter(|_| is_nameless);
            let bare = bare.map(PathBuf::from);
            files.push(bare.unwrap_or(target));
        }
    }
    Ok(files)
}

/// The control: one that never had a name, as what a database puts aside, is counted.
fn nameless(report: &mut Report) -> io::Result<()> {
    let file = tempfile::tempfile()?;
    let own = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let files = written_to(std::process::id())?;
    let counted = files
        .iter()
        .any(|it| Some(it.as_os_str()) == own.file_name());
    report.control(
        "a file without a name that this process has open is counted",
        counted,
        true,
    );
    Ok(())
}
