//! What personalisation makes is what programs that read cards take for a card – or do not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use card::apdu::{Command, Response};
use card::card_manager;
use card::certificate::Certificate;
use card::common_ap::{self, CardRecord};
use card::file::{Ef, MAX_FILE};
use card::key::{SHA256_DIGEST_INFO, Signature};
use card::pin::Pin;
use card::status::Status;
use card::surface_ap::{self, AgeRecord};
use card::text_ap::{
    AID, ATTRIBUTES, AttributesFile, CARD_KEY, CERTIFICATE, CODE_A, CODE_B, CardKeyFile, INTEGRITY,
    IntegrityFile, NUMBER, NumberFile, PIN,
};
use card::trust::{Anchor, ApRole, Environment};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::memory::{Memory, MemoryError};
use hw_sim::personalize::personalize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::common::{Copy, made};

/// Which checks a card passes, in the order a program makes them.
#[derive(Debug, PartialEq, Eq)]
struct Checks {
    ca: bool,
    number: bool,
    attributes: bool,
    integrity: bool,
    card_key: bool,
    challenge: bool,
    surface_ca: bool,
    age_record: bool,
    surface_challenge: bool,
    one_birth_date: bool,
}

const SOUND: Checks = Checks {
    ca: true,
    number: true,
    attributes: true,
    integrity: true,
    card_key: true,
    challenge: true,
    surface_ca: true,
    age_record: true,
    surface_challenge: true,
    one_birth_date: true,
};

fn file(card: &EmulatedCard, ef: Ef) -> &[u8] {
    card.memory().file(Ap::Text, ef).unwrap()
}

fn anchor(role: ApRole) -> Anchor {
    let file = match role {
        ApRole::Text => "text-9000033.pem",
        ApRole::Surface => "surface-9000023.pem",
    };
    fs::read_to_string(made().join("anchors").join(file))
        .unwrap()
        .parse()
        .unwrap()
}

/// Has the card sign a challenge; nothing if it refuses.
fn signature(card: &mut EmulatedCard, aid: &[u8], digest: &[u8]) -> Option<Signature> {
    card.power_on();
    let select = Command::new(0x00, 0xA4, 0x04, 0x0C).with_data(aid).unwrap();
    assert_eq!(card.execute(&select).status, Status::Success);
    let info = [&SHA256_DIGEST_INFO[..], digest].concat();
    let compute = Command::new(0x80, 0x2A, 0, 0)
        .with_data(&info)
        .unwrap()
        .expecting(256)
        .unwrap();
    let response: Response = card.execute(&compute);
    (response.status == Status::Success).then(|| response.data().try_into().unwrap())
}

fn checks(persona: &str) -> Checks {
    let mut card = Copy::of(persona).load();
    let digest: [u8; 32] = Sha256::digest(b"challenge").into();
    let text_signature = signature(&mut card, &AID, &digest);
    let surface_signature = signature(&mut card, &surface_ap::AID, &digest);
    let certificate = Certificate::decode(file(&card, CERTIFICATE)).unwrap();
    let number = NumberFile::decode(file(&card, NUMBER)).unwrap();
    let attributes = AttributesFile::decode(file(&card, ATTRIBUTES)).unwrap();
    let integrity = IntegrityFile::decode(file(&card, INTEGRITY)).unwrap();
    let card_key = CardKeyFile::decode(file(&card, CARD_KEY)).unwrap();
    let surface_file = |ef| card.memory().file(Ap::Surface, ef).unwrap();
    let surface_certificate = Certificate::decode(surface_file(surface_ap::CERTIFICATE)).unwrap();
    let age_record = AgeRecord::decode(surface_file(surface_ap::AGE_RECORD)).unwrap();
    let believed = |certificate: &Certificate, anchor: Anchor| {
        certificate.issuer().short() == anchor.id
            && certificate.subject().role_digit() == anchor.role.digit()
            && certificate.is_signed_by(&anchor.key)
    };
    Checks {
        ca: believed(&certificate, anchor(ApRole::Text)),
        number: *integrity.number_digest() == number.digest() && number.number().is_ok(),
        attributes: integrity.attributes_digest() == attributes.digest(),
        integrity: integrity.is_signed_by(certificate.key()),
        card_key: card_key.is_signed_by(certificate.key()),
        challenge: text_signature
            .is_some_and(|signature| card_key.key().verifies(&digest, &signature)),
        surface_ca: believed(&surface_certificate, anchor(ApRole::Surface)),
        age_record: age_record.is_signed_by(surface_certificate.key()),
        surface_challenge: surface_signature
            .is_some_and(|signature| age_record.key().verifies(&digest, &signature)),
        one_birth_date: age_record.birth() == attributes.attributes().birth(),
    }
}

