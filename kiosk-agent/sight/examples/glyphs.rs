//! Draws `src/passport/glyphs.txt` from the font OCR-B of Debian's fonts-ocr-b (public domain; Norbert Schwarz, Matthew Skala):
//! `cargo run -p sight --example glyphs > kiosk-agent/sight/src/passport/glyphs.txt`

use std::sync::Arc;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{RenderCache, RenderSettings};
use krilla::geom::Point;
use krilla::page::PageSettings;
use krilla::text::{Font, TextDirection};

const FONT: &str = "/usr/share/fonts/opentype/ocr-b/OCRB.otf";
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// Drawn this many times larger than in the file.
const FINE: usize = 8;
/// A capital is twenty dots high, and a glyph 20 wide and 28 high with four above the capitals.
const WIDE: usize = 20;
const HIGH: usize = 28;
const ABOVE: usize = 4;
const CAPITAL: usize = 20;

#[expect(clippy::print_stdout, reason = "what it is for")]
fn main() {
    let data = std::fs::read(FONT).expect("fonts-ocr-b is installed");
    let font = Font::new(data.into(), 0).expect("a font");
    // The height of a capital at this size, from H.
    let side = 100.0;
    let (_, top, _, bottom) = bounds(&raster(&font, side, 'H'));
    let size = side * (CAPITAL * FINE) as f32 / (bottom - top) as f32;
    let (_, top, _, _) = bounds(&raster(&font, size, 'H'));
    for character in CHARACTERS.chars() {
        println!("{character}");
        let picture = raster(&font, size, character);
        let (left, _, right, _) = bounds(&picture);
        let start = (left + right) / 2 - WIDE * FINE / 2;
        for row in 0..HIGH {
            let dots = (0..WIDE).map(|column| {
                let mut sum = 0_usize;
                for y in 0..FINE {
                    for x in 0..FINE {
                        let at = top + (row * FINE + y) - ABOVE * FINE;
                        sum += usize::from(
                            255 - picture.1[at * picture.0 + start + column * FINE + x],
                        );
                    }
                }
                let level = (sum * 9 + 255 * FINE * FINE / 2) / (255 * FINE * FINE);
                char::from_digit(u32::try_from(level).expect("9 at most"), 10).expect("a digit")
            });
            println!("{}", dots.collect::<String>());
        }
    }
}

fn bounds((width, dots): &(usize, Vec<u8>)) -> (usize, usize, usize, usize) {
    let ink = dots.iter().enumerate().filter(|(_, dot)| **dot < 128);
    ink.fold((usize::MAX, usize::MAX, 0, 0), |all, (at, _)| {
        let (x, y) = (at % width, at / width);
        (
            all.0.min(x),
            all.1.min(y),
            all.2.max(x + 1),
            all.3.max(y + 1),
        )
    })
}

fn raster(font: &Font, size: f32, character: char) -> (usize, Vec<u8>) {
    let mut document = krilla::Document::new();
    let mut page = document.start_page_with(PageSettings::from_wh(600.0, 600.0).expect("a size"));
    let mut surface = page.surface();
    let start = Point::from_xy(200.0, 400.0);
    surface.draw_text(
        start,
        font.clone(),
        size,
        &character.to_string(),
        false,
        TextDirection::LeftToRight,
    );
    surface.finish();
    page.finish();
    let pdf = Pdf::new(Arc::new(document.finish().expect("a document"))).expect("just written");
    let settings = RenderSettings::default();
    let mut context = hayro::vello_cpu::RenderContext::new(600, 600);
    let page = pdf.pages().first().expect("one");
    let transform =
        hayro::hayro_interpret::util::TransformExt::to_kurbo(&page.initial_transform(true));
    hayro::render_into(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &settings,
        &mut context,
        transform,
    );
    context.flush();
    let mut pixmap = hayro::vello_cpu::Pixmap::new(600, 600);
    let white = hayro::vello_cpu::RasterizerSettings {
        target_init: hayro::vello_cpu::TargetInit::Clear(WHITE),
        ..hayro::vello_cpu::RasterizerSettings::default()
    };
    context.render_with(
        &mut pixmap,
        &mut hayro::vello_cpu::Resources::default(),
        white,
    );
    (600, pixmap.data().iter().map(|pixel| pixel.r).collect())
}
