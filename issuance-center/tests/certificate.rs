//! The certificate from claims to paper, read back by other programs' code: `verify`, hayro with rqrr.

use std::collections::BTreeSet;
use std::fs;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hayro::hayro_syntax::Pdf;
use issuance_api::{Personal, Problem, ProblemCode, terminal::Preview};
use issuance_center::{
    certificate::{
        page::{PageError, Typesetter, TypesetterError},
        qr::Symbol,
        shc::{Claims, Issuer, IssuerError, MAX_JWS, PayloadError},
        vdsnc::DataError,
    },
    programme::{Programme, Programmes},
};
use sha2::{Digest, Sha256};
use specimen::Person;

#[path = "../specimen/qr.rs"]
mod qr;
#[path = "../specimen/mod.rs"]
mod specimen;

const NOW: i64 = 1_800_000_000;

fn with<T>(person: &Person, run: impl FnOnce(&Programme, Preview) -> T) -> T {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview(programme, person);
    run(programme, preview)
}

fn named<T>(name: &str, run: impl FnOnce(&Programme, Preview) -> T) -> T {
    with(&specimen::ORDINARY, |programme, mut preview| {
        preview.holder.name = Personal::new(name.to_owned());
        run(programme, preview)
    })
}

/// The key set of the specimens' key, and the same with the specimens' own key id replaced by the right one.
fn keys() -> (verify::Jwks, String) {
    let point = specimen::key().verifying_key().to_sec1_point(false);
    let [x, y] = [1..33, 33..65].map(|range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
    let set = format!(
        r#"{{"keys":[{{"kty":"EC","kid":"{kid}","use":"sig","alg":"ES256","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#
    );
    (verify::Jwks::parse(&set).expect("a right key set"), kid)
}

#[test]
fn the_payload_is_what_the_specification_shows() {
    with(&specimen::ORDINARY, |programme, preview| {
        let payload = specimen::payload(programme, &preview).unwrap();
        let dose = |index: u8, day: &str, lot: &str| {
            format!(
                r#"{{"fullUrl":"resource:{index}","resource":{{"resourceType":"Immunization","status":"completed","vaccineCode":{{"coding":[{{"system":"http://hl7.org/fhir/sid/cvx","code":"208"}}]}},"patient":{{"reference":"resource:0"}},"occurrenceDateTime":"{day}","lotNumber":"{lot}","performer":[{{"actor":{{"display":"東京都清瀬市"}}}}]}}}}"#
            )
        };
        let expected = format!(
            r##"{{"iss":"https://issuer.shomei.example","nbf":1795478100,"vc":{{"type":["https://smarthealth.cards#health-card","https://smarthealth.cards#immunization","https://smarthealth.cards#covid19"],"credentialSubject":{{"fhirVersion":"4.0.1","fhirBundle":{{"resourceType":"Bundle","type":"collection","entry":[{{"fullUrl":"resource:0","resource":{{"resourceType":"Patient","name":[{{"family":"見本","given":["花子"]}}],"birthDate":"1985-04-02"}}}},{},{}]}}}},"rid":"paWlpaWlpaWlpaWl"}}}}"##,
            dose(1, "2021-07-01", "EY0779"),
            dose(2, "2021-07-22", "FC9909"),
        );
        assert_eq!(std::str::from_utf8(payload.json()), Ok(expected.as_str()));
        let digest: [u8; 32] = Sha256::digest(expected).into();
        assert_eq!(payload.digest().as_bytes(), &digest);
    });
}

#[test]
fn another_program_reads_and_verifies_the_card() {
    with(&specimen::SEVEN_DOSES, |programme, preview| {
        let payload = specimen::payload(programme, &preview).unwrap();
        let jws = specimen::sign_as(&payload, &keys().1.parse().unwrap());
        let header = URL_SAFE_NO_PAD.decode(jws.expose().split('.').next().unwrap());
        let header = String::from_utf8(header.unwrap()).unwrap();
        assert_eq!(
            header,
            format!(r#"{{"alg":"ES256","zip":"DEF","kid":"{}"}}"#, keys().1)
        );
        let card = verify::check(jws.expose(), &keys().0, NOW).unwrap();
        assert_eq!(card.issuer, specimen::ISSUER);
        assert_eq!(
            card.patient.birth_date.expose(),
            preview.holder.birth_date.expose().get()
        );
        let stated: Vec<_> = card
            .immunizations
            .iter()
            .map(|d| (d.date.expose(), d.code.expose()))
            .collect();
        let shown: Vec<_> = preview
            .doses
            .iter()
            .map(|d| (d.date.expose().get(), d.cvx.expose()))
            .collect();
        assert_eq!(stated, shown);
    });
}

#[test]
fn seven_doses_fit_and_what_does_not_is_refused() {
    for person in [
        &specimen::SEVEN_DOSES,
        &specimen::TWO_SCRIPTS,
        &specimen::LONG_LATIN,
    ] {
        with(person, |programme, mut preview| {
            let jws = specimen::sign(&specimen::payload(programme, &preview).unwrap());
            assert!(jws.expose().len() <= MAX_JWS);
            assert!(Symbol::of(&jws).is_ok());
            let eighth = serde_json::to_value(&preview.doses[0]).unwrap();
            let eighth = serde_json::from_value(eighth).unwrap();
            preview.doses.push(eighth);
            let refused = specimen::payload(programme, &preview).map(drop);
            assert_eq!(refused, Err(PayloadError::TooManyDoses));
            preview.doses.clear();
            let refused = specimen::payload(programme, &preview).map(drop);
            assert_eq!(refused, Err(PayloadError::NoDose));
        });
    }
    // Five hundred different kanji do not compress.
    let long: String = ('\u{4e00}'..).take(500).collect();
    named(&long, |programme, preview| {
        let refused = specimen::payload(programme, &preview).map(drop);
        assert_eq!(refused, Err(PayloadError::TooLarge));
    });
}

#[test]
fn the_length_foretold_is_the_length() {
    // A name just short enough to pass gives a JWS of at most MAX_JWS characters; one character more is refused.
    let distinct: Vec<char> = ('\u{4e00}'..).take(500).collect();
    let length_of = |count: usize| {
        let name: String = distinct[..count].iter().collect();
        named(&name, |programme, preview| {
            let payload = specimen::payload(programme, &preview).ok()?;
            Some(specimen::sign(&payload).expose().len())
        })
    };
    let fits: Vec<usize> = (1..500).map_while(length_of).collect();
    let longest = *fits.last().unwrap();
    assert!((MAX_JWS - 8..=MAX_JWS).contains(&longest), "{longest}");
}

#[test]
fn issuers_are_https_without_a_slash_at_the_end() {
    let parse = |text: &str| text.parse::<Issuer>().map(drop);
    assert_eq!(parse("https://a.example/issuer"), Ok(()));
    assert_eq!(parse("http://a.example"), Err(IssuerError::Scheme));
    assert_eq!(parse("https://a.example/"), Err(IssuerError::Slash));
    assert_eq!(
        parse("https://"),
        Err(IssuerError::Slash).or(Err(IssuerError::Form))
    );
    assert_eq!(parse("https://a.example?x"), Err(IssuerError::Form));
    assert_eq!(parse("https://例.example"), Err(IssuerError::Form));
}

#[test]
fn names_are_split_at_the_wide_space() {
    let patient = |name: &str| {
        named(name, |programme, preview| {
            let payload = specimen::payload(programme, &preview).unwrap();
            let json: serde_json::Value = serde_json::from_slice(payload.json()).unwrap();
            let bundle = &json["vc"]["credentialSubject"]["fhirBundle"];
            bundle["entry"][0]["resource"]["name"][0].to_string()
        })
    };
    assert_eq!(
        patient("SMITH\u{3000}JOHN ALEX\u{3000}PAUL"),
        r#"{"family":"SMITH","given":["JOHN ALEX","PAUL"]}"#
    );
    assert_eq!(patient("TESTORINDA"), r#"{"family":"TESTORINDA"}"#);
}

#[test]
fn the_page_shows_the_card_and_is_the_same_each_time() {
    let typesetter = specimen::typesetter();
    for person in [
        &specimen::ORDINARY,
        &specimen::SEVEN_DOSES,
        &specimen::GAIJI,
        &specimen::LONG_LATIN,
        &specimen::TWO_SCRIPTS,
    ] {
        with(person, |programme, preview| {
            typesetter.check(programme, &preview).unwrap();
            let page = specimen::page(&typesetter, programme, &preview).unwrap();
            let again = specimen::page(&specimen::typesetter(), programme, &preview).unwrap();
            assert!(page == again, "the same content gives the same bytes");
            let jws = specimen::sign(&specimen::payload(programme, &preview).unwrap());
            let text = qr::text(page.as_bytes());
            assert!(*verify::jws_of(&text).unwrap() == jws.expose());
            assert_eq!(Pdf::new(page.as_bytes().to_vec()).unwrap().pages().len(), 1);
        });
    }
}

#[test]
fn the_page_for_abroad_shows_both_and_is_the_same_each_time() {
    let typesetter = specimen::typesetter();
    for (name, person, romanised) in specimen::ABROAD {
        let programmes = specimen::programmes();
        let programme = specimen::covid(&programmes);
        let preview = specimen::preview_abroad(programme, person, romanised);
        typesetter.check(programme, &preview).unwrap();
        let page = specimen::page(&typesetter, programme, &preview).unwrap();
        let again = specimen::page(&typesetter, programme, &preview).unwrap();
        assert!(page == again, "the same content gives the same bytes");
        let jws = specimen::sign(&specimen::payload(programme, &preview).unwrap());
        let seal = specimen::seal(programme, &preview).unwrap();
        // The seal begins with a brace.
        let texts: Vec<_> = qr::texts(page.as_bytes()).into_iter().rev().collect();
        assert_eq!(texts.len(), 2, "{name}");
        assert!(texts[0] == seal.expose(), "{name}");
        assert!(
            *verify::jws_of(&texts[1]).unwrap() == jws.expose(),
            "{name}"
        );
        assert_eq!(Pdf::new(page.as_bytes().to_vec()).unwrap().pages().len(), 1);
    }
}

#[test]
fn both_names_stand_in_the_card_for_abroad() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview_abroad(programme, &specimen::GAIJI, "YOSHIDA  TAKANOSUKE JR");
    let payload = specimen::payload(programme, &preview).unwrap();
    let json: serde_json::Value = serde_json::from_slice(payload.json()).unwrap();
    let bundle = &json["vc"]["credentialSubject"]["fhirBundle"];
    assert_eq!(
        bundle["entry"][0]["resource"]["name"].to_string(),
        r#"[{"family":"𠮷田","given":["髙之介"]},{"family":"YOSHIDA","given":["TAKANOSUKE","JR"]}]"#
    );
}

/// Versions as the specification of certificates has them.
#[test]
fn one_to_seven_doses_make_versions_22_to_27() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let mut preview =
        specimen::preview_abroad(programme, &specimen::SEVEN_OF_TWO, "NANASE  MINORI");
    let mut last = 0;
    while !preview.doses.is_empty() {
        let seal = specimen::seal(programme, &preview).unwrap();
        let version = (Symbol::of_seal(&seal).unwrap().width() - 17) / 4;
        assert!(
            (22..=27).contains(&version),
            "{} doses: {version}",
            preview.doses.len()
        );
        last = version;
        preview.doses.pop();
    }
    // One dose: 22 at level L, 25 at M, which a copy of a copy survives better.
    assert_eq!(last, 25);
}

#[test]
fn seven_doses_of_any_brands_fit_and_what_does_not_is_refused() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let name = "SONNENTHALERWALDBACHLICHTEN  ALEXANDRA";
    let (mut three, mut six) = (
        specimen::preview_abroad(programme, &specimen::SEVEN_DOSES, "NANASE  MINORI"),
        specimen::preview_abroad(programme, &specimen::SEVEN_OF_SIX, name),
    );
    let version = |preview: &Preview| {
        let seal = specimen::seal(programme, preview).unwrap();
        (Symbol::of_seal(&seal).unwrap().width() - 17) / 4
    };
    let brands = |preview: &Preview| {
        let doses = preview.doses.iter();
        let brands = doses.map(|dose| dose.abroad.as_ref().unwrap().brand.expose());
        brands.collect::<BTreeSet<_>>().len()
    };
    assert_eq!((brands(&three), version(&three)), (3, 27));
    assert_eq!((brands(&six), version(&six)), (6, 30));
    // Of lot numbers as long as they may be, four brands are too many.
    for dose in three.doses.iter_mut().chain(&mut six.doses) {
        dose.lot = Personal::new("12345678901234567890".to_owned());
    }
    assert_eq!(version(&three), 29);
    let refused = specimen::seal(programme, &six).map(drop);
    assert_eq!(refused, Err(DataError::TooLarge));
}

