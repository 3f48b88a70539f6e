//! Small pictures, as programs draw them: what is on them reads.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::bits::Bits;
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode, Version};

/// Modules of white around a symbol.
const QUIET: usize = 4;

/// Symbols of these versions beside each other, so many dots a module, as a PNG.
fn picture(symbols: &[(i16, String)], module: usize) -> Vec<u8> {
    let drawn = |(version, text): &(i16, String)| {
        QrCode::with_version(text, Version::Normal(*version), EcLevel::L).expect("it fits")
    };
    let drawn: Vec<QrCode> = symbols.iter().map(drawn).collect();
    let side = |code: &QrCode| code.width() + 2 * QUIET;
    let width: usize = drawn.iter().map(side).sum();
    let height = drawn.iter().map(side).max().expect("there is one");
    let size = |modules: usize| u32::try_from(modules * module).expect("it is small");
    let mut picture = GrayImage::from_pixel(size(width), size(height), Luma([255]));
    let mut left = 0;
    for code in &drawn {
        let modules = (0..code.width()).flat_map(|y| (0..code.width()).map(move |x| (x, y)));
        for (x, y) in modules.filter(|at| code[*at] == Color::Dark) {
            let (x, y) = (size(left + x + QUIET), size(y + QUIET));
            for (dx, dy) in (0..size(1)).flat_map(|dy| (0..size(1)).map(move |dx| (dx, dy))) {
                picture.put_pixel(x + dx, y + dy, Luma([0]));
            }
        }
        left += side(code);
    }
    let mut file = Cursor::new(Vec::new());
    let written = picture.write_to(&mut file, ImageFormat::Png);
    written.expect("a picture can be written to memory");
    file.into_inner()
}

fn reads(symbols: &[(i16, String)], module: usize) -> bool {
    let found = verify::scan::texts(&picture(symbols, module)).expect("a picture");
    let is_found = |text| found.iter().any(|it| it.as_str() == text);
    symbols.iter().all(|(_, text)| is_found(text))
}

/// So many digits that a symbol of this version is full, others for each number.
fn full(version: i16, number: usize) -> String {
    let bits = Bits::new(Version::Normal(version)).max_len(EcLevel::L);
    // Ten bits hold three digits; their mode and count come first.
    let most = (bits.expect("a version") - 18) / 10 * 3;
    let digits = (0..).flat_map(|n: usize| (number * 7 + n * n).to_string().into_bytes());
    digits.map(char::from).take(most).collect()
}

/// At one dot a module some of the larger ones read in double the size alone.
#[test]
fn a_certificates_symbol_reads_at_a_dot_a_module() {
    for version in 20..=30 {
        for number in 0..4 {
            let symbol = (version, full(version, number));
            assert!(reads(&[symbol], 1), "version {version}, text {number}");
        }
    }
}

#[test]
fn larger_symbols_read_at_two_dots_a_module() {
    for version in 31..=40 {
        let symbol = (version, full(version, 1));
        assert!(reads(&[symbol], 2), "version {version}");
    }
}

/// A certificate's for Japan and its for abroad; those of three certificates.
#[test]
fn several_read_at_two_dots_a_module() {
    for versions in [&[22, 27][..], &[22, 30], &[22, 22, 22]] {
        let numbered = versions.iter().zip(0..);
        let symbols: Vec<_> = numbered.map(|(it, n)| (*it, full(*it, n))).collect();
        assert!(reads(&symbols, 2), "versions {versions:?}");
    }
}
