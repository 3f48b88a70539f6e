//! The QR symbol of a SMART Health Card: byte segment `shc:/`, then a numeric segment with two digits for each
//! character of the JWS (its code − 45); level L, version 22 at most, one chunk.
//!
//! Bits, error correction and the way codewords run over the symbol are the crate `qrcode`'s. Choosing the mask is not: scored
//! module by module it costs more than everything else of a certificate together. Here a row is one `u128` (bit x =
//! column x), a masked symbol is the data `xor` a frame made once per version and mask, and a penalty is a few shifts and
//! a count of bits a row.

use std::sync::OnceLock;

use qrcode::{
    EcLevel, Version,
    bits::Bits,
    canvas::{Canvas, MaskPattern, Module},
    ec,
    types::{Color, Mode},
};
use zeroize::Zeroizing;

use super::shc::Jws;

mod penalty;
#[cfg(test)]
mod tests;

use penalty::penalty;

const PREFIX: &[u8] = b"shc:/";
const MAX_VERSION: i16 = 22;
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
    rows: Zeroizing<Vec<u128>>,
}

/// The JWS does not fit into a symbol of version 22. [`Jws`] only ever holds what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too large for one QR symbol")]
pub struct TooLarge;

impl Symbol {
    /// The symbol of a health card, in the smallest version that holds it.
    ///
    /// # Errors
    /// It does not fit.
    pub fn of(jws: &Jws) -> Result<Self, TooLarge> {
        Self::encode(jws.expose())
    }

    /// Modules a side.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether the module of this column and row is dark; nothing outside is.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width && self.rows.get(y).is_some_and(|row| row >> x & 1 == 1)
    }

    fn encode(jws: &str) -> Result<Self, TooLarge> {
        let digits = digits(jws)?;
        let number = version_for(digits.len()).ok_or(TooLarge)?;
        let version = Version::Normal(number);
        let frame = frame(number);
        let codewords = codewords(&digits, version).map_err(|_| TooLarge)?;
        let mut canvas = frame.canvas.clone();
        canvas.draw_data(&codewords.0, &codewords.1);
        let is_dark_data = |module| module == Module::Unmasked(Color::Dark);
        let data = Sides::of(rows(&canvas, version.width(), is_dark_data));
        let masked = frame.masked.iter().map(|mask| mask.xor(&data));
        let best = masked.min_by_key(|symbol| penalty(&symbol.rows, &symbol.columns));
        let best = best.expect("there are eight masks");
        Ok(Self {
            width: best.rows.len(),
            rows: best.rows,
        })
    }
}

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

/// The smallest version whose data codewords hold both segments.
fn version_for(digits: usize) -> Option<i16> {
    (1..=MAX_VERSION).find(|number| {
        let version = Version::Normal(*number);
        let segment = |mode: Mode, characters| {
            MODE_INDICATOR + mode.length_bits_count(version) + mode.data_bits_count(characters)
        };
        let needed = segment(Mode::Byte, PREFIX.len()) + segment(Mode::Numeric, digits);
        let held = Bits::new(version).max_len(EcLevel::L);
        held.is_ok_and(|held| needed <= held)
    })
}

type Codewords = (Vec<u8>, Vec<u8>);

fn codewords(digits: &[u8], version: Version) -> qrcode::QrResult<Codewords> {
    let mut bits = Bits::new(version);
    bits.push_byte_data(PREFIX)?;
    bits.push_numeric_data(digits)?;
    bits.push_terminator(EcLevel::L)?;
    let bytes = Zeroizing::new(bits.into_bytes());
    ec::construct_codewords(&bytes, version, EcLevel::L)
}

/// What all symbols of one version share.
struct Frame {
    /// Function patterns, no data yet.
    canvas: Canvas,
    /// The symbol whose data bits are all light, under each mask, format information included.
    masked: Vec<Sides>,
}

fn frame(number: i16) -> &'static Frame {
    static FRAMES: [OnceLock<Frame>; MAX_VERSION as usize] =
        [const { OnceLock::new() }; MAX_VERSION as usize];
    let slot = usize::try_from(number - 1).expect("versions start at 1");
    FRAMES[slot].get_or_init(|| Frame::new(Version::Normal(number)))
}

impl Frame {
    fn new(version: Version) -> Self {
        let mut canvas = Canvas::new(version, EcLevel::L);
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
