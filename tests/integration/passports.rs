//! Specimen passports, photographed well and badly, read with the real Tesseract.

use dev_pages::photograph::Photograph;
use issuance_api::ProblemCode;
use issuance_api::passport::{Passport as Judged, PassportMrz};
use sight::passport::{PassportReader, ReadError, Recogniser, RecogniserError, Tesseract};
use stage::passport::Passport;
use stage::passport::specimen::Specimen;
use stage::passport::trial::{Kind, anybody, photographs};
use stage::random::Random;
use time::macros::date;
use zeroize::Zeroizing;

fn page(lines: &[String]) -> Photograph {
    Specimen::new(lines).picture(12.0)
}

fn read(photograph: &Photograph) -> Result<PassportMrz, ReadError> {
    PassportReader::<Tesseract>::default().read(&photograph.jpeg(90))
}

fn sakura(last_day: &str) -> Passport {
    Passport {
        name: "AOBA<<SAKURA".to_owned(),
        number: "XX0000001".to_owned(),
        birth_date: "800217".to_owned(),
        last_day: last_day.to_owned(),
    }
}

/// Fifty-four photographs: whatever is done to a page, it is read right or told why not. The shares are what the README's table says, with room for
/// so few.
#[test]
fn whatever_is_done_to_a_page_it_is_read_right_or_told_why_not() {
    let table = photographs(&PassportReader::<Tesseract>::default(), 3, 20_261_127);
    assert!(table.holds(), "read wrong:\n{table}");
    for kind in [
        Kind::Plain,
        Kind::Turned,
        Kind::AnyAngle,
        Kind::Inclined,
        Kind::Dim,
        Kind::Close,
    ] {
        assert!(table.read(kind) >= 66, "{kind:?}\n{table}");
    }
    for kind in [
        Kind::Small,
        Kind::Soft,
        Kind::Moved,
        Kind::Noisy,
        Kind::Squeezed,
        Kind::Mixed,
    ] {
        assert!(table.read(kind) >= 33, "{kind:?}\n{table}");
    }
    for (kind, error) in [
        (Kind::Glare, ReadError::Glare),
        (Kind::CutOff, ReadError::CutOff),
        (Kind::Blurred, ReadError::Blurred),
        (Kind::Dark, ReadError::Dark),
    ] {
        assert!(table.told(kind, error) >= 66, "{kind:?} {error}\n{table}");
    }
}

#[test]
fn glare_and_a_look_from_the_side_are_told_apart() {
    let page = page(&sakura("350101").lines());
    let glare = page.clone().shone_upon((0.4, 0.85), (0.08, 0.06), 1.0);
    assert_eq!(read(&glare).unwrap_err(), ReadError::Glare);
    let mut told = Vec::new();
    for degrees in [58.0, 62.0, 66.0] {
        told.extend(read(&page.inclined(degrees, degrees / 2.0, 90.0)).err());
    }
    assert!(told.contains(&ReadError::Skewed), "{told:?}");
    assert!(!told.contains(&ReadError::Glare), "{told:?}");
}

/// ICAO Doc 9303: part 5 (TD1), part 6 (TD2), part 7 (visas), with the specimens of the standard.
#[test]
fn other_documents_are_told_apart() {
    let documents: [&[&str]; 4] = [
        &[
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        ],
        &[
            "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
            "D231458907UTO7408122F1204159<<<<<<<6",
        ],
        &[
            "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
            "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
        ],
        &[
            "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
            "L8988901C4XXX4009078F9612109<<<<<<<<",
        ],
    ];
    for zone in documents {
        let zone: Vec<String> = zone.iter().map(|line| (*line).to_owned()).collect();
        for turned in [0.0, 8.0, 180.0] {
            let told = read(&page(&zone).turned(turned, 90.0)).unwrap_err();
            assert_eq!(told, ReadError::OtherDocument, "{} {turned}", zone[0]);
            assert_eq!(ProblemCode::from(told), ProblemCode::PassportOtherDocument);
        }
    }
}

#[test]
fn another_states_passport_is_a_passport_and_an_expired_one_is_read_and_told() {
    let [upper, lower] = sakura("350101").lines();
    let foreign = [
        upper.replacen("JPN", "UTO", 1),
        lower.replacen("JPN", "UTO", 1),
    ];
    let foreign = Judged::try_from(&read(&page(&foreign)).unwrap()).unwrap();
    assert_eq!(foreign.data().nationality.expose(), "UTO");
    let expired = Judged::try_from(&read(&page(&sakura("261126").lines())).unwrap()).unwrap();
    assert!(expired.has_expired(date!(2026 - 11 - 27)));
    assert!(!expired.has_expired(date!(2026 - 11 - 26)));
}

#[test]
fn a_wrong_check_digit_is_never_read() {
    for digit in [9, 19, 27, 42, 43] {
        let [upper, mut lower] = sakura("350101").lines();
        let other = if &lower[digit..=digit] == "7" {
            "2"
        } else {
            "7"
        };
        lower.replace_range(digit..=digit, other);
        assert_eq!(
            read(&page(&[upper, lower])).unwrap_err(),
            ReadError::Unclear
        );
    }
}

/// One reader alone is not believed, whatever the picture.
#[test]
fn without_the_other_reader_nothing_is_read() {
    struct Silent(Result<&'static str, RecogniserError>);
    impl Recogniser for Silent {
        fn text(&self, picture: &[u8]) -> Result<Zeroizing<String>, RecogniserError> {
            assert!(picture.starts_with(b"P5 "));
            self.0.map(|text| Zeroizing::new(text.to_owned()))
        }
    }
    let file = page(&sakura("350101").lines()).png();
    for text in [
        "",
        "PJPNAOBASAKUPA\nXX00000014JPN8002179350101202",
        "\u{0}<<<\n\n",
    ] {
        let told = PassportReader::new(Silent(Ok(text))).read(&file);
        assert_eq!(told.unwrap_err(), ReadError::Unclear);
    }
    let slow = PassportReader::new(Silent(Err(RecogniserError::TooSlow))).read(&file);
    assert_eq!(
        slow.unwrap_err(),
        ReadError::Recogniser(RecogniserError::TooSlow)
    );
}

#[test]
fn what_is_no_page_is_told_apart() {
    let page = page(&sakura("350101").lines());
    assert_eq!(
        read(&page.cut(0.0, 0.0, 1.0, 0.7)).unwrap_err(),
        ReadError::NotFound
    );
    let nothing = PassportReader::<Tesseract>::default().read(b"GIF89a");
    assert_eq!(nothing.unwrap_err(), ReadError::NotAPicture);
    // Nobody's passport is in it; nothing of one is told.
    let other = anybody(&mut Random::new(3));
    let told = read(&page.cut(0.0, 0.0, 1.0, 0.87)).unwrap_err();
    assert_eq!(told, ReadError::CutOff);
    assert!(!format!("{told:?} {told}").contains(&other.number));
}
