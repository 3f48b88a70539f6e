//! Two slots behind one control socket: a card is in one place only, faults come and go, and recordings keep to what they say.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use hw_sim::control::{Refusal, Reply, Request, Server, call, record};
use hw_sim::fault::Fault;
use hw_sim::trace::Event;
use tempfile::TempDir;

use crate::common::{copy_tree, made};
use crate::reader::{Driver, SELECT, WRONG_PIN, exchange, receive, send};

pub(crate) struct Emulator {
    pub(crate) slots: [Driver; 2],
    pub(crate) socket: PathBuf,
    _server: Server,
    _folder: TempDir,
}

impl Emulator {
    pub(crate) fn start(personas: &[&str]) -> Self {
        let slots = two_drivers();
        let folder = TempDir::new().unwrap();
        let cards = folder.path().join("cards");
        for persona in personas {
            copy_tree(&made().join("cards").join(persona), &cards.join(persona));
        }
        let socket = folder.path().join("control");
        let server = Server::bind(&socket, &cards, slots[0].port()).unwrap();
        server.start().unwrap();
        Self {
            slots,
            socket,
            _server: server,
            _folder: folder,
        }
    }

    pub(crate) fn ask(&self, request: &Request) -> Vec<Reply> {
        let replies = call(&self.socket, request).unwrap();
        replies.map(Result::unwrap).collect()
    }

    pub(crate) fn insert(&self, persona: &str, slot: usize, faults: &[&str]) -> Vec<Reply> {
        self.ask(&Request::Insert {
            slot,
            persona: persona.parse().unwrap(),
            lift_after: None,
            faults: parsed(faults),
        })
    }

    fn fault(&self, slot: usize, clear: bool, add: &[&str]) -> Vec<Reply> {
        let add = parsed(add);
        self.ask(&Request::Fault { slot, clear, add })
    }

    /// Whose card is on each slot, and the faults to come.
    fn status(&self) -> Vec<(Option<String>, Vec<String>)> {
        let slot = |reply| match reply {
            Reply::Slot {
                persona, faults, ..
            } => (
                persona.map(String::from),
                faults.into_iter().map(String::from).collect(),
            ),
            other => panic!("{other:?}"),
        };
        self.ask(&Request::Status).into_iter().map(slot).collect()
    }
}

fn parsed(faults: &[&str]) -> Vec<Fault> {
    faults.iter().map(|fault| fault.parse().unwrap()).collect()
}

