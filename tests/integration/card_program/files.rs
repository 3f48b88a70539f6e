//! `dump` and `verify`: files in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::{Counter, assert_refused, card, json_of, printed, said};

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
