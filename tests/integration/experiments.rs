//! The experiments with small numbers: the same code as `./shomei experiment`, on the programs of the tests.

use std::thread;

use stage::experiment::{ALL, Size, find};

/// As much as a program's main thread has: some experiments have center, VRS and kiosks in one, and unoptimised.
const STACK: usize = 8 << 20;

/// Runs one; what it measured is shown where it is not as promised.
fn holds(name: &str) {
    let experiment = find(name).unwrap();
    let running = thread::Builder::new().stack_size(STACK);
    let running = running.spawn(move || experiment.run(Size::Small)).unwrap();
    let report = running.join().unwrap().unwrap();
    assert!(report.holds(), "{name}\n{report}");
}

#[test]
fn g1_nobody_gets_anothers_certificate() {
    holds("G1");
}

#[test]
fn g2_the_kiosk_shows_and_prints_only_what_belongs() {
    holds("G2");
}

#[test]
fn g3_memory_keeps_nothing() {
    holds("G3");
}

#[test]
fn g4_disk_keeps_nothing() {
    holds("G4");
}

#[test]
fn g5_logs_have_a_closed_vocabulary() {
    holds("G5");
}

#[test]
fn g6_failure_is_never_an_answer() {
    holds("G6");
}

#[test]
fn g7_a_recording_of_a_card_is_worth_nothing() {
    holds("G7");
}

#[test]
fn g8_the_card_is_never_harmed() {
    holds("G8");
}

#[test]
fn g9_no_input_breaks_a_parser() {
    holds("G9");
}

#[test]
fn g10_overload_is_answered() {
    holds("G10");
}

#[test]
fn g11_slow_clients_do_not_starve_others() {
    holds("G11");
}

#[test]
fn g12_a_revoked_kiosk_is_out() {
    holds("G12");
}

#[test]
fn g13_a_municipality_sees_its_own() {
    holds("G13");
}

#[test]
fn g14_records_are_released_only_against_proof() {
    holds("G14");
}

#[test]
fn each_has_its_test_here() {
    let own = include_str!("experiments.rs");
    for experiment in &ALL {
        let test = format!("holds(\"{}\");", experiment.name);
        assert!(own.contains(&test), "{}", experiment.name);
    }
}
