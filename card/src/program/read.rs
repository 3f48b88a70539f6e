//! `card read`

use std::time::SystemTime;

use card::aid;
use card::client::{Client, Secret, Tries};
use card::era::{BirthCode, CodeB};
use card::evidence::{Binding, Context};
use card::expiry::{Day, ExpiryDate};
use card::messaging::Protection;
use card::number::IndividualNumber;
use card::pcsc::PcscTransport;
use card::pin::Pin;
use card::session::{Attempt, Proof, SessionError};
use card::text_ap::{self, AttributesFile, NumberFile};
use card::trust::TrustStore;
use zeroize::Zeroizing;

use crate::arguments::{By, ReadArguments};
use crate::desk::Desk;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::output::{Report, expiry};
use crate::status::valid_until;
use crate::verify::{JPKI_LABEL, judge_certificates, trust_store, trusted_cas};

const TOO_LITTLE: &str =
    "a 照合番号 opens too little of the card to prove it by --anchors: read by the PIN";
const NO_SESSION_KEY: &str =
    "the card takes a session key after the PIN alone: --secure-messaging goes with --by pin";

pub(crate) fn run(arguments: &ReadArguments) -> Result<(), Failure> {
    if arguments.by != By::Pin {
        if arguments.trust.anchors.is_some() {
            return Err(Failure::Usage(TOO_LITTLE));
        }
        if arguments.secure_messaging {
            return Err(Failure::Usage(NO_SESSION_KEY));
        }
    }
    let trust = arguments
        .trust
        .anchors
        .as_deref()
        .zip(arguments.trust.environment)
        .map(|(folder, environment)| trust_store(folder, environment))
        .transpose()?;
    let cas = arguments
        .trust
        .jpki_cas
        .as_deref()
        .map(trusted_cas)
        .transpose()?;
    let entry = Entry::of(&arguments.entry);
    let mut card = Desk::open(&arguments.on)?.card()?;
    // Whatever needs no PIN comes first, so that nobody enters one in vain.
    let valid = match valid_until(&mut card) {
        // Nobody signed the date: a card that tells none in its own way is read all the same.
        Err(SessionError::Unexpected { .. }) => None,
        told => told?,
    };
    let expired = valid.as_ref().is_some_and(has_passed);
    if expired && !arguments.accept_expired {
        return Err(Failure::Expired);
    }
    if expired {
        eprintln!("card: {}", Failure::Expired);
    }
    if let Some(cas) = &cas {
        judge_certificates(card.certificates()?.as_ref(), cas)?;
    }
    let mut report = match arguments.by {
        By::Pin => by_pin(card, valid.as_ref(), arguments, &entry, trust.as_ref())?,
        By::A => by_a(&mut card, &entry)?,
        By::B => by_b(&mut card, &entry)?,
    };
    if cas.is_some() {
        let words = "genuine; it names nobody, so nothing ties it to the rest";
        report.put_in_words("jpki", JPKI_LABEL, true, words);
    }
    report.print(arguments.json.json);
    Ok(())
}

fn has_passed(date: &ExpiryDate) -> bool {
    date.has_passed(Day::in_japan(SystemTime::now()))
}

