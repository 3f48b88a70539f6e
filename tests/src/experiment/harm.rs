//! G8, the card is never harmed.
//!
//! Applications at a terminal's real core and a real center, with something that goes wrong at the card: first each fault at each command,
//! so that a swap and a removal are met at every APDU boundary, with a resident who types the PIN right and with one who mistypes it first,
//! read plain and by secure messaging; then two faults at a time, drawn by lot. How many tries of PIN and birth code a card has left when it
//! comes is drawn, too. Counted is what reaches the card, what its counters say afterwards, and how each removal and each swap ended.
//!
//! The resident does their part: the last try is for the right PIN, or they give up before it. A card that takes the first one's place with
//! nobody told may lose its last one: a residual risk, whose figure is told.
//!
//! Control: a terminal that presents the PIN again when it got no answer, and goes on after a wrong one.

mod careless;
mod ended;
mod hand;
mod plan;
mod tally;

use std::io;

use card::text_ap;
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::fault::{Faulty, Kind};
use hw_sim::memory::Memory;
use issuance_api::MunicipalityCode;
use terminal::conduct::Terminal;

use super::{Report, Size};
use crate::persona::Persona;
use crate::random::Random;
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{CardInHand, CountedPaper, Link, LinkedCenter, Records};
use crate::world::MUNICIPALITIES;
use ended::End;
use hand::Hand;
use plan::{FAULTS, Plan, Way, at};
use tally::Tally;

/// Both live there. The second's card is swapped in, and has another PIN.
const PERSONAS: [&str; 2] = ["ordinary", "gaiji"];
const OTHER_PIN: &[u8; 4] = b"5678";
/// All tries of the PIN.
const TRIES: u8 = 3;
/// And of the birth code.
const CODE_TRIES: u8 = 10;
/// With fewer it is not to be presented.
const LEAST_CODE_TRIES: u8 = CODE_TRIES / 2;

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

/// A terminal, and who comes to it.
struct Place<'a> {
    town: &'a Town,
    cards: [Memory; 2],
    home: MunicipalityCode,
    terminal: Terminal<LinkedCenter<Link<Records>>, CardInHand, CountedPaper>,
}

async fn trials(town: &Town, size: Size) -> io::Result<Report> {
    let open = open(town).await?;
    let mut place = Place::new(town, &open)?;
    let mut tally = Tally::default();
    let mut random = Random::new(8);
    let mut plans = Vec::new();
    let ways = &Way::ALL[..size.of(1, Way::ALL.len())];
    for way in ways {
        let issued = tally.issued;
        let (commands, _) = place.trial(&Plan::sound(*way), &mut tally).await?;
        if tally.issued != issued + 1 {
            return Err(io::Error::other("no certificate where nothing goes wrong"));
        }
        for position in 1..=commands {
            for fault in FAULTS {
                let fault = at(fault, position, 0)?;
                plans.push(Plan::of_one(*way, fault, &mut random));
            }
        }
    }
    let each = plans.len();
    let longest = tally.commands / u32::try_from(tally.runs).unwrap_or(1);
    while plans.len() < size.of(each + 40, 10_000) {
        plans.push(Plan::of_two(longest, &mut random)?);
    }
    for plan in &plans {
        let (_, end) = place.trial(plan, &mut tally).await?;
        match &plan.faults[..] {
            [only] if only.kind == Kind::Lifted => tally.lifted.count(end),
            [only] if matches!(only.kind, Kind::Swapped(_)) => tally.swapped.count(end),
            _ => {}
        }
    }
    let (mut few, mut as_ruled) = (0, 0);
    for way in ways {
        for code in 1..=CODE_TRIES {
            let (_, end) = place.trial(&Plan::of_few(*way, code), &mut tally).await?;
            let issued = matches!(end, End::Own);
            few += 1;
            as_ruled += usize::from(issued == (code >= LEAST_CODE_TRIES));
        }
    }
    let misread = misread(&place.cards[0])?;
    for card in &misread {
        let plan = Plan::sound(Way::ALL[0]);
        place.trial_of(card, &plan, &mut tally).await?;
    }
    let mut report = Report::default();
    report.told("applications with one fault, each at each command", each);
    report.told("applications with two", plans.len() - each);
    report.told(
        "applications with a bit of the birth date misread",
        misread.len(),
    );
    report.figure(
        "applications with few tries and no fault: certificates from five tries of the birth code on, and none with fewer",
        as_ruled,
        few,
    );
    tally.report(&mut report);
    report.figure(
        "terminals out of service",
        usize::from(place.terminal.latch.in_service().is_err()),
        0,
    );
    careless::careless(&place.cards[0], longest, &mut report)?;
    Ok(report)
}

