use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::sealing::Sealer;
use super::testing::*;
use super::*;

fn check(jws: &str, page: &[u8]) -> Result<Certificate, Refusal> {
    Maker::new(1)
        .issuer()
        .check(&holder(), &preview(), answer(jws, page))
}

#[test]
fn what_belongs_passes_with_its_text_and_copies() {
    let maker = Maker::new(1);
    let certificate = maker
        .issuer()
        .check(&holder(), &preview(), maker.answer(&preview()))
        .unwrap();
    let jws = verify::jws_of(&certificate.qr_text()).unwrap();
    assert_eq!(*jws, maker.sign(&payload(&preview())));
    assert_eq!(certificate.copies(), 1);
    assert_eq!(format!("{certificate:?}"), "Certificate(..)");
}

#[test]
fn every_changed_field_of_the_payload_is_noticed() {
    let entry = "/vc/credentialSubject/fhirBundle/entry";
    let forged = [
        ("/iss", json!("https://other.example"), Mismatch::Issuer),
        ("0/resource/name/0/family", json!("別人"), Mismatch::Name),
        ("0/resource/name/0/given", json!(["花代"]), Mismatch::Name),
        ("0/resource/name/0/given", json!([]), Mismatch::Name),
        (
            "0/resource/birthDate",
            json!("1980-02-18"),
            Mismatch::BirthDate,
        ),
        (
            "1/resource/occurrenceDateTime",
            json!("2021-06-02"),
            Mismatch::Doses,
        ),
        (
            "2/resource/vaccineCode/coding/0/code",
            json!("207"),
            Mismatch::Doses,
        ),
        ("1/resource/lotNumber", json!("EX0009"), Mismatch::Doses),
        (
            "2/resource/performer/0/actor/display",
            json!("東京都千代田区"),
            Mismatch::Doses,
        ),
    ];
    let maker = Maker::new(1);
    for (pointer, value, mismatch) in forged {
        let mut payload = payload(&preview());
        let pointer = if pointer.starts_with('/') {
            pointer.to_owned()
        } else {
            format!("{entry}/{pointer}")
        };
        *payload.pointer_mut(&pointer).unwrap() = value;
        let jws = maker.sign(&payload);
        // The page agrees with the forged JWS: only the comparison with card and preview can tell.
        assert_eq!(
            check(&jws, &page(&[&qr_text(&jws)])).err(),
            Some(mismatch.into()),
            "{pointer}"
        );
    }
}

#[test]
fn a_dose_more_or_less_is_noticed() {
    let maker = Maker::new(1);
    for count in [1, 3] {
        let mut other = preview();
        other.doses.extend(preview().doses);
        other.doses.truncate(count);
        let jws = maker.sign(&payload(&other));
        assert_eq!(
            check(&jws, &page(&[&qr_text(&jws)])).err(),
            Some(Mismatch::Doses.into())
        );
    }
}

#[test]
fn another_key_is_noticed() {
    let jws = Maker::new(2).sign(&payload(&preview()));
    let refused = |jws: &str| check(jws, &page(&[&qr_text(jws)])).err();
    assert_eq!(refused(&jws), Some(Refusal::KeyUnknown));
    // A wrong signature under a known key is a mix-up, or a forgery.
    let own = Maker::new(1).sign(&payload(&preview()));
    let (content, _) = own.rsplit_once('.').unwrap();
    let (_, foreign) = jws.rsplit_once('.').unwrap();
    assert_eq!(
        refused(&format!("{content}.{foreign}")),
        Some(Mismatch::Signature.into())
    );
}

#[test]
fn a_page_of_another_certificate_is_noticed() {
    let maker = Maker::new(1);
    let jws = maker.sign(&payload(&preview()));
    let mut other = preview();
    other.holder.name = Personal::new("別人　太郎".into());
    let others = qr_text(&maker.sign(&payload(&other)));
    let own = qr_text(&jws);
    let whole = page(&[&own]);
    assert!(
        check(&jws, &whole).is_ok(),
        "the control: the right page passes"
    );
    for page in [
        page(&[&others]),
        page(&[&own, &others]),
        // What lies behind the symbol alone is lost.
        whole[..whole.len() - 20].to_vec(),
        b"%PDF-1.7 no page".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(check(&jws, &page).err(), Some(Mismatch::Page.into()));
    }
    assert_eq!(check(&jws, &page(&[])).err(), Some(Refusal::Unread));
}

