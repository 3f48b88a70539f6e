//! A card with faults to come.

use std::time::Duration;

use card::apdu::Command;
use card::transport::{Transport, TransportError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Fault, Kind, Position};
use crate::chip::EmulatedCard;
use crate::persona::PersonaName;

/// Bytes too many in an overlong answer.
const TOO_MANY: usize = 256;
/// Longest answer the virtual reader can carry, in bytes.
const LONGEST: usize = 65_535;

/// A card with faults to come, possibly none.
#[derive(Debug)]
pub struct Faulty {
    card: EmulatedCard,
    persona: Option<PersonaName>,
    faults: Vec<Armed>,
    /// Cards that were swapped out for good.
    out: Vec<EmulatedCard>,
    /// Commands since it was inserted.
    commands: u32,
    /// The answer to the command before.
    before: Option<Zeroizing<Vec<u8>>>,
}

/// A fault with what it needs.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// The card that is swapped in, and whose it is.
    other: Option<(EmulatedCard, Option<PersonaName>)>,
}

/// The card to swap in is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no card of {0} to swap in")]
pub struct NotThere(pub PersonaName);

/// What becomes of a command.
#[derive(Debug)]
pub struct Answered {
    /// The answer, or why there is none.
    pub outcome: Outcome,
    /// How much later than usual it comes.
    pub late: Duration,
    /// The faults that struck.
    pub struck: Vec<Fault>,
}

/// The answer to a command, or why there is none.
pub enum Outcome {
    /// These bytes. They may be a person's data.
    Answer(Zeroizing<Vec<u8>>),
    /// The card is there and does not answer.
    Mute,
    /// The card is gone.
    Lifted,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "Answer(..)",
            Self::Mute => "Mute",
            Self::Lifted => "Lifted",
        })
    }
}

impl Outcome {
    /// As a reader's host is told.
    ///
    /// # Errors
    /// [`TransportError::Protocol`] of a card that is mute, [`TransportError::CardLifted`] of one that is gone.
    pub fn over_a_reader(self) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        match self {
            Self::Answer(bytes) => Ok(bytes),
            Self::Mute => Err(TransportError::Protocol),
            Self::Lifted => Err(TransportError::CardLifted),
        }
    }
}

impl From<Outcome> for Answered {
    /// At once, with no fault.
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            late: Duration::ZERO,
            struck: Vec::new(),
        }
    }
}

impl From<EmulatedCard> for Faulty {
    fn from(card: EmulatedCard) -> Self {
        Self {
            card,
            persona: None,
            faults: Vec::new(),
            out: Vec::new(),
            commands: 0,
            before: None,
        }
    }
}

impl Faulty {
    /// The card of this persona.
    #[must_use]
    pub fn of(persona: PersonaName, card: EmulatedCard) -> Self {
        Self {
            persona: Some(persona),
            ..card.into()
        }
    }

    /// Adds a fault; `cards` gives the card to be swapped in.
    ///
    /// # Errors
    /// [`NotThere`] if it does not.
    pub fn add(
        &mut self,
        fault: Fault,
        cards: impl FnOnce(&PersonaName) -> Option<EmulatedCard>,
    ) -> Result<(), NotThere> {
        let other = match &fault.kind {
            Kind::Swapped(persona) => {
                let card = cards(persona).ok_or_else(|| NotThere(persona.clone()))?;
                Some((card, Some(persona.clone())))
            }
            _ => None,
        };
        self.faults.push(Armed { fault, other });
        Ok(())
    }

    /// Forgets all faults to come. A card that was swapped in stays.
    pub fn clear(&mut self) {
        self.faults.clear();
    }

