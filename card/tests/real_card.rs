//! The files of a real test card, under the real CA keys of the test hierarchy.

use std::path::Path;

use card::attributes::Sex;
use card::certificate::Certificate;
use card::evidence::{EvidenceError, SurfaceError, SurfacePart, TextFiles};
use card::file::FileError;
use card::key::Signature;
use card::surface_ap::AgeRecord;
use card::text_ap::{
    AttributesFile, BasicInfo, CardKeyFile, IntegrityFile, NumberFile, decode_messaging_key,
    encode_messaging_key,
};
use card::trust::{Environment, TrustStore};

const NUMBER: &[u8] = include_bytes!("vectors/text-ap/text-0001.bin");
const ATTRIBUTES: &[u8] = include_bytes!("vectors/text-ap/text-0002.bin");
const INTEGRITY: &[u8] = include_bytes!("vectors/text-ap/text-0003.bin");
const CERTIFICATE: &[u8] = include_bytes!("vectors/text-ap/text-0004.bin");
const BASIC_INFO: &[u8] = include_bytes!("vectors/text-ap/text-0005.bin");
const MESSAGING_KEY: &[u8] = include_bytes!("vectors/text-ap/text-0006.bin");
const CARD_KEY: &[u8] = include_bytes!("vectors/text-ap/text-0007.bin");
const SURFACE_RECORD: &[u8] = include_bytes!("vectors/surface-ap/surface-0001.bin");
const SURFACE_CERTIFICATE: &[u8] = include_bytes!("vectors/surface-ap/surface-0004.bin");

fn anchors() -> TrustStore {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ca");
    TrustStore::load(&folder, Environment::TestCard).expect("vectors are anchors")
}

fn text_files(files: [&[u8]; 5]) -> Result<TextFiles, FileError> {
    let [number, attributes, integrity, certificate, card_key] = files;
    Ok(TextFiles {
        number: NumberFile::decode(number)?,
        attributes: AttributesFile::decode(attributes)?,
        integrity: IntegrityFile::decode(integrity)?,
        certificate: Certificate::decode(certificate)?,
        card_key: CardKeyFile::decode(card_key)?,
    })
}

const ALL: [&[u8]; 5] = [NUMBER, ATTRIBUTES, INTEGRITY, CERTIFICATE, CARD_KEY];

#[test]
fn they_verify() {
    let files = text_files(ALL).unwrap();
    let number = files.verify(&anchors()).unwrap();
    assert_eq!(number.expose(), "537686677188");

    let attributes = files.attributes.attributes();
    assert_eq!(attributes.name().expose(), "黒桐　幹也");
    assert_eq!(
        attributes.address().expose(),
        "東京都清瀬市観布子南１２－７－２０２"
    );
    assert_eq!(attributes.birth().to_digits(), *b"19800217");
    assert!(attributes.sex() == Sex::Male);

    let signer = files.certificate.subject();
    assert_eq!(signer.to_string(), "1322131-000-00000000");
    assert_eq!(signer.municipality_prefix(), "13221");
    assert_eq!(files.certificate.issuer().short().as_str(), "6000033");
}

#[test]
fn another_hierarchy_s_ca_does_not_vouch_for_them() {
    let anchors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ca");
    let read = |name| std::fs::read_to_string(anchors.join(name)).unwrap();
    let files = text_files(ALL).unwrap();

    // The surface AP's CA under the text AP's name, and the right key under another name.
    let text = read("6000033.pem");
    let surface = read("6000023.pem");
    let pem = |file: &str| file[file.find("-----BEGIN").unwrap()..].to_owned();
    let wrong_key = text.replace(&pem(&text), &pem(&surface));
    let wrong_name = text.replace("6000033", "5000033");
    for (anchor, error) in [
        (wrong_key, EvidenceError::CertificateSignature),
        (wrong_name, EvidenceError::UnknownIssuer),
    ] {
        let trust = TrustStore::new(Environment::TestCard, [anchor.parse().unwrap()]).unwrap();
        assert_eq!(files.verify(&trust), Err(error));
    }
}

/// Every single-bit change in any of the five files is refused, but for those in the value of DF21
/// in EF 0002: the card signs no offsets, so nothing can notice them, and nothing follows them.
#[test]
fn every_flipped_bit_in_a_signed_byte_is_refused() {
    const UNSIGNED: std::ops::Range<usize> = 6..14;
    let trust = anchors();
    let mut unnoticed = Vec::new();
    let mut tried = 0;
    for (which, original) in ALL.into_iter().enumerate() {
        for bit in 0..original.len() * 8 {
            let mut changed = original.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut files = ALL;
            files[which] = &changed;
            if text_files(files).is_ok_and(|files| files.verify(&trust).is_ok()) {
                unnoticed.push((which, bit / 8));
            }
            tried += 1;
        }
    }
    let offsets: Vec<_> = UNSIGNED.flat_map(|byte| [(1, byte); 8]).collect();
    assert_eq!(unnoticed, offsets);
    assert_eq!(tried, (17 + 104 + 336 + 568 + 536) * 8);
}