#[test]
fn the_page_is_tagged_and_says_it_is_pdf_ua() {
    let typesetter = specimen::typesetter();
    with(&specimen::SEVEN_DOSES, |programme, preview| {
        let page = specimen::page(&typesetter, programme, &preview).unwrap();
        let text = String::from_utf8_lossy(page.as_bytes());
        for mark in [
            "/StructTreeRoot",
            "/Marked true",
            "/DisplayDocTitle true",
            "(ja-JP)",
            "pdfuaid:part",
        ] {
            assert!(text.contains(mark), "{mark}");
        }
        for stamp in ["CreationDate", "ModDate", "xmp:CreateDate"] {
            assert!(!text.contains(stamp), "{stamp}");
        }
    });
}

fn refusal(typesetter: &Typesetter, name: &str) -> PageError {
    named(name, |programme, preview| {
        let checked = typesetter.check(programme, &preview);
        let checked = checked.expect_err("a character that cannot be shown");
        let set = specimen::page(typesetter, programme, &preview);
        let set = set.expect_err("what does not pass the check");
        assert_eq!(checked, set, "what passes the check can be set");
        checked
    })
}

#[test]
fn a_character_that_cannot_be_shown_is_named() {
    let typesetter = specimen::typesetter();
    for (name, character) in [
        ("山田\u{3000}ก", 'ก'),
        ("山田\u{3000}ん\u{3099}", '\u{3099}'),
        ("山田\u{3000}\u{e000}", '\u{e000}'),
        ("\u{202e}山田", '\u{202e}'),
        ("花\u{e01ef}", '花'),
    ] {
        let error = refusal(&typesetter, name);
        assert_eq!(error, PageError::CharacterUnsupported(character));
        let problem = Problem::from(error);
        assert_eq!(problem.code, ProblemCode::CharacterUnsupported);
        assert_eq!(problem.character, Some(character));
    }
}

