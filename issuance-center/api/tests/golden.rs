//! Golden JSON: every wire type, pinned both ways. A file that has to change is a change of the protocol.

#![allow(clippy::unwrap_used, reason = "a test's helpers may")]

use std::{collections::BTreeSet, fs, path::Path};

use issuance_api::{Array, CenterId, Problem, ProblemCode, enrolment, registry, terminal};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read_to_string(folder.join(format!("{name}.json"))).unwrap_or_else(|_| panic!("{name}"))
}

/// The file parses, serialises to the same bytes, and is refused with one more or one less field in any object of it.
fn pin<T: Serialize + DeserializeOwned>(name: &str) {
    let text = golden(name);
    let value: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let again = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(format!("{again}\n"), text, "{name}");

    let whole: Value = serde_json::from_str(&text).unwrap();
    for pointer in objects(&whole, String::new()) {
        let mut more = whole.clone();
        let object = more.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
        object.insert("unheard_of".to_owned(), Value::Null);
        assert!(
            serde_json::from_value::<T>(more).is_err(),
            "{name}{pointer}: one field more"
        );

        for (field, content) in whole.pointer(&pointer).unwrap().as_object().unwrap() {
            let mut less = whole.clone();
            let object = less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
            object.remove(field);
            // An absent optional field reads as null.
            let parsed = serde_json::from_value::<T>(less).is_ok();
            // So may an entry of a map.
            let optional = content.is_null()
                || matches!(field.as_str(), "passport" | "abroad" | "vds_nc")
                || (field == "number" && pointer.starts_with("/outcome/doses/"))
                || pointer.ends_with("/known");
            assert_eq!(parsed, optional, "{name}{pointer}: without {field}");
        }
    }
}

fn objects(value: &Value, pointer: String) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                found.extend(objects(value, format!("{pointer}/{field}")));
            }
            found.push(pointer);
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                found.extend(objects(value, format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    found
}

/// Pins every file, and notices a file without a type.
macro_rules! pinned {
    ($($name:literal: $type:ty,)*) => {
        #[test]
        fn every_wire_type_is_what_its_file_says() {
            $(pin::<$type>($name);)*
        }

        #[test]
        fn every_file_is_pinned() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
            let mut files = BTreeSet::new();
            for side in ["enrolment", "registry", "terminal"] {
                for entry in fs::read_dir(folder.join(side)).unwrap() {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    files.insert(format!("{side}/{}", name.strip_suffix(".json").unwrap()));
                }
            }
            assert_eq!(files, BTreeSet::from([$($name.to_owned()),*]));
        }
    };
}

pinned! {
    "enrolment/nonce": enrolment::Nonce,
    "enrolment/request": enrolment::Request,
    "enrolment/answer": enrolment::Answer,
    "terminal/menu-request": terminal::MenuRequest,
    "terminal/menu": terminal::Menu,
    "terminal/challenge": terminal::Challenge,
    "terminal/evidence-request": terminal::EvidenceRequest,
    "terminal/evidence-answer": terminal::EvidenceAnswer,
    "terminal/inquiry-request": terminal::InquiryRequest,
    "terminal/inquiry-answer": terminal::InquiryAnswer,
    "terminal/inquiry-answer-abroad": terminal::InquiryAnswer,
    "terminal/issue-request": terminal::IssueRequest,
    "terminal/issue-answer": terminal::Issued,
    "terminal/issue-answer-abroad": terminal::Issued,
    "terminal/delivered-request": terminal::DeliveredRequest,
    "terminal/delivered-answer": terminal::DeliveredAnswer,
    "registry/nonce": registry::Nonce,
    "registry/evidence-request": registry::EvidenceRequest,
    "registry/ticket": registry::Ticket,
    "registry/inquiry-request": registry::InquiryRequest,
    "registry/inquiry-request-abroad": registry::InquiryRequest,
    "registry/finding-records": registry::Finding,
    "registry/finding-records-abroad": registry::Finding,
    "registry/finding-no-such-person": registry::Finding,
    "registry/finding-confirmation-needed": registry::Finding,
    "registry/finding-moved-out": registry::Finding,
    "registry/finding-deceased": registry::Finding,
    "registry/finding-stopped": registry::Finding,
    "registry/finding-passport-unknown": registry::Finding,
    "registry/register-request": registry::RegisterRequest,
    "registry/register-request-abroad": registry::RegisterRequest,
    "registry/receipt": registry::Receipt,
    "registry/delivered-request": registry::DeliveredRequest,
    "registry/delivered-answer": registry::DeliveredAnswer,
    "registry/revocations-request": registry::RevocationsRequest,
    "registry/revocations": registry::Revocations,
}

/// Whatever one of these says of a person.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            leaves(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| leaves(value, found)),
        Value::String(text) => found.push(text.clone()),
        _ => {}
    }
}

