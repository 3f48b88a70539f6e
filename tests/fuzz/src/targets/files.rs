use card::attributes::BirthDate;
use card::card_manager::{self, CardId};
use card::certificate::Certificate;
use card::common_ap::CardRecord;
use card::era::{BirthCode, CodeB};
use card::expiry::ExpiryDate;
use card::file::MAX_FILE;
use card::jpki_ap::{AuthenticationPin, SignaturePassword, TokenInfo, TokenLabel};
use card::key::{KeyId, PublicKey, ShortKeyId, Signature};
use card::number::IndividualNumber;
use card::pin::Pin;
use card::surface_ap::AgeRecord;
use card::text_ap::{
    AttributesFile, BasicInfo, CardKeyFile, IntegrityFile, NumberFile, decode_messaging_key,
    encode_messaging_key,
};
use card::trust::Anchor;

use super::assert_silent;
use crate::seeds;

/// Each parser of a file or a value, in the order of the first byte.
const PARSERS: [fn(&[u8]); 22] = [
    number,
    attributes,
    integrity,
    certificate,
    basic_info,
    messaging_key,
    card_key,
    age_record,
    anchor,
    key_id,
    birth,
    individual_number,
    pin,
    public_key,
    code_b,
    card_record,
    day_of_expiry,
    municipality,
    card_id,
    token_info,
    authentication_pin,
    signature_password,
];

/// What decodes keeps its bytes, and what is in it makes a file that says the same.
pub(super) fn body(input: &[u8]) {
    if let Some((which, bytes)) = input.split_first() {
        PARSERS[usize::from(*which) % PARSERS.len()](bytes);
    }
}

fn number(bytes: &[u8]) {
    if let Ok(file) = NumberFile::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        if let Ok(number) = file.number() {
            assert_silent(&number, "IndividualNumber(..)");
            let again = NumberFile::of(&number);
            assert_eq!(again.number(), Ok(number));
        }
    }
}

fn attributes(bytes: &[u8]) {
    if let Ok(file) = AttributesFile::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        assert!(bytes.len() <= MAX_FILE);
        assert_silent(file.attributes(), "Attributes(..)");
        assert_silent(&file.attributes().sex(), "Sex(..)");
        let again = AttributesFile::of(file.attributes());
        assert!(again.attributes() == file.attributes());
        assert_eq!(AttributesFile::decode(again.as_bytes()), Ok(again));
    }
}

fn integrity(bytes: &[u8]) {
    if let Ok(file) = IntegrityFile::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        assert!(file.number_digest() != file.attributes_digest() || bytes.len() >= 336);
    }
}

fn certificate(bytes: &[u8]) {
    if let Ok(file) = Certificate::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        let issued = |signature: Signature| {
            Certificate::issue(file.issuer(), file.subject(), file.key().clone(), |_| {
                signature
            })
        };
        let again = issued(Signature::from([0; 256]));
        let read = Certificate::decode(again.as_bytes()).expect("what was issued can be read");
        assert_eq!(read, again);
        assert_eq!(
            (read.issuer(), read.subject()),
            (file.issuer(), file.subject())
        );
    }
}

fn basic_info(bytes: &[u8]) {
    if let Ok(file) = BasicInfo::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        let again = BasicInfo::of(file.capabilities(), file.key_id(), &[0; 128]);
        assert_eq!(BasicInfo::decode(again.as_bytes()), Ok(again));
    }
}

fn messaging_key(bytes: &[u8]) {
    if let Ok(key) = decode_messaging_key(bytes) {
        assert_eq!(decode_messaging_key(&encode_messaging_key(&key)), Ok(key));
    }
}

fn card_key(bytes: &[u8]) {
    if let Ok(file) = CardKeyFile::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        let again = CardKeyFile::issue(file.key().clone(), |_| Signature::from([0; 256]));
        assert_eq!(CardKeyFile::decode(again.as_bytes()), Ok(again));
    }
}