#[test]
fn a_name_beyond_all_measure_is_refused_and_not_cut() {
    let typesetter = specimen::typesetter();
    let error = named(&"長".repeat(600), |programme, preview| {
        typesetter.check(programme, &preview).unwrap_err()
    });
    assert_eq!(error, PageError::TooLong);
    assert_eq!(Problem::from(error).code, ProblemCode::CertificateTooLarge);
}

#[test]
fn what_a_programme_says_and_cannot_be_printed_is_found_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("covid-19");
    fs::create_dir(&copy).unwrap();
    for file in fs::read_dir(specimen::folder().join("programmes/covid-19")).unwrap() {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        // 証 is in the title of the page.
        let text = text.replace("予防接種証明書", "予防接種ก明書");
        fs::write(copy.join(file.file_name()), text).unwrap();
    }
    let programmes = Programmes::load(folder.path()).unwrap();
    let refused = Typesetter::new(specimen::fonts(), programmes.iter()).err();
    let expected = PageError::CharacterUnsupported('ก');
    let id = "covid-19".parse().unwrap();
    assert_eq!(refused, Some(TypesetterError::Unprintable(id, expected)));
}

#[test]
fn claims_show_nothing_of_a_person() {
    with(&specimen::ORDINARY, |programme, preview| {
        let issuer: Issuer = specimen::ISSUER.parse().unwrap();
        let claims = Claims {
            issuer: &issuer,
            not_before: 0,
            types: programme.health_card_types(),
            holder: &preview.holder,
            passport: None,
            authority: &preview.authority.name,
            doses: &[],
            rid: &issuance_api::Array::new([0; 12]),
        };
        let shown = format!("{claims:?}");
        assert!(
            !shown.contains("花子") && !shown.contains("1985"),
            "{shown}"
        );
    });
}