fn shows_nothing<T: std::fmt::Debug + DeserializeOwned>(name: &str, personal: &[&str]) {
    let text = golden(name);
    let value: T = serde_json::from_str(&text).unwrap();
    let shown = format!("{value:?}");
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for pointer in personal {
        leaves(whole.pointer(pointer).expect(pointer), &mut found);
    }
    assert!(found.len() >= personal.len(), "{name}");
    for text in found {
        assert!(!shown.contains(&text), "{name}: {text} in {shown}");
    }
}

#[test]
fn debug_shows_nothing_of_a_person() {
    let preview = ["/preview/holder", "/preview/doses"];
    shows_nothing::<terminal::InquiryAnswer>("terminal/inquiry-answer", &preview);
    let abroad = [&preview[..], &["/preview/passport"]].concat();
    shows_nothing::<terminal::InquiryAnswer>("terminal/inquiry-answer-abroad", &abroad);
    let records = ["/outcome/holder", "/outcome/doses"];
    shows_nothing::<registry::Finding>("registry/finding-records", &records);
    let abroad = [&records[..], &["/outcome/passport"]].concat();
    shows_nothing::<registry::Finding>("registry/finding-records-abroad", &abroad);
    shows_nothing::<terminal::EvidenceRequest>("terminal/evidence-request", &["/evidence"]);
    shows_nothing::<registry::EvidenceRequest>("registry/evidence-request", &["/evidence"]);
    let signed = ["/jws", "/vds_nc", "/certificate_id"];
    shows_nothing::<terminal::Issued>("terminal/issue-answer-abroad", &signed);
}

/// Codes are compared one by one: a code that vanishes or changes its status breaks terminals in the field.
#[test]
fn problem_codes_and_statuses_are_what_the_file_says() {
    let lines: String = ProblemCode::ALL
        .iter()
        .map(|code| {
            let status = code
                .meaning()
                .status
                .map_or("-".to_owned(), |it| it.to_string());
            let document = serde_json::to_string(&Problem::from(*code)).unwrap();
            assert!(document.contains(&format!("urn:shomei:problem:{}\"", code.as_str())));
            format!("{} {status}\n", code.as_str())
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    assert_eq!(
        lines,
        fs::read_to_string(folder.join("problem-codes.txt")).unwrap()
    );
}

/// The parts of a transcript.
fn parts(message: Vec<u8>) -> Vec<Vec<u8>> {
    let mut rest = &message[..];
    let mut parts = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (part, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

/// What is attested and what is signed are different things, each of every field.
#[test]
fn enrolment_is_over_center_nonce_connection_and_key() {
    let center: CenterId = "center-1".parse().unwrap();
    let (nonce, exporter) = (Array::new([1; 32]), Array::new([2; 32]));
    let signed = parts(enrolment::message(&center, &nonce, &exporter, b"spki"));
    let expected: [&[u8]; 5] = [
        b"shomei enrolment v1",
        b"center-1",
        &[1; 32],
        &[2; 32],
        b"spki",
    ];
    assert_eq!(signed, expected);
    let mut whole = Vec::new();
    for part in [
        &b"shomei attestation v1"[..],
        b"center-1",
        &[1; 32],
        &[2; 32],
    ] {
        whole.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        whole.extend(part);
    }
    let attested = enrolment::challenge(&center, &nonce, &exporter);
    assert_eq!(attested, *Sha256::digest(&whole));
    for (nonce, exporter) in [([1; 32], [3; 32]), ([3; 32], [2; 32])] {
        let other = enrolment::challenge(&center, &nonce.into(), &exporter.into());
        assert_ne!(other, attested);
    }
}

/// Both sides sign and verify the same bytes: of every field, in this order, each with its length.
#[test]
fn signed_messages_are_of_every_field() {
    let finding: registry::Finding =
        serde_json::from_str(&golden("registry/finding-no-such-person")).unwrap();
    let outcome = Sha256::digest(br#"{"outcome":"no-such-person"}"#).to_vec();
    let expected: [&[u8]; 8] = [
        b"shomei finding v1",
        &[3; 16],
        b"132217",
        b"covid-19",
        b"domestic",
        &480_u32.to_be_bytes(),
        &7_u64.to_be_bytes(),
        &outcome,
    ];
    assert_eq!(parts(finding.message()), expected);

    let request: registry::RegisterRequest =
        serde_json::from_str(&golden("registry/register-request-abroad")).unwrap();
    let mut certificate = request.certificate;
    let message = |it: &_| parts(registry::Receipt::message(&[3; 16].into(), it));
    let whole = message(&certificate);
    assert_eq!(whole.len(), 11);
    assert_eq!(whole[10].len(), 32);
    // Whatever of the passport is another makes another message, and none makes an empty field.
    let passport = serde_json::to_value(&certificate.passport).unwrap();
    for field in ["romanised_name", "nationality", "number"] {
        let mut passport = passport.clone();
        passport[field] = "X".into();
        certificate.passport = serde_json::from_value(passport).unwrap();
        assert_eq!(message(&certificate)[..10], whole[..10]);
        assert_ne!(message(&certificate)[10], whole[10], "{field}");
    }
    certificate.passport = None;
    assert!(message(&certificate)[10].is_empty());
}
