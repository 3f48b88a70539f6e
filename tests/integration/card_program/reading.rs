//! `read`, and what is proved by it.

use std::fs;
use std::path::Path;

use serde_json::json;
use stage::persona::personalized;

use super::{Counter, assert_refused, card, json_of, printed, said};

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
    assert_refused(&refused, 9, "a copy of somebody's files");
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
fn a_card_that_is_not_bound_is_not_called_genuine() {
    let counter = Counter::with(&["ordinary", "tampered-signature"]);
    let trust = counter.trust();
    let proof = || {
        let trust = trust.iter().map(String::as_str);
        let read = ["read", "--pin-fd", "0", "--json"].into_iter();
        read.chain(trust).collect::<Vec<_>>()
    };
    // Too few tries are left to present the birth date.
    let insert = |persona| {
        let few = "wrong-sw=63C2@ef=surface:0011,times=always"
            .parse()
            .unwrap();
        counter.reader.insert_into(0, persona, &[few]).unwrap();
    };
    insert("ordinary");
    let words = "not bound by the 券面事項確認AP: too few tries of the birth code: 2";
    assert_refused(&card(&proof(), "1234\n"), 12, words);
    let accepting = [&proof()[..], &["--accept-unbound"]].concat();
    let accepted = card(&accepting, "1234\n");
    let read = json_of(&accepted);
    assert_eq!(read["genuine"], json!("text AP alone"));
    assert_eq!(read["bound"], json!(false));
    assert!(said(&accepted).contains(words));

    // What is false is that first.
    insert("tampered-signature");
    assert_refused(&card(&accepting, "1234\n"), 9, "not genuine");

    // No anchor: the surface AP may say what it likes.
    fs::remove_file(counter.path("anchors/surface-9000023.pem")).unwrap();
    counter.reader.insert("ordinary").unwrap();
    let words = "no trust anchor for it";
    assert_refused(&card(&proof(), "1234\n"), 12, words);
    assert_eq!(json_of(&card(&accepting, "1234\n"))["bound"], json!(false));
    // To accept less than a proof, there has to be one.
    let output = card(&["read", "--accept-unbound"], "");
    assert_refused(&output, 2, "--anchors");
}

#[test]
fn a_hostile_card_forges_no_line_of_the_table() {
    let counter = Counter::with(&["ordinary"]);
    // As long as the given name is: line feed, clear screen, right to left.
    let forged = "\n\u{1B}[2J\u{202E}x";
    let path = counter.path("cards/ordinary/text/0002.bin");
    let mut file = fs::read(&path).unwrap();
    let name = "さくら".as_bytes();
    let at = file.windows(name.len()).position(|part| part == name);
    file[at.unwrap()..][..name.len()].copy_from_slice(forged.as_bytes());
    fs::write(&path, file).unwrap();

    counter.reader.insert("ordinary").unwrap();
    for by in [&["--pin-fd", "0"][..], &["--by", "b", "--pin-fd", "0"]] {
        let entry = if by.len() == 2 {
            "1234\n"
        } else {
            "1985041220354071\n"
        };
        let read = [&["read"], by].concat();
        let table = printed(&card(&read, entry));
        assert!(
            table.contains("  青葉　\\u{a}\\u{1b}[2J\\u{202e}x\naddress"),
            "{table}"
        );
        // Programs get it as it stands.
        let read = json_of(&card(&[&read[..], &["--json"]].concat(), entry));
        assert_eq!(read["name"], json!(format!("青葉　{forged}")));
    }
}

