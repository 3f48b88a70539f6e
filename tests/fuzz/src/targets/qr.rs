//! QR symbols as a camera gives them: dots in, texts out, and what a verifier makes of those.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, EcLevel, QrCode, Version};
use verify::{Kind, TrustList};

use super::documents;

/// Dots of a module's side.
const MODULE: u32 = 2;
/// Modules of white around a symbol.
const QUIET: u32 = 4;
/// Modules a side of the largest symbol there is.
const LARGEST: u32 = 177;

/// Reads what is on the picture; whatever is believed is a specimen. The first byte is the symbol's version, then come its modules by rows, a bit each.
pub(super) fn body(input: &[u8]) {
    let Some((version, modules)) = input.split_first() else {
        return;
    };
    let side = (17 + 4 * (u32::from(*version) % 41)).min(LARGEST);
    let dots = (side + 2 * QUIET) * MODULE;
    let picture = GrayImage::from_fn(dots, dots, |x, y| {
        let module = |dot: u32| (dot / MODULE).checked_sub(QUIET).filter(|it| *it < side);
        let dark = module(x).zip(module(y)).is_some_and(|(x, y)| {
            let bit = (y * side + x) as usize;
            let byte = modules.get(bit / 8).copied().unwrap_or_default();
            byte >> (bit % 8) & 1 == 1
        });
        Luma([if dark { 0 } else { 255 }])
    });
    let mut png = Cursor::new(Vec::new());
    picture
        .write_to(&mut png, ImageFormat::Png)
        .expect("a picture can be written to memory");
    let texts = verify::scan::texts(png.get_ref()).expect("a picture that was just written");
    let trust: &TrustList = documents::trust();
    for document in verify::read(texts.iter().map(|text| text.as_str())) {
        let report = trust.judge(&document, documents::NOW);
        let believed = report.signer.is_some() && report.kind == Kind::HealthCard;
        let genuine = || texts.iter().any(|text| documents::is_specimen(text));
        assert!(!believed || genuine(), "signed by nobody, and believed");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let texts = documents::numeric_specimens();
    let texts = texts
        .iter()
        .map(String::as_str)
        .chain(["shc:/", "", "https://example.org"]);
    let smallest =
        texts.filter_map(|text| QrCode::with_error_correction_level(text, EcLevel::L).ok());
    // What fills it has finder patterns in it: rqrr's sums overflow, or it goes on for seconds.
    let misleading = QrCode::with_version("151823303950637895", Version::Normal(37), EcLevel::L);
    smallest.chain(misleading).filter_map(input).collect()
}

fn input(code: QrCode) -> Option<Vec<u8>> {
    let version = u8::try_from((code.width() - 17) / 4).ok()?;
    let mut modules = vec![0; (code.width() * code.width()).div_ceil(8)];
    for (bit, color) in code.to_colors().iter().enumerate() {
        if *color == Color::Dark {
            modules[bit / 8] |= 1 << (bit % 8);
        }
    }
    Some([&[version], modules.as_slice()].concat())
}
