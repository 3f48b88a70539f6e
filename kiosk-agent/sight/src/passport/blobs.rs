//! Ink that hangs together: a threshold that follows the light, and what is connected under it.

use zeroize::Zeroizing;

use super::picture::Picture;

/// More than a page has; the largest remain.
const MOST: usize = 8000;

/// A connected piece of ink of about a character's size.
#[derive(Clone, Copy)]
pub(super) struct Blob {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Longer side of the box around it.
    pub(super) size: f32,
}

/// All of a picture, left out what is smaller or larger than a character can be.
pub(super) fn blobs(picture: &Picture) -> Vec<Blob> {
    let ink = ink(picture);
    let (width, height) = (picture.width(), picture.height());
    let largest = (width.max(height) / 12).max(8);
    let mut labels = Labels::default();
    // Label of each dot of the row before, 0 where there is no ink.
    let mut above = vec![0_usize; width + 2];
    for y in 0..height {
        let mut row = vec![0_usize; width + 2];
        for x in 0..width {
            if !ink[y * width + x] {
                continue;
            }
            // Shifted by one, so that each has neighbours.
            let near = [row[x], above[x], above[x + 1], above[x + 2]];
            row[x + 1] = labels.join(near, x, y);
        }
        above = row;
    }
    let mut found: Vec<Blob> = labels
        .boxes()
        .filter(|piece| {
            let (wide, high) = (piece.right - piece.left + 1, piece.bottom - piece.top + 1);
            let longer = wide.max(high);
            (3..=largest).contains(&longer) && piece.count >= 4
        })
        .map(|piece| Blob {
            x: (piece.left + piece.right) as f32 / 2.0,
            y: (piece.top + piece.bottom) as f32 / 2.0,
            size: (piece.right - piece.left).max(piece.bottom - piece.top) as f32 + 1.0,
        })
        .collect();
    if found.len() > MOST {
        found.sort_by(|a, b| b.size.total_cmp(&a.size));
        found.truncate(MOST);
    }
    found
}

/// Darker than the mean around it, by a share of the contrast there.
fn ink(picture: &Picture) -> Zeroizing<Vec<bool>> {
    let (width, height) = (picture.width(), picture.height());
    let soft = softened(picture);
    let sums = Sums::of(&soft, width, height);
    let reach = (width.max(height) / 60).max(6);
    let noise = noise(&soft, width);
    let mut ink = Zeroizing::new(vec![false; width * height]);
    for y in 0..height {
        for x in 0..width {
            let (mean, deviation) = sums.around(x, y, reach);
            let dot = f64::from(soft[y * width + x]);
            ink[y * width + x] =
                deviation > 3.0 && dot < mean - (0.35 * deviation + 1.0).max(3.5 * noise);
        }
    }
    ink
}

/// Deviation of dots that have nothing beside them: the median, for most of a page is paper.
fn noise(dots: &[u8], width: usize) -> f64 {
    let mut steps: Vec<u8> = dots
        .chunks_exact(width)
        .step_by(3)
        // Softened dots further apart than that know nothing of each other.
        .flat_map(|row| {
            row.windows(4)
                .step_by(4)
                .map(|four| four[0].abs_diff(four[3]))
        })
        .collect();
    steps.sort_unstable();
    let median = steps.get(steps.len() / 2).copied().unwrap_or(0);
    // Of the difference of two normal values the median is 0.95 of their deviation.
    f64::from(median) / 0.95
}

/// Mean of three by three: noise of single dots goes.
fn softened(picture: &Picture) -> Zeroizing<Vec<u8>> {
    let (width, height) = (picture.width(), picture.height());
    let dots = picture.dots();
    let mut soft = Zeroizing::new(dots.to_vec());
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let at = y * width + x;
            let mut sum = 0_u16;
            for row in [at - width, at, at + width] {
                sum += u16::from(dots[row - 1]) + u16::from(dots[row]) + u16::from(dots[row + 1]);
            }
            soft[at] = u8::try_from(sum / 9).unwrap_or(u8::MAX);
        }
    }
    soft
}