fn by_pin(
    card: Client<PcscTransport>,
    valid: Option<&ExpiryDate>,
    arguments: &ReadArguments,
    entry: &Entry,
    trust: Option<&TrustStore>,
) -> Result<Report, Failure> {
    let asked = card.into_session().select()?.ask_tries()?;
    if entry.is_interactive() {
        eprintln!("tries left: {}", asked.remaining());
    }
    entry.allows(asked.remaining())?;
    let digits = entry.ask("PIN (4 digits)")?;
    let pin = Pin::try_from(digits.as_str()).map_err(|_| Failure::Entry("a PIN is four digits"))?;
    drop(digits);
    let attempt = asked.verify(pin)?;
    let outcome = attempt.outcome();
    let Attempt::Verified(unlocked) = attempt else {
        return Err(Failure::unless_verified(outcome)
            .err()
            .unwrap_or(Failure::Blocked));
    };
    let protection = if arguments.secure_messaging {
        Protection::SecureMessaging
    } else {
        Protection::Plain
    };
    let read = unlocked.with_protection(protection).read()?;

    let mut report = Report::default();
    let files = read.files();
    let number = files
        .number
        .number()
        .map_err(|_| Failure::NotGenuine("the number's check digit is wrong".to_owned()))?;
    report.put("number", "number", number.expose());
    report.put_attributes(files.attributes.attributes());
    report.put(
        "signer",
        "signed by",
        files.certificate.subject().to_string(),
    );
    if let Some(date) = valid {
        report.put("valid_until", "valid until", expiry(date));
        report.put("expired", "expired", has_passed(date));
    }
    if let Some(trust) = trust {
        let (nonce, session) = (random(), random());
        let context = Context {
            center_nonce: nonce,
            vrs_nonce: b"",
            center: "card",
            vrs: "card",
            terminal: "card",
            exporter: [0; 32],
            session_key: session,
        };
        let proof = read.answer(&context)?.bind()?;
        let reason = match &proof {
            Proof::Unbound { reason, .. } => reason.to_string(),
            // Then whatever the surface AP said counts for nothing.
            Proof::Bound(_) => "no trust anchor for it".to_owned(),
        };
        // What the text AP proves is judged first: what is false is worse than what is not bound.
        let verified = proof
            .into_evidence()
            .verify(&context, trust, Binding::Optional)
            .map_err(|error| Failure::NotGenuine(error.to_string()))?;
        let bound = verified.is_bound_by_surface();
        if bound {
            report.put("genuine", "genuine", true);
        } else if arguments.accept_unbound {
            eprintln!("card: {}", Failure::Unbound(reason));
            report.put("genuine", "genuine", "text AP alone");
        } else {
            return Err(Failure::Unbound(reason));
        }
        report.put("bound", "bound by surface AP", bound);
    } else {
        // Nothing was checked: neither yes nor no.
        report.put("genuine", "genuine", serde_json::Value::Null);
    }
    Ok(report)
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

fn by_a(card: &mut Client<PcscTransport>, entry: &Entry) -> Result<Report, Failure> {
    let digits = prompt(card, entry, text_ap::CODE_A, "照合番号A (12 digits)")?;
    let number = IndividualNumber::try_from(digits.as_str())
        .map_err(|_| Failure::Entry("照合番号A is twelve digits, the last one a check digit"))?;
    drop(digits);
    Failure::unless_verified(card.present(Secret::CodeA(number))?)?;
    let file = content(card.read(&aid::TEXT_AP, text_ap::NUMBER)?)?;
    let number = NumberFile::decode(&file)
        .map_err(card::session::SessionError::from)?
        .number()
        .map_err(|_| Failure::NotGenuine("the number's check digit is wrong".to_owned()))?;
    let mut report = Report::default();
    report.put("number", "number", number.expose());
    Ok(report)
}

fn by_b(card: &mut Client<PcscTransport>, entry: &Entry) -> Result<Report, Failure> {
    let what = "照合番号B (birth date YYYYMMDD, year of expiry, security code: 16 digits)";
    let digits = prompt(card, entry, text_ap::CODE_B, what)?;
    let code = code_b(digits.as_bytes()).ok_or(Failure::Entry(
        "照合番号B is entered as birth date YYYYMMDD, year of expiry YYYY and security code: 16 digits",
    ))?;
    drop(digits);
    Failure::unless_verified(card.present(Secret::CodeB(code))?)?;
    let file = content(card.read_object(&aid::TEXT_AP, text_ap::ATTRIBUTES)?)?;
    let file = AttributesFile::decode(&file).map_err(card::session::SessionError::from)?;
    let mut report = Report::default();
    report.put_attributes(file.attributes());
    Ok(report)
}

/// The era's year is worked out here: nobody should have to.
fn code_b(digits: &[u8]) -> Option<CodeB> {
    let (birth, rest) = digits.split_first_chunk::<8>()?;
    let (expiry, security) = rest.split_first_chunk::<4>()?;
    let birth = card::attributes::BirthDate::try_from(&birth[..]).ok()?;
    CodeB::new(&BirthCode::of(&birth)?, expiry, security.try_into().ok()?)
}

fn prompt(
    card: &mut Client<PcscTransport>,
    entry: &Entry,
    reference: card::file::Ef,
    what: &str,
) -> Result<Zeroizing<String>, Failure> {
    match card.tries(&aid::TEXT_AP, reference)? {
        Tries::Left(left) => {
            if entry.is_interactive() {
                eprintln!("tries left: {left}");
            }
            entry.allows(left)?;
        }
        Tries::Verified => {}
        Tries::Absent => return Err(Failure::Malformed("the card has no such one".to_owned())),
    }
    entry.ask(what)
}

fn content(reading: card::client::Reading) -> Result<Zeroizing<Vec<u8>>, Failure> {
    reading
        .content()
        .ok_or_else(|| Failure::Malformed("the card has no such file".to_owned()))
}
