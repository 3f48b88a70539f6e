//! What is tried: how a card is read, how many tries it has left, who comes with it, and what goes wrong.

use std::io;
use std::num::NonZeroU32;

use card::messaging::Protection;
use card::{surface_ap, text_ap};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::fault::{Fault, Position};
use hw_sim::memory::Memory;

use super::{CODE_TRIES, LEAST_CODE_TRIES, TRIES};
use crate::random::Random;

/// Of each kind that may make the card say something else. What takes time alone, or is quiet, is tried elsewhere.
pub(super) const FAULTS: [&str; 13] = [
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

/// How the card is read, and whether the resident mistypes the PIN before they type it.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) protection: Protection,
    pub(super) mistypes: bool,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [
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

/// Tries left on a card that comes to the reader: of the PIN, and of the birth code.
#[derive(Clone, Copy)]
pub(super) struct Tries {
    pub(super) pin: u8,
    pub(super) code: u8,
}

impl Tries {
    const ALL: Self = Self {
        pin: TRIES,
        code: CODE_TRIES,
    };
    const LAST: Self = Self { pin: 1, code: 1 };

    /// So many at least.
    fn drawn(least: Self, random: &mut Random) -> Self {
        let mut between = |least: u8, all: u8| {
            let more = random.below(usize::from(all - least) + 1);
            least + u8::try_from(more).expect("a few tries")
        };
        Self {
            pin: between(least.pin, TRIES),
            code: between(least.code, CODE_TRIES),
        }
    }

    /// Such a card.
    pub(super) fn on(self, memory: &Memory) -> io::Result<EmulatedCard> {
        let mut memory = memory.clone();
        for (ap, ef, left) in [
            (Ap::Text, text_ap::PIN, self.pin),
            (Ap::Surface, surface_ap::BIRTH_CODE, self.code),
        ] {
            memory.set_tries(ap, ef, left).map_err(io::Error::other)?;
        }
        Ok(EmulatedCard::new(memory))
    }
}

/// One application.
pub(super) struct Plan {
    pub(super) way: Way,
    /// Of the resident's card, and of each that is swapped in.
    pub(super) tries: [Tries; 2],
    /// Whether the resident gives up before the last try. Else they type the right PIN.
    pub(super) gives_up: bool,
    pub(super) faults: Vec<Fault>,
}

impl Plan {
    /// With all tries, and nothing goes wrong.
    pub(super) const fn sound(way: Way) -> Self {
        Self {
            way,
            tries: [Tries::ALL; 2],
            gives_up: false,
            faults: Vec::new(),
        }
    }

    /// With so many tries of the birth code, now the last one of the PIN and now more, and nothing goes wrong.
    pub(super) fn of_few(way: Way, code: u8) -> Self {
        let few = Tries {
            pin: 1 + code % TRIES,
            code,
        };
        Self {
            tries: [few; 2],
            ..Self::sound(way)
        }
    }

    /// One fault, whose command is reached: the resident's card has the tries that this takes, and they go on at the last one.
    pub(super) fn of_one(way: Way, fault: Fault, random: &mut Random) -> Self {
        let least = Tries {
            pin: 1 + u8::from(way.mistypes),
            code: LEAST_CODE_TRIES,
        };
        Self {
            tries: [
                Tries::drawn(least, random),
                Tries::drawn(Tries::LAST, random),
            ],
            faults: vec![fault],
            ..Self::sound(way)
        }
    }

    /// All of it by lot: two faults at any of so many commands, any number of tries; half of those who mistype give up before the last one.
    pub(super) fn of_two(commands: u32, random: &mut Random) -> io::Result<Self> {
        let way = Way::ALL[random.below(Way::ALL.len())];
        Ok(Self {
            way,
            tries: [
                Tries::drawn(Tries::LAST, random),
                Tries::drawn(Tries::LAST, random),
            ],
            gives_up: way.mistypes && random.once_in(2),
            faults: vec![drawn(commands, random)?, drawn(commands, random)?],
        })
    }

    /// Whether the resident mistypes the PIN. Who has one try does not: they would lock their own card.
    pub(super) const fn mistypes(&self) -> bool {
        let [own, _] = self.tries;
        self.way.mistypes && own.pin > 1
    }
}

fn drawn(commands: u32, random: &mut Random) -> io::Result<Fault> {
    let position = 1 + u32::try_from(random.below(commands as usize)).expect("a few commands");
    let fault = FAULTS[random.below(FAULTS.len())];
    at(fault, position, random.next() >> 1)
}

pub(super) fn at(fault: &str, position: u32, seed: u64) -> io::Result<Fault> {
    let mut fault: Fault = fault.parse().map_err(io::Error::other)?;
    fault.seed = seed;
    let position = NonZeroU32::new(position).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(fault.at(Position::Apdu(position)))
}