#[test]
fn an_expired_card_is_told_before_its_pin_is_asked_for() {
    let counter = Counter::with(&["expired"]);
    counter.reader.insert("expired").unwrap();
    for (by, entry) in [
        ("pin", "1234\n"),
        ("a", "824628194826\n"),
        ("b", "1960051020252753\n"),
    ] {
        let read = ["read", "--by", by, "--pin-fd", "0", "--json"];
        let refused = card(&read, entry);
        assert_refused(&refused, 13, "the card has expired");
        assert!(said(&refused).contains("no PIN was asked for"));
        assert_eq!(counter.presented(), 0);
    }
    for (by, entry, key) in [
        ("pin", "1234\n", "name"),
        ("a", "824628194826\n", "number"),
        ("b", "1960051020252753\n", "name"),
    ] {
        let read = ["read", "--by", by, "--pin-fd", "0", "--json"];
        let accepted = card(&[&read[..], &["--accept-expired"]].concat(), entry);
        assert!(json_of(&accepted)[key].is_string());
        assert!(said(&accepted).contains("the card has expired"));
    }
    let expired = card(
        &["read", "--pin-fd", "0", "--json", "--accept-expired"],
        "1234\n",
    );
    assert_eq!(json_of(&expired)["expired"], json!(true));
}

#[test]
fn a_card_that_does_not_tell_its_last_day_is_read() {
    let counter = Counter::with(&["expired"]);
    // The common AP gives no record, and the card manager refuses in a way of its own.
    let faults = [
        "wrong-sw=6982@ins=B2,times=always",
        "wrong-sw=6F00@ins=CA,times=always",
    ];
    let faults = faults.map(|fault| fault.parse().unwrap());
    counter.reader.insert_into(0, "expired", &faults).unwrap();
    let read = json_of(&card(&["read", "--pin-fd", "0", "--json"], "1234\n"));
    assert_eq!(read["number"], json!("824628194826"));
    assert_eq!(read.get("expired"), None);
}

#[test]
fn the_certificate_for_authentication_is_checked_where_cas_are_given() {
    let counter = Counter::with(&["ordinary"]);
    let others = personalized(&["ordinary"]).unwrap();
    counter.reader.insert("ordinary").unwrap();
    let read = |cas: &Path, more: &[&str]| {
        let read = ["read", "--pin-fd", "0", "--jpki-cas", cas.to_str().unwrap()];
        card(&[&read[..], more].concat(), "1234\n")
    };
    let cas = counter.path("anchors-jpki");
    let trust = counter.trust();
    let trust: Vec<_> = trust.iter().map(String::as_str).collect();
    let proved = json_of(&read(&cas, &[&trust[..], &["--json"]].concat()));
    assert_eq!(proved["jpki"], json!(true));
    assert_eq!(proved["genuine"], json!(true));
    let table = printed(&read(&cas, &[]));
    assert!(table.contains("it names nobody"), "{table}");
    // By a 照合番号 as well, which opens nothing of it.
    let by_a = ["read", "--by", "a", "--pin-fd", "0", "--json", "--jpki-cas"];
    let by_a = [&by_a[..], &[cas.to_str().unwrap()]].concat();
    assert_eq!(
        json_of(&card(&by_a, "201112304512\n")),
        json!({ "number": "201112304512", "jpki": true })
    );

    // CAs that cannot be read, or are others, end it before anything is presented.
    let presented = counter.presented();
    for (folder, status, words) in [
        (counter.path("nowhere"), 11, "CA certificates of the JPKI"),
        (counter.path("cards"), 11, "no CA certificate"),
        (others.path().join("anchors-jpki"), 9, "CA is not trusted"),
    ] {
        assert_refused(&read(&folder, &[]), status, words);
    }
    // What is not there cannot be checked.
    let absent = "wrong-sw=6A82@ef=jpki:000A".parse().unwrap();
    counter
        .reader
        .insert_into(0, "ordinary", &[absent])
        .unwrap();
    assert_refused(&read(&cas, &[]), 12, "no certificate for authentication");
    assert_eq!(counter.presented(), presented);
}

#[test]
fn what_a_code_cannot_open_is_wrong_usage() {
    let trust = ["--anchors", "nowhere", "--environment", "emulator"];
    for by in ["a", "b"] {
        let read = |more: &[&str]| card(&[&["read", "--by", by][..], more].concat(), "");
        assert_refused(&read(&trust), 2, "read by the PIN");
        assert_refused(&read(&["--secure-messaging"]), 2, "after the PIN alone");
    }
}
