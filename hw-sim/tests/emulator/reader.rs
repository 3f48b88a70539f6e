//! The slot and the control socket, with the driver's side of the protocol played by the test.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use hw_sim::chip::ATR;
use hw_sim::control::{Refusal, Reply, Request, Server, ServerError, call};
use hw_sim::reader::{Slot, Stay};
use hw_sim::trace::Event;
use tempfile::TempDir;

use crate::common::{Copy, copy_tree, made};

pub(crate) const SELECT: [u8; 15] = [
    0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08,
];
pub(crate) const WRONG_PIN: [u8; 9] = [0x00, 0x20, 0x00, 0x91, 4, b'0', b'0', b'0', b'0'];

/// The driver: it listens, and talks to the card that comes.
pub(crate) struct Driver(pub(crate) TcpListener);

impl Driver {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    }
}

/// Sends a frame as the driver does: its length apart.
pub(crate) fn send(mut driver: &TcpStream, payload: &[u8]) {
    driver
        .write_all(&u16::try_from(payload.len()).unwrap().to_be_bytes())
        .unwrap();
    driver.write_all(payload).unwrap();
}

/// A frame, or nothing if the card is gone.
pub(crate) fn receive(mut driver: &TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    driver.read_exact(&mut length).ok()?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
    driver.read_exact(&mut payload).unwrap();
    Some(payload)
}

pub(crate) fn exchange(driver: &TcpStream, payload: &[u8]) -> Option<Vec<u8>> {
    send(driver, payload);
    receive(driver)
}

pub(crate) fn eventually(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

#[test]
fn controls_and_commands_are_answered_in_order() {
    let driver = Driver::new();
    let mut slot = Slot::new(driver.port());
    let ordinary = Copy::of("ordinary");
    slot.insert(ordinary.load(), Stay::UntilRemoved).unwrap();
    let reader = driver.accept();
    // Power on, reset and power off are not answered: the next answer is the ATR's, then the command's.
    send(&reader, &[1]);
    assert_eq!(exchange(&reader, &[4]).unwrap(), ATR);
    assert_eq!(exchange(&reader, &SELECT).unwrap(), [0x90, 0x00]);
    send(&reader, &[2]);
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC2]);
    send(&reader, &[0]);
    send(&reader, &[1]);
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x6A, 0x82]);
    assert_eq!(exchange(&reader, &[0, 0, 0]).unwrap(), [0x67, 0x00]);
    assert!(slot.is_occupied());

    let card = slot.remove().unwrap();
    assert_eq!(receive(&reader), None);
    assert_eq!(
        card.memory()
            .tries()
            .map(|(_, _, left)| left)
            .collect::<Vec<_>>(),
        [2, 0, 10, 10, 10, 3, 5]
    );
    assert!(!slot.is_occupied() && slot.remove().is_none());
    let statuses: Vec<_> = slot
        .trace()
        .exchanges()
        .iter()
        .map(|exchange| exchange.status)
        .collect();
    assert_eq!(statuses, [0x9000, 0x63C2, 0x6A82]);
    let events = slot.trace().events();
    assert_eq!(
        (events.first(), events.last()),
        (Some(&Event::Inserted), Some(&Event::Removed))
    );
    assert!(events.contains(&Event::Malformed { length: 3 }));
}

#[test]
fn the_atr_s_checksum_is_right() {
    let [0x3B, checked @ ..] = ATR else {
        panic!("not direct convention")
    };
    assert_eq!(checked.iter().fold(0, |sum, byte| sum ^ byte), 0);
}

#[test]
fn a_lifted_card_has_answered_so_many_commands_and_no_more() {
    let driver = Driver::new();
    let mut slot = Slot::new(driver.port());
    let ordinary = Copy::of("ordinary");
    slot.insert(
        ordinary.load(),
        Stay::LiftAfter(NonZeroU32::new(2).unwrap()),
    )
    .unwrap();
    let reader = driver.accept();
    send(&reader, &[1]);
    assert!(exchange(&reader, &SELECT).is_some());
    assert_eq!(exchange(&reader, &[4]).unwrap(), ATR);
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC2]);
    assert_eq!(receive(&reader), None);
    eventually(|| !slot.is_occupied());
    assert!(slot.card().is_none());
    // What it remembers, it remembers; put down again it starts anew.
    let card = slot.remove().unwrap();
    slot.insert(card, Stay::UntilRemoved).unwrap();
    let reader = driver.accept();
    send(&reader, &[1]);
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x6A, 0x82]);
    assert!(exchange(&reader, &SELECT).is_some());
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC1]);
}

#[test]
fn a_try_that_cannot_be_remembered_is_not_granted() {
    let ordinary = Copy::of("ordinary");
    let mut card = ordinary.load();
    drop(ordinary);
    card.power_on();
    assert_eq!(*card.transmit(&SELECT), [0x90, 0x00]);
    let mut right_pin = WRONG_PIN;
    right_pin[5..].copy_from_slice(b"1234");
    assert_eq!(*card.transmit(&right_pin), [0x65, 0x81]);
    assert_eq!(
        *card.transmit(&[0x00, 0xB0, 0x81, 0x00, 0x00]),
        [0x69, 0x82]
    );
}

