//! A card that answers what another was recorded to have answered.
//!
//! It holds no file and no key: the answer to a command is looked up in the transcript, by all of its bytes,
//!
//! 1. at the place that was reached,
//! 2. else at the next place after it where the same command is,
//! 3. else at the last place before it;
//!
//! and what follows the place found is the place reached. A command that is nowhere in the transcript is answered `6F00`, and the place
//! stays. When power goes off, the place is after the next `power off` of the transcript, or its beginning. So a program that does the same
//! as the recorded one is answered the same, and one that does other things meets `6F00`.

use card::Private;
use card::status::Status;
use zeroize::Zeroizing;

use crate::fault::{Answered, Outcome};
use crate::reader::Card;
use crate::transcript::{Sent, Step, Transcript};

/// A recorded card.
#[derive(Debug)]
pub struct Replayed {
    entries: Vec<Entry>,
    place: usize,
}

#[derive(Debug)]
enum Entry {
    PowerOff,
    /// A command, and the answer to it if there was one.
    Exchange(Private<Vec<u8>>, Option<Zeroizing<Vec<u8>>>),
}

/// Why a transcript cannot be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Commands or answers were recorded without data.
    #[error(
        "line {0}: recorded without data; `hw-sim record --with-data` records what can be replayed"
    )]
    Masked(usize),
    /// There are no commands in it.
    #[error("no commands in it")]
    Empty,
}

impl TryFrom<&Transcript> for Replayed {
    type Error = ReplayError;

    fn try_from(transcript: &Transcript) -> Result<Self, ReplayError> {
        let mut entries = Vec::new();
        for line in transcript.lines() {
            match &line.step {
                Step::Exchange(Sent::Whole(command), answer) => {
                    let bytes = answer.whole();
                    if bytes.is_none() && !answer.is_none() {
                        return Err(ReplayError::Masked(line.number));
                    }
                    let command = Private::new(command.expose().clone());
                    entries.push(Entry::Exchange(command, bytes));
                }
                Step::Exchange(Sent::Masked, _) => return Err(ReplayError::Masked(line.number)),
                Step::Card(_) | Step::PowerOff | Step::Reinsert => entries.push(Entry::PowerOff),
                Step::PowerOn | Step::Reset => {}
            }
        }
        if entries
            .iter()
            .any(|entry| matches!(entry, Entry::Exchange(..)))
        {
            Ok(Self { entries, place: 0 })
        } else {
            Err(ReplayError::Empty)
        }
    }
}

impl Replayed {
    fn find(&self, command: &[u8]) -> Option<usize> {
        let is_it = |index: &usize| matches!(&self.entries[*index], Entry::Exchange(recorded, _) if recorded.expose() == command);
        (self.place..self.entries.len())
            .find(is_it)
            .or_else(|| (0..self.place).rev().find(is_it))
    }
}

impl Card for Replayed {
    fn power_on(&mut self) {}

    fn power_off(&mut self) {
        let after = self.entries[self.place..]
            .iter()
            .position(|entry| matches!(entry, Entry::PowerOff));
        // Lines that begin with a card have one at the very beginning as well.
        self.place = after.map_or(0, |after| self.place + after + 1);
    }

    fn reset(&mut self) {}

    fn answer(&mut self, command: &[u8]) -> Answered {
        let outcome = match self.find(command) {
            Some(found) => {
                self.place = found + 1;
                match &self.entries[found] {
                    Entry::Exchange(_, Some(answer)) => Outcome::Answer(answer.clone()),
                    _ => Outcome::Mute,
                }
            }
            None => {
                let unknown = u16::from(Status::NoDiagnosis).to_be_bytes();
                Outcome::Answer(Zeroizing::new(unknown.to_vec()))
            }
        };
        outcome.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(transcript: &str, commands: &[&[u8]]) -> Vec<u16> {
        let mut card = Replayed::try_from(&transcript.parse::<Transcript>().unwrap()).unwrap();
        let answer = |command: &&[u8]| match (*command, ()) {
            ([], ()) => {
                card.power_off();
                0
            }
            (command, ()) => match card.answer(command).outcome {
                Outcome::Answer(answer) => u16::from_be_bytes(*answer.last_chunk().unwrap()),
                _ => 1,
            },
        };
        commands.iter().map(answer).collect()
    }

    #[test]
    fn the_answer_is_the_one_at_its_place() {
        let (a, b, c) = (
            &[0, 0xB0, 0, 0, 1][..],
            &[0, 0xB0, 0, 0, 2][..],
            &[0, 0xB0, 0, 0, 3][..],
        );
        let transcript = "00B0000001 => 6982\n00B0000002 => 9000\n00B0000001 => 9000\n\
                          power off\npower on\n00B0000001 => 6D00\n00B0000002 => -\n";
        // In order; again from where it is; what was never asked; skipping ahead; back to the last time.
        assert_eq!(answers(transcript, &[a, b, a]), [0x6982, 0x9000, 0x9000]);
        assert_eq!(answers(transcript, &[a, c, a]), [0x6982, 0x6F00, 0x9000]);
        assert_eq!(
            answers(transcript, &[b, a, a, a]),
            [0x9000, 0x9000, 0x6D00, 0x6D00]
        );
        // After power-off; from the beginning once there is nothing after.
        assert_eq!(
            answers(transcript, &[&[], a, b, &[], a]),
            [0, 0x6D00, 1, 0, 0x6982]
        );
    }

    #[test]
    fn what_was_recorded_without_data_is_not_replayed() {
        for (transcript, error) in [
            ("power on\n0020009104 <4> => 9000", ReplayError::Masked(2)),
            ("00B0810000 => <17> 9000", ReplayError::Masked(1)),
            ("power on", ReplayError::Empty),
        ] {
            let transcript: Transcript = transcript.parse().unwrap();
            assert_eq!(Replayed::try_from(&transcript).unwrap_err(), error);
        }
    }
}
