//! VDS-NC of a country made for the test: each wrong thing has its own verdict.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod issuer;

use issuer::{Authority, NOW, data, eku, trust, types};
use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use serde_json::Value;
use time::Duration;
use verify::{
    Content, Country, CrlError, Csca, CscaError, Deviation, JsonError, Note, Report, Revoked,
    RevokedSigners, SignerError, Subject, Tampered, TrustList, Unchecked, Unreadable, VdsError,
    Verdict, read,
};

/// Of a right certificate.
type Change = fn(&mut CertificateParams);

fn judge_at(trust: &TrustList, text: &str, now: i64) -> Report {
    let [document] = &read([text])[..] else {
        panic!("one document")
    };
    trust.judge(document, now)
}

fn judge(trust: &TrustList, text: &str) -> Report {
    judge_at(trust, text, NOW.unix_timestamp())
}

fn malformed(error: impl Into<VdsError>) -> Verdict {
    Verdict::Malformed(Unreadable::Vds(error.into()))
}

/// A country that trusts itself, with an empty list.
fn country() -> (Authority, TrustList) {
    let authority = Authority::new("UT");
    let trust = trust(&authority, "UTO", &[authority.revoke(&[])]);
    (authority, trust)
}

#[test]
fn a_right_seal_is_valid_and_follows_the_profile() {
    let (authority, trust) = country();
    let report = judge(&trust, &authority.signer(|_| {}).seal(&data("UTO")));
    assert_eq!(report.verdict, Verdict::Valid);
    assert_eq!(report.notes, []);
    let Some(Content::Vaccination(vaccination)) = report.content else {
        panic!("a vaccination")
    };
    assert_eq!(vaccination.id.expose(), "U32870");
    let document = vaccination.holder.document.as_ref();
    assert_eq!(document.unwrap().expose(), "TK0000001");
    let [vaccine] = &vaccination.vaccines[..] else {
        panic!("one vaccine")
    };
    assert_eq!(vaccine.code.expose(), "XM8NQ0");
    let lots: Vec<_> = vaccine
        .doses
        .iter()
        .map(|dose| dose.lot.as_ref().map(verify::Private::expose))
        .collect();
    assert_eq!(lots, [Some("EY0779"), Some("EY0573")]);
}

#[test]
fn cscas_of_every_supported_kind_are_believed() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
    ] {
        let authority = Authority::with("UT", algorithm, |_| {});
        let trust = trust(&authority, "UTO", &[authority.revoke(&[])]);
        let text = authority.signer(|_| {}).seal(&data("UTO"));
        assert_eq!(judge(&trust, &text).verdict, Verdict::Valid);
    }
}

#[test]
fn an_impostor_with_the_same_name_is_noticed() {
    let (authority, trust) = country();
    // Of the same name and another key: nobody on the list.
    let other = Authority::new("UT");
    let text = other.signer(|_| {}).seal(&data("UTO"));
    assert_eq!(judge(&trust, &text).verdict, Verdict::UnknownIssuer);
    // That names the right key, and cannot sign with it.
    let id = authority.csca().key_identifier().to_vec();
    let impostor = Authority::with("UT", &rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(id);
    });
    let text = impostor.signer(|_| {}).seal(&data("UTO"));
    let report = judge(&trust, &text);
    assert_eq!(report.verdict, Verdict::Tampered(Tampered::Signer));
    assert!(report.content.is_none());
}

#[test]
fn revocation_dates_and_lists() {
    let authority = Authority::new("UT");
    let signer = authority.signer(|_| {});
    let text = signer.seal(&data("UTO"));
    let with = |lists: &[Vec<u8>]| trust(&authority, "UTO", lists);
    let at = |trust: &TrustList, days| {
        judge_at(trust, &text, (NOW + Duration::days(days)).unix_timestamp()).verdict
    };
    let unchecked = Verdict::Unchecked;
    assert_eq!(at(&with(&[]), 0), unchecked(Unchecked::NoList));
    let empty = with(&[authority.revoke(&[])]);
    assert_eq!(at(&empty, 0), Verdict::Valid);
    assert_eq!(at(&empty, 91), unchecked(Unchecked::OldList));
    assert_eq!(at(&empty, -31), Verdict::NotYetValid(Subject::Signer));
    assert_eq!(at(&empty, 3800), Verdict::Expired(Subject::Signer));
    let listed = with(&[authority.revoke(&[]), authority.revoke(&[&signer.serial])]);
    let revoked = Verdict::Revoked(Revoked::Signer);
    assert_eq!(at(&listed, 0), revoked);
    // However old the list is, and even where the dates have passed too.
    assert_eq!(at(&listed, 3800), revoked);
    let another = with(&[authority.revoke(&[&2.into()])]);
    assert_eq!(at(&another, 0), Verdict::Valid);
}

