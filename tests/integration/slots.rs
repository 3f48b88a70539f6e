//! Two slots of one virtual reader on a real `pcscd`: cards that come and go, the kiosk that finds the right one, and faults on the
//! whole way.

use std::fs;
use std::sync::MutexGuard;
use std::time::{Duration, SystemTime};

use card::evidence::{Binding, Context};
use card::messaging::Protection;
use card::pcsc::Pcsc;
use card::pin::Pin;
use card::session::{Attempt, SessionError};
use card::transport::TransportError;
use card::trust::{Environment, TrustStore};
use hw_sim::fault::Fault;
use hw_sim::trace::Event;
use issuance_api::ProblemCode;
use stage::kiosk::{Application, Purpose, apply_with};
use stage::persona::{Persona, personalized};
use stage::reader::{Reader, name};
use tempfile::TempDir;
use terminal::ports::Card;
use terminal::reader::PcscCard;
use tokio::time::timeout;

use crate::support::{Counter, alone_with_pcsc, block_on};

/// A reader with cards, and nothing else of the world.
struct Bench {
    // Dropped in this order: the next test finds no service.
    reader: Reader,
    trust: TrustStore,
    pcsc: Pcsc,
    _folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Bench {
    fn with(personas: &[&str]) -> Self {
        let alone = alone_with_pcsc();
        let folder = personalized(personas).unwrap();
        Self {
            reader: Reader::start(&folder.path().join("cards")).unwrap(),
            trust: TrustStore::load(&folder.path().join("anchors"), Environment::Emulator).unwrap(),
            pcsc: Pcsc::open().unwrap(),
            _folder: folder,
            _alone: alone,
        }
    }

    /// The name that the kiosk's session reads on a slot, if what it gets is believed.
    fn read(&self, slot: usize) -> Result<Option<String>, SessionError> {
        let readers = self.pcsc.readers()?;
        let reader = readers
            .iter()
            .find(|reader| reader.to_string() == name(slot))
            .ok_or(TransportError::NoReader)?;
        let context = Context {
            center_nonce: [1; 32],
            vrs_nonce: b"nonce",
            center: "center-1",
            vrs: "vrs-1",
            terminal: "urn:shomei:terminal:kiosk:dev:0001",
            exporter: [2; 32],
            session_key: [3; 32],
        };
        let asked = self.pcsc.connect(reader)?.select()?.ask_tries()?;
        let evidence = match asked.verify(Pin::try_from("1234").unwrap())? {
            Attempt::Verified(card) => card.read()?.answer(&context)?.bind()?.into_evidence(),
            _ => return Ok(None),
        };
        let verified = evidence.verify(&context, &self.trust, Binding::Required);
        Ok(verified
            .ok()
            .map(|verified| verified.attributes().name().expose().to_owned()))
    }

    /// What comes of a card with this fault. On a busy machine the reader now and then loses a card before the fault can strike: that shows
    /// nothing, and is tried again.
    fn read_with(&self, fault: &str) -> Result<Option<String>, SessionError> {
        let mut lost = Vec::new();
        while lost.len() < 3 {
            let parsed: Fault = fault.parse().unwrap();
            let before = self.counted();
            self.reader.insert_into(0, "ordinary", &[parsed]).unwrap();
            let outcome = self.read(0);
            let after = self.counted();
            assert!(after.0 - before.0 <= 1, "{fault}: more than one VERIFY");
            match outcome {
                outcome if after.1 > before.1 => return outcome,
                Err(SessionError::Transport(error)) => lost.push(error),
                Err(error) => panic!("{fault} did not strike: {error:?}"),
                Ok(_) => panic!("{fault} did not strike"),
            }
        }
        panic!("{fault} did not strike: {lost:?}")
    }

    /// How often a PIN was presented on the first slot so far, and how many faults struck.
    fn counted(&self) -> (usize, usize) {
        let events = self.reader.trace().unwrap();
        let count =
            |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
        let verify = |event: &Event| matches!(event, Event::Apdu(apdu) if apdu.header == [0x00, 0x20, 0x00, 0x91] && apdu.sent == 4);
        let struck = |event: &Event| matches!(event, Event::Fault { .. });
        (count(verify), count(struck))
    }
}

const ORDINARY: &str = "青葉　さくら";
const GAIJI: &str = "𠮷田　髙子";

#[test]
fn cards_come_and_go_on_both_slots() {
    let bench = Bench::with(&["ordinary", "gaiji"]);
    let reader = &bench.reader;
    let found = |name: &str| Ok(Some(name.to_owned()));
    let nothing = || Err(SessionError::Transport(TransportError::NoCard));
    assert_eq!(bench.pcsc.readers().unwrap().len(), 2);
    reader.insert_into(1, "gaiji", &[]).unwrap();
    assert_eq!((bench.read(0), bench.read(1)), (nothing(), found(GAIJI)));
    reader.insert_into(0, "ordinary", &[]).unwrap();
    assert_eq!(
        (bench.read(0), bench.read(1)),
        (found(ORDINARY), found(GAIJI))
    );
    reader.remove_from(1).unwrap();
    assert_eq!((bench.read(0), bench.read(1)), (found(ORDINARY), nothing()));
    // Put on the other slot, it leaves this one.
    reader.insert_into(1, "ordinary", &[]).unwrap();
    reader.noticed_on(0, false).unwrap();
    assert_eq!((bench.read(0), bench.read(1)), (nothing(), found(ORDINARY)));
}

#[test]
fn the_card_of_an_application_is_lifted_from_its_own_reader() {
    /// Longer than it takes to notice: nobody waits so long where all is well.
    const GIVEN_UP: Duration = Duration::from_secs(20);
    let bench = Bench::with(&["ordinary", "gaiji"]);
    let reader = &bench.reader;
    for own in [0, 1] {
        let other = 1 - own;
        let card = PcscCard::start_on(
            Pcsc::open().unwrap(),
            None,
            SystemTime::now,
            Protection::Plain,
        );
        let mut card = card.unwrap();
        reader.insert_into(own, "ordinary", &[]).unwrap();
        block_on(async {
            assert_eq!(card.open(GIVEN_UP).await, Ok(3));
            // Another card comes and goes, and lies there while this one goes.
            for inserted in [true, false, true] {
                if inserted {
                    reader.insert_into(other, "gaiji", &[]).unwrap();
                } else {
                    reader.remove_from(other).unwrap();
                }
                reader.noticed_on(other, inserted).unwrap();
                let lifted = timeout(Duration::from_millis(500), card.lifted()).await;
                assert!(lifted.is_err(), "{own}, {inserted}: {lifted:?}");
            }
            reader.remove_from(own).unwrap();
            let lifted = timeout(GIVEN_UP, card.lifted()).await;
            assert_eq!(lifted, Ok(ProblemCode::CardLifted), "{own}");
            card.close().await;
        });
        reader.remove_from(other).unwrap();
    }
}

#[test]
fn whatever_goes_wrong_through_pcscd_it_is_an_error_or_a_right_reading() {
    let bench = Bench::with(&["ordinary", "gaiji"]);
    let reader = &bench.reader;
    for (fault, read) in [
        ("slow=200@ins=B0,times=2", true),
        ("slow=1@ef=surface:0001", true),
        ("lifted@ins=20", false),
        ("lifted@ef=text:0002", false),
        ("reset@ef=text:0003", false),
        ("mute@ef=text:0011,times=2", false),
        ("mute@ins=2A", false),
        ("wrong-sw=6F00@ef=text:0007", false),
        // A file is read on where less came than it announces.
        ("truncated@ef=text:0002", true),
        ("truncated@ef=text:0001", false),
        ("truncated@ins=20,times=2", false),
        ("overlong@ins=2A", false),
        ("garbage@ef=text:0004", false),
        ("bit-flip@ef=text:0003", false),
        ("bit-flip@ins=2A,seed=1", false),
        ("duplicate-answer@ef=text:0002", false),
        ("swapped=gaiji@ef=text:0002", false),
        ("swapped=gaiji@apdu=1", true),
    ] {
        let outcome = bench.read_with(fault);
        let expected = if fault.starts_with("swapped") {
            GAIJI
        } else {
            ORDINARY
        };
        match outcome {
            Ok(Some(name)) => assert!(read && name == expected, "{fault}: somebody was read"),
            Ok(None) | Err(_) => assert!(!read, "{fault}: {outcome:?}"),
        }
        // Where the card is still there, the right PIN cost nothing.
        if let Ok(left) = reader.pin_tries() {
            assert_eq!(left, 3, "{fault}");
        }
    }
}

#[test]
fn the_kiosk_finds_the_card_among_the_readers_it_may_use() {
    let counter = Counter::open();
    let reader = &counter.reader;
    let out = TempDir::new().unwrap();
    let persona = Persona::load("ordinary").unwrap();
    let config = counter.world.ground.path("kiosk/kiosk.toml");
    let second = name(1);
    // Alone on the second slot; and there beside another card, which the kiosk is told not to look at.
    for (beside, only) in [(None, None), (Some("pin-blocked"), Some(&*second))] {
        if let Some(beside) = beside {
            reader.insert_into(0, beside, &[]).unwrap();
        }
        reader.insert_into(1, "ordinary", &[]).unwrap();
        let application = Application {
            config: &config,
            place: ["--out".as_ref(), out.path().as_os_str()],
            municipality: &persona.municipality,
            pin: &persona.pin,
            language: "en",
            reader: only,
            purpose: Purpose::Domestic,
        };
        let outcome = apply_with(&application, |step| match step {
            "take-card" => reader.remove_from(1),
            _ => Ok(()),
        });
        let outcome = outcome.unwrap();
        assert!(outcome.status.success(), "{beside:?}: {outcome:?}");
        for file in ["certificate.pdf", "shc.txt"] {
            fs::remove_file(out.path().join(file)).unwrap();
        }
    }
}
