//! A fixed number of inputs to every target: its seeds, then mutations of them, the same every time.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::panic::catch_unwind;

use fuzz_targets::{TARGETS, Target, find, mutate, mutate::Random};

/// At most so many changes to a seed.
const CHANGES: usize = 4;

fn run(name: &str) {
    let target = find(name).unwrap();
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty());
    for seed in &seeds {
        assert!(seed.len() <= target.longest, "{name}: a seed is too long");
        judge(target, seed);
    }
    let mut random = Random::new(1);
    for _ in 0..target.short_run {
        let mut input = random.choose(&seeds).unwrap().clone();
        for _ in 0..=random.below(CHANGES) {
            mutate(target.shape, &mut input, &mut random);
        }
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
targets!(apdu tlv files evidence verify emulator session x509 seal card mrz attestation request sealed qr csv page printer);
