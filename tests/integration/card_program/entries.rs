//! PINs and passwords: wrong, at risk, about to leak, changed.

use std::fs;

use serde_json::json;

use super::{Counter, assert_refused, card, card_in, code, json_of, printed};

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
