//! Reads the QR codes back from the page: the PDF is rasterised as a printer would, and decoded as a verifier would.

use std::sync::Arc;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::Pixmap;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use rqrr::PreparedImage;
use zeroize::Zeroizing;

use super::{Mismatch, same};

/// Pixels a point. A module of a version 22 symbol printed 40 mm wide is then 4.5 pixels.
const SCALE: f32 = 300.0 / 72.0;
/// No side longer than A3 at this scale: a page may not ask for more memory than that.
const LONGEST_SIDE: f32 = 1191.0;

/// Checks that the document is one page on which every QR code reads `expected`, and there is at least one.
pub(super) fn check(pdf: &[u8], expected: &str) -> Result<(), Mismatch> {
    let pdf = Pdf::new(Arc::new(Zeroizing::new(pdf.to_vec()))).map_err(|_| Mismatch::Page)?;
    let [page] = &pdf.pages()[..] else {
        return Err(Mismatch::Page);
    };
    let (width, height) = page.render_dimensions();
    same(Mismatch::Page, width.max(height) <= LONGEST_SIDE)?;
    let settings = PixmapSettings {
        x_scale: SCALE,
        y_scale: SCALE,
        bg_color: hayro::vello_cpu::color::palette::css::WHITE,
    };
    let pixmap = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let texts = decode(&pixmap)?;
    same(
        Mismatch::Page,
        !texts.is_empty() && texts.iter().all(|text| text.as_str() == expected),
    )
}

fn decode(pixmap: &Pixmap) -> Result<Vec<Zeroizing<String>>, Mismatch> {
    let (width, height) = (usize::from(pixmap.width()), usize::from(pixmap.height()));
    let pixels = pixmap.data();
    let mut image = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        // Black ink on white paper: the green channel stands for brightness.
        pixels.get(y * width + x).map_or(u8::MAX, |pixel| pixel.g)
    });
    let texts = image
        .detect_grids()
        .into_iter()
        .map(|grid| match grid.decode() {
            Ok((_, text)) => Ok(Zeroizing::new(text)),
            Err(_) => Err(Mismatch::Page),
        });
    texts.collect()
}
