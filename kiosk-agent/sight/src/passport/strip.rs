//! A line of the zone, laid straight: every character in a cell of the same size, as ink on paper from 0 to 1.

use zeroize::Zeroizing;

use super::grid::Grid;
use super::picture::Picture;

/// Width of a cell.
pub(super) const PITCH: usize = 20;
/// Height of a strip; capitals stand in rows [`TOP`] to [`BOTTOM`].
pub(super) const HEIGHT: usize = 32;
pub(super) const TOP: usize = 6;
pub(super) const BOTTOM: usize = 26;
/// Cells left and right of the line.
const MARGIN: usize = 1;
/// Rows between -`LOOSE` and `LOOSE` lines are looked at for where capitals begin and end.
const LOOSE: f32 = 0.42;

/// Where capitals stand, from the line's centre, in distances of lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capitals {
    pub(super) top: f32,
    pub(super) bottom: f32,
}

/// Light of a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light {
    /// Grey of its paper.
    pub(super) paper: f32,
    /// From there to its ink.
    pub(super) contrast: f32,
    /// Brightest grey.
    pub(super) brightest: f32,
    /// Whether all of it is in the picture.
    pub(super) inside: bool,
}

/// A line laid straight.
pub(super) struct Strip {
    width: usize,
    height: usize,
    /// Height of one of its rows, in distances of lines.
    of_row: f32,
    ink: Zeroizing<Vec<f32>>,
    lights: Vec<Light>,
}

impl Strip {
    /// A line, with capitals where they were found.
    pub(super) fn straight(
        picture: &Picture,
        grid: &Grid,
        row: u8,
        columns: u8,
        capitals: Capitals,
    ) -> Self {
        let of_row = (capitals.bottom - capitals.top) / (BOTTOM - TOP) as f32;
        let first = capitals.top - of_row * TOP as f32;
        Self::sample(picture, grid, row, columns, (first, of_row), HEIGHT)
    }

    fn sample(
        picture: &Picture,
        grid: &Grid,
        row: u8,
        columns: u8,
        (first, of_row): (f32, f32),
        height: usize,
    ) -> Self {
        let columns = usize::from(columns);
        let width = (columns + 2 * MARGIN) * PITCH;
        let mut grey = Zeroizing::new(vec![f32::NAN; width * height]);
        let middle = columns as f32 / 2.0;
        // Finer than a dot there is nothing to be seen; coarser, the dots between count too.
        let fine = grid.pitch(middle, f32::from(row)) / PITCH as f32;
        let parts: &[f32] = if fine > 3.0 {
            &[-0.33, 0.0, 0.33]
        } else if fine > 1.4 {
            &[-0.25, 0.25]
        } else {
            &[0.0]
        };
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = (0.0, 0.0);
                for down in parts {
                    for right in parts {
                        let column = (x as f32 + 0.5 + right) / PITCH as f32 - 0.5 - MARGIN as f32;
                        let at = f32::from(row) + first + of_row * (y as f32 + 0.5 + down);
                        let at = grid.place(column, at);
                        if let Some(dot) = picture.at(at.x, at.y) {
                            sum += dot;
                            count += 1.0;
                        }
                    }
                }
                if count > 0.0 {
                    grey[y * width + x] = sum / count;
                }
            }
        }
        let mut strip = Self::of(&grey, width, height, columns);
        strip.of_row = of_row;
        strip
    }

    /// Ink and light of grey dots; what is outside the picture is NaN.
    fn of(grey: &[f32], width: usize, height: usize, columns: usize) -> Self {
        // Paper and ink of each cell, from it and its neighbours: one alone may have too little of either.
        let all: Vec<Light> = (0..columns + 2 * MARGIN)
            .map(|cell| light(grey, width, height, cell))
            .collect();
        let mut ink = Zeroizing::new(vec![0.0; width * height]);
        for (at, (ink, grey)) in ink.iter_mut().zip(grey).enumerate() {
            if grey.is_nan() {
                continue;
            }
            // Between the middles of two cells, in proportion.
            let x = (at % width) as f32 / PITCH as f32 - 0.5;
            let left = x.max(0.0).floor();
            let right_share = (x - left).clamp(0.0, 1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cell's number"
            )]
            let left = left as usize;
            let right = (left + 1).min(all.len() - 1);
            let mix = |of: fn(&Light) -> f32| {
                of(&all[left]) * (1.0 - right_share) + of(&all[right]) * right_share
            };
            let (paper, contrast) = (mix(|it| it.paper), mix(|it| it.contrast));
            *ink = ((paper - grey) / contrast.max(8.0)).clamp(0.0, 1.2);
        }
        Self {
            width,
            height,
            of_row: 0.0,
            ink,
            lights: all[MARGIN..MARGIN + columns].to_vec(),
        }
    }

    pub(super) fn lights(&self) -> &[Light] {
        &self.lights
    }

    pub(super) const fn of_row(&self) -> f32 {
        self.of_row
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn row(&self, y: usize) -> &[f32] {
        &self.ink[y * self.width..][..self.width]
    }

    /// First column of a cell.
    pub(super) const fn cell(column: usize) -> usize {
        (column + MARGIN) * PITCH
    }

    /// Softened: mean of nine, the nearer the more.
    pub(super) fn softened(&self) -> Self {
        let (width, height) = (self.width, self.height);
        let mut ink = Zeroizing::new(self.ink.to_vec());
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let at = y * width + x;
                let line = |at: usize| self.ink[at - 1] + 2.0 * self.ink[at] + self.ink[at + 1];
                ink[at] = (line(at - width) + 2.0 * line(at) + line(at + width)) / 16.0;
            }
        }
        Self {
            width,
            height,
            of_row: self.of_row,
            ink,
            lights: self.lights.clone(),
        }
    }
}

