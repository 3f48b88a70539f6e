use std::collections::BTreeMap;

use card::apdu::{Command, Response};
use card::file::Ef;
use card::status::Status;
use card::text_ap::{ATTRIBUTES, AttributesFile, NUMBER};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::memory::Memory;

use crate::seeds;

/// A signature costs as much as all the rest: one an input.
const COMPUTE_SIGNATURE: u8 = 0x2A;
const VERIFY: u8 = 0x20;

/// Any commands, to the card that the first byte chooses. Of the parts, one of one byte is not a command
/// but what happens to the card: power and reset.
pub(super) fn body(input: &[u8]) {
    let (head, parts) = seeds::parts(input);
    let cards = seeds::cards();
    let memory = &cards[usize::from(head) % cards.len()];
    let holder = Holder::of(memory);
    let mut card = EmulatedCard::new(memory.clone());
    card.power_on();
    let mut verified = false;
    for part in parts {
        match part[..] {
            [0x00] => card.power_off(),
            [0x01] => card.power_on(),
            [_] => card.reset(),
            _ => {
                let before = tries(&card);
                let answer = card.transmit(&part);
                let response = Response::decode(&answer).expect("every answer has a status word");
                let command = Command::decode(&part).ok();
                well_formed(command.as_ref(), &response);
                counters_are_kept(command.as_ref(), response.status, &before, &card);
                let command = command.filter(|_| response.status == Status::Success);
                verified |= command
                    .as_ref()
                    .is_some_and(|command| command.ins == VERIFY);
                assert!(
                    verified || !holder.is_in(response.data()),
                    "nothing was presented"
                );
                if command.is_some_and(|command| command.ins == COMPUTE_SIGNATURE) {
                    return;
                }
            }
        }
    }
}

fn well_formed(command: Option<&Command>, response: &Response) {
    let Some(command) = command else {
        assert_eq!(response.status, Status::WrongLength);
        assert!(response.data().is_empty());
        return;
    };
    let most = usize::try_from(command.expected()).unwrap_or(usize::MAX);
    assert!(response.data().len() <= most, "more than was asked for");
    assert!(
        response.data().is_empty()
            || matches!(
                response.status,
                Status::Success | Status::EndOfFile | Status::MoreData(_)
            ),
        "data beside an error"
    );
}

type Tries = BTreeMap<(Ap, Ef), u8>;

fn tries(card: &EmulatedCard) -> Tries {
    let tries = card.memory().tries();
    tries.map(|(ap, ef, left)| ((ap, ef), left)).collect()
}

/// One command changes one counter at most: by one down, or up for who presented the right thing.
fn counters_are_kept(
    command: Option<&Command>,
    status: Status,
    before: &Tries,
    card: &EmulatedCard,
) {
    let after = tries(card);
    let mut changed = after
        .iter()
        .filter(|(reference, left)| before.get(reference) != Some(left));
    let Some((&(ap, ef), &left)) = changed.next() else {
        return;
    };
    assert!(changed.next().is_none(), "two counters at once");
    let command = command.expect("what is no command changes nothing");
    let had = before[&(ap, ef)];
    assert!(had > 0, "a blocked counter moves");
    assert!(!command.data().is_empty(), "asking costs nothing");
    if card.memory().matches(ap, ef, command.data()) {
        assert_eq!((left > had, status), (true, Status::Success));
    } else {
        assert_eq!((left, status), (had - 1, Status::TriesLeft(had - 1)));
    }
}

/// What nobody may learn before presenting something.
struct Holder {
    number: Vec<u8>,
    name: Vec<u8>,
}

impl Holder {
    fn of(memory: &Memory) -> Self {
        let file = |ef| memory.file(Ap::Text, ef).expect("every persona has it");
        let attributes = AttributesFile::decode(file(ATTRIBUTES)).expect("a persona's file");
        Self {
            number: file(NUMBER)[3..15].to_vec(),
            name: attributes.attributes().name().expose().clone().into_bytes(),
        }
    }

    fn is_in(&self, data: &[u8]) -> bool {
        [&self.number, &self.name]
            .into_iter()
            .any(|secret| data.windows(secret.len()).any(|window| window == *secret))
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    seeds::transcripts()
        .iter()
        .flat_map(|commands| [0, 1].map(|persona| seeds::with_head(persona, commands)))
        .collect()
}
