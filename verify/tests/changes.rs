//! VDS-NC that was changed after it was signed, in any way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod issuer;

use std::sync::LazyLock;

use issuer::{Authority, NOW, Signer, data, trust};
use proptest::prelude::*;
use serde_json::Value;
use verify::{Report, Tampered, TrustList, Verdict, read};

fn judge(trust: &TrustList, text: &str) -> Report {
    let [document] = &read([text])[..] else {
        panic!("one document")
    };
    trust.judge(document, NOW.unix_timestamp())
}

/// Whatever bit of the text a finger, a camera or an attacker turns over.
#[test]
fn every_single_changed_bit_is_noticed() {
    let (trust, _, right) = signed();
    assert_eq!(judge(trust, right).verdict, Verdict::Valid);
    let mut judged = 0;
    for byte in 0..right.len() {
        for bit in 0..8 {
            let mut wrong = right.clone().into_bytes();
            wrong[byte] ^= 1 << bit;
            // What is no text is no QR text.
            let Ok(wrong) = String::from_utf8(wrong) else {
                continue;
            };
            let report = judge(trust, &wrong);
            let place = &wrong[byte.saturating_sub(20)..(byte + 10).min(wrong.len())];
            assert!(report.content.is_none(), "byte {byte}, bit {bit}: {place}");
            let noticed = matches!(
                report.verdict,
                Verdict::Malformed(_) | Verdict::Tampered(_) | Verdict::UnknownIssuer
            );
            assert!(noticed, "byte {byte}, bit {bit}: {:?}", report.verdict);
            judged += 1;
        }
    }
    assert!(judged > right.len() * 6);
}

/// A country's own trust list, its signer, and a seal.
fn signed() -> &'static (TrustList, Signer, String) {
    static SIGNED: LazyLock<(TrustList, Signer, String)> = LazyLock::new(|| {
        let authority = Authority::new("UT");
        let trust = trust(&authority, "UTO", &[authority.revoke(&[])]);
        let signer = authority.signer(|_| {});
        let text = signer.seal(&data("UTO"));
        (trust, signer, text)
    });
    &SIGNED
}

/// Any JSON without fractions, which serde_json writes as ECMAScript does not.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|map| Value::from(serde_json::Map::from_iter(map))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is beside the known members is signed as well, whatever it is.
    #[test]
    fn members_that_are_not_known_are_signed(extra in any_json(), other in any_json()) {
        let (trust, signer, _) = signed();
        let mut data = data("UTO");
        data["msg"]["extra"] = extra.clone();
        let text = signer.seal(&data);
        prop_assert_eq!(judge(trust, &text).verdict, Verdict::Valid);
        prop_assume!(extra != other);
        let written = |value: &Value| format!("\"extra\":{value}");
        prop_assert!(text.contains(&written(&extra)));
        let changed = text.replacen(&written(&extra), &written(&other), 1);
        prop_assert_eq!(judge(trust, &changed).verdict, Verdict::Tampered(Tampered::Content));
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,200}", at in any::<prop::sample::Index>(), insert in "[\\PC]{0,4}", cut in 0_usize..8) {
        let (trust, _, right) = signed();
        let _ = judge(trust, &text);
        // Changes anywhere: never valid unless nothing changed.
        let start = at.index(right.len());
        let end = (start + cut).min(right.len());
        let changed = format!("{}{insert}{}", &right[..start], &right[end..]);
        let verdict = judge(trust, &changed).verdict;
        let spaces = insert.chars().all(|c| c == ' ') && cut == 0;
        prop_assert!(verdict != Verdict::Valid || changed == *right || spaces, "{changed}");
    }
}
