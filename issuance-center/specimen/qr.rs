//! Reading the QR symbol from a page, as a terminal does: hayro with rqrr.

use hayro::{
    RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf,
    vello_cpu::color::palette::css::WHITE,
};

/// The page's QR text as a terminal reads it: rasterised at 300 dots an inch, where every module is a whole number of dots.
pub(crate) fn text(pdf: &[u8]) -> String {
    let in_panel = |x: usize, y: usize| (260..860).contains(&x) && (2310..2920).contains(&y);
    let mut texts = read(pdf, in_panel).into_iter();
    texts.next().expect("a QR code that can be read")
}

/// All texts of a page for abroad.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) fn texts(pdf: &[u8]) -> Vec<String> {
    read(pdf, |x, y| {
        (236..839).contains(&x) && (2043..2646).contains(&y)
            || (892..1754).contains(&x) && (2043..2906).contains(&y)
    })
}

fn read(pdf: &[u8], in_panel: impl Fn(usize, usize) -> bool) -> Vec<String> {
    const SCALE: f32 = 300.0 / 72.0;
    let pdf = Pdf::new(pdf.to_vec()).expect("a PDF");
    let cache = RenderCache::new();
    let image = hayro::render(
        &pdf.pages()[0],
        &cache,
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &hayro::PixmapSettings {
            x_scale: SCALE,
            y_scale: SCALE,
            bg_color: WHITE,
        },
    );
    let (width, height) = (usize::from(image.width()), usize::from(image.height()));
    let pixels = image.data();
    let grey = (0..width * height)
        .filter(|n| in_panel(n % width, n / width) && !matches!(pixels[*n].g, 0 | 255));
    assert_eq!(grey.count(), 0, "a module does not lie on whole dots");
    let mut grey =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x].g);
    let grids = grey.detect_grids();
    let texts = grids.iter().filter_map(|grid| grid.decode().ok());
    texts.map(|(_, text)| text).collect()
}
