//! The center's page, as a terminal reads it: a PDF that says whatever a center says.

use terminal::handover::explains;

/// Small letters: one segment of bytes, however it is encoded.
const TEXT: &str = "a code that is on the page, in small letters and nothing else";
const OTHER: &str = "a code that is on no page, in small letters and nothing besides";
/// A module's side in tenths of a point: twenty dots of three hundred an inch, as all that is drawn here lies on whole dots.
const MODULE: usize = 48;

/// Whatever the page is, it shows no code that is nowhere on it.
pub(super) fn body(input: &[u8]) {
    assert!(!explains(input, &[OTHER]), "a code that is not there");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [Some(TEXT), None].map(page).into()
}

/// A page with a symbol, drawn module by module, or with nothing.
fn page(text: Option<&str>) -> Vec<u8> {
    use std::fmt::Write;

    let mut drawn = String::from("0.1 0 0 0.1 0 0 cm 0 g\n");
    if let Some(code) = text.and_then(|text| qrcode::QrCode::new(text).ok()) {
        for (place, color) in code.to_colors().into_iter().enumerate() {
            if color == qrcode::Color::Dark {
                let (x, y) = (place % code.width(), place / code.width());
                let (x, y) = (960 + x * MODULE, 6000 - y * MODULE);
                // A string takes everything.
                let _ = writeln!(drawn, "{x} {y} {MODULE} {MODULE} re f");
            }
        }
    }
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 840]/Resources<<>>/Contents 4 0 R>>".to_owned(),
        format!("<</Length {}>>stream\n{drawn}\nendstream", drawn.len()),
    ];
    let mut pdf = String::from("%PDF-1.7\n");
    let mut table = String::from("xref\n0 5\n0000000000 65535 f \n");
    for (number, object) in (1..).zip(objects) {
        let _ = writeln!(table, "{:010} 00000 n ", pdf.len());
        let _ = writeln!(pdf, "{number} 0 obj\n{object}\nendobj");
    }
    let start = pdf.len();
    let _ = write!(
        pdf,
        "{table}trailer<</Size 5/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    );
    pdf.into_bytes()
}
