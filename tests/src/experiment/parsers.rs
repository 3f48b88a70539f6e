//! G9, no input breaks a parser.
//!
//! The fuzz targets (`tests/fuzz`), each with its seeds and changes to them along their shape, the same every time: none may panic, and none may take
//! longer than a tenth of a second. `./shomei fuzz` gives the same targets to libFuzzer, for as long as one likes.
//!
//! Control: two targets of which one panics on inputs that changes lead to, and one takes its time with them; and targets as they are, of parsers in which
//! something is wrong: a reader of pages that does not compare, and a printer's answers as the crate `ipp` reads them by itself.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fuzz_targets::mutate::Random;
use fuzz_targets::{PLANTED, Shape, TARGETS, Target, mutate};

use super::{Report, Size};

/// No input may take longer.
const AT_MOST: Duration = Duration::from_millis(100);
/// Of a build without optimisation, beside other tests: what goes on for ever is noticed still.
const AT_MOST_UNOPTIMISED: Duration = Duration::from_secs(3);
/// Changes to a seed at most.
const CHANGES: usize = 4;

/// G9.
///
/// # Errors
/// None.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    // What becomes of an input is counted, not told.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let at_most = match size {
        Size::Small => AT_MOST_UNOPTIMISED,
        Size::Full => AT_MOST,
    };
    let (mut crashed, mut slow, mut all) = (Vec::new(), 0, 0);
    for target in TARGETS {
        let inputs = match size {
            // `cargo test -p fuzz-targets` has its own short run.
            Size::Small => (target.short_run / 50).clamp(5, 400),
            Size::Full => target.short_run.saturating_mul(10),
        };
        let trial = trial(target, inputs, at_most);
        if trial.crashes > 0 {
            crashed.push(format!("{} {}", target.name, trial.crashes));
        }
        slow += trial.slow;
        all += inputs;
        let slowest = trial.slowest.as_secs_f64() * 1e3;
        report.told(
            format!("{}: inputs, slowest", target.name),
            format!("{inputs}, {slowest:.2} ms"),
        );
    }
    let planted = |body: fn(&[u8])| {
        let target = Target {
            name: "planted",
            body,
            shape: Shape::Bytes,
            longest: 64,
            short_run: 0,
            seeds: || vec![vec![0; 16]],
        };
        trial(&target, 2_000, AT_MOST)
    };
    let crash = planted(|input| assert!(!input.contains(&0x7F)));
    let idle = planted(|input| {
        if input.starts_with(&[0x01]) {
            std::thread::sleep(AT_MOST + Duration::from_millis(20));
        }
    });
    let found = |target: &Target| {
        (
            target.name,
            trial(target, target.short_run, AT_MOST).crashes,
        )
    };
    let found: Vec<_> = PLANTED.iter().map(found).collect();
    std::panic::set_hook(hook);
    report.told("inputs in all", all);
    report.figure("crashes", crashed.join(", "), String::new());
    report.figure(format!("inputs over {at_most:?}"), slow, 0);
    report.finds("crashes of a parser with a planted one", crash.crashes);
    report.finds("inputs over 100 ms of one with a planted loop", idle.slow);
    for (name, crashes) in found {
        report.finds(format!("{name}: finds with a planted fault"), crashes);
    }
    Ok(report)
}

#[derive(Default)]
struct Trial {
    crashes: usize,
    slow: usize,
    slowest: Duration,
}

fn trial(target: &Target, inputs: u32, at_most: Duration) -> Trial {
    let mut trial = Trial::default();
    let seeds = (target.seeds)();
    // The first makes keys.
    for seed in &seeds {
        trial.crashes += usize::from(catch_unwind(|| (target.body)(seed)).is_err());
    }
    let mut random = Random::new(9);
    for _ in 0..inputs {
        let mut input = random.choose(&seeds).cloned().unwrap_or_default();
        for _ in 0..=random.below(CHANGES) {
            mutate(target.shape, &mut input, &mut random);
        }
        input.truncate(target.longest);
        let began = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| (target.body)(&input)));
        let took = began.elapsed();
        trial.crashes += usize::from(ended.is_err());
        trial.slow += usize::from(took > at_most);
        trial.slowest = trial.slowest.max(took);
    }
    trial
}
