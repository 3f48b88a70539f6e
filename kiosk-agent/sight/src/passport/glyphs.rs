//! The characters of the zone, in OCR-B (ISO 1073-2): what a cell looks most like.
//!
//! `glyphs.txt` is drawn from Debian's fonts-ocr-b, in the public domain, by `cargo run -p sight --example glyphs`.

use std::sync::LazyLock;

use super::strip::{BOTTOM, HEIGHT, PITCH, Strip, TOP};

/// Characters of the zone.
pub(super) const CHARACTERS: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// Rows of a glyph; capitals begin [`ABOVE`] below its first.
const ROWS: usize = 28;
const ABOVE: usize = 4;
const DOTS: usize = PITCH * ROWS;
/// How far a character may stand from where it should, in rows and columns.
const DOWN: usize = 2;
const SIDEWAYS: usize = 2;

const _: () =
    assert!(TOP - ABOVE >= DOWN && TOP - ABOVE + ROWS + DOWN <= HEIGHT && BOTTOM - TOP == 20);

/// How much a cell looks like each of [`CHARACTERS`]: correlation, 1 at most; and how soft the glyphs were.
#[derive(Clone, Copy)]
pub(super) struct Likeness {
    each: [f32; 37],
    softness: usize,
    /// Rows by which it stands lower than it should, where it looks most like something.
    pub(super) lower: f32,
}

/// What a cell is.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    pub(super) best: u8,
    /// How much it looks like that.
    pub(super) like: f32,
    /// The one that is hardest to rule out.
    pub(super) next: u8,
    /// How far it is from that one: about 1 if it is the best and nothing else, 0 in the middle between both.
    pub(super) margin: f32,
}

impl Likeness {
    /// How much it looks like what it looks most like.
    pub(super) fn best(&self) -> f32 {
        self.each.iter().copied().fold(0.0, f32::max)
    }

    /// Which of these it is.
    pub(super) fn judge(&self, among: impl Fn(u8) -> bool) -> Judged {
        let allowed = || (0..CHARACTERS.len()).filter(|at| among(CHARACTERS[*at]));
        let like = |at: &usize| self.each[*at];
        let best = allowed()
            .max_by(|a, b| like(a).total_cmp(&like(b)))
            .unwrap_or(0);
        let alike = &GLYPHS[self.softness].alike[best];
        let margin = |at: &usize| (self.each[best] - self.each[*at]) / (1.0 - alike[*at]).max(0.01);
        let others = allowed().filter(|at| *at != best);
        let next = others.min_by(|a, b| margin(a).total_cmp(&margin(b)));
        Judged {
            best: CHARACTERS[best],
            like: self.each[best],
            next: next.map_or(b'<', |next| CHARACTERS[next]),
            margin: next.map_or(1.0, |next| margin(&next)),
        }
    }
}

/// Compares a cell of a softened strip.
pub(super) fn likeness(strip: &Strip, column: usize, softness: usize) -> Likeness {
    let mut best = [0.0_f32; 37];
    let Some(left) = left_of(strip, column) else {
        return Likeness {
            each: best,
            softness,
            lower: 0.0,
        };
    };
    let glyphs = &GLYPHS[softness].glyphs;
    let (mut most, mut lower) = (0.0_f32, 0.0);
    let mut window = zeroize::Zeroizing::new([0.0_f32; DOTS]);
    for down in 0..=2 * DOWN {
        for right in 0..=2 * SIDEWAYS {
            let top = TOP - ABOVE + down - DOWN;
            let Some(left) = (left + right).checked_sub(SIDEWAYS) else {
                continue;
            };
            if left + PITCH > strip.width() {
                continue;
            }
            for (y, line) in window.chunks_exact_mut(PITCH).enumerate() {
                line.copy_from_slice(&strip.row(top + y)[left..left + PITCH]);
            }
            if !normalise(&mut window[..]) {
                continue;
            }
            for (best, glyph) in best.iter_mut().zip(glyphs) {
                let product: f32 = glyph.iter().zip(window.iter()).map(|(a, b)| a * b).sum();
                *best = best.max(product);
                if product > most {
                    most = product;
                    lower = down as f32 - DOWN as f32;
                }
            }
        }
    }
    Likeness {
        each: best,
        softness,
        lower,
    }
}

