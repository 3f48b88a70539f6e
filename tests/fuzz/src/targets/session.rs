use card::apdu::Command;
use card::evidence::Evidence;
use card::session::{Attempt, Connected, SessionError};
use card::transport::{Lengths, Transport, TransportError};
use zeroize::Zeroizing;

use super::CONTEXT;
use crate::seeds;

/// APDUs of one session at most: SELECT and what else it takes to know a card, tries, VERIFY, five files
/// in at most 128 pieces each, the challenge.
const MOST_COMMANDS: usize = 12 + 5 * (2 + 128);
const READ_BINARY: u8 = 0xB0;
const VERIFY: u8 = 0x20;

/// The card's answers are the input's parts, one by one. Of the first byte, bit 0 is a reader that takes
/// no extended length, bit 1 a holder who enters a second PIN, and bit 2 a card that goes on with its last
/// answer for ever; without it, it is lifted then.
pub(super) fn body(input: &[u8]) {
    let (head, answers) = seeds::parts(input);
    let mut card = HostileCard {
        answers,
        next: 0,
        tireless: head & 4 != 0,
        commands: Vec::new(),
    };
    let lengths = Lengths::default();
    if head & 1 != 0 {
        lengths.refuse_extended();
    }
    let entries = if head & 2 != 0 { 2 } else { 1 };
    let evidence = session(&mut card, &lengths, entries);
    card.judge(entries);
    if let Ok(Some(evidence)) = evidence {
        let sent = evidence.encode();
        assert_eq!(Evidence::decode(&sent).as_ref(), Ok(&evidence));
        assert!(evidence.verify(&CONTEXT, seeds::trust()).is_err());
    }
}

fn session(
    card: &mut HostileCard,
    lengths: &Lengths,
    entries: usize,
) -> Result<Option<Evidence>, SessionError> {
    let mut selected = Connected::new(card, lengths.clone()).select()?;
    for _ in 0..entries {
        let asked = selected.ask_tries()?;
        assert!(asked.remaining() > 0, "no VERIFY without tries");
        let pin = "1234".try_into().expect("four digits");
        match asked.verify(pin)? {
            Attempt::Verified(unlocked) => return unlocked.read()?.answer(&CONTEXT).map(Some),
            Attempt::Wrong { again, .. } => selected = again,
            Attempt::Blocked => break,
        }
    }
    Ok(None)
}

struct HostileCard {
    answers: Vec<Vec<u8>>,
    next: usize,
    tireless: bool,
    commands: Vec<Command>,
}

impl Transport for &mut HostileCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        let command = Command::decode(command).expect("the client sends commands");
        self.commands.push(command);
        assert!(self.commands.len() <= MOST_COMMANDS, "no end of commands");
        let answer = match self.answers.get(self.next) {
            Some(answer) => answer,
            None if self.tireless => self.answers.last().ok_or(TransportError::CardLifted)?,
            None => return Err(TransportError::CardLifted),
        };
        self.next += 1;
        // A part of one byte is no answer but a reader that has none.
        match answer[..] {
            [0] => Err(TransportError::Protocol),
            [1] => Err(TransportError::NoCard),
            _ => Ok(Zeroizing::new(answer.clone())),
        }
    }
}

impl HostileCard {
    /// What the client sent, whatever the answers were.
    fn judge(&self, entries: usize) {
        let presented = |command: &&Command| command.ins == VERIFY && !command.data().is_empty();
        let count = self.commands.iter().filter(presented).count();
        assert!(count <= entries, "a PIN was presented twice");
        let mut asked = false;
        for command in &self.commands {
            if presented(&command) {
                assert!(asked, "a PIN was presented with the tries not asked before");
                assert_eq!(command.data(), b"1234");
            }
            asked = command.ins == VERIFY && command.data().is_empty();
            let read = command.ins == READ_BINARY;
            assert!(count > 0 || !read, "files are read before the PIN");
        }
    }
}
