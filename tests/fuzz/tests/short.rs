//! A fixed number of inputs to every target: its seeds, then mutations of them, the same every time.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::panic::catch_unwind;

use fuzz_targets::{Inputs, TARGETS, Target, find};

fn run(name: &str) {
    let target = find(name).unwrap();
    let mut inputs = Inputs::of(target, 1);
    assert!(inputs.seeds().next().is_some());
    for seed in inputs.seeds() {
        assert!(seed.len() <= target.longest, "{name}: a seed is too long");
        judge(target, seed);
    }
    for input in inputs.by_ref().take(target.short_run as usize) {
        judge(target, &input);
    }
}

/// Leaves the input behind if there is something wrong with it.
fn judge(target: &Target, input: &[u8]) {
    if catch_unwind(|| (target.body)(input)).is_err() {
        let path = format!("{}/{}.input", env!("CARGO_TARGET_TMPDIR"), target.name);
        std::fs::write(&path, input).unwrap();
        panic!(
            "{path}: replay it with `fuzz-targets replay {}`",
            target.name
        );
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        #[test]
        fn every_target_has_its_test() {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}
targets!(apdu tlv files evidence verify emulator session x509 seal card mrz attestation request sealed qr csv page printer picture);