fn age_record(bytes: &[u8]) {
    if let Ok(file) = AgeRecord::decode(bytes) {
        assert_eq!(file.as_bytes(), bytes);
        assert_silent(file.birth(), "BirthDate(..)");
        assert_silent(file.key(), "PublicKey(..)");
        assert!(!file.is_signed_by(file.key()), "a record of its own key");
        let (birth, key) = (file.birth(), file.key().clone());
        let again = AgeRecord::issue(birth, key, |_| Signature::from([0; 256]));
        assert_eq!(AgeRecord::decode(again.as_bytes()), Ok(again));
    }
}

fn anchor(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(anchor) = text.parse::<Anchor>()
    {
        // Its own lines with the same key.
        let pem = text.find("-----BEGIN").map(|at| &text[at..]);
        let again = format!("{anchor}{}", pem.unwrap_or_default());
        assert_eq!(again.parse(), Ok(anchor));
    }
}

fn key_id(bytes: &[u8]) {
    if let Ok(id) = KeyId::try_from(bytes) {
        assert_eq!(id.as_bytes(), bytes);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_silent(&id, &format!("KeyId({id})"));
        assert_silent(&id.short(), &format!("ShortKeyId({})", id.short().as_str()));
        assert_eq!(id.short().as_str().parse(), Ok(id.short()));
        assert!(
            id.as_bytes()
                .starts_with(id.municipality_prefix().as_bytes())
        );
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(id) = text.parse::<KeyId>() {
            assert_eq!(KeyId::try_from(&id.as_bytes()[..]), Ok(id));
            assert!(id.to_string().eq_ignore_ascii_case(text));
        }
        if let Ok(id) = text.parse::<ShortKeyId>() {
            assert_eq!(id.as_str(), text);
        }
    }
}

fn birth(bytes: &[u8]) {
    if let Ok(date) = BirthDate::try_from(bytes) {
        assert_eq!(date.to_digits(), bytes);
        if let Some(code) = BirthCode::of(&date) {
            assert_silent(&code, "BirthCode(..)");
            assert!(code.expose().iter().all(u8::is_ascii_digit));
            assert!(date.year() >= 1868);
        }
    }
}

