//! Documents (PDF) written by hand, object by object. Of this file alone `fuzz-targets` makes a module of its own, since libFuzzer's programs need no
//! library that draws.

#![allow(unreachable_pub, reason = "a module of two packages")]

/// A document of these objects, numbered from 1: the first is its catalog.
#[must_use]
pub fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let count = objects.len() + 1;
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {count}\n0000000000 65535 f \n");
    for (number, object) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf.extend(format!("{number} 0 obj\n").into_bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let start = pdf.len();
    let end = format!("{table}trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF");
    pdf.extend(end.into_bytes());
    pdf
}

/// An object that is a stream, with what else its dictionary says.
#[must_use]
pub fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let begin = format!("<<{dictionary}/Length {}>>stream\n", content.len());
    [begin.as_bytes(), content, b"\nendstream"].concat()
}

/// An object that is a symbol's stencil, so many modules wide, with what else its dictionary says. Row by row: where a bit is 0 there is ink.
#[must_use]
pub fn stencil(width: usize, is_dark: impl Fn(usize, usize) -> bool, besides: &str) -> Vec<u8> {
    let bytes = (0..width).flat_map(|y| (0..width).step_by(8).map(move |x| (x, y)));
    let is_light = |x, y| x >= width || !is_dark(x, y);
    let samples = bytes.map(|(first, y)| {
        (first..first + 8).fold(0, |byte, x| byte << 1 | u8::from(is_light(x, y)))
    });
    let dictionary = format!(
        "/Type/XObject/Subtype/Image/Width {width}/Height {width}/ImageMask true/BitsPerComponent 1{besides}"
    );
    stream(&dictionary, &samples.collect::<Vec<u8>>())
}
