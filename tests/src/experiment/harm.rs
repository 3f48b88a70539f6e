//! G8, the card is never harmed.
//!
//! Applications at a terminal's real core and a real center, with something that goes wrong at the card: first each fault at each command,
//! so that a swap and a removal are met at every APDU boundary, with a resident who types the PIN right and with one who mistypes it first,
//! read plain and by secure messaging; then two faults at a time, drawn by lot. Counted is what reaches the card, what its counters say
//! afterwards, and how each removal and each swap ended.
//!
//! Control: a terminal that presents the PIN again when it got no answer, and goes on after a wrong one.

mod careless;
mod ended;
mod hand;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;

use card::messaging::Protection;
use card::{surface_ap, text_ap};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::fault::{Fault, Faulty, Kind, Position};
use hw_sim::memory::Memory;
use issuance_api::MunicipalityCode;
use terminal::conduct::Terminal;

use super::{Report, Size};
use crate::persona::Persona;
use crate::random::Random;
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{CardInHand, CountedPaper, Link, LinkedCenter, Records};
use crate::world::MUNICIPALITIES;
use ended::{Boundaries, End};
use hand::Hand;

/// Of each kind that may make the card say something else. What takes time alone, or is quiet, is tried elsewhere.
const FAULTS: [&str; 13] = [
    "lifted",
    "reset",
    "mute",
    "wrong-sw=9000",
    "wrong-sw=6F00",
    // Of a PIN: wrong, two tries left; blocked.
    "wrong-sw=63C2",
    "wrong-sw=6984",
    "truncated",
    "overlong",
    "garbage",
    "bit-flip",
    "duplicate-answer",
    "swapped=gaiji",
];
/// Both live there. The second's card is swapped in, and has another PIN.
const PERSONAS: [&str; 2] = ["ordinary", "gaiji"];
const OTHER_PIN: &[u8; 4] = b"5678";
/// All tries of the PIN.
const TRIES: u8 = 3;
/// And of the birth code.
const CODE_TRIES: u8 = 10;

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

/// How the card is read, and whether the resident mistypes the PIN before they type it.
#[derive(Clone, Copy)]
struct Way {
    protection: Protection,
    mistypes: bool,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::of(Protection::Plain, true),
        Self::of(Protection::Plain, false),
        Self::of(Protection::SecureMessaging, false),
        Self::of(Protection::SecureMessaging, true),
    ];

    const fn of(protection: Protection, mistypes: bool) -> Self {
        Self {
            protection,
            mistypes,
        }
    }
}

/// A terminal, and who comes to it.
struct Place<'a> {
    town: &'a Town,
    cards: [Memory; 2],
    home: MunicipalityCode,
    terminal: Terminal<LinkedCenter<Link<Records>>, CardInHand, CountedPaper>,
}

#[derive(Default)]
struct Tally {
    runs: usize,
    issued: usize,
    mistyped: usize,
    /// By the terminal, at what the card said.
    ended: BTreeMap<&'static str, usize>,
    /// By the center.
    refused: BTreeMap<&'static str, usize>,
    commands: u32,
    presented_again: usize,
    tries_lost: u32,
    code_tries_lost: u32,
    /// By a card that was swapped in with nobody told, of PIN and birth code: what was meant for the first reached it.
    swapped_lost: [u32; 2],
    /// Of these, more than one for an entry of the PIN, and for an application.
    swapped_lost_again: [u32; 2],
    /// Where a removal was all that went wrong, or a swap.
    lifted: Boundaries,
    swapped: Boundaries,
    locked: usize,
    crossed: usize,
    other_reasons: BTreeMap<&'static str, usize>,
}

