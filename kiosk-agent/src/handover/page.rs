//! Reads the QR codes back from the page: the PDF is rasterised as a printer would, and decoded as a verifier would.

use std::sync::Arc;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::vello_cpu::Pixmap;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use rqrr::PreparedImage;
use zeroize::Zeroizing;

use super::{Mismatch, same};

/// Resolutions tried, in dots an inch. The decoder's grid detection misses some symbols at some resolutions, as a person
/// with a phone moves it until it reads: the first at which anything is read decides. At 300 a module of a version 22
/// symbol printed 40 mm wide is 4.5 pixels.
const RESOLUTIONS: [f32; 4] = [300.0, 360.0, 450.0, 600.0];
const POINTS_PER_INCH: f32 = 72.0;
/// No side longer than that of A3, in points: a page may not ask for any amount of memory.
const LONGEST_SIDE: f32 = 1191.0;

/// Checks that the document is one page on which every QR code reads `expected`, and there is at least one.
pub(super) fn check(pdf: &[u8], expected: &str) -> Result<(), Mismatch> {
    let pdf = Pdf::new(Arc::new(Zeroizing::new(pdf.to_vec()))).map_err(|_| Mismatch::Page)?;
    let [page] = &pdf.pages()[..] else {
        return Err(Mismatch::Page);
    };
    let (width, height) = page.render_dimensions();
    same(Mismatch::Page, width.max(height) <= LONGEST_SIDE)?;
    for resolution in RESOLUTIONS {
        let texts = decode(&rasterise(page, resolution / POINTS_PER_INCH));
        if !texts.is_empty() {
            return same(
                Mismatch::Page,
                texts.iter().all(|text| text.as_str() == expected),
            );
        }
    }
    Err(Mismatch::Page)
}

fn rasterise(page: &Page<'_>, scale: f32) -> Pixmap {
    let settings = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let (cache, interpreter) = (RenderCache::new(), InterpreterSettings::default());
    hayro::render(
        page,
        &cache,
        &interpreter,
        &RenderSettings::default(),
        &settings,
    )
}

/// The texts of all QR codes that read. Where only finder patterns seem to be, printed lines among them, none does.
fn decode(pixmap: &Pixmap) -> Vec<Zeroizing<String>> {
    let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
    let pixels = pixmap.data();
    let mut image = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        // Black ink on white paper: the green channel stands for brightness.
        pixels.get(y * width + x).map_or(u8::MAX, |pixel| pixel.g)
    });
    let grids = image.detect_grids().into_iter();
    grids
        .filter_map(|grid| grid.decode().ok())
        .map(|(_, text)| Zeroizing::new(text))
        .collect()
}
