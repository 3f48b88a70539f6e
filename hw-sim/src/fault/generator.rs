//! Every fault at every command.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Fault, Kind, Position};
use crate::persona::PersonaName;

/// Status words that mean something to a program that reads cards, and two that no card sends there.
const WORDS: [u16; 12] = [
    0x9000, 0x6110, 0x6282, 0x63C0, 0x63C2, 0x6700, 0x6982, 0x6984, 0x6A82, 0x6CFF, 0x6F00, 0x0000,
];
/// How often what is random is made anew.
const SEEDS: u64 = 4;

/// Each fault at each of a run's first `commands` commands, one at a time: what a program is led through that has to
/// survive all of them. `others` are the personas whose cards are swapped in.
///
/// ```
/// use hw_sim::fault::single_faults;
///
/// let faults: Vec<_> = single_faults(9, &["gaiji".parse().unwrap()]).map(|fault| fault.to_string()).collect();
/// assert!(faults.contains(&"swapped=gaiji@apdu=5".to_owned()));
/// assert!(faults.contains(&"bit-flip@apdu=9,seed=3".to_owned()));
/// ```
pub fn single_faults(commands: u32, others: &[PersonaName]) -> impl Iterator<Item = Fault> + '_ {
    (1..=commands)
        .filter_map(NonZeroU32::new)
        .flat_map(|number| {
            let plain = [
                Kind::Lifted,
                Kind::Reset,
                Kind::Mute,
                Kind::Slow(Duration::from_millis(1)),
                Kind::Truncated,
                Kind::DuplicateAnswer,
            ];
            let words = WORDS.into_iter().map(Kind::WrongSw);
            let swapped = others.iter().cloned().map(Kind::Swapped);
            let certain = plain
                .into_iter()
                .chain(words)
                .chain(swapped)
                .map(Fault::new);
            let random = [Kind::Overlong, Kind::Garbage, Kind::BitFlip]
                .into_iter()
                .flat_map(|kind| {
                    (0..SEEDS).map(move |seed| Fault {
                        seed,
                        ..Fault::new(kind.clone())
                    })
                });
            certain
                .chain(random)
                .map(move |fault| fault.at(Position::Apdu(number)))
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_at_every_command_and_none_twice() {
        let others = ["gaiji".parse().unwrap()];
        let all: Vec<_> = single_faults(9, &others).collect();
        let words: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), all.len());
        for number in 1..=9 {
            let here = Position::Apdu(NonZeroU32::new(number).unwrap());
            let kinds: BTreeSet<_> = all
                .iter()
                .filter(|fault| fault.position == here)
                .map(|fault| fault.kind.name())
                .collect();
            assert_eq!(kinds.len(), 11, "{kinds:?}");
        }
        assert_eq!(single_faults(0, &others).count(), 0);
    }
}