#[test]
fn an_old_csca_signs_no_longer() {
    let authority = Authority::with("UT", &rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.not_after = NOW - Duration::days(1);
    });
    let trust = trust(&authority, "UTO", &[authority.revoke(&[])]);
    let text = authority.signer(|_| {}).seal(&data("UTO"));
    assert_eq!(
        judge(&trust, &text).verdict,
        Verdict::Expired(Subject::Csca)
    );
}

/// Doc 9303-12: a CSCA's certificate may be made anew over the same key.
#[test]
fn of_several_certificates_of_one_csca_the_valid_one_decides_and_its_list_is_that_of_all() {
    let old = Authority::with("UT", &rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.not_after = NOW - Duration::days(1);
    });
    let renewed = old.renewed(|_| {});
    let text = old.signer(|_| {}).seal(&data("UTO"));
    let cscas = [old.csca(), renewed.csca()];
    for lists_of in &cscas {
        for order in [[0, 1], [1, 0]] {
            let list = RevokedSigners::parse(&old.revoke(&[]), [lists_of]).unwrap();
            let mut trust = TrustList::default();
            trust.add_country(Country {
                code: "UTO".to_owned(),
                name: None,
                revoked: vec![list],
                cscas: order.map(|at| cscas[at].clone()).to_vec(),
            });
            assert_eq!(judge(&trust, &text).verdict, Verdict::Valid, "{order:?}");
        }
    }
}

#[test]
fn a_signer_speaks_for_its_own_country_and_document() {
    let (authority, trust) = country();
    let of = |change: fn(&mut CertificateParams), data: &Value| {
        judge(&trust, &authority.signer(change).seal(data)).verdict
    };
    let country = malformed(SignerError::Country);
    assert_eq!(of(|_| {}, &data("JPN")), country);
    assert_eq!(of(|_| {}, &data("XYZ")), country);
    let foreign = |params: &mut CertificateParams| issuer::name(params, "JP", "Signer");
    assert_eq!(of(foreign, &data("UTO")), country);
    assert_eq!(of(foreign, &data("JPN")), country);
    let test = |params: &mut CertificateParams| params.custom_extensions[1] = types("NT");
    assert_eq!(of(test, &data("UTO")), malformed(SignerError::DocumentType));
    let mut other = data("UTO");
    other["hdr"]["t"] = "icao.test".into();
    assert_eq!(of(|_| {}, &other), malformed(SignerError::DocumentType));
    assert_eq!(of(test, &other), Verdict::Valid);
}

#[test]
fn each_wrong_thing_in_a_signers_certificate_has_its_own_error() {
    let (authority, trust) = country();
    let cases: [(Change, SignerError); 9] = [
        (
            |params| params.custom_extensions.truncate(0),
            SignerError::DocumentType,
        ),
        (
            |params| drop(params.custom_extensions.remove(0)),
            SignerError::Purpose,
        ),
        (
            |params| {
                // serverAuth beside it.
                params.custom_extensions[0] = eku(
                    "\x06\x07\x67\u{81}\x08\x01\x01\x0e\x02\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
                );
            },
            SignerError::Purpose,
        ),
        (
            |params| {
                drop(params.custom_extensions.remove(0));
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
            },
            SignerError::Purpose,
        ),
        (
            |params| {
                params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
            },
            SignerError::Ca,
        ),
        (
            |params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement],
            SignerError::KeyUsage,
        ),
        (
            |params| params.use_authority_key_identifier_extension = false,
            SignerError::Authority,
        ),
        (
            |params| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                unknown.set_criticality(true);
                params.custom_extensions.push(unknown);
            },
            SignerError::Extension,
        ),
        (
            |params| {
                let malformed = vec![5, 0];
                params.custom_extensions[1] =
                    CustomExtension::from_oid_content(&issuer::DOCUMENT_TYPES, malformed);
            },
            SignerError::DocumentType,
        ),
    ];
    for (change, error) in cases {
        let text = authority.signer(change).seal(&data("UTO"));
        assert_eq!(judge(&trust, &text).verdict, malformed(error));
    }
}

