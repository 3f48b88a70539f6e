//! The kiosk's recordings against its message catalogue, by the generator's own judge: decoded, measured, compared text by text.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Output};

use stage::judges;
use stage::process::program;

fn python(arguments: &[&str]) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kiosk-agent/voice");
    let mut python = Command::new(judges::python());
    python.current_dir(folder).args(arguments);
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr];
    parts.map(|part| String::from_utf8_lossy(part)).join("\n")
}

#[test]
fn every_prompt_is_recorded_as_the_catalogue_has_it() {
    let catalogue = Command::new(program("examples/catalogue"))
        .output()
        .unwrap();
    assert!(catalogue.status.success());
    let mut given = tempfile::tempfile().unwrap();
    given.write_all(&catalogue.stdout).unwrap();
    given.rewind().unwrap();
    let mut check = python(&["generate.py", "--check"]);
    let output = check.stdin(given).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("no faults"), "{}", said(&output));
}

#[test]
fn the_judge_of_recordings_would_notice() {
    let output = python(&["-m", "unittest"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
