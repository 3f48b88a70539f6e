//! Against a card in memory that knows only what these tests ask; the emulator is the real judge.

use std::cell::RefCell;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::*;
use crate::apdu::{Response, SHORT_DATA};
use crate::evidence::Evidence;
use crate::surface_ap;

mod binding;
mod expiry;

/// Answers reads from the real test card's files, short EF id or offset; everything else as told.
#[derive(Clone)]
struct MemoryCard {
    log: Rc<RefCell<Vec<Vec<u8>>>>,
    dropped: Rc<RefCell<bool>>,
    extended: bool,
    /// Status words for SELECT, in order; then `9000`.
    selects: Vec<u16>,
    /// Status words for asking the tries, in order; then `63C3`.
    tries: Vec<u16>,
    /// Status word for VERIFY.
    verify: u16,
    /// Before which APDU, counted from zero, the card is lifted.
    lifted: Option<usize>,
    filler: usize,
    /// Most bytes that a read by offset gives.
    piece: usize,
    /// Another birth date in EF 0002, as the card writes it; EF 0003 goes with it.
    birth: Option<[u8; 8]>,
    /// Another EF 0002, with which EF 0003 does not go.
    misread: Option<Vec<u8>>,
    /// AIDs that are answered `6A82`.
    absent: Vec<Vec<u8>>,
    surface: Surface,
    common: Common,
    selected: Vec<u8>,
    current: Vec<u8>,
}

/// How the surface AP answers.
#[derive(Clone)]
struct Surface {
    /// Status word for SELECT.
    select: u16,
    /// Status word for asking the tries.
    tries: u16,
    /// Status word for VERIFY.
    verify: u16,
    /// Status word for the challenge.
    challenge: u16,
    /// EF 0001.
    record: Vec<u8>,
    /// Status word for READ BINARY of EF 0004.
    certificate: u16,
}

impl Default for Surface {
    fn default() -> Self {
        Self {
            select: 0x9000,
            tries: 0x63CA,
            verify: 0x9000,
            challenge: 0x9000,
            record: include_bytes!("../../tests/vectors/surface-ap/surface-0001.bin").to_vec(),
            certificate: 0x9000,
        }
    }
}

/// How the common AP answers.
#[derive(Clone)]
struct Common {
    record: Vec<u8>,
    /// Whether READ RECORD may name the file.
    by_short_id: bool,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            record: [&[0x01, 0x1C][..], b"0123456789012341322120310217"].concat(),
            by_short_id: true,
        }
    }
}

impl Default for MemoryCard {
    fn default() -> Self {
        Self {
            log: Rc::default(),
            dropped: Rc::default(),
            extended: true,
            selects: Vec::new(),
            tries: Vec::new(),
            verify: 0x9000,
            lifted: None,
            filler: 0,
            piece: usize::MAX,
            birth: None,
            misread: None,
            absent: Vec::new(),
            surface: Surface::default(),
            common: Common::default(),
            selected: Vec::new(),
            current: Vec::new(),
        }
    }
}

const ANSWER: [u8; 256] = [0x5A; 256];
const SURFACE_ANSWER: [u8; 256] = [0x5B; 256];

/// An EF 0002 with this birth date in place of the vector's.
fn born(attributes: &[u8], birth: [u8; 8]) -> Vec<u8> {
    let mut other = attributes.to_vec();
    replace(&mut other, b"19800217", &birth);
    other
}

fn replace(content: &mut [u8], what: &[u8], by: &[u8]) {
    let mut places = content.windows(what.len());
    let at = places.position(|bytes| bytes == what).unwrap();
    content[at..at + by.len()].copy_from_slice(by);
}

impl MemoryCard {
    fn file(&self, short_id: u8) -> Vec<u8> {
        let surface = self.selected == surface_ap::AID;
        let content: &[u8] = match short_id {
            1 if surface => &self.surface.record,
            4 if surface => include_bytes!("../../tests/vectors/surface-ap/surface-0004.bin"),
            1 => include_bytes!("../../tests/vectors/text-ap/text-0001.bin"),
            2 => include_bytes!("../../tests/vectors/text-ap/text-0002.bin"),
            3 => include_bytes!("../../tests/vectors/text-ap/text-0003.bin"),
            4 => include_bytes!("../../tests/vectors/text-ap/text-0004.bin"),
            7 => include_bytes!("../../tests/vectors/text-ap/text-0007.bin"),
            _ => &[],
        };
        let filler = if short_id == 1 && !surface {
            0
        } else {
            self.filler
        };
        let mut content = content.to_vec();
        if let Some(birth) = self.birth.filter(|_| !surface) {
            let attributes = include_bytes!("../../tests/vectors/text-ap/text-0002.bin");
            let other = born(attributes, birth);
            let digest = |bytes: &[u8]| *AttributesFile::decode(bytes).unwrap().digest();
            match short_id {
                2 => content = other,
                3 => replace(&mut content, &digest(attributes), &digest(&other)),
                _ => {}
            }
        }
        if let (2, false, Some(misread)) = (short_id, surface, &self.misread) {
            content.clone_from(misread);
        }
        content.resize(content.len() + filler, 0xFF);
        content
    }

