//! Pages with QR codes that the center did not set, and photographs of pages: for tests of whoever looks at them.
//!
//! Another library draws them than the center's, in another way: modules one by one, in any colour, at any place, and over each other.
#![allow(
    clippy::missing_panics_doc,
    clippy::cast_precision_loss,
    reason = "for tests, of symbols of a hundred modules"
)]

mod document;
pub mod photograph;

use krilla::blend::BlendMode;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Rect};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use qrcode::bits::Bits;
use qrcode::{EcLevel, QrCode, Version};

pub use document::{document, stencil, stream};

/// A dot at 300 an inch, in points.
pub const DOT: f32 = 72.0 / 300.0;

/// An A4 page with these QR codes beside each other, their modules six dots wide, as those of most certificates.
#[must_use]
pub fn page(texts: &[&str]) -> Vec<u8> {
    let symbols = texts.iter().enumerate().map(|(place, text)| {
        let place = (60.0 + 1040.0 * DOT * place as f32, 60.0);
        Symbol::with_modules(text, place, 6.0 * DOT)
    });
    page_of(&symbols.collect::<Vec<_>>())
}

/// A QR code on a page: where its modules are, and their ink.
pub struct Symbol {
    width: usize,
    is_dark: Vec<bool>,
    place: (f32, f32),
    module: f32,
    /// Red, green and blue.
    pub ink: (u8, u8, u8),
}

impl Symbol {
    /// A black one; place and side in points.
    #[must_use]
    pub fn new(text: &str, place: (f32, f32), side: f32) -> Self {
        let code = (1..=40).find_map(|version| encode(text, version));
        let code = code.expect("a text that fits into a symbol");
        let is_dark = |color| color == qrcode::Color::Dark;
        let is_dark = code.to_colors().into_iter().map(is_dark).collect();
        Self::of(is_dark, code.width(), place, side)
    }

    /// A black one; place and a module's side in points.
    #[must_use]
    pub fn with_modules(text: &str, place: (f32, f32), module: f32) -> Self {
        let mut symbol = Self::new(text, place, 1.0);
        symbol.module = module;
        symbol
    }

    /// No symbol, but a square of ink.
    #[must_use]
    pub fn filled(place: (f32, f32), side: f32) -> Self {
        Self::of(vec![true], 1, place, side)
    }

    fn of(is_dark: Vec<bool>, width: usize, place: (f32, f32), side: f32) -> Self {
        Self {
            width,
            is_dark,
            place,
            module: side / width as f32,
            ink: (0, 0, 0),
        }
    }
}

/// As the center's are: the digits of a health card by themselves, everything else as bytes.
fn encode(text: &str, version: i16) -> Option<QrCode> {
    let (bytes, digits) = text.split_at(if text.starts_with("shc:/") {
        5
    } else {
        text.len()
    });
    let mut bits = Bits::new(Version::Normal(version));
    bits.push_byte_data(bytes.as_bytes()).ok()?;
    if !digits.is_empty() {
        bits.push_numeric_data(digits.as_bytes()).ok()?;
    }
    bits.push_terminator(EcLevel::L).ok()?;
    QrCode::with_bits(bits, EcLevel::L).ok()
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
        let (width, module) = (symbol.width, symbol.module);
        let mut path = PathBuilder::new();
        for (index, is_dark) in symbol.is_dark.iter().enumerate() {
            if *is_dark {
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