fn individual_number(bytes: &[u8]) {
    if let Ok(number) = IndividualNumber::try_from(bytes) {
        assert_eq!(number.expose().as_bytes(), bytes);
        let eleven = IndividualNumber::from_eleven(&number.expose()[..11]);
        assert_eq!(eleven, Ok(number), "eleven digits have one check digit");
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(number) = IndividualNumber::from_eleven(text)
    {
        assert!(number.expose().starts_with(text));
    }
}

fn pin(bytes: &[u8]) {
    match Pin::try_from(bytes) {
        Ok(pin) => {
            assert_silent(&pin, "Pin(..)");
            assert_eq!(pin.expose(), bytes);
        }
        Err(_) => assert!(bytes.len() != 4 || !bytes.iter().all(u8::is_ascii_digit)),
    }
}

fn public_key(bytes: &[u8]) {
    if let Ok(key) = PublicKey::decode(bytes) {
        assert_eq!(PublicKey::decode(&key.encode()), Ok(key));
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(key) = PublicKey::from_pem(text)
    {
        assert_eq!(PublicKey::from_modulus(key.modulus()), Ok(key));
    }
}

fn code_b(bytes: &[u8]) {
    if let Some((date, rest)) = bytes.split_first_chunk::<8>()
        && let Some((expiry, rest)) = rest.split_first_chunk::<4>()
        && let Some(security) = rest.first_chunk::<4>()
        && let Ok(date) = BirthDate::try_from(&date[..])
        && let Some(birth) = BirthCode::of(&date)
        && let Some(code) = CodeB::new(&birth, expiry, security)
    {
        assert!(code.expose().iter().all(u8::is_ascii_digit));
        assert_silent(&code, "CodeB(..)");
        assert!(code.expose().starts_with(birth.expose()));
        assert!(code.expose().ends_with(security));
    }
}

fn card_record(bytes: &[u8]) {
    if let Ok(record) = CardRecord::decode(bytes) {
        let again = record.encode();
        // But for how the length is written.
        assert!(bytes.ends_with(&again[2..]));
        let read = CardRecord::decode(&again).expect("what was written");
        assert_eq!(read.serial().expose(), &again[2..17]);
        assert_eq!(read.municipality(), &again[17..22]);
        assert!(read.expiry() == record.expiry() && read == record);
    }
}

fn day_of_expiry(bytes: &[u8]) {
    if let Ok(expiry) = ExpiryDate::try_from(bytes) {
        assert_eq!(expiry.to_digits(), bytes);
        assert!(!expiry.has_passed(expiry.last_day()));
    }
}

fn municipality(bytes: &[u8]) {
    if let Ok(code) = card_manager::municipality(bytes) {
        assert_eq!(code, bytes);
        assert!(code.iter().all(u8::is_ascii_digit));
    }
}

fn card_id(bytes: &[u8]) {
    if let Ok(id) = CardId::try_from(bytes) {
        assert_silent(&id, "CardId(..)");
        assert_eq!(id.expose(), bytes);
    }
}

fn token_info(bytes: &[u8]) {
    if let Ok(info) = TokenInfo::decode(bytes) {
        assert_eq!(&info.as_bytes()[..], bytes);
        let again = TokenInfo::of(info.label(), &[b'0'; 16]);
        let device = info.label().device();
        assert!(again.label().device() == device);
        assert!(!device.is_phone() || info.label() != TokenLabel::CARD);
        let label = info.label();
        assert_silent(&label, &format!("TokenLabel({})", label.as_str()));
        assert_silent(&info, &format!("TokenInfo({} ..)", label.as_str()));
    }
    if let Ok(label) = TokenLabel::decode(bytes) {
        assert!(bytes.starts_with(label.as_str().as_bytes()));
    }
}

fn authentication_pin(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(pin) = AuthenticationPin::try_from(text)
    {
        assert_silent(&pin, "AuthenticationPin(..)");
        assert_eq!(pin.expose(), bytes);
    }
}

fn signature_password(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(password) = SignaturePassword::try_from(text)
    {
        assert!(password.expose().eq_ignore_ascii_case(bytes));
        assert_silent(&password, "SignaturePassword(..)");
        let length = SignaturePassword::SHORTEST..=SignaturePassword::LONGEST;
        assert!(length.contains(&bytes.len()));
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let parser = |which: u8, bytes: &[u8]| [&[which][..], bytes].concat();
    let text_files = (0..7).map(|which| parser(which, &seeds::text_file(u16::from(which) + 1)));
    let card_key = seeds::text_file(7);
    // EF 0007 without its own header and signature: DF51 82 01 09, key.
    let key = &card_key[10..10 + 265];
    let anchors = seeds::anchor_files();
    let pem = anchors[0].clone();
    let only_pem = pem.iter().position(|byte| *byte == b'-').unwrap_or(0);
    let others = [
        parser(7, &seeds::surface_file(1)),
        parser(9, b"1322131\x08\x05000\x00\x00\x00\x00"),
        parser(9, b"1322131-000-00000000"),
        parser(9, b"1322131"),
        parser(10, b"19800217"),
        parser(11, b"123456789018"),
        parser(11, b"12345678901"),
        parser(11, b"00000000000"),
        parser(12, b"1234"),
        parser(13, key),
        parser(13, &pem[only_pem..]),
        parser(14, b"1980021720310123"),
        parser(15, b"\x01\x1C0123456789012341322120310412"),
        parser(16, b"20310412"),
        parser(17, b"13221"),
        parser(18, b"A0123456789"),
        parser(19, TokenInfo::of(TokenLabel::CARD, &[b'0'; 16]).as_bytes()),
        parser(20, b"1234"),
        parser(21, b"ABC123"),
    ];
    let anchors = anchors.iter().map(|anchor| parser(8, anchor));
    text_files.chain(anchors).chain(others).collect()
}

/// As long as a file may be.
pub(super) fn long() -> Vec<Vec<u8>> {
    let mut anchors = seeds::anchor_files().concat();
    anchors.truncate(MAX_FILE);
    vec![
        [&[1][..], &seeds::long_attributes()].concat(),
        [&[8][..], &anchors].concat(),
    ]
}
