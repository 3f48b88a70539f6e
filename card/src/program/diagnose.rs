//! `card diagnose`: each thing that reading needs, in the order it is needed.

use std::time::{Duration, Instant, SystemTime};

use card::client::{Client, Kind, Tries};
use card::environment;
use card::expiry::Day;
use card::pcsc::{Pcsc, PcscTransport, ReaderName};
use card::session::SessionError;
use card::transport::{Lengths, TransportError};
use card::{aid, text_ap};
use serde_json::{Value, json};

use crate::arguments::{Json, On};
use crate::failure::Failure;
use crate::machine;
use crate::output::print_json;
use crate::readers::{kind_key, kind_words};
use crate::status::valid_until;

/// Above this an APDU is slow: a card's own work for a small one takes a few milliseconds.
const SLOW: Duration = Duration::from_millis(30);
/// APDUs that are timed.
const TIMED: u32 = 16;

/// What was found of one thing.
struct Finding {
    about: &'static str,
    grade: Grade,
    words: String,
    remedy: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    /// Reading works, less well than it could.
    Mind,
    /// Reading does not work.
    Bad,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, about: &'static str, words: impl Into<String>) {
        self.add(about, Grade::Good, words, None);
    }

    fn mind(&mut self, about: &'static str, words: impl Into<String>, remedy: &'static str) {
        self.add(about, Grade::Mind, words, Some(remedy));
    }

    fn bad(&mut self, about: &'static str, words: impl Into<String>, remedy: &'static str) {
        self.add(about, Grade::Bad, words, Some(remedy));
    }

    fn add(
        &mut self,
        about: &'static str,
        grade: Grade,
        words: impl Into<String>,
        remedy: Option<&'static str>,
    ) {
        let words = words.into();
        self.0.push(Finding {
            about,
            grade,
            words,
            remedy,
        });
    }
}

pub(crate) fn run(on: &On, json: &Json) -> Result<(), Failure> {
    let mut findings = Findings::default();
    look(on, &mut findings);
    let hinders = findings.0.iter().any(|finding| finding.grade == Grade::Bad);
    if json.json {
        let list: Vec<Value> = findings.0.iter().map(as_json).collect();
        print_json(&json!({ "works": !hinders, "findings": list }));
    } else {
        for finding in &findings.0 {
            print(finding);
        }
    }
    if hinders {
        Err(Failure::Findings)
    } else {
        Ok(())
    }
}

fn print(finding: &Finding) {
    let mark = match finding.grade {
        Grade::Good => "ok  ",
        Grade::Mind => "mind",
        Grade::Bad => "BAD ",
    };
    println!("{mark}  {:<16}  {}", finding.about, finding.words);
    if let Some(remedy) = finding.remedy {
        println!("{:24}→ {remedy}", "");
    }
}

fn as_json(finding: &Finding) -> Value {
    let grade = match finding.grade {
        Grade::Good => "ok",
        Grade::Mind => "mind",
        Grade::Bad => "bad",
    };
    json!({
        "about": finding.about, "grade": grade, "words": finding.words, "remedy": finding.remedy,
    })
}

/// Goes on until something is missing without which there is nothing more to look at.
fn look(on: &On, findings: &mut Findings) {
    match environment::check() {
        Ok(()) => findings.good("spies", "none seen"),
        Err(leak) => findings.bad(
            "spies",
            leak.to_string(),
            "do that; until then no PIN is sent from here",
        ),
    }
    let Ok(pcsc) = Pcsc::open() else {
        return;
    };
    let readers = match pcsc.readers() {
        Ok(readers) => readers,
        Err(TransportError::NoService) => {
            findings.bad(
                "service",
                "the smart card service (pcscd) does not run, or is not for this user",
                "apt install pcscd; systemctl enable --now pcscd.socket; if it runs, polkit has to let this user",
            );
            return;
        }
        Err(TransportError::NoReader) => Vec::new(),
        Err(error) => {
            findings.bad("service", error.to_string(), "systemctl restart pcscd");
            return;
        }
    };
    findings.good("service", "pcscd answers");
    look_at_drivers(&readers, findings);
    if readers.is_empty() {
        return;
    }
    let names: Vec<_> = readers.iter().map(ToString::to_string).collect();
    findings.good("readers", names.join(", "));

    let asked = on.reader.as_deref().unwrap_or_default();
    let Some((reader, transport)) = connect(&pcsc, readers, asked, findings) else {
        return;
    };
    let lengths = Lengths::default();
    let mut client = Client::new(transport, lengths.clone());
    if let Err(error) = look_at_card(&mut client, &reader, &lengths, findings) {
        let remedy = "clean the card, place it flat, and try another reader or cable";
        findings.bad("answers", error.to_string(), remedy);
    }
}

