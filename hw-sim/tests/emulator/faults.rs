//! Each fault does what its name says, where and as often as it says.

use card::key::SHA256_DIGEST_INFO;
use card::transport::{Transport, TransportError};
use card::{jpki_ap, text_ap};
use hw_sim::fault::{Faulty, Outcome};

use crate::common::Copy;

const SELECT: [u8; 15] = [
    0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08,
];
const TRIES: [u8; 4] = [0x00, 0x20, 0x00, 0x91];
const PIN: [u8; 9] = [0x00, 0x20, 0x00, 0x91, 4, b'1', b'2', b'3', b'4'];
const WRONG_PIN: [u8; 9] = [0x00, 0x20, 0x00, 0x91, 4, b'0', b'0', b'0', b'0'];
const CERTIFICATE: [u8; 5] = [0x00, 0xB0, 0x84, 0x00, 0x00];
const NUMBER: [u8; 5] = [0x00, 0xB0, 0x81, 0x00, 0x00];

/// An ordinary card with these faults, with power; others may be swapped in.
struct Held {
    card: Faulty,
    _folders: Vec<Copy>,
}

impl Held {
    fn with(faults: &[&str]) -> Self {
        let ordinary = Copy::of("ordinary");
        let mut card = Faulty::of("ordinary".parse().unwrap(), ordinary.load());
        let mut folders = vec![ordinary];
        for fault in faults {
            let load = |persona: &hw_sim::persona::PersonaName| {
                let copy = Copy::of(persona.as_str());
                let card = copy.load();
                folders.push(copy);
                Some(card)
            };
            card.add(fault.parse().unwrap(), load).unwrap();
        }
        card.power_on();
        Self {
            card,
            _folders: folders,
        }
    }

