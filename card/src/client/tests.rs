//! Against answers written down in order; the emulated card is the real judge.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::apdu::Response;
use crate::card_manager;
use crate::pin::Pin;
use crate::text_ap;
use crate::transport::TransportError;

/// Answers with these, in order, and remembers what it was sent.
struct Script {
    answers: std::vec::IntoIter<Response>,
    sent: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl Transport for Script {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        self.sent.borrow_mut().push(command.to_vec());
        let answer = self.answers.next().ok_or(TransportError::CardLifted)?;
        Ok(answer.encode())
    }
}

type Sent = Rc<RefCell<Vec<Vec<u8>>>>;

fn client(answers: Vec<Response>) -> (Client<Script>, Sent) {
    let sent = Sent::default();
    let script = Script {
        answers: answers.into_iter(),
        sent: sent.clone(),
    };
    (Client::new(script, Lengths::default()), sent)
}

fn word(word: u16) -> Response {
    Status::from(word).into()
}

fn pin(digits: &str) -> Pin {
    Pin::try_from(digits).unwrap()
}

#[test]
fn a_secret_is_presented_once_and_only_with_tries_left() {
    for (answers, outcome, count) in [
        (
            vec![word(0x9000), word(0x63C3), word(0x9000)],
            PinOutcome::Verified,
            3,
        ),
        (
            vec![word(0x9000), word(0x63C1), word(0x63C0)],
            PinOutcome::Wrong { remaining: 0 },
            3,
        ),
        (vec![word(0x9000), word(0x63C0)], PinOutcome::Blocked, 2),
        (vec![word(0x9000), word(0x6984)], PinOutcome::Blocked, 2),
        // Somebody left it verified: judged all the same.
        (
            vec![word(0x9000), word(0x9000), word(0x63C2)],
            PinOutcome::Wrong { remaining: 2 },
            3,
        ),
    ] {
        let (mut client, sent) = client(answers);
        assert_eq!(client.present(Secret::Pin(pin("1234"))), Ok(outcome));
        assert_eq!(sent.borrow().len(), count);
    }
}

#[test]
fn an_application_is_selected_once() {
    let (mut client, sent) = client(vec![word(0x9000), word(0x63C3), word(0x63CA), word(0x6A82)]);
    let mut tries = |reference| client.tries(&aid::TEXT_AP, reference).unwrap();
    assert_eq!(tries(text_ap::PIN), Tries::Left(3));
    assert_eq!(tries(text_ap::CODE_A), Tries::Left(10));
    assert_eq!(tries(text_ap::CODE_B), Tries::Absent);
    assert_eq!(sent.borrow().len(), 4);
    assert_eq!(sent.borrow()[2], [0x00, 0x20, 0x00, 0x94]);
}

#[test]
fn a_new_pin_is_sent_only_after_the_old_one_was_right() {
    let change = || Change::Pin {
        current: pin("1234"),
        new: pin("5678"),
    };
    let (mut right, sent) = client([0x9000, 0x63C3, 0x9000, 0x9000, 0x9000].map(word).into());
    assert_eq!(right.change(change()), Ok(PinOutcome::Verified));
    assert_eq!(sent.borrow()[3], [0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x11]);
    assert_eq!(sent.borrow()[4], *b"\x00\x24\x01\x80\x045678");

    let (mut wrong, sent) = client([0x9000, 0x63C3, 0x63C2].map(word).into());
    assert_eq!(
        wrong.change(change()),
        Ok(PinOutcome::Wrong { remaining: 2 })
    );
    assert_eq!(sent.borrow().len(), 3);

    let (mut refused, _) = client([0x9000, 0x63C3, 0x9000, 0x9000, 0x6A80].map(word).into());
    let error = SessionError::Unexpected {
        step: Step::Change,
        status: Status::WrongData,
    };
    assert_eq!(refused.change(change()), Err(error));
}

#[test]
fn cards_phones_and_other_things_are_told_apart() {
    let label = |text: &[u8; 32]| Response::new(text, Status::Success);
    let android = label(b"JPKIAPGPSETOKEN                 ");
    let odd = label(b"SOMETHING ELSE                  ");
    for (answers, kind) in [
        (vec![word(0x9000)], Kind::Card),
        (vec![word(0x6F00), word(0x9000)], Kind::Card),
        (
            vec![word(0x6A82), word(0x9000), android],
            Kind::Phone(Device::Android),
        ),
        (
            vec![word(0x6A82), word(0x9000), odd],
            Kind::Phone(Device::Unknown),
        ),
        (vec![word(0x6A82), word(0x6A82)], Kind::Other),
        (vec![word(0x6D00), word(0x6E00)], Kind::Other),
    ] {
        assert_eq!(client(answers).0.kind(), Ok(kind));
    }
}

