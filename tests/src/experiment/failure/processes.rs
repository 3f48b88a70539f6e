//! The real programs, and a record system that is gone, stands still, or answers rubbish.

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{ATTEMPTS, Moment, Outcome, SLOW, STUCK, Tally, apply};
use crate::applicant::Applicant;
use crate::experiment::Size;
use crate::experiment::isolation::register::rows;
use crate::simulator::{People, Resident};
use crate::world::{Options, World, limit};

/// An application of which every attempt at one step meets the center's deadline of ten seconds; and a machine that is busy.
const AT_MOST: Duration = Duration::from_secs(12 * ATTEMPTS as u64 + 10);

/// Each of the three, at each step.
pub(super) fn run(size: Size) -> io::Result<Tally> {
    let mut world = World::start(&Options {
        center: match size {
            // Most of the time is waiting for it.
            Size::Small => |config| limit(config, "handler_ms", 4_000),
            Size::Full => |_| (),
        },
        ..Options::default()
    })?;
    let people = People::imported(&world.ground, 1)?;
    let resident = &people.residents[0];
    let mut tally = Tally::at(&world.ground)?;
    let mut judge = |world: &World, outcome: &Outcome, before: usize, began: Instant| {
        let registered = rows(&database(world, resident))?;
        tally.judge(outcome, resident, &registered, before);
        tally.note(SLOW, began.elapsed() > AT_MOST);
        Ok::<_, io::Error>(())
    };
    let mut delivered = Vec::new();
    let moments = match size {
        Size::Small => &Moment::ALL[3..4],
        Size::Full => &Moment::ALL[..],
    };
    for moment in moments.iter().copied() {
        // Stands still: connections stay open, and nothing comes.
        let before = rows(&database(&world, resident))?.len();
        let began = Instant::now();
        let vrs = world.vrs.as_ref().ok_or(io::ErrorKind::NotFound)?.id();
        let outcome = application(&world, resident, async |at| {
            if at == moment {
                crate::process::signal(vrs, Signal::STOP)?;
            }
            Ok(true)
        })?;
        crate::process::signal(vrs, Signal::CONT)?;
        judge(&world, &outcome, before, began)?;

        // Gone, and rubbish in its place; then there again.
        let before = rows(&database(&world, resident))?.len();
        let began = Instant::now();
        let address = world.addresses.vrs.clone();
        let mut rubbish = None;
        let outcome = application(&world, resident, async |at| {
            if at == moment {
                crate::process::signal(vrs, Signal::KILL)?;
                rubbish = Some(Rubbish::at(&address)?);
            }
            Ok(true)
        })?;
        drop(rubbish);
        judge(&world, &outcome, before, began)?;
        world.vrs = None;
        world.start_vrs()?;
        let began = Instant::now();
        let healed = application(&world, resident, async |_| Ok(true))?;
        judge(&world, &healed, before + 1, began)?;
        delivered.push(healed.delivered);
    }
    for delivered in delivered {
        tally.note(STUCK, !delivered);
    }
    Ok(tally)
}

fn database(world: &World, resident: &Resident) -> std::path::PathBuf {
    let folder = world.ground.path("vrs/data");
    folder
        .join(resident.municipality.as_str())
        .with_extension("sqlite")
}

fn application(
    world: &World,
    resident: &Resident,
    goes_on: impl AsyncFnMut(Moment) -> io::Result<bool>,
) -> io::Result<Outcome> {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(apply(&applicant, resident, goes_on))
}

/// Somebody at the record system's address who is not the record system.
struct Rubbish {
    over: Arc<AtomicBool>,
    answering: Option<std::thread::JoinHandle<()>>,
}

impl Rubbish {
    fn at(address: &str) -> io::Result<Self> {
        let listener =
            crate::process::poll(Duration::from_secs(5), || TcpListener::bind(address).ok());
        let listener = listener.ok_or(io::ErrorKind::AddrInUse)?;
        listener.set_nonblocking(true)?;
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let answering = std::thread::spawn(move || {
            while !told.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((mut connection, _)) => drop(connection.write_all(&[0xA5; 300])),
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        Ok(Self {
            over,
            answering: Some(answering),
        })
    }
}

impl Drop for Rubbish {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(answering) = self.answering.take() {
            drop(answering.join());
        }
    }
}
