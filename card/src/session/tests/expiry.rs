//! The common AP, before anything else.

use super::*;

fn day(year: u16, month: u8, day: u8) -> Day {
    Day::new(year, month, day).unwrap()
}

fn common(record: &[u8]) -> MemoryCard {
    MemoryCard {
        common: Common {
            record: record.to_vec(),
            ..Common::default()
        },
        ..MemoryCard::default()
    }
}

fn connect(card: &MemoryCard) -> Connected<Watched> {
    Connected::new(Watched(card.clone()), Lengths::default())
}

#[test]
fn two_apdus_before_the_text_ap_is_selected() {
    let card = MemoryCard::default();
    let connected = connect(&card).unexpired(day(2031, 2, 17)).unwrap();
    {
        let log = card.log.borrow();
        let select = [&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], &aid::COMMON_AP].concat();
        assert_eq!(*log, [select, vec![0x00, 0xB2, 0x01, 0x0C, 0x00]]);
    }
    let asked = connected.select().unwrap().ask_tries().unwrap();
    let Ok(Attempt::Verified(unlocked)) = asked.verify(pin()) else {
        panic!("the PIN is right");
    };
    let answered = unlocked.read().unwrap().answer(&CONTEXT).unwrap();
    assert!(matches!(answered.bind(), Ok(Proof::Bound(_))));
    assert_eq!(card.log.borrow().len(), 2 + 15);
}

#[test]
fn the_last_day_is_still_valid_and_the_day_after_ends_it_before_any_pin() {
    for (today, expired) in [
        (day(2026, 11, 24), false),
        (day(2031, 2, 17), false),
        (day(2031, 2, 18), true),
    ] {
        let card = MemoryCard::default();
        let passed = connect(&card).unexpired(today);
        assert_eq!(passed.err(), expired.then_some(SessionError::Expired));
        assert!(card.headers().iter().all(|header| header[1] != ins::VERIFY));
        assert!(*card.dropped.borrow());
    }
}

#[test]
fn the_record_tells_issuer_and_serial_number() {
    let mut connected = connect(&MemoryCard::default());
    let record = connected.card_record().unwrap().unwrap();
    assert_eq!(record.municipality(), b"13221");
    assert_eq!(record.serial().expose(), b"012345678901234");
}

#[test]
fn where_the_short_id_is_refused_the_file_is_selected() {
    let card = MemoryCard {
        common: Common {
            by_short_id: false,
            ..Common::default()
        },
        ..MemoryCard::default()
    };
    let expired = connect(&card).unexpired(day(2032, 1, 1));
    assert_eq!(expired.err(), Some(SessionError::Expired));
    let log = card.log.borrow();
    assert_eq!(log.len(), 4);
    assert_eq!(log[2], [0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x01]);
    assert_eq!(log[3], [0x00, 0xB2, 0x01, 0x04, 0x00]);
}

#[test]
fn filler_after_the_record_does_not_matter() {
    let record = [&Common::default().record[..], &[0xFF; 20]].concat();
    let expired = connect(&common(&record)).unexpired(day(2032, 1, 1));
    assert_eq!(expired.err(), Some(SessionError::Expired));
}

#[test]
fn a_card_that_does_not_tell_its_expiry_goes_on() {
    let without = MemoryCard {
        absent: vec![aid::COMMON_AP.to_vec()],
        ..MemoryCard::default()
    };
    let never = b"\x01\x1C0123456789012341322199999999";
    for card in [
        without,
        common(&[]),
        common(b"\x01\x1C01234"),
        common(never),
    ] {
        let connected = connect(&card).unexpired(day(2032, 1, 1)).unwrap();
        assert!(connected.select().unwrap().ask_tries().is_ok());
    }
}

#[test]
fn a_phone_is_still_told_as_one() {
    let phone = MemoryCard {
        absent: [aid::COMMON_AP, text_ap::AID].map(Vec::from).to_vec(),
        ..MemoryCard::default()
    };
    let connected = connect(&phone).unexpired(day(2026, 11, 24)).unwrap();
    assert_eq!(connected.select().err(), Some(SessionError::Phone));

    let other = MemoryCard {
        absent: [aid::COMMON_AP, text_ap::AID, aid::JPKI_AP]
            .map(Vec::from)
            .to_vec(),
        ..MemoryCard::default()
    };
    let connected = connect(&other).unexpired(day(2026, 11, 24)).unwrap();
    assert_eq!(connected.select().err(), Some(SessionError::WrongCard));
}

#[test]
fn the_first_apdu_after_power_up_may_fail_once_here_too() {
    let card = |selects| MemoryCard {
        selects,
        ..MemoryCard::default()
    };
    let once = card(vec![0x6F00]);
    let expired = connect(&once).unexpired(day(2032, 1, 1));
    assert_eq!(expired.err(), Some(SessionError::Expired));
    assert_eq!(once.log.borrow().len(), 3);
    // A second time it is an answer like any other; and it is no excuse for a later SELECT.
    let twice = card(vec![0x6F00, 0x6F00]);
    let connected = connect(&twice).unexpired(day(2032, 1, 1)).unwrap();
    assert!(connected.select().is_ok());
    assert_eq!(twice.log.borrow().len(), 3);
    let later = card(vec![0x9000, 0x6F00]);
    let connected = connect(&later).unexpired(day(2026, 1, 1)).unwrap();
    assert!(matches!(
        connected.select(),
        Err(SessionError::Unexpected {
            step: Step::Select,
            status: Status::NoDiagnosis
        })
    ));
}

#[test]
fn lifted_meanwhile_is_no_card_without_a_record() {
    for at in 0..2 {
        let card = MemoryCard {
            lifted: Some(at),
            ..MemoryCard::default()
        };
        let lifted = Some(SessionError::Transport(TransportError::CardLifted));
        assert_eq!(connect(&card).unexpired(day(2026, 1, 1)).err(), lifted);
    }
}
