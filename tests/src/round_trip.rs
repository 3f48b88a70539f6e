//! How long an APDU takes from a PC/SC program through `pcscd` and the virtual reader to the emulated card and back.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use card::pcsc::Pcsc;
use card::transport::{Transport, TransportError};
use hw_sim::chip::EmulatedCard;
use hw_sim::reader::{Slot, Stay};
use hw_sim::vpcd::Acknowledgements;

use crate::pcscd::Pcscd;
use crate::persona::personalized;
use crate::process::poll;

/// SELECT of the text AP.
const SELECT: [u8; 15] = [
    0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08,
];
/// Asks for the tries left: a command on which the card has nothing to do.
const TRIES: [u8; 4] = [0x00, 0x20, 0x00, 0x91];
/// Commands before anything is measured.
const WARM_UP: usize = 100;
/// A delayed acknowledgement costs 40 ms and more: fewer of them are enough.
const DELAYED: usize = 100;

/// Round trips of one kind.
#[derive(Clone, Debug)]
pub struct RoundTrips(Vec<Duration>);

/// Round trips as they are, and as they would be.
#[derive(Clone, Debug)]
pub struct Report {
    /// With `TCP_QUICKACK`: what the emulator does.
    pub quick: RoundTrips,
    /// Without it.
    pub delayed: RoundTrips,
}

/// Measures so many commands, and some of them without `TCP_QUICKACK`, one after the other on the same `pcscd`.
///
/// # Errors
/// If `pcscd` does not come up or the card does not answer.
pub fn run(commands: usize) -> io::Result<Report> {
    let folder = personalized(&["ordinary"])?;
    let service = Pcscd::start()?;
    let measure = |acknowledgements, commands| {
        let mut slot = Slot::new(service.port()).with_acknowledgements(acknowledgements);
        let card = EmulatedCard::load(&folder.path().join("cards/ordinary"));
        slot.insert(card.map_err(io::Error::other)?, Stay::UntilRemoved)?;
        let times = round_trips(commands);
        slot.remove();
        // The service has to notice, or it would take the next card for this one.
        let empty = poll(Duration::from_secs(10), || connect().is_err().then_some(()));
        empty.ok_or_else(|| io::Error::other("pcscd did not notice that the card went"))?;
        times
    };
    Ok(Report {
        quick: measure(Acknowledgements::Quick, commands)?,
        delayed: measure(Acknowledgements::Delayed, commands.min(DELAYED))?,
    })
}

fn connect() -> Result<impl Transport, TransportError> {
    let pcsc = Pcsc::open().map_err(|_| TransportError::NoService)?;
    let readers = pcsc.readers()?;
    pcsc.transport(readers.first().ok_or(TransportError::NoReader)?)
}

fn round_trips(commands: usize) -> io::Result<RoundTrips> {
    let mut transport = poll(Duration::from_secs(10), || connect().ok())
        .ok_or_else(|| io::Error::other("pcscd did not notice the card"))?;
    let mut send = |command: &[u8], expected: [u8; 2]| {
        let begin = Instant::now();
        let answer = transport.transmit(command).map_err(io::Error::other)?;
        let took = begin.elapsed();
        if *answer == expected {
            Ok(took)
        } else {
            Err(io::Error::other("the card answers otherwise"))
        }
    };
    send(&SELECT, [0x90, 0x00])?;
    for _ in 0..WARM_UP.min(commands) {
        send(&TRIES, [0x63, 0xC3])?;
    }
    let times: io::Result<Vec<_>> = (0..commands).map(|_| send(&TRIES, [0x63, 0xC3])).collect();
    let mut times = times?;
    times.sort();
    if times.is_empty() {
        return Err(io::Error::other("nothing to measure"));
    }
    Ok(RoundTrips(times))
}

impl RoundTrips {
    /// How many.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// So many percent took no longer.
    ///
    /// # Panics
    /// Never: there is at least one.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let index = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0[index.min(self.0.len() - 1)]
    }
}

impl fmt::Display for RoundTrips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |percent| self.percentile(percent).as_secs_f64() * 1e3;
        let count = self.count();
        write!(
            f,
            "p50 {:.3} ms, p99 {:.3} ms, {count} commands",
            of(50),
            of(99)
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "APDU round trip through pcscd     {}", self.quick)?;
        write!(f, "the same without TCP_QUICKACK     {}", self.delayed)
    }
}
