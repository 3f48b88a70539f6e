//! The look that is enough for every page of ours: the symbols are, module by module, those of the expected texts.
//!
//! ```text
//! dense place ── edges ── finder's top ── modules ── format ── encode the text that way ── every module the same?
//! rest of the page, coarsely ── no code is read there?
//! ```
//! What is expected is known to the last bit, so nothing is decoded and no error corrected: a symbol with one other module is none,
//! and another symbol cannot hide in one. A page that is not explained so to its last dense place is not handed over.

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use hayro::hayro_syntax::page::Page;
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::{EcLevel, QrResult, Version, ec};
use symbols::Work;
use zeroize::Zeroizing;

use super::drawing::{Drawing, TooMuch};
use super::raster::{self, Area, COARSE, Cells, Painter, Raster, clusters, rounded, scaled};

/// Resolution at which modules are compared: those of our pages are whole dots.
const FINE: f32 = 300.0;
/// Resolution of the look at the whole page. A module of 0.8 mm has three dots, which the decoder reads; a symbol of smaller ones is
/// dense.
const WHOLE: f32 = 100.0;
/// Resolution of the look at what is dense and no symbol of an expected text: a heading. What is not read at three dots a module,
/// 0.19 mm, is not read from paper.
const LETTERS: f32 = 400.0;
/// Dense cells of it from top to bottom, those at the edges not counted.
const FEW: usize = 4;
/// Side of a cell in dots at [`WHOLE`]: 2 mm.
const CELL: usize = 8;
/// From this many percent of ink on, a cell could be part of a symbol, half of which is ink. Text has less.
const DENSE: usize = 30;
/// For each look where there should be no code, in millions ([`Work`]): a page of ours has hardly anything that seems one.
const FOR_A_LOOK: u64 = 12;
/// Modules of light around a symbol (ISO/IEC 18004).
const QUIET: f32 = 4.0;
/// Darker is dark without doubt.
const DARK: u8 = 64;
/// Lighter is light without doubt.
const LIGHT: u8 = 191;
/// Darker is more dark than light.
const MIDDLE: u8 = 128;

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// Whether each of the texts is there, and nothing on the page could be a code besides.
///
/// # Errors
/// [`TooMuch`]
pub(super) fn explains(page: &Page<'_>, expected: &[&str], whole: Area) -> Result<bool, TooMuch> {
    let drawing = Drawing::of(page)?;
    Ok(drawing.is_some_and(|it| are_all_there_is(&it, expected, whole)))
}

