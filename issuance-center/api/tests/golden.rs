//! Golden JSON: every wire type, pinned both ways. A file that has to change is a change of the protocol.

#![allow(clippy::unwrap_used, reason = "a test's helpers may")]

use std::{collections::BTreeSet, fs, path::Path};

use issuance_api::{Problem, ProblemCode, registry, terminal};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

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
            let optional = content.is_null() || matches!(field.as_str(), "passport");
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
            for side in ["registry", "terminal"] {
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
    "terminal/menu": terminal::Menu,
    "terminal/challenge": terminal::Challenge,
    "terminal/evidence-request": terminal::EvidenceRequest,
    "terminal/evidence-answer": terminal::EvidenceAnswer,
    "terminal/inquiry-request": terminal::InquiryRequest,
    "terminal/inquiry-answer": terminal::InquiryAnswer,
    "terminal/issue-request": terminal::IssueRequest,
    "terminal/issue-answer": terminal::IssueAnswer,
    "terminal/delivered-request": terminal::DeliveredRequest,
    "terminal/delivered-answer": terminal::DeliveredAnswer,
    "registry/nonce": registry::Nonce,
    "registry/evidence-request": registry::EvidenceRequest,
    "registry/ticket": registry::Ticket,
    "registry/inquiry-request": registry::InquiryRequest,
    "registry/finding-records": registry::Finding,
    "registry/finding-no-such-person": registry::Finding,
    "registry/finding-confirmation-needed": registry::Finding,
    "registry/finding-moved-out": registry::Finding,
    "registry/finding-deceased": registry::Finding,
    "registry/finding-stopped": registry::Finding,
    "registry/register-request": registry::RegisterRequest,
    "registry/register-request-abroad": registry::RegisterRequest,
    "registry/receipt": registry::Receipt,
    "registry/delivered-request": registry::DeliveredRequest,
    "registry/delivered-answer": registry::DeliveredAnswer,
    "registry/revocations": registry::Revocations,
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