#[test]
fn the_control_socket_does_what_it_is_told() {
    let driver = Driver::new();
    let folder = TempDir::new().unwrap();
    let cards = folder.path().join("cards");
    copy_tree(&made().join("cards/ordinary"), &cards.join("ordinary"));
    let socket = folder.path().join("control");
    let server = Server::bind(&socket, &cards, driver.port()).unwrap();
    server.start().unwrap();
    assert!(matches!(
        Server::bind(&socket, &cards, driver.port()),
        Err(ServerError::Taken)
    ));

    let ask = |request| {
        call(&socket, &request)
            .unwrap()
            .map(Result::unwrap)
            .collect::<Vec<_>>()
    };
    let insert = |name: &str, slot| Request::Insert {
        slot,
        persona: name.parse().unwrap(),
        lift_after: None,
        faults: vec![],
    };
    let refused = |because| [Reply::Refused { because }];
    assert_eq!(ask(insert("nobody", 0)), refused(Refusal::NoSuchPersona));
    assert_eq!(ask(insert("ordinary", 2)), refused(Refusal::NoSuchSlot));
    assert_eq!(ask(insert("ordinary", 0)), [Reply::Done]);
    let reader = driver.accept();
    send(&reader, &[1]);
    assert!(exchange(&reader, &SELECT).is_some());
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC2]);

    let tries_of_pin = || match &ask(Request::Status)[..] {
        [
            Reply::Slot {
                slot: 0,
                persona: Some(persona),
                tries,
                ..
            },
            Reply::Slot { persona: None, .. },
        ] if persona.as_str() == "ordinary" => tries["text"]["0011"],
        other => panic!("{other:?}"),
    };
    assert_eq!(tries_of_pin(), 2);
    let events = ask(Request::Trace {
        slot: 0,
        follow: false,
    });
    assert!(
        matches!(&events[..], [_, _, _, Reply::Event(Event::Apdu(verify))] if verify.status == 0x63C2)
    );
    let reset = || Request::ResetTries {
        persona: "ordinary".parse().unwrap(),
    };
    assert_eq!(ask(reset()), [Reply::Done]);
    assert_eq!(tries_of_pin(), 3);

    // A client that follows sees what comes, until it leaves.
    let mut followed = call(
        &socket,
        &Request::Trace {
            slot: 0,
            follow: true,
        },
    )
    .unwrap();
    assert_eq!(
        followed
            .by_ref()
            .take(4)
            .map(Result::unwrap)
            .collect::<Vec<_>>(),
        events
    );
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC2]);
    assert!(matches!(
        followed.next(),
        Some(Ok(Reply::Event(Event::Apdu(_))))
    ));

    assert_eq!(ask(Request::Remove { slot: 0 }), [Reply::Done]);
    assert_eq!(receive(&reader), None);
    assert!(matches!(
        &ask(Request::Status)[..],
        [
            Reply::Slot { persona: None, .. },
            Reply::Slot { persona: None, .. }
        ]
    ));
    assert_eq!(ask(reset()), [Reply::Done]);
    drop(server);
    assert!(!socket.exists());
}

#[test]
fn without_a_driver_there_is_no_reader() {
    let port = Driver::new().port();
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("control");
    let server = Server::bind(&socket, &made().join("cards"), port).unwrap();
    server.start().unwrap();
    let insert = Request::Insert {
        slot: 0,
        persona: "gaiji".parse().unwrap(),
        lift_after: None,
        faults: vec![],
    };
    let replies: Vec<_> = call(&socket, &insert)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        replies,
        [Reply::Refused {
            because: Refusal::NoReader
        }]
    );
}

#[test]
fn nothing_but_a_socket_that_nobody_answers_on_makes_room_for_the_control_socket() {
    let folder = TempDir::new().unwrap();
    let cards = made().join("cards");
    let place = folder.path().join("control");
    let bind = || Server::bind(&place, &cards, 1);

    std::fs::write(&place, "notes").unwrap();
    assert!(matches!(bind(), Err(ServerError::NoSocket)));
    assert_eq!(std::fs::read(&place).unwrap(), b"notes");

    // A link is one, whatever it leads to.
    let socket = folder.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    std::fs::remove_file(&place).unwrap();
    std::os::unix::fs::symlink(&socket, &place).unwrap();
    assert!(matches!(bind(), Err(ServerError::NoSocket)));

    std::fs::rename(&socket, &place).unwrap();
    drop(bind().unwrap());

    let datagrams = std::os::unix::net::UnixDatagram::bind(&place).unwrap();
    assert!(matches!(bind(), Err(ServerError::Socket(_))));
    assert!(place.exists());
    drop(datagrams);

    let nowhere = folder.path().join("nowhere");
    let error = Server::bind(&folder.path().join("other"), &nowhere, 1).unwrap_err();
    assert!(matches!(&error, ServerError::Cards(folder, _) if *folder == nowhere));
}
