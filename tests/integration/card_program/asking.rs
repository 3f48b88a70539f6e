//! What asks and presents nothing: help, `readers`, `status`, `diagnose`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Counter, READER, assert_refused, card, code, json_of, printed};
use crate::support::alone_with_pcsc;

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