    fn respond(&mut self, command: &Command) -> Response {
        let next = |queue: &mut Vec<u16>, last: u16| {
            let word = if queue.is_empty() {
                last
            } else {
                queue.remove(0)
            };
            Response::from(Status::from(word))
        };
        if command.is_extended() && !self.extended {
            return Status::WrongLength.into();
        }
        let surface = self.selected == surface_ap::AID;
        let word = |word: u16| Response::from(Status::from(word));
        match (command.ins, command.data().len()) {
            (ins::SELECT, 2) => Status::Success.into(),
            (ins::SELECT, _) if self.absent.iter().any(|aid| aid == command.data()) => {
                Status::NotFound.into()
            }
            (ins::SELECT, _) => {
                let response = if command.data() == surface_ap::AID {
                    word(self.surface.select)
                } else {
                    next(&mut self.selects, 0x9000)
                };
                if response.status == Status::Success {
                    self.selected = command.data().to_vec();
                }
                response
            }
            (ins::VERIFY, 0) if surface => word(self.surface.tries),
            (ins::VERIFY, _) if surface => word(self.surface.verify),
            (ins::COMPUTE_SIGNATURE, _) if surface && self.surface.challenge != 0x9000 => {
                word(self.surface.challenge)
            }
            (ins::COMPUTE_SIGNATURE, _) if surface => {
                Response::new(&SURFACE_ANSWER, Status::Success)
            }
            (ins::READ_BINARY, _)
                if surface && command.p1 == 0x84 && self.surface.certificate != 0x9000 =>
            {
                word(self.surface.certificate)
            }
            (ins::READ_RECORD, _) => match (self.common.by_short_id, command.p1, command.p2) {
                (true, 0x01, 0x0C) | (_, 0x01, 0x04) => {
                    Response::new(&self.common.record, Status::Success)
                }
                _ => Status::WrongParameters.into(),
            },
            (ins::VERIFY, 0) => next(&mut self.tries, 0x63C3),
            (ins::VERIFY, _) => Status::from(self.verify).into(),
            (ins::COMPUTE_SIGNATURE, _) => Response::new(&ANSWER, Status::Success),
            (ins::READ_BINARY, _) => {
                let (offset, most) = if command.p1 & 0x80 != 0 {
                    self.current = self.file(command.p1 & 0x1F);
                    (usize::from(command.p2), usize::MAX)
                } else {
                    let offset = u16::from_be_bytes([command.p1, command.p2]);
                    (usize::from(offset), self.piece)
                };
                let rest = self.current.get(offset..).unwrap_or_default();
                let expected = usize::try_from(command.expected()).unwrap();
                let count = rest.len().min(expected).min(most);
                Response::new(&rest[..count], Status::Success)
            }
            _ => Status::UnknownInstruction.into(),
        }
    }

    fn headers(&self) -> Vec<[u8; 4]> {
        let log = self.log.borrow();
        log.iter()
            .map(|sent| sent[..4].try_into().unwrap())
            .collect()
    }
}

impl Transport for MemoryCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        if self.lifted == Some(self.log.borrow().len()) {
            return Err(TransportError::CardLifted);
        }
        self.log.borrow_mut().push(command.to_vec());
        Ok(self.respond(&Command::decode(command).unwrap()).encode())
    }
}

/// What holds a transport and drops it, as PC/SC's powers down.
struct Watched(MemoryCard);

impl Transport for Watched {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        self.0.transmit(command)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        *self.0.dropped.borrow_mut() = true;
    }
}

fn pin() -> Pin {
    Pin::try_from("1234").unwrap()
}

const CONTEXT: Context<'static> = Context {
    center_nonce: [1; 32],
    vrs_nonce: &[2; 48],
    center: "center-1",
    vrs: "vrs-1",
    terminal: "urn:shomei:terminal:kiosk:dev:0001",
    exporter: [3; 32],
    session_key: [4; 32],
};

/// The text AP alone.
fn whole(card: &MemoryCard, lengths: &Lengths) -> Result<Evidence, SessionError> {
    Ok(answered(card, lengths)?.unbound())
}