fn light(grey: &[f32], width: usize, height: usize, cell: usize) -> Light {
    let start = (cell * PITCH).saturating_sub(PITCH / 2);
    let end = (cell * PITCH + PITCH + PITCH / 2).min(width);
    let mut dots = Zeroizing::new(Vec::with_capacity(height * (end - start)));
    let mut inside = true;
    let mut brightest = 0.0_f32;
    for y in 0..height {
        for x in start..end {
            let dot = grey[y * width + x];
            if dot.is_nan() {
                inside = false;
                continue;
            }
            dots.push(dot);
            brightest = brightest.max(dot);
        }
    }
    dots.sort_by(f32::total_cmp);
    let share = |of: usize| dots.get(dots.len() * of / 100).copied().unwrap_or(0.0);
    let (paper, dark) = (share(70), share(4));
    Light {
        paper,
        contrast: paper - dark,
        brightest,
        inside,
    }
}

/// Where the capitals of a line begin and end: most digits and letters are as tall as a capital, fillers are not.
pub(super) fn capitals(picture: &Picture, grid: &Grid, row: u8, columns: u8) -> Option<Capitals> {
    const ROWS: usize = 64;
    let of_row = 2.0 * LOOSE / ROWS as f32;
    let loose = Strip::sample(picture, grid, row, columns, (-LOOSE, of_row), ROWS);
    let (mut tops, mut bottoms) = (Vec::new(), Vec::new());
    for cell in 0..usize::from(columns) {
        let start = Strip::cell(cell);
        let has_ink = |y: usize| {
            let cells = &loose.row(y)[start + 1..start + PITCH - 1];
            cells.iter().any(|ink| *ink > 0.5)
        };
        let middle = ROWS / 2;
        // From the middle outwards, over small gaps.
        let reach = |step: &dyn Fn(usize) -> Option<usize>| {
            let mut last = None;
            for away in 0..middle {
                let Some(y) = step(away).filter(|y| *y < ROWS) else {
                    break;
                };
                if has_ink(y) {
                    last = Some(y);
                } else if last.is_none_or(|last| y.abs_diff(last) > 8) && away > 14 {
                    break;
                }
            }
            last
        };
        let up = reach(&|away| middle.checked_sub(away));
        let down = reach(&|away| Some(middle + away));
        if let (Some(up), Some(down)) = (up, down) {
            tops.push(up);
            bottoms.push(down);
        }
    }
    if tops.len() < 6 {
        return None;
    }
    tops.sort_unstable();
    bottoms.sort_unstable();
    let top = tops[tops.len() / 6];
    let bottom = bottoms[bottoms.len() - 1 - bottoms.len() / 6];
    if bottom < top + 8 {
        return None;
    }
    Some(Capitals {
        top: -LOOSE + of_row * top as f32,
        bottom: -LOOSE + of_row * (bottom as f32 + 1.0),
    })
}