impl<'a> Place<'a> {
    fn new(town: &'a Town, open: &Open<Records>) -> io::Result<Self> {
        let memory = |name| {
            let memory = Memory::load(&town.ground.path("cards/cards").join(name));
            memory.map(Memory::detached).map_err(io::Error::other)
        };
        let other = memory(PERSONAS[1])?;
        let other = other.with_reference(Ap::Text, text_ap::PIN, OTHER_PIN, TRIES);
        let cards = [memory(PERSONAS[0])?, other];
        let card = EmulatedCard::new(cards[0].clone()).into();
        let center = LinkedCenter::new(open.terminal(kiosk(1)));
        Ok(Self {
            town,
            cards,
            home: MUNICIPALITIES[0].parse().map_err(io::Error::other)?,
            terminal: town.terminal(kiosk(1), center, card)?,
        })
    }

    /// One application; how many commands the cards got, and how it ended.
    async fn trial(&mut self, plan: &Plan, tally: &mut Tally) -> io::Result<(u32, End)> {
        let card = self.cards[0].clone();
        self.trial_of(&card, plan, tally).await
    }

    /// The same with this card of the first's.
    async fn trial_of(
        &mut self,
        card: &Memory,
        plan: &Plan,
        tally: &mut Tally,
    ) -> io::Result<(u32, End)> {
        let [own, others] = plan.tries;
        let persona = PERSONAS[0].parse().map_err(io::Error::other)?;
        let mut card = Faulty::of(persona, own.on(card)?);
        for fault in &plan.faults {
            // Each swap brings a card of its own.
            let other = others.on(&self.cards[1])?;
            drop(card.add(fault.clone(), |_| Some(other)));
        }
        self.terminal.card = CardInHand::new(card, plan.way.protection);
        let mut hand = Hand::new(self.home, plan, self.terminal.card.presented());
        let ended = self.terminal.serve(&mut hand).await;
        let lying = self.terminal.card.lying();
        tally.count(&lying, &hand, plan);
        let end = match ended.map_err(|problem| problem.code) {
            Ok(_) => {
                let jws = self.terminal.output.jws.take();
                let end = match jws.is_some_and(|jws| self.is_of(&lying.card, &jws)) {
                    true => End::Own,
                    false => End::Crossed,
                };
                tally.with_certificate(end);
                end
            }
            Err(code) => {
                let end = End::from(code);
                tally.without(end, code);
                end
            }
        };
        Ok((lying.commands, end))
    }

    /// Whether a certificate is of whom the card belongs to that lies there.
    fn is_of(&self, card: &Faulty, jws: &str) -> bool {
        let (Ok(keys), Some(persona)) = (verify::Jwks::parse(&self.town.keys), card.persona())
        else {
            return false;
        };
        let (Ok(persona), Ok(card)) = (
            Persona::load(persona.as_str()),
            verify::check(jws, &keys, i64::MAX),
        ) else {
            return false;
        };
        let parts = card.patient.family.iter().chain(&card.patient.given);
        let parts: Vec<_> = parts.map(verify::Private::expose).collect();
        parts.join("\u{3000}") == persona.holder
    }
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

/// The card as it looks to whoever misreads one bit of the birth date in EF 0002, bit by bit: some of them still read as a date, and as the
/// birth code of another.
fn misread(card: &Memory) -> io::Result<Vec<Memory>> {
    const BEFORE: [u8; 3] = [0xDF, 0x24, 8];
    let attributes = card.file(Ap::Text, text_ap::ATTRIBUTES).unwrap_or_default();
    let mut places = attributes.windows(BEFORE.len());
    let at = places.position(|bytes| bytes == BEFORE);
    let at = at.ok_or(io::ErrorKind::NotFound)? + BEFORE.len();
    let bits = (0..64).map(|bit| {
        let mut other = attributes.to_vec();
        other[at + bit / 8] ^= 1 << (bit % 8);
        let card = card.clone();
        card.with_file(Ap::Text, text_ap::ATTRIBUTES, &other)
    });
    Ok(bits.collect())
}