/// Sums over all that is above and to the left, of dots and of their squares.
struct Sums {
    width: usize,
    height: usize,
    sums: Zeroizing<Vec<u64>>,
    squares: Zeroizing<Vec<u64>>,
}

impl Sums {
    fn of(dots: &[u8], width: usize, height: usize) -> Self {
        let size = (width + 1) * (height + 1);
        let (mut sums, mut squares) = (vec![0_u64; size], vec![0_u64; size]);
        for (y, row) in dots.chunks_exact(width).enumerate() {
            let (mut sum, mut square) = (0, 0);
            for (x, dot) in row.iter().enumerate() {
                sum += u64::from(*dot);
                square += u64::from(*dot) * u64::from(*dot);
                let at = (y + 1) * (width + 1) + x + 1;
                sums[at] = sums[at - width - 1] + sum;
                squares[at] = squares[at - width - 1] + square;
            }
        }
        Self {
            width,
            height,
            sums: Zeroizing::new(sums),
            squares: Zeroizing::new(squares),
        }
    }

    /// Mean and standard deviation of a square.
    fn around(&self, x: usize, y: usize, reach: usize) -> (f64, f64) {
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(self.width));
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(self.height));
        let row = self.width + 1;
        let of = |sums: &[u64]| {
            let whole = sums[bottom * row + right] + sums[top * row + left];
            (whole - sums[top * row + right] - sums[bottom * row + left]) as f64
        };
        let count = ((right - left) * (bottom - top)) as f64;
        let mean = of(&self.sums) / count;
        let variance = of(&self.squares) / count - mean * mean;
        (mean, variance.max(0.0).sqrt())
    }
}

/// A box around a piece, and how many dots it has.
#[derive(Clone, Copy)]
struct Piece {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    count: usize,
}

/// Pieces under construction; number 0 is none.
struct Labels {
    parents: Vec<usize>,
    pieces: Vec<Piece>,
}

impl Default for Labels {
    fn default() -> Self {
        let none = Piece {
            left: usize::MAX,
            right: 0,
            top: usize::MAX,
            bottom: 0,
            count: 0,
        };
        Self {
            parents: vec![0],
            pieces: vec![none],
        }
    }
}

impl Labels {
    fn root(&mut self, mut label: usize) -> usize {
        while self.parents[label] != label {
            self.parents[label] = self.parents[self.parents[label]];
            label = self.parents[label];
        }
        label
    }

    /// Adds a dot to the pieces of its neighbours, which are one from now on.
    fn join(&mut self, near: [usize; 4], x: usize, y: usize) -> usize {
        let mut label = 0;
        for other in near {
            let other = self.root(other);
            if other == 0 || other == label {
                continue;
            }
            if label == 0 {
                label = other;
                continue;
            }
            let (kept, gone) = (label.min(other), label.max(other));
            let added = self.pieces[gone];
            let piece = &mut self.pieces[kept];
            piece.left = piece.left.min(added.left);
            piece.right = piece.right.max(added.right);
            piece.top = piece.top.min(added.top);
            piece.bottom = piece.bottom.max(added.bottom);
            piece.count += added.count;
            self.parents[gone] = kept;
            label = kept;
        }
        if label == 0 {
            label = self.parents.len();
            self.parents.push(label);
            self.pieces.push(self.pieces[0]);
        }
        let piece = &mut self.pieces[label];
        piece.left = piece.left.min(x);
        piece.right = piece.right.max(x);
        piece.top = piece.top.min(y);
        piece.bottom = piece.bottom.max(y);
        piece.count += 1;
        label
    }

    fn boxes(&self) -> impl Iterator<Item = &Piece> {
        let roots = self.parents.iter().enumerate().skip(1);
        let roots = roots.filter(|(label, parent)| label == *parent);
        roots.map(|(label, _)| &self.pieces[label])
    }
}
