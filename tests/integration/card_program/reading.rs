//! `read`, and what is proved by it.

use std::fs;

use serde_json::json;

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
