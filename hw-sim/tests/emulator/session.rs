//! The reading session of `card`, as a kiosk leads it, against every fault at every command.

use std::collections::BTreeSet;

use card::evidence::{Binding, Context};
use card::expiry::Day;
use card::pin::Pin;
use card::session::{Attempt, Connected, SessionError};
use card::text_ap;
use card::transport::{Lengths, Transport, TransportError};
use card::trust::{Environment, TrustStore};
use hw_sim::ap::Ap;
use hw_sim::fault::{Fault, Faulty, single_faults};
use hw_sim::personalize::personalize;
use zeroize::Zeroizing;

use crate::common::{Copy, made};

/// Whose number and name may come out at the end, and only together.
type Person = (String, String);

/// How one session ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Evidence that verifies, over this person.
    Read(Person),
    /// Evidence that does not.
    Refused,
    /// The PIN was wrong, says the card.
    WrongPin,
    /// An error.
    Failed(SessionError),
}

/// Counts what is presented, whatever the card makes of it.
struct Counting<T> {
    inner: T,
    pins: u32,
    commands: u32,
}

impl<T: Transport> Transport for &mut Counting<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        self.commands += 1;
        // VERIFY of the text AP's PIN with data: four digits.
        if matches!(command, [0x00, 0x20, 0x00, 0x91, 4, ..]) {
            self.pins += 1;
        }
        self.inner.transmit(command)
    }
}

fn session(transport: impl Transport, pin: &str, trust: &TrustStore) -> Outcome {
    let context = Context {
        center_nonce: [1; 32],
        vrs_nonce: b"nonce",
        center: "center-1",
        vrs: "vrs-1",
        terminal: "urn:shomei:terminal:kiosk:dev:0001",
        exporter: [2; 32],
        session_key: [3; 32],
    };
    let read = || -> Result<Outcome, SessionError> {
        let asked = Connected::new(transport, Lengths::default())
            .unexpired(Day::new(2026, 11, 24).unwrap())?
            .select()?
            .ask_tries()?;
        let evidence = match asked.verify(Pin::try_from(pin).unwrap())? {
            Attempt::Verified(card) => card.read()?.answer(&context)?.bind()?.into_evidence(),
            Attempt::Wrong { again, .. } => {
                again.ask_tries()?;
                return Ok(Outcome::WrongPin);
            }
            Attempt::Blocked => return Ok(Outcome::Failed(SessionError::PinBlocked)),
        };
        Ok(match evidence.verify(&context, trust, Binding::Required) {
            Ok(verified) => {
                let name = verified.attributes().name().expose().to_owned();
                Outcome::Read((verified.number().expose().to_owned(), name))
            }
            Err(_) => Outcome::Refused,
        })
    };
    read().unwrap_or_else(Outcome::Failed)
}

fn trust() -> TrustStore {
    TrustStore::load(&made().join("anchors"), Environment::Emulator).unwrap()
}

fn tries(card: &Faulty) -> u8 {
    card.card().memory().tries_left(Ap::Text, text_ap::PIN)
}

fn run(faults: &[Fault], pin: &str, trust: &TrustStore) -> (Outcome, u32, u32, u8) {
    let copies = ["ordinary", "gaiji"].map(Copy::of);
    let [ordinary, other] = &copies;
    let mut card = Faulty::of("ordinary".parse().unwrap(), ordinary.load());
    for fault in faults {
        card.add(fault.clone(), |_| Some(other.load())).unwrap();
    }
    let mut counting = Counting {
        inner: card.powered(),
        pins: 0,
        commands: 0,
    };
    let outcome = session(&mut counting, pin, trust);
    let (pins, commands) = (counting.pins, counting.commands);
    drop(counting);
    // Of either card, whichever lies there now: both began with three.
    let left = [ordinary.load(), other.load()].map(|card| tries(&card.into()));
    (outcome, pins, commands, left.into_iter().min().unwrap())
}

