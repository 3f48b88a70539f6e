//! The program `card`, run as people run it: against emulated cards on a real `pcscd`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::MutexGuard;

use hw_sim::personalize::personalize;
use hw_sim::trace::Event;
use serde_json::{Value, json};
use stage::process::program;
use stage::reader::Reader;
use tempfile::TempDir;

use crate::support::alone_with_pcsc;

const READER: &str = "Virtual PCD 00 00";
const VERIFY: u8 = 0x20;

/// A reader, and cards for some personas.
struct Counter {
    // Dropped in this order: the next test finds no service.
    reader: Reader,
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Counter {
    fn with(personas: &[&str]) -> Self {
        let alone = alone_with_pcsc();
        let folder = TempDir::new().unwrap();
        let chosen = folder.path().join("personas");
        fs::create_dir(&chosen).unwrap();
        for persona in personas {
            let name = format!("{persona}.toml");
            let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hw-sim/personas");
            fs::copy(all.join(&name), chosen.join(&name)).unwrap();
        }
        personalize(&chosen, folder.path(), false).unwrap();
        let reader = Reader::start(&folder.path().join("cards")).unwrap();
        Self {
            reader,
            folder,
            _alone: alone,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where trust anchors are, as arguments.
    fn trust(&self) -> [String; 4] {
        let anchors = self.path("anchors").to_str().unwrap().to_owned();
        ["--anchors", &anchors, "--environment", "emulator"].map(str::to_owned)
    }

    /// How many times something was presented to a card so far.
    fn presented(&self) -> usize {
        let trace = self.reader.trace().unwrap();
        let presents = |event: &&Event| matches!(event, Event::Apdu(exchange) if exchange.header[1] == VERIFY && exchange.sent > 0);
        trace.iter().filter(presents).count()
    }
}

/// Runs the program with these lines on standard input, which is file descriptor 0.
fn card(arguments: &[&str], entries: &str) -> Output {
    card_in(arguments, entries, &[])
}

fn card_in(arguments: &[&str], entries: &str, variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(program("card"))
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that asks for nothing may have ended already.
    let _ = stdin.write_all(entries.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn printed(output: &Output) -> String {
    assert_eq!(code(output), 0, "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).unwrap()
}

/// A refusal prints nothing on standard output, and this on standard error.
fn assert_refused(output: &Output, expected: i32, words: &str) {
    let said = said(output);
    assert_eq!(code(output), expected, "{said}");
    assert!(said.contains(words), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_help_tells_all_of_it() {
    let help = printed(&card(&["--help"], ""));
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/card/help.txt");
    assert_eq!(help, fs::read_to_string(expected).unwrap());
    for command in [
        &["readers"][..],
        &["status"],
        &["read"],
        &["verify"],
        &["dump"],
        &["diagnose"],
        &["pin", "change"],
    ] {
        let help = printed(&card(&[command, &["--help"]].concat(), ""));
        assert!(!help.contains("--pin "), "no PIN is an argument");
    }
    assert_eq!(code(&card(&["read", "--pin", "1234"], "")), 2);
}

#[test]
fn without_a_service_the_way_to_it_is_told() {
    let _alone = alone_with_pcsc();
    for command in [&["readers"][..], &["status"], &["read"]] {
        let output = card(command, "");
        assert_refused(&output, 3, "systemctl start pcscd");
    }
    let output = card(&["diagnose", "--json"], "");
    assert_eq!(code(&output), 10);
    let diagnosis: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(diagnosis["works"], json!(false));
    let last = diagnosis["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["about"], &last["grade"]),
        (&json!("service"), &json!("bad"))
    );
}

#[test]
fn readers_and_tries_are_told_and_none_is_spent() {
    let counter = Counter::with(&["ordinary", "pin-blocked"]);
    let holds = |what: &str| json!([{ "reader": READER, "holds": what }, { "reader": "Virtual PCD 00 01", "holds": "nothing" }]);
    let readers = || json_of(&card(&["readers", "--json"], ""));
    assert_eq!(readers(), holds("nothing"));
    assert_refused(&card(&["status"], ""), 3, "place the card on the reader");
    counter.reader.insert("ordinary").unwrap();
    assert_eq!(readers(), holds("my-number-card"));

    let status = json_of(&card(&["status", "--json"], ""));
    assert_eq!(status["reader"], json!(READER));
    assert_eq!(status["valid_until"], json!("2035-04-12"));
    assert_eq!(status["expired"], json!(false));
    assert_eq!(status["municipality"], json!("13221"));
    assert_eq!(status["text_ap"]["capabilities"], json!("01030E01"));
    let tries = &status["tries"];
    assert_eq!(
        tries["text"],
        json!({ "pin": 3, "blocked": 0, "a": 10, "b": 10 })
    );
    assert_eq!(tries["surface"]["birth"], json!(10));
    assert_eq!(tries["jpki"], json!({ "auth": 3, "sign": 5 }));

    let table = printed(&card(&["status", "--reader", "00 00"], ""));
    assert!(table.contains("text     0011  3 "), "{table}");
    assert_refused(
        &card(&["status", "--reader", "none"], ""),
        3,
        "no reader of that name",
    );

    counter.reader.insert("pin-blocked").unwrap();
    let table = printed(&card(&["status"], ""));
    assert!(table.contains("text     0011  0, blocked"), "{table}");
    assert_eq!(counter.presented(), 0);
}

#[test]
fn a_card_is_read_by_its_pin_and_proved() {
    let counter = Counter::with(&["ordinary", "copy"]);
    counter.reader.insert("ordinary").unwrap();
    let read = ["read", "--pin-fd", "0"];
    let table = printed(&card(&read, "1234\n"));
    for line in [
        "number       201112304512",
        "name         青葉　さくら",
        "birth date   1985-04-12",
        "genuine      -",
    ] {
        assert!(table.contains(line), "{table}");
    }

    let trust = counter.trust();
    let proof: Vec<_> = read
        .into_iter()
        .chain(trust.iter().map(String::as_str))
        .chain(["--json"])
        .collect();
    let expected = json!({
        "number": "201112304512", "name": "青葉　さくら",
        "address": "東京都清瀬市旭が丘９丁目９９番９号",
        "birth_date": "1985-04-12", "sex": "female", "signer": "1322131-000-00000000",
        "valid_until": "2035-04-12", "expired": false, "genuine": true, "bound": true,
    });
    assert_eq!(json_of(&card(&proof, "1234\n")), expected);
    // The same by secure messaging.
    let protected = [&proof[..], &["--secure-messaging"]].concat();
    assert_eq!(json_of(&card(&protected, "1234\n")), expected);

    // A copy answers every read and no challenge.
    counter.reader.insert("copy").unwrap();
    printed(&card(&read, "1234\n"));
    let refused = card(&proof, "1234\n");
    assert!(refused.stdout.is_empty());
    assert!([8, 9].contains(&code(&refused)), "{}", said(&refused));
    assert!(!said(&refused).contains("201112304512"));
}

#[test]
fn a_card_is_read_by_what_is_printed_on_it() {
    let counter = Counter::with(&["ordinary"]);
    counter.reader.insert("ordinary").unwrap();
    let by = |what, entry| card(&["read", "--by", what, "--pin-fd", "0", "--json"], entry);
    assert_eq!(
        json_of(&by("a", "201112304512\n")),
        json!({ "number": "201112304512" })
    );
    let attributes = json_of(&by("b", "1985041220354071\n"));
    assert_eq!(attributes["name"], json!("青葉　さくら"));
    assert_eq!(attributes.get("number"), None);

    // A wrong check digit, a wrong length: not sent.
    let presented = counter.presented();
    assert_refused(&by("a", "201112304511\n"), 5, "no try was spent");
    assert_refused(&by("b", "198504122035\n"), 5, "no try was spent");
    assert_eq!(counter.presented(), presented);
    assert_refused(&by("b", "1985041220354072\n"), 5, "tries left: 9");
}

#[test]
fn wrong_pins_are_told_and_the_last_try_is_not_risked() {
    let counter = Counter::with(&["ordinary", "pin-blocked"]);
    counter.reader.insert("ordinary").unwrap();
    let read = |entry, more: &[&str]| card(&[&["read", "--pin-fd", "0"][..], more].concat(), entry);
    for malformed in ["12a4\n", "123\n", "12345\n", "１２３４\n"] {
        assert_refused(&read(malformed, &[]), 5, "a PIN is four digits");
    }
    assert_refused(&read("", &[]), 5, "nothing from --pin-fd");
    assert_eq!(counter.presented(), 0);

    assert_refused(&read("0000\n", &[]), 5, "tries left: 2");
    assert_refused(&read("0000\n", &[]), 5, "tries left: 1");
    assert_refused(&read("1234\n", &[]), 6, "only one try is left");
    assert_eq!(counter.presented(), 2);
    let diagnosis = printed(&card(&["diagnose"], ""));
    assert!(diagnosis.contains("tries left: 1"), "{diagnosis}");
    printed(&read("1234\n", &["--last-try"]));
    assert_eq!(counter.reader.pin_tries().unwrap(), 3);

    for left in [2, 1] {
        assert_refused(&read("0000\n", &[]), 5, &format!("tries left: {left}"));
    }
    assert_refused(&read("0000\n", &["--last-try"]), 6, "blocked now");
    assert_refused(&read("1234\n", &["--last-try"]), 6, "it is blocked");
    counter.reader.insert("pin-blocked").unwrap();
    assert_refused(&read("1234\n", &[]), 6, "municipality");
}

#[test]
fn a_dump_is_for_its_owner_and_verifies_until_it_is_changed() {
    let counter = Counter::with(&["ordinary"]);
    counter.reader.insert("ordinary").unwrap();
    let folder = counter.path("dump");
    let dump = folder.to_str().unwrap();
    let output = card(&["dump", dump, "--pin-fd", "0"], "1234\n");
    let listed = printed(&output);
    assert!(listed.contains("text/0001  17 bytes"), "{listed}");
    assert!(said(&output).contains("personal data"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("text")), 0o700);
    assert_eq!(mode(&folder.join("text/0002.bin")), 0o600);
    // Byte for byte what is on the card.
    let original = counter.path("cards/ordinary");
    for file in [
        "text/0001.bin",
        "text/0002.bin",
        "text/0003.bin",
        "text/0004.bin",
        "text/0005.bin",
        "text/0006.bin",
        "text/0007.bin",
        "surface/0001.bin",
        "surface/0004.bin",
        "common/0001.bin",
        "jpki/0006.bin",
        "jpki/000A.bin",
        "jpki/000B.bin",
        "jpki/0002.bin",
        "manager/00F2.bin",
    ] {
        let (dumped, held) = (fs::read(folder.join(file)), fs::read(original.join(file)));
        assert_eq!(dumped.unwrap(), held.unwrap(), "{file}");
    }
    // The folder is there now: nothing is overwritten, and no PIN is sent.
    let presented = counter.presented();
    assert_refused(
        &card(&["dump", dump, "--pin-fd", "0"], "1234\n"),
        11,
        "there already",
    );
    assert_eq!(counter.presented(), presented);

    let cas = counter.path("anchors-jpki");
    let trust = counter.trust();
    let verify: Vec<_> = ["verify", dump]
        .into_iter()
        .chain(trust.iter().map(String::as_str))
        .chain(["--jpki-cas", cas.to_str().unwrap(), "--json"])
        .collect();
    let verified = json_of(&card(&verify, ""));
    assert_eq!(verified["files"], json!(true));
    assert_eq!(verified["jpki"], json!(true));
    assert_eq!(verified["signer"], json!("1322131-000-00000000"));
    // Nothing can be said of who has the card now.
    assert_eq!(verified["challenge"], Value::Null);
    for file in ["text/0002.bin", "surface/0001.bin", "jpki/000A.bin"] {
        let path = folder.join(file);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[40] ^= 0x01;
        fs::write(&path, changed).unwrap();
        assert_refused(&card(&verify, ""), 9, "not genuine");
        fs::write(&path, bytes).unwrap();
    }
    fs::remove_file(folder.join("text/0007.bin")).unwrap();
    assert_refused(&card(&verify, ""), 11, "text/0007.bin");

    // What needs no PIN.
    let free = counter.path("free");
    let listed = printed(&card(&["dump", free.to_str().unwrap(), "--free"], ""));
    assert!(listed.contains("text/0001  closed"), "{listed}");
    assert!(listed.contains("text/0004  568 bytes"), "{listed}");
    assert!(!free.join("text/0001.bin").exists());
    assert_eq!(counter.presented(), presented);
}

#[test]
fn a_diagnosis_names_what_hinders_and_its_remedy() {
    let counter = Counter::with(&["ordinary", "phone", "expired"]);
    let diagnose = || {
        let output = card(&["diagnose", "--json"], "");
        let diagnosis: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(diagnosis["works"], json!(code(&output) == 0));
        (code(&output), diagnosis)
    };
    let bad = |diagnosis: &Value| -> Vec<String> {
        let findings = diagnosis["findings"].as_array().unwrap().iter();
        let bad = findings.filter(|finding| finding["grade"] == json!("bad"));
        bad.map(|finding| {
            assert!(finding["remedy"].is_string());
            finding["about"].as_str().unwrap().to_owned()
        })
        .collect()
    };
    let (status, diagnosis) = diagnose();
    assert_eq!((status, bad(&diagnosis)), (10, vec!["card".to_owned()]));

    counter.reader.insert("ordinary").unwrap();
    let (status, diagnosis) = diagnose();
    assert_eq!((status, bad(&diagnosis)), (0, vec![]));
    let abouts: Vec<_> = diagnosis["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["about"].as_str().unwrap())
        .collect();
    assert_eq!(
        abouts,
        [
            "spies",
            "service",
            "driver",
            "readers",
            "card",
            "validity",
            "PIN",
            "extended length",
            "speed"
        ]
    );

    counter.reader.insert("phone").unwrap();
    let (status, diagnosis) = diagnose();
    assert_eq!((status, bad(&diagnosis)), (10, vec!["card".to_owned()]));
    assert!(diagnosis.to_string().contains("phone"));
    for command in [&["read"][..], &["status"], &["pin", "change", "auth"]] {
        let fd = ["--pin-fd", "0"];
        let fd = if command == ["status"] { &[][..] } else { &fd };
        let output = card(&[command, fd].concat(), "1234\n");
        assert_refused(&output, 4, "this is a phone, not a card");
    }
    counter.reader.insert("expired").unwrap();
    assert_eq!(bad(&diagnose().1), ["validity"]);
    assert_eq!(counter.presented(), 0);
}

#[test]
fn no_pin_is_sent_where_it_would_leak() {
    let counter = Counter::with(&["ordinary"]);
    counter.reader.insert("ordinary").unwrap();
    for (name, value) in [
        ("PCSCLITE_DEBUG", "0"),
        ("PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm"),
        ("LIBPCSCLITE_DELEGATE", "libpcscspy.so"),
    ] {
        for command in [
            &["read", "--pin-fd", "0"][..],
            &["pin", "change", "text", "--pin-fd", "0"],
        ] {
            let output = card_in(command, "1234\n5678\n", &[(name, value)]);
            assert_refused(&output, 7, name);
        }
        let output = card_in(&["diagnose"], "", &[(name, value)]);
        assert_eq!(code(&output), 10);
        assert!(String::from_utf8(output.stdout).unwrap().contains(name));
    }
    assert_eq!(counter.presented(), 0);
}

#[test]
fn pins_and_the_password_are_changed() {
    let counter = Counter::with(&["ordinary"]);
    counter.reader.insert("ordinary").unwrap();
    let change =
        |which: &str, entries: &str| card(&["pin", "change", which, "--pin-fd", "0"], entries);
    let read = |entry| card(&["read", "--pin-fd", "0", "--json"], entry);

    // Not of its form: nothing is sent, the old one is not either.
    assert_refused(&change("text", "1234\n56789\n"), 5, "no try was spent");
    assert_refused(&change("sign", "ABC\nABC123\n"), 5, "no try was spent");
    assert_eq!(counter.presented(), 0);

    assert_refused(&change("text", "0000\n5678\n"), 5, "tries left: 2");
    assert_eq!(printed(&change("text", "1234\n5678\n")), "changed\n");
    assert_refused(&read("1234\n"), 5, "tries left: 2");
    assert_eq!(json_of(&read("5678\n"))["number"], json!("201112304512"));
    assert_eq!(printed(&change("text", "5678\n1234\n")), "changed\n");

    let status = || json_of(&card(&["status", "--json"], ""))["tries"]["jpki"].clone();
    let persona = fs::read_to_string(counter.path("personas/ordinary.toml")).unwrap();
    let persona: toml::Table = persona.parse().unwrap();
    let secret = |key: &str, default: &str| {
        let card = persona.get("card").and_then(|card| card.get(key));
        card.and_then(|value| value.as_str())
            .unwrap_or(default)
            .to_owned()
    };
    let auth = secret("authentication_pin", "1234");
    assert_refused(&change("auth", "0000\n4321\n"), 5, "tries left: 2");
    assert_eq!(status(), json!({ "auth": 2, "sign": 5 }));
    assert_eq!(
        printed(&change("auth", &format!("{auth}\n4321\n"))),
        "changed\n"
    );
    assert_eq!(
        printed(&change("auth", &format!("4321\n{auth}\n"))),
        "changed\n"
    );
    let sign = secret("signature_password", "ABC123");
    assert_eq!(
        printed(&change("sign", &format!("{sign}\nnew123\n"))),
        "changed\n"
    );
    assert_refused(
        &change("sign", &format!("{sign}\nNEW123\n")),
        5,
        "tries left: 4",
    );
    assert_eq!(
        printed(&change("sign", &format!("NEW123\n{sign}\n"))),
        "changed\n"
    );
    assert_eq!(status(), json!({ "auth": 3, "sign": 5 }));
}
