//! Reads the QR codes back from the page, as a printer would rasterise it.
//!
//! A page is handed over if every part of it is explained: the document is built as ours are (`document`, `structure`, `content`), consists of
//! outlines in one colour each (`drawing`), and its symbols are, module by module, those of the expected texts, with none besides (`exact`). That
//! holds for every page of ours. Any other is refused, and looked at once more (`strangers`): a code on it that is not one of those expected is somebody else's.

use std::panic::catch_unwind;
use std::sync::Arc;

use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use zeroize::Zeroizing;

mod content;
mod document;
mod drawing;
mod exact;
mod raster;
mod strangers;
mod structure;
mod syntax;

use drawing::TooMuch;
use raster::{Area, dots};

/// Why a page is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It cannot be read, is not the only one, is not built as ours are, or one of its QR codes is another than those expected.
    #[error("another page")]
    Other,
    /// Not all of it is explained, but no other code reads: one of those expected may be missing, or not to be read, or in colour. Nor is
    /// it known what a page holds that whoever reads it breaks at.
    #[error("not all of the page is explained")]
    Unread,
}

/// Modules of the widest symbol there is (ISO/IEC 18004).
const WIDEST: usize = 177;
/// No side longer than that of A3, in points: a page may not ask for any amount of memory.
const LONGEST_SIDE: f32 = 1191.0;

/// Checks that the document is one page on which there is a QR code of each of `expected`, a few texts, and no other.
///
/// # Errors
/// [`PageError`]
pub fn check(pdf: &[u8], expected: &[&str]) -> Result<(), PageError> {
    let checked = catch_unwind(|| {
        on_sheet(pdf, |page, whole| {
            match exact::explains(page, expected, whole) {
                Ok(true) => Ok(()),
                Ok(false) if strangers::are_on(page, expected, whole) => Err(PageError::Other),
                Ok(false) | Err(TooMuch) => Err(PageError::Unread),
            }
        })
    });
    checked.unwrap_or(Err(PageError::Unread))
}

/// Whether it is explained: for whoever makes pages. What is not takes [`check`] seconds to refuse.
#[must_use]
pub fn explains(pdf: &[u8], expected: &[&str]) -> bool {
    let explained = on_sheet(pdf, |page, whole| {
        Ok(exact::explains(page, expected, whole) == Ok(true))
    });
    explained == Ok(true)
}

fn ensure(is: bool) -> Result<(), PageError> {
    if is { Ok(()) } else { Err(PageError::Other) }
}

fn on_sheet<T>(
    pdf: &[u8],
    look: impl FnOnce(&Page<'_>, Area) -> Result<T, PageError>,
) -> Result<T, PageError> {
    ensure(document::is_of_one_piece(pdf))?;
    let pdf = Pdf::new(Arc::new(Zeroizing::new(pdf.to_vec()))).map_err(|_| PageError::Other)?;
    let [page] = &pdf.pages()[..] else {
        return Err(PageError::Other);
    };
    ensure(structure::is_ours(&pdf, page))?;
    let (width, height) = page.render_dimensions();
    ensure(width.max(height) <= LONGEST_SIDE)?;
    let whole = Area {
        left: 0,
        top: 0,
        width: dots(width),
        height: dots(height),
    };
    look(page, whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dev_pages::{Symbol, mixed_page_of, page, page_of};

    fn card(of: u8) -> String {
        format!("shc:/{}", format!("{of:02}56").repeat(400))
    }

    #[test]
    fn a_page_with_what_is_expected_is_explained_at_once() {
        let (card, seal) = (card(12), "{\"data\":1}".repeat(60));
        assert!(explains(&page(&[&card]), &[&card]));
        assert!(explains(&page(&[&card, &seal]), &[&card, &seal]));
        assert!(explains(&page(&[&seal, &card]), &[&card, &seal]));
    }

    #[test]
    fn anything_else_is_not() {
        let (own, other) = (card(12), card(34));
        let place = (60.0, 60.0);
        let symbol = |text: &str| Symbol::new(text, place, 113.4);
        assert!(explains(&page_of(&[symbol(&own)]), &[&own]), "the control");
        // What could let something shine through is none of ours, whatever it shows.
        assert!(!explains(&mixed_page_of(&[symbol(&own)]), &[&own]));
        assert!(!explains(&page(&[]), &[&own]));
        assert!(!explains(&page(&[&other]), &[&own]));
        assert!(!explains(&page(&[&own, &other]), &[&own]));
        assert!(!explains(&page(&[&own]), &[&own, &other]));
        let mut coloured = symbol(&own);
        coloured.ink = (0, 0, 60);
        assert!(!explains(&page_of(&[coloured]), &[&own]));
        // Within what error correction would mend: a spot on a few modules, and a code of its own among them.
        for text in ["A", "1"] {
            let spot = Symbol::new(text, (100.0, 100.0), 10.0);
            assert!(!explains(&page_of(&[symbol(&own), spot]), &[&own]));
        }
        // Outside: small, and with large modules; dark and not so dark.
        for (side, ink) in [
            (30.0, (0, 0, 0)),
            (30.0, (120, 120, 120)),
            (250.0, (150, 150, 150)),
        ] {
            let mut other = Symbol::new("https://other.example/", (250.0, 350.0), side);
            other.ink = ink;
            let page = page_of(&[symbol(&own), other]);
            assert!(!explains(&page, &[&own]), "{side} {ink:?}");
        }
        // Faint, and too fine for the look at the whole page.
        for grey in [210, 225] {
            let mut faint = Symbol::new(&other, (250.0, 350.0), 113.4);
            faint.ink = (grey, grey, grey);
            assert!(
                !explains(&page_of(&[symbol(&own), faint]), &[&own]),
                "{grey}"
            );
        }
        // Light on dark, as cameras read it too.
        let mut dark = Symbol::filled((230.0, 330.0), 70.0);
        let mut light = Symbol::new("https://other.example/", (240.0, 340.0), 50.0);
        (dark.ink, light.ink) = ((0, 0, 0), (255, 255, 255));
        assert!(!explains(&page_of(&[symbol(&own), dark, light]), &[&own]));
        // Where its quiet zone should be.
        let near = Symbol::new("A", (60.0 + 113.4 + 2.0, 60.0), 20.0);
        assert!(!explains(&page_of(&[symbol(&own), near]), &[&own]));
    }
}