#[test]
fn whatever_goes_wrong_it_is_an_error_or_a_right_reading() {
    let trust = trust();
    let people = [
        ("201112304512".to_owned(), "青葉　さくら".to_owned()),
        (number_of("gaiji"), "𠮷田　髙子".to_owned()),
    ];
    let (faultless, pins, commands, left) = run(&[], "1234", &trust);
    assert_eq!(
        (&faultless, pins, left),
        (&Outcome::Read(people[0].clone()), 1, 3)
    );
    let others = ["gaiji".parse().unwrap()];
    let (mut read, mut failed, mut kinds) = (0, 0, BTreeSet::new());
    for fault in single_faults(commands, &others) {
        let (outcome, pins, _, left) = run(std::slice::from_ref(&fault), "1234", &trust);
        assert!(pins <= 1, "{fault}: {pins} VERIFY for one entry");
        // The PIN was right, so it deserves no try.
        assert_eq!(left, 3, "{fault}");
        match outcome {
            Outcome::Read(person) => {
                assert!(
                    people.contains(&person),
                    "{fault}: evidence over somebody who is not there"
                );
                read += 1;
            }
            _ => failed += 1,
        }
        kinds.insert(fault.kind.name());
    }
    // Neither half is empty: faults do harm, and not all of them.
    assert!(read > 20 && failed > 200, "{read} read, {failed} failed");
    assert_eq!(kinds.len(), 11);
}

#[test]
fn a_wrong_pin_costs_one_try_whatever_goes_wrong() {
    let trust = trust();
    let (outcome, pins, commands, left) = run(&[], "0000", &trust);
    assert_eq!((outcome, pins, left), (Outcome::WrongPin, 1, 2));
    let others = ["gaiji".parse().unwrap()];
    for fault in single_faults(commands, &others) {
        let (outcome, pins, _, left) = run(std::slice::from_ref(&fault), "0000", &trust);
        assert!(
            pins <= 1 && left >= 2,
            "{fault}: {pins} VERIFY, {left} left"
        );
        assert!(!matches!(outcome, Outcome::Read(_)), "{fault}");
    }
}

#[test]
fn a_bit_of_a_signed_file_is_never_believed_wrong() {
    let trust = trust();
    for ef in ["0001", "0002", "0003", "0004", "0007"] {
        for seed in 0..40 {
            let fault: Fault = format!("bit-flip@ef=text:{ef},seed={seed}")
                .parse()
                .unwrap();
            let (outcome, ..) = run(&[fault], "1234", &trust);
            if let Outcome::Read((number, name)) = outcome {
                assert_eq!(
                    (&*number, &*name),
                    ("201112304512", "青葉　さくら"),
                    "{ef} {seed}"
                );
            }
        }
    }
}

fn number_of(persona: &str) -> String {
    let copy = Copy::of(persona);
    let card = copy.load();
    let file = card.memory().file(Ap::Text, text_ap::NUMBER).unwrap();
    let file = text_ap::NumberFile::decode(file).unwrap();
    file.number().unwrap().expose().to_owned()
}

#[test]
fn a_persona_comes_with_its_faults() {
    let folder = tempfile::TempDir::new().unwrap();
    let personas = folder.path().join("personas");
    std::fs::create_dir(&personas).unwrap();
    let text = include_str!("../../personas/ordinary.toml");
    let write = |faults: &str| {
        std::fs::write(
            personas.join("slow.toml"),
            format!("faults = [{faults}]\n{text}"),
        )
        .unwrap();
        personalize(&personas, folder.path(), false)
    };
    let error = write("\"drop\"").unwrap_err().to_string();
    assert!(
        error.starts_with("persona slow: line 1, column "),
        "{error}"
    );
    write("\"slow=5@ins=B0,times=always\"").unwrap();
    let card = folder.path().join("cards/slow");
    let faults = Fault::of_card(&card).unwrap();
    assert_eq!(faults, ["slow=5@ins=B0,times=always".parse().unwrap()]);
}
