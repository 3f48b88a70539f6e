//! How much time the system adds from the card's last answer to the first byte of the page on its way to the printer.
//!
//! The core of a kiosk in this process, with everything real around it: `pcscd` and the emulated card, center and VRS as
//! processes of their own over mutual TLS, a printer (`ippeveprinter`). The resident answers at once. What is measured is only
//! what nobody would wait for a person in:
//!
//! ```text
//! read        the card's last answer is handed over … "take your card back" is shown
//! judged      the card is gone … the municipalities are shown: what of judging the evidence and asking the menu again is not done yet
//! inquiry     a municipality is chosen … the preview is shown
//! issue       the preview is confirmed … the answer is there, the page in it
//! check       … it passed the hand-over check
//! first byte  … the first byte of the PDF has left for the printer
//! ```
//! The first four together are the way to the page at the kiosk; what follows is the kiosk's own check, and the way to the printer.
//! Between them are the resident's own times: taking the card, choosing, reading. How long the printer takes to answer a
//! question is the device's time, and told apart: before the inquiry the whole question, before the first byte by a relay in front of
//! it, which also sees that byte.

use std::fmt;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use terminal::cabinet::Cabinet;
use terminal::channel::ChannelCenter;
use terminal::conduct::Terminal;
use terminal::config::Config;
use terminal::handover::Issuer;
use terminal::latch::Latch;
use terminal::output::Printer as Output;
use terminal::reader::PcscCard;

use crate::kiosk::{Application, Purpose, apply};
use crate::persona::Persona;
use crate::printer::Printer;
use crate::reader::Reader;
use crate::world::{Options, World};

mod relay;
mod resident;
mod timed;

use relay::Relay;
use resident::Resident;
use timed::{Mark, Marks, TimedCard, TimedCenter, TimedOutput};

/// Whose card it is.
const PERSONA: &str = "ordinary";
/// Applications before anything counts: files, fonts and allocators come to rest.
const WARM_UP: usize = 2;

/// Where the time of one application went.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    read: Duration,
    judged: Duration,
    inquiry: Duration,
    issue: Duration,
    check: Duration,
    first_byte: Duration,
    /// Of inquiry: the printer is asked for paper.
    paper: Duration,
    /// Of the first byte, the printer's.
    printer: Duration,
}

/// One of the parts.
type Part = fn(&Parts) -> Duration;

/// The parts, in their order.
const PARTS: [(&str, Part); 11] = [
    (
        "from the last APDU to the page at the kiosk",
        Parts::at_the_kiosk,
    ),
    ("  card let go of, to \"take your card back\"", |it| it.read),
    (
        "  evidence judged, menu asked: what is left once the card is gone",
        |it| it.judged,
    ),
    ("  inquiry, without asking the printer before it", |it| {
        it.inquiry.saturating_sub(it.paper)
    }),
    ("  issue: registered, signed, page set", |it| it.issue),
    ("hand-over check: signature, content, QR read back", |it| {
        it.check
    }),
    (
        "job made, first byte sent, the printer's answers aside",
        |it| it.first_byte.saturating_sub(it.printer),
    ),
    (
        "the printer asked for paper before the inquiry, its answers included",
        |it| it.paper,
    ),
    ("the printer's answers before the first byte", |it| {
        it.printer
    }),
    (
        "all but the printer: to the first byte on its way there",
        Parts::added,
    ),
    ("all", Parts::all),
];

impl Parts {
    fn of(marks: &[(Mark, Instant)]) -> Option<Self> {
        let at = |mark| marks.iter().find(|(it, _)| *it == mark).map(|(_, at)| *at);
        let between = |from, to| at(to)?.checked_duration_since(at(from)?);
        let first_byte = at(Mark::FirstByte)?;
        let (read, delivering) = (at(Mark::CardRead)?, at(Mark::Delivering)?);
        // Of what it was asked from the card on; one question at a time.
        let sum = |from: Instant, to: Instant, begin: Mark, end: Mark| {
            let mut sum = Duration::ZERO;
            let mut begun = None;
            for (mark, at) in marks.iter().filter(|(_, at)| (from..to).contains(at)) {
                if *mark == begin {
                    begun = Some(*at);
                } else if *mark == end {
                    sum += begun.take().map_or(Duration::ZERO, |begun| *at - begun);
                }
            }
            sum
        };
        Some(Self {
            read: between(Mark::CardRead, Mark::TakeCard)?,
            judged: between(Mark::CardGone, Mark::Municipalities)?,
            inquiry: between(Mark::Chosen, Mark::Preview)?,
            issue: between(Mark::Confirmed, Mark::Issued)?,
            check: between(Mark::Issued, Mark::Delivering)?,
            first_byte: between(Mark::Delivering, Mark::FirstByte)?,
            paper: sum(read, delivering, Mark::Asking, Mark::Told),
            printer: sum(
                delivering,
                first_byte,
                Mark::PrinterAsked,
                Mark::PrinterAnswered,
            ),
        })
    }

    fn at_the_kiosk(&self) -> Duration {
        let steps = self.read + self.judged + self.inquiry + self.issue;
        steps.saturating_sub(self.paper)
    }

    fn all(&self) -> Duration {
        self.read + self.judged + self.inquiry + self.issue + self.check + self.first_byte
    }

    fn added(&self) -> Duration {
        self.all().saturating_sub(self.paper + self.printer)
    }
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    applications: Vec<Parts>,
    /// Most memory that the program `kiosk` had in one application, in bytes.
    memory: u64,
}

/// Works that are done with a page at once. Without any, `ippeveprinter` sleeps as long as it thinks that pages take.
const AT_ONCE: &str = "#!/bin/sh\n";

