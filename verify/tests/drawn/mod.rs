//! Symbols, drawn by a program.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::QrCode;
use qrcode::types::Color;

/// Modules of white around a symbol.
const QUIET: usize = 4;

/// Column and row of each dark module.
pub(crate) fn dark(symbol: &QrCode) -> impl Iterator<Item = (usize, usize)> {
    let side = symbol.width();
    let modules = (0..side).flat_map(move |y| (0..side).map(move |x| (x, y)));
    modules.filter(|at| symbol[*at] == Color::Dark)
}

/// Symbols beside each other on a white picture, so many dots a module.
pub(crate) fn picture(symbols: &[QrCode], module: usize) -> GrayImage {
    let side = |symbol: &QrCode| symbol.width() + 2 * QUIET;
    let width: usize = symbols.iter().map(side).sum();
    let height = symbols.iter().map(side).max().expect("there is one");
    let size = |modules: usize| u32::try_from(modules * module).expect("it is small");
    let mut picture = GrayImage::from_pixel(size(width), size(height), Luma([255]));
    let mut left = 0;
    for symbol in symbols {
        for (x, y) in dark(symbol) {
            let (x, y) = (size(left + x + QUIET), size(y + QUIET));
            for (dx, dy) in (0..size(1)).flat_map(|dy| (0..size(1)).map(move |dx| (dx, dy))) {
                picture.put_pixel(x + dx, y + dy, Luma([0]));
            }
        }
        left += side(symbol);
    }
    picture
}

/// The picture's file.
pub(crate) fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let written = picture.write_to(&mut file, format);
    written.expect("a picture can be written to memory");
    file.into_inner()
}