fn answered(
    card: &MemoryCard,
    lengths: &Lengths,
) -> Result<Answered<'static, Watched>, SessionError> {
    let asked = Connected::new(Watched(card.clone()), lengths.clone())
        .select()?
        .ask_tries()?;
    match asked.verify(pin())? {
        Attempt::Verified(unlocked) => unlocked.read()?.answer(&CONTEXT),
        other => panic!("{:?}", other.outcome()),
    }
}

#[test]
fn nine_apdus_from_select_to_the_answer() {
    let card = MemoryCard::default();
    let evidence = whole(&card, &Lengths::default()).unwrap();
    let log = card.log.borrow();
    assert_eq!(log.len(), 9);
    assert_eq!(
        log[0],
        [&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], &text_ap::AID].concat()
    );
    assert_eq!(log[1], [0x00, 0x20, 0x00, 0x91]);
    assert_eq!(log[2], *b"\x00\x20\x00\x91\x041234");
    for (sent, short_id) in log[3..8].iter().zip([1, 2, 3, 4, 7]) {
        assert_eq!(*sent, [0x00, 0xB0, 0x80 | short_id, 0x00, 0x00, 0x00, 0x00]);
    }
    let digest = CONTEXT.digest(ApRole::Text, evidence.files().named());
    let challenge = [
        &[0x80, 0x2A, 0x00, 0x00, 0x33][..],
        &SHA256_DIGEST_INFO,
        &digest,
        &[0x00],
    ];
    assert_eq!(log[8], challenge.concat());
    assert!(*card.dropped.borrow());
}

#[test]
fn refused_extended_length_is_remembered_for_the_reader() {
    let card = MemoryCard {
        extended: false,
        ..MemoryCard::default()
    };
    let lengths = Lengths::default();
    let first = whole(&card, &lengths).unwrap();
    // 336 = 256 + 80; 568 = 256 + 256 + 56; 536 = 256 + 256 + 24; and the one refused.
    assert_eq!(card.log.borrow().len(), 9 + 1 + 1 + 2 + 2);
    assert!(!lengths.extended());

    card.log.borrow_mut().clear();
    let again = whole(&card, &lengths).unwrap();
    assert_eq!(card.log.borrow().len(), 9 + 1 + 2 + 2);
    assert_eq!(first, again);
    assert_eq!(
        first,
        whole(&MemoryCard::default(), &Lengths::default()).unwrap()
    );
    let longest = card.log.borrow().iter().map(Vec::len).max().unwrap();
    assert!(longest <= 4 + 1 + SHORT_DATA + 1);
}

/// Found by fuzzing: a card could keep its reader busy with 8,192 commands for each file.
#[test]
fn a_card_that_gives_a_byte_at_a_time_is_given_up() {
    let card = |piece| MemoryCard {
        extended: false,
        piece,
        ..MemoryCard::default()
    };
    // 568 = 256 + 312 in the longest file.
    let patient = card(4);
    assert!(whole(&patient, &Lengths::default()).is_ok());
    let slow = card(1);
    let refused = whole(&slow, &Lengths::default());
    let cut_off = FileError::Tlv(crate::tlv::TlvError::Truncated);
    assert_eq!(refused, Err(SessionError::File(cut_off)));
    // SELECT, tries, VERIFY, extended length refused, EF 0001, 0002, 0003, and the beginning of 0004.
    assert!(slow.log.borrow().len() <= 3 + 1 + 1 + 1 + (1 + 80) + 1 + 129);
}

/// Found by fuzzing: GET RESPONSE went on for as long as a card said that more is waiting.
#[test]
fn a_card_that_always_has_a_byte_more_is_given_up() {
    struct Endless(Rc<RefCell<u32>>);

    impl Transport for Endless {
        fn transmit(&mut self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
            *self.0.borrow_mut() += 1;
            Ok(Response::new(&[0], Status::MoreData(1)).encode())
        }
    }

    let count = Rc::default();
    let card = Endless(Rc::clone(&count));
    let refused = Connected::new(card, Lengths::default()).select().map(drop);
    let protocol = SessionError::Transport(TransportError::Protocol);
    assert_eq!(refused, Err(protocol));
    assert_eq!(*count.borrow(), 2048);
}

#[test]
fn filler_after_a_file_is_not_evidence() {
    for extended in [true, false] {
        let card = MemoryCard {
            extended,
            filler: 300,
            ..MemoryCard::default()
        };
        let plain = whole(&MemoryCard::default(), &Lengths::default()).unwrap();
        assert_eq!(whole(&card, &Lengths::default()).unwrap(), plain);
    }
}

#[test]
fn the_first_apdu_after_power_up_may_fail_once() {
    let card = |selects| MemoryCard {
        selects,
        ..MemoryCard::default()
    };
    let select = |card: MemoryCard| Connected::new(card, Lengths::default()).select();
    assert!(select(card(vec![0x6F00])).is_ok());
    let card = card(vec![0x6F00, 0x6F00]);
    assert!(matches!(
        select(card.clone()),
        Err(SessionError::Unexpected {
            step: Step::Select,
            status: Status::NoDiagnosis
        })
    ));
    assert_eq!(card.log.borrow().len(), 3);
}