fn are_all_there_is(drawing: &Drawing, expected: &[&str], whole: Area) -> bool {
    let mut page = drawing.rasterise_together(whole, WHOLE);
    let mut read = vec![false; expected.len()];
    let mut unexplained: Vec<Area> = Vec::new();
    for cells in clusters(&page, CELL, DENSE) {
        // Smaller than a symbol of what a certificate says can be: not worth a look for one.
        if cells.are_few() {
            join(&mut unexplained, cells.area(whole, CELL, COARSE / WHOLE));
        } else if let Some((which, place)) = symbol(drawing, expected, whole, cells) {
            read[which] = true;
            place.scaled(WHOLE / FINE).blank(&mut page);
        } else {
            return false;
        }
    }
    if !read.iter().all(|read| *read) {
        return false;
    }
    thread::scope(|scope| {
        let helper = scope.spawn(|| any_code(page));
        let letters = unexplained
            .into_iter()
            .any(|area| any_code(drawing.rasterise(area, LETTERS)));
        let elsewhere = helper.join();
        !letters && !elsewhere.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

impl Cells {
    /// As little as a heading in bold letters makes dense, and a symbol of at most 14 mm.
    const fn are_few(self) -> bool {
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        width <= FEW || height <= FEW
    }
}

/// Takes in an area, as one with those it overlaps.
fn join(areas: &mut Vec<Area>, mut area: Area) {
    while let Some(at) = areas.iter().position(|other| other.overlaps(area)) {
        area = areas.swap_remove(at).and(area);
    }
    areas.push(area);
}

/// Whether the decoder reads anything, or breaks, which may hide anything.
fn any_code(mut page: Raster) -> bool {
    let grey = std::mem::take(&mut *page.grey);
    let codes = symbols::codes(page.width, grey, &mut Work::millions(FOR_A_LOOK));
    !codes.is_ok_and(|codes| codes.iter().all(|code| code.text.is_none()))
}

/// Dots of a raster, half open.
#[derive(Clone, Copy)]
struct Place {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Place {
    fn scaled(self, by: f32) -> Self {
        let [left, top, right, bottom] =
            [self.left, self.top, self.right, self.bottom].map(|dots| scaled(dots, by));
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    /// Its middle, half as wide and half as high.
    const fn middle(self) -> Self {
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        Self {
            left: self.left + width / 4,
            top: self.top + height / 4,
            right: self.right - width / 4,
            bottom: self.bottom - height / 4,
        }
    }

    /// Grows until there is a line without ink on each side.
    fn grown(mut self, raster: &Raster) -> Option<Self> {
        let height = raster.grey.len() / raster.width;
        let inked = |xs: Range<usize>, ys: Range<usize>| {
            let mut rows = ys.map(|y| &raster.grey[y * raster.width..][xs.clone()]);
            rows.any(|row| row.iter().any(|grey| *grey < MIDDLE))
        };
        loop {
            let Self {
                left,
                top,
                right,
                bottom,
            } = self;
            if left == 0 || top == 0 || right == raster.width || bottom == height {
                return None;
            }
            if inked(left - 1..left, top..bottom) {
                self.left -= 1;
            } else if inked(right..right + 1, top..bottom) {
                self.right += 1;
            } else if inked(left..right, top - 1..top) {
                self.top -= 1;
            } else if inked(left..right, bottom..bottom + 1) {
                self.bottom += 1;
            } else {
                return Some(self);
            }
        }
    }

    /// Wipes it out, and what is left of its edges.
    fn blank(self, raster: &mut Raster) {
        let height = raster.grey.len() / raster.width;
        let xs = self.left.saturating_sub(1)..(self.right + 1).min(raster.width);
        for y in self.top.saturating_sub(1)..(self.bottom + 1).min(height) {
            raster.grey[y * raster.width..][xs.clone()].fill(u8::MAX);
        }
    }
}

/// The text whose symbol is there and nothing else, and where on the page it is in dots at [`FINE`].
fn symbol(
    drawing: &Drawing,
    expected: &[&str],
    whole: Area,
    cells: Cells,
) -> Option<(usize, Place)> {
    let area = cells.area(whole, CELL, COARSE / WHOLE);
    let raster = drawing.rasterise(area, FINE);
    let [left, top] = [area.left, area.top].map(|dots| scaled(dots, FINE / COARSE));
    let inner = Place {
        left: cells.left * CELL,
        top: cells.top * CELL,
        right: cells.right * CELL,
        bottom: cells.bottom * CELL,
    };
    let mut inner = inner.scaled(FINE / WHOLE).middle();
    inner = Place {
        left: inner.left.checked_sub(left)?,
        top: inner.top.checked_sub(top)?,
        right: inner.right.checked_sub(left)?.min(raster.width - 1),
        bottom: inner
            .bottom
            .checked_sub(top)?
            .min(raster.grey.len() / raster.width - 1),
    };
    let place = inner.grown(&raster)?;
    let modules = Modules::of(&raster, place)?;
    let mut expected = expected.iter();
    let which = expected.position(|text| modules.say(text))?;
    let place = Place {
        left: left + place.left,
        top: top + place.top,
        right: left + place.right,
        bottom: top + place.bottom,
    };
    Some((which, place))
}

/// The modules of what could be a symbol.
struct Modules {
    version: i16,
    width: i16,
    dark: Zeroizing<Vec<bool>>,
}

impl Modules {
    /// Reads the modules, if all are without doubt, without colour, and with a quiet zone around them.
    fn of(raster: &Raster, place: Place) -> Option<Self> {
        let Place {
            left,
            top,
            right,
            bottom,
        } = place;
        let (side, height) = (right - left, bottom - top);
        // The upper edge of the first finder pattern: seven modules.
        let edge = raster.grey[(top + 1) * raster.width..][left..right].iter();
        let finder = edge.take_while(|grey| **grey < MIDDLE).count();
        if side.abs_diff(height) > 1 || finder < 21 {
            return None;
        }
        let version = ((side * 7).div_ceil(finder).checked_sub(17)? + 2) / 4;
        let version = i16::try_from(version)
            .ok()
            .filter(|v| (1..=40).contains(v))?;
        let width = 17 + 4 * version;
        let module = side as f32 / f32::from(width);
        if !is_quiet(raster, place, rounded(module * QUIET)) || has_colour(raster, place) {
            return None;
        }
        // The middle of each module, in both directions.
        let middle = |from: usize| {
            (0..width).map(move |n| {
                let at = |part: f32| rounded(from as f32 + (f32::from(n) + part) * module);
                at(0.3)..at(0.7).max(at(0.3) + 1)
            })
        };
        let mut dark = Zeroizing::new(Vec::with_capacity(usize::from(width.unsigned_abs()).pow(2)));
        for ys in middle(top) {
            for xs in middle(left) {
                let mut dots = ys
                    .clone()
                    .flat_map(|y| &raster.grey[y * raster.width..][xs.clone()]);
                let is_dark = *dots.clone().next()? < DARK;
                if !dots.all(|grey| if is_dark { *grey < DARK } else { *grey > LIGHT }) {
                    return None;
                }
                dark.push(is_dark);
            }
        }
        Some(Self {
            version,
            width,
            dark,
        })
    }

    fn is_dark(&self, x: i16, y: i16) -> bool {
        let at = i32::from(y) * i32::from(self.width) + i32::from(x);
        usize::try_from(at).is_ok_and(|at| self.dark.get(at) == Some(&true))
    }

    /// Whether they are those of a text, at the level and under the mask that they name (ISO/IEC 18004, 7.9).
    fn say(&self, text: &str) -> bool {
        let format =
            (0..5).fold(0, |bits, x| bits << 1 | usize::from(self.is_dark(x, 8))) ^ 0b10101;
        let level = [EcLevel::M, EcLevel::L, EcLevel::H, EcLevel::Q][format >> 3];
        let mask = MASKS[format & 0b111];
        let Ok(canvas) = encode(text, Version::Normal(self.version), level, mask) else {
            return false;
        };
        let mut places = (0..self.width).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        places.all(|(x, y)| canvas.get(x, y).is_dark() == self.is_dark(x, y))
    }
}

/// The symbol of a text: the digits of a health card by themselves, as it has to be; everything else as bytes.
fn encode(text: &str, version: Version, level: EcLevel, mask: MaskPattern) -> QrResult<Canvas> {
    let (bytes, digits) = text.split_at(if text.starts_with("shc:/") {
        5
    } else {
        text.len()
    });
    let mut bits = Bits::new(version);
    bits.push_byte_data(bytes.as_bytes())?;
    if !digits.is_empty() {
        bits.push_numeric_data(digits.as_bytes())?;
    }
    bits.push_terminator(level)?;
    let codewords = Zeroizing::new(bits.into_bytes());
    let (data, correction) = ec::construct_codewords(&codewords, version, level)?;
    let (data, correction) = (Zeroizing::new(data), Zeroizing::new(correction));
    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(mask);
    Ok(canvas)
}

/// Whether there is light alone around a place. The dots next to it may have some of its ink.
fn is_quiet(raster: &Raster, place: Place, reach: usize) -> bool {
    let height = raster.grey.len() / raster.width;
    let Place {
        left,
        top,
        right,
        bottom,
    } = place;
    if left < reach || top < reach || right + reach > raster.width || bottom + reach > height {
        return false;
    }
    let xs = left - reach..right + reach;
    let light = |y: usize, xs: Range<usize>| {
        raster.grey[y * raster.width..][xs]
            .iter()
            .all(|grey| *grey > LIGHT)
    };
    let above_and_below = (top - reach..top - 1).chain(bottom + 1..bottom + reach);
    let mut beside = top..bottom;
    above_and_below.into_iter().all(|y| light(y, xs.clone()))
        && beside.all(|y| light(y, xs.start..left - 1) && light(y, right + 1..xs.end))
}

fn has_colour(raster: &Raster, place: Place) -> bool {
    let columns = raster.width.div_ceil(raster::CELL);
    let cells = |from: usize, to: usize| from / raster::CELL..=(to - 1) / raster::CELL;
    let mut rows = cells(place.top, place.bottom);
    rows.any(|y| cells(place.left, place.right).any(|x| raster.coloured[y * columns + x]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symbol that the decoder breaks at: what fills it has finder patterns in it.
    fn breaking() -> Raster {
        const QUIET: usize = 4;
        let text: String = (1..40).map(|n| (7 + n * n).to_string()).collect();
        let version = qrcode::Version::Normal(37);
        let code = qrcode::QrCode::with_version(text, version, qrcode::EcLevel::L).unwrap();
        let width = 2 * (code.width() + 2 * QUIET);
        let dot = |n: usize| {
            let module = |at: usize| (at / 2).checked_sub(QUIET).filter(|it| *it < code.width());
            let dark = module(n % width).zip(module(n / width));
            let is_dark = dark.is_some_and(|at| code[at] == qrcode::Color::Dark);
            if is_dark { 0 } else { 255 }
        };
        Raster {
            width,
            grey: Zeroizing::new((0..width * width).map(dot).collect()),
            coloured: Zeroizing::default(),
        }
    }

    #[test]
    fn what_breaks_the_decoder_may_hide_a_code() {
        assert!(any_code(breaking()));
    }
}