pub(crate) fn two_drivers() -> [Driver; 2] {
    for _ in 0..100 {
        let first = Driver::new();
        let next = first.port().checked_add(1);
        let second = next.and_then(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
        if let Some(second) = second {
            return [first, Driver(second)];
        }
    }
    panic!("no two free ports side by side");
}

fn refused(because: Refusal) -> [Reply; 1] {
    [Reply::Refused { because }]
}

#[test]
fn a_card_put_on_the_other_slot_leaves_the_first_with_its_tries() {
    let emulator = Emulator::start(&["ordinary", "gaiji"]);
    assert_eq!(emulator.insert("ordinary", 0, &[]), [Reply::Done]);
    let first = emulator.slots[0].accept();
    send(&first, &[1]);
    exchange(&first, &SELECT).unwrap();
    assert_eq!(exchange(&first, &WRONG_PIN).unwrap(), [0x63, 0xC2]);
    assert_eq!(emulator.insert("gaiji", 1, &[]), [Reply::Done]);
    let second = emulator.slots[1].accept();
    let there = |persona: &str| (Some(persona.to_owned()), vec![]);
    assert_eq!(emulator.status(), [there("ordinary"), there("gaiji")]);

    assert_eq!(emulator.insert("ordinary", 1, &[]), [Reply::Done]);
    assert_eq!((receive(&first), receive(&second)), (None, None));
    assert_eq!(emulator.status(), [(None, vec![]), there("ordinary")]);
    let second = emulator.slots[1].accept();
    send(&second, &[1]);
    exchange(&second, &SELECT).unwrap();
    assert_eq!(exchange(&second, &WRONG_PIN).unwrap(), [0x63, 0xC1]);
}

#[test]
fn faults_come_and_go_while_the_card_is_there() {
    let emulator = Emulator::start(&["ordinary", "gaiji"]);
    assert_eq!(
        emulator.fault(0, false, &["mute"]),
        refused(Refusal::NoCard)
    );
    let at_first = ["wrong-sw=6F00@apdu=1", "lifted@apdu=9"];
    assert_eq!(emulator.insert("ordinary", 0, &at_first), [Reply::Done]);
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    assert_eq!(exchange(&reader, &SELECT).unwrap(), [0x6F, 0x00]);
    assert_eq!(emulator.status()[0].1, ["lifted@apdu=9"]);
    assert_eq!(emulator.fault(0, true, &["wrong-sw=6A82"]), [Reply::Done]);
    assert_eq!(exchange(&reader, &SELECT).unwrap(), [0x6A, 0x82]);
    assert_eq!(exchange(&reader, &SELECT).unwrap(), [0x90, 0x00]);
    assert_eq!(emulator.status()[0].1, [""; 0]);

    // A card is in one place only, to be swapped in as well.
    for persona in ["ordinary", "nobody"] {
        let fault = format!("swapped={persona}");
        let because = if persona == "nobody" {
            Refusal::NoSuchPersona
        } else {
            Refusal::InUse
        };
        assert_eq!(emulator.fault(0, false, &[&fault]), refused(because));
    }
    assert_eq!(
        emulator.fault(0, false, &["swapped=gaiji@ins=A4"]),
        [Reply::Done]
    );
    assert_eq!(emulator.insert("gaiji", 1, &[]), refused(Refusal::InUse));
    assert_eq!(exchange(&reader, &SELECT).unwrap(), [0x90, 0x00]);
    assert_eq!(emulator.status()[0].0.as_deref(), Some("gaiji"));

    assert_eq!(emulator.fault(0, false, &["lifted"]), [Reply::Done]);
    assert_eq!(exchange(&reader, &SELECT), None);
    let trace = emulator.ask(&Request::Trace {
        slot: 0,
        follow: false,
    });
    let struck = trace
        .iter()
        .filter(|reply| matches!(reply, Reply::Event(Event::Fault { .. })));
    assert_eq!(struck.count(), 4);
}

#[test]
fn what_is_refused_changes_nothing() {
    let emulator = Emulator::start(&["ordinary", "gaiji", "short"]);
    emulator.insert("ordinary", 0, &["mute@ins=B0"]);
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    exchange(&reader, &SELECT).unwrap();
    emulator.insert("short", 1, &["swapped=gaiji@apdu=9"]);
    let before = emulator.status();
    let refusals = [
        emulator.insert("gaiji", 0, &["swapped=nobody"]),
        emulator.insert("ordinary", 0, &["slow=1", "swapped=nobody"]),
        emulator.insert("ordinary", 1, &["swapped=ordinary"]),
        emulator.insert("ordinary", 1, &["swapped=short", "swapped=short@apdu=2"]),
        emulator.insert("nobody", 0, &[]),
        emulator.fault(0, false, &["slow=1", "swapped=nobody"]),
        emulator.fault(0, true, &["slow=1", "swapped=nobody"]),
        emulator.fault(0, true, &["swapped=short"]),
        emulator.fault(0, true, &["swapped=gaiji", "swapped=gaiji"]),
        emulator.ask(&Request::InsertDump {
            slot: 0,
            dump: "/nowhere".into(),
            pin: "1234".try_into().unwrap(),
        }),
    ];
    for (number, reply) in refusals.iter().enumerate() {
        assert!(
            matches!(reply[..], [Reply::Refused { .. }]),
            "{number}: {reply:?}"
        );
    }
    assert_eq!(emulator.status(), before);
    // It still knows what was selected.
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC2]);
    // A card that is to be swapped in is free again where that is forgotten.
    assert_eq!(emulator.fault(1, true, &["swapped=gaiji"]), [Reply::Done]);
}

