//! Small pictures, as programs draw them: what is on them reads.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::bits::Bits;
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode, Version};
use zeroize::Zeroizing;

/// Modules of white around a symbol.
const QUIET: usize = 4;

/// A symbol of this version with some digits, so many dots a module, as a PNG.
fn picture(version: i16, text: &str, module: usize) -> Vec<u8> {
    let code = QrCode::with_version(text, Version::Normal(version), EcLevel::L).expect("it fits");
    let (side, colors) = (code.width(), code.to_colors());
    let dots = u32::try_from((side + 2 * QUIET) * module).expect("it is small");
    let picture = GrayImage::from_fn(dots, dots, |x, y| {
        let module = |dot: u32| (dot as usize / module).checked_sub(QUIET);
        let is_dark = module(x)
            .zip(module(y))
            .is_some_and(|(x, y)| x < side && y < side && colors[y * side + x] == Color::Dark);
        Luma([if is_dark { 0 } else { 255 }])
    });
    let mut file = Cursor::new(Vec::new());
    let written = picture.write_to(&mut file, ImageFormat::Png);
    written.expect("a picture can be written to memory");
    file.into_inner()
}

fn read(version: i16, text: &str, module: usize) -> Vec<Zeroizing<String>> {
    verify::scan::texts(&picture(version, text, module)).expect("a picture")
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
            let text = full(version, number);
            let read = read(version, &text, 1);
            assert!(
                read.iter().any(|it| **it == text),
                "version {version}, text {number}"
            );
        }
    }
}

/// One look is enough for what is drawn with two: there is no work left for a second.
#[test]
fn larger_symbols_read_at_two_dots_a_module() {
    for version in 31..=40 {
        let text = full(version, 1);
        let read = read(version, &text, 2);
        assert!(read.iter().any(|it| **it == text), "version {version}");
    }
}