async fn trials(town: &Town, size: Size) -> io::Result<Report> {
    let open = open(town).await?;
    let mut place = Place::new(town, &open)?;
    let mut tally = Tally::default();
    let mut plans = Vec::new();
    for way in &Way::ALL[..size.of(1, Way::ALL.len())] {
        let issued = tally.issued;
        let (commands, _) = place.trial(*way, &[], &mut tally).await?;
        if tally.issued != issued + 1 {
            return Err(io::Error::other("no certificate where nothing goes wrong"));
        }
        for position in 1..=commands {
            for fault in FAULTS {
                plans.push((*way, vec![at(fault, position, 0)?]));
            }
        }
    }
    let each = plans.len();
    let longest = tally.commands / u32::try_from(tally.runs).unwrap_or(1);
    let mut random = Random::new(8);
    let drawn = |random: &mut Random| {
        let position = 1 + u32::try_from(random.below(longest as usize)).expect("a few commands");
        at(
            FAULTS[random.below(FAULTS.len())],
            position,
            random.next() >> 1,
        )
    };
    while plans.len() < size.of(each + 40, 10_000) {
        let way = Way::ALL[random.below(Way::ALL.len())];
        plans.push((way, vec![drawn(&mut random)?, drawn(&mut random)?]));
    }
    for (way, plan) in &plans {
        let (_, end) = place.trial(*way, plan, &mut tally).await?;
        match &plan[..] {
            [only] if only.kind == Kind::Lifted => tally.lifted.count(end),
            [only] if matches!(only.kind, Kind::Swapped(_)) => tally.swapped.count(end),
            _ => {}
        }
    }
    let misread = misread(&place.cards[0])?;
    for card in &misread {
        place.trial_of(card, Way::ALL[0], &[], &mut tally).await?;
    }
    let mut report = Report::default();
    report.told("applications with one fault, each at each command", each);
    report.told("applications with two", plans.len() - each);
    report.told(
        "applications with a bit of the birth date misread",
        misread.len(),
    );
    report.told("commands to cards", tally.commands);
    report.told("certificates all the same", tally.issued);
    report.counted("ended by the terminal", &tally.ended);
    report.counted("refused by the center", &tally.refused);
    report.figure(
        "more than one VERIFY for one entry",
        tally.presented_again,
        0,
    );
    report.figure("tries lost by a right PIN", tally.tries_lost, 0);
    report.figure("tries of the birth code lost", tally.code_tries_lost, 0);
    let [pins, codes] = tally.swapped_lost;
    report.told(
        "tries lost by a card that was swapped in with nobody told, so that the first one's PIN, or birth code, reached it",
        format!("{pins}, {codes}"),
    );
    let [pins, codes] = tally.swapped_lost_again;
    report.figure("of these more than one for an entry of the PIN", pins, 0);
    report.figure(
        "of these more than one birth code for an application",
        codes,
        0,
    );
    ended::at_boundaries(&tally.lifted, &tally.swapped, &mut report);
    report.figure("cards locked", tally.locked, 0);
    report.figure(
        "certificates of another card than the one that lay there",
        tally.crossed,
        0,
    );
    let other: Vec<_> = tally.other_reasons.keys().copied().collect();
    report.figure(
        "ended for anything but what the card said",
        other.join(", "),
        String::new(),
    );
    report.figure(
        "terminals out of service",
        usize::from(place.terminal.latch.in_service().is_err()),
        0,
    );
    // Faults do harm, what the terminal lets through the center does not, and tries are lost where a PIN is wrong.
    report.finds(
        "applications that the terminal ended",
        tally.ended.values().sum(),
    );
    report.finds(
        "applications that the center refused",
        tally.refused.values().sum(),
    );
    report.finds(
        "entries of a wrong PIN, each of which cost a try",
        tally.mistyped,
    );
    let (again, lost) = careless::careless(&place.cards[0], longest)?;
    report.finds(
        "entries presented more than once by a terminal that tries again",
        again,
    );
    report.finds("tries lost to it", lost);
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

    /// One application with these faults; how many commands the cards got, and how it ended.
    async fn trial(
        &mut self,
        way: Way,
        plan: &[Fault],
        tally: &mut Tally,
    ) -> io::Result<(u32, End)> {
        let card = self.cards[0].clone();
        self.trial_of(&card, way, plan, tally).await
    }

    /// The same with this card of the first's.
    async fn trial_of(
        &mut self,
        card: &Memory,
        way: Way,
        plan: &[Fault],
        tally: &mut Tally,
    ) -> io::Result<(u32, End)> {
        let mut card = Faulty::of(
            PERSONAS[0].parse().map_err(io::Error::other)?,
            EmulatedCard::new(card.clone()),
        );
        for fault in plan {
            let other = EmulatedCard::new(self.cards[1].clone());
            // The other card is there once: the second swap brings back the first.
            drop(card.add(fault.clone(), |_| Some(other)));
        }
        self.terminal.card = CardInHand::new(card, way.protection);
        let mut hand = Hand::new(self.home, way.mistypes);
        let ended = self.terminal.serve(&mut hand).await;
        let lying = self.terminal.card.lying();
        tally.runs += 1;
        tally.commands += lying.commands;
        tally.presented_again += usize::from(lying.pins > hand.entries);
        let mut swapped_lost = [0; 2];
        // Wherever they are by now.
        for card in lying.card.cards() {
            let memory = card.memory();
            let lost = |ap, ef, all: u8| u32::from(all - memory.tries_left(ap, ef));
            let pin = lost(Ap::Text, text_ap::PIN, TRIES);
            let code = lost(Ap::Surface, surface_ap::BIRTH_CODE, CODE_TRIES);
            tally.locked += usize::from(pin == u32::from(TRIES) || code == u32::from(CODE_TRIES));
            if memory.matches(Ap::Text, text_ap::PIN, OTHER_PIN) {
                swapped_lost[0] += pin;
                swapped_lost[1] += code;
            } else {
                // A wrong one costs a try, until the right one follows.
                tally.tries_lost += pin.saturating_sub(hand.mistyped());
                tally.mistyped += usize::from(pin > 0 && pin == hand.mistyped());
                tally.code_tries_lost += code;
            }
        }
        for (n, most) in [hand.entries, 1].into_iter().enumerate() {
            tally.swapped_lost[n] += swapped_lost[n];
            tally.swapped_lost_again[n] += swapped_lost[n].saturating_sub(most);
        }
        let end = match ended.map_err(|problem| problem.code) {
            Ok(_) => {
                let jws = self.terminal.output.jws.take();
                match jws.is_some_and(|jws| self.is_of(&lying.card, &jws)) {
                    true => End::Own,
                    false => End::Crossed,
                }
            }
            Err(code) => {
                let end = End::from(code);
                *tally.by(end).entry(code.as_str()).or_default() += 1;
                end
            }
        };
        tally.issued += usize::from(matches!(end, End::Own | End::Crossed));
        tally.crossed += usize::from(matches!(end, End::Crossed));
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

impl Tally {
    /// Where an application counts that ended so, without a certificate.
    fn by(&mut self, end: End) -> &mut BTreeMap<&'static str, usize> {
        match end {
            End::Lifted | End::Terminal => &mut self.ended,
            End::Center => &mut self.refused,
            End::Own | End::Crossed | End::Otherwise => &mut self.other_reasons,
        }
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

fn at(fault: &str, position: u32, seed: u64) -> io::Result<Fault> {
    let mut fault: Fault = fault.parse().map_err(io::Error::other)?;
    fault.seed = seed;
    let position = NonZeroU32::new(position).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(fault.at(Position::Apdu(position)))
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
