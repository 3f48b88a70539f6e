//! The center's page, as a terminal reads it: a PDF that says whatever a center says.
//!
//! Seeds are a page that the center's own code makes, of somebody who does not exist; and one written by hand around two symbols of the center's, small
//! and with nothing compressed, so that changes reach what is drawn.

use std::sync::LazyLock;

use issuance_center::certificate::qr::Symbol;
use sight::page::explains;

#[path = "../../../../issuance-center/specimen/mod.rs"]
mod specimen;

/// Points of a module's side, of the page written by hand: four dots at 300 an inch.
const MODULE: f64 = 0.96;

/// A page, and what its symbols say.
struct Page {
    pdf: Vec<u8>,
    texts: Vec<String>,
}

impl Page {
    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }
}

/// For use in Japan, and by hand with the seal of one for abroad besides.
static PAGES: LazyLock<[Page; 2]> = LazyLock::new(|| {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview(programme, &specimen::ORDINARY);
    let payload = specimen::payload(programme, &preview).expect("it fits");
    let jws = specimen::sign(&payload);
    let card = health_card(jws.expose());
    let page = specimen::page(&specimen::typesetter(), programme, &preview);
    let (_, person, romanised) = specimen::ABROAD[0];
    let abroad = specimen::preview_abroad(programme, person, romanised);
    let seal = specimen::seal(programme, &abroad).expect("it fits");
    let symbols = [Symbol::of(&jws), Symbol::of_seal(&seal)].map(|it| it.expect("it fits"));
    [
        Page {
            pdf: page.expect("specimens are right").as_bytes().to_vec(),
            texts: vec![card.clone()],
        },
        Page {
            pdf: by_hand(&symbols),
            texts: vec![card, seal.expose().to_owned()],
        },
    ]
});

/// What the first page would say of another: one digit is not the same.
static OTHER: LazyLock<String> = LazyLock::new(|| {
    let own = &PAGES[0].texts[0];
    let other = own.replacen("shc:/5676", "shc:/5677", 1);
    assert_ne!(&other, own);
    other
});

/// The text of a health card's symbol: two digits for each character (SMART Health Cards, "Encoding Chunks as QR Codes").
fn health_card(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte - 45));
    std::iter::once("shc:/".to_owned()).chain(digits).collect()
}

/// Whatever the page is, it shows no code that is nowhere on it.
pub(super) fn body(input: &[u8]) {
    judge(input, explains);
}

/// With a reader that is content with any code it knows: it does not compare.
pub(super) fn planted(input: &[u8]) {
    judge(input, |pdf, _| {
        PAGES.iter().any(|page| explains(pdf, &page.texts()))
    });
}

/// Each page is looked at once, for a look takes time: for what is nowhere on it, or for what it may say, and then wholly.
fn judge(input: &[u8], explains: impl Fn(&[u8], &[&str]) -> bool) {
    if input.len().is_multiple_of(2) {
        assert!(!explains(input, &[&OTHER]), "a code that is not there");
    } else {
        PAGES.iter().any(|page| explains(input, &page.texts()));
    }
}

/// Each for both looks.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let pages = PAGES.iter().map(|page| page.pdf.clone());
    let pages = pages.chain([by_hand(&[])]);
    pages
        .flat_map(|page| [[&page[..], b"\n"].concat(), page])
        .collect()
}

/// A page with symbols beside each other.
fn by_hand(symbols: &[Symbol]) -> Vec<u8> {
    let stream = |dictionary: &str, content: &[u8]| {
        let begin = format!("<<{dictionary}/Length {}>>stream\n", content.len());
        [begin.as_bytes(), content, b"\nendstream"].concat()
    };
    // Behind the four objects that every page has.
    let mut images = Vec::new();
    let (mut named, mut drawn) = (String::new(), "0 g\n".to_owned());
    let mut x = 20.0;
    for (number, symbol) in (5..).zip(symbols) {
        let width = symbol.width();
        let side = MODULE * f64::from(u16::try_from(width).expect("at most 177 modules"));
        named += &format!("/S{number} {number} 0 R");
        drawn += &format!("q {side:.2} 0 0 {side:.2} {x:.2} 20 cm /S{number} Do Q\n");
        x += side + 40.0;
        images.push(stream(
            &format!(
                "/Type/XObject/Subtype/Image/Width {width}/Height {width}/ImageMask true/BitsPerComponent 1"
            ),
            &samples(symbol),
        ));
    }
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 320 150]/Resources<</XObject<<{named}>>>>/Contents 4 0 R>>"
    );
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
        stream("", drawn.as_bytes()),
    ];
    let objects: Vec<_> = objects.into_iter().chain(images).collect();
    let count = objects.len() + 1;
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {count}\n0000000000 65535 f \n");
    for (number, object) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf.extend(format!("{number} 0 obj\n").into_bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let start = pdf.len();
    let end = format!("{table}trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF");
    pdf.extend(end.into_bytes());
    pdf
}

/// A stencil's, row by row: where a bit is 0 there is ink.
fn samples(symbol: &Symbol) -> Vec<u8> {
    let width = symbol.width();
    let bytes = (0..width).flat_map(|y| (0..width).step_by(8).map(move |x| (x, y)));
    let is_light = |x, y| x >= width || !symbol.is_dark(x, y);
    bytes
        .map(|(first, y)| {
            (first..first + 8).fold(0, |byte, x| byte << 1 | u8::from(is_light(x, y)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn every_page_to_begin_with_is_read_wholly() {
        for page in &*PAGES {
            assert!(explains(&page.pdf, &page.texts()));
        }
        assert!(!explains(&by_hand(&[]), &PAGES[0].texts()));
    }

    #[test]
    fn a_reader_that_does_not_compare_is_found_out() {
        let found = seeds()
            .into_iter()
            .filter(|seed| catch_unwind(|| planted(seed)).is_err());
        // By one of each page's two looks.
        assert_eq!(found.count(), PAGES.len());
    }
}
