//! The kiosk's side of it: its core, what runs beside it, `pcscd` and the browser, between two residents, by `tests/browser/forgetting.py`.
//!
//! That is a test of its own (`kiosk_page`), which a small experiment does not repeat.

use std::io;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::super::Report;
use crate::judges;
use crate::process::Program;
use crate::world::repository;

/// Those about memory: what a core that is killed leaves is G4's, and how much it holds no promise.
const PARTS: [&str; 6] = [
    "waited", "applied", "given_up", "abroad", "printed", "service",
];
/// Longer than they take on a busy machine.
const WITHIN: Duration = Duration::from_secs(1200);

/// Runs it, and tells its figures and controls.
///
/// # Errors
/// If it cannot be started, or does not end.
pub(super) fn searched(report: &mut Report) -> io::Result<()> {
    let home = TempDir::new()?;
    let mut python = Command::new(judges::python());
    python.arg(repository().join("tests/browser/kiosk.py"));
    python
        .arg(std::env::current_exe()?)
        .arg("forgetting")
        .args(PARTS);
    python.env("HOME", home.path());
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut residents = Program::start("kiosk.py", python)?;
    let status = residents.wait(WITHIN)?;
    let told = residents.output.all();
    let figures = told.iter().filter_map(|line| Counted::read(line));
    for Counted { kind, count, what } in figures {
        let what = format!("kiosk, {what}");
        match kind {
            Kind::Figure => report.figure(what, count, 0),
            Kind::Control => report.finds(what, count),
        }
    }
    let is_end = |part: &&&str| {
        let end = format!("{part}: ");
        told.iter().any(|line| line.starts_with(&end))
    };
    let ended = PARTS.iter().filter(is_end).count();
    report.figure("kiosk: parts that came to their end", ended, PARTS.len());
    report.figure("kiosk: ended as wanted", status.success(), true);
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