#[test]
fn what_departs_from_the_profile_is_noted() {
    let (authority, trust) = country();
    let notes = |change: fn(&mut CertificateParams)| {
        let report = judge(&trust, &authority.signer(change).seal(&data("UTO")));
        assert_eq!(report.verdict, Verdict::Valid);
        report.notes
    };
    let cases: [(Change, Deviation); 6] = [
        (
            |params| params.is_ca = IsCa::ExplicitNoCa,
            Deviation::SubjectKeyIdentifier,
        ),
        (
            |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature],
            Deviation::KeyUsage,
        ),
        (
            |params| {
                let name = "signer.example".try_into().unwrap();
                params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
            },
            Deviation::AlternativeName,
        ),
        (
            |params| params.custom_extensions[0].set_criticality(false),
            Deviation::UncriticalPurpose,
        ),
        (
            |params| params.not_after = params.not_before + Duration::days(3652),
            Deviation::Validity,
        ),
        (
            |params| params.custom_extensions.push(period(*b"20261101000000Z")),
            Deviation::PrivateKeyUsagePeriod,
        ),
    ];
    for (change, deviation) in cases {
        assert_eq!(notes(change), [Note::Signer(deviation)]);
    }
    // Doses after the signer's last day, and after today.
    let late = notes(|params| params.custom_extensions.push(period(*b"20210710000000Z")));
    assert!(late.contains(&Note::DoseAfterSigning));
    let mut future = data("UTO");
    future["msg"]["ve"][0]["vd"][1]["dvc"] = "2026-11-03".into();
    let text = authority.signer(|_| {}).seal(&future);
    assert_eq!(judge(&trust, &text).notes, [Note::DoseInFuture]);
    future["msg"]["ve"][0]["vd"][1]["dvc"] = "2026-11-02".into();
    let text = authority.signer(|_| {}).seal(&future);
    assert_eq!(judge(&trust, &text).notes, []);
}

/// A private key usage period that ends.
fn period(end: [u8; 15]) -> CustomExtension {
    let time = [&[0x81, 15][..], &end].concat();
    CustomExtension::from_oid_content(&[2, 5, 29, 16], issuer::sequence(time))
}

#[test]
fn each_wrong_thing_in_the_text_has_its_own_error() {
    let (authority, trust) = country();
    let signer = authority.signer(|_| {});
    let right = signer.seal(&data("UTO"));
    for (from, to, error) in [
        ("\"ES256\"", "\"none\"", VdsError::Algorithm),
        ("\"ES256\"", "\"ES384\"", VdsError::SignatureLength),
        ("\"cer\":\"", "\"cer\":\"+", VdsError::Base64),
        ("\"cer\":\"M", "\"cer\":\"L", SignerError::Form.into()),
        ("\"v\":1", "\"v\":2", VdsError::Version),
        ("\"v\":1", "\"v\":\"1\"", VdsError::Version),
        ("\"sig\":{", "\"sig\":{\"more\":1,", VdsError::Form),
        ("{\"data\":", "{\"more\":1,\"data\":", VdsError::Form),
        ("\"hdr\":{", "\"hdr\":{\"more\":1,", VdsError::Form),
        (
            "\"msg\":{",
            "\"msg\":{\"uvci\":\"\",",
            JsonError::Repeated.into(),
        ),
        (
            "\"msg\":{",
            "\"msg\":{\"x\":1e999,",
            JsonError::Number.into(),
        ),
        ("\"sig\":{", "\"sig\":[", JsonError::Syntax.into()),
    ] {
        assert!(right.contains(from));
        let text = right.replacen(from, to, 1);
        assert_eq!(
            judge(&trust, &text).verdict,
            malformed(error),
            "{from} {to}"
        );
    }
    let spaced = format!("{}{right}", " ".repeat(3));
    assert_eq!(judge(&trust, &spaced).verdict, Verdict::Valid);
    let long = right.replacen(
        "{\"data\":",
        &format!("{{{}\"data\":", " ".repeat(16_384)),
        1,
    );
    assert_eq!(judge(&trust, &long).verdict, malformed(VdsError::TooLong));
}

