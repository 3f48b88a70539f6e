use card::apdu::{Command, Response};
use card::evidence::{Binding, Evidence};
use card::expiry::Day;
use card::ins;
use card::messaging::Protection;
use card::session::{Attempt, BIRTH_CODE_TRIES, Connected, Proof, SessionError};
use card::status::Status;
use card::transport::{Lengths, Transport, TransportError};
use card::{surface_ap, text_ap};
use zeroize::Zeroizing;

use super::CONTEXT;
use crate::seeds;

/// APDUs of one session at most, whatever the card answers.
const MOST_COMMANDS: usize = 2048;

/// The card's answers are the input's parts, one by one. Of the first byte, bit 0 is a reader that takes
/// no extended length, bit 1 a holder who enters a second PIN, bit 2 a card that goes on with its last
/// answer for ever (without it, it is lifted then), bit 3 a terminal that asks for the expiry date, and
/// bit 4 one that reads by secure messaging.
pub(super) fn body(input: &[u8]) {
    let (head, answers) = seeds::parts(input);
    let mut card = HostileCard {
        answers,
        next: 0,
        tireless: head & 4 != 0,
        log: Vec::new(),
    };
    let lengths = Lengths::default();
    if head & 1 != 0 {
        lengths.refuse_extended();
    }
    let entries = if head & 2 != 0 { 2 } else { 1 };
    let proof = session(&mut card, &lengths, entries, head);
    card.judge(entries);
    let Ok(Some(proof)) = proof else {
        return;
    };
    let bound = matches!(proof, Proof::Bound(_));
    let evidence = proof.into_evidence();
    assert_eq!(evidence.has_surface(), bound);
    let sent = evidence.encode();
    assert_eq!(Evidence::decode(&sent).as_ref(), Ok(&evidence));
    for binding in [Binding::Required, Binding::Optional] {
        let again = Evidence::decode(&sent).expect("it was evidence");
        let verified = again.verify(&CONTEXT, seeds::trust(), binding);
        assert!(verified.is_err(), "nobody answered in this context");
    }
}

fn session(
    card: &mut HostileCard,
    lengths: &Lengths,
    entries: usize,
    head: u8,
) -> Result<Option<Proof>, SessionError> {
    let mut connected = Connected::new(card, lengths.clone());
    if head & 8 != 0 {
        connected = connected.unexpired(Day::new(2026, 11, 24).expect("a day"))?;
    }
    let mut selected = connected.select()?;
    for _ in 0..entries {
        let asked = selected.ask_tries()?;
        assert!(asked.remaining() > 0, "no VERIFY without tries");
        let pin = "1234".try_into().expect("four digits");
        match asked.verify(pin)? {
            Attempt::Verified(unlocked) => {
                let protection = if head & 16 == 0 {
                    Protection::Plain
                } else {
                    Protection::SecureMessaging
                };
                let unlocked = unlocked.with_protection(protection);
                return unlocked.read()?.answer(&CONTEXT)?.bind().map(Some);
            }
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
    log: Vec<(Command, Option<Status>)>,
}

impl Transport for &mut HostileCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        let command = Command::decode(command).expect("the client sends commands");
        assert!(self.log.len() < MOST_COMMANDS, "no end of commands");
        let answer = self.answer();
        let status = answer
            .as_ref()
            .ok()
            .and_then(|answer| Response::decode(answer).ok())
            .map(|response| response.status);
        self.log.push((command, status));
        answer
    }
}

impl HostileCard {
    fn answer(&mut self) -> Result<Zeroizing<Vec<u8>>, TransportError> {
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

    /// What the client sent, whatever the answers were.
    fn judge(&self, entries: usize) {
        let mut selected: &[u8] = &[];
        let (mut pins, mut codes) = (0, 0);
        for (index, (command, _)) in self.log.iter().enumerate() {
            match command.ins {
                ins::SELECT if command.p1 == 0x04 => selected = command.data(),
                ins::VERIFY if !command.data().is_empty() => {
                    let left = self.tries_before(index);
                    if selected == text_ap::AID {
                        assert_eq!(command.data(), b"1234");
                        assert!(left >= 1, "a PIN without tries");
                        pins += 1;
                    } else {
                        assert_eq!(selected, surface_ap::AID);
                        assert_eq!(command.data().len(), 6, "a birth code");
                        assert!(
                            left >= BIRTH_CODE_TRIES / 2,
                            "the holder's half of the tries"
                        );
                        codes += 1;
                    }
                }
                ins::READ_BINARY => assert!(pins > 0, "files are read before the PIN"),
                _ => {}
            }
        }
        assert!(pins <= entries, "a PIN was presented twice");
        assert!(codes <= 1, "the birth code was presented twice");
    }

    /// What the card said when it was asked for the tries just before; it may have said so by GET RESPONSE.
    fn tries_before(&self, index: usize) -> u8 {
        let before = &self.log[..index];
        let Some((_, Some(Status::TriesLeft(left)))) = before.last() else {
            panic!("something is presented with the tries not asked just before");
        };
        let mut asked = before.iter().rev().map(|(command, _)| command);
        let asked = asked.find(|command| command.ins != ins::GET_RESPONSE);
        let reference = self.log[index].0.p2;
        let is_question = |command: &Command| {
            (command.ins, command.p2) == (ins::VERIFY, reference) && command.data().is_empty()
        };
        assert!(asked.is_some_and(is_question), "another question");
        *left
    }
}