    fn send(&mut self, command: &[u8]) -> Vec<u8> {
        match self.card.answer(command).outcome {
            Outcome::Answer(answer) => answer.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    fn tries(&self) -> u8 {
        let memory = self.card.card().memory();
        memory.tries_left(hw_sim::ap::Ap::Text, text_ap::PIN)
    }
}

#[test]
fn a_fault_strikes_where_it_says_and_as_often() {
    let strikes = |fault: &str, commands: &[&[u8]]| {
        let mut held = Held::with(&[fault]);
        let struck = |command: &&[u8]| usize::from(!held.card.answer(command).struck.is_empty());
        commands.iter().map(struck).collect::<Vec<_>>()
    };
    let commands: [&[u8]; 6] = [&SELECT, &TRIES, &CERTIFICATE, &CERTIFICATE, &PIN, &NUMBER];
    assert_eq!(strikes("slow=1", &commands), [1, 0, 0, 0, 0, 0]);
    assert_eq!(strikes("slow=1@apdu=3", &commands), [0, 0, 1, 0, 0, 0]);
    assert_eq!(strikes("slow=1@ins=B0", &commands), [0, 0, 1, 0, 0, 0]);
    assert_eq!(
        strikes("slow=1@ins=B0,times=2", &commands),
        [0, 0, 1, 1, 0, 0]
    );
    assert_eq!(
        strikes("slow=1@ins=B0,times=always", &commands),
        [0, 0, 1, 1, 0, 1]
    );
    assert_eq!(
        strikes("slow=1@ef=0011,times=2", &commands),
        [0, 1, 0, 0, 1, 0]
    );
    assert_eq!(
        strikes("slow=1@ef=text:0001", &commands),
        [0, 0, 0, 0, 0, 1]
    );
    assert_eq!(strikes("slow=1@ef=surface:0001", &commands), [0; 6]);
    // By selection: SELECT EF, and then an offset.
    let selected: [&[u8]; 3] = [
        &SELECT,
        &[0x00, 0xA4, 0x02, 0x0C, 2, 0x00, 0x05],
        &[0x00, 0xB0, 0x00, 0x00, 5],
    ];
    assert_eq!(strikes("slow=1@ef=0005", &selected), [0, 0, 1]);
    // By a command that was refused, once it had found the file.
    let refused: [&[u8]; 4] = [&SELECT, &CERTIFICATE, &NUMBER, &[0x00, 0xB0, 0x00, 0x00, 5]];
    assert_eq!(
        strikes("slow=1@ef=0001,times=always", &refused),
        [0, 0, 1, 1]
    );
    assert_eq!(
        strikes(
            "slow=1@ef=text:0011,times=always",
            &[&SELECT, &TRIES, &[0x00, 0x20, 0x00, 0x80]]
        ),
        [0, 1, 1]
    );
}

#[test]
fn a_signature_is_about_its_key() {
    let named = [&[0x80, 0x2A, 0x00, 0x97, 1][..], &[7, 0]].concat();
    let current = [&[0x80, 0x2A, 0x00, 0x80, 1][..], &[7, 0]].concat();
    let select = [&[0x00, 0xA4, 0x04, 0x0C, 10][..], &jpki_ap::AID].concat();
    let pin = [&[0x00, 0x20, 0x00, 0x98, 4][..], b"1234"].concat();
    let mut held = Held::with(&["wrong-sw=6F00@ef=jpki:0017,times=always"]);
    let statuses = [&select, &pin, &named, &current].map(|command| held.send(command));
    let fault = vec![0x6F, 0x00];
    let done = vec![0x90, 0x00];
    assert_eq!(statuses, [done.clone(), done, fault.clone(), fault]);
    // The text AP has one key, whatever is selected.
    let challenge = [
        &[0x80, 0x2A, 0x00, 0x00, 51][..],
        &SHA256_DIGEST_INFO,
        &[7; 32],
        &[0],
    ]
    .concat();
    for (fault, strikes) in [("mute@ef=text:0013", true), ("mute@ef=0004,times=2", false)] {
        let mut held = Held::with(&[fault]);
        held.send(&SELECT);
        let _ = held.card.answer(&CERTIFICATE);
        assert_eq!(held.card.answer(&challenge).struck.len() == 1, strikes);
    }
}

#[test]
fn an_answer_is_spoilt_as_its_fault_says() {
    let whole = {
        let mut held = Held::with(&[]);
        held.send(&SELECT);
        held.send(&CERTIFICATE)
    };
    let spoilt = |fault: &str| {
        let mut held = Held::with(&[fault]);
        held.send(&SELECT);
        held.send(&CERTIFICATE)
    };
    assert_eq!(whole.len(), 258);
    assert_eq!(spoilt("wrong-sw=6982@apdu=2"), [0x69, 0x82]);
    assert_eq!(
        spoilt("truncated@apdu=2"),
        [&whole[..128], &[0x90, 0x00]].concat()
    );
    assert_eq!(spoilt("truncated@apdu=1"), whole);
    assert_eq!(spoilt("duplicate-answer@apdu=2"), [0x90, 0x00]);
    let overlong = spoilt("overlong@apdu=2");
    assert_eq!(overlong.len(), 258 + 256);
    assert!(overlong.starts_with(&whole[..256]) && overlong.ends_with(&[0x90, 0x00]));
    let garbage = spoilt("garbage@apdu=2");
    assert!(garbage.len() == 258 && garbage != whole);
    let flipped = spoilt("bit-flip@apdu=2");
    let differing = whole
        .iter()
        .zip(&flipped)
        .map(|(a, b)| (a ^ b).count_ones());
    assert_eq!((flipped.len(), differing.sum::<u32>()), (258, 1));
    // The same fault does the same again; another seed does not.
    assert_eq!(spoilt("garbage@apdu=2"), garbage);
    assert_ne!(spoilt("garbage@apdu=2,seed=1"), garbage);
    assert_ne!(spoilt("bit-flip@apdu=2,seed=1"), flipped);

    let mut held = Held::with(&["truncated@apdu=1"]);
    assert_eq!(held.send(&SELECT), [0x90]);
}

#[test]
fn a_card_that_does_not_answer_has_carried_the_command_out() {
    for (fault, error, after) in [
        (
            "lifted@apdu=2",
            TransportError::CardLifted,
            Err(TransportError::CardLifted),
        ),
        (
            "mute@apdu=2",
            TransportError::Protocol,
            Ok(vec![0x63, 0xC2]),
        ),
    ] {
        let mut held = Held::with(&[fault]);
        let mut powered = held.card.powered();
        assert!(powered.transmit(&SELECT).is_ok());
        assert_eq!(powered.transmit(&WRONG_PIN), Err(error));
        let answer = powered.transmit(&TRIES).map(|bytes| bytes.to_vec());
        assert_eq!(answer, after);
        drop(powered);
        assert_eq!(held.tries(), 2, "{fault}");
    }
}

#[test]
fn a_moment_without_power_clears_what_power_off_clears() {
    let mut held = Held::with(&["reset@apdu=4"]);
    assert_eq!(held.send(&SELECT), [0x90, 0x00]);
    assert_eq!(held.send(&PIN), [0x90, 0x00]);
    assert_eq!(held.send(&NUMBER).len(), 19);
    assert_eq!(held.send(&NUMBER), [0x6A, 0x82]);
}

#[test]
fn another_card_takes_its_place_and_the_next_time_it_is_back() {
    let mut held = Held::with(&["swapped=one-try-left@ins=A4,times=2"]);
    assert_eq!(held.send(&SELECT), [0x90, 0x00]);
    assert_eq!(held.card.persona().unwrap().as_str(), "one-try-left");
    assert_eq!(held.send(&TRIES), [0x63, 0xC1]);
    assert_eq!(held.send(&SELECT), [0x90, 0x00]);
    assert_eq!(held.card.persona().unwrap().as_str(), "ordinary");
    assert_eq!(held.send(&TRIES), [0x63, 0xC3]);
    assert_eq!(held.card.faults().count(), 0);
}

#[test]
fn several_faults_strike_one_command_together() {
    let mut held = Held::with(&["slow=20", "slow=30", "wrong-sw=6F00"]);
    let answered = held.card.answer(&SELECT);
    assert_eq!((answered.late.as_millis(), answered.struck.len()), (50, 3));
    assert!(matches!(answered.outcome, Outcome::Answer(answer) if *answer == [0x6F, 0x00]));
    let mut held = Held::with(&["mute,times=always"]);
    held.card.clear();
    assert_eq!(held.send(&SELECT), [0x90, 0x00]);
}
