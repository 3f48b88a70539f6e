//! G9, no input breaks a parser.
//!
//! The fuzz targets (`tests/fuzz`), each with its seeds and changes to them along their shape, the same every time: none may panic, and none may take
//! longer than a tenth of a second. Where what is taken has a greatest length, some inputs are about as long. `./shomei fuzz` gives the same targets to
//! libFuzzer, for as long as one likes.
//!
//! Time is a clock's on the wall, and this may not be the only thing the machine does: an input that took too long is given once more, and the shorter
//! time counts. What an input itself costs it costs both times.
//!
//! Control: targets of which one panics on inputs that changes lead to, one takes its time with them, and one with long ones alone; and targets as they
//! are, of parsers in which something is wrong: a reader of pages that does not compare, a printer's answers as the crate `ipp` reads them by itself, and
//! a reader of pictures that takes any number of dots.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fuzz_targets::{Inputs, PLANTED, Shape, TARGETS, Target};

use super::{Report, Size};

/// No input may take longer.
const AT_MOST: Duration = Duration::from_millis(100);
/// Of a build without optimisation, beside other tests: what goes on for ever is noticed still.
const AT_MOST_UNOPTIMISED: Duration = Duration::from_secs(3);
/// What a planted loop takes.
const TOO_LONG: Duration = Duration::from_millis(120);

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
            format!("{}: inputs, the longest, the slowest", target.name),
            format!("{inputs}, {} bytes, {slowest:.2} ms", trial.longest),
        );
    }
    let planted = |inputs, body: fn(&[u8])| {
        let target = Target {
            name: "planted",
            body,
            shape: Shape::Bytes,
            longest: 64 * 1024,
            short_run: 0,
            seeds: || vec![vec![0; 16]],
            long: || vec![vec![0; 60 * 1024]],
        };
        trial(&target, inputs, AT_MOST)
    };
    let crash = planted(2_000, |input| assert!(!input.contains(&0x7F)));
    let idle = planted(1_000, |input| {
        if input.starts_with(&[0x01]) {
            std::thread::sleep(TOO_LONG);
        }
    });
    let idle_if_long = planted(100, |input| {
        if input.len() > 32 * 1024 {
            std::thread::sleep(TOO_LONG);
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
    report.finds(
        "inputs over 100 ms of one that takes its time with long ones alone",
        idle_if_long.slow,
    );
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
    /// Bytes of the longest input.
    longest: usize,
}

/// Gives a target its seeds, and so many changes to them.
fn trial(target: &Target, inputs: u32, at_most: Duration) -> Trial {
    let mut trial = Trial::default();
    let mut all = Inputs::of(target, 9);
    // What the first ones make for all others, keys among it, is no input's time.
    for seed in all.seeds() {
        let _ = timed(target, seed);
    }
    let seeds: Vec<Vec<u8>> = all.seeds().map(<[u8]>::to_vec).collect();
    let changed = all.by_ref().take(inputs as usize);
    for input in seeds.into_iter().chain(changed) {
        let (crashed, mut took) = timed(target, &input);
        if took > at_most {
            took = took.min(timed(target, &input).1);
        }
        trial.crashes += usize::from(crashed);
        trial.slow += usize::from(took > at_most);
        trial.slowest = trial.slowest.max(took);
        trial.longest = trial.longest.max(input.len());
    }
    trial
}

/// Whether it crashed, and how long it took.
fn timed(target: &Target, input: &[u8]) -> (bool, Duration) {
    let began = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| (target.body)(input)));
    (ended.is_err(), began.elapsed())
}
