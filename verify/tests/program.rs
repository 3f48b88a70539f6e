//! The program, asked as a person or another program would: text, pictures and pages in, words and an exit status out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drawn;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use image::{GrayImage, ImageFormat};
use qrcode::QrCode;
use qrcode::bits::Bits;
use qrcode::types::{EcLevel, Version};
use serde_json::Value;

/// Dots a module.
const MODULE: usize = 4;

fn specimen(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/specimens")
        .join(name)
}

struct Answer {
    status: i32,
    out: String,
    error: String,
}

fn ask(arguments: &[&str], input: &[u8]) -> Answer {
    let mut program = Command::new(env!("CARGO_BIN_EXE_verify"));
    program.args(arguments);
    let pipes = program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = pipes.stderr(Stdio::piped()).spawn().unwrap();
    // Who does not read its input closes it.
    let _ = program.stdin.take().unwrap().write_all(input);
    let output = program.wait_with_output().unwrap();
    Answer {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

fn ask_at(at: &str, more: &[&str], input: &[u8]) -> Answer {
    let trust = specimen("trust.toml");
    let mut arguments = vec!["--trust", trust.to_str().unwrap(), "--at", at];
    arguments.extend(more);
    ask(&arguments, input)
}

const CARDS: &str = "2023-07-01";
const AUSTRALIA: &str = "2021-11-01";

fn verdicts(answer: &Answer) -> Vec<String> {
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    let codes = document["codes"].as_array().unwrap().iter();
    let verdict = |code: &Value| code["verdict"].as_str().unwrap().to_owned();
    codes.map(verdict).collect()
}

/// In the smallest version from 20 on that holds it.
fn symbol(text: &str) -> QrCode {
    (20..40)
        .map(Version::Normal)
        .find_map(|version| {
            let mut bits = Bits::new(version);
            // As the specification wants it: bytes, then digits.
            match text.strip_prefix("shc:/") {
                Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    bits.push_byte_data(b"shc:/").ok()?;
                    bits.push_numeric_data(digits.as_bytes()).ok()?;
                }
                _ => bits.push_byte_data(text.as_bytes()).ok()?,
            }
            bits.push_terminator(EcLevel::L).ok()?;
            QrCode::with_bits(bits, EcLevel::L).ok()
        })
        .unwrap()
}

/// Symbols beside each other on a white picture.
fn picture(texts: &[String]) -> GrayImage {
    let symbols: Vec<_> = texts.iter().map(|text| symbol(text)).collect();
    drawn::picture(&symbols, MODULE)
}

/// A page of A4 with symbols below each other, modules as rectangles.
fn page(texts: &[String]) -> Vec<u8> {
    let mut content = String::from("0 g\n");
    let side = 260.0;
    for (index, text) in texts.iter().enumerate() {
        let symbol = symbol(text);
        let module = side / symbol.width() as f64;
        let top = 800.0 - index as f64 * (side + 60.0);
        for (x, y) in drawn::dark(&symbol) {
            let (x, y) = (60.0 + x as f64 * module, top - (y + 1) as f64 * module);
            content.push_str(&format!("{x:.4} {y:.4} {module:.4} {module:.4} re\n"));
        }
    }
    content.push_str("f\n");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>".to_owned(),
        format!("<</Length {}>>stream\n{content}endstream", content.len()),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let start = file.len();
    file.push_str("xref\n0 5\n0000000000 65535 f \n");
    for place in places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    file.push_str(&format!(
        "trailer<</Size 5/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    ));
    file.into_bytes()
}

fn text(name: &str) -> String {
    fs::read_to_string(specimen(name))
        .unwrap()
        .trim()
        .to_owned()
}

/// In one line, as a symbol has it.
fn seal(name: &str) -> String {
    let value: Value = serde_json::from_str(&text(name)).unwrap();
    value.to_string()
}

#[test]
fn text_says_what_a_card_is() {
    let answer = ask_at(CARDS, &[], text("smart/example-00.txt").as_bytes());
    assert_eq!(answer.status, 0, "{}", answer.error);
    for line in [
        "SMART Health Card: valid",
        "signed by: The specification's example issuer (https://spec.smarthealth.cards/examples/issuer)",
        "key: 3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s",
        "name: Anyperson John B.",
        "birth date: 1951-01-20",
        "dose: 2021-01-01 http://hl7.org/fhir/sid/cvx 207, lot 0000001, ABC General Hospital",
        "note: nbf is not a whole number of seconds",
    ] {
        assert!(
            answer.out.lines().any(|own| own == line),
            "{line}: {}",
            answer.out
        );
    }
    let answer = ask_at(AUSTRALIA, &[], text("australia/valid.json").as_bytes());
    assert_eq!(answer.status, 0, "{}", answer.error);
    for line in [
        "VDS-NC: valid",
        "signed by: Australia (AUS)",
        "name: CITIZEN  JOHN",
        "travel document: PA0940385",
        "dose 2: 2021-10-03 Moderna Spikevax (XM68M6), AUS, lot Not recorded, Primary Health",
    ] {
        assert!(
            answer.out.lines().any(|own| own == line),
            "{line}: {}",
            answer.out
        );
    }
    let answer = ask_at(
        AUSTRALIA,
        &["--no-content"],
        text("australia/valid.json").as_bytes(),
    );
    assert!(!answer.out.contains("CITIZEN") && !answer.out.contains("PA094"));
}

#[test]
fn every_verdict_has_its_exit_status() {
    for (name, at, status, word) in [
        ("smart/example-00.txt", CARDS, 0, "valid"),
        ("australia/invalid.json", AUSTRALIA, 1, "tampered"),
        ("smart/example-02-0.txt", CARDS, 1, "malformed"),
        ("japan/triple.json", "2022-01-01", 3, "unchecked"),
        ("smart/example-03.txt", CARDS, 4, "revoked"),
        (
            "australia/valid.json",
            "2031-12-01T00:00:00+09:00",
            5,
            "expired",
        ),
        ("smart/example-00.txt", "2020-01-01", 6, "not-yet-valid"),
        ("trust.toml", CARDS, 8, "unsupported"),
    ] {
        let file = specimen(name);
        let answer = ask_at(at, &["--json", file.to_str().unwrap()], b"");
        assert_eq!(answer.status, status, "{name}: {}", answer.error);
        assert!(verdicts(&answer).iter().all(|own| own == word), "{name}");
    }
    let card = specimen("smart/example-00.txt");
    let answer = ask(&["--json", card.to_str().unwrap()], b"");
    assert_eq!(
        (answer.status, verdicts(&answer)),
        (7, vec!["unknown-issuer".to_owned()])
    );
    let answer = ask(&["--json"], b"");
    assert_eq!((answer.status, verdicts(&answer)), (8, vec![]));
}

#[test]
fn what_cannot_be_asked_is_said() {
    for (arguments, input) in [
        (&["--trust", "/nowhere/trust.toml"][..], &b"x"[..]),
        (&["/nowhere/page.pdf"], b""),
        (&["--at", "yesterday"], b""),
        (&["--unknown"], b""),
        (&[], b"\xff\xfe"),
        (&[], b"%PDF-1.4 no"),
        (&[], b"\x89PNG\r\n\x1a\nno"),
        (&[], b"\xff\xd8\xff\xe0no"),
    ] {
        let answer = ask(arguments, input);
        assert_eq!(answer.status, 2, "{arguments:?}: {}", answer.out);
        assert!(!answer.error.is_empty() && answer.out.is_empty());
    }
}

#[test]
fn pictures_and_pages_with_several_codes_are_read() {
    let texts = [text("smart/example-00.txt"), seal("australia/valid.json")];
    let picture = picture(&texts);
    for file in [
        drawn::encoded(&picture, ImageFormat::Png),
        drawn::encoded(&picture, ImageFormat::Jpeg),
        page(&texts),
    ] {
        // Not at one time are both in force: Australia's list is out of date by the time that the card is.
        let answer = ask_at(CARDS, &["--json", "-"], &file);
        let mut found = verdicts(&answer);
        found.sort();
        assert_eq!(found, ["unchecked", "valid"], "{}", answer.error);
        assert_eq!(answer.status, 3);
    }
    // With three and with seven dots a module.
    for side in [3, 7] {
        let nearest = image::imageops::FilterType::Nearest;
        let triangle = image::imageops::FilterType::Triangle;
        let filter = if side < 4 { triangle } else { nearest };
        let (width, height) = (picture.width() * side / 4, picture.height() * side / 4);
        let scaled = image::imageops::resize(&picture, width, height, filter);
        let answer = ask_at(
            CARDS,
            &["--json"],
            &drawn::encoded(&scaled, ImageFormat::Png),
        );
        assert_eq!(verdicts(&answer).len(), 2, "{side}: {}", answer.error);
    }
}

#[test]
fn parts_of_a_card_on_several_pictures_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let files = [0, 1, 2].map(|index| {
        let file = folder.path().join(format!("{index}.png"));
        let text = text(&format!("smart/example-02-{index}.txt"));
        fs::write(&file, drawn::encoded(&picture(&[text]), ImageFormat::Png)).unwrap();
        file.to_str().unwrap().to_owned()
    });
    let [first, second, third] = &files;
    let answer = ask_at(CARDS, &["--json", third, first, second], b"");
    assert_eq!(
        (answer.status, verdicts(&answer)),
        (0, vec!["valid".to_owned()])
    );
    let answer = ask_at(CARDS, &["--json", third, first], b"");
    assert_eq!(
        (answer.status, verdicts(&answer)),
        (1, vec!["malformed".to_owned()])
    );
}

#[test]
fn the_trust_list_can_be_seen() {
    let answer = ask_at(CARDS, &["--show-trust"], b"");
    assert_eq!(answer.status, 0);
    for part in [
        "SMART Health Cards of The specification's example issuer",
        "  revoked: 4, list 1 of 3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s",
        "  fetched: 2023-06-22",
        "VDS-NC of Australia (AUS)",
        "    SHA-256: 35623a89f6b40cb4888e05147f7d16d27f7bf754aad563c37fef6e1a0e7ff5cf",
        "  revoked: 0, list of 2021-08-19T03:56:55Z, good until 2021-11-17T03:56:55Z",
    ] {
        assert!(answer.out.contains(part), "{part}: {}", answer.out);
    }
    let answer = ask_at(CARDS, &["--show-trust", "--json"], b"");
    let document: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(document["countries"][1]["code"], "JPN");
}

#[test]
fn keys_alone_are_enough_to_try_a_card() {
    let (keys, card) = (specimen("smart/jwks.json"), text("smart/example-01.txt"));
    let answer = ask(
        &[
            "--jwks",
            keys.to_str().unwrap(),
            "--text",
            &card,
            "--at",
            CARDS,
        ],
        b"",
    );
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.error);
}

#[test]
fn what_a_card_says_cannot_steer_a_terminal() {
    // In what an unverified card claims, which is the most that somebody else can make it show.
    let payload = br#"{"iss":"https://a.example\u001b[2J\u202e","nbf":1,"vc":{"type":["https://smarthealth.cards#health-card"],
        "credentialSubject":{"fhirBundle":{"entry":[]}}}}"#;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let encode = |bytes: &[u8]| base64::Engine::encode(&engine, bytes);
    let payload = miniz_oxide::deflate::compress_to_vec(payload, 6);
    let header = encode(br#"{"alg":"ES256","zip":"DEF","kid":"x"}"#);
    let jws = format!("{header}.{}.{}", encode(&payload), encode(&[1; 64]));
    let answer = ask(&[], jws.as_bytes());
    assert_eq!(answer.status, 7);
    assert!(answer.out.contains("https://a.example"), "{}", answer.out);
    assert!(!answer.out.contains(['\u{1b}', '\u{202e}']));
}
