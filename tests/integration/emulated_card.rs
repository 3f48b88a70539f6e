//! The emulated card through a real `pcscd`, judged by programs that never heard of this project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use card::jpki_ap::AUTHENTICATION_PIN;
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::memory::{Memory, MemoryError};
use hw_sim::reader::{Slot, Stay};
use myna_card::data::Sex;
use stage::judges::myna::{self, Checks};
use stage::judges::opensc;
use stage::pcscd::Pcscd;
use stage::persona::personalized;
use stage::process::poll;
use tempfile::TempDir;

use crate::support::alone_with_pcsc;

const READER: &str = "Virtual PCD 00 00";

/// Cards of some personas, and a reader of one's own to put them on.
struct Desk {
    slot: Slot,
    out: TempDir,
    // After the slot: the card leaves the driver before the service ends.
    _service: Pcscd,
}

impl Desk {
    fn open(personas: &[&str]) -> Self {
        let service = Pcscd::start().unwrap();
        let out = personalized(personas).unwrap();
        Self {
            slot: Slot::new(service.port()),
            out,
            _service: service,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.out.path().join(path)
    }

    fn insert(&mut self, persona: &str) {
        let card = EmulatedCard::load(&self.path("cards").join(persona)).unwrap();
        self.put(card);
    }

    fn put(&mut self, card: EmulatedCard) {
        self.slot.insert(card, Stay::UntilRemoved).unwrap();
    }
}

/// What a judge says once the service has noticed the card, which takes up to half a second.
fn noticed<T>(mut judge: impl FnMut() -> Option<T>) -> Option<T> {
    poll(Duration::from_secs(5), &mut judge)
}

#[test]
fn outside_programs_agree_with_the_emulated_card() {
    let _alone = alone_with_pcsc();
    let others = [
        ("gaiji", Checks::ALL),
        ("former-surname", Checks::ALL),
        ("foreign-resident", Checks::ALL),
        ("long-address", Checks::ALL),
        ("moved", Checks::ALL),
        (
            "tampered-signature",
            Checks {
                integrity: false,
                ..Checks::ALL
            },
        ),
        (
            "copy",
            Checks {
                challenge: false,
                ..Checks::ALL
            },
        ),
        (
            "tampered",
            Checks {
                attributes_digest: false,
                ..Checks::ALL
            },
        ),
        (
            "wrong-ca",
            Checks {
                certificate: false,
                ..Checks::ALL
            },
        ),
    ];
    let mut personas = vec!["ordinary"];
    personas.extend(others.iter().map(|(persona, _)| *persona));
    let mut desk = Desk::open(&personas);
    let anchor = desk.path("anchors/text-9000033.pem");
    desk.insert("ordinary");
    let ordinary = noticed(|| myna::read(READER, "1234", &anchor).ok());
    let ordinary = ordinary.expect("myna-card reads the card");
    assert_eq!(ordinary.tries, Some(3));
    assert_eq!(ordinary.number, "201112304512");
    assert_eq!(ordinary.name, "青葉　さくら");
    assert_eq!(ordinary.address, "東京都清瀬市旭が丘９丁目９９番９号");
    assert_eq!(
        (ordinary.birth_date, ordinary.sex),
        ((1985, 4, 12), Sex::Female)
    );
    assert_eq!(
        (&*ordinary.issuer, &*ordinary.signer),
        ("9000033", "1322131")
    );
    assert_eq!(ordinary.checks, Checks::ALL);

    let answers = opensc::send(
        READER,
        &[
            "00A4040C0AD3921000310001010408",
            "00200091",
            "00B0810000",
            "002000910430303030",
            "002000910431323334",
            "00B0810000",
            "00A4040C0AD3921000310001010409",
            "00B0850001",
        ],
    );
    let number = [&[0xFF, 0x10, 0x0C], &b"201112304512"[..], &[0xFF, 0xFF]].concat();
    let expected = [
        (vec![], 0x9000),
        (vec![], 0x63C3),
        (vec![], 0x6982),
        (vec![], 0x63C2),
        (vec![], 0x9000),
        (number, 0x9000),
        (vec![], 0x6A82),
        (vec![0xFF], 0x9000),
    ];
    assert_eq!(answers.unwrap(), expected);

    let mut before = ordinary.number;
    for (persona, checks) in others {
        desk.insert(persona);
        // The number tells that it is this card already, and not the one before.
        let reading = noticed(|| {
            let reading = myna::read(READER, "1234", &anchor).ok()?;
            (persona == "copy" || reading.number != before).then_some(reading)
        });
        let reading = reading.expect(persona);
        assert_eq!(reading.checks, checks, "{persona}");
        before = reading.number;
    }
}

#[test]
fn myna_card_reads_the_whole_card_and_by_secure_messaging() {
    let _alone = alone_with_pcsc();
    let mut desk = Desk::open(&["ordinary"]);
    let anchor = desk.path("anchors/surface-9000023.pem");
    desk.insert("ordinary");
    let record = noticed(|| myna::age_record(READER, "600412", &anchor).ok());
    let record = record.expect("myna-card reads the surface AP");
    assert_eq!((record.tries, record.birth_date), (Some(10), (1985, 4, 12)));
    assert_eq!((&*record.issuer, &*record.signer), ("9000023", "1322121"));
    assert_eq!(record.checks, [true; 3]);

    let identity = myna::identity(READER).unwrap();
    assert_eq!(identity.by_record, ("13221".into(), "20350412".into()));
    assert_eq!(identity.by_data, identity.by_record);
    assert!(identity.chained);

    myna::jpki(READER, "1234", "ABC123").unwrap();

    let secured = myna::secured(READER, "1234", "201112304512").unwrap();
    let number = [&[0xFF, 0x10, 0x0C], &b"201112304512"[..], &[0xFF, 0xFF]].concat();
    assert_eq!(secured.files[0], number);
    assert_eq!(secured.files, secured.in_the_clear);
    assert_eq!(secured.name, "青葉　さくら");
    assert_eq!(secured.out_of_step, [0x6988, 0x69FC]);

    myna::change_pin(READER, "1234", "8642").unwrap();
    let anchor = desk.path("anchors/text-9000033.pem");
    let reading = myna::read(READER, "8642", &anchor).unwrap();
    assert_eq!(reading.checks, Checks::ALL);
}

#[test]
fn opensc_lists_reads_and_signs_with_its_own_driver() {
    const CERTIFICATES: [(&str, &str); 4] = [
        ("User Authentication Certificate", "01"),
        ("Digital Signature Certificate", "02"),
        ("User Authentication Certificate CA", "03"),
        ("Digital Signature Certificate CA", "04"),
    ];
    let _alone = alone_with_pcsc();
    let mut desk = Desk::open(&["ordinary", "other-card", "phone"]);
    desk.insert("ordinary");
    // A name that is not the driver's is that of a card without power yet, or no answer at all.
    let expected = "jpki";
    let name = noticed(|| opensc::name(READER).ok().filter(|name| name == expected));
    assert!(name.is_some(), "opensc-tool: {:?}", opensc::name(READER));
    let listed = opensc::certificates(READER).unwrap();
    assert_eq!(
        listed,
        CERTIFICATES.map(|(label, id)| (label.to_owned(), id.to_owned()))
    );

    let scratch = TempDir::new().unwrap();
    let file = |name: &str| scratch.path().join(name);
    fs::write(file("message"), "to be signed").unwrap();
    for (purpose, id, ef, ca_id, token, pin, free) in [
        (
            "authentication",
            "01",
            "000A",
            "03",
            "JPKI (User Authentication PIN)",
            "1234",
            true,
        ),
        (
            "signature",
            "02",
            "0001",
            "04",
            "JPKI (Digital Signature PIN)",
            "ABC123",
            false,
        ),
    ] {
        // What OpenSC reads is what was issued, and openssl believes it under the CA.
        let ca = desk
            .path("anchors-jpki")
            .join(purpose)
            .with_extension("pem");
        let read_ca = opensc::certificate(READER, ca_id, None).unwrap();
        assert_eq!(read_ca, fs::read_to_string(&ca).unwrap(), "{purpose}");
        let without_pin = opensc::certificate(READER, id, None);
        assert_eq!(without_pin.is_ok(), free, "{purpose}");
        let certificate = opensc::certificate(READER, id, (!free).then_some((id, pin))).unwrap();
        fs::write(file("certificate"), &certificate).unwrap();
        let issued = desk
            .path("cards/ordinary/jpki")
            .join(ef)
            .with_extension("bin");
        let der = openssl(&["x509", "-outform", "DER", "-in"], &[&file("certificate")]);
        assert_eq!(der, fs::read(issued).unwrap(), "{purpose}");
        openssl(&["verify", "-CAfile"], &[&ca, &file("certificate")]);

        opensc::sign(token, pin, id, &file("message"), &file("signed")).unwrap();
        let key = openssl(
            &["x509", "-noout", "-pubkey", "-in"],
            &[&file("certificate")],
        );
        fs::write(file("key"), key).unwrap();
        let verify = ["dgst", "-sha256", "-signature"];
        let said = openssl(
            &verify,
            &[
                &file("signed"),
                Path::new("-verify"),
                &file("key"),
                &file("message"),
            ],
        );
        assert_eq!(said, b"Verified OK\n", "{purpose}");
    }
    let wrong = opensc::sign(
        "JPKI (User Authentication PIN)",
        "0000",
        "01",
        &file("message"),
        &file("wrong"),
    );
    assert!(wrong.is_err());
    assert_eq!(authentication_tries(&desk.slot), 2);

    // A phone is read by the same driver; another kind of card is none of it.
    let last = openssl(
        &["x509", "-noout", "-subject", "-in"],
        &[&file("certificate")],
    );
    desk.insert("phone");
    let phone = noticed(|| {
        let certificate = opensc::certificate(READER, "01", None).ok()?;
        fs::write(file("phone"), certificate).unwrap();
        let subject = openssl(&["x509", "-noout", "-subject", "-in"], &[&file("phone")]);
        (subject != last).then_some(())
    });
    assert!(phone.is_some());
    desk.insert("other-card");
    let other = noticed(|| opensc::name(READER).ok().filter(|name| name != expected));
    assert!(other.is_some());
}

/// A card made of another's dump answers every read and no challenge.
#[test]
fn a_dump_answers_reads_and_no_challenge() {
    let _alone = alone_with_pcsc();
    let mut desk = Desk::open(&["gaiji"]);
    let anchor = desk.path("anchors/text-9000033.pem");
    let dump = desk.path("dump");
    for ap in ["text", "surface", "common", "manager"] {
        fs::create_dir_all(dump.join(ap)).unwrap();
        for file in fs::read_dir(desk.path("cards/gaiji").join(ap)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "bin") {
                fs::copy(&path, dump.join(ap).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let pin = "5678".try_into().unwrap();
    let memory = Memory::of_dump(&dump, &pin).unwrap();
    desk.put(EmulatedCard::new(memory));
    let reading = noticed(|| myna::read(READER, "5678", &anchor).ok()).unwrap();
    assert_eq!(reading.name, "𠮷田　髙子");
    let unanswered = Checks {
        challenge: false,
        ..Checks::ALL
    };
    assert_eq!(reading.checks, unanswered);
    let anchor = desk.path("anchors/surface-9000023.pem");
    let record = myna::age_record(READER, "470229", &anchor).unwrap();
    assert_eq!(record.checks, [true, true, false]);
    assert_eq!(myna::identity(READER).unwrap().by_record.1, "20330301");

    let nothing = Memory::of_dump(&desk.path("anchors"), &pin);
    assert!(matches!(nothing, Err(MemoryError::NoDump)));
}

fn authentication_tries(slot: &Slot) -> u8 {
    let card = slot.card().unwrap();
    card.card()
        .memory()
        .tries_left(Ap::Jpki, AUTHENTICATION_PIN)
}

fn openssl(arguments: &[&str], files: &[&Path]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let output = command.args(arguments).args(files).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
    output.stdout
}
