use p256::ecdsa::{SigningKey, signature::Signer};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::{JwksError, Private};

const NOW: i64 = 1_700_000_000;

fn key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

fn jwk() -> (String, String) {
    let point = key().verifying_key().to_sec1_point(false);
    let [x, y] = [1..33, 33..65].map(|range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
    let jwk = format!(
        r#"{{"kty":"EC","kid":"{kid}","use":"sig","alg":"ES256","crv":"P-256","x":"{x}","y":"{y}"}}"#
    );
    (kid, jwk)
}

fn keys() -> Jwks {
    Jwks::parse(&format!(r#"{{"keys":[{}]}}"#, jwk().1)).unwrap()
}

fn sign(header: &str, compressed: &[u8]) -> String {
    let [header, payload] =
        [header.as_bytes(), compressed].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{payload}");
    let signature: Signature = key().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn header() -> String {
    format!(r#"{{"alg":"ES256","zip":"DEF","kid":"{}"}}"#, jwk().0)
}

fn card(payload: &str) -> String {
    let compressed = miniz_oxide::deflate::compress_to_vec(payload.as_bytes(), 9);
    sign(&header(), &compressed)
}

const PAYLOAD: &str = r#"{"iss":"https://issuer.example","nbf":1600000000,"vc":{"type":["https://smarthealth.cards#health-card"],
"credentialSubject":{"fhirVersion":"4.0.1","fhirBundle":{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"resource:0","resource":{"resourceType":"Patient","name":[{"family":"見本","given":["花子"]}],"birthDate":"1985-04-02"}},
{"fullUrl":"resource:1","resource":{"resourceType":"Immunization","status":"completed","vaccineCode":{"coding":[
{"system":"http://hl7.org/fhir/sid/cvx","code":"208"}]},"patient":{"reference":"resource:0"},"occurrenceDateTime":"2021-07-01",
"lotNumber":"EY0779","performer":[{"actor":{"display":"見本市"}}]}}]}},"rid":"AAAA"}}"#;

fn numeric(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte - 45));
    format!("shc:/{}", digits.collect::<String>())
}

#[test]
fn a_right_card_says_what_it_says() {
    let jws = jws_of(&numeric(&card(PAYLOAD))).unwrap();
    let card = check(&jws, &keys(), NOW).unwrap();
    assert_eq!(card.issuer, "https://issuer.example");
    assert_eq!(card.kid, jwk().0);
    assert_eq!(card.not_before, 1_600_000_000);
    assert_eq!(card.rid.as_deref(), Some("AAAA"));
    let names: Vec<&str> = card
        .patient
        .family
        .iter()
        .chain(&card.patient.given)
        .map(Private::expose)
        .collect();
    assert_eq!(names, ["見本", "花子"]);
    assert_eq!(
        card.patient.birth_date.expose(),
        time::macros::date!(1985 - 04 - 02)
    );
    let [dose] = card.immunizations.as_slice() else {
        panic!("one dose")
    };
    assert_eq!(dose.code.expose(), "208");
    assert_eq!(dose.lot.as_ref().map(Private::expose), Some("EY0779"));
    assert_eq!(dose.performer.as_ref().map(Private::expose), Some("見本市"));
    assert_eq!(dose.date.expose(), time::macros::date!(2021 - 07 - 01));
}

#[test]
fn each_wrong_thing_has_its_own_error() {
    let edited = |from: &str, to: &str| {
        assert!(PAYLOAD.contains(from));
        card(&PAYLOAD.replacen(from, to, 1))
    };
    let deflated = miniz_oxide::deflate::compress_to_vec(PAYLOAD.as_bytes(), 9);
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b' '; MAX_PAYLOAD + 1], 9);
    for (jws, error) in [
        (
            edited("1600000000", "1600000000.5"),
            CardError::NotBeforeFraction,
        ),
        (edited("1600000000", "1700000001"), CardError::NotYetValid),
        (
            edited("\"vc\"", "\"exp\":1700000000,\"vc\""),
            CardError::Expired,
        ),
        (
            edited("https://issuer.example", "https://issuer.example/"),
            CardError::Issuer,
        ),
        (
            edited("https://issuer.example", "http://issuer.example"),
            CardError::Issuer,
        ),
        (edited("completed", "not-done"), CardError::Payload),
        (edited("1985-04-02", "1985-04-31"), CardError::Payload),
        (edited("#health-card", "#other"), CardError::Payload),
        (
            edited("\"Immunization\"", "\"Patient\""),
            CardError::Payload,
        ),
        (
            sign(&header().replace("ES256", "none"), &deflated),
            CardError::Algorithm,
        ),
        (
            sign(&header().replace("DEF", "GZIP"), &deflated),
            CardError::Compression,
        ),
        (
            sign(&header().replace(&jwk().0, "other"), &deflated),
            CardError::KeyUnknown,
        ),
        (sign("{}", &deflated), CardError::Header),
        (sign(&header(), b"\xff\xff"), CardError::Inflate),
        (sign(&header(), &bomb), CardError::Inflate),
        ("a.b".to_owned(), CardError::Form),
        ("a".repeat(MAX_TEXT + 1), CardError::TooLong),
    ] {
        assert_eq!(check(&jws, &keys(), NOW), Err(error));
    }
}

#[test]
fn qr_texts_that_are_none() {
    for (text, error) in [
        ("567629", CardError::NotACard),
        ("shc:/1/2/567629", CardError::Chunked),
        ("shc:/567", CardError::Digits),
        ("shc:/5a", CardError::Digits),
        ("shc:/99", CardError::Digits),
    ] {
        assert_eq!(jws_of(text), Err(error), "{text}");
    }
}

#[test]
fn keys_are_named_by_their_thumbprint() {
    let (kid, jwk) = jwk();
    let set = |jwk: &str| Jwks::parse(&format!(r#"{{"keys":[{jwk}]}}"#)).map(drop);
    assert_eq!(set(&jwk), Ok(()));
    let swapped = kid.chars().rev().collect::<String>();
    assert_eq!(
        set(&jwk.replace(&kid, &swapped)),
        Err(JwksError::Thumbprint)
    );
    assert_eq!(set(&jwk.replace("P-256", "P-384")), Err(JwksError::Point));
    assert_eq!(set("{}"), Err(JwksError::Form));
}

#[test]
fn every_single_changed_character_is_noticed() {
    let right = card(PAYLOAD);
    let (last, keys) = (right.len() - 1, keys());
    for index in 0..=last {
        let mut wrong = right.clone().into_bytes();
        // Bits that base64 does not use are refused too, so the last character of a part is no exception.
        wrong[index] = if wrong[index] == b'A' { b'B' } else { b'A' };
        let wrong = String::from_utf8(wrong).unwrap();
        assert!(check(&wrong, &keys, NOW).is_err(), "character {index}");
    }
}

proptest! {
    #[test]
    fn no_input_breaks_it(text in "\\PC{0,200}", digits in "[0-9]{0,400}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = jws_of(&text);
        let _ = check(&text, &keys(), NOW);
        if let Ok(jws) = jws_of(&format!("shc:/{digits}")) {
            let _ = check(&jws, &keys(), NOW);
        }
        // Signed rubbish reaches the innermost parsers.
        let compressed = miniz_oxide::deflate::compress_to_vec(&bytes, 1);
        prop_assert!(check(&sign(&header(), &compressed), &keys(), NOW).is_err());
        prop_assert!(check(&sign(&header(), &bytes), &keys(), NOW).is_err());
        let _ = Jwks::parse(&text);
    }
}
