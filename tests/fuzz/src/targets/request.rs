//! Bodies of requests and answers, as they are once their seal is open: JSON into the types of `issuance-api`.

use std::fmt::Debug;
use std::sync::Arc;

use issuance_api::passport::PassportMrz;
use issuance_api::registry::{
    self, Finding, Outcome, Receipt, RegisterRequest, Registration, RevocationPiece, Revocations,
    RevocationsRequest, Revoked, Ticket,
};
use issuance_api::terminal::{self, Challenge, IssueRequest, Issued, Localized, Menu, MenuRequest};
use issuance_api::{
    Array, Blob, CertificateId, CertificateKind, MunicipalityCode, Personal, PersonalBytes,
    Problem, ProblemCode, attached, enrolment,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vrs::service::MAX_REVOCATIONS;

/// Room for the longest answers: a piece of the revocations, and a menu of all municipalities. A request is never so long.
pub(super) const LONGEST: usize = 1 << 20;

/// How many things an input can be.
const KINDS: u8 = 26;

/// What is read is written as it was read, and what is printed of it says nothing of a person. The first byte says what it is.
pub(super) fn body(input: &[u8]) {
    if let Some((head, json)) = input.split_first() {
        take(*head, json);
    }
}

/// Whether it was read.
fn take(head: u8, json: &[u8]) -> bool {
    match head % KINDS {
        0 => read::<terminal::EvidenceRequest>(json),
        1 => read::<terminal::InquiryRequest>(json),
        2 => read::<IssueRequest>(json),
        3 => read::<terminal::DeliveredRequest>(json),
        4 => read::<registry::EvidenceRequest>(json),
        5 => read::<registry::InquiryRequest>(json),
        6 => read::<RegisterRequest>(json),
        7 => read::<registry::DeliveredRequest>(json),
        8 => read::<Finding>(json),
        9 => read::<terminal::InquiryAnswer>(json),
        10 => issued(json),
        11 => read::<Problem>(json),
        12 => read::<Challenge>(json),
        13 => read::<Receipt>(json),
        14 => read::<enrolment::Nonce>(json),
        15 => read::<enrolment::Request>(json),
        16 => read::<enrolment::Answer>(json),
        17 => read::<MenuRequest>(json),
        18 => read::<Menu>(json),
        19 => read::<terminal::EvidenceAnswer>(json),
        20 => read::<terminal::DeliveredAnswer>(json),
        21 => read::<registry::Nonce>(json),
        22 => read::<Ticket>(json),
        23 => read::<registry::DeliveredAnswer>(json),
        24 => read::<RevocationsRequest>(json),
        _ => read::<Revocations>(json),
    }
}

/// JSON with a page attached.
fn issued(body: &[u8]) -> bool {
    let Some((json, page)) = attached::detach(body) else {
        return false;
    };
    let again = attached::attach(json, page);
    assert!(
        again.as_deref() == Some(body),
        "attached otherwise than detached"
    );
    read::<Issued>(json)
}

fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<T>(json) else {
        return false;
    };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    let again = serde_json::from_slice::<T>(&written).expect("what was written can be read");
    assert!(again == value, "written otherwise than read");
    let mut texts = Texts::default();
    texts.sort(&serde_json::from_slice(&written).expect("JSON"), "", "");
    let printed = format!("{value:?}");
    for personal in &texts.personal {
        let also_harmless = texts.others.iter().any(|it| it.contains(personal.as_str()));
        assert!(
            personal.len() < SHORT || also_harmless || !printed.contains(personal.as_str()),
            "a value is printed"
        );
    }
    true
}

/// So short a text stands anywhere by chance.
const SHORT: usize = 12;

/// What stands in a body.
#[derive(Default)]
struct Texts {
    personal: Vec<String>,
    others: Vec<String>,
}

