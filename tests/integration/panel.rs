//! The panel of `hw-sim` in a real browser, with a real `pcscd` behind it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hw_sim::personalize::personalize;
use stage::judges::opensc;
use stage::pcscd::Pcscd;
use stage::process::{Program, poll, program};
use stage::reader::name;
use stage::world::repository;
use tempfile::TempDir;

use crate::support::alone_with_pcsc;

const WITHIN: Duration = Duration::from_secs(60);
const SELECT: &str = "00A4040C0AD3921000310001010408";

#[test]
fn the_panel_is_handled_by_mouse_and_by_keyboard() {
    let _alone = alone_with_pcsc();
    let service = Pcscd::start().unwrap();
    let out = TempDir::new().unwrap();
    let personas = repository().join("hw-sim/personas");
    personalize(&personas, out.path(), false).unwrap();
    let mut panel = std::process::Command::new(program("hw-sim"));
    panel
        .arg("panel")
        .arg("--cards")
        .arg(out.path().join("cards"));
    panel.args(["--reader-port", &service.port().to_string(), "--control"]);
    panel.arg(out.path().join("hw-sim.sock"));
    let (_panel, ready) = Program::serve("hw-sim panel", panel).unwrap();

    // Beside the build's folders, where `./shomei` puts the judges; the pictures are for people.
    let judges = program("").join("../judges");
    let mut browser = std::process::Command::new(judges.join("bin/python"));
    browser.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("judges/panel.py"));
    browser.arg(&ready["panel"]).arg(judges.join("screenshots"));
    browser.env("HOME", out.path()).stdin(Stdio::piped());
    let mut browser = Program::start("panel.py", browser).unwrap();
    let mut answers = browser.input().unwrap();
    for expected in ["inserted 0", "faulty 0", "inserted 1", "removed 0", "done"] {
        let line = browser.output.wait_for(expected, WITHIN);
        assert!(
            line.is_some(),
            "{expected}: {}",
            browser.log.all().join("\n")
        );
        let agrees = match expected {
            "inserted 0" => answered(0, &[SELECT, "00200091"], &[0x9000, 0x63C3]),
            "faulty 0" => answered(0, &[SELECT, "00B0850001"], &[0x9000, 0x6F00]),
            "inserted 1" => answered(1, &[SELECT, "002000910430303030"], &[0x9000, 0x63C2]),
            "removed 0" => poll(WITHIN, || opensc::send(&name(0), &[SELECT]).err()).is_some(),
            _ => break,
        };
        let answer = if agrees {
            "ok"
        } else {
            "pcscd sees something else"
        };
        writeln!(answers, "{answer}").unwrap();
    }
    let status = browser.wait(WITHIN).unwrap();
    assert!(status.success(), "{}", browser.log.all().join("\n"));
    assert!(
        fs::metadata(judges.join("screenshots/narrow.png"))
            .unwrap()
            .len()
            > 10_000
    );
}

/// Whether the card on a slot answers so. `pcscd` notices it within half a second, and a fault strikes once: so only what fails
/// before the first command is tried again.
fn answered(slot: usize, commands: &[&str], statuses: &[u16]) -> bool {
    let answers = poll(WITHIN, || opensc::send(&name(slot), commands).ok()).unwrap_or_default();
    answers
        .iter()
        .map(|(_, status)| *status)
        .eq(statuses.iter().copied())
}