fn surface_part(record: &[u8], certificate: &[u8]) -> Result<SurfacePart, FileError> {
    Ok(SurfacePart {
        age_record: AgeRecord::decode(record)?,
        certificate: Certificate::decode(certificate)?,
        answer: Signature::from([0; 256]),
    })
}

#[test]
fn the_surface_files_verify_and_name_the_same_birth_date() {
    let part = surface_part(SURFACE_RECORD, SURFACE_CERTIFICATE).unwrap();
    assert_eq!(part.verify_signatures(&anchors()), Ok(()));
    let files = text_files(ALL).unwrap();
    assert_eq!(
        part.age_record.birth(),
        files.attributes.attributes().birth()
    );
    assert_eq!(part.certificate.issuer().short().as_str(), "6000023");
    assert_eq!(
        part.certificate.subject().to_string(),
        "1322121-000-00000000"
    );
    // Each application has a key of its own.
    assert_ne!(part.age_record.key(), files.card_key.key());
}

/// Every single-bit change in the age record and in its certificate is refused. There is no bit that
/// nobody signs: the headers around what is signed have one encoding of their lengths that fits.
#[test]
fn every_flipped_bit_in_the_surface_files_is_refused() {
    const UNSIGNED: [(usize, usize); 0] = [];
    let trust = anchors();
    let mut unnoticed = Vec::new();
    let mut tried = 0;
    for which in 0..2 {
        let original = [SURFACE_RECORD, SURFACE_CERTIFICATE][which];
        for bit in 0..original.len() * 8 {
            let mut changed = original.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut files = [SURFACE_RECORD, SURFACE_CERTIFICATE];
            files[which] = &changed;
            let [record, certificate] = files;
            let believed = surface_part(record, certificate)
                .is_ok_and(|part| part.verify_signatures(&trust).is_ok());
            if believed {
                unnoticed.push((which, bit / 8));
            }
            tried += 1;
        }
    }
    assert_eq!(unnoticed, UNSIGNED);
    assert_eq!(tried, (547 + 568) * 8);
}

#[test]
fn one_application_s_certificate_is_none_of_the_other() {
    let trust = anchors();
    let swapped = text_files([NUMBER, ATTRIBUTES, INTEGRITY, SURFACE_CERTIFICATE, CARD_KEY]);
    assert_eq!(
        swapped.unwrap().verify(&trust),
        Err(EvidenceError::UnknownIssuer)
    );
    let surface = surface_part(SURFACE_RECORD, CERTIFICATE).unwrap();
    assert_eq!(
        surface.verify_signatures(&trust),
        Err(SurfaceError::UnknownIssuer)
    );
}

/// What is written for emulated cards is laid out to the byte as the real card's files are.
#[test]
fn written_files_equal_the_card_s() {
    let files = text_files(ALL).unwrap();
    let signature = |file: &[u8]| Signature::try_from(&file[file.len() - 256..]).unwrap();

    let number = NumberFile::of(&files.number.number().unwrap());
    assert_eq!(number.as_bytes(), NUMBER);
    let attributes = AttributesFile::of(files.attributes.attributes());
    assert_eq!(attributes.as_bytes(), ATTRIBUTES);
    assert_eq!(attributes, files.attributes);
    let integrity = IntegrityFile::issue(&number, &attributes, |_| signature(INTEGRITY));
    assert_eq!(integrity, files.integrity);
    let certificate = Certificate::issue(
        files.certificate.issuer(),
        files.certificate.subject(),
        files.certificate.key().clone(),
        |_| signature(CERTIFICATE),
    );
    assert_eq!(certificate, files.certificate);
    let card_key = CardKeyFile::issue(files.card_key.key().clone(), |_| signature(CARD_KEY));
    assert_eq!(card_key, files.card_key);

    let info = BasicInfo::decode(BASIC_INFO).unwrap();
    assert_eq!(info.capabilities(), [0x01, 0x03, 0x0E, 0x01]);
    let opaque = BASIC_INFO[BASIC_INFO.len() - 128..].try_into().unwrap();
    assert_eq!(
        BasicInfo::of(info.capabilities(), info.key_id(), opaque),
        info
    );
    let messaging = decode_messaging_key(MESSAGING_KEY).unwrap();
    assert_eq!(encode_messaging_key(&messaging), MESSAGING_KEY);

    let record = AgeRecord::decode(SURFACE_RECORD).unwrap();
    let again = AgeRecord::issue(record.birth(), record.key().clone(), |_| {
        signature(SURFACE_RECORD)
    });
    assert_eq!(again, record);
}
