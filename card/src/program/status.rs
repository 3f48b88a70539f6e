//! `card status`: asks, and presents nothing.

use std::time::SystemTime;

use card::aid;
use card::client::{Client, Tries};
use card::common_ap::{self, CardRecord};
use card::expiry::{Day, ExpiryDate};
use card::file::Ef;
use card::session::SessionError;
use card::text_ap::BasicInfo;
use card::transport::Transport;
use card::{card_manager, jpki_ap, surface_ap, text_ap};
use serde_json::{Map, Value, json};

use crate::arguments::{Json, On};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{expiry, print_json};

/// Of the common AP and of 住基AP: the PIN of the card itself, kept in both.
const CARD_PIN: Ef = Ef::new(0x001C);

/// A thing that is presented, and how it is called.
struct Reference {
    ap: &'static str,
    aid: &'static [u8],
    ef: Ef,
    key: &'static str,
    words: &'static str,
}

const fn reference(
    ap: &'static str,
    aid: &'static [u8],
    ef: Ef,
    key: &'static str,
    words: &'static str,
) -> Reference {
    Reference {
        ap,
        aid,
        ef,
        key,
        words,
    }
}

const REFERENCES: [Reference; 11] = [
    reference("text", &aid::TEXT_AP, text_ap::PIN, "pin", "PIN, 4 digits"),
    reference(
        "text",
        &aid::TEXT_AP,
        text_ap::BLOCKED,
        "blocked",
        "issued blocked",
    ),
    reference("text", &aid::TEXT_AP, text_ap::CODE_A, "a", "照合番号A"),
    reference("text", &aid::TEXT_AP, text_ap::CODE_B, "b", "照合番号B"),
    reference(
        "surface",
        &aid::SURFACE_AP,
        surface_ap::BIRTH_CODE,
        "birth",
        "birth date",
    ),
    reference(
        "surface",
        &aid::SURFACE_AP,
        surface_ap::CODE_A,
        "a",
        "照合番号A",
    ),
    reference(
        "surface",
        &aid::SURFACE_AP,
        surface_ap::CODE_B,
        "b",
        "照合番号B",
    ),
    reference("common", &aid::COMMON_AP, CARD_PIN, "pin", "PIN, 4 digits"),
    reference("juki", &aid::JUKI_AP, CARD_PIN, "pin", "PIN, 4 digits"),
    reference(
        "jpki",
        &aid::JPKI_AP,
        jpki_ap::AUTHENTICATION_PIN,
        "auth",
        "PIN for authentication, 4 digits",
    ),
    reference(
        "jpki",
        &aid::JPKI_AP,
        jpki_ap::SIGNATURE_PASSWORD,
        "sign",
        "password for signatures, 6 to 16",
    ),
];

pub(crate) fn run(on: &On, json: &Json) -> Result<(), Failure> {
    let desk = Desk::open(on)?;
    let reader = desk.reader.to_string();
    let mut card = desk.card()?;
    let valid = valid_until(&mut card)?;
    let municipality = issued_by(&mut card)?;
    let info = basic_info(&mut card)?;
    let mut found = Vec::new();
    for reference in &REFERENCES {
        found.push((reference, card.tries(reference.aid, reference.ef)?));
    }
    drop(card);

    let today = Day::in_japan(SystemTime::now());
    let expired = valid.as_ref().map(|date| date.has_passed(today));
    let valid = valid.as_ref().map(expiry);
    if json.json {
        let mut tries = Map::new();
        for (reference, left) in found {
            let value = match left {
                Tries::Left(left) => json!(left),
                Tries::Verified => json!("verified"),
                Tries::Absent => continue,
            };
            let of_ap = tries
                .entry(reference.ap)
                .or_insert_with(|| Value::Object(Map::new()));
            of_ap[reference.key] = value;
        }
        print_json(&json!({
            "reader": reader, "valid_until": valid, "expired": expired,
            "municipality": municipality, "tries": tries,
            "text_ap": info.map(|info| json!({
                "capabilities": capabilities(&info), "key_id": info.key_id().to_string(),
            })),
        }));
        return Ok(());
    }
    println!("reader       {reader}");
    println!(
        "valid until  {}{}",
        valid.as_deref().unwrap_or("not told"),
        if expired == Some(true) {
            ": expired"
        } else {
            ""
        }
    );
    println!(
        "issued by    {}",
        municipality.as_deref().unwrap_or("not told")
    );
    if let Some(info) = info {
        println!(
            "text AP      {}, key {}",
            capabilities(&info),
            info.key_id()
        );
    }
    println!("tries left");
    for (reference, left) in found {
        let left = match left {
            Tries::Left(0) if reference.ef == text_ap::BLOCKED => "0".to_owned(),
            Tries::Left(0) => "0, blocked".to_owned(),
            Tries::Left(left) => left.to_string(),
            Tries::Verified => "verified".to_owned(),
            Tries::Absent => continue,
        };
        let Reference { ap, ef, words, .. } = reference;
        println!("  {ap:<8} {:04X}  {left:<11} {words}", ef.id());
    }
    Ok(())
}

/// The last day the card is valid: from the common AP, or else from the card manager.
pub(crate) fn valid_until<T: Transport>(
    card: &mut Client<T>,
) -> Result<Option<ExpiryDate>, SessionError> {
    if let Some(record) = record(card)? {
        return Ok(Some(record.into_expiry()));
    }
    let date = card.data(card_manager::EXPIRY)?.content();
    Ok(date.and_then(|digits| ExpiryDate::try_from(&digits[..]).ok()))
}

fn issued_by<T: Transport>(card: &mut Client<T>) -> Result<Option<String>, SessionError> {
    let code = match record(card)? {
        Some(record) => Some(*record.municipality()),
        None => card
            .data(card_manager::MUNICIPALITY)?
            .content()
            .and_then(|digits| card_manager::municipality(&digits).ok()),
    };
    Ok(code.map(|digits| digits.map(char::from).iter().collect()))
}

/// EF 0005 of the text AP, which everybody may read.
fn basic_info<T: Transport>(card: &mut Client<T>) -> Result<Option<BasicInfo>, SessionError> {
    let reading = card.read_object(&aid::TEXT_AP, text_ap::BASIC_INFO)?;
    Ok(reading
        .content()
        .and_then(|file| BasicInfo::decode(&file).ok()))
}

/// As hexadecimal digits: what each byte means is not published.
fn capabilities(info: &BasicInfo) -> String {
    format!("{:08X}", u32::from_be_bytes(info.capabilities()))
}

fn record<T: Transport>(card: &mut Client<T>) -> Result<Option<CardRecord>, SessionError> {
    let reading = card.record(&aid::COMMON_AP, common_ap::CARD_RECORD, common_ap::RECORD)?;
    Ok(reading
        .content()
        .and_then(|record| CardRecord::decode(&record).ok()))
}