/// Two certificates' QR texts, and the first one's JWS.
fn two() -> (Zeroizing<String>, Zeroizing<String>, String) {
    let maker = Maker::new(1);
    let jws = maker.sign(&payload(&preview()));
    let mut other = preview();
    other.holder.name = Personal::new("別人　太郎".into());
    let others = qr_text(&maker.sign(&payload(&other)));
    (qr_text(&jws), others, jws)
}

#[test]
fn a_symbol_that_says_one_thing_in_one_colour_and_another_in_another_is_noticed() {
    let (own, others, jws) = two();
    let (place, side) = ((60.0, 60.0), 113.4);
    let inks = [
        // Green light sees one of them, red and blue light the other.
        ((255, 0, 255), (0, 255, 0)),
        ((0, 255, 0), (255, 0, 255)),
        // Yellow is next to nothing to a camera, and black to blue light.
        ((0, 0, 255), (255, 255, 0)),
        ((0, 0, 0), (255, 255, 0)),
        // Nor is one colour by itself a page of ours.
        ((0, 0, 200), (255, 255, 255)),
    ];
    for (ink, others_ink) in inks {
        let mut symbols = [
            Symbol::new(&own, place, side),
            Symbol::new(&others, place, side),
        ];
        symbols[0].ink = ink;
        symbols[1].ink = others_ink;
        let refusal = check(&jws, &mixed_page_of(&symbols)).err();
        assert!(refusal.is_some(), "{ink:?} and {others_ink:?}");
    }
    let one = [Symbol::new(&own, place, side)];
    assert!(check(&jws, &page_of(&one)).is_ok(), "the control");
}

#[test]
fn a_second_symbol_too_fine_for_the_first_look_is_noticed() {
    let (own, others, jws) = two();
    // 14 mm: 3.5 dots a module at 600 dots an inch, 1.7 at 300.
    for place in [(300.0, 60.0), (60.0, 700.0), (190.0, 190.0)] {
        let symbols = [
            Symbol::new(&own, (60.0, 60.0), 113.4),
            Symbol::new(&others, place, 39.7),
        ];
        let refusal = check(&jws, &page_of(&symbols)).err();
        assert_eq!(refusal, Some(Mismatch::Page.into()), "{place:?}");
    }
}

#[test]
fn a_symbol_as_large_as_the_page_is_read() {
    let (own, others, jws) = two();
    for side in [190.0, 450.0] {
        let symbol = |text: &str| page_of(&[Symbol::new(text, (47.0, 47.0), side)]);
        assert!(check(&jws, &symbol(&own)).is_ok(), "{side}");
        let refusal = check(&jws, &symbol(&others)).err();
        assert_eq!(refusal, Some(Mismatch::Page.into()), "{side}");
    }
}

#[test]
fn a_preview_of_somebody_or_something_else_is_noticed() {
    let shown = preview();
    let asked = Asked {
        programme: &shown.programme,
        kind: shown.kind,
        municipality: shown.authority.code,
        copies: shown.copies,
        passport: None,
    };
    let check = |change: fn(&mut Preview)| {
        let mut preview = preview();
        change(&mut preview);
        holder().check_preview(&asked, &preview)
    };
    assert_eq!(check(|_| ()), Ok(()));
    assert_eq!(
        check(|it| it.holder.name = Personal::new("架空　花代".into())),
        Err(Mismatch::Name)
    );
    assert_eq!(
        check(|it| it.holder.birth_date = "1981-02-17".parse().unwrap()),
        Err(Mismatch::BirthDate)
    );
    assert_eq!(
        check(|it| it.authority.code = "131016".parse().unwrap()),
        Err(Mismatch::Request)
    );
    assert_eq!(check(|it| it.copies = 2), Err(Mismatch::Request));
    assert_eq!(
        check(|it| it.kind = CertificateKind::Abroad),
        Err(Mismatch::Request)
    );
    assert_eq!(
        check(|it| it.programme = "pandemic-influenza".parse().unwrap()),
        Err(Mismatch::Request)
    );
}