#[test]
fn what_a_message_must_have_is_demanded_though_it_is_signed() {
    let (authority, trust) = country();
    let signer = authority.signer(|_| {});
    let changed = |change: fn(&mut Value)| {
        let mut data = data("UTO");
        change(&mut data["msg"]);
        judge(&trust, &signer.seal(&data)).verdict
    };
    let wrong: [fn(&mut Value); 10] = [
        |msg| drop(msg.as_object_mut().unwrap().remove("uvci")),
        |msg| drop(msg["pid"].as_object_mut().unwrap().remove("n")),
        |msg| {
            let holder = msg["pid"].as_object_mut().unwrap();
            holder.remove("i");
            holder.remove("dob");
        },
        |msg| msg["pid"]["dob"] = "1985-02-30".into(),
        |msg| msg["pid"]["n"] = " ".into(),
        |msg| msg["pid"]["n"] = "A\nB".into(),
        |msg| msg["ve"] = Value::Array(Vec::new()),
        |msg| msg["ve"][0]["vd"][0]["seq"] = (-1).into(),
        |msg| drop(msg["ve"][0]["vd"][0].as_object_mut().unwrap().remove("dvc")),
        |msg| msg["ve"][0]["nam"] = "A".repeat(300).into(),
    ];
    for change in wrong {
        assert_eq!(changed(change), malformed(VdsError::Message));
    }
    let right: [fn(&mut Value); 6] = [
        |msg| drop(msg["pid"].as_object_mut().unwrap().remove("i")),
        |msg| drop(msg["pid"].as_object_mut().unwrap().remove("dob")),
        |msg| msg["ve"][0]["vd"][0]["seq"] = "1".into(),
        |msg| msg["ve"][0]["vd"][0]["adm"] = "".into(),
        |msg| msg["more"] = serde_json::json!({"nested": [1.5, null, true, "日本"]}),
        |msg| msg["pid"]["n"] = "\"\\/é𠮷".into(),
    ];
    for change in right {
        assert_eq!(changed(change), Verdict::Valid);
    }
}

#[test]
fn a_trust_list_takes_no_other_certificates() {
    let authority = Authority::new("UT");
    let csca = authority.csca();
    let with = |change: fn(&mut CertificateParams)| {
        let changed = Authority::with("UT", &rcgen::PKCS_ECDSA_P256_SHA256, change);
        Csca::parse(changed.der()).map(drop)
    };
    assert_eq!(with(|_| {}), Ok(()));
    let pem = authority.issuer.pem();
    assert!(Csca::parse(pem.as_bytes()).is_ok());
    assert!(Csca::parse(format!("{pem}{pem}").as_bytes()).is_err());
    assert_eq!(
        with(|params| params.is_ca = IsCa::NoCa),
        Err(CscaError::NoCa)
    );
    let signs_only = |params: &mut CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    };
    assert_eq!(with(signs_only), Err(CscaError::NoCa));
    let nameless = |params: &mut CertificateParams| {
        params.distinguished_name = rcgen::DistinguishedName::new();
    };
    assert_eq!(with(nameless), Err(CscaError::NoCountry));
    let critical = |params: &mut CertificateParams| {
        let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        unknown.set_criticality(true);
        params.custom_extensions.push(unknown);
    };
    assert_eq!(with(critical), Err(CscaError::Extension));
    let mut changed = authority.der().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(Csca::parse(&changed).map(drop), Err(CscaError::Signature));
    assert_eq!(Csca::parse(b"no").map(drop), Err(CscaError::Form));
    // Its purpose is critical, and none of a CA's.
    let signer = authority.signer(|_| {});
    assert_eq!(
        Csca::parse(&signer.der).map(drop),
        Err(CscaError::Extension)
    );

    let crl = |bytes: &[u8]| RevokedSigners::parse(bytes, [&csca]).map(drop);
    let right = authority.revoke(&[]);
    assert_eq!(crl(&right), Ok(()));
    let mut changed = right.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(crl(&changed), Err(CrlError::Signature));
    assert_eq!(crl(&[&right[..], b"x"].concat()), Err(CrlError::Form));
    assert_eq!(
        crl(&Authority::new("UT").revoke(&[])),
        Err(CrlError::Issuer)
    );
    let partial = authority.revoke_with(&[], |params| {
        params.issuing_distribution_point = Some(rcgen::CrlIssuingDistributionPoint {
            distribution_point: rcgen::CrlDistributionPoint {
                uris: vec!["http://crl.example".to_owned()],
            },
            scope: None,
        });
    });
    assert_eq!(crl(&partial), Err(CrlError::Extension));
}
