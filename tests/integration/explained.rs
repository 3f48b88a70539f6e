//! The terminal explains every page of the center's at once: else each certificate would take it seconds. And the finest of them are read by
//! programs that are not ours.

use std::fs;

use issuance_api::terminal::Preview;
use issuance_api::{CertificateKind, Personal};
use issuance_center::certificate::qr::Symbol;
use issuance_center::programme::Programme;
use sight::page::explains;
use stage::judges::page;
use tempfile::TempDir;

#[path = "../../issuance-center/specimen/mod.rs"]
mod specimen;

/// The text of a health card's symbol: two digits for each character (SMART Health Cards, "Encoding Chunks as QR Codes").
fn health_card(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte - 45));
    std::iter::once("shc:/".to_owned()).chain(digits).collect()
}

/// What the symbols of a page say.
fn texts(programme: &Programme, preview: &Preview) -> Vec<String> {
    let payload = specimen::payload(programme, preview).expect("it fits");
    let card = health_card(specimen::sign(&payload).expose());
    let seal = preview.passport.as_ref().map(|_| {
        let seal = specimen::seal(programme, preview).expect("it fits");
        seal.expose().to_owned()
    });
    std::iter::once(card).chain(seal).collect()
}

#[test]
fn every_page_of_the_center_s_is_explained_at_once() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let typesetter = specimen::typesetter();
    let domestic = [
        ("ordinary", &specimen::ORDINARY),
        ("seven doses", &specimen::SEVEN_DOSES),
        ("gaiji", &specimen::GAIJI),
        ("long latin", &specimen::LONG_LATIN),
        ("two scripts", &specimen::TWO_SCRIPTS),
    ];
    let domestic = domestic.map(|(name, person)| (name, specimen::preview(programme, person)));
    let abroad = specimen::ABROAD.map(|(name, person, romanised)| {
        let preview = specimen::preview_abroad(programme, person, romanised);
        (name, preview)
    });
    for (name, preview) in domestic.into_iter().chain(abroad) {
        let texts = texts(programme, &preview);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let page = specimen::page(&typesetter, programme, &preview).expect("specimens are right");
        assert!(
            explains(page.as_bytes(), &texts),
            "{name} {:?}",
            preview.kind
        );
        // The control: the page of anybody else is not.
        let other = texts[0].replacen("shc:/5676", "shc:/5677", 1);
        assert_ne!(other, texts[0]);
        let texts = [&[other.as_str()], &texts[1..]].concat();
        assert!(
            !explains(page.as_bytes(), &texts),
            "{name} {:?}",
            preview.kind
        );
    }
}

/// Names of as much ink as there is, or next to none; as long as can be set or short; any number of doses; for use in Japan and abroad.
#[test]
fn whatever_a_name_is_its_page_is_explained() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let typesetter = specimen::typesetter();
    let letters = [
        "鬱驫麤",
        "龘靐",
        "一二",
        "𠮷鑿",
        "WMQ",
        "ＭＷ",
        "Ii",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ];
    let kinds = [CertificateKind::Domestic, CertificateKind::Abroad];
    let lengths = [(1, 1), (4, 7), (12, 3), (28, 7)];
    let of_kinds = letters.iter().flat_map(|it| kinds.map(|kind| (it, kind)));
    let all = of_kinds.flat_map(|(it, kind)| lengths.map(|lengths| (it, kind, lengths)));
    let mut explained = 0;
    for (letters, kind, (length, doses)) in all {
        let person = &specimen::SEVEN_DOSES;
        let mut preview = match kind {
            CertificateKind::Domestic => specimen::preview(programme, person),
            CertificateKind::Abroad => {
                specimen::preview_abroad(programme, person, "NANASE  MINORI")
            }
        };
        let part: String = letters.chars().cycle().take(length).collect();
        preview.holder.name = Personal::new(format!("{part}\u{3000}{part}"));
        preview.doses.truncate(doses);
        // What does not fit on a page is not issued.
        let Ok(page) = specimen::page(&typesetter, programme, &preview) else {
            continue;
        };
        let texts = texts(programme, &preview);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(
            explains(page.as_bytes(), &texts),
            "{letters} {kind:?} {length} {doses}"
        );
        explained += 1;
    }
    assert!(explained > 40, "most of them fit: {explained}");
}

