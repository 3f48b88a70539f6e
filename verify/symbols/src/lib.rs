//! QR codes in a picture in grey, read with bounded work.
//!
//! Reading is `rqrr`'s. Any three finder patterns may be those of one code, seen from the side, and it looks for the fourth corner as far away as
//! that would have it: for many seconds, of a picture of 300 dots a side, or its sums overflow. So it is given a picture that
//! counts how often it is asked for a dot or its size, and how many finder patterns there are, and ends the look when that was too much ([`Work`]). Correcting errors is not counted: it takes less.

mod counted;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use image::GrayImage;
use rqrr::PreparedImage;
use zeroize::Zeroizing;

use counted::Counted;

/// Asked for each dot by a look at noise of any kind, as long as there is nothing like a code in it.
const FOR_A_DOT: u64 = 8;

/// How often the decoder may still ask, beyond eight times for every dot: several looks may share it. For a look at a symbol it asks 6.5 million
/// times (version 22), 9 (version 30) or 12 million times (version 40), whether it reads or not and whatever its size on the picture. A million
/// of that take some four milliseconds. The n-th finder pattern is counted as n³ times, since each is compared with every two.
#[derive(Debug)]
pub struct Work(u64);

impl Work {
    /// So many million.
    #[must_use]
    pub const fn millions(count: u64) -> Self {
        Self(count * 1_000_000)
    }

    /// What is left of it.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.0
    }
}

/// What looked like a code.
pub struct Code {
    /// What it says; nothing where it does not read.
    pub text: Option<Zeroizing<String>>,
    /// Column and row of its corners, which may lie outside.
    pub corners: [(i32, i32); 4],
}

/// There was more work than there may be, or the decoder failed: what codes there are is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decoder did not come to an end")]
pub struct Broken;

/// What looks like codes on a picture of this width, of which these are the dots, row by row: 0 is black.
///
/// # Errors
/// [`Broken`]; for a picture with an incomplete row, too.
pub fn codes(width: usize, dots: Vec<u8>, work: &mut Work) -> Result<Vec<Code>, Broken> {
    let count = u64::try_from(dots.len()).map_err(|_| Broken)?;
    let height = dots.len().checked_div(width).ok_or(Broken)?;
    if height * width != dots.len() {
        return Err(Broken);
    }
    let [width, height] = [width, height].map(u32::try_from);
    let (width, height) = width.ok().zip(height.ok()).ok_or(Broken)?;
    let picture = GrayImage::from_raw(width, height, dots).ok_or(Broken)?;
    let left = Rc::new(Cell::new(work.0.saturating_add(count * FOR_A_DOT)));
    let counted = Counted::new(picture, &left);
    let found = catch_unwind(AssertUnwindSafe(|| look(counted)));
    work.0 = work.0.min(left.get());
    found.map_err(|_| Broken)
}

fn look(picture: Counted) -> Vec<Code> {
    let mut image = PreparedImage::prepare(picture);
    let grids = image.detect_grids();
    let code = |grid: &rqrr::Grid<_>| Code {
        text: grid.decode().ok().map(|(_, text)| Zeroizing::new(text)),
        corners: grid.bounds.map(|corner| (corner.x, corner.y)),
    };
    grids.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use qrcode::{Color, EcLevel, QrCode, Version};

    use super::*;

    const QUIET: usize = 4;

    /// A symbol with these digits, two dots a module.
    fn drawn(version: i16, digits: &str) -> (usize, Vec<u8>) {
        let code = QrCode::with_version(digits, Version::Normal(version), EcLevel::L).unwrap();
        let width = 2 * (code.width() + 2 * QUIET);
        let dot = |n: usize| {
            let module = |at: usize| (at / 2).checked_sub(QUIET).filter(|it| *it < code.width());
            let dark = module(n % width).zip(module(n / width));
            let is_dark = dark.is_some_and(|at| code[at] == Color::Dark);
            if is_dark { 0 } else { 255 }
        };
        (width, (0..width * width).map(dot).collect())
    }

    /// What fills it has finder patterns in it: three of them are no code's.
    fn misleading() -> (usize, Vec<u8>) {
        drawn(37, "151823303950637895")
    }

    #[test]
    fn a_symbol_takes_what_is_said_of_its_version_whether_it_reads_or_not() {
        for (version, hundred_thousands) in [(22, 66), (30, 92), (40, 123)] {
            let all = hundred_thousands * 100_000;
            let (width, dots) = drawn(version, "12345678");
            let mut damaged = dots.clone();
            let middle = width / 3..width * 2 / 3;
            for row in middle.clone() {
                let part = &mut damaged[row * width..][middle.clone()];
                part.iter_mut().for_each(|dot| *dot = !*dot);
            }
            for (dots, text) in [(dots, Some("12345678")), (damaged, None)] {
                let mut work = Work(all);
                let found = codes(width, dots, &mut work).unwrap();
                let said = found[0].text.as_ref().map(|text| text.as_str());
                assert_eq!(said, text, "version {version}");
                assert!(work.0 < all / 5, "version {version}: {} left", work.0);
            }
        }
    }

    #[test]
    fn sums_that_overflow_are_no_crash() {
        let (width, dots) = misleading();
        let mut work = Work::millions(18);
        assert_eq!(codes(width, dots, &mut work).err(), Some(Broken));
        assert_ne!(work.0, 0, "it is ended by another look");
    }

    /// Without a bound it takes from seconds on.
    #[test]
    fn what_would_not_end_is_ended() {
        let (width, mut dots) = misleading();
        dots[100 * width..102 * width].fill(255);
        let mut work = Work::millions(18);
        assert_eq!(codes(width, dots, &mut work).err(), Some(Broken));
        assert_eq!(work.0, 0);
    }

    /// All lie right to each other, at any distance.
    #[test]
    fn a_lattice_of_finder_patterns_is_left_alone() {
        const RINGS: [u8; 7] = [
            0b111_1111, 0b100_0001, 0b101_1101, 0b101_1101, 0b101_1101, 0b100_0001, 0b111_1111,
        ];
        let dot = |n: usize| {
            let (x, y) = (n % 900 % 8, n / 900 % 8);
            let is_dark = RINGS.get(y).is_some_and(|row| x < 7 && row >> x & 1 == 1);
            if is_dark { 0 } else { 255 }
        };
        let mut work = Work::millions(64);
        let broken = codes(900, (0..900 * 900).map(dot).collect(), &mut work);
        assert_eq!(broken.err(), Some(Broken));
    }

    #[test]
    fn looks_share_their_work() {
        let (width, dots) = drawn(22, "12345678");
        let mut work = Work::millions(10);
        assert!(codes(width, dots.clone(), &mut work).is_ok());
        assert_eq!(codes(width, dots, &mut work).err(), Some(Broken));
    }

    #[test]
    fn what_is_no_picture_has_no_codes_to_be_known() {
        let mut work = Work::millions(1);
        assert!(codes(3, vec![0; 8], &mut work).is_err());
        assert!(codes(0, Vec::new(), &mut work).is_err());
        assert!(codes(4, vec![0; 8], &mut work).unwrap().is_empty());
    }
}