mod abroad {
    use issuance_api::CertificateId;
    use serde_json::{Value, json};

    use super::super::sealing::*;
    use super::*;

    fn id() -> CertificateId {
        CertificateId::from_mac(&[7; 32])
    }

    fn with(jws: &str, seal: Option<&str>, page: &[u8]) -> IssueAnswer {
        let mut answer = answer(jws, page);
        answer.vds_nc = seal.map(|seal| Personal::new(seal.to_owned()));
        answer
    }

    fn both(jws: &str, seal: &str) -> Vec<u8> {
        page(&[&qr_text(jws), seal])
    }

    fn issuer(sealer: &Sealer) -> Issuer {
        Maker::new(1)
            .issuer()
            .sealed_under(sealer.csca.as_bytes())
            .unwrap()
    }

    #[test]
    fn what_belongs_passes_with_both_texts() {
        let (sealer, preview) = (Sealer::new(), preview_abroad());
        let jws = Maker::new(1).sign(&payload(&preview));
        let seal = sealer.seal(&preview, &id());
        let certificate = issuer(&sealer)
            .check(
                &holder(),
                &preview,
                with(&jws, Some(&seal), &both(&jws, &seal)),
            )
            .unwrap();
        assert_eq!(certificate.seal_text(), Some(seal.as_str()));
    }

    #[test]
    fn each_half_alone_is_none() {
        let (sealer, preview) = (Sealer::new(), preview_abroad());
        let issuer = issuer(&sealer);
        let jws = Maker::new(1).sign(&payload(&preview));
        let seal = sealer.seal(&preview, &id());
        let refused = |answer| issuer.check(&holder(), &preview, answer).err();
        let page_of_one = page(&[&qr_text(&jws)]);
        let mismatch = |mismatch| Some(Refusal::Mismatch(mismatch));
        assert_eq!(
            refused(with(&jws, None, &page_of_one)),
            mismatch(Mismatch::Seal)
        );
        assert_eq!(
            refused(with(&jws, Some(&seal), &page_of_one)),
            Some(Refusal::Unread)
        );
        let page_of_other = page(&[&seal]);
        assert_eq!(
            refused(with(&jws, Some(&seal), &page_of_other)),
            Some(Refusal::Unread)
        );
        let another = sealer.seal(&preview, &CertificateId::from_mac(&[8; 32]));
        let page = both(&jws, &another);
        assert_eq!(
            refused(with(&jws, Some(&seal), &page)),
            mismatch(Mismatch::Page)
        );
        assert_eq!(
            refused(with(&jws, Some(&another), &page)),
            mismatch(Mismatch::Seal)
        );

        // Nor does a seal belong to a certificate for use in Japan.
        let domestic = super::preview();
        let jws = Maker::new(1).sign(&payload(&domestic));
        let answer = with(&jws, Some(&seal), &both(&jws, &seal));
        let refused = issuer.check(&holder(), &domestic, answer).err();
        assert_eq!(refused, mismatch(Mismatch::Seal));
    }