/// Versions 28 to 30 come of seven doses of many brands, or with long lot numbers; 30 is the largest that is allowed.
#[test]
fn outside_judges_read_the_finest_codes_for_abroad_off_the_page() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let typesetter = specimen::typesetter();
    let folder = TempDir::new().expect("a folder");
    let longest = "12345678901234567890";
    let with_lots = |person, romanised, length: usize| {
        let mut preview = specimen::preview_abroad(programme, person, romanised);
        for dose in &mut preview.doses {
            if length > dose.lot.expose().len() {
                dose.lot = Personal::new(longest[..length].to_owned());
            }
        }
        preview
    };
    let three = |length| with_lots(&specimen::SEVEN_DOSES, "NANASE  MINORI", length);
    let six = || {
        with_lots(
            &specimen::SEVEN_OF_SIX,
            "SONNENTHALERWALDBACHLICHTEN  ALEXANDRA",
            0,
        )
    };
    let pages = (1..=longest.len()).map(three).chain([six()]);
    let mut finest: Vec<_> = pages
        .map(|preview| {
            let seal = specimen::seal(programme, &preview).expect("it fits");
            let width = Symbol::of_seal(&seal).expect("it fits").width();
            ((width - 17) / 4, preview)
        })
        .filter(|(version, _)| *version > 27)
        .collect();
    finest.dedup_by_key(|(version, ..)| *version);
    let versions: Vec<_> = finest.iter().map(|(version, ..)| *version).collect();
    assert_eq!(versions, [28, 29, 30]);
    for (version, preview) in finest {
        let texts = texts(programme, &preview);
        let set = specimen::page(&typesetter, programme, &preview).expect("specimens are right");
        let pdf = folder.path().join("page.pdf");
        fs::write(&pdf, set.as_bytes()).expect("a file");
        for dots_per_inch in [150, 200, 300] {
            let picture = page::rasterise(&pdf, dots_per_inch).expect("poppler works");
            for (judge, read) in [
                ("zbar", page::zbar(&picture)),
                ("zxing", page::zxing(&picture)),
            ] {
                let mut read = read.unwrap_or_default();
                read.sort();
                assert!(
                    read == texts,
                    "{judge}: version {version} at {dots_per_inch}: {} codes",
                    read.len()
                );
            }
        }
    }
}

#[test]
fn outside_judges_read_the_pages_that_fuzzing_begins_with() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview(programme, &specimen::ORDINARY);
    let (_, person, romanised) = specimen::ABROAD[0];
    let abroad = specimen::preview_abroad(programme, person, romanised);
    // The second page has the first's card beside a seal.
    let both = [
        texts(programme, &preview).swap_remove(0),
        texts(programme, &abroad).swap_remove(1),
    ];
    let folder = TempDir::new().expect("a folder");
    let pdf = folder.path().join("page.pdf");
    let target = fuzz_targets::find("page").expect("there is one");
    let mut read = Vec::new();
    // The others are content alone, of the second.
    let documents = (target.seeds)();
    let documents = documents.iter().filter(|it| it.starts_with(b"%PDF-"));
    for seed in documents {
        fs::write(&pdf, seed).expect("a file");
        let picture = page::rasterise(&pdf, 300).expect("poppler works");
        let mut texts = page::zbar(&picture).unwrap_or_default();
        texts.sort();
        read.push(texts);
    }
    // Each page twice, the last one empty.
    let expected = [&both[..1], &both, &[]].map(|texts| [texts, texts]);
    assert!(read == expected.concat(), "{} pages", read.len());
}
