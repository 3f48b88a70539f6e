//! What belongs to a certificate for abroad besides.

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
    let (sealer, unknown, preview) = (Sealer::new(), Sealer::new(), preview_abroad());
    let over = Sealer::holding([-20, -1], [-20, -1]);
    let pinned = sealer.csca.clone() + &over.csca;
    let issuer = Maker::new(1).issuer();
    let issuer = issuer.sealed_under(pinned.as_bytes()).unwrap();
    let jws = Maker::new(1).sign(&payload(&preview));
    let jws_unknown = Maker::new(2).sign(&payload(&preview));
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
        // Under the CSCA that is pinned, under one that is not, under one whose time is over; and beside a JWS whose key is not known.
        for (sealer, jws) in [
            (&sealer, &jws),
            (&unknown, &jws),
            (&over, &jws),
            (&sealer, &jws_unknown),
        ] {
            let seal = sealer.sign(&data);
            let answer = with(jws, Some(&seal), &both(jws, &seal));
            let refused = issuer.check(&holder(), &preview, answer).err();
            assert_eq!(refused, Some(Refusal::Mismatch(mismatch)), "{pointer}");
        }
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
fn a_seal_under_a_csca_that_is_not_pinned_or_whose_time_is_over_is_not_handed_over() {
    let (sealer, other, preview) = (Sealer::new(), Sealer::new(), preview_abroad());
    let jws = Maker::new(1).sign(&payload(&preview));
    let seal = other.seal(&preview, &id());
    let answer = || with(&jws, Some(&seal), &both(&jws, &seal));
    let unknown = Some(Refusal::KeyUnknown);
    assert_eq!(
        issuer(&sealer).check(&holder(), &preview, answer()).err(),
        unknown
    );
    let unpinned = Maker::new(1).issuer();
    assert!(!unpinned.checks_abroad());
    assert_eq!(unpinned.check(&holder(), &preview, answer()).err(), unknown);
    assert!(issuer(&other).check(&holder(), &preview, answer()).is_ok());
    // By this terminal's clock, which may be behind the center's.
    for (csca, signs, refused) in [
        ([-20, -1], [-20, -1], unknown),
        ([-20, -1], [-20, 90], unknown),
        ([-20, 90], [-20, -1], unknown),
        ([1, 90], [1, 90], None),
        ([1, 90], [-20, 90], None),
        ([-20, 90], [1, 90], None),
    ] {
        let sealer = Sealer::holding(csca, signs);
        let seal = sealer.seal(&preview, &id());
        let answer = with(&jws, Some(&seal), &both(&jws, &seal));
        let said = issuer(&sealer).check(&holder(), &preview, answer).err();
        assert_eq!(said, refused, "{csca:?}, {signs:?}");
    }
    // On another's page, or beside a key that is not known either, it is no better.
    let page_of_another = both(&jws, &sealer.seal(&preview, &id()));
    let answer_on_it = with(&jws, Some(&seal), &page_of_another);
    assert_eq!(
        issuer(&sealer)
            .check(&holder(), &preview, answer_on_it)
            .err(),
        Some(Refusal::Mismatch(Mismatch::Page))
    );
    let next = Maker::new(2).sign(&payload(&preview));
    let neither = with(&next, Some(&seal), &both(&next, &seal));
    assert_eq!(
        issuer(&sealer).check(&holder(), &preview, neither).err(),
        unknown
    );
    let none = with(&next, None, &page(&[&qr_text(&next)]));
    assert_eq!(
        issuer(&sealer).check(&holder(), &preview, none).err(),
        Some(Refusal::Mismatch(Mismatch::Seal))
    );
    // What nobody signed is another thing.
    let mismatch = Some(Refusal::Mismatch(Mismatch::Seal));
    let altered = seal.replace("EX0002", "EX0003");
    let page = both(&jws, &altered);
    let altered = with(&jws, Some(&altered), &page);
    assert_eq!(
        issuer(&sealer).check(&holder(), &preview, altered).err(),
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
    let unread = asked_for(&shown);
    let asked = Asked {
        passport: Some(&read),
        ..unread
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

#[test]
fn a_csca_that_was_pinned_since_counts() {
    let folder = tempfile::tempdir().unwrap();
    let pinned = folder.path().join("csca.pem");
    let (before, next, preview) = (Sealer::new(), Sealer::new(), preview_abroad());
    std::fs::write(&pinned, &before.csca).unwrap();
    let mut issuer = Maker::new(1).issuer().with_csca(&pinned).unwrap();
    let jws = Maker::new(1).sign(&payload(&preview));
    let takes = |issuer: &Issuer, sealer: &Sealer| {
        let seal = sealer.seal(&preview, &id());
        let answer = with(&jws, Some(&seal), &both(&jws, &seal));
        issuer.check(&holder(), &preview, answer).map(drop)
    };
    assert_eq!(takes(&issuer, &before), Ok(()));
    assert_eq!(takes(&issuer, &next), Err(Refusal::KeyUnknown));
    std::fs::write(&pinned, before.csca.clone() + &next.csca).unwrap();
    assert!(issuer.look_again().unwrap());
    for sealer in [&before, &next] {
        assert_eq!(takes(&issuer, sealer), Ok(()));
    }
}