#[test]
fn large_data_objects_are_asked_for_again() {
    let big = [0xAA; 300];
    let (mut client, sent) = client(vec![
        word(0x9000),
        word(0x6700),
        Response::new(&big, Status::Success),
        word(0x6A88),
        word(0x6982),
    ]);
    let mut data = |object| client.data(object).unwrap();
    assert_eq!(
        data(card_manager::UPPER_CERTIFICATE).content().unwrap()[..],
        big
    );
    assert_eq!(data(card_manager::EXPIRY), Reading::Absent);
    assert_eq!(data(card_manager::CARD_ID), Reading::Locked);
    assert_eq!(sent.borrow()[1], [0x00, 0xCA, 0x00, 0xF8, 0x00]);
    assert_eq!(sent.borrow()[2], [0x00, 0xCA, 0x00, 0xF8, 0x00, 0x00, 0x00]);
}

#[test]
fn answers_in_pieces_are_put_together() {
    let piece = |data: &[u8], word: u16| Response::new(data, word.into());
    let (mut client, sent) = client(vec![
        word(0x9000),
        piece(&[0xFF, 0x40, 0x04, 1], 0x6102),
        piece(&[2, 3], 0x6101),
        piece(&[4], 0x9000),
        // Asked for 256, told the exact length.
        word(0x9000),
        word(0x6C05),
        piece(b"13221", 0x9000),
    ]);
    let file = client.read_object(&aid::TEXT_AP, text_ap::BASIC_INFO);
    let file = file.unwrap().content().unwrap();
    assert_eq!(file[..], [0xFF, 0x40, 0x04, 1, 2, 3, 4]);
    assert_eq!(sent.borrow()[2], [0x00, 0xC0, 0x00, 0x00, 0x02]);
    let code = client.data(card_manager::MUNICIPALITY).unwrap();
    assert_eq!(code.content().unwrap()[..], *b"13221");
    assert_eq!(sent.borrow()[6], [0x00, 0xCA, 0x00, 0xF0, 0x05]);

    // VERIFY is not repeated, whatever the card says.
    let (mut client, sent) = self::client([0x9000, 0x63C3, 0x6C04].map(word).into());
    assert!(client.present(Secret::Pin(pin("1234"))).is_err());
    assert_eq!(sent.borrow().len(), 3);
}

#[test]
fn a_card_that_never_ends_an_answer_is_left() {
    let mut answers = vec![word(0x9000)];
    answers.extend((0..100).map(|_| Response::new(&[0; 256], Status::MoreData(0))));
    let (mut client, sent) = client(answers);
    assert!(client.read(&aid::TEXT_AP, text_ap::BASIC_INFO).is_err());
    assert!(sent.borrow().len() < 40);
}

#[test]
fn a_reading_is_never_printed() {
    let reading = Reading::Content(Zeroizing::new(b"5376".to_vec()));
    assert_eq!(format!("{reading:?}"), "Content(..)");
}

#[test]
fn a_session_that_goes_on_selects_for_itself_and_has_the_card_forget() {
    let (mut client, sent) = client(vec![
        word(0x9000),
        word(0x63C3),
        word(0x9000),
        // The session: selected, still verified, another application, selected again, tries.
        word(0x9000),
        word(0x9000),
        word(0x9000),
        word(0x9000),
        word(0x63C3),
    ]);
    let outcome = client.present(Secret::Pin(Pin::try_from("1234").unwrap()));
    assert_eq!(outcome, Ok(PinOutcome::Verified));
    let asked = client.into_session().select().unwrap().ask_tries().unwrap();
    assert_eq!(asked.remaining(), 3);
    let sent = sent.borrow();
    let verifies = sent.iter().filter(|command| command[1] == ins::VERIFY);
    assert_eq!(verifies.filter(|command| command.len() > 5).count(), 1);
    assert_eq!(sent.len(), 8);
}