impl Texts {
    fn sort(&mut self, value: &Value, key: &str, within: &str) {
        match value {
            Value::String(text) => match (within, key) {
                ("holder", "name")
                | (_, "line1" | "line2" | "jws" | "vds_nc" | "romanised_name") => {
                    self.personal.push(text.clone());
                }
                _ => self.others.push(text.clone()),
            },
            Value::Array(all) => all.iter().for_each(|it| self.sort(it, key, within)),
            Value::Object(all) => all.iter().for_each(|(own, it)| self.sort(it, own, key)),
            _ => {}
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let blob = |length| Blob::new(vec![0x5A; length]);
    let programme = || "covid-19".parse().expect("a programme's id");
    let municipality = || "132217".parse().expect("a municipality's code");
    let terminal = || {
        let urn = "urn:shomei:terminal:kiosk:dev:0001";
        urn.parse().expect("a terminal's URN")
    };
    let personal = |text: &str| Personal::new(text.to_owned());
    let mrz = || PassportMrz {
        line1: personal("P<JPNMIHON<<HANAKO<<<<<<<<<<<<<<<<<<<<<<<<<<"),
        line2: personal("XX00000017JPN8504121F3501018<<<<<<<<<<<<<<00"),
    };
    let id = CertificateId::from_mac(&[9; 32]);
    let date = || "2026-11-24".parse().expect("a date");
    let holder = || terminal::Holder {
        name: personal("見本\u{3000}花子"),
        birth_date: "1985-04-12".parse().expect("a date"),
    };
    let preview = terminal::Preview {
        programme: programme(),
        kind: CertificateKind::Domestic,
        holder: holder(),
        authority: terminal::Authority {
            code: municipality(),
            name: "東京都清瀬市".to_owned(),
            name_en: "Kiyose, Tokyo".to_owned(),
        },
        doses: Vec::new(),
        issued_on: date(),
        copies: 1,
        passport: None,
    };
    vec![
        seed(
            0,
            &terminal::EvidenceRequest {
                vrs_nonce: blob(40),
                session_key: Array::new([1; 32]),
                evidence: PersonalBytes::new(vec![0x5A; 90]),
            },
        ),
        seed(
            1,
            &terminal::InquiryRequest {
                ticket: blob(60),
                session_key: Array::new([1; 32]),
                programme: programme(),
                municipality: municipality(),
                kind: CertificateKind::Abroad,
                passport: Some(Arc::new(mrz())),
                copies: 1,
                proof: Array::new([2; 64]),
            },
        ),
        seed(
            2,
            &IssueRequest {
                state: blob(60),
                proof: Array::new([2; 64]),
            },
        ),
        seed(
            3,
            &terminal::DeliveredRequest {
                state: blob(60),
                proof: Array::new([2; 64]),
            },
        ),
        seed(
            4,
            &registry::EvidenceRequest {
                center_nonce: Array::new([3; 32]),
                vrs_nonce: blob(40),
                terminal: terminal(),
                exporter: Array::new([4; 32]),
                session_key: Array::new([1; 32]),
                evidence: PersonalBytes::new(vec![0x5A; 90]),
            },
        ),
        seed(
            5,
            &registry::InquiryRequest {
                ticket: blob(60),
                terminal: terminal(),
                exporter: Array::new([4; 32]),
                programme: programme(),
                municipality: municipality(),
                kind: CertificateKind::Domestic,
                passport: None,
                proof: Array::new([2; 64]),
            },
        ),
        seed(
            6,
            &RegisterRequest {
                ticket: blob(60),
                terminal: terminal(),
                exporter: Array::new([4; 32]),
                state_digest: Array::new([5; 32]),
                proof: Array::new([2; 64]),
                certificate: Registration {
                    certificate_id: id,
                    programme: programme(),
                    municipality: municipality(),
                    kind: CertificateKind::Domestic,
                    kid: "k".repeat(43).parse().expect("a key id"),
                    record_version: 1,
                    content_digest: Array::new([6; 32]),
                    issued_on: date(),
                    passport: None,
                },
            },
        ),
        seed(
            7,
            &registry::DeliveredRequest {
                ticket: blob(60),
                terminal: terminal(),
                exporter: Array::new([4; 32]),
                state_digest: Array::new([5; 32]),
                proof: Array::new([2; 64]),
                municipality: municipality(),
                certificate_id: id,
            },
        ),
        seed(
            8,
            &Finding {
                application: Array::new([7; 16]),
                municipality: municipality(),
                programme: programme(),
                kind: CertificateKind::Domestic,
                ticket_expires_in_seconds: 600,
                data_epoch: 9,
                outcome: Outcome::Records(registry::Records {
                    holder: holder(),
                    record_version: 4,
                    doses: Vec::new(),
                    passport: None,
                }),
                signature: Array::new([8; 64]),
            },
        ),
        seed(
            9,
            &terminal::InquiryAnswer {
                state: blob(90),
                preview,
                expires_in_seconds: 600,
            },
        ),
        with_page(
            &Issued {
                certificate_id: id,
                jws: personal("a.b.c"),
                vds_nc: None,
            },
            b"%PDF-1.7",
        ),
        seed(11, &Problem::from(ProblemCode::Busy)),
        seed(
            12,
            &Challenge {
                center_nonce: Array::new([3; 32]),
                vrs_nonce: blob(40),
                center: "center-1".parse().expect("a center's id"),
                vrs: "vrs-1".parse().expect("a record system's id"),
                expires_in_seconds: 60,
            },
        ),
        seed(
            13,
            &Receipt {
                application: Array::new([7; 16]),
                signature: Array::new([8; 64]),
            },
        ),
        seed(
            14,
            &enrolment::Nonce {
                nonce: Array::new([3; 32]),
                center: "center-1".parse().expect("a center's id"),
                expires_in_seconds: 60,
            },
        ),
        seed(
            15,
            &enrolment::Request {
                chain: vec![blob(700), blob(500), blob(300)],
                signature: blob(71),
            },
        ),
        seed(
            16,
            &enrolment::Answer {
                certificate: blob(500),
                expires_in_seconds: 14_400,
            },
        ),
        seed(
            17,
            &MenuRequest {
                build: "5a".repeat(32).parse().expect("a build's digest"),
            },
        ),
        seed(18, &menu([municipality()])),
        seed(
            19,
            &terminal::EvidenceAnswer {
                ticket: blob(60),
                expires_in_seconds: 600,
            },
        ),
        seed(20, &terminal::DeliveredAnswer {}),
        seed(
            21,
            &registry::Nonce {
                nonce: blob(40),
                vrs: "vrs-1".parse().expect("a record system's id"),
                expires_in_seconds: 60,
            },
        ),
        seed(
            22,
            &Ticket {
                ticket: blob(60),
                expires_in_seconds: 600,
            },
        ),
        seed(23, &registry::DeliveredAnswer {}),
        seed(
            24,
            &RevocationsRequest {
                known: [(municipality(), 12)].into(),
            },
        ),
        seed(25, &revocations(2)),
    ]
}

/// Of these municipalities.
fn menu(municipalities: impl IntoIterator<Item = MunicipalityCode>) -> Menu {
    let text = |text: &str| Localized {
        ja: format!("{text}（日）"),
        en: text.to_owned(),
        zh: format!("{text}（中）"),
        ko: format!("{text}（한）"),
    };
    let offer = |code| terminal::MunicipalityOffer {
        code,
        prefecture: "東京都".to_owned(),
        prefecture_en: "Tokyo".to_owned(),
        name: "清瀬市".to_owned(),
        reading: "きよせし".to_owned(),
        name_en: "Kiyose".to_owned(),
        kinds: vec![CertificateKind::Domestic, CertificateKind::Abroad],
    };
    Menu {
        center: "center-1".parse().expect("a center's id"),
        programmes: vec![terminal::ProgrammeOffer {
            id: "covid-19".parse().expect("a programme's id"),
            name: text("COVID-19"),
            municipalities: municipalities.into_iter().map(offer).collect(),
        }],
        hours: terminal::Hours {
            open: "06:30".to_owned(),
            close: "23:00".to_owned(),
        },
        notices: vec![text("Notice")],
        maintenance: Some(text("Maintenance")),
    }
}

/// A piece with so many entries.
fn revocations(entries: usize) -> Revocations {
    let revoked = (0..entries).map(|number| {
        let mut mac = [0; 32];
        mac[..8].copy_from_slice(&number.to_be_bytes());
        Revoked {
            certificate_id: CertificateId::from_mac(&mac),
            kid: format!("{number:0>43}").parse().expect("a key id"),
        }
    });
    Revocations {
        lists: vec![RevocationPiece {
            municipality: "132217".parse().expect("a municipality's code"),
            entries: u64::MAX,
            after: 12,
            chain: Array::new([5; 32]),
            revoked: revoked.collect(),
        }],
    }
}

/// Codes with the check digits that they need, whoever's they are.
fn municipalities() -> impl Iterator<Item = MunicipalityCode> {
    (10_000..1_000_000).filter_map(|digits| format!("{digits:06}").parse().ok())
}

/// Nearly as long as a request may be, and answers as long as they are at most.
pub(super) fn long() -> Vec<Vec<u8>> {
    // In base64 a third more.
    const BYTES: usize = 48_000;
    // About as many as there are in Japan.
    const MUNICIPALITIES: usize = 1_741;
    let evidence = PersonalBytes::new(vec![0x5A; BYTES]);
    let dose = |number| registry::DoseRecord {
        date: "2021-07-08".parse().expect("a date"),
        vaccine_name: Personal::new("コミナティ筋注".to_owned()),
        maker: Personal::new("ファイザー".to_owned()),
        lot: Personal::new(format!("EY{number:04}")),
        number: Some(1),
    };
    let finding = Finding {
        application: Array::new([7; 16]),
        municipality: "132217".parse().expect("a municipality's code"),
        programme: "covid-19".parse().expect("a programme's id"),
        kind: CertificateKind::Domestic,
        ticket_expires_in_seconds: 600,
        data_epoch: 9,
        outcome: Outcome::Records(registry::Records {
            holder: terminal::Holder {
                name: Personal::new("見本\u{3000}花子".to_owned()),
                birth_date: "1985-04-12".parse().expect("a date"),
            },
            record_version: 4,
            doses: (0..480).map(dose).collect(),
            passport: None,
        }),
        signature: Array::new([8; 64]),
    };
    let issued = Issued {
        certificate_id: CertificateId::from_mac(&[9; 32]),
        jws: Personal::new("a.b.c".to_owned()),
        vds_nc: None,
    };
    let build = MenuRequest {
        build: "5a".repeat(32).parse().expect("a build's digest"),
    };
    let build = seed(17, &build);
    vec![
        seed(
            0,
            &terminal::EvidenceRequest {
                vrs_nonce: Blob::new(vec![0x5A; 40]),
                session_key: Array::new([1; 32]),
                evidence,
            },
        ),
        seed(8, &finding),
        with_page(&issued, &[0xA5; BYTES]),
        // Of whoever comes to enrol: one long certificate, and many of no length.
        seed(
            15,
            &enrolment::Request {
                chain: vec![Blob::new(vec![0x5A; BYTES])],
                signature: Blob::new(vec![0x5A; 71]),
            },
        ),
        seed(
            15,
            &enrolment::Request {
                chain: vec![Blob::new(Vec::new()); 20_000],
                signature: Blob::new(vec![0x5A; 71]),
            },
        ),
        seed(
            24,
            &RevocationsRequest {
                known: municipalities()
                    .take(2_000)
                    .zip(u64::MAX - 2_000..)
                    .collect(),
            },
        ),
        seed(18, &menu(municipalities().take(MUNICIPALITIES))),
        seed(25, &revocations(MAX_REVOCATIONS)),
        // A text where one of 64 characters stands, and room in which nothing does.
        [&[17][..], b"{\"build\":\"", &[b'5'; 60_000], b"\"}"].concat(),
        [&build[..build.len() - 1], &[b' '; 60_000], b"}"].concat(),
        // Objects in each other, and many that nobody asked for.
        [&[8][..], &b"{\"a\":".repeat(10_000)].concat(),
        [&[8, b'{'][..], &b"\"a\":[1],".repeat(7_000), b"\"b\":0}"].concat(),
    ]
}

fn with_page(issued: &Issued, page: &[u8]) -> Vec<u8> {
    let json = serde_json::to_vec(issued).expect("a body can be written");
    let body = attached::attach(&json, page).expect("it is short");
    [&[10], body.as_slice()].concat()
}

fn seed(head: u8, value: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(value).expect("a body can be written");
    [&[head], json.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn is_taken(input: &[u8]) -> bool {
        take(input[0], &input[1..])
    }

    #[test]
    fn there_is_a_seed_of_every_kind_and_each_is_read() {
        let seeds = seeds();
        for seed in &seeds {
            assert!(is_taken(seed), "{}", seed[0]);
        }
        let kinds: BTreeSet<u8> = seeds.iter().map(|seed| seed[0]).collect();
        assert_eq!(kinds, (0..KINDS).collect());
    }

    #[test]
    fn the_long_bodies_are_read() {
        let long = long();
        let taken: Vec<u8> = long
            .iter()
            .filter(|it| is_taken(it))
            .map(|it| it[0])
            .collect();
        assert_eq!(taken, [0, 8, 10, 15, 15, 24, 18, 25, 17]);
        let (requests, answers): (Vec<_>, Vec<_>) =
            long.iter().partition(|it| !matches!(it[0], 18 | 25));
        for seed in requests {
            assert!((48_000..=64 * 1024).contains(&seed.len()), "{}", seed[0]);
        }
        let lengths: Vec<usize> = answers.iter().map(|it| it.len()).collect();
        assert!(
            lengths.iter().all(|it| (250_000..LONGEST).contains(it)),
            "{lengths:?}"
        );
    }
}
