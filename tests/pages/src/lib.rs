//! Pages with QR codes that the center did not set, and photographs of pages: for tests of whoever looks at them.
//!
//! Another library draws them than the center's, in another way: modules one by one, in any colour, at any place, and over each other.
#![allow(
    clippy::missing_panics_doc,
    clippy::cast_precision_loss,
    reason = "for tests, of symbols of a hundred modules"
)]

pub mod photograph;

use krilla::blend::BlendMode;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Rect};
use krilla::page::PageSettings;
use krilla::paint::Fill;

/// An A4 page with these QR codes, each 40 mm wide.
#[must_use]
pub fn page(texts: &[&str]) -> Vec<u8> {
    let symbols = texts.iter().enumerate().map(|(place, text)| {
        let place = (60.0 + 250.0 * place as f32, 60.0);
        Symbol::new(text, place, 113.4)
    });
    page_of(&symbols.collect::<Vec<_>>())
}

/// A QR code on a page: where its modules are, and their ink.
pub struct Symbol {
    code: qrcode::QrCode,
    place: (f32, f32),
    module: f32,
    /// Red, green and blue.
    pub ink: (u8, u8, u8),
}

impl Symbol {
    /// A black one; place and side in points.
    #[must_use]
    pub fn new(text: &str, place: (f32, f32), side: f32) -> Self {
        let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::L)
            .expect("a text that fits into a symbol");
        let module = side / code.width() as f32;
        Self {
            code,
            place,
            module,
            ink: (0, 0, 0),
        }
    }
}

/// An A4 page with these symbols, one over the other.
#[must_use]
pub fn page_of(symbols: &[Symbol]) -> Vec<u8> {
    page_with(symbols, None)
}

/// The same, but where they overlap, their inks mix as on paper: each takes away light.
#[must_use]
pub fn mixed_page_of(symbols: &[Symbol]) -> Vec<u8> {
    page_with(symbols, Some(BlendMode::Multiply))
}

fn page_with(symbols: &[Symbol], blend: Option<BlendMode>) -> Vec<u8> {
    let mut document = krilla::Document::new();
    let mut page = document.start_page_with(PageSettings::from_wh(595.0, 842.0).expect("A4"));
    let mut surface = page.surface();
    if let Some(blend) = blend {
        surface.push_blend_mode(blend);
    }
    for symbol in symbols {
        let (red, green, blue) = symbol.ink;
        surface.set_fill(Some(Fill {
            paint: rgb::Color::new(red, green, blue).into(),
            ..Fill::default()
        }));
        let (width, module) = (symbol.code.width(), symbol.module);
        let mut path = PathBuilder::new();
        for (index, color) in symbol.code.to_colors().iter().enumerate() {
            if *color == qrcode::Color::Dark {
                let (x, y) = ((index % width) as f32, (index / width) as f32);
                let (left, top) = (symbol.place.0 + x * module, symbol.place.1 + y * module);
                path.push_rect(
                    Rect::from_xywh(left, top, module, module).expect("a module has a side"),
                );
            }
        }
        surface.draw_path(&path.finish().expect("a symbol has dark modules"));
    }
    if blend.is_some() {
        surface.pop();
    }
    surface.finish();
    page.finish();
    document.finish().expect("a page of paths alone")
}