#[test]
fn a_card_does_not_leave_its_slot_for_one_without_a_reader() {
    let mut emulator = Emulator::start(&["ordinary"]);
    emulator.insert("ordinary", 0, &[]);
    // Nobody listens on the second slot's port any more.
    let (elsewhere, [first, second]) = (Driver::new(), emulator.slots);
    drop(second);
    emulator.slots = [first, elsewhere];
    assert_eq!(
        emulator.insert("ordinary", 1, &[]),
        refused(Refusal::NoReader)
    );
    assert_eq!(emulator.status()[0].0.as_deref(), Some("ordinary"));
}

#[test]
fn removing_a_slow_card_does_not_wait_for_it() {
    let emulator = Emulator::start(&["ordinary"]);
    emulator.insert("ordinary", 0, &["slow=60000"]);
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    send(&reader, &SELECT);
    let begin = std::time::Instant::now();
    assert_eq!(emulator.ask(&Request::Remove { slot: 0 }), [Reply::Done]);
    assert!(begin.elapsed().as_secs() < 10);
}

#[test]
fn a_recording_has_data_only_if_it_was_asked_for() {
    let emulator = Emulator::start(&["ordinary"]);
    let [masked, whole] =
        [false, true].map(|with_data| record(&emulator.socket, 0, with_data).unwrap());
    emulator.insert("ordinary", 0, &["bit-flip@apdu=3"]);
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    exchange(&reader, &SELECT).unwrap();
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC2]);
    let lines = |lines: &mut dyn Iterator<Item = std::io::Result<zeroize::Zeroizing<String>>>| {
        let lines = lines.take(4).map(|line| line.unwrap().to_string());
        lines.collect::<Vec<_>>()
    };
    let ([mut masked], [mut whole]) = ([masked], [whole]);
    assert_eq!(
        lines(&mut masked),
        [
            "card ordinary",
            "power on",
            "00A4040C0A <10> => 9000",
            "0020009104 <4> => 63C2"
        ]
    );
    assert_eq!(
        lines(&mut whole),
        [
            "card ordinary",
            "power on",
            "00A4040C0A D3921000310001010408 => 9000",
            "0020009104 30303030 => 63C2"
        ]
    );
    assert!(record(&emulator.socket, 2, true).is_err());
}

#[test]
fn the_cards_are_told_with_the_remarks_of_their_personas() {
    let emulator = Emulator::start(&["tampered", "gaiji"]);
    let cards = emulator.ask(&Request::Cards);
    let names: Vec<_> = cards
        .iter()
        .map(|card| match card {
            Reply::Card { persona, remark } => (persona.as_str(), remark.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names[0].0, "gaiji");
    assert_eq!(
        names[1],
        (
            "tampered",
            "The address was changed after the municipality had signed."
        )
    );
}

#[test]
fn a_reader_switches_a_mute_card_off_and_on_again() {
    let emulator = Emulator::start(&["ordinary"]);
    emulator.insert("ordinary", 0, &["mute@ins=20"]);
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    exchange(&reader, &SELECT).unwrap();
    assert_eq!(exchange(&reader, &WRONG_PIN), None);
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x6A, 0x82]);
    exchange(&reader, &SELECT).unwrap();
    assert_eq!(exchange(&reader, &WRONG_PIN).unwrap(), [0x63, 0xC1]);
    assert_eq!(emulator.ask(&Request::Remove { slot: 0 }), [Reply::Done]);
    assert_eq!(receive(&reader), None);
}

#[test]
fn a_request_that_is_too_long_is_told_to_be() {
    let emulator = Emulator::start(&["ordinary"]);
    emulator.insert("ordinary", 0, &[]);
    let faults = vec!["bit-flip@ef=text:0002,times=always"; 200];
    assert_eq!(
        emulator.fault(0, false, &faults),
        refused(Refusal::RequestTooLong)
    );
    assert_eq!(emulator.fault(0, false, &faults[..80]), [Reply::Done]);
    assert_eq!(emulator.status()[0].1.len(), 80);
}
