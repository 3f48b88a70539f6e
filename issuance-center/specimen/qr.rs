//! Reading the QR symbol from a page, as a terminal does: hayro with rqrr.

use std::collections::BTreeSet;

use hayro::{
    RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf,
    vello_cpu::color::palette::css::WHITE,
};

/// Dots an inch at which every module is a whole number of dots.
const WHOLE: f32 = 300.0;

/// The page's QR text as a terminal reads it.
pub(crate) fn text(pdf: &[u8]) -> String {
    let in_panel = |x: usize, y: usize| (260..860).contains(&x) && (2310..2920).contains(&y);
    are_whole(pdf, in_panel);
    let mut texts = read(pdf, WHOLE).into_iter();
    texts.next().expect("a QR code that can be read")
}

/// All texts of a page for abroad. The decoder misses a symbol at a resolution now and then; a terminal takes several too.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) fn texts(pdf: &[u8]) -> BTreeSet<String> {
    are_whole(pdf, |x, y| {
        (236..839).contains(&x) && (2043..2646).contains(&y)
            || (892..1754).contains(&x) && (2043..2906).contains(&y)
    });
    let resolutions = [WHOLE, 200.0, 360.0, 450.0, 600.0];
    resolutions.iter().flat_map(|it| read(pdf, *it)).collect()
}

fn read(pdf: &[u8], resolution: f32) -> Vec<String> {
    let (width, height, grey) = raster(pdf, resolution);
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| grey[y * width + x]);
    let grids = image.detect_grids();
    let texts = grids.iter().filter_map(|grid| grid.decode().ok());
    texts.map(|(_, text)| text).collect()
}

fn are_whole(pdf: &[u8], in_panel: impl Fn(usize, usize) -> bool) {
    let (width, height, pixels) = raster(pdf, WHOLE);
    let grey = (0..width * height)
        .filter(|n| in_panel(n % width, n / width) && !matches!(pixels[*n], 0 | 255));
    assert_eq!(grey.count(), 0, "a module does not lie on whole dots");
}

/// Width, height and dots.
fn raster(pdf: &[u8], resolution: f32) -> (usize, usize, Vec<u8>) {
    let scale = resolution / 72.0;
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let image = hayro::render(
        &pdf.pages()[0],
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &hayro::PixmapSettings {
            x_scale: scale,
            y_scale: scale,
            bg_color: WHITE,
        },
    );
    let (width, height) = (usize::from(image.width()), usize::from(image.height()));
    let grey = image.data().iter().map(|pixel| pixel.g).collect();
    (width, height, grey)
}