#[test]
fn phones_and_other_cards_are_told_apart() {
    for (selects, error) in [
        (vec![0x6A82, 0x9000], SessionError::Phone),
        (vec![0x6A82, 0x6A82], SessionError::WrongCard),
        (vec![0x6E00, 0x6E00], SessionError::WrongCard),
    ] {
        let card = MemoryCard {
            selects,
            ..MemoryCard::default()
        };
        let outcome = Connected::new(card, Lengths::default()).select();
        assert_eq!(outcome.err(), Some(error));
    }
}

#[test]
fn one_entry_is_one_verify_and_the_tries_are_asked_before_each() {
    let card = MemoryCard {
        verify: 0x63C2,
        tries: vec![0x63C3, 0x63C2],
        ..MemoryCard::default()
    };
    let selected = Connected::new(card.clone(), Lengths::default())
        .select()
        .unwrap();
    let asked = selected.ask_tries().unwrap();
    assert_eq!(asked.remaining(), 3);
    let attempt = asked.verify(pin()).unwrap();
    assert_eq!(attempt.outcome(), PinOutcome::Wrong { remaining: 2 });
    let Attempt::Wrong { again, .. } = attempt else {
        panic!("wrong is wrong");
    };
    assert_eq!(again.ask_tries().unwrap().remaining(), 2);
    let verify = [0x00, 0x20, 0x00, 0x91];
    let sent = |card: &MemoryCard| card.headers()[1..].to_vec();
    assert_eq!(sent(&card), [verify; 3]);
    let with_data = card
        .log
        .borrow()
        .iter()
        .filter(|sent| sent.len() == 9)
        .count();
    assert_eq!(with_data, 1);
}

#[test]
fn a_blocked_pin_gets_no_verify() {
    for word in [0x63C0, 0x6984] {
        let card = MemoryCard {
            tries: vec![word],
            ..MemoryCard::default()
        };
        assert_eq!(
            whole(&card, &Lengths::default()),
            Err(SessionError::PinBlocked)
        );
        assert_eq!(card.log.borrow().len(), 2);
        assert!(*card.dropped.borrow());
    }
    let card = MemoryCard {
        verify: 0x6984,
        ..MemoryCard::default()
    };
    let asked = Connected::new(card, Lengths::default())
        .select()
        .unwrap()
        .ask_tries();
    let attempt = asked.unwrap().verify(pin()).unwrap();
    assert_eq!(attempt.outcome(), PinOutcome::Blocked);
}

#[test]
fn a_pin_left_verified_by_somebody_is_cleared_first() {
    let card = MemoryCard {
        tries: vec![0x9000, 0x63C3],
        ..MemoryCard::default()
    };
    whole(&card, &Lengths::default()).unwrap();
    let selects: Vec<_> = card.log.borrow()[..6]
        .iter()
        .filter(|sent| sent[1] == ins::SELECT)
        .map(|sent| sent[5..].to_vec())
        .collect();
    assert_eq!(selects, [aid::TEXT_AP, aid::JPKI_AP, aid::TEXT_AP]);

    let card = MemoryCard {
        tries: vec![0x9000, 0x9000],
        ..MemoryCard::default()
    };
    assert!(matches!(
        whole(&card, &Lengths::default()),
        Err(SessionError::Unexpected {
            step: Step::Tries,
            ..
        })
    ));
}

#[test]
fn no_tries_are_asked_in_another_application() {
    let card = MemoryCard {
        selects: vec![0x9000, 0x9000, 0x6A82],
        tries: vec![0x9000, 0x63C3],
        ..MemoryCard::default()
    };
    assert!(matches!(
        whole(&card, &Lengths::default()),
        Err(SessionError::Unexpected {
            step: Step::Select,
            status: Status::NotFound,
        })
    ));
    // Three SELECTs and one question, and nothing after.
    assert_eq!(card.log.borrow().len(), 4);
    assert!(*card.dropped.borrow());
}

#[test]
fn lifted_before_any_apdu_is_noticed_and_ends_the_connection() {
    for at in 0..9 {
        let card = MemoryCard {
            lifted: Some(at),
            ..MemoryCard::default()
        };
        let lengths = Lengths::default();
        assert_eq!(
            whole(&card, &lengths),
            Err(SessionError::Transport(TransportError::CardLifted))
        );
        assert_eq!(card.log.borrow().len(), at);
        assert!(*card.dropped.borrow());
        assert!(lengths.extended(), "lifting says nothing about the reader");
    }
}
