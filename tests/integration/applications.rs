//! Each persona at the kiosk, through the real PC/SC stack, and what comes of it.

use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;

use card::ins;
use hw_sim::trace::Event;
use stage::kiosk::{Application, Outcome, Purpose, apply, apply_with};
use stage::persona::Persona;
use stage::reader::Reader;
use stage::world::set;
use tempfile::TempDir;

use crate::support::Counter;

/// A kiosk whose paper goes to a folder.
struct Kiosk {
    counter: Counter,
    config: PathBuf,
    out: TempDir,
}

impl Kiosk {
    fn open() -> Self {
        let counter = Counter::open();
        let config = counter.world.ground.path("kiosk/kiosk.toml");
        Self {
            counter,
            config,
            out: TempDir::new().unwrap(),
        }
    }

    fn reader(&self) -> &Reader {
        &self.counter.reader
    }

    fn application<'a>(&'a self, persona: &'a Persona) -> Application<'a> {
        Application {
            config: &self.config,
            place: ["--out".as_ref(), self.out.path().as_os_str()],
            municipality: &persona.municipality,
            pin: &persona.pin,
            language: "ja",
            reader: None,
            purpose: Purpose::Domestic,
        }
    }

    fn serve(&self, persona: &Persona) -> Outcome {
        apply(&self.application(persona), self.reader()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.out.path()).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn every_persona_gets_what_it_is_there_for() {
    let kiosk = Kiosk::open();
    let reader = kiosk.reader();
    for (name, expected) in [
        ("ordinary", None),
        ("seven-doses", None),
        ("gaiji", None),
        ("former-surname", None),
        ("foreign-resident", None),
        ("long-address", None),
        ("moved", None),
        ("one-try-left", None),
        ("pin-blocked", Some("pin-blocked")),
        ("expired", Some("card-expired")),
        ("phone", Some("phone-instead-of-card")),
        ("other-card", Some("wrong-card")),
        // The card is believed, bound like any other; no record says on which day.
        ("unknown-birth-day", Some("confirmation-needed")),
        ("needs-confirmation", Some("confirmation-needed")),
        ("no-record", Some("no-record")),
        ("not-taking-part", Some("municipality-not-taking-part")),
        ("copy", Some("card-not-genuine")),
        ("tampered", Some("card-data-altered")),
        ("tampered-signature", Some("card-data-altered")),
        ("wrong-ca", Some("card-issuer-unknown")),
    ] {
        let persona = Persona::load(name).unwrap();
        reader.insert(name).unwrap();
        let outcome = kiosk.serve(&persona);
        assert_eq!(
            outcome.status.success(),
            expected.is_none(),
            "{name}: {outcome:?}"
        );
        match expected {
            None => {
                assert_eq!(kiosk.files(), ["certificate.pdf", "shc.txt"], "{name}");
                for file in kiosk.files() {
                    fs::remove_file(kiosk.out.path().join(file)).unwrap();
                }
            }
            Some(code) => {
                assert_eq!(outcome.problem(), Some(code), "{name}: {outcome:?}");
                assert_eq!(kiosk.files(), [""; 0], "{name}");
            }
        }
        reader.remove().unwrap();
    }
}

/// Headers of the commands that the card on the reader got so far.
fn commands(reader: &Reader) -> Vec<[u8; 4]> {
    let apdu = |event| match event {
        Event::Apdu(exchange) => Some(exchange.header),
        _ => None,
    };
    reader
        .trace()
        .unwrap()
        .into_iter()
        .filter_map(apdu)
        .collect()
}

#[test]
fn a_whole_card_takes_fifteen_apdus_and_its_expiry_date_two() {
    let kiosk = Kiosk::open();
    kiosk.reader().insert("ordinary").unwrap();
    let before = commands(kiosk.reader()).len();
    let outcome = kiosk.serve(&Persona::load("ordinary").unwrap());
    assert!(outcome.status.success(), "{outcome:?}");
    let sent = commands(kiosk.reader()).split_off(before);
    assert_eq!(sent.len(), 2 + 15, "{sent:02X?}");
}

#[test]
fn an_expired_card_is_told_before_any_secret_is_asked_for() {
    let kiosk = Kiosk::open();
    kiosk.reader().insert("expired").unwrap();
    let before = commands(kiosk.reader()).len();
    let outcome = kiosk.serve(&Persona::load("expired").unwrap());
    assert_eq!(outcome.problem(), Some("card-expired"), "{outcome:?}");
    // SELECT and READ RECORD: no VERIFY, not even the question for the tries.
    let sent = commands(kiosk.reader()).split_off(before);
    let instructions: Vec<_> = sent.iter().map(|header| header[1]).collect();
    assert_eq!(instructions, [ins::SELECT, ins::READ_RECORD]);
}

#[test]
fn a_wrong_pin_costs_one_try_and_a_right_one_gives_them_back() {
    let kiosk = Kiosk::open();
    let reader = kiosk.reader();
    let persona = Persona::load("ordinary").unwrap();
    let wrong = Persona {
        pin: "9999".to_owned(),
        ..persona.clone()
    };
    for left in [2, 1] {
        reader.insert("ordinary").unwrap();
        let outcome = kiosk.serve(&wrong);
        assert_eq!(outcome.problem(), Some("pin-wrong"), "{outcome:?}");
        let said = outcome.said.join("\n");
        assert!(said.contains(&format!("あと{left}回")), "{said}");
        assert_eq!(reader.pin_tries().unwrap(), left);
        reader.remove().unwrap();
    }
    let malformed = Persona {
        pin: "12a4".to_owned(),
        ..persona.clone()
    };
    reader.insert("ordinary").unwrap();
    let outcome = kiosk.serve(&malformed);
    assert_eq!(outcome.problem(), Some("pin-malformed"), "{outcome:?}");
    assert_eq!(
        reader.pin_tries().unwrap(),
        1,
        "malformed input spends no try"
    );

    let outcome = kiosk.serve(&persona);
    assert!(outcome.status.success(), "{outcome:?}");
    reader.insert("ordinary").unwrap();
    assert_eq!(reader.pin_tries().unwrap(), 3);

    for left in [2, 1, 0] {
        reader.insert("ordinary").unwrap();
        let outcome = kiosk.serve(&wrong);
        let expected = if left == 0 {
            "pin-blocked"
        } else {
            "pin-wrong"
        };
        assert_eq!(outcome.problem(), Some(expected), "{outcome:?}");
        assert_eq!(reader.pin_tries().unwrap(), left);
    }
    let outcome = kiosk.serve(&persona);
    assert_eq!(outcome.problem(), Some("pin-blocked"), "{outcome:?}");
}

#[test]
fn a_card_lifted_at_any_apdu_is_noticed_and_loses_at_most_one_try() {
    let kiosk = Kiosk::open();
    let reader = kiosk.reader();
    let persona = Persona::load("ordinary").unwrap();
    for after in 1..17 {
        reader.reset_tries("ordinary").unwrap();
        reader
            .insert_to_be_lifted("ordinary", NonZeroU32::new(after))
            .unwrap();
        let outcome = kiosk.serve(&persona);
        assert_eq!(
            outcome.problem(),
            Some("card-lifted"),
            "after {after}: {outcome:?}"
        );
        assert_eq!(kiosk.files(), [""; 0], "after {after}");
        reader.insert("ordinary").unwrap();
        assert_eq!(
            reader.pin_tries().unwrap(),
            3,
            "after {after}: the PIN was right"
        );
        reader.remove().unwrap();
    }
}

#[test]
fn nothing_goes_on_until_the_card_is_gone() {
    let kiosk = Kiosk::open();
    let reader = kiosk.reader();
    let persona = Persona::load("ordinary").unwrap();
    reader.insert("ordinary").unwrap();
    let short = |config: &mut toml::Table| set(config, "patience.removal_seconds", 1);
    kiosk
        .counter
        .world
        .ground
        .edit("kiosk/kiosk.toml", short)
        .unwrap();
    let outcome = apply_with(&kiosk.application(&persona), |_| Ok(())).unwrap();
    assert_eq!(outcome.problem(), Some("timed-out"), "{outcome:?}");
    assert!(
        !outcome.steps.iter().any(|step| step == "step preview"),
        "{outcome:?}"
    );
    assert_eq!(kiosk.files(), [""; 0]);
}
