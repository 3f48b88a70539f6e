//! How the zone lies in the picture: a plane seen from anywhere.

use super::chains::Point;

/// Maps a place of the zone to one of the picture: column (characters, the middle of the first is 0) and row (lines).
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// Of columns and rows around 0, about 1 at most.
    h: [f64; 8],
    columns: f64,
    rows: f64,
    centre: (f64, f64),
    scale: f64,
}

impl Grid {
    /// The best for these: columns, rows, and where they are seen. Once more without those that lie too far off.
    pub(super) fn fit(places: &[(f32, f32, Point)], columns: f32, rows: f32) -> Option<Self> {
        let first = Self::solve(places, columns, rows)?;
        let near: Vec<_> = places
            .iter()
            .copied()
            .filter(|(column, row, seen)| {
                let pitch = first.pitch(*column, *row);
                first.place(*column, *row).minus(*seen).length() < 0.3 * pitch
            })
            .collect();
        if near.len() * 3 < places.len() * 2 {
            return None;
        }
        Self::solve(&near, columns, rows)
    }

    fn solve(places: &[(f32, f32, Point)], columns: f32, rows: f32) -> Option<Self> {
        if places.len() < 8 {
            return None;
        }
        let count = places.len() as f64;
        let mean = |of: fn(&Point) -> f32| {
            places.iter().map(|(.., at)| f64::from(of(at))).sum::<f64>() / count
        };
        let centre = (mean(|at| at.x), mean(|at| at.y));
        let spread = places
            .iter()
            .map(|(.., at)| (f64::from(at.x) - centre.0).hypot(f64::from(at.y) - centre.1));
        let mut grid = Self {
            h: [0.0; 8],
            columns: f64::from(columns - 1.0) / 2.0,
            rows: f64::from(rows - 1.0) / 2.0,
            centre,
            scale: spread.sum::<f64>() / count,
        };
        if grid.scale < 1.0 {
            return None;
        }
        // Least squares of u (1 + h6 c + h7 r) = h0 c + h1 r + h2, and v likewise.
        let mut matrix = [[0.0_f64; 9]; 8];
        for (column, row, at) in places {
            let (c, r) = grid.own(*column, *row);
            let u = (f64::from(at.x) - centre.0) / grid.scale;
            let v = (f64::from(at.y) - centre.1) / grid.scale;
            for (equation, right) in [
                ([c, r, 1.0, 0.0, 0.0, 0.0, -u * c, -u * r], u),
                ([0.0, 0.0, 0.0, c, r, 1.0, -v * c, -v * r], v),
            ] {
                for (line, factor) in matrix.iter_mut().zip(equation) {
                    for (cell, other) in line.iter_mut().zip(equation) {
                        *cell += factor * other;
                    }
                    line[8] += factor * right;
                }
            }
        }
        grid.h = eliminate(matrix)?;
        Some(grid)
    }

    fn own(&self, column: f32, row: f32) -> (f64, f64) {
        (
            (f64::from(column) - self.columns) / self.columns,
            (f64::from(row) - self.rows) / self.rows,
        )
    }