/// Leads so many applications, one after the other.
///
/// # Errors
/// If something does not start, or an application fails.
pub fn run(applications: usize) -> io::Result<Report> {
    let world = World::start(&Options::default())?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    let pki = world.ground.path("pki/services");
    let (certificate, key) = (pki.join("center.pem"), pki.join("center.key"));
    let printer = Printer::with(&certificate, &key, Some(AT_ONCE))?;
    let config = Config::load(&world.ground.path("kiosk/kiosk.toml")).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (hand, taking) = mpsc::channel();
    let applications = thread::scope(|scope| {
        // A card that stays makes the application end by time.
        let hand_at_the_reader = || taking.into_iter().try_for_each(|()| reader.remove());
        scope.spawn(hand_at_the_reader);
        runtime.block_on(lead(applications, config, (&reader, hand), &printer))
    })?;
    Ok(Report {
        applications,
        memory: memory(&world, &reader)?,
    })
}

/// Of the program itself, which reads the same card and writes the same page.
fn memory(world: &World, reader: &Reader) -> io::Result<u64> {
    let persona = Persona::load(PERSONA)?;
    reader.insert(PERSONA)?;
    let out = world.ground.path("out");
    let application = Application {
        config: &world.ground.path("kiosk/kiosk.toml"),
        place: ["--out".as_ref(), out.as_os_str()],
        municipality: &persona.municipality,
        pin: &persona.pin,
        language: "ja",
        reader: None,
        purpose: Purpose::Domestic,
    };
    let outcome = apply(&application, reader)?;
    if outcome.status.success() {
        Ok(outcome.peak)
    } else {
        Err(io::Error::other(outcome.said.join("; ")))
    }
}

async fn lead(
    applications: usize,
    config: Config,
    (reader, hand): (&Reader, Sender<()>),
    printer: &Printer,
) -> io::Result<Vec<Parts>> {
    let marks = Marks::default();
    let relay = Relay::start(printer.port(), marks.clone())?;
    let clock = std::time::SystemTime::now;
    let card = PcscCard::start(None, clock, config.card.into()).map_err(io::Error::other)?;
    let (center, urn) = ChannelCenter::new(config.center).map_err(io::Error::other)?;
    let address = format!("ipp://localhost:{}/ipp/print", relay.port());
    let address = address.parse().map_err(io::Error::other)?;
    let output = Output::new(address, None, &urn).map_err(io::Error::other)?;
    let mut terminal = Terminal {
        urn,
        center: TimedCenter(center, marks.clone()),
        card: TimedCard(card, marks.clone()),
        output: TimedOutput(output, marks.clone()),
        cabinet: Cabinet::new(config.cabinet, None).map_err(io::Error::other)?,
        issuer: Issuer::load(config.issuer.iss, &config.issuer.keys).map_err(io::Error::other)?,
        latch: Latch::new(),
        patience: config.patience.into(),
        reads_passports: false,
    };
    let mut measured = Vec::with_capacity(applications);
    for application in 0..WARM_UP + applications {
        marks.clear();
        let mut resident = Resident::new(PERSONA, (reader, &hand), marks.clone())?;
        let ended = terminal.serve(&mut resident).await;
        let done = ended.map_err(|problem| io::Error::other(problem.code.as_str()))?;
        if !done.reported {
            return Err(io::Error::other("not reported as handed over"));
        }
        let parts = Parts::of(&marks.all());
        let parts = parts.ok_or_else(|| io::Error::other("a step was not seen"))?;
        if application >= WARM_UP {
            measured.push(parts);
        }
    }
    Ok(measured)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} applications, ms: p50, p99", self.applications.len())?;
        for (name, part) in PARTS {
            let mut times: Vec<_> = self.applications.iter().map(part).collect();
            times.sort_unstable();
            // By nearest rank: the least time that so many of a hundred did not exceed.
            let at = |percent: usize| {
                let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
                times
                    .get(rank)
                    .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
            };
            write!(f, "\n{name:<69} {:7.2} {:7.2}", at(50), at(99))?;
        }
        let mebibytes = self.memory as f64 / f64::from(1 << 20);
        write!(f, "\nthe kiosk's memory at most, MB: {mebibytes:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_s_own_time_and_not_the_printer_s_counts() {
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let marks = [
            // Before the card was read: of no account.
            (Mark::Asking, at(0)),
            (Mark::Told, at(5)),
            (Mark::CardRead, at(10)),
            (Mark::TakeCard, at(11)),
            (Mark::CardGone, at(1000)),
            (Mark::Municipalities, at(1002)),
            (Mark::Chosen, at(5000)),
            (Mark::Asking, at(5000)),
            (Mark::PrinterAsked, at(5001)),
            (Mark::PrinterAnswered, at(5007)),
            (Mark::Told, at(5008)),
            (Mark::Preview, at(5011)),
            (Mark::Confirmed, at(9000)),
            (Mark::Issued, at(9004)),
            (Mark::Delivering, at(9009)),
            (Mark::PrinterAsked, at(9010)),
            (Mark::PrinterAnswered, at(9013)),
            (Mark::PrinterAsked, at(9014)),
            (Mark::FirstByte, at(9015)),
            (Mark::PrinterAnswered, at(9999)),
        ];
        let parts = Parts::of(&marks).unwrap();
        let all = [1, 2, 11, 4, 5, 6].into_iter().sum();
        assert_eq!(parts.all(), Duration::from_millis(all));
        assert_eq!(parts.paper, Duration::from_millis(8));
        assert_eq!(parts.printer, Duration::from_millis(3));
        assert_eq!(parts.added(), Duration::from_millis(all - 11));
        let at_the_kiosk = Duration::from_millis(1 + 2 + 11 + 4 - 8);
        assert_eq!(parts.at_the_kiosk(), at_the_kiosk);
        assert!(Parts::of(&marks[..9]).is_none());
    }
}
