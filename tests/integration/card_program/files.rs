//! `dump` and `verify`: files in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use card::certificate::Certificate;
use card::evidence::{Evidence, SurfacePart, TextFiles};
use card::key::Signature;
use card::surface_ap::AgeRecord;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use serde_json::{Value, json};
use stage::persona::personalized;
use tempfile::TempDir;

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
    assert_eq!(
        verified["tied"],
        json!(["text/0001", "text/0002", "surface/0001"])
    );
    assert_eq!(verified["untied"], json!(["text/0007", "jpki/000A"]));
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
fn a_dump_that_fails_leaves_nothing_and_can_be_made_again() {
    let counter = Counter::with(&["ordinary"]);
    let beside = counter.path("beside");
    fs::create_dir(&beside).unwrap();
    let folder = beside.join("dump");
    let dump = || {
        let folder = folder.to_str().unwrap();
        card(&["dump", folder, "--pin-fd", "0"], "1234\n")
    };
    // The text AP's files are read by then.
    let lifted = "lifted@ef=surface:0004".parse().unwrap();
    counter
        .reader
        .insert_into(0, "ordinary", &[lifted])
        .unwrap();
    assert_refused(&dump(), 8, "lifted");
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 0);
    counter.reader.insert("ordinary").unwrap();
    printed(&dump());
    assert!(folder.join("text/0001.bin").exists());
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 1);
}

/// Cards as files, laid out as dumps are, and `verify` with the anchors for them.
struct Shelf(TempDir);

