mod abroad;

use std::path::Path;
use std::sync::Arc;

use dev_pages::{Symbol, mixed_page_of, page, page_of};
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
    for (pointer, value, mismatch) in forged {
        let mut payload = payload(&preview());
        let pointer = if pointer.starts_with('/') {
            pointer.to_owned()
        } else {
            format!("{entry}/{pointer}")
        };
        *payload.pointer_mut(&pointer).unwrap() = value;
        // Under the key that is pinned, and under one that is not.
        for maker in [Maker::new(1), Maker::new(2)] {
            let jws = maker.sign(&payload);
            // The page agrees with the forged JWS: only the comparison with card and preview can tell.
            assert_eq!(
                check(&jws, &page(&[&qr_text(&jws)])).err(),
                Some(mismatch.into()),
                "{pointer}"
            );
        }
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
    // What names one nobody has is no certificate for that, and neither is another's page under it.
    let others = qr_text(&Maker::new(1).sign(&payload(&preview())));
    assert_eq!(
        check(&jws, &page(&[&others])).err(),
        Some(Mismatch::Page.into())
    );
    let no_card = Maker::new(2).sign(&json!({"iss": ISS}));
    assert_eq!(refused(&no_card), Some(Mismatch::Signature.into()));
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
        for page in [mixed_page_of(&symbols), page_of(&symbols)] {
            let refusal = check(&jws, &page).err();
            assert!(refusal.is_some(), "{ink:?} and {others_ink:?}");
        }
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
    let symbol = |text: &str, side| page_of(&[Symbol::new(text, (47.0, 47.0), side)]);
    for side in [190.0, 450.0] {
        let refusal = check(&jws, &symbol(&others, side)).err();
        assert_eq!(refusal, Some(Mismatch::Page.into()), "{side}");
    }
    assert!(check(&jws, &symbol(&own, 190.0)).is_ok());
    // Nobody's, but no page of ours has it so large.
    assert_eq!(
        check(&jws, &symbol(&own, 450.0)).err(),
        Some(Refusal::Unread)
    );
}

/// What a preview shows was asked for, and no passport read.
fn asked_for(shown: &Preview) -> Asked<'_> {
    Asked {
        programme: &shown.programme,
        kind: shown.kind,
        authority: &shown.authority,
        copies: shown.copies,
        passport: None,
    }
}

#[test]
fn a_preview_of_somebody_or_something_else_is_noticed() {
    let shown = preview();
    let asked = asked_for(&shown);
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
    // The certificate would say the same, and nothing of a code.
    assert_eq!(
        check(|it| it.authority.name = "東京都千代田区".into()),
        Err(Mismatch::Request)
    );
    assert_eq!(
        check(|it| it.authority.name_en = "Chiyoda City, Tokyo".into()),
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
}
