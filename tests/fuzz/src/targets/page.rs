//! The center's page, as a terminal reads it: a PDF that says whatever a center says.
//!
//! Seeds are a page that the center's own code makes, of somebody who does not exist; and one written by hand around two symbols of the center's, small
//! and with nothing compressed, so that changes reach what is drawn. An input that does not begin as a document is such a page's content: most changes
//! of a document put its objects where its table does not have them.

use std::sync::LazyLock;

use issuance_center::certificate::qr::Symbol;
use issuance_center::certificate::shc::Jws;
use issuance_center::certificate::vdsnc::VdsNc;
use sight::page::explains;

#[path = "../../../pages/src/document.rs"]
mod document;
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

/// Of a certificate for use in Japan, and of one for abroad.
static SIGNED: LazyLock<(Jws, VdsNc)> = LazyLock::new(|| {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview(programme, &specimen::ORDINARY);
    let payload = specimen::payload(programme, &preview).expect("it fits");
    let (_, person, romanised) = specimen::ABROAD[0];
    let abroad = specimen::preview_abroad(programme, person, romanised);
    let seal = specimen::seal(programme, &abroad).expect("it fits");
    (specimen::sign(&payload), seal)
});

static SYMBOLS: LazyLock<[Symbol; 2]> = LazyLock::new(|| {
    let (jws, seal) = &*SIGNED;
    [Symbol::of(jws), Symbol::of_seal(seal)].map(|it| it.expect("it fits"))
});

/// For use in Japan, and by hand with the seal of one for abroad besides.
static PAGES: LazyLock<[Page; 2]> = LazyLock::new(|| {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview(programme, &specimen::ORDINARY);
    let page = specimen::page(&specimen::typesetter(), programme, &preview);
    let (jws, seal) = &*SIGNED;
    let card = health_card(jws.expose());
    [
        Page {
            pdf: page.expect("specimens are right").as_bytes().to_vec(),
            texts: vec![card.clone()],
        },
        Page {
            pdf: by_hand(&*SYMBOLS, &drawing(&*SYMBOLS)),
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

/// How documents begin.
const HEADER: &[u8] = b"%PDF-";

/// Each page is looked at once, for a look takes time: for what is nowhere on it, or for what it may say, and then wholly.
fn judge(input: &[u8], explains: impl Fn(&[u8], &[&str]) -> bool) {
    let page = if input.starts_with(HEADER) {
        input
    } else {
        &by_hand(&*SYMBOLS, input)
    };
    if input.len().is_multiple_of(2) {
        assert!(!explains(page, &[&OTHER]), "a code that is not there");
    } else {
        PAGES.iter().any(|it| explains(page, &it.texts()));
    }
}

/// Each for both looks.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let pages = PAGES.iter().map(|page| page.pdf.clone());
    let pages = pages.chain([by_hand(&[], b""), drawing(&*SYMBOLS)]);
    pages
        .flat_map(|page| [[&page[..], b"\n"].concat(), page])
        .collect()
}

/// Names of a page's stencils, by their objects: behind the four that every page has.
fn numbered(symbols: &[Symbol]) -> impl Iterator<Item = (usize, &Symbol)> {
    (5..).zip(symbols)
}

/// The content that draws symbols beside each other.
fn drawing(symbols: &[Symbol]) -> Vec<u8> {
    let mut drawn = "0 g\n".to_owned();
    let mut x = 20.0;
    for (number, symbol) in numbered(symbols) {
        let width = u16::try_from(symbol.width()).expect("at most 177 modules");
        let side = MODULE * f64::from(width);
        drawn += &format!("q {side:.2} 0 0 {side:.2} {x:.2} 20 cm /S{number} Do Q\n");
        x += side + 40.0;
    }
    drawn.into_bytes()
}

/// A page that names symbols, with this content.
fn by_hand(symbols: &[Symbol], content: &[u8]) -> Vec<u8> {
    let mut images = Vec::new();
    let mut named = String::new();
    for (number, symbol) in numbered(symbols) {
        named += &format!("/S{number} {number} 0 R");
        let is_dark = |x, y| symbol.is_dark(x, y);
        images.push(document::stencil(symbol.width(), is_dark, ""));
    }
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 320 150]/Resources<</XObject<<{named}>>>>/Contents 4 0 R>>"
    );
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
        document::stream("", content),
    ];
    let objects: Vec<_> = objects.into_iter().chain(images).collect();
    document::document(&objects)
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
        assert!(!explains(&by_hand(&[], b""), &PAGES[0].texts()));
    }

    #[test]
    fn a_reader_that_does_not_compare_is_found_out() {
        let found = seeds()
            .into_iter()
            .filter(|seed| catch_unwind(|| planted(seed)).is_err());
        // By one of the two looks at each page, and at the content that draws the second.
        assert_eq!(found.count(), PAGES.len() + 1);
    }
}
