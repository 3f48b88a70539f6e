//! The verifier against judges of others: what it believes they believe, and what they signed it believes.

#[path = "../../verify/tests/issuer/mod.rs"]
mod issuer;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use stage::judges::page;
use stage::world::repository;
use tempfile::TempDir;
use time::macros::utc_datetime;
use verify::{Report, Tampered, TrustList, Verdict, read};

use issuer::{Authority, NOW, data, trust};

fn specimen(name: &str) -> PathBuf {
    repository().join("verify/tests/specimens").join(name)
}

fn judge(trust: &TrustList, text: &str, now: i64) -> Report {
    let documents = read([text]);
    assert_eq!(documents.len(), 1);
    trust.judge(&documents[0], now)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn jwcrypto_agrees_about_health_cards_of_others() {
    let trust = TrustList::open(&specimen("trust.toml")).unwrap();
    let folder = TempDir::new().unwrap();
    let keys = specimen("smart/jwks.json");
    let now = utc_datetime!(2023-07-01 0:00).unix_timestamp();
    for name in ["example-00.txt", "example-01.txt", "example-03.txt"] {
        let path = specimen("smart").join(name);
        let judged = page::opens(&path, &keys).unwrap();
        let report = judge(&trust, &text(&path), now);
        assert_eq!(judged["issuer"].as_str(), report.claimed.as_deref());
        assert!(report.signer.is_some(), "{name}");

        // The last digit but one of the signature.
        let mut changed = text(&path).trim().to_owned();
        let digit = changed.remove(changed.len() - 8);
        changed.insert(changed.len() - 7, if digit == '0' { '1' } else { '0' });
        let path = folder.path().join(name);
        fs::write(&path, &changed).unwrap();
        assert!(page::opens(&path, &keys).is_err(), "{name}");
        assert!(judge(&trust, &changed, now).signer.is_none(), "{name}");
    }
}

#[test]
fn openssl_agrees_about_a_seal_of_australia() {
    let trust = TrustList::open(&specimen("trust.toml")).unwrap();
    let now = utc_datetime!(2021-11-01 0:00).unix_timestamp();
    let [csca, crl] = ["australia/csca.der", "australia/crl.der"].map(specimen);
    let valid = specimen("australia/valid.json");
    let judged = page::vds(&valid, &csca, &crl, now).unwrap();
    assert_eq!(judged["subject"], "subject=CN=DFAT,C=AU");
    assert_eq!(judge(&trust, &text(&valid), now).verdict, Verdict::Valid);

    let invalid = specimen("australia/invalid.json");
    assert!(page::vds(&invalid, &csca, &crl, now).is_err());
    let report = judge(&trust, &text(&invalid), now);
    assert_eq!(report.verdict, Verdict::Tampered(Tampered::Content));
    // The list has run out: neither says more than it can.
    let later = utc_datetime!(2021-11-18 0:00).unix_timestamp();
    assert!(page::vds(&valid, &csca, &crl, later).is_err());
    assert!(matches!(
        judge(&trust, &text(&valid), later).verdict,
        Verdict::Unchecked(_)
    ));
}

#[test]
fn openssl_agrees_about_chains_and_lists() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let authority = Authority::new("UT");
    let signer = authority.signer(|_| {});
    let seal = signer.seal(&data("UTO"));
    let file = place("seal.json", seal.as_bytes());
    let csca = place("csca.der", authority.der());
    let now = NOW.unix_timestamp();
    for (revoked, holds) in [(vec![], true), (vec![&signer.serial], false)] {
        let list = authority.revoke(&revoked);
        let crl = place("crl.der", &list);
        assert_eq!(page::vds(&file, &csca, &crl, now).is_ok(), holds);
        let verdict = judge(&trust(&authority, "UTO", &[list]), &seal, now).verdict;
        assert_eq!(verdict == Verdict::Valid, holds);
    }
    let other = Authority::new("UT");
    let (csca, crl) = (
        place("other.der", other.der()),
        place("other.crl", &other.revoke(&[])),
    );
    assert!(page::vds(&file, &csca, &crl, now).is_err());
    let verdict = judge(&trust(&other, "UTO", &[other.revoke(&[])]), &seal, now).verdict;
    assert_eq!(verdict, Verdict::UnknownIssuer);
}

/// Texts and numbers on which implementations of JCS differ, signed by another: one difference, and the signature does not hold.
#[test]
fn what_rfc8785_and_openssl_sign_is_valid() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new("UT");
    let signer = authority.signer(|_| {});
    let (key, certificate) = (
        folder.path().join("key.pem"),
        folder.path().join("signer.der"),
    );
    fs::write(&key, signer.key_pem()).unwrap();
    fs::write(&certificate, &signer.der).unwrap();

    let mut extras = vec![
        r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#.to_owned(),
        r#"["\u0000\u001f\u007f\u2028\u2029\"\\\/\b\f\n\r\t","見本 花子 𠮷"]"#.to_owned(),
        r#"[0,-0,-0.0,1E30,4.50,2e-3,1e-7,1e21,1e20,123456789012345680000.0,5e-324,1424953923781206.25,9007199254740991]"#.to_owned(),
    ];
    // Doubles of all magnitudes, and those between which rounding is a tie: the same ones in every run.
    let mut state = 1_u64;
    for _ in 0..40 {
        let numbers: Vec<String> = (0..25)
            .map(|index| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let number = match index % 3 {
                    0 => f64::from_bits(state),
                    1 => (state >> 12) as f64 / 4.0,
                    _ => (state >> 40) as f64 / 1e6,
                };
                if number.is_finite() {
                    format!("{number:e}")
                } else {
                    "0".to_owned()
                }
            })
            .collect();
        extras.push(format!("[{}]", numbers.join(",")));
    }
    let template = data("UTO");
    let lines: Vec<String> = extras
        .iter()
        .map(|extra| {
            let mut data = template.clone();
            data["msg"]["extra"] = json!("here");
            data.to_string().replace("\"here\"", extra)
        })
        .collect();
    let seals = page::seals(&key, &certificate, &lines.join("\n")).unwrap();
    assert_eq!(seals.len(), extras.len());
    let trust = trust(&authority, "UTO", &[authority.revoke(&[])]);
    for (seal, extra) in seals.iter().zip(&extras) {
        let report = judge(&trust, seal, NOW.unix_timestamp());
        assert_eq!(report.verdict, Verdict::Valid, "{extra}");
    }
}
