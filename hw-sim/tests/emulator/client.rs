//! The crate `card` as the terminal: what it reads by secure messaging, and what it makes of the JPKI AP.
//! Nothing is shared between the two sides but the facts: the card's half is `hw_sim`'s own.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use card::apdu::Command;
use card::client::{Client, Kind};
use card::evidence::{Binding, Context};
use card::jpki_ap::{ChainError, Device, Of, TrustedCas};
use card::messaging::{MessagingError, Protection};
use card::pin::Pin;
use card::session::{Attempt, Connected, SessionError};
use card::status::Status;
use card::transport::{Lengths, Transport, TransportError};
use card::trust::{Environment, TrustStore};
use zeroize::Zeroizing;

use crate::common::{Copy, made};
use card::evidence::Evidence;

const CONTEXT: Context<'static> = Context {
    center_nonce: [1; 32],
    vrs_nonce: &[],
    center: "center-1",
    vrs: "vrs-1",
    terminal: "terminal",
    exporter: [2; 32],
    session_key: [3; 32],
};

/// Whoever listens between card and reader, and may answer instead of the card.
struct Tap<T> {
    card: T,
    heard: Rc<RefCell<Vec<Vec<u8>>>>,
    /// The status word instead of the answer to the secured command with this number, from 1.
    instead: Option<(usize, u16)>,
    secured: usize,
}

impl<T: Transport> Transport for Tap<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        let mut answer = self.card.transmit(command)?;
        if command[0] == 0x08 {
            self.secured += 1;
            if let Some((number, word)) = self.instead
                && self.secured == number
            {
                answer = Zeroizing::new(word.to_be_bytes().to_vec());
            }
        }
        let mut heard = self.heard.borrow_mut();
        heard.push(command.to_vec());
        heard.push(answer.to_vec());
        Ok(answer)
    }
}

type Heard = Rc<RefCell<Vec<Vec<u8>>>>;

fn read(
    persona: &str,
    protection: Protection,
    instead: Option<(usize, u16)>,
) -> (Result<card::evidence::Evidence, SessionError>, Heard) {
    let copy = Copy::of(persona);
    let mut card = copy.load();
    let heard = Heard::default();
    let tap = Tap {
        card: card.powered(),
        heard: heard.clone(),
        instead,
        secured: 0,
    };
    let whole = || {
        let asked = Connected::new(tap, Lengths::default())
            .select()?
            .ask_tries()?;
        let pin = Pin::try_from("1234").unwrap();
        let Attempt::Verified(unlocked) = asked.verify(pin)? else {
            panic!("the PIN is 1234");
        };
        let read = unlocked.with_protection(protection).read()?;
        Ok(read.answer(&CONTEXT)?.unbound())
    };
    (whole(), heard)
}

/// Whether these bytes went over the air somewhere.
fn was_heard(heard: &Heard, bytes: &[u8]) -> bool {
    let heard = heard.borrow();
    heard
        .iter()
        .any(|message| message.windows(bytes.len()).any(|window| window == bytes))
}

#[test]
fn what_is_read_by_secure_messaging_is_what_is_read_plain_and_nobody_hears_it() {
    let (plain, heard_plain) = read("ordinary", Protection::Plain, None);
    let (secured, heard) = read("ordinary", Protection::SecureMessaging, None);
    let (plain, secured) = (plain.unwrap(), secured.unwrap());
    assert_eq!(plain.files(), secured.files());
    let anchors = made().join("anchors");
    let trust = TrustStore::load(&anchors, Environment::Emulator).unwrap();
    let again = Evidence::decode(&secured.encode()).unwrap();
    again.verify(&CONTEXT, &trust, Binding::Optional).unwrap();

    let attributes = secured.files().attributes.attributes();
    for said in [
        &b"201112304512"[..],
        attributes.name().expose().as_bytes(),
        b"19850412",
    ] {
        assert!(was_heard(&heard_plain, said));
        assert!(!was_heard(&heard, said));
    }
    // As the documentation says: the PIN goes plain, and so do the challenge's command and answer.
    assert!(was_heard(&heard, b"1234"));
    assert!(was_heard(&heard, secured.answer().as_bytes()));
    // SELECT, tries, VERIFY, EF 0006, SET SESSION KEY, two for each of five files, the challenge.
    assert_eq!(heard.borrow().len(), 2 * (3 + 2 + 2 * 5 + 1));
}