impl Shelf {
    fn with(personas: &[&str]) -> Self {
        Self(personalized(personas).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn verify(&self, path: &Path, more: &[&str]) -> Output {
        let anchors = self.path("anchors");
        let arguments = [
            "verify",
            path.to_str().unwrap(),
            "--anchors",
            anchors.to_str().unwrap(),
            "--environment",
            "emulator",
        ];
        card(&[&arguments[..], more].concat(), "")
    }

    /// Puts a file of another's card into somebody's.
    fn mix(&self, from: &str, to: &str, file: &str) {
        let of = |persona: &str| self.path("cards").join(persona).join(file);
        fs::copy(of(from), of(to)).unwrap();
    }

    fn read(&self, persona: &str, file: &str) -> Vec<u8> {
        fs::read(self.path("cards").join(persona).join(file)).unwrap()
    }

    /// Evidence of somebody's text AP with somebody's surface AP. Answers are none: there is no challenge to judge them by.
    fn evidence(&self, text: &str, surface: Option<&str>) -> PathBuf {
        let answer = || Signature::from([0; 256]);
        let file = |ef| self.read(text, &format!("text/{ef}.bin"));
        let files = TextFiles {
            number: NumberFile::decode(&file("0001")).unwrap(),
            attributes: AttributesFile::decode(&file("0002")).unwrap(),
            integrity: IntegrityFile::decode(&file("0003")).unwrap(),
            certificate: Certificate::decode(&file("0004")).unwrap(),
            card_key: CardKeyFile::decode(&file("0007")).unwrap(),
        };
        let part = surface.map(|persona| SurfacePart {
            age_record: AgeRecord::decode(&self.read(persona, "surface/0001.bin")).unwrap(),
            certificate: Certificate::decode(&self.read(persona, "surface/0004.bin")).unwrap(),
            answer: answer(),
        });
        let path = self.path("evidence");
        fs::write(&path, Evidence::new(files, answer(), part).encode()).unwrap();
        path
    }
}

#[test]
fn a_dump_of_two_cards_is_not_genuine_and_what_is_not_tied_is_told() {
    let shelf = Shelf::with(&["ordinary", "gaiji"]);
    let dump = shelf.path("cards/ordinary");
    let cas = shelf.path("anchors-jpki");
    let cas = ["--jpki-cas", cas.to_str().unwrap()];
    let whole = printed(&shelf.verify(&dump, &cas));
    assert!(
        whole.contains("surface/0001 by the birth date alone"),
        "{whole}"
    );
    assert!(
        whole.contains("text/0007 jpki/000A: nothing in it says so"),
        "{whole}"
    );

    // Another's surface AP, each file genuine.
    let own = shelf.read("ordinary", "surface/0001.bin");
    shelf.mix("gaiji", "ordinary", "surface/0001.bin");
    assert_refused(
        &shelf.verify(&dump, &[]),
        9,
        "birth dates of the two applications differ",
    );
    fs::write(dump.join("surface/0001.bin"), own).unwrap();

    // Another's certificate is genuine and names nobody: it is not tied, and that is said.
    shelf.mix("gaiji", "ordinary", "jpki/000A.bin");
    let verified = json_of(&shelf.verify(&dump, &[&cas[..], &["--json"]].concat()));
    assert_eq!(verified["jpki"], json!(true));
    assert_eq!(verified["untied"], json!(["text/0007", "jpki/000A"]));

    // What is not there, or cannot be checked, is not said to be genuine.
    fs::remove_file(dump.join("jpki/000B.bin")).unwrap();
    assert_refused(&shelf.verify(&dump, &cas), 11, "jpki/000B.bin");
    fs::remove_file(dump.join("jpki/000A.bin")).unwrap();
    assert_refused(&shelf.verify(&dump, &cas), 12, "no certificate");
    fs::remove_file(dump.join("surface/0004.bin")).unwrap();
    assert_refused(&shelf.verify(&dump, &[]), 11, "surface/0004.bin");
    fs::remove_file(dump.join("surface/0001.bin")).unwrap();
    let verified = json_of(&shelf.verify(&dump, &["--json"]));
    assert_eq!(verified["surface_signer"], Value::Null);
    assert_eq!(verified["tied"], json!(["text/0001", "text/0002"]));
}

#[test]
fn the_surface_part_of_evidence_is_verified_too() {
    let shelf = Shelf::with(&["ordinary", "expired"]);
    let genuine = shelf.evidence("ordinary", Some("ordinary"));
    let verified = json_of(&shelf.verify(&genuine, &["--json"]));
    assert_eq!(verified["surface_signer"], json!("1322121-000-00000000"));
    assert_eq!(
        verified["tied"],
        json!(["text/0001", "text/0002", "surface/0001"])
    );
    assert_eq!(verified["challenge"], Value::Null);

    let anothers = shelf.evidence("ordinary", Some("expired"));
    assert_refused(&shelf.verify(&anothers, &[]), 9, "birth dates");
    // One bit of what vouches for the age record.
    let mut broken = fs::read(shelf.evidence("ordinary", Some("ordinary"))).unwrap();
    let certificate = shelf.read("ordinary", "surface/0004.bin").len();
    let last_of_record = broken.len() - 256 - certificate - 2 - 1;
    broken[last_of_record] ^= 0x01;
    let path = shelf.path("broken");
    fs::write(&path, broken).unwrap();
    assert_refused(&shelf.verify(&path, &[]), 9, "surface AP: age record");

    let without = shelf.evidence("ordinary", None);
    let verified = json_of(&shelf.verify(&without, &["--json"]));
    assert_eq!(verified["surface_signer"], Value::Null);
    let cas = shelf.path("anchors-jpki");
    let cas = ["--jpki-cas", cas.to_str().unwrap()];
    assert_refused(&shelf.verify(&without, &cas), 12, "no certificate");

    // With no anchor for it nothing is said of the surface part, good or bad.
    fs::remove_file(shelf.path("anchors/surface-9000023.pem")).unwrap();
    let anothers = shelf.evidence("ordinary", Some("expired"));
    let verified = json_of(&shelf.verify(&anothers, &["--json"]));
    assert_eq!(verified["surface_signer"], Value::Null);
    assert_eq!(verified["tied"], json!(["text/0001", "text/0002"]));
    let table = printed(&shelf.verify(&anothers, &[]));
    assert!(table.contains("not checked: no trust anchor"), "{table}");
}
