//! What comes into the verifier: texts of QR codes, signed payloads, and the files of a trust list.

use std::sync::LazyLock;
use std::{fs, path::Path};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use verify::{Csca, Jwks, RevokedCards, RevokedSigners, TrustList};

use super::assert_silent;

/// The specimens' signers signed then, and each document is old enough.
pub(super) const NOW: i64 = 1_700_000_000;

const SEALS: [&str; 3] = [
    "australia/valid.json",
    "australia/invalid.json",
    "japan/triple.json",
];
const CARDS: [&str; 7] = [
    "smart/example-00.txt",
    "smart/example-01.txt",
    "smart/example-03.txt",
    "smart/example-02-0.txt",
    "smart/example-02-1.txt",
    "smart/example-02-2.txt",
    "smart/example-00.smart-health-card",
];

/// First bytes of an input of `card` and what follows them.
const TEXT: u8 = 0;
const PAYLOAD: u8 = 1;
const KEYS: u8 = 2;
const REVOKED: u8 = 3;

fn specimen(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../verify/tests/specimens");
    fs::read(folder.join(name)).expect("the repository's own file")
}

fn text(name: &str) -> String {
    let text = String::from_utf8(specimen(name)).expect("a text");
    text.trim().to_owned()
}

static TRUST: LazyLock<TrustList> = LazyLock::new(|| {
    let list = TrustList::parse(&text("trust.toml"), |name| Ok(specimen(name)));
    list.expect("the specimens' own trust list")
});

/// A seal whose signer is known says what a specimen says; and files of a trust list are read or refused.
pub(super) fn seal(input: &[u8]) {
    static GENUINE: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let parsed = SEALS.map(|name| serde_json::from_str::<Value>(&text(name)));
        parsed
            .map(|seal| same_numbers(&seal.expect("JSON")["data"]))
            .to_vec()
    });
    if let Ok(csca) = Csca::parse(input) {
        let _ = csca.fingerprint();
    }
    let country = &TRUST.countries()[0];
    let _ = RevokedSigners::parse(input, &country.cscas);
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for document in verify::read([text]) {
        assert_silent(&document, "Document(..)");
        let report = TRUST.judge(&document, NOW);
        if let Some(verify::Content::Vaccination(judged)) = &report.content {
            let said = document.unverified_vaccination();
            assert!(said.as_ref() == Some(judged), "judged by another content");
        }
        if report.signer.is_some() && report.kind == verify::Kind::Vds {
            let seal: Value = serde_json::from_str(text.trim()).expect("JSON, for it was read");
            let data = same_numbers(&seal["data"]);
            assert!(GENUINE.contains(&data), "signed by nobody, and believed");
        }
    }
}

/// With every number as a double: 1 and 1.0 are one in canonical form.
fn same_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(same_numbers).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, value)| (name.clone(), same_numbers(value)))
                .collect()
        }
        other => other.clone(),
    }
}

pub(super) fn seal_seeds() -> Vec<Vec<u8>> {
    let others = [
        "australia/csca.der",
        "australia/crl.der",
        "japan/csca.der",
        "japan/csca-link.der",
    ];
    SEALS
        .iter()
        .chain(&others)
        .map(|name| specimen(name))
        .collect()
}

/// A card whose signer is known is a specimen; signed rubbish is read or refused.
pub(super) fn card(input: &[u8]) {
    let Some((head, rest)) = input.split_first() else {
        return;
    };
    match (*head, std::str::from_utf8(rest)) {
        (PAYLOAD, _) => signed(rest),
        (KEYS, Ok(text)) => drop(Jwks::parse(text)),
        (REVOKED, Ok(text)) => drop(RevokedCards::parse(text)),
        (_, Ok(text)) => believed(text),
        _ => {}
    }
}

/// Who is believed.
pub(super) fn trust() -> &'static TrustList {
    &TRUST
}

static GENUINE: LazyLock<Vec<String>> = LazyLock::new(|| CARDS.map(self::text).to_vec());

/// The specimens that stand in QR codes, as there.
pub(super) fn numeric_specimens() -> Vec<String> {
    let all = GENUINE.iter().filter(|text| text.starts_with("shc:/"));
    all.cloned().collect()
}

/// Whether this is one of the specimens.
pub(super) fn is_specimen(text: &str) -> bool {
    GENUINE.iter().any(|own| own == text)
}

fn believed(text: &str) {
    for document in verify::read(text.lines()) {
        let report = TRUST.judge(&document, NOW);
        if report.signer.is_some() && report.kind == verify::Kind::HealthCard {
            let genuine = text.lines().any(|line| {
                let line = line.trim();
                // In a file, a card lies among other things.
                GENUINE.iter().any(|own| own == line) || line.contains("verifiableCredential")
            });
            assert!(genuine, "signed by nobody, and believed");
        }
    }
}

fn signed(payload: &[u8]) {
    static KEY: LazyLock<(SigningKey, String, Jwks)> = LazyLock::new(|| {
        let key = SigningKey::from_slice(&[9; 32]).expect("a scalar");
        let point = key.verifying_key().to_sec1_point(false);
        let [x, y] = [1..33, 33..65].map(|range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
        let set = format!(
            r#"{{"keys":[{{"kty":"EC","kid":"{kid}","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#
        );
        let set = Jwks::parse(&set).expect("a key set");
        (key, kid, set)
    });
    let (key, kid, set) = &*KEY;
    let header = format!(r#"{{"alg":"ES256","zip":"DEF","kid":"{kid}"}}"#);
    // As JSON, and as what claims to be compressed.
    let compressed = miniz_oxide::deflate::compress_to_vec(payload, 1);
    for payload in [payload, &compressed] {
        let [header, payload] =
            [header.as_bytes(), payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        let text = format!("{header}.{payload}");
        let signature: Signature = key.sign(text.as_bytes());
        let jws = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        if let Ok(card) = verify::check(&jws, set, NOW) {
            assert!(card.not_before <= NOW);
            assert_silent(&card.patient, "Patient(..)");
        }
    }
}

pub(super) fn card_seeds() -> Vec<Vec<u8>> {
    let with = |head: u8, text: &[u8]| [&[head], text].concat();
    let mut seeds: Vec<_> = CARDS
        .iter()
        .map(|name| with(TEXT, &specimen(name)))
        .collect();
    let parts = CARDS[3..6]
        .iter()
        .map(|name| text(name))
        .collect::<Vec<_>>();
    seeds.push(with(TEXT, parts.join("\n").as_bytes()));
    seeds.push(with(KEYS, &specimen("smart/jwks.json")));
    seeds.push(with(REVOKED, &specimen("smart/revoked.json")));
    let payload = br#"{"iss":"https://issuer.example","nbf":1600000000,"vc":{"type":["https://smarthealth.cards#health-card"],"credentialSubject":{"fhirVersion":"4.0.1","fhirBundle":{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"resource:0","resource":{"resourceType":"Patient","name":[{"family":"A","given":["B"]}],"birthDate":"1985-04-02"}},{"fullUrl":"resource:1","resource":{"resourceType":"Immunization","status":"completed","vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"208"}]},"patient":{"reference":"resource:0"},"occurrenceDateTime":"2021-07-01","lotNumber":"EY0779","performer":[{"actor":{"display":"C"}}]}}]}},"rid":"AAAA"}}"#;
    seeds.push(with(PAYLOAD, payload));
    seeds
}