#[test]
fn each_persona_fails_in_its_own_way_alone() {
    for persona in [
        "ordinary",
        "seven-doses",
        "gaiji",
        "one-try-left",
        "pin-blocked",
        "no-record",
        "not-taking-part",
        "former-surname",
        "foreign-resident",
        "long-address",
        "unknown-birth-day",
        "expired",
        "needs-confirmation",
        "moved",
    ] {
        assert_eq!(checks(persona), SOUND, "{persona}");
    }
    assert_eq!(
        checks("tampered-signature"),
        Checks {
            integrity: false,
            ..SOUND
        }
    );
    assert_eq!(
        checks("copy"),
        Checks {
            challenge: false,
            surface_challenge: false,
            ..SOUND
        }
    );
    assert_eq!(
        checks("tampered"),
        Checks {
            attributes: false,
            ..SOUND
        }
    );
    assert_eq!(
        checks("wrong-ca"),
        Checks {
            ca: false,
            surface_ca: false,
            ..SOUND
        }
    );
}

#[test]
fn files_are_as_long_as_those_of_real_cards() {
    let card = Copy::of("ordinary").load();
    let lengths =
        [0x0001, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007].map(|id| file(&card, Ef::new(id)).len());
    assert_eq!(lengths, [17, 336, 568, 164, 269, 536]);
    let lengths = [surface_ap::AGE_RECORD, surface_ap::CERTIFICATE]
        .map(|ef| card.memory().file(Ap::Surface, ef).unwrap().len());
    assert_eq!(lengths, [547, 568]);
}

#[test]
fn names_outside_jis_x_0208_arrive_on_the_card() {
    let card = Copy::of("gaiji").load();
    let attributes = AttributesFile::decode(file(&card, ATTRIBUTES)).unwrap();
    assert_eq!(attributes.attributes().name().expose(), "𠮷田　髙子");
}

#[test]
fn addresses_of_any_length_arrive_on_the_card() {
    let card = Copy::of("long-address").load();
    let attributes = AttributesFile::decode(file(&card, ATTRIBUTES)).unwrap();
    assert!(attributes.attributes().address().expose().len() > 300);
    assert!(file(&card, ATTRIBUTES).len() > 256 + 127);
}

/// The common AP, the card manager and 照合番号B agree on the year; `expired` alone is over.
#[test]
fn expiry_is_the_same_wherever_it_is_read() {
    for (persona, expected) in [("ordinary", *b"20350412"), ("expired", *b"20250510")] {
        let card = Copy::of(persona).load();
        let memory = card.memory();
        let record = memory.file(Ap::Common, common_ap::CARD_RECORD).unwrap();
        let record = CardRecord::decode(record).unwrap();
        assert_eq!(record.expiry().to_digits(), expected, "{persona}");
        assert_eq!(memory.data(card_manager::EXPIRY).unwrap(), expected);
        assert_eq!(
            memory.data(card_manager::MUNICIPALITY).unwrap(),
            record.municipality()
        );
    }
    let ordinary = Copy::of("ordinary").load();
    let code_b = b"60041220354071";
    assert!(ordinary.memory().matches(Ap::Text, CODE_B, code_b));
}

#[test]
fn a_phone_has_one_application_and_another_card_none() {
    let applications = |persona| {
        let card = Copy::of(persona).load();
        Ap::ALL.map(|ap| card.memory().has(ap))
    };
    assert_eq!(applications("ordinary"), [true; 4]);
    assert_eq!(applications("phone"), [false, false, false, true]);
    assert_eq!(applications("other-card"), [false; 4]);
}

