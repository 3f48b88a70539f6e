//! Certificates that others issued, as they published them: `specimens/README.md` says where each comes from.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use time::macros::{date, utc_datetime};
use verify::{
    Content, Deviation, Kind, Note, Private, Report, Revoked, Signer, Subject, Tampered, TrustList,
    Unchecked, Unreadable, Verdict, read,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specimens")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn trust() -> TrustList {
    TrustList::open(&folder().join("trust.toml")).unwrap()
}

fn judge_at(trust: &TrustList, names: &[&str], now: i64) -> Vec<Report> {
    let documents = read(names.iter().map(|name| text(name)));
    documents
        .iter()
        .map(|document| trust.judge(document, now))
        .collect()
}

fn judge(names: &[&str], now: i64) -> Report {
    let mut reports = judge_at(&trust(), names, now);
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// After the specification's examples were made; within the validity of Australia's list; while Japan's signer signed.
const CARDS: i64 = utc_datetime!(2023-07-01 0:00).unix_timestamp();
const AUSTRALIA: i64 = utc_datetime!(2021-11-01 0:00).unix_timestamp();
const JAPAN: i64 = utc_datetime!(2022-01-01 0:00).unix_timestamp();

#[test]
fn the_specifications_health_card_is_valid() {
    for name in ["smart/example-00.txt", "smart/example-00.smart-health-card"] {
        let report = judge(&[name], CARDS);
        assert_eq!(report.kind, Kind::HealthCard);
        assert_eq!(report.verdict, Verdict::Valid);
        let Some(Signer::CardIssuer { url, kid, .. }) = report.signer else {
            panic!("a health card's signer")
        };
        assert_eq!(url, "https://spec.smarthealth.cards/examples/issuer");
        assert_eq!(kid, "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s");
        let Some(Content::Card(card)) = report.content else {
            panic!("a card")
        };
        let given: Vec<_> = card.patient.given.iter().map(Private::expose).collect();
        assert_eq!(given, ["John", "B."]);
        assert_eq!(card.patient.birth_date.expose(), date!(1951 - 01 - 20));
        let doses = card.immunizations.iter().map(|dose| dose.date.expose());
        let doses: Vec<_> = doses.collect();
        assert_eq!(
            doses,
            [
                date!(2021 - 01 - 01),
                date!(2021 - 01 - 29),
                date!(2022 - 09 - 05)
            ]
        );
        // It has the very fault that this project's own cards may not have.
        assert!(report.notes.contains(&Note::NotBeforeFraction));
        assert!(
            report
                .notes
                .contains(&Note::RevocationsAsOf(date!(2023 - 06 - 22)))
        );
    }
}

#[test]
fn a_card_whose_key_comes_with_a_certificate_is_valid() {
    // Its key's certificate is not looked at: the key is on the list.
    let report = judge(&["smart/example-01.txt"], CARDS);
    assert_eq!(report.verdict, Verdict::Valid);
}

#[test]
fn a_card_in_three_symbols_is_one_card() {
    let parts = [
        "smart/example-02-2.txt",
        "smart/example-02-0.txt",
        "smart/example-02-1.txt",
    ];
    let report = judge(&parts, CARDS);
    assert_eq!(report.verdict, Verdict::Valid);
    let Some(Content::OtherCard { types }) = report.content else {
        panic!("a laboratory's result, about no vaccination")
    };
    assert_eq!(types, ["https://smarthealth.cards#health-card"]);

    let report = judge(&parts[..2], CARDS);
    let error = Unreadable::Incomplete { have: 2, total: 3 };
    assert_eq!(report.verdict, Verdict::Malformed(error));
    // The same one twice is still one.
    let report = judge(&[parts[0], parts[0]], CARDS);
    let error = Unreadable::Incomplete { have: 1, total: 3 };
    assert_eq!(report.verdict, Verdict::Malformed(error));
    let documents = read([text(parts[0]), "shc:/3/3/5676".to_owned()]);
    let report = trust().judge(&documents[0], CARDS);
    assert_eq!(report.verdict, Verdict::Malformed(Unreadable::Mixed));
}

#[test]
fn a_revoked_card_is_revoked() {
    let report = judge(&["smart/example-03.txt"], CARDS);
    assert_eq!(report.verdict, Verdict::Revoked(Revoked::Document));

    // Without the list nobody knows, and the key says that there is one.
    let own = text("trust.toml").replace("revoked = ", "# ");
    let trust = TrustList::parse(&own, |name| fs::read(folder().join(name))).unwrap();
    let [report] = &judge_at(&trust, &["smart/example-03.txt"], CARDS)[..] else {
        panic!("one report")
    };
    assert_eq!(report.verdict, Verdict::Unchecked(Unchecked::NoList));
    // And nobody hides it by naming the issuer twice, first without the list.
    let twice = format!(
        "[[card-issuer]]\nurl = \"https://spec.smarthealth.cards/examples/issuer\"\nkeys = \"smart/jwks.json\"\n\n{}",
        text("trust.toml")
    );
    let trust = TrustList::parse(&twice, |name| fs::read(folder().join(name))).unwrap();
    let [report] = &judge_at(&trust, &["smart/example-03.txt"], CARDS)[..] else {
        panic!("one report")
    };
    assert_eq!(report.verdict, Verdict::Revoked(Revoked::Document));
    // Nor does anybody where the key says nothing: a card with an id can be on a list.
    let trust = TrustList::parse(&own, |name| {
        let file = fs::read(folder().join(name))?;
        Ok(if name == "smart/jwks.json" {
            let silent = String::from_utf8(file).unwrap();
            silent.replace("crlVersion", "silent").into_bytes()
        } else {
            file
        })
    });
    let [report] = &judge_at(&trust.unwrap(), &["smart/example-03.txt"], CARDS)[..] else {
        panic!("one report")
    };
    assert_eq!(report.verdict, Verdict::Unchecked(Unchecked::NoList));
    // A list older than the newest that the key tells of.
    let trust = TrustList::parse(&text("trust.toml"), |name| {
        let file = fs::read(folder().join(name))?;
        Ok(if name == "smart/jwks.json" {
            let newer = String::from_utf8(file).unwrap();
            newer
                .replace("\"crlVersion\": 1", "\"crlVersion\": 2")
                .into_bytes()
        } else {
            file
        })
    });
    let trust = trust.unwrap();
    let reports = judge_at(
        &trust,
        &["smart/example-00.txt", "smart/example-03.txt"],
        CARDS,
    );
    assert_eq!(reports[1].verdict, Verdict::Revoked(Revoked::Document));
    assert_eq!(reports[0].verdict, Verdict::Unchecked(Unchecked::OldList));
}

#[test]
fn before_it_was_signed_a_card_does_not_hold() {
    let report = judge(&["smart/example-00.txt"], 1_687_450_764);
    assert_eq!(report.verdict, Verdict::NotYetValid(Subject::Document));
    let report = judge(&["smart/example-00.txt"], 1_687_450_765);
    assert_eq!(report.verdict, Verdict::Valid);
}

#[test]
fn australias_specimen_is_valid() {
    let report = judge(&["australia/valid.json"], AUSTRALIA);
    assert_eq!(report.kind, Kind::Vds);
    assert_eq!(report.verdict, Verdict::Valid);
    assert_eq!(report.claimed.as_deref(), Some("AUS"));
    let Some(Signer::Country {
        code,
        subject,
        serial,
        csca_fingerprint,
        ..
    }) = &report.signer
    else {
        panic!("a seal's signer")
    };
    assert_eq!((code.as_str(), serial.as_str()), ("AUS", "18ad"));
    assert_eq!(subject, "C=AU, CN=DFAT");
    // As the publisher's own test has it.
    assert_eq!(
        csca_fingerprint,
        "35623a89f6b40cb4888e05147f7d16d27f7bf754aad563c37fef6e1a0e7ff5cf"
    );
    let Some(Content::Vaccination(vaccination)) = &report.content else {
        panic!("a vaccination")
    };
    assert_eq!(vaccination.holder.name.expose(), "CITIZEN  JOHN");
    assert_eq!(vaccination.vaccines.len(), 2);
    assert_eq!(vaccination.vaccines[1].doses[0].number, 2);
    // It signs for thirty days, and not for three months.
    assert_eq!(report.notes, [Note::Signer(Deviation::Validity)]);
}

#[test]
fn australias_tampered_specimen_is_noticed() {
    let report = judge(&["australia/invalid.json"], AUSTRALIA);
    assert_eq!(report.verdict, Verdict::Tampered(Tampered::Content));
    assert!(report.signer.is_none() && report.content.is_none());
}

#[test]
fn dates_and_lists_of_a_country_count() {
    let at = |now| judge(&["australia/valid.json"], now).verdict;
    let old = utc_datetime!(2021-11-18 0:00).unix_timestamp();
    assert_eq!(at(old), Verdict::Unchecked(Unchecked::OldList));
    let early = utc_datetime!(2021-08-30 0:00).unix_timestamp();
    assert_eq!(at(early), Verdict::NotYetValid(Subject::Signer));
    let late = utc_datetime!(2031-10-01 0:00).unix_timestamp();
    assert_eq!(at(late), Verdict::Expired(Subject::Signer));
}

#[test]
fn japans_specimen_is_valid_but_for_its_missing_list() {
    // Its CSCA writes its curve out in full, and its `sigvl` has no padding.
    let report = judge(&["japan/triple.json"], JAPAN);
    assert_eq!(report.verdict, Verdict::Unchecked(Unchecked::NoList));
    let Some(Content::Vaccination(vaccination)) = &report.content else {
        panic!("a vaccination")
    };
    assert_eq!(vaccination.vaccines.len(), 3);
    for deviation in [
        Deviation::AlternativeName,
        Deviation::KeyUsage,
        Deviation::PrivateKeyUsagePeriod,
        Deviation::Validity,
    ] {
        assert!(
            report.notes.contains(&Note::Signer(deviation)),
            "{deviation}"
        );
    }
}

#[test]
fn a_link_certificate_serves_as_well() {
    let own = text("trust.toml").replace("japan/csca.der", "japan/csca-link.der");
    let trust = TrustList::parse(&own, |name| fs::read(folder().join(name))).unwrap();
    let [report] = &judge_at(&trust, &["japan/triple.json"], JAPAN)[..] else {
        panic!("one report")
    };
    assert_eq!(report.verdict, Verdict::Unchecked(Unchecked::NoList));
}

#[test]
fn nobody_is_trusted_by_an_empty_list() {
    let nobody = TrustList::default();
    let names = [
        "smart/example-00.txt",
        "australia/valid.json",
        "japan/triple.json",
    ];
    for report in judge_at(&nobody, &names, CARDS) {
        assert_eq!(report.verdict, Verdict::UnknownIssuer);
        assert!(report.signer.is_none() && report.content.is_none());
        assert!(report.claimed.is_some());
    }
    let [report] = &judge_at(&nobody, &["australia/invalid.json"], CARDS)[..] else {
        panic!("one report")
    };
    assert_eq!(report.verdict, Verdict::Tampered(Tampered::Content));
}

#[test]
fn a_seal_says_the_same_unverified() {
    for (name, now) in [
        ("australia/valid.json", AUSTRALIA),
        ("japan/triple.json", JAPAN),
    ] {
        let Some(Content::Vaccination(judged)) = judge(&[name], now).content else {
            panic!("a proof of vaccination")
        };
        let said = read([text(name)])[0].unverified_vaccination();
        assert!(said == Some(judged), "{name}");
    }
    for other in ["smart/example-00.txt", "trust.toml"] {
        assert!(read([text(other)])[0].unverified_vaccination().is_none());
    }
}

#[test]
fn one_country_does_not_speak_for_another() {
    // Australia's CSCA under Japan's name does not even become part of a list.
    let own = text("trust.toml").replace("japan/csca.der", "australia/csca.der");
    let error = TrustList::parse(&own, |name| fs::read(folder().join(name))).unwrap_err();
    assert!(
        matches!(error, verify::TrustError::Foreign { .. }),
        "{error}"
    );
}

#[test]
fn what_is_not_verified_here_is_called_by_its_name() {
    for (text, kind) in [
        ("HC1:NCFOXN", Kind::EuDcc),
        ("https://viewer.example/#shlink:/eyJ1cmwi", Kind::HealthLink),
        ("shlink:/eyJ1cmwi", Kind::HealthLink),
        ("https://www.example", Kind::Unknown),
        ("{\"hello\":1}", Kind::Unknown),
        ("", Kind::Unknown),
    ] {
        let [document] = &read([text])[..] else {
            panic!("one document")
        };
        let report = trust().judge(document, CARDS);
        assert_eq!(report.kind, kind, "{text}");
        assert_eq!(report.verdict, Verdict::Malformed(Unreadable::Unsupported));
    }
}
