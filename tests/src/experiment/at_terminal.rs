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
    let figures = told.iter().filter_map(|line| Counted::read(line));
    for Counted { kind, count, what } in figures {
        let what = format!("{name}, {what}");
        match kind {
            Kind::Figure => report.figure(what, count, 0),
            Kind::Control => report.finds(what, count),
        }
    }
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

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Figure,
    Control,
}

/// One line of `figures.py`.
#[derive(Debug, PartialEq, Eq)]
struct Counted<'line> {
    kind: Kind,
    count: usize,
    what: &'line str,
}

impl<'line> Counted<'line> {
    fn read(line: &'line str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        let kind = match kind {
            "figure" => Kind::Figure,
            "control" => Kind::Control,
            _ => return None,
        };
        let (count, what) = rest.split_once(' ')?;
        let count = count.parse().ok()?;
        Some(Self { kind, count, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_controls_are_told_from_everything_else() {
        let read = Counted::read("control 12 applied: core at the preview").unwrap();
        assert_eq!(read.kind, Kind::Control);
        assert_eq!(
            (read.count, read.what),
            (12, "applied: core at the preview")
        );
        let kind = Counted::read("figure 0 applied: core").map(|it| it.kind);
        assert_eq!(kind, Some(Kind::Figure));
        for other in ["applied: 12.0 s", "figure some applied", "figure", "done"] {
            assert_eq!(Counted::read(other), None, "{other}");
        }
    }
}
