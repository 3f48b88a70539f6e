//! The kiosk program, with somebody beside it who types the PIN and takes the card back when told.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

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
    /// Use abroad: with this file of a passport's lines, or on an earlier certificate.
    Abroad(Option<&'a Path>),
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
    if let Purpose::Abroad(passport) = application.purpose {
        command.args(["--kind", "abroad"]);
        if let Some(passport) = passport {
            // An inherited descriptor: `sh` opens it, and the program takes its place.
            let mut through = Command::new("sh");
            through
                .args(["-c", r#"exec 3<"$0" && exec "$@""#])
                .arg(passport);
            through.arg(command.get_program()).args(command.get_args());
            through.args(["--passport-mrz-fd", "3"]);
            command = through;
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
    if let Some(mut input) = kiosk.input() {
        writeln!(input, "{}", application.pin)?;
    }
    Ok(kiosk)
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