    #[test]
    fn every_changed_field_of_the_seal_is_noticed() {
        let (sealer, preview) = (Sealer::new(), preview_abroad());
        let issuer = issuer(&sealer);
        let jws = Maker::new(1).sign(&payload(&preview));
        let person = "/msg/pid";
        let dose = "/msg/ve/0/vd/1";
        let forged = [
            (
                format!("{person}/n"),
                json!("KAKU  HANAYO"),
                Mismatch::Passport,
            ),
            (
                format!("{person}/i"),
                json!("XX0000002"),
                Mismatch::Passport,
            ),
            (
                format!("{person}/dob"),
                json!("1980-02-18"),
                Mismatch::BirthDate,
            ),
            (
                "/msg/uvci".to_owned(),
                json!("0".repeat(20)),
                Mismatch::Seal,
            ),
            ("/hdr/is".to_owned(), json!("UTO"), Mismatch::Seal),
            ("/hdr/t".to_owned(), json!("icao.test"), Mismatch::Seal),
            ("/msg/ve/0/des".to_owned(), json!("XM3DT5"), Mismatch::Doses),
            (
                "/msg/ve/0/nam".to_owned(),
                json!("Spikevax"),
                Mismatch::Doses,
            ),
            (format!("{dose}/dvc"), json!("2021-06-23"), Mismatch::Doses),
            (format!("{dose}/seq"), json!(3), Mismatch::Doses),
            (format!("{dose}/ctr"), json!("UTO"), Mismatch::Doses),
            (format!("{dose}/lot"), json!("EX0009"), Mismatch::Doses),
            (
                format!("{dose}/adm"),
                json!("Chiyoda City"),
                Mismatch::Doses,
            ),
        ];
        for (pointer, value, mismatch) in forged {
            let mut data = data(&preview, &id());
            *data.pointer_mut(&pointer).unwrap() = value;
            let seal = sealer.sign(&data);
            let answer = with(&jws, Some(&seal), &both(&jws, &seal));
            let refused = issuer.check(&holder(), &preview, answer).err();
            assert_eq!(refused, Some(Refusal::Mismatch(mismatch)), "{pointer}");
        }
        let change = |change: fn(&mut Value)| {
            let mut data = data(&preview, &id());
            change(&mut data);
            let seal = sealer.sign(&data);
            let answer = with(&jws, Some(&seal), &both(&jws, &seal));
            issuer.check(&holder(), &preview, answer).err()
        };
        let refused = |mismatch| Some(Refusal::Mismatch(mismatch));
        let fewer = change(|data| drop(data["msg"]["ve"][0]["vd"].as_array_mut().unwrap().pop()));
        assert_eq!(fewer, refused(Mismatch::Doses));
        let more = change(|data| {
            let doses = data["msg"]["ve"][0]["vd"].as_array_mut().unwrap();
            doses.push(doses[0].clone());
        });
        assert_eq!(more, refused(Mismatch::Doses));
        let sex = change(|data| data["msg"]["pid"]["sex"] = json!("F"));
        assert_eq!(sex, refused(Mismatch::Passport));
        // By its code the municipality may be named too.
        let code = change(|data| {
            for dose in data["msg"]["ve"][0]["vd"].as_array_mut().unwrap() {
                dose["adm"] = json!("132217");
            }
        });
        assert_eq!(code, None);
    }

    #[test]
    fn a_seal_by_somebody_else_or_without_a_pinned_csca_is_none() {
        let (sealer, other, preview) = (Sealer::new(), Sealer::new(), preview_abroad());
        let jws = Maker::new(1).sign(&payload(&preview));
        let seal = other.seal(&preview, &id());
        let answer = || with(&jws, Some(&seal), &both(&jws, &seal));
        let mismatch = Some(Refusal::Mismatch(Mismatch::Seal));
        assert_eq!(
            issuer(&sealer).check(&holder(), &preview, answer()).err(),
            mismatch
        );
        let unpinned = Maker::new(1).issuer();
        assert!(!unpinned.checks_abroad());
        assert_eq!(
            unpinned.check(&holder(), &preview, answer()).err(),
            mismatch
        );
        assert!(issuer(&other).check(&holder(), &preview, answer()).is_ok());
        let altered = seal.replace("EX0002", "EX0003");
        let page = both(&jws, &altered);
        let altered = with(&jws, Some(&altered), &page);
        assert_eq!(
            issuer(&other).check(&holder(), &preview, altered).err(),
            mismatch
        );
    }

