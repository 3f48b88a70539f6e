//! What protection costs: certificates a second with all of it, and with one thing at a time taken out, side by side in one run.
//!
//! Each case is a world of its own. All are measured in turn, several times over, and of each the cheapest round counts: a busy machine makes a round dearer,
//! never cheaper. Figures are the CPU of center and VRS (`/proc/PID/stat`); the generator's is not counted.
//!
//! Nothing shipped can be switched off. Without the wiping allocator it is the program `control` that serves; unconfined, or with its stacks as they
//! were left, it is `wiping`. What sealing costs is measured by itself, since neither end has a way to go without.

use std::fmt;
use std::fs;
use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use issuance_api::Array;
use issuance_channel::sealing::{Binding, RecipientKeys, SealError, seal_request};

use crate::load::{self, Run};
use crate::world::{Options, Programs, World, set};

/// Of one case: what is different, and what it was.
#[derive(Clone, Copy)]
struct Case {
    what: &'static str,
    programs: Programs,
    bound: bool,
}

/// The first is as shipped, the second without whatever can be gone without; then each protection is taken out alone.
const CASES: [Case; 6] = [
    case("everything, as shipped", Programs::Own),
    case(
        "none of the next three",
        Programs::Control(&["--stacks", "--free"]),
    ),
    case("freed memory not wiped", Programs::Control(&[])),
    case("stacks not overwritten", Programs::Wiping(&["--stacks"])),
    case(
        "not confined, memory not locked",
        Programs::Wiping(&["--free"]),
    ),
    Case {
        what: "cards not bound (no surface AP)",
        programs: Programs::Own,
        bound: false,
    },
];

const fn case(what: &'static str, programs: Programs) -> Case {
    Case {
        what,
        programs,
        bound: true,
    }
}

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Applications of each case in each round.
    pub applications: usize,
    /// Rounds.
    pub rounds: usize,
}

/// What was measured.
pub struct Report {
    cases: Vec<(&'static str, Run)>,
    sealing: [Duration; 2],
}

/// Measures.
///
/// # Errors
/// If a world does not start, or a certificate is not right.
pub fn run(plan: &Plan) -> io::Result<Report> {
    let mut cases: Vec<(&'static str, Option<Run>)> =
        CASES.iter().map(|case| (case.what, None)).collect();
    for _ in 0..plan.rounds {
        for (case, (_, best)) in CASES.iter().zip(&mut cases) {
            let run = load::rate(world(*case)?, plan.applications)?;
            if best.as_ref().is_none_or(|best| cpu(&run) < cpu(best)) {
                *best = Some(run);
            }
        }
    }
    let cases = cases
        .into_iter()
        .map(|(what, best)| best.map(|best| (what, best)));
    Ok(Report {
        cases: cases
            .collect::<Option<_>>()
            .ok_or(io::ErrorKind::InvalidInput)?,
        sealing: sealing().map_err(io::Error::other)?,
    })
}

fn cpu(run: &Run) -> f64 {
    run.center_cpu_us + run.vrs_cpu_us
}

fn world(case: Case) -> io::Result<World> {
    let mut options = Options {
        programs: case.programs,
        ..Options::default()
    };
    if !case.bound {
        options.center = |config| set(config, "trust.accept_unbound_cards", true);
        options.vrs = |config| set(config, "trust.accept_unbound_cards", true);
    }
    let world = World::start(&options)?;
    if !case.bound {
        for persona in load::PERSONAS {
            fs::remove_dir_all(world.ground.path(&format!("cards/cards/{persona}/surface")))?;
        }
    }
    Ok(world)
}

/// Bytes of the bodies of one application between terminal and center, there and back: evidence, inquiry, issue (with the page), delivered.
const OF_TERMINALS: [(usize, usize); 4] = [(6000, 500), (1500, 1500), (1500, 40_000), (1500, 100)];
/// The same between center and VRS, where no page travels.
const OF_RECORDS: [(usize, usize); 4] = [(6000, 500), (1500, 1500), (1500, 500), (1500, 100)];

/// What sealing takes of the center's CPU for one certificate, and of VRS's: who answers opens and seals, who asks seals and opens.
fn sealing() -> Result<[Duration; 2], SealError> {
    let [_, center_answers] = sealed(&OF_TERMINALS)?;
    let [center_asks, vrs_answers] = sealed(&OF_RECORDS)?;
    Ok([center_answers + center_asks, vrs_answers])
}

/// Of one application's bodies, what sealing and opening takes of who asks and of who answers.
fn sealed(bodies: &[(usize, usize)]) -> Result<[Duration; 2], SealError> {
    const TIMES: u32 = 200;
    let now = Instant::now();
    let mut keys = RecipientKeys::new(now);
    let recipient = keys.recipient(now);
    let exporter = Array::new([7; 32]);
    let binding = Binding {
        method: "POST",
        path: "/v1/evidence",
        client: "urn:shomei:terminal:kiosk:dev:0001",
        exporter: &exporter,
    };
    let (mut asking, mut answering) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..TIMES {
        for &(there, back) in bodies {
            let begun = Instant::now();
            let (request, opener) = seal_request(&recipient, &binding, &vec![1; there])?;
            asking += begun.elapsed();
            let begun = Instant::now();
            let (plain, sealer) = keys.find(&request, now)?.open(&binding)?;
            let answer = sealer.seal(200, &vec![plain[0]; back]);
            answering += begun.elapsed();
            let begun = Instant::now();
            black_box(opener.open(&answer)?);
            asking += begun.elapsed();
        }
    }
    Ok([asking / TIMES, answering / TIMES])
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<44} {:>12} {:>12} {:>12}",
            "", "center, µs", "VRS, µs", "a second"
        )?;
        for (what, run) in &self.cases {
            writeln!(
                f,
                "{what:<44} {:>12.0} {:>12.0} {:>12.0}",
                run.center_cpu_us, run.vrs_cpu_us, run.per_second
            )?;
        }
        let [center, vrs] = self.sealing.map(|it| it.as_secs_f64() * 1e6);
        writeln!(
            f,
            "{:<44} {center:>12.0} {vrs:>12.0}",
            "of which sealing of bodies"
        )
    }
}
