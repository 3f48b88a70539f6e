//! What is seen at terminals, in their browsers: parts of `tests/browser`, whose figures and controls are the experiment's.
//!
//! The groups are tests of their own (`kiosk_page`, `app_page`), which a small experiment does not repeat.

use std::io;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::Report;
use crate::judges;
use crate::process::Program;
use crate::world::repository;

/// Longer than they take on a busy machine.
const WITHIN: Duration = Duration::from_secs(1200);

/// A terminal, and who is there.
pub(super) struct Terminal {
    pub(super) name: &'static str,
    /// Program of `tests/browser` and its group, if it has several.
    pub(super) script: &'static str,
    pub(super) group: Option<&'static str>,
    pub(super) parts: &'static [&'static str],
}

/// Runs it, and tells its figures and controls.
///
/// # Errors
/// If it cannot be started, or does not end.
pub(super) fn seen_at(terminal: &Terminal, report: &mut Report) -> io::Result<()> {
    let Terminal { name, parts, .. } = *terminal;
    let home = TempDir::new()?;
    let mut python = Command::new(judges::python());
    python.arg(repository().join("tests/browser").join(terminal.script));
    python.arg(std::env::current_exe()?);
    python.args(terminal.group).args(parts);
    python.env("HOME", home.path());
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut residents = Program::start(terminal.script, python)?;
    let status = residents.wait(WITHIN)?;
    let told = residents.output.all();
    let mut searched = 0;
    for line in told.iter().filter_map(|line| Told::read(line)) {
        let place = |what: &str| format!("{name}, {what}");
        match line {
            Told::Figure(count, what) => {
                searched += 1;
                report.figure(place(what), count, 0);
            }
            Told::Control(count, what) => report.finds(place(what), count),
            Told::Untried(what) => report.untried(place(what)),
        }
    }
    report.finds(format!("{name}: places searched"), searched);
    let is_end = |part: &&&str| {
        let end = format!("{part}: ");
        told.iter().any(|line| line.starts_with(&end))
    };
    let ended = parts.iter().filter(is_end).count();
    report.figure(
        format!("{name}: parts that came to their end"),
        ended,
        parts.len(),
    );
    report.figure(format!("{name}: ended as wanted"), status.success(), true);
    if let (false, Some(why)) = (status.success(), residents.log.all().last()) {
        report.told("  what it said at last", why);
    }
    Ok(())
}

/// One line of `figures.py`.
#[derive(Debug, PartialEq, Eq)]
enum Told<'line> {
    Figure(usize, &'line str),
    Control(usize, &'line str),
    Untried(&'line str),
}

impl<'line> Told<'line> {
    fn read(line: &'line str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        let counted = || {
            let (count, what) = rest.split_once(' ')?;
            Some((count.parse().ok()?, what))
        };
        match kind {
            "figure" => counted().map(|(count, what)| Self::Figure(count, what)),
            "control" => counted().map(|(count, what)| Self::Control(count, what)),
            "untried" => Some(Self::Untried(rest)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_told_from_everything_else() {
        for (line, told) in [
            (
                "control 12 applied: core at the preview",
                Told::Control(12, "applied: core at the preview"),
            ),
            ("figure 0 applied: core", Told::Figure(0, "applied: core")),
            ("untried dumped: cores", Told::Untried("dumped: cores")),
        ] {
            assert_eq!(Told::read(line), Some(told));
        }
        for other in ["applied: 12.0 s", "figure some applied", "figure", "done"] {
            assert_eq!(Told::read(other), None, "{other}");
        }
    }
}
