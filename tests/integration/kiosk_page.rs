//! The kiosk's page in the kiosk's own browser, with everything real around it: one group of `tests/browser` a test.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use stage::judges;
use stage::process::{Program, program};
use tempfile::TempDir;

/// Longer than any group takes on a busy machine.
const WITHIN: Duration = Duration::from_secs(1200);

/// Runs the rest of its command line where the folder of `pcscd` is another one.
const OWN_PCSC: &str = "mount -t tmpfs tmpfs /run/pcscd && exec \"$@\"";

fn passes(group: &str) {
    drives("kiosk.py", &[group]);
}

/// Runs a program of `tests/browser` to its end.
pub(crate) fn drives(script: &str, arguments: &[&str]) {
    // Two browsers at once are more than two processors draw in the time that a screen has.
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = TempDir::new().unwrap();
    // With a PC/SC service of its own, so that it waits for no other test that needs one.
    let mut python = Command::new("unshare");
    python.args(["--mount", "--", "sh", "-c", OWN_PCSC, "sh"]);
    python.arg(judges::python());
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    python.arg(browser.join(script));
    python.arg(program("stage")).args(arguments);
    python.env("HOME", home.path());
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut residents = Program::start(script, python).unwrap();
    let status = residents.wait(WITHIN).unwrap();
    let (output, log) = (residents.output.all(), residents.log.all());
    assert!(
        status.success(),
        "{}\n{}",
        output.join("\n"),
        log.join("\n")
    );
    assert_eq!(output.last().map(String::as_str), Some("done"));
}

#[test]
fn a_page_of_another_s_choice_carries_nothing_from_this_machine() {
    drives("elsewhere.py", &[]);
}

#[test]
fn names_are_looked_up_by_who_can_do_nothing_else() {
    drives("names.py", &[]);
}

#[test]
fn everybody_can_use_the_page() {
    passes("access");
}

#[test]
fn the_page_speaks() {
    passes("sound");
}

#[test]
fn whoever_does_not_see_it_gets_a_certificate_by_ear_and_keyboard() {
    passes("ear");
}

#[test]
fn every_persona_gets_its_certificate_and_each_language_leads_to_one_every_way() {
    passes("applications");
}

#[test]
fn whoever_is_refused_is_told_why_and_where_to_go() {
    passes("refusals");
}

#[test]
fn whatever_comes_between_is_told_and_leaves_the_kiosk_ready() {
    passes("interruptions");
}

#[test]
fn what_is_paid_for_comes_out_or_is_paid_back() {
    passes("payments");
}

#[test]
fn nothing_is_left_of_the_resident_before() {
    passes("forgetting");
}

#[test]
fn the_browser_keeps_the_page_to_itself() {
    passes("guard");
}