    #[test]
    fn the_romanised_name_has_to_be_the_passport_s() {
        let (sealer, preview) = (Sealer::new(), preview_abroad());
        let seal = sealer.seal(&preview, &id());
        let name = "/vc/credentialSubject/fhirBundle/entry/0/resource/name";
        let forged = |change: fn(&mut Value)| {
            let mut payload = payload(&preview);
            change(payload.pointer_mut(name).unwrap());
            let jws = Maker::new(1).sign(&payload);
            let answer = with(&jws, Some(&seal), &both(&jws, &seal));
            issuer(&sealer).check(&holder(), &preview, answer).err()
        };
        let refused = Some(Refusal::Mismatch(Mismatch::Name));
        assert_eq!(forged(|_| ()), None);
        assert_eq!(forged(|names| names[1]["family"] = json!("BETSU")), refused);
        assert_eq!(
            forged(|names| drop(names.as_array_mut().unwrap().pop())),
            refused
        );
        assert_eq!(
            forged(|names| names
                .as_array_mut()
                .unwrap()
                .push(json!({"family": "BETSU"}))),
            refused
        );
    }

    #[test]
    fn a_preview_names_the_passport_that_was_read() {
        let shown = preview_abroad();
        let read = passport();
        let asked = Asked {
            programme: &shown.programme,
            kind: shown.kind,
            municipality: shown.authority.code,
            copies: shown.copies,
            passport: Some(&read),
        };
        let unread = Asked {
            passport: None,
            ..asked
        };
        let check = |asked: &Asked<'_>, change: fn(&mut Preview)| {
            let mut preview = preview_abroad();
            change(&mut preview);
            holder().check_preview(asked, &preview)
        };
        let other: fn(&mut Preview) = |preview| {
            let mut other = passport();
            other.number = Personal::new("XX0000002".to_owned());
            preview.passport = Some(Arc::new(other));
        };
        assert_eq!(check(&asked, |_| ()), Ok(()));
        assert_eq!(check(&unread, other), Ok(()), "what VRS holds");
        for wrong in [
            check(&asked, other),
            check(&asked, |preview| preview.passport = None),
            check(&unread, |preview| preview.passport = None),
            check(&asked, |preview| preview.doses[1].abroad = None),
        ] {
            assert_eq!(wrong, Err(Mismatch::Passport));
        }
    }
}

#[test]
fn pinned_files_are_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, csca) = (folder.path().join("jwks"), folder.path().join("csca"));
    let sealer = Sealer::new();
    std::fs::write(&keys, Maker::new(1).jwks(None)).unwrap();
    std::fs::write(&csca, &sealer.csca).unwrap();
    let issuer = Issuer::load(ISS.to_owned(), &keys).unwrap();
    let mut issuer = issuer.with_csca(&csca).unwrap();
    let next = Maker::new(2).sign(&payload(&preview()));
    let page = page(&[&qr_text(&next)]);
    let takes = |issuer: &Issuer| {
        let checked = issuer.check(&holder(), &preview(), answer(&next, &page));
        checked.map(drop)
    };
    assert!(!issuer.look_again().unwrap());
    assert_eq!(takes(&issuer), Err(Refusal::KeyUnknown));

    std::fs::write(&keys, Maker::new(2).jwks(None)).unwrap();
    assert!(issuer.look_again().unwrap());
    assert_eq!(takes(&issuer), Ok(()));
    assert!(!issuer.look_again().unwrap());

    // Half of a file, and then none: told once each, and what was known stays.
    for damage in [
        (|path| std::fs::write(path, "{")) as fn(&Path) -> std::io::Result<()>,
        |path| std::fs::remove_file(path),
    ] {
        for file in [&keys, &csca] {
            damage(file).unwrap();
            assert!(issuer.look_again().is_err());
            assert!(!issuer.look_again().unwrap());
        }
        assert_eq!(takes(&issuer), Ok(()));
        assert!(issuer.checks_abroad());
    }
    std::fs::write(&csca, Sealer::new().csca).unwrap();
    assert!(issuer.look_again().unwrap());
}