    /// The faults to come.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().map(|armed| &armed.fault)
    }

    /// The card that is there now.
    #[must_use]
    pub const fn card(&self) -> &EmulatedCard {
        &self.card
    }

    /// The card that is there now, to change it.
    pub const fn card_mut(&mut self) -> &mut EmulatedCard {
        &mut self.card
    }

    /// Whose card is there now, if that is known.
    #[must_use]
    pub const fn persona(&self) -> Option<&PersonaName> {
        self.persona.as_ref()
    }

    /// Everybody whose card is involved: the one that is there, and those that take its place.
    pub fn personas(&self) -> impl Iterator<Item = &PersonaName> {
        let others = self.faults.iter().filter_map(|armed| armed.other.as_ref());
        let others = others.filter_map(|(_, persona)| persona.as_ref());
        self.persona.iter().chain(others)
    }

    /// Every card that is involved: the one that is there, those that take its place, and those whose place was taken.
    pub fn cards(&self) -> impl Iterator<Item = &EmulatedCard> {
        let others = self.faults.iter().filter_map(|armed| armed.other.as_ref());
        let others = others.map(|(card, _)| card).chain(&self.out);
        std::iter::once(&self.card).chain(others)
    }

    /// The card that is there now, without its faults.
    #[must_use]
    pub fn into_card(self) -> EmulatedCard {
        self.card
    }

    /// Answers a command, or does not.
    pub fn answer(&mut self, bytes: &[u8]) -> Answered {
        self.commands = self.commands.saturating_add(1);
        let command = Command::decode(bytes).ok();
        let strikes: Vec<_> = (0..self.faults.len())
            .filter(|&index| self.strikes(&self.faults[index].fault, command.as_ref()))
            .collect();
        for &index in &strikes {
            self.before_command(index);
        }
        let answer = self.card.transmit(bytes);
        let mut answered = Answered::from(Outcome::Answer(answer.clone()));
        for &index in &strikes {
            let fault = self.faults[index].fault.clone();
            self.after_command(&fault, &mut answered);
            answered.struck.push(fault);
        }
        self.before = Some(answer);
        self.count(&strikes);
        answered
    }

    /// Power comes on.
    pub fn power_on(&mut self) {
        self.card.power_on();
    }

    /// Power goes off.
    pub fn power_off(&mut self) {
        self.card.power_off();
    }

    /// Warm reset.
    pub fn reset(&mut self) {
        self.card.reset();
    }

    /// Gives it power, and takes it away again when the value is dropped: a card without a reader.
    pub fn powered(&mut self) -> Powered<'_> {
        self.power_on();
        Powered {
            card: self,
            gone: false,
        }
    }

    fn strikes(&self, fault: &Fault, command: Option<&Command>) -> bool {
        match fault.position {
            Position::Next => true,
            Position::Apdu(number) => number.get() == self.commands,
            Position::Ins(ins) => command.is_some_and(|command| command.ins == ins),
            Position::Ef(ap, ef) => {
                let addressed = self.card.addressed();
                let here = ap.is_none_or(|ap| addressed.ap() == Some(ap));
                let reference = command.and_then(|command| addressed.ef(command));
                here && reference.is_some_and(|reference| reference.is(ef))
            }
        }
    }

    fn before_command(&mut self, index: usize) {
        let Armed { fault, other } = &mut self.faults[index];
        match (&fault.kind, other) {
            (Kind::Reset, _) => {
                self.power_off();
                self.power_on();
            }
            (Kind::Swapped(_), Some((card, persona))) => {
                std::mem::swap(&mut self.card, card);
                std::mem::swap(&mut self.persona, persona);
                card.power_off();
                self.card.power_on();
            }
            _ => {}
        }
    }

    fn after_command(&self, fault: &Fault, answered: &mut Answered) {
        match &fault.kind {
            Kind::Lifted => answered.outcome = Outcome::Lifted,
            Kind::Mute => answered.outcome = Outcome::Mute,
            Kind::Slow(late) => answered.late += *late,
            kind => {
                if let Outcome::Answer(bytes) = &mut answered.outcome {
                    self.spoil(kind, fault.seed, bytes);
                }
            }
        }
    }

    fn spoil(&self, kind: &Kind, seed: u64, answer: &mut Zeroizing<Vec<u8>>) {
        let data = answer.len().saturating_sub(2);
        match kind {
            Kind::WrongSw(word) => *answer = Zeroizing::new(word.to_be_bytes().to_vec()),
            Kind::Truncated if data == 0 => {
                let half = answer.len() / 2;
                answer.truncate(half);
            }
            Kind::Truncated => {
                answer.drain(data / 2..data);
            }
            Kind::Overlong => {
                let room = TOO_MANY.min(LONGEST.saturating_sub(answer.len()));
                let random: Vec<_> = self.random(seed).take(room).collect();
                let longer = [&answer[..data], &random, &answer[data..]].concat();
                *answer = Zeroizing::new(longer);
            }
            Kind::Garbage => answer
                .iter_mut()
                .zip(self.random(seed))
                .for_each(|(byte, random)| *byte = random),
            Kind::BitFlip => {
                let chosen = self.random(seed).take(4);
                let chosen = chosen.fold(0, |sum, byte| sum << 8 | usize::from(byte));
                if let Some(bit) = chosen.checked_rem(answer.len() * 8) {
                    answer[bit / 8] ^= 1 << (bit % 8);
                }
            }
            Kind::DuplicateAnswer => {
                if let Some(before) = &self.before {
                    *answer = before.clone();
                }
            }
            Kind::Lifted | Kind::Reset | Kind::Mute | Kind::Slow(_) | Kind::Swapped(_) => {}
        }
    }

    /// SHA-256 of seed (8 bytes), command number (4 bytes) and block number (4 bytes), block by block.
    fn random(&self, seed: u64) -> impl Iterator<Item = u8> + use<> {
        let commands = self.commands;
        (0u32..).flat_map(move |block| {
            let hash = Sha256::new()
                .chain_update(seed.to_be_bytes())
                .chain_update(commands.to_be_bytes())
                .chain_update(block.to_be_bytes());
            <[u8; 32]>::from(hash.finalize())
        })
    }

    /// Those that struck have one time less to come.
    fn count(&mut self, strikes: &[usize]) {
        let mut index = 0;
        let out = &mut self.out;
        self.faults.retain_mut(|armed| {
            let struck = strikes.contains(&index);
            index += 1;
            let left = if struck {
                armed.fault.times.less_one()
            } else {
                Some(armed.fault.times)
            };
            if let Some(left) = left {
                armed.fault.times = left;
                return true;
            }
            out.extend(armed.other.take().map(|(card, _)| card));
            false
        });
    }
}

/// A card with power and without a reader. Mute, it shows as [`TransportError::Protocol`]; lifted, as
/// [`TransportError::CardLifted`] from then on. Slow, it is not: nobody waits.
#[derive(Debug)]
pub struct Powered<'a> {
    card: &'a mut Faulty,
    gone: bool,
}

impl Transport for Powered<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        if self.gone {
            return Err(TransportError::CardLifted);
        }
        let answered = self.card.answer(command).outcome.over_a_reader();
        self.gone = matches!(answered, Err(TransportError::CardLifted));
        answered
    }
}

impl Drop for Powered<'_> {
    fn drop(&mut self) {
        self.card.power_off();
    }
}
