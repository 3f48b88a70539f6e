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
    let page = Raster::of(pdf, WHOLE);
    page.assert_whole(|x, y| (260..860).contains(&x) && (2310..2920).contains(&y));
    let mut texts = page.texts().into_iter();
    texts.next().expect("a QR code that can be read")
}

/// Both texts of a page for abroad. The decoder misses a symbol at a resolution now and then; a terminal takes several too.
#[allow(dead_code, reason = "each user takes its part")]
pub(crate) fn texts(pdf: &[u8]) -> BTreeSet<String> {
    let page = Raster::of(pdf, WHOLE);
    page.assert_whole(|x, y| {
        (236..839).contains(&x) && (2043..2646).contains(&y)
            || (892..1754).contains(&x) && (2043..2906).contains(&y)
    });
    let mut found: BTreeSet<_> = page.texts().into_iter().collect();
    for resolution in [200.0, 360.0, 450.0, 600.0] {
        if found.len() < 2 {
            found.extend(Raster::of(pdf, resolution).texts());
        }
    }
    found
}

/// The page as dots in grey.
struct Raster {
    width: usize,
    dots: Vec<u8>,
}

impl Raster {
    fn of(pdf: &[u8], resolution: f32) -> Self {
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
        Self {
            width: image.width().into(),
            dots: image.data().iter().map(|pixel| pixel.g).collect(),
        }
    }

    fn texts(&self) -> Vec<String> {
        let (width, height) = (self.width, self.dots.len() / self.width);
        let dot = |x, y| self.dots[y * width + x];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, dot);
        let grids = image.detect_grids();
        let texts = grids.iter().filter_map(|grid| grid.decode().ok());
        texts.map(|(_, text)| text).collect()
    }

    fn assert_whole(&self, in_panel: impl Fn(usize, usize) -> bool) {
        let dots = self.dots.iter().enumerate();
        let grey = dots
            .filter(|(n, dot)| in_panel(n % self.width, n / self.width) && !matches!(dot, 0 | 255));
        assert_eq!(grey.count(), 0, "a module does not lie on whole dots");
    }
}