fn look_at_drivers(readers: &[ReaderName], findings: &mut Findings) {
    let (drivers, usb) = (machine::drivers(), machine::usb_readers());
    let modules = machine::nfc_modules();
    if readers.is_empty() {
        findings.bad(
            "readers",
            format!("none (USB devices that are smart card readers: {usb})"),
            if usb > 0 {
                "it is attached, and the service does not drive it: see driver; else systemctl restart pcscd"
            } else {
                "attach one that reads ISO 14443 Type B; try another cable or port"
            },
        );
    }
    if !modules.is_empty() {
        findings.mind(
            "kernel",
            format!(
                "modules take NFC readers from the service: {}",
                modules.join(", ")
            ),
            "modprobe -r them, and blacklist them in /etc/modprobe.d",
        );
    }
    if drivers.is_empty() {
        let words = "no driver found where drivers usually are";
        if readers.is_empty() {
            findings.bad("driver", words, "apt install libccid");
        } else {
            findings.mind("driver", words, "nothing, since a reader works");
        }
    } else {
        findings.good("driver", drivers.join(", "));
    }
}

fn connect(
    pcsc: &Pcsc,
    readers: Vec<ReaderName>,
    asked: &str,
    findings: &mut Findings,
) -> Option<(ReaderName, PcscTransport)> {
    let mut worst = None;
    for reader in readers {
        if !reader.to_string().contains(asked) {
            continue;
        }
        match pcsc.transport(&reader) {
            Ok(transport) => return Some((reader, transport)),
            Err(TransportError::NoCard) if worst.is_some() => {}
            Err(error) => worst = Some(error),
        }
    }
    match worst {
        None => findings.bad("card", "no reader of that name", "see readers"),
        Some(TransportError::InUse) => findings.bad(
            "card",
            "another program holds it",
            "close browsers, e-Tax, OpenSC's PKCS#11 users, scdaemon (gpgconf --kill scdaemon)",
        ),
        Some(TransportError::NoCard) => findings.bad(
            "card",
            "none on the reader",
            "place it flat on the middle; take it out of a case that shields it, and other cards away",
        ),
        Some(error) => findings.bad("card", error.to_string(), "place it anew"),
    }
    None
}

fn look_at_card(
    client: &mut Client<PcscTransport>,
    reader: &ReaderName,
    lengths: &Lengths,
    findings: &mut Findings,
) -> Result<(), SessionError> {
    let kind = client.kind()?;
    let words = format!("{} on {reader}", kind_words(kind));
    if kind != Kind::Card {
        let remedy = if kind_key(kind) == "phone" {
            "a phone has the certificates of the JPKI alone: place the card itself"
        } else {
            "place a My Number Card, and only that"
        };
        findings.bad("card", words, remedy);
        return Ok(());
    }
    findings.good("card", words);
    let today = Day::in_japan(SystemTime::now());
    match valid_until(client)? {
        Some(date) if date.has_passed(today) => findings.bad(
            "validity",
            "the card has expired",
            "the counter of your municipality issues a new one",
        ),
        Some(_) => findings.good("validity", "the card is valid"),
        None => findings.mind("validity", "the card does not tell", "look at its front"),
    }
    match client.tries(&aid::TEXT_AP, text_ap::PIN)? {
        Tries::Left(0) => findings.bad(
            "PIN",
            "blocked",
            "the counter of your municipality sets a new one",
        ),
        Tries::Left(left @ 1..=2) => findings.mind(
            "PIN",
            format!("tries left: {left}"),
            "a right entry gives all of them back",
        ),
        Tries::Left(left) => findings.good("PIN", format!("tries left: {left}")),
        Tries::Verified => findings.mind(
            "PIN",
            "left verified by another program",
            "lift the card: whoever connects can read it until it loses power",
        ),
        Tries::Absent => findings.bad("PIN", "the card has none", "no card of a resident"),
    }
    look_at_transfer(client, lengths, findings)
}

fn look_at_transfer(
    client: &mut Client<PcscTransport>,
    lengths: &Lengths,
    findings: &mut Findings,
) -> Result<(), SessionError> {
    // Everybody may read it, and it is longer than a short answer.
    client.read_object(&aid::TEXT_AP, text_ap::CERTIFICATE)?;
    if lengths.extended() {
        findings.good("extended length", "card and reader take it");
    } else {
        findings.mind(
            "extended length",
            "refused: reading takes some APDUs more, and secure messaging is not possible",
            "a newer reader, or newer firmware for it",
        );
    }
    let mut times = Vec::new();
    for _ in 0..TIMED {
        let start = Instant::now();
        client.tries(&aid::TEXT_AP, text_ap::PIN)?;
        times.push(start.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    let words = format!("{:.2} ms a small APDU", median.as_secs_f64() * 1000.0);
    if median > SLOW {
        findings.mind(
            "speed",
            words,
            "another reader or cable; a virtual one without TCP_QUICKACK takes 44 ms",
        );
    } else {
        findings.good("speed", words);
    }
    Ok(())
}
