//! A kiosk with its page and its browser: the core tries, and a browser that is killed is replaced all the same.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::super::Report;
use super::super::attempt::Attempt;
use super::inside::Stage;
use super::{confined, told, written_to};
use crate::browser::{HEADLESS, beside, first_process, launcher};
use crate::process::{Program, poll, program, signal};
use crate::world::{World, set};

/// Longer than a browser takes to be started on a busy machine.
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// A kiosk, and where its printer would be.
struct Kiosk {
    // Dropped in this order: it has something to say to its printer.
    program: Program,
    printer: TcpListener,
    memory: TempDir,
}

impl Kiosk {
    fn start(world: &World, mut command: Command) -> io::Result<Self> {
        let memory = TempDir::new_in("/dev/shm")?;
        let arguments: Vec<_> = HEADLESS.map(toml::Value::from).into();
        world.ground.edit("kiosk/page.toml", |config| {
            set(config, "browser.arguments", arguments);
            let folder = memory.path().display().to_string();
            set(config, "browser.memory", folder);
        })?;
        let printer = TcpListener::bind("127.0.0.1:0")?;
        let address = printer.local_addr()?;
        command
            .arg("--config")
            .arg(world.ground.path("kiosk/page.toml"));
        command.args(["--print", &format!("ipp://{address}/ipp/print")]);
        Ok(Self {
            program: Program::start("kiosk", command)?.saying_events(),
            printer,
            memory,
        })
    }

    /// Its browser, once there is another than this one.
    fn browser(&self, before: Option<u32>) -> io::Result<u32> {
        let found = poll(STARTED_WITHIN, || {
            first_process(self.program.id()).filter(|browser| Some(*browser) != before)
        });
        found.ok_or_else(|| {
            let said = self.program.log.all().join(" / ");
            io::Error::other(format!("the kiosk has no browser: {said}"))
        })
    }

    /// What its core is to try.
    fn stage(&self, world: &World, name: &str) -> io::Result<Stage> {
        let ground = |path: &str| world.ground.path(path);
        let address = |text: &str| text.parse().map_err(io::Error::other);
        let center = world.center.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let admin = address(&world.addresses.admin)?;
        let mut stage = Stage::outside(&ground(&format!("outside-{name}")), center, admin)?;
        let roots = ground("pki/services");
        let launcher = launcher(self.program.id()).ok_or(io::ErrorKind::NotFound)?;
        let launcher = i32::try_from(launcher).map_err(io::Error::other)?;
        stage.forbid([
            // Not even where its browser's profiles lie.
            Attempt::Make(self.memory.path().join("made")),
            Attempt::List(self.memory.path().to_owned()),
            Attempt::Make(ground("kiosk/made")),
            Attempt::Make(ground("kiosk/state/made")),
            Attempt::Make(roots.join("made")),
            Attempt::Append(roots.join("ca.pem")),
            Attempt::ModeOpened(roots.join("ca.pem")),
            Attempt::OwnerOpened(roots.join("ca.pem")),
            Attempt::Read(ground("kiosk/attendant.key")),
            Attempt::Read(ground("kiosk/page.toml")),
            Attempt::Read(format!("/proc/{launcher}/maps").into()),
            Attempt::Signal(launcher),
            Attempt::Connect(address(&world.addresses.vrs)?),
        ]);
        stage.allow([
            Attempt::Read(roots.join("revocations.pem")),
            Attempt::Connect(address(&world.addresses.terminals)?),
            Attempt::Connect(self.printer.local_addr()?),
            // As the reader's service is reached, and a cabinet's driver.
            Attempt::ConnectHere(stage.socket()),
        ]);
        stage.set(roots)?;
        Ok(stage)
    }
}

fn tried(switches: &[&str]) -> Command {
    let mut command = Command::new(program("control"));
    command.arg("kiosk").args(switches);
    command
}

/// Everything forbidden, from inside a core that is confined, and from inside one that is not.
pub(super) fn from_inside(world: &World, report: &mut Report) -> io::Result<()> {
    let kiosk = Kiosk::start(world, tried(&["--attempts"]))?;
    let browser = kiosk.browser(None)?;
    let stage = kiosk.stage(world, "kiosk")?;
    stage.refuses(&kiosk.program, "kiosk", report)?;
    // Still at work: what it can start no more is started all the same.
    signal(browser, Signal::KILL)?;
    let other = kiosk.browser(Some(browser));
    let is_replaced = !is_alive(browser) && other.is_ok_and(is_alive);
    report.figure(
        "kiosk: browsers in place of one that was killed",
        usize::from(is_replaced),
        1,
    );
    drop(kiosk);
    let kiosk = Kiosk::start(world, tried(&["--attempts", "--free"]))?;
    kiosk.browser(None)?;
    let stage = kiosk.stage(world, "free-kiosk")?;
    stage.lets(&kiosk.program, "kiosk", report)
}

/// What the kernel says of the program itself, and what is left of a kiosk that was killed, or lost what is beside its core.
pub(super) fn shipped(world: &World, may_lock: bool, report: &mut Report) -> io::Result<()> {
    for lost in ["core", "launcher"] {
        let mut kiosk = Kiosk::start(world, Command::new(program("kiosk")))?;
        let browser = kiosk.browser(None)?;
        let core = kiosk.program.id();
        let launcher = launcher(core).ok_or(io::ErrorKind::NotFound)?;
        match lost {
            "core" => {
                confined("kiosk", core, report)?;
                let marker = beside(core, "kiosk-marker").ok_or(io::ErrorKind::NotFound)?;
                confined("kiosk-marker", marker, report)?;
                told("kiosk", &kiosk.program, may_lock, report);
                let files = written_to(core)?;
                report.figure("kiosk: files open for writing", files.len(), 0);
                signal(core, Signal::KILL)?;
            }
            _ => signal(launcher, Signal::KILL)?,
        }
        kiosk.program.wait(STARTED_WITHIN)?;
        let gone = || [browser, launcher].iter().all(|it| !is_alive(*it));
        let gone = poll(STARTED_WITHIN, || gone().then_some(())).is_some();
        report.figure(
            format!("kiosk without its {lost}: ends with launcher and browser"),
            usize::from(gone),
            1,
        );
        if lost == "core" {
            let left = poll(STARTED_WITHIN, || {
                is_empty(kiosk.memory.path()).then_some(())
            });
            report.figure(
                "kiosk without its core: profiles left in memory",
                usize::from(left.is_none()),
                0,
            );
        }
    }
    Ok(())
}

/// Whether a process runs. One that nobody has waited for yet does not.
fn is_alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
    !behind.is_empty() && !behind.starts_with(['Z', 'X'])
}

fn is_empty(folder: &Path) -> bool {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let left: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    left.is_empty()
}