/// Where the window of a cell begins, so that its ink is in the middle.
fn left_of(strip: &Strip, column: usize) -> Option<usize> {
    let start = Strip::cell(column);
    // Neighbours do not reach into the middle of this.
    let columns = start.saturating_sub(1)..(start + PITCH + 1).min(strip.width());
    let has_ink = |x: &usize| (TOP..BOTTOM).any(|y| strip.row(y)[*x] > 0.45);
    let first = columns.clone().find(has_ink)?;
    let last = columns.rev().find(has_ink)?;
    (first + last).div_ceil(2).checked_sub(PITCH / 2)
}

/// Mean 0 and length 1, if there is anything.
fn normalise(dots: &mut [f32]) -> bool {
    let mean = dots.iter().sum::<f32>() / DOTS as f32;
    let length = dots
        .iter()
        .map(|dot| (dot - mean).powi(2))
        .sum::<f32>()
        .sqrt();
    if length < 1.0 {
        return false;
    }
    for dot in dots {
        *dot = (*dot - mean) / length;
    }
    true
}

/// How many times glyphs are softened, from sharp pictures to blurred ones. Strips are softened once themselves.
const SOFTENED: [usize; 5] = [1, 3, 6, 10, 16];
/// Degrees of softness.
pub(super) const SOFTNESSES: usize = SOFTENED.len();

/// All glyphs of one softness.
struct Glyphs {
    glyphs: Vec<[f32; DOTS]>,
    /// How much each looks like each other.
    alike: Vec<[f32; 37]>,
}

static GLYPHS: LazyLock<Vec<Glyphs>> = LazyLock::new(|| {
    let all = SOFTENED.iter().map(|times| {
        let glyphs = CHARACTERS.iter().map(|character| {
            let mut glyph = drawn(*character);
            for _ in 0..*times {
                glyph = softened(&glyph);
            }
            normalise(&mut glyph);
            glyph
        });
        let glyphs: Vec<_> = glyphs.collect();
        let alike = glyphs
            .iter()
            .map(|one| std::array::from_fn(|other| alike(one, &glyphs[other])));
        Glyphs {
            alike: alike.collect(),
            glyphs,
        }
    });
    all.collect()
});

/// Correlation of two glyphs, one moved up or down a little as characters may stand.
fn alike(one: &[f32; DOTS], other: &[f32; DOTS]) -> f32 {
    let moved = |by: usize| {
        let (above, below) = (by.saturating_sub(DOWN), DOWN.saturating_sub(by));
        let rows = ROWS - above.max(below);
        let pairs = one[above * PITCH..].iter().zip(&other[below * PITCH..]);
        pairs.take(rows * PITCH).map(|(a, b)| a * b).sum::<f32>()
    };
    (0..=2 * DOWN).map(moved).fold(0.0, f32::max)
}

/// A glyph as it is drawn: ink from 0 to 1.
fn drawn(character: u8) -> [f32; DOTS] {
    let mut lines = include_str!("glyphs.txt").lines();
    let mut glyph = [0.0; DOTS];
    lines.find(|line| line.as_bytes() == [character]);
    for (row, line) in glyph.chunks_exact_mut(PITCH).zip(lines) {
        for (dot, level) in row.iter_mut().zip(line.bytes()) {
            *dot = f32::from(level.saturating_sub(b'0')) / 9.0;
        }
    }
    glyph
}

fn softened(glyph: &[f32; DOTS]) -> [f32; DOTS] {
    let mut soft = [0.0; DOTS];
    for (at, soft) in soft.iter_mut().enumerate() {
        let (x, y) = (at % PITCH, at / PITCH);
        let (mut sum, mut weight) = (0.0, 0.0);
        for (row, by) in [(y.wrapping_sub(1), 1.0), (y, 2.0), (y + 1, 1.0)] {
            for (column, and) in [(x.wrapping_sub(1), 1.0), (x, 2.0), (x + 1, 1.0)] {
                if row < ROWS && column < PITCH {
                    sum += glyph[row * PITCH + column] * by * and;
                }
                weight += by * and;
            }
        }
        *soft = sum / weight;
    }
    soft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_drawn_and_none_looks_like_another() {
        for glyphs in GLYPHS.iter() {
            for (one, alike) in glyphs.alike.iter().enumerate() {
                assert!((alike[one] - 1.0).abs() < 1e-3);
                for (other, alike) in alike.iter().enumerate().skip(one + 1) {
                    let pair = [CHARACTERS[one], CHARACTERS[other]].map(char::from);
                    assert!(*alike < 0.99, "{pair:?} {alike}");
                }
            }
        }
    }
}
