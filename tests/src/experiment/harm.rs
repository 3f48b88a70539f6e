//! G8, the card is never harmed.
//!
//! Applications as a kiosk leads them, the real session of the terminal at a real center, with something that goes wrong at the card:
//! first each fault at each command, so that a swap and a removal are met at every APDU boundary; then two at a time, drawn by lot.
//! Counted is what reaches the card, and what its counters say afterwards.
//!
//! Control: a terminal that presents the PIN again when it got no answer, and goes on after a wrong one.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;

use card::expiry::Day;
use card::pin::Pin;
use card::session::{Attempt, Connected, Proof, SessionError};
use card::text_ap;
use card::transport::{Lengths, Transport, TransportError};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::fault::{Fault, Faulty, Position};
use hw_sim::memory::Memory;
use issuance_api::ProblemCode;
use issuance_api::terminal::IssueAnswer;
use issuance_channel::client::CallError;
use zeroize::Zeroizing;

use super::{Report, Size};
use crate::applicant::{Applicant, Line, Link, problem};
use crate::persona::Persona;
use crate::random::Random;
use crate::simulator::Records;
use crate::simulator::town::{Open, Town, kiosk};
use crate::world::MUNICIPALITIES;

/// Of each kind that may make the card say something else. What takes time alone, or is quiet, is tried elsewhere.
const FAULTS: [&str; 11] = [
    "lifted",
    "reset",
    "mute",
    "wrong-sw=9000",
    "wrong-sw=6F00",
    "truncated",
    "overlong",
    "garbage",
    "bit-flip",
    "duplicate-answer",
    "swapped=gaiji",
];
/// Both live there.
const PERSONAS: [&str; 2] = ["ordinary", "gaiji"];
/// All tries.
const TRIES: u8 = 3;

/// G8.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let town = Town::prepare(0)?;
    runtime.block_on(trials(&town, size))
}

/// How an application ended.
enum Outcome {
    Issued(IssueAnswer),
    /// By the center.
    Refused(ProblemCode),
    /// By the card's session, for whose errors the kiosk has codes of its own. The center never hears of it.
    Failed,
}

impl From<SessionError> for Outcome {
    fn from(_: SessionError) -> Self {
        Self::Failed
    }
}

impl From<CallError> for Outcome {
    fn from(error: CallError) -> Self {
        Self::Refused(problem(&error))
    }
}

/// Counts what is presented, whatever the card makes of it.
struct Counting<T> {
    inner: T,
    pins: u32,
    commands: u32,
}

impl<T: Transport> Transport for &mut Counting<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        self.commands += 1;
        if matches!(command, [0x00, 0x20, 0x00, 0x91, 4, ..]) {
            self.pins += 1;
        }
        self.inner.transmit(command)
    }
}

/// An application as a kiosk leads it: expiry date, tries, PIN, files, both answers; ticket, preview, certificate.
async fn apply(
    applicant: &Applicant<impl Link>,
    card: impl Transport,
) -> Result<IssueAnswer, Outcome> {
    let asked = Connected::new(card, Lengths::default())
        .unexpired(Day::in_japan(std::time::SystemTime::now()))?
        .select()?
        .ask_tries()?;
    let pin = Pin::try_from("1234").expect("four digits");
    let Attempt::Verified(unlocked) = asked.verify(pin)? else {
        return Err(Outcome::Failed);
    };
    let read = unlocked.read()?;
    let mut challenged = applicant.challenge().await?;
    let urn = applicant.urn();
    let exporter = challenged.connection.exporter().clone();
    let challenge = challenged.challenge.clone();
    let context = applicant.context(&urn, &challenge, &exporter);
    let evidence = read.answer(&context)?.bind().map(Proof::into_evidence)?;
    let ticket = applicant.send(&mut challenged, &evidence).await?.ticket;
    let home = MUNICIPALITIES[0].parse().expect("a municipality's code");
    let previewed = applicant.inquire(&ticket, home).await?;
    Ok(applicant.issue(&previewed.state).await?)
}

#[derive(Default)]
struct Tally {
    runs: usize,
    issued: usize,
    failed: usize,
    refused: BTreeMap<&'static str, usize>,
    commands: u32,
    presented_again: usize,
    tries_lost: usize,
    locked: usize,
    crossed: usize,
    other_reasons: usize,
}

async fn trials(town: &Town, size: Size) -> io::Result<Report> {
    let open = open(town).await?;
    let memories = PERSONAS.map(|name| Memory::load(&town.ground.path("cards/cards").join(name)));
    let [ordinary, other] =
        memories.map(|memory| memory.map(Memory::detached).map_err(io::Error::other));
    let cards = [ordinary?, other?];
    let mut tally = Tally::default();
    let commands = trial(town, &open, &cards, &[], &mut tally).await?;
    if tally.issued != 1 {
        return Err(io::Error::other("no certificate where nothing goes wrong"));
    }
    let mut plans = Vec::new();
    for position in 1..=commands {
        for fault in FAULTS {
            plans.push(vec![at(fault, position, 0)?]);
        }
    }
    let each = plans.len();
    let mut random = Random::new(8);
    let drawn = |random: &mut Random| {
        let position = 1 + u32::try_from(random.below(commands as usize)).expect("a few commands");
        at(
            FAULTS[random.below(FAULTS.len())],
            position,
            random.next() >> 1,
        )
    };
    while plans.len() < size.of(each + 40, 10_000) {
        plans.push(vec![drawn(&mut random)?, drawn(&mut random)?]);
    }
    for plan in &plans {
        trial(town, &open, &cards, plan, &mut tally).await?;
    }
    let mut report = Report::default();
    report.told("applications with one fault, each at each command", each);
    report.told("applications with two", plans.len() - each);
    report.told("commands to cards", tally.commands);
    report.told("certificates all the same", tally.issued);
    report.counted("refused by the center", &tally.refused);
    report.figure(
        "more than one VERIFY for one entry",
        tally.presented_again,
        0,
    );
    report.figure("tries lost by a right PIN", tally.tries_lost, 0);
    report.figure("cards locked", tally.locked, 0);
    report.figure(
        "certificates of another card than the one that lay there",
        tally.crossed,
        0,
    );
    report.figure(
        "refused for anything but what the card said",
        tally.other_reasons,
        0,
    );
    // Faults do harm, and what the session lets through the center does not.
    report.finds("applications that the card's session ended", tally.failed);
    let refused = tally.refused.values().sum();
    report.finds("applications that the center refused", refused);
    let (again, lost) = careless(&cards[0], commands)?;
    report.finds(
        "entries presented more than once by a terminal that tries again",
        again,
    );
    report.finds("tries lost to it", lost);
    Ok(report)
}

