//! The QR symbols of a certificate, each in the smallest version that holds it.
//!
//! | of | segments | level | version at most |
//! |---|---|---|---|
//! | SMART Health Card | bytes `shc:/`, then digits: two for each character of the JWS (its code − 45); one chunk | L | 22 |
//! | VDS-NC | bytes | M up to version 27, else L | 30; 27 but for seven doses of many products or with long lot numbers |
//!
//! Bits, error correction and the way codewords run over the symbol are the crate `qrcode`'s. Choosing the mask is not: scored
//! module by module it costs more than everything else of a certificate together. Here a row is one `u128` (bit x =
//! column x), a masked symbol is the data `xor` a frame made once per version and mask, and a penalty is a few shifts and
//! a count of bits a row. The few symbols that are wider have their mask from the crate.

use std::sync::OnceLock;

use qrcode::{
    EcLevel, Version,
    bits::Bits,
    canvas::{Canvas, MaskPattern, Module},
    ec,
    types::{Color, Mode},
};
use zeroize::Zeroizing;

use super::{shc::Jws, vdsnc::VdsNc};

mod penalty;
#[cfg(test)]
mod tests;

use penalty::penalty;

const PREFIX: &[u8] = b"shc:/";
const MAX_VERSION_SHC: i16 = 22;
/// A wider one has rows of more than 128 modules.
const USUAL_VERSION: i16 = 27;
const MAX_VERSION: i16 = 30;
const MODE_INDICATOR: usize = 4;

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

/// A finished symbol, without its quiet zone. Wiped when dropped: it says what the certificate says.
pub struct Symbol {
    width: usize,
    /// Row by row, each in as many words as it takes: bit x of its word n is column 128 n + x.
    words: Zeroizing<Vec<u128>>,
}

const WORD: usize = 128;

/// The text does not fit into a symbol of the version it may have. [`Jws`] and [`VdsNc`] only ever hold what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too large for one QR symbol")]
pub struct TooLarge;

impl Symbol {
    /// The symbol of a health card.
    ///
    /// # Errors
    /// It does not fit.
    pub fn of(jws: &Jws) -> Result<Self, TooLarge> {
        Self::health_card(jws.expose())
    }

    /// The symbol of a VDS-NC.
    ///
    /// # Errors
    /// It does not fit.
    pub fn of_seal(seal: &VdsNc) -> Result<Self, TooLarge> {
        let segments = [Segment(Mode::Byte, seal.expose().as_bytes())];
        Self::encode(&segments, EcLevel::M, USUAL_VERSION)
            .or_else(|_| Self::encode(&segments, EcLevel::L, MAX_VERSION))
    }

    /// Modules a side.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether the module of this column and row is dark; nothing outside is.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        if x.max(y) >= self.width {
            return false;
        }
        let word = self.words[y * self.width.div_ceil(WORD) + x / WORD];
        word >> (x % WORD) & 1 == 1
    }

    fn health_card(jws: &str) -> Result<Self, TooLarge> {
        let digits = digits(jws)?;
        let segments = [Segment(Mode::Byte, PREFIX), Segment(Mode::Numeric, &digits)];
        Self::encode(&segments, EcLevel::L, MAX_VERSION_SHC)
    }

    fn encode(segments: &[Segment<'_>], level: EcLevel, most: i16) -> Result<Self, TooLarge> {
        let number = version_for(segments, level, most).ok_or(TooLarge)?;
        let version = Version::Normal(number);
        let codewords = codewords(segments, version, level).map_err(|_| TooLarge)?;
        if number > USUAL_VERSION {
            return Ok(Self::wide(version, level, &codewords));
        }
        let frame = frame(number, level);
        let mut canvas = frame.canvas.clone();
        canvas.draw_data(&codewords.0, &codewords.1);
        let is_dark_data = |module| module == Module::Unmasked(Color::Dark);
        let data = Sides::of(rows(&canvas, version.width(), is_dark_data));
        let masked = frame.masked.iter().map(|mask| mask.xor(&data));
        let best = masked.min_by_key(|symbol| penalty(&symbol.rows, &symbol.columns));
        let best = best.expect("there are eight masks");
        Ok(Self {
            width: best.rows.len(),
            words: best.rows,
        })
    }

    fn wide(version: Version, level: EcLevel, codewords: &Codewords) -> Self {
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&codewords.0, &codewords.1);
        let canvas = canvas.apply_best_mask();
        let width = usize::from(version.width().unsigned_abs());
        let mut words = Zeroizing::new(vec![0; width * width.div_ceil(WORD)]);
        for (row, y) in words.chunks_mut(width.div_ceil(WORD)).zip(0..) {
            for (x, column) in (0..width).zip(0..) {
                row[x / WORD] |= u128::from(canvas.get(column, y).is_dark()) << (x % WORD);
            }
        }
        Self { width, words }
    }
}