#[test]
fn a_broken_session_ends_the_reading_and_nothing_goes_plain() {
    for word in [0x6987, 0x6988, 0x6882, 0x69FC] {
        for number in [1, 2, 5, 10] {
            let (result, heard) = read(
                "ordinary",
                Protection::SecureMessaging,
                Some((number, word)),
            );
            let error = MessagingError::Broken(Status::from(word));
            assert_eq!(result.unwrap_err(), SessionError::Messaging(error));
            let heard = heard.borrow();
            let commands = heard.iter().step_by(2).skip(5);
            assert_eq!(commands.clone().count(), number);
            assert!(commands.clone().all(|command| command[0] == 0x08));
        }
    }
}

#[test]
fn a_plain_answer_to_a_secured_command_is_refused() {
    // The first secured READ BINARY is answered with a status word alone, as if the file were empty.
    let (result, _) = read("ordinary", Protection::SecureMessaging, Some((2, 0x9000)));
    assert!(matches!(result.unwrap_err(), SessionError::File(_)));
    let (result, _) = read("ordinary", Protection::SecureMessaging, Some((2, 0x6982)));
    assert!(matches!(
        result.unwrap_err(),
        SessionError::Unexpected { .. }
    ));
}

#[test]
fn without_extended_length_there_is_no_secure_messaging() {
    let (result, heard) = read("short", Protection::SecureMessaging, None);
    let error = SessionError::Messaging(MessagingError::ExtendedLength);
    assert_eq!(result.unwrap_err(), error);
    let heard = heard.borrow();
    let commands = heard.iter().step_by(2);
    let reads = commands.filter_map(|bytes| Command::decode(bytes).ok());
    // EF 0006 alone was read.
    assert!(
        reads
            .filter(|command| command.ins == 0xB0)
            .all(|command| { command.p1 & 0x80 == 0 || command.p1 == 0x86 })
    );
    assert!(read("short", Protection::Plain, None).0.is_ok());
}

#[test]
fn the_jpki_ap_s_certificate_verifies_and_costs_three_apdus() {
    let copy = Copy::of("ordinary");
    let mut card = copy.load();
    let heard = Heard::default();
    let tap = Tap {
        card: card.powered(),
        heard: heard.clone(),
        instead: None,
        secured: 0,
    };
    let certificates = Client::new(tap, Lengths::default()).certificates();
    let certificates = certificates.unwrap().unwrap();
    // SELECT, and each certificate.
    assert_eq!(heard.borrow().len(), 2 * 3);

    let cas = TrustedCas::load(&made().join("anchors-jpki")).unwrap();
    let now = SystemTime::now();
    certificates.verify(&cas, now).unwrap();
    let in_fifty_years = now + Duration::from_secs(50 * 365 * 86_400);
    assert!(matches!(
        certificates.verify(&cas, in_fifty_years),
        Err(ChainError::Expired(Of::Ca | Of::Holder))
    ));
    // The real test environment's CA does not vouch for it.
    let real = include_bytes!("../../../card/tests/vectors/jpki/jpki-auth-ca-cert.der");
    let other = TrustedCas::new([real.to_vec()]).unwrap();
    assert_eq!(certificates.verify(&other, now), Err(ChainError::UnknownCa));
}

#[test]
fn with_short_lengths_the_certificate_is_the_same() {
    let read = |persona| {
        let copy = Copy::of(persona);
        let mut card = copy.load();
        let mut client = Client::new(card.powered(), Lengths::default());
        client.certificates().unwrap().unwrap()
    };
    let cas = TrustedCas::load(&made().join("anchors-jpki")).unwrap();
    read("short").verify(&cas, SystemTime::now()).unwrap();
}

#[test]
fn a_phone_is_told_from_a_card() {
    let kind = |persona| {
        let copy = Copy::of(persona);
        let mut card = copy.load();
        Client::new(card.powered(), Lengths::default())
            .kind()
            .unwrap()
    };
    assert_eq!(kind("ordinary"), Kind::Card);
    assert!(matches!(
        kind("phone"),
        Kind::Phone(Device::Android | Device::IPhone)
    ));
}