async fn open(town: &Town) -> io::Result<Open<Records>> {
    let records = std::fs::read_to_string(
        crate::world::repository()
            .join("tests/data/vrs")
            .join(MUNICIPALITIES[0])
            .with_extension("csv"),
    )?;
    let home = MUNICIPALITIES[0].parse().map_err(io::Error::other)?;
    let mut all = town.people.records.clone();
    all.retain(|(municipality, _)| *municipality != home);
    all.push((home, records));
    town.open_in(crate::simulator::Databases::new(&all, town.now()).await?)
}

fn at(fault: &str, position: u32, seed: u64) -> io::Result<Fault> {
    let mut fault: Fault = fault.parse().map_err(io::Error::other)?;
    fault.seed = seed;
    let position = NonZeroU32::new(position).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(fault.at(Position::Apdu(position)))
}

/// One application with these faults; how many commands the cards got.
async fn trial(
    town: &Town,
    open: &Open<Records>,
    cards: &[Memory; 2],
    plan: &[Fault],
    tally: &mut Tally,
) -> io::Result<u32> {
    let name = |persona: &str| persona.parse().map_err(io::Error::other);
    let mut card = Faulty::of(name(PERSONAS[0])?, EmulatedCard::new(cards[0].clone()));
    for fault in plan {
        let other = EmulatedCard::new(cards[1].clone());
        // The other card is there once: the second swap brings back the first.
        drop(card.add(fault.clone(), |_| Some(other)));
    }
    let mut counting = Counting {
        inner: card.powered(),
        pins: 0,
        commands: 0,
    };
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let outcome = apply(&applicant, &mut counting).await;
    let (pins, commands) = (counting.pins, counting.commands);
    drop(counting);
    tally.runs += 1;
    tally.commands += commands;
    tally.presented_again += usize::from(pins > 1);
    for left in tries_left(&card) {
        tally.tries_lost += usize::from(left < TRIES);
        tally.locked += usize::from(left == 0);
    }
    match outcome.map_or_else(|outcome| outcome, Outcome::Issued) {
        Outcome::Issued(issued) => {
            tally.issued += 1;
            let keys = verify::Jwks::parse(&town.keys).map_err(io::Error::other)?;
            let there = card.persona().map(ToString::to_string).unwrap_or_default();
            let holder = Persona::load(&there)?.holder;
            let own = verify::check(issued.jws.expose(), &keys, i64::MAX).is_ok_and(|card| {
                let parts = card.patient.family.iter().chain(&card.patient.given);
                let parts: Vec<_> = parts.map(verify::Private::expose).collect();
                parts.join("\u{3000}") == holder
            });
            tally.crossed += usize::from(!own);
        }
        Outcome::Refused(code) => {
            *tally.refused.entry(code.as_str()).or_default() += 1;
            let of_card = matches!(
                code,
                ProblemCode::CardBindingInvalid
                    | ProblemCode::CardBindingMissing
                    | ProblemCode::CardDataAltered
                    | ProblemCode::CardIssuerUnknown
                    | ProblemCode::CardNotGenuine
            );
            tally.other_reasons += usize::from(!of_card);
        }
        Outcome::Failed => tally.failed += 1,
    }
    Ok(commands)
}

/// Of the PIN, on each card that was there.
fn tries_left(card: &Faulty) -> impl Iterator<Item = u8> {
    let memories = card.cards().map(EmulatedCard::memory);
    memories.map(|memory| memory.tries_left(Ap::Text, text_ap::PIN))
}

/// What a terminal does to cards that presents a PIN until something comes of it: a resident who mistypes, and an answer that is lost.
fn careless(card: &Memory, commands: u32) -> io::Result<(usize, usize)> {
    let (mut again, mut lost) = (0, 0);
    for position in 1..=commands {
        let name = PERSONAS[0].parse().map_err(io::Error::other)?;
        let mut card = Faulty::of(name, EmulatedCard::new(card.clone()));
        drop(card.add(at("mute", position, 0)?, |_| None));
        let mut counting = Counting {
            inner: card.powered(),
            pins: 0,
            commands: 0,
        };
        let aid = card::aid::TEXT_AP;
        let select = [&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], &aid].concat();
        let verify = [&[0x00, 0x20, 0x00, 0x91, 4][..], b"9999"].concat();
        for _ in 0..TRIES {
            let mut to_card = &mut counting;
            let selected = to_card.transmit(&select);
            let answer = to_card.transmit(&verify);
            if selected.is_ok() && answer.is_ok_and(|answer| *answer == [0x90, 0x00]) {
                break;
            }
        }
        again += usize::from(counting.pins > 1);
        drop(counting);
        lost += tries_left(&card).filter(|left| *left < TRIES).count();
    }
    Ok((again, lost))
}