#[test]
fn a_dump_has_files_and_no_keys() {
    let dump = TempDir::new().unwrap();
    let card = made().join("cards/unknown-birth-day");
    for ap in ["text", "surface", "manager"] {
        fs::create_dir(dump.path().join(ap)).unwrap();
        for file in fs::read_dir(card.join(ap)).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "bin") {
                fs::copy(&file, dump.path().join(ap).join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    let pin: Pin = "5678".try_into().unwrap();
    let memory = Memory::of_dump(dump.path(), &pin).unwrap();
    assert!(memory.matches(Ap::Text, PIN, b"5678"));
    assert!(memory.matches(Ap::Text, CODE_A, b"471049746507"));
    assert!(memory.matches(Ap::Surface, surface_ap::BIRTH_CODE, b"260600"));
    assert!(memory.data(card_manager::EXPIRY).is_some());
    assert!(!memory.has(Ap::Common) && !memory.has(Ap::Jpki));
    let mut card = EmulatedCard::new(memory);
    let digest = [7; 32];
    assert!(signature(&mut card, &AID, &digest).is_none());
    assert!(signature(&mut card, &surface_ap::AID, &digest).is_none());

    let nothing = Memory::of_dump(&made().join("anchors"), &pin);
    assert!(matches!(nothing, Err(MemoryError::NoDump)));

    // What no reader could carry, and no program would read.
    for file in ["text/0001.bin", "manager/00F2.bin"] {
        let file = dump.path().join(file);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, vec![0; MAX_FILE]).unwrap();
        assert!(Memory::of_dump(dump.path(), &pin).is_ok());
        fs::write(&file, vec![0; MAX_FILE + 1]).unwrap();
        let error = Memory::of_dump(dump.path(), &pin).unwrap_err();
        assert!(matches!(error, MemoryError::TooLong(_)), "{error}");
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn the_anchors_are_for_emulated_cards_alone() {
    for role in [ApRole::Text, ApRole::Surface] {
        let anchor = anchor(role);
        assert_eq!(
            (anchor.role, anchor.environment),
            (role, Environment::Emulator)
        );
    }
    assert_eq!(fs::read_dir(made().join("anchors")).unwrap().count(), 2);
}

#[test]
fn keys_are_their_owner_s_alone() {
    let folders = [
        "authority",
        "cards/ordinary",
        "cards/ordinary/text",
        "cards/ordinary/surface",
        "cards/ordinary/common",
        "cards/ordinary/jpki",
        "cards/ordinary/manager",
    ];
    for entry in folders
        .into_iter()
        .flat_map(|folder| fs::read_dir(made().join(folder)).unwrap())
    {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert!(
            path.is_dir() || mode & 0o077 == 0,
            "{} {mode:o}",
            path.display()
        );
    }
}

#[test]
fn what_is_there_is_kept() {
    let (personas, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let persona = |name: &str| personas.path().join(name).with_extension("toml");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("personas");
    for name in ["ordinary", "no-record", "copy"] {
        fs::copy(examples.join(name).with_extension("toml"), persona(name)).unwrap();
    }
    let again = |force| {
        let outcome = personalize(personas.path(), out.path(), force).unwrap();
        let names = |names: Vec<_>| {
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        (names(outcome.made), names(outcome.kept))
    };
    let kept = |made: &str, kept: &str| (made.to_owned(), kept.to_owned());
    assert_eq!(again(false), kept("no-record ordinary copy", ""));
    let certificate = fs::read(out.path().join("cards/ordinary/text/0004.bin")).unwrap();
    assert_eq!(again(false), kept("", "copy no-record ordinary"));
    // A persona that changed gets a new card, and so does what is a copy of it.
    fs::write(
        persona("ordinary"),
        fs::read_to_string(persona("ordinary")).unwrap() + "# moved\n",
    )
    .unwrap();
    assert_eq!(again(false), kept("ordinary copy", "no-record"));
    assert_eq!(again(true), kept("no-record ordinary copy", ""));
    // The municipality's signer stays who it was.
    assert_eq!(
        fs::read(out.path().join("cards/ordinary/text/0004.bin")).unwrap(),
        certificate
    );
}

#[test]
fn a_damaged_persona_is_refused_without_being_quoted() {
    let (personas, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let ordinary =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("personas/ordinary.toml"))
            .unwrap();
    let cases = [
        (
            "number = \"201112304512\"",
            "number = \"201112304513\"",
            "number is not of its form",
        ),
        (
            "municipality = \"132217\"",
            "municipality = \"132218\"",
            "municipality is not of its form",
        ),
        (
            "birth_date = \"19850412\"",
            "birth_date = \"19850431\"",
            "birth_date is not of its form",
        ),
        (
            "expires = \"20350412\"",
            "expires = \"20350431\"",
            "expires is not of its form",
        ),
        (
            "security_code = \"4071\"",
            "security_code = \"40719\"",
            "security_code is not of its form",
        ),
        (
            "sex = \"female\"",
            "sex = \"青葉\"",
            "line 6, column 7: not as a persona is laid out",
        ),
        (
            "[holder]",
            "copy_of = \"other\"\n[holder]",
            "a persona has either a holder or is a copy_of another",
        ),
    ];
    for (right, wrong, error) in cases {
        assert!(ordinary.contains(right));
        fs::write(
            personas.path().join("damaged.toml"),
            ordinary.replace(right, wrong),
        )
        .unwrap();
        let refused = personalize(personas.path(), out.path(), false).unwrap_err();
        assert_eq!(refused.to_string(), format!("persona damaged: {error}"));
    }
}

#[test]
fn an_address_is_as_long_as_a_card_can_hold_and_no_longer() {
    let (personas, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let ordinary = include_str!("../../personas/ordinary.toml");
    let personalize_with = |address: usize, tamper: &str| {
        let (before, rest) = ordinary.split_once("address = \"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        let address = "a".repeat(address - "青葉　さくら".len());
        let text = format!("{tamper}{before}address = \"{address}\"{after}");
        fs::write(personas.path().join("long.toml"), text).unwrap();
        personalize(personas.path(), out.path(), false)
    };
    let longest = MAX_FILE - 2048;
    personalize_with(longest, "").unwrap();
    // It was written whole, and is read whole.
    EmulatedCard::load(&out.path().join("cards/long")).unwrap();
    for length in [longest + 1, 70_000] {
        let error = personalize_with(length, "").unwrap_err();
        let expected = "persona long: name and address are longer than a card holds";
        assert_eq!(error.to_string(), expected);
    }
    let tamper = format!("tamper = {{ address = \"{}\" }}\n", "b".repeat(70_000));
    assert!(personalize_with(100, &tamper).is_err());

    fs::write(personas.path().join("long.toml"), b"name = \"\xFF\"").unwrap();
    let error = personalize(personas.path(), out.path(), false).unwrap_err();
    assert_eq!(error.to_string(), "persona long: not UTF-8");
}