/// A part of the text, in one mode: bytes, or digits.
#[derive(Clone, Copy)]
struct Segment<'a>(Mode, &'a [u8]);

/// Two digits a character: its code − 45, so from `-` (00) to `z` (77).
fn digits(jws: &str) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
    let mut digits = Zeroizing::new(Vec::with_capacity(jws.len() * 2));
    for byte in jws.bytes() {
        let value = byte.checked_sub(45).filter(|value| *value < 100);
        let value = value.ok_or(TooLarge)?;
        digits.extend([b'0' + value / 10, b'0' + value % 10]);
    }
    Ok(digits)
}

/// The smallest version whose data codewords hold all segments.
fn version_for(segments: &[Segment<'_>], level: EcLevel, most: i16) -> Option<i16> {
    (1..=most).find(|number| {
        let version = Version::Normal(*number);
        let needed = segments.iter().map(|Segment(mode, characters)| {
            let length = mode.length_bits_count(version);
            MODE_INDICATOR + length + mode.data_bits_count(characters.len())
        });
        let held = Bits::new(version).max_len(level);
        held.is_ok_and(|held| needed.sum::<usize>() <= held)
    })
}

type Codewords = (Vec<u8>, Vec<u8>);

fn codewords(
    segments: &[Segment<'_>],
    version: Version,
    level: EcLevel,
) -> qrcode::QrResult<Codewords> {
    let mut bits = Bits::new(version);
    for Segment(mode, characters) in segments {
        match mode {
            Mode::Numeric => bits.push_numeric_data(characters)?,
            _ => bits.push_byte_data(characters)?,
        }
    }
    bits.push_terminator(level)?;
    let bytes = Zeroizing::new(bits.into_bytes());
    ec::construct_codewords(&bytes, version, level)
}

/// What all symbols of one version and level share.
struct Frame {
    /// Function patterns, no data yet.
    canvas: Canvas,
    /// The symbol whose data bits are all light, under each mask, format information included.
    masked: Vec<Sides>,
}

fn frame(number: i16, level: EcLevel) -> &'static Frame {
    type Frames = [OnceLock<Frame>; USUAL_VERSION as usize];
    static LOW: Frames = [const { OnceLock::new() }; USUAL_VERSION as usize];
    static MEDIUM: Frames = [const { OnceLock::new() }; USUAL_VERSION as usize];
    let (frames, level) = match level {
        EcLevel::M => (&MEDIUM, EcLevel::M),
        // No symbol here is of another.
        _ => (&LOW, EcLevel::L),
    };
    let slot = usize::try_from(number - 1).expect("versions start at 1");
    frames[slot].get_or_init(|| Frame::new(Version::Normal(number), level))
}

impl Frame {
    fn new(version: Version, level: EcLevel) -> Self {
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        // What no codeword reaches (remainder bits) is light data to the mask: `qrcode` treats an empty module so.
        let masked = MASKS.iter().map(|mask| {
            let mut blank = canvas.clone();
            blank.apply_mask(*mask);
            Sides::of(rows(&blank, version.width(), Module::is_dark))
        });
        Self {
            masked: masked.collect(),
            canvas,
        }
    }
}

fn rows(canvas: &Canvas, width: i16, is_set: impl Fn(Module) -> bool) -> Zeroizing<Vec<u128>> {
    let row = |y| (0..width).fold(0, |row, x| row | u128::from(is_set(canvas.get(x, y))) << x);
    Zeroizing::new((0..width).map(row).collect())
}

/// A symbol both ways: row by row, and column by column.
struct Sides {
    rows: Zeroizing<Vec<u128>>,
    columns: Zeroizing<Vec<u128>>,
}

impl Sides {
    fn of(rows: Zeroizing<Vec<u128>>) -> Self {
        let columns = transpose(&rows);
        Self { rows, columns }
    }

    fn xor(&self, other: &Self) -> Self {
        let xor = |one: &[u128], two: &[u128]| {
            Zeroizing::new(one.iter().zip(two).map(|(one, two)| one ^ two).collect())
        };
        Self {
            rows: xor(&self.rows, &other.rows),
            columns: xor(&self.columns, &other.columns),
        }
    }
}

/// Bit x of row y becomes bit y of column x: blocks off the diagonal are exchanged, of 64 modules, 32 and so on down to 1.
fn transpose(rows: &[u128]) -> Zeroizing<Vec<u128>> {
    let mut square = Zeroizing::new([0u128; 128]);
    square[..rows.len()].copy_from_slice(rows);
    let mut size = 64;
    // Columns whose bit `size` is 0.
    let mut low = u128::MAX >> 64;
    while size > 0 {
        for y in (0..128).filter(|y| y & size == 0) {
            let exchange = (square[y] >> size ^ square[y + size]) & low;
            square[y] ^= exchange << size;
            square[y + size] ^= exchange;
        }
        size /= 2;
        low ^= low << size;
    }
    Zeroizing::new(square[..rows.len()].to_vec())
}
