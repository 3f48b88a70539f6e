//! The kiosk program, with somebody beside it who types the PIN and takes the card back when told.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use issuance_api::passport::PassportMrz;
use rustix::io::{FdFlags, fcntl_setfd};
use tempfile::TempDir;

use crate::process::{Program, poll, program};
use crate::reader::Reader;

/// Longer than any application on a busy machine.
const WITHIN: Duration = Duration::from_secs(90);

/// One application at a kiosk.
pub struct Application<'a> {
    /// `kiosk.toml`.
    pub config: &'a Path,
    /// Where the paper goes: `--out DIR` or `--print URI`.
    pub place: [&'a OsStr; 2],
    /// Municipality applied to.
    pub municipality: &'a str,
    /// PIN typed.
    pub pin: &'a str,
    /// `ja` or `en`.
    pub language: &'a str,
    /// The one reader whose name contains this; all where it is `None`.
    pub reader: Option<&'a str>,
    /// What it is for.
    pub purpose: Purpose<'a>,
}

/// What a certificate is for.
#[derive(Clone, Copy)]
pub enum Purpose<'a> {
    /// Use in Japan.
    Domestic,
    /// Use abroad: with this passport, read where the terminal reads passports, or on an earlier certificate alone.
    Abroad(Option<&'a PassportMrz>),
}

/// How it ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit status.
    pub status: ExitStatus,
    /// Lines `step …`.
    pub steps: Vec<String>,
    /// What was said on standard error.
    pub said: Vec<String>,
    /// How many files it left where temporary files go.
    pub litter: usize,
    /// The most memory it had at its last steps, in bytes.
    pub peak: u64,
}

impl Outcome {
    /// The problem code, where one was reported: `CODE: message`.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        let (code, _) = self.said.last()?.split_once(": ")?;
        Some(code)
    }
}

/// Leads one application to its end. The card on the reader is taken away when the kiosk asks for that.
///
/// # Errors
/// If the kiosk cannot be started or does not end.
pub fn apply(application: &Application<'_>, reader: &Reader) -> io::Result<Outcome> {
    apply_with(application, |step| match step {
        "take-card" => reader.remove(),
        _ => Ok(()),
    })
}

/// As [`apply`], with the caller's own hands at each step.
///
/// # Errors
/// As [`apply`], and what `at_step` says.
pub fn apply_with(
    application: &Application<'_>,
    mut at_step: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<Outcome> {
    let temporary = TempDir::new()?;
    let mut kiosk = start(application, temporary.path())?;
    let mut peak = 0;
    let mut seen = 0;
    loop {
        let lines = poll(WITHIN, || {
            let lines = kiosk.output.all();
            (lines.len() > seen || !kiosk.is_running()).then_some(lines)
        })
        .ok_or_else(|| io::Error::other("the kiosk goes neither on nor off"))?;
        if lines.len() == seen {
            break;
        }
        for line in &lines[seen..] {
            at_step(line.trim_start_matches("step "))?;
        }
        seen = lines.len();
        peak = peak.max(peak_memory(kiosk.id()).unwrap_or(0));
    }
    let status = kiosk.wait(WITHIN)?;
    Ok(Outcome {
        status,
        steps: kiosk.output.all(),
        said: kiosk.log.all(),
        litter: temporary.path().read_dir()?.count(),
        peak,
    })
}

/// Starts the kiosk for an application, the PIN typed. Where temporary files go is the caller's.
///
/// # Errors
/// If it cannot be started.
pub fn start(application: &Application<'_>, temporary: &Path) -> io::Result<Program> {
    let mut command = Command::new(program("kiosk"));
    command
        .arg("--config")
        .arg(application.config)
        .args(application.place);
    command.args(["--language", application.language, "--once"]);
    command.args(["--municipality", application.municipality, "--pin-fd", "0"]);
    // Open until the program has inherited it.
    let mut lines = None;
    if let Purpose::Abroad(passport) = application.purpose {
        command.args(["--kind", "abroad"]);
        if let Some(passport) = passport {
            let passport = inherited(passport)?;
            let descriptor = passport.as_raw_fd().to_string();
            command.args(["--passport-mrz-fd", &descriptor]);
            lines = Some(passport);
        }
    }
    command.args(
        application
            .reader
            .iter()
            .flat_map(|name| ["--reader", name]),
    );
    command.env("TMPDIR", temporary);
    command.stdin(Stdio::piped());
    let mut kiosk = Program::start("kiosk", command)?;
    drop(lines);
    if let Some(mut input) = kiosk.input() {
        writeln!(input, "{}", application.pin)?;
    }
    Ok(kiosk)
}

/// A passport's lines in a pipe that programs inherit: they never lie in a file.
fn inherited(passport: &PassportMrz) -> io::Result<PipeReader> {
    let (lines, mut input) = io::pipe()?;
    fcntl_setfd(&lines, FdFlags::empty())?;
    // So little fits into a pipe that nobody reads yet.
    for line in [&passport.line1, &passport.line2] {
        input.write_all(line.expose().as_bytes())?;
        input.write_all(b"\n")?;
    }
    Ok(lines)
}

/// The most memory a process has had, in bytes, while it lasts.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