    /// Where a place of the zone is seen.
    pub(super) fn place(&self, column: f32, row: f32) -> Point {
        let (c, r) = self.own(column, row);
        let h = &self.h;
        let depth = 1.0 + h[6] * c + h[7] * r;
        let x = (h[0] * c + h[1] * r + h[2]) / depth * self.scale + self.centre.0;
        let y = (h[3] * c + h[4] * r + h[5]) / depth * self.scale + self.centre.1;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "places in a picture need no more"
        )]
        let at = Point {
            x: x as f32,
            y: y as f32,
        };
        at
    }

    /// Distance between characters there, in dots.
    pub(super) fn pitch(&self, column: f32, row: f32) -> f32 {
        let right = self.place(column + 0.5, row);
        right.minus(self.place(column - 0.5, row)).length()
    }

    /// Of a picture that is so many times larger.
    pub(super) fn enlarged(mut self, factor: usize) -> Self {
        let factor = factor as f64;
        // The first dot's centre is 0, also where it stands for many.
        let shift = (factor - 1.0) / 2.0;
        self.scale *= factor;
        self.centre = (
            self.centre.0 * factor + shift,
            self.centre.1 * factor + shift,
        );
        self
    }

    /// How far it is from being seen straight from above.
    pub(super) fn obliqueness(&self) -> Obliqueness {
        let (right, bottom) = (self.columns_f32() * 2.0, self.rows_f32() * 2.0);
        let (middle, centre) = (right / 2.0, bottom / 2.0);
        let ends = [self.pitch(0.0, centre), self.pitch(right, centre)];
        let along = self
            .place(middle + 0.5, centre)
            .minus(self.place(middle - 0.5, centre));
        let down = self
            .place(middle, centre + 0.5)
            .minus(self.place(middle, centre - 0.5));
        let sine = along.times(down) / (along.length() * down.length()).max(f32::EPSILON);
        Obliqueness {
            taper: ends[0].max(ends[1]) / ends[0].min(ends[1]).max(f32::EPSILON),
            shear: sine.abs().min(1.0).asin().to_degrees(),
            // Lines are two and a half characters apart.
            squeeze: down.length() / (2.5 * along.length()).max(f32::EPSILON),
        }
    }

    fn columns_f32(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "44 at most")]
        let columns = self.columns as f32;
        columns
    }

    fn rows_f32(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "3 at most")]
        let rows = self.rows as f32;
        rows
    }
}

/// What a look from the side does to a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Obliqueness {
    /// How many times larger the nearer end is.
    taper: f32,
    /// Degrees by which lines and columns are not at right angles.
    shear: f32,
    /// Distance of the lines, of what it should be.
    squeeze: f32,
}

impl Obliqueness {
    /// Whether this may be why nothing can be read. Up to about 30 degrees there is no need.
    pub(super) fn is_skew(self) -> bool {
        self.taper > 1.35 || self.shear > 14.0 || !(0.72..=1.38).contains(&self.squeeze)
    }
}

/// Gauss, with the largest first.
fn eliminate(mut matrix: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let largest = (column..8).max_by(|a, b| {
            let size = |line: usize| matrix[line][column].abs();
            size(*a).total_cmp(&size(*b))
        })?;
        matrix.swap(column, largest);
        let pivot = matrix[column];
        if pivot[column].abs() < 1e-9 {
            return None;
        }
        for (number, line) in matrix.iter_mut().enumerate() {
            if number != column {
                let factor = line[column] / pivot[column];
                for (cell, by) in line.iter_mut().zip(pivot) {
                    *cell -= factor * by;
                }
            }
        }
    }
    let mut solution = [0.0; 8];
    for (number, value) in solution.iter_mut().enumerate() {
        *value = matrix[number][8] / matrix[number][number];
    }
    solution
        .iter()
        .all(|value| value.is_finite())
        .then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_seen_from_the_side_is_found_again() {
        let seen = |column: f32, row: f32| {
            let depth = 1.0 + 0.004 * column + 0.01 * row;
            Point {
                x: (100.0 + 20.0 * column + 3.0 * row) / depth,
                y: (50.0 + 4.0 * column + 48.0 * row) / depth,
            }
        };
        let mut places: Vec<_> = (0..88)
            .map(|n| {
                let (column, row) = ((n % 44) as f32, (n / 44) as f32);
                (column, row, seen(column, row))
            })
            .collect();
        // One that does not belong.
        places[50].2.y += 30.0;
        let grid = Grid::fit(&places, 44.0, 2.0).unwrap();
        for (column, row) in [(0.0, 0.0), (43.0, 1.0), (20.0, 0.5), (43.4, -0.2)] {
            let away = grid.place(column, row).minus(seen(column, row)).length();
            assert!(away < 0.2, "{away}");
        }
        assert!(Grid::fit(&places[..4], 44.0, 2.0).is_none());
        let nowhere = places.map_to_one();
        assert!(Grid::fit(&nowhere, 44.0, 2.0).is_none());
    }

    trait MapToOne {
        fn map_to_one(&self) -> Vec<(f32, f32, Point)>;
    }

    impl MapToOne for Vec<(f32, f32, Point)> {
        fn map_to_one(&self) -> Vec<(f32, f32, Point)> {
            let one = self[0].2;
            self.iter()
                .map(|(column, row, _)| (*column, *row, one))
                .collect()
        }
    }
}
