//! Small pictures, as programs draw them: what is on them reads.

mod drawn;

use image::ImageFormat;
use qrcode::bits::Bits;
use qrcode::{EcLevel, QrCode, Version};

/// Whether symbols of these versions, with these texts, all read.
fn reads(symbols: &[(i16, String)], module: usize) -> bool {
    let drawn = symbols.iter().map(|(version, text)| {
        QrCode::with_version(text, Version::Normal(*version), EcLevel::L).expect("it fits")
    });
    let picture = drawn::picture(&drawn.collect::<Vec<_>>(), module);
    let file = drawn::encoded(&picture, ImageFormat::Png);
    let found = verify::scan::texts(&file).expect("a picture");
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
